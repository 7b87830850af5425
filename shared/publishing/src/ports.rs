//! What publishing needs from elsewhere.

use std::future::Future;

use posts::Announcement;
pub use posts::PublishTo;

/// Tells whoever watches. It cannot fail the work: trouble is logged by the implementation.
pub trait Announcer: Send + Sync + 'static {
    /// Sends one announcement. It is dropped after two seconds.
    fn announce(&self, announcement: Announcement) -> impl Future<Output = ()> + Send;
}
