//! `POST /demo/token`: a token for whoever opens the page on this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use identity::{User, Workspace, WorkspaceId, mint};
use protocol::UserId;
use serde_json::json;

use super::{DemoState, TOKEN_TTL_S, USER, WORKSPACE};

/// The demo's user.
pub(crate) fn user() -> User {
    User {
        id: UserId::new(USER),
        info: Some(json!({ "name": "Demo" })),
        workspaces: vec![Workspace { id: WorkspaceId::new(WORKSPACE), role: None }],
    }
}

/// Hands out a token that lasts a day.
pub(super) async fn issue(State(demo): State<DemoState>) -> Response {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match mint(&user(), demo.jwt_secret.expose(), &demo.rules, TOKEN_TTL_S, now_s) {
        Ok(token) => {
            let body = json!({ "token": token, "user_id": USER, "workspace_id": WORKSPACE });
            ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "no demo token");
            let message = "No token could be made; the server's log says why.";
            let body = json!({ "error": { "code": "internal", "message": message } });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
        }
    }
}
