//! `POST /api/admin/apps`.

use apps::{AppView, NewApp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use registry::Fresh;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Admin, Operator};
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// An app with a key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreshApp {
    app: AppView,
    fresh: FreshKey,
}

/// A key pair that was just made. The secret is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshKey {
    key: String,
    #[schema(format = Password)]
    secret: String,
}

impl std::fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FreshKey({:?})", self.key)
    }
}

impl From<Fresh> for FreshApp {
    fn from(Fresh { app, key, secret }: Fresh) -> Self {
        // A secret that was made here is hexadecimal.
        let secret = String::from_utf8_lossy(secret.expose()).into_owned();
        Self { app, fresh: FreshKey { key, secret } }
    }
}

/// Makes an app
///
/// With its first key, whose secret is told in this answer only.
#[utoipa::path(
    post,
    path = "/api/admin/apps",
    tag = "admin",
    request_body = NewApp,
    responses(
        (status = 201, description = "The app and its key", body = FreshApp),
        (status = 401, description = "Not the admin key", body = ErrorBody),
        (status = 409, description = "The id is taken", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("admin" = []))
)]
pub(super) async fn create_app(
    _: Operator,
    State(admin): State<Admin>,
    JsonBody(new): JsonBody<NewApp>,
) -> Result<(StatusCode, Json<FreshApp>), Problem> {
    let fresh = admin.registry.create(new).await?;
    tracing::info!(target: "audit", app = fresh.app.id, "an app was made");
    Ok((StatusCode::CREATED, Json(fresh.into())))
}
