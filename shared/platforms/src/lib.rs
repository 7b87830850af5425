//! Where posts go: one file per platform behind one trait.
//!
//! A platform judges accounts, freezes a post into the payload that every attempt sends, and makes the one call.
//! It never decides whether to call again: it says what happened, as an [`Outcome`].

pub mod guard;
mod http;
pub mod webhook;

use std::future::Future;

use posts::{
    AccountId, Class, DeliveryId, ErrorClass, FieldError, NewAccount, Outcome, PostId, Request,
    Timestamp, WorkspaceId,
};

pub use guard::Addresses;
pub use http::{Http, HttpError, Settings};
pub use webhook::Webhook;

/// What a post says, on its way to one account.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The post.
    pub post_id: &'a PostId,
    /// Its workspace.
    pub workspace_id: &'a WorkspaceId,
    /// The delivery: this post to this account.
    pub delivery_id: &'a DeliveryId,
    /// The account.
    pub account_id: &'a AccountId,
    /// The text.
    pub text: &'a str,
    /// When it was to be published.
    pub scheduled_at: Timestamp,
}

/// One kind of place that posts go to.
pub trait Platform: Send + Sync {
    /// What it offers against publishing twice. Nothing if there is no platform of this name.
    fn class(&self, platform: &str) -> Option<Class>;

    /// What is wrong with the address and the secret of an account to be.
    fn check_account(&self, account: &NewAccount) -> Vec<FieldError>;

    /// The payload for a post, as JSON text, at the time of the first attempt. Pure, so it also tells beforehand
    /// whether a text will do.
    ///
    /// # Errors
    /// The field of the post that does not fit.
    fn freeze(
        &self,
        platform: &str,
        content: &Content<'_>,
        at: Timestamp,
    ) -> Result<String, FieldError>;

    /// The one irreversible call. Waits for at most [`Settings::timeout`]. Dropping the future gives the call up;
    /// its outcome is then unknown.
    fn publish(&self, request: &Request<'_>) -> impl Future<Output = Outcome> + Send;
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

impl Platform for Platforms {
    fn class(&self, platform: &str) -> Option<Class> {
        self.find(platform)?.class(platform)
    }

    fn check_account(&self, account: &NewAccount) -> Vec<FieldError> {
        match self.find(&account.platform) {
            Some(platform) => platform.check_account(account),
            None => vec![no_such_platform()],
        }
    }

    fn freeze(
        &self,
        platform: &str,
        content: &Content<'_>,
        at: Timestamp,
    ) -> Result<String, FieldError> {
        self.find(platform).ok_or_else(no_such_platform)?.freeze(platform, content, at)
    }

    async fn publish(&self, request: &Request<'_>) -> Outcome {
        match self.find(&request.account.platform) {
            Some(platform) => platform.publish(request).await,
            None => Outcome::Refused {
                class: ErrorClass::Invalid,
                message: no_such_platform().message,
                http_status: None,
            },
        }
    }
}

fn no_such_platform() -> FieldError {
    FieldError::new("platform", "unknown", "There is no such platform here; use \"webhook\".")
}
