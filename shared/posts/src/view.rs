//! What the API shows.

use serde::Serialize;

use crate::{
    AccountId, Delivery, DeliveryError, DeliveryId, DeliveryState, DeliveryStatus, ErrorClass,
    FieldError, Post, Timestamp, limits,
};

/// A post with its deliveries. A post that was never claimed has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PostView {
    /// The post.
    #[serde(flatten)]
    pub post: Post,
    /// Its deliveries, in the order of its accounts.
    pub deliveries: Vec<DeliveryView>,
    /// How far they are.
    pub progress: Progress,
    /// What the caller should know about a request that was accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<FieldError>,
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// Its id.
    pub delivery_id: DeliveryId,
    /// The account's platform.
    pub platform: String,
    /// The account.
    pub account_id: AccountId,
    /// Where it is.
    pub status: DeliveryStatus,
    /// `confirming` while the outcome of the last attempt is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
    /// How many attempts have begun.
    pub attempt: u32,
    /// How many attempts there can be.
    pub max_attempts: u32,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The platform's id of what was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// Where people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_url: Option<String>,
    /// A later attempt found that an earlier one had worked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
}

/// What went wrong with a delivery, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ErrorView {
    /// The error.
    #[serde(flatten)]
    pub error: DeliveryError,
    /// Whether it is tried again without anybody's doing.
    pub retryable: bool,
    /// What a person can do: `reconnect`, `edit`, `check_account`, `retry` or `wait`.
    pub action: &'static str,
}

/// How far the deliveries of a post are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// All of them.
    pub total: usize,
    /// Those that the platform has.
    pub published: usize,
    /// Those that it does not have.
    pub failed: usize,
    /// Those that a person must look at.
    pub unconfirmed: usize,
    /// Those that are not over.
    pub pending: usize,
    /// Those that are over, of a hundred.
    pub percent: usize,
}

impl PostView {
    /// Puts a post and its deliveries together.
    pub fn new(post: Post, deliveries: &[Delivery]) -> Self {
        let place = |d: &Delivery| post.accounts.iter().position(|t| t.account_id == d.account_id);
        let mut ordered: Vec<&Delivery> = deliveries.iter().collect();
        ordered.sort_by_key(|d| place(d));
        let views = ordered.into_iter().map(DeliveryView::new).collect();
        let progress = Progress::of(deliveries);
        Self { progress, deliveries: views, post, warnings: Vec::new() }
    }
}

impl DeliveryView {
    /// Shows one delivery.
    pub fn new(delivery: &Delivery) -> Self {
        let waits = match &delivery.state {
            DeliveryState::Queued { .. } => delivery.due_at(),
            DeliveryState::Unknown { next_attempt_at }
            | DeliveryState::RetryWait { next_attempt_at }
            | DeliveryState::Processing { next_attempt_at } => Some(*next_attempt_at),
            _ => None,
        };
        let mut view = Self {
            delivery_id: delivery.id.clone(),
            platform: delivery.platform.clone(),
            account_id: delivery.account_id.clone(),
            status: delivery.status(),
            detail: delivery.is_confirming().then_some("confirming"),
            attempt: delivery.attempt,
            max_attempts: limits::ATTEMPTS,
            next_attempt_at: waits,
            remote_id: None,
            remote_url: None,
            recovered: false,
            published_at: None,
            error: delivery
                .last_error
                .clone()
                .map(|error| ErrorView::new(error, delivery.status())),
        };
        if let DeliveryState::Published { published_at, remote_id, remote_url, recovered } =
            &delivery.state
        {
            view.published_at = Some(*published_at);
            view.remote_id.clone_from(remote_id);
            view.remote_url.clone_from(remote_url);
            view.recovered = *recovered;
            view.error = None;
        }
        view
    }
}

impl ErrorView {
    fn new(error: DeliveryError, status: DeliveryStatus) -> Self {
        let retryable = !matches!(status, DeliveryStatus::Failed | DeliveryStatus::Unconfirmed);
        let action = match error.class {
            _ if status == DeliveryStatus::WaitingAccount => "reconnect",
            _ if retryable => "wait",
            // A second try could publish twice.
            _ if status == DeliveryStatus::Unconfirmed => "check_account",
            ErrorClass::Auth => "reconnect",
            ErrorClass::Invalid | ErrorClass::Duplicate | ErrorClass::Media => "edit",
            ErrorClass::Forbidden | ErrorClass::Unconfirmed => "check_account",
            ErrorClass::RateLimited
            | ErrorClass::PlatformUnavailable
            | ErrorClass::Network
            | ErrorClass::Missed
            | ErrorClass::Internal => "retry",
        };
        Self { error, retryable, action }
    }
}

impl Progress {
    /// Counts deliveries.
    pub fn of(deliveries: &[Delivery]) -> Self {
        let count = |status| deliveries.iter().filter(|d| d.status() == status).count();
        let total = deliveries.len();
        let (published, failed) = (count(DeliveryStatus::Published), count(DeliveryStatus::Failed));
        let unconfirmed = count(DeliveryStatus::Unconfirmed);
        let over = published + failed + unconfirmed;
        let percent = (over * 100).checked_div(total).unwrap_or(0);
        Self { total, published, failed, unconfirmed, pending: total - over, percent }
    }
}
