//! What operators call: apps, dead letters of webhooks, the sealing of credentials. One verb, one file.

pub(crate) mod create_app;
mod edit_app;
pub(crate) mod list_apps;
pub(crate) mod list_dead;
mod remove_key;
mod replay_dead;
mod reseal_accounts;
mod rotate_key;
mod set_enabled;
mod show_app;
mod show_dead;

use std::sync::Arc;

use auth::Secret;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use notifying::Notifier;
use posts::FieldError;
use registry::{Refusal, Registry};

use crate::door::bearer;
use crate::problem::Problem;
use crate::routes::{Descriptions, Routes};

pub(crate) use reseal_accounts::{Sealing, sealing_routes};

/// What the admin routes call.
#[derive(Clone)]
pub struct Admin {
    /// The apps.
    pub registry: Arc<Registry>,
    /// Their webhooks.
    pub notifier: Arc<Notifier>,
    /// What the routes must be called with; without one they are switched off.
    pub key: Option<Secret>,
}

/// The routes, each with its description.
pub(crate) fn routes<D: Descriptions>() -> Routes<Admin, D> {
    Routes::new()
        .add(list_apps::__path_list_apps, list_apps::list_apps)
        .add(create_app::__path_create_app, create_app::create_app)
        .add(show_app::__path_show_app, show_app::show_app)
        .add(edit_app::__path_edit_app, edit_app::edit_app)
        .add(rotate_key::__path_rotate_key, rotate_key::rotate_key)
        .add(remove_key::__path_remove_key, remove_key::remove_key)
        .add(set_enabled::__path_enable_app, set_enabled::enable_app)
        .add(set_enabled::__path_disable_app, set_enabled::disable_app)
        .add(list_dead::__path_list_dead, list_dead::list_dead)
        .add(show_dead::__path_show_dead, show_dead::show_dead)
        .add(replay_dead::__path_replay_dead, replay_dead::replay_dead)
}

/// Proof that the caller knows the admin key.
#[derive(Debug)]
pub(crate) struct Operator;

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    Admin: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Some(key) = Admin::from_ref(state).key else {
            let message = "This is switched off: set ADMIN_KEY on the server to switch it on";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Err(Problem::new(status, "admin_not_configured", message));
        };
        if bearer(&parts.headers).is_some_and(|token| key.is(token.as_bytes())) {
            return Ok(Self);
        }
        tracing::warn!(target: "audit", path = parts.uri.path(), "an admin route was called without the admin key");
        let message = "Send 'Authorization: Bearer <ADMIN_KEY>' with the server's ADMIN_KEY";
        Err(Problem::new(StatusCode::UNAUTHORIZED, "admin_key_wrong", message))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, message.clone());
        match refusal {
            Refusal::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            Refusal::Taken => conflict("app_id_taken"),
            Refusal::KeyTaken => conflict("app_key_taken"),
            Refusal::Configured => conflict("app_in_configuration"),
            Refusal::Refused(_) => conflict("app_unchanged"),
            Refusal::Conflict => conflict("app_changed_meanwhile"),
            Refusal::Spec(error) => {
                let field = match error {
                    apps::SpecError::Missing { field, .. } => field,
                    apps::SpecError::Malformed(error) => error.field,
                };
                Self::invalid(vec![FieldError::new(field, "invalid", message)])
            }
            Refusal::Unavailable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            }
        }
    }
}

impl From<notifying::Refusal> for Problem {
    fn from(refusal: notifying::Refusal) -> Self {
        let (status, code) = match refusal {
            notifying::Refusal::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            notifying::Refusal::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        Self::new(status, code, refusal.to_string())
    }
}
