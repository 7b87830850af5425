//! How much is under way, so that who tests can wait for an event instead of a time.

use tokio::sync::watch;

/// Counts what is under way.
#[derive(Debug, Clone)]
pub(crate) struct Activity(watch::Sender<usize>);

/// Something that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy(watch::Sender<usize>);

impl Activity {
    /// Nothing is under way.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Something begins.
    pub(crate) fn begin(&self) -> Busy {
        self.0.send_modify(|count| *count += 1);
        Busy(self.0.clone())
    }

    /// Waits until nothing is under way.
    pub(crate) async fn settled(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
