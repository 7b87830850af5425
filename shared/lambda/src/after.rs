//! Work after the answer. An environment is frozen only when its runtime asks for the next event, so what runs between
//! the answer and that question runs at once, and the client has the answer already.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;

/// How long it may take: the 2 s for which a greeting is tried, and some room.
const TIMEOUT: Duration = Duration::from_millis(3_500);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is to be done after the answer under way. Cheap to clone: all clones see the same.
#[derive(Clone, Default)]
pub struct After(Arc<Mutex<Vec<Work>>>);

impl After {
    /// Puts work off until the answer is sent.
    pub fn push(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(work));
    }

    /// Does it, in order, and gives up when it takes too long.
    pub async fn run(&self) {
        let work = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if work.is_empty() {
            return;
        }
        let all = async {
            for work in work {
                work.await;
            }
        };
        match tokio::time::timeout(TIMEOUT, AssertUnwindSafe(all).catch_unwind()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("work after an answer panicked"),
            Err(_) => tracing::error!("work after an answer took too long and was given up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_after_an_answer_ends_nothing_but_itself() {
        let after = After::default();
        after.push(async { panic!("on purpose") });
        after.run().await;
    }
}
