//! What publishing needs from elsewhere.

use std::future::Future;

pub use posts::PublishTo;
use posts::{Announcement, Parcel};

/// Tells whoever watches. It cannot fail the work: trouble is logged by the implementation.
pub trait Announcer: Send + Sync + 'static {
    /// Sends one announcement. It is dropped after two seconds.
    fn announce(&self, announcement: Announcement) -> impl Future<Output = ()> + Send;
}

/// Hands work to other processes.
pub trait HandOver: Send + Sync {
    /// Sends parcels. Gives back those that were not taken.
    fn hand_over(&self, parcels: Vec<Parcel>) -> impl Future<Output = Vec<Parcel>> + Send;
}

/// There are no others.
impl HandOver for () {
    async fn hand_over(&self, parcels: Vec<Parcel>) -> Vec<Parcel> {
        parcels
    }
}
