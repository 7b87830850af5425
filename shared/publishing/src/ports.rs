//! What publishing needs from elsewhere.

use std::future::Future;

use posts::{Announcement, Class, DeliveryId, FieldError, NewAccount, Outcome, Post, Request};

/// Tells whoever watches. It cannot fail the work: trouble is logged by the implementation.
pub trait Announcer: Send + Sync + 'static {
    /// Sends one announcement. It is dropped after two seconds.
    fn announce(&self, announcement: Announcement) -> impl Future<Output = ()> + Send;
}

/// The platforms that posts go to, by name.
pub trait PublishTo: Send + Sync + 'static {
    /// How safe a second try is on this platform; nothing if there is no such platform.
    fn class(&self, platform: &str) -> Option<Class>;

    /// What is wrong with an account that someone wants to connect. An unknown platform is wrong too.
    fn check(&self, account: &NewAccount) -> Vec<FieldError>;

    /// The payload of a delivery as JSON text, to be kept and sent unchanged by every attempt.
    fn freeze(&self, platform: &str, post: &Post, delivery: &DeliveryId) -> String;

    /// Makes one attempt. The account names the platform.
    fn publish(&self, request: Request<'_>) -> impl Future<Output = Outcome> + Send;
}
