//! How many deliveries are under way at once: a slow receiver must not delay the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::AppId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use webhooks::EndpointId;

/// Most fresh deliveries under way to one endpoint, and as many again that are tried anew. Ours.
pub(crate) const PER_ENDPOINT: usize = 16;
/// Most fresh deliveries under way at all: each is an open connection. Ours.
const IN_ALL: u32 = 512;

/// An endpoint of an app.
pub(crate) type Place = (AppId, EndpointId);

/// The rooms of all endpoints.
pub(crate) struct Rooms {
    all: Arc<Semaphore>,
    by_place: Mutex<HashMap<Place, Room>>,
}

#[derive(Clone)]
struct Room {
    fresh: Arc<Semaphore>,
    /// Held by the one tick that works through what is due at the endpoint.
    due: Arc<Semaphore>,
}

/// A place in a room, until it is dropped.
pub(crate) struct Seat {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Default for Rooms {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(IN_ALL as usize)), by_place: Mutex::default() }
    }
}

impl Rooms {
    /// A seat for a fresh delivery, if there is one.
    pub(crate) fn seat(&self, place: &Place) -> Option<Seat> {
        let own = self.room(place).fresh.try_acquire_owned().ok()?;
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Seat { _own: own, _all: all })
    }

    /// Waits until no fresh delivery is under way.
    pub(crate) async fn empty(&self) {
        // The semaphore is never closed.
        let _ = self.all.acquire_many(IN_ALL).await;
    }

    /// The right to work through what is due, unless another tick does.
    pub(crate) fn take_turn(&self, place: &Place) -> Option<OwnedSemaphorePermit> {
        self.room(place).due.try_acquire_owned().ok()
    }

    fn room(&self, place: &Place) -> Room {
        let mut rooms = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Room {
            fresh: Arc::new(Semaphore::new(PER_ENDPOINT)),
            due: Arc::new(Semaphore::new(1)),
        };
        rooms.entry(place.clone()).or_insert_with(new).clone()
    }
}
