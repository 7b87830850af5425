//! `GET|POST /api/cron/publish-posts`: one run of the ticker, for schedulers outside.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use publishing::{Announcer, PublishTo, TickReport};

use super::Desk;
use crate::clock;
use crate::door::bearer;
use crate::problem::{ErrorBody, Problem};
use crate::settings::Settings;

/// Publishes what is due
///
/// Safe to call twice at once, and answers when all is done.
#[utoipa::path(
    method(get, post),
    path = "/api/cron/publish-posts",
    tag = "operations",
    responses(
        (status = 200, description = "What was done", body = TickReport),
        (status = 401, description = "Not the cron secret", body = ErrorBody),
        (status = 503, description = "No cron secret is configured", body = ErrorBody),
    ),
    security(("cron" = []))
)]
pub(super) async fn publish_due<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    headers: HeaderMap,
) -> Result<Json<TickReport>, Problem> {
    check(&desk.settings, &headers)?;
    Ok(Json(desk.publishing.tick(clock::now()).await))
}

fn check(settings: &Settings, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(secret) = &settings.cron_secret else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "cron_not_configured",
            "This is switched off: set CRON_SECRET on the server to switch it on",
        ));
    };
    if bearer(headers).is_some_and(|token| secret.is(token.as_bytes())) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "cron_secret_wrong",
        "Send 'Authorization: Bearer <CRON_SECRET>' with the server's CRON_SECRET",
    ))
}
