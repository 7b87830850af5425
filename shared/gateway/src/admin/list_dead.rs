//! `GET /api/admin/webhooks`.

use auth::query_params;
use axum::Json;
use axum::extract::{RawQuery, State};
use posts::Timestamp;
use protocol::AppId;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use webhooks::{Delivery, DeliveryState};

use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};

/// Dead letters, the youngest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    webhooks: Vec<DeadLetter>,
}

/// A delivery that was given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    id: String,
    app_id: String,
    endpoint_id: String,
    /// How many events it carries.
    event_count: usize,
    /// When its attempts began.
    since: Timestamp,
    attempts: u32,
    /// When it was given up; nothing once it is replayed.
    given_up_at: Option<Timestamp>,
    /// What became of the last attempt.
    why: Option<String>,
    /// The events; only when one is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    events: Option<Box<RawValue>>,
}

impl DeadLetter {
    /// With its events.
    pub(super) fn whole(delivery: Delivery) -> Self {
        let events = RawValue::from_string(delivery.events.clone()).ok();
        Self { events, ..delivery.into() }
    }
}

impl From<Delivery> for DeadLetter {
    fn from(delivery: Delivery) -> Self {
        let (given_up_at, why) = match delivery.state {
            DeliveryState::Dead { at, why } => (Some(at), Some(why)),
            DeliveryState::Waiting { .. } | DeliveryState::Held { .. } => (None, None),
        };
        Self {
            id: delivery.id.as_str().to_owned(),
            app_id: delivery.app_id.as_str().to_owned(),
            endpoint_id: delivery.endpoint_id.as_str().to_owned(),
            event_count: delivery.event_count,
            since: delivery.since,
            attempts: delivery.attempts,
            given_up_at,
            why,
            events: None,
        }
    }
}

/// Lists dead letters of webhooks
///
/// The youngest 100 of each app.
#[utoipa::path(
    get,
    path = "/api/admin/webhooks",
    tag = "admin",
    params(("app_id" = Option<String>, Query, description = "Only those of this app")),
    responses(
        (status = 200, description = "The dead letters", body = DeadLetters),
        (status = 401, description = "Not the admin key", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn list_dead(
    _: Operator,
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<DeadLetters>, Problem> {
    let query = query_params(&query.unwrap_or_default());
    let apps = match query.get("app_id") {
        Some(id) => vec![AppId::new(id.as_str())],
        None => admin.registry.apps().load().iter().map(|app| app.id.clone()).collect(),
    };
    let mut webhooks = Vec::new();
    for app in apps {
        webhooks.extend(admin.notifier.list_dead(&app).await?.into_iter().map(DeadLetter::from));
    }
    Ok(Json(DeadLetters { webhooks }))
}
