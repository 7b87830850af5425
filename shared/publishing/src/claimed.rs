//! A post that this process claimed, and what it knows of its deliveries.

use std::sync::{Mutex, MutexGuard, PoisonError};

use posts::{Delivery, Post};

/// A claimed post with its deliveries. As long as no other worker can have moved them, this is what the store has, and
/// nobody need read it to know whether the post is at its end.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) post: Post,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    deliveries: Vec<Delivery>,
    /// Whether all of them are in this process's hands or over.
    sure: bool,
}

impl Claimed {
    /// A post whose deliveries are reserved for this process.
    pub(crate) fn reserved(post: Post, deliveries: Vec<Delivery>) -> Self {
        Self { post, known: Mutex::new(Known { deliveries, sure: true }) }
    }

    /// A post whose deliveries any worker may take.
    pub(crate) fn queued(post: Post, deliveries: Vec<Delivery>) -> Self {
        Self { post, known: Mutex::new(Known { deliveries, sure: false }) }
    }

    /// Its deliveries, as far as this process knows.
    pub(crate) fn all(&self) -> Vec<Delivery> {
        self.known().deliveries.clone()
    }

    /// Notes what became of a delivery. Gives all of them if that is what the store has.
    pub(crate) fn moved(&self, after: &Delivery) -> Option<Vec<Delivery>> {
        let mut known = self.known();
        if let Some(kept) = known.deliveries.iter_mut().find(|d| d.id == after.id) {
            *kept = after.clone();
        }
        // One that waits goes on in another run, which looks at the store for the others: from here on so does this one.
        known.sure &= after.is_over();
        known.sure.then(|| known.deliveries.clone())
    }

    /// Notes that another worker moved a delivery, or that it stays for a later run.
    pub(crate) fn lost(&self) {
        self.known().sure = false;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
