//! Where posts go: one file per platform behind one trait.
//!
//! A platform judges accounts, freezes a post into the payload that every attempt sends, and makes the one call.
//! It never decides whether to call again: it says what happened, as an [`Outcome`].

pub mod webhook;

use std::future::Future;

use posts::{
    Answer, Class, DeliveryId, ErrorClass, FieldError, NewAccount, Outcome, Post, PublishTo,
    Request,
};

pub use outbound::{Addresses, Http, HttpError, Settings};
pub use webhook::Webhook;

/// One kind of place that posts go to.
pub trait Platform: Send + Sync {
    /// What it offers against publishing twice.
    fn class(&self) -> Class;

    /// What is wrong with the address and the secret of an account to be.
    fn check(&self, account: &NewAccount) -> Vec<FieldError>;

    /// What is wrong with a text for this platform.
    fn check_text(&self, text: &str) -> Option<FieldError>;

    /// The payload of a delivery as JSON text, to be kept and sent unchanged by every attempt.
    fn freeze(&self, post: &Post, delivery: &DeliveryId) -> String;

    /// The one irreversible call. Waits for at most [`Settings::timeout`]. Dropping the future gives the call up;
    /// its outcome is then unknown.
    fn publish(&self, request: Request<'_>) -> impl Future<Output = Outcome> + Send;
}

/// Every platform there is, by name.
#[derive(Debug, Clone)]
pub struct Platforms {
    webhook: Webhook,
}

impl Platforms {
    /// All platforms, speaking through one client.
    pub fn new(http: Http) -> Self {
        Self { webhook: Webhook::new(http) }
    }

    fn find(&self, platform: &str) -> Option<&Webhook> {
        (platform == webhook::NAME).then_some(&self.webhook)
    }
}

impl PublishTo for Platforms {
    fn class(&self, platform: &str) -> Option<Class> {
        self.find(platform).map(Platform::class)
    }

    fn check(&self, account: &NewAccount) -> Vec<FieldError> {
        self.find(&account.platform).map_or_else(|| vec![unknown()], |it| it.check(account))
    }

    fn check_text(&self, platform: &str, text: &str) -> Option<FieldError> {
        self.find(platform).map_or_else(|| Some(unknown()), |it| it.check_text(text))
    }

    /// Empty if there is no such platform, as nothing is sent then.
    fn freeze(&self, platform: &str, post: &Post, delivery: &DeliveryId) -> String {
        self.find(platform).map(|it| it.freeze(post, delivery)).unwrap_or_default()
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let outcome = match self.find(&request.account.platform) {
            Some(platform) => platform.publish(request).await,
            None => Outcome::Refused {
                class: ErrorClass::Invalid,
                message: unknown().message,
                http_status: None,
            },
        };
        outcome.into()
    }
}

fn unknown() -> FieldError {
    FieldError::new("platform", "unknown", "There is no such platform here; use \"webhook\".")
}
