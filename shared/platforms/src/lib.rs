//! Where posts go: one file per platform behind one trait.
//!
//! A platform judges accounts, freezes a post into the payload that every attempt sends, and makes the one call.
//! It never decides whether to call again: it says what happened, as an [`Outcome`](posts::Outcome).

pub mod apis;
pub mod bluesky;
mod call;
pub mod discord;
pub mod facebook;
mod gate;
pub mod instagram;
pub mod linkedin;
pub mod mastodon;
mod media;
mod meta;
mod oauth;
mod platform;
mod platforms;
mod read;
pub mod slack;
pub mod telegram;
mod text;
pub mod threads;
pub mod webhook;
pub mod x;

use posts::{FieldError, NewAccount};

pub use apis::Apis;
pub use outbound::{Addresses, Http, HttpError, Settings};
pub use platform::Platform;
pub use platforms::Platforms;
pub use webhook::Webhook;

/// What is missing of an account that needs an id and a token.
fn needs(account: &NewAccount, id: &str, token: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    // The id becomes a part of addresses.
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '@');
    if account.remote_id.is_empty() || !account.remote_id.chars().all(part) {
        let message = format!("Give {id} as remote_id.");
        errors.push(FieldError::new("remote_id", "required", message));
    }
    if account.secret.reveal().is_empty() {
        errors.push(FieldError::new("secret", "required", format!("Give {token} as secret.")));
    }
    errors
}
