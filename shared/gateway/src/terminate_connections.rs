//! `POST /apps/{app_id}/users/{user_id}/terminate_connections`, and Python's path without the app.

use axum::Json;
use axum::extract::State;
use identity::Facts;
use protocol::UserId;
use protocol::limits::USER_ID_CHARS;
use serde_json::{Value, json};
use service::Outbox;
use store::Store;

use crate::clock;
use crate::plain::Plain;
use crate::push::Push;
use crate::signed::Signed;

/// Ends the connections of a user
///
/// As Pusher's HTTP API: those that are signed in as the user, wherever they are.
#[utoipa::path(
    post,
    path = "/apps/{app_id}/users/{user_id}/terminate_connections",
    tag = "pusher",
    params(
        ("app_id" = String, Path, description = "The app"),
        ("user_id" = String, Path, description = "The user"),
    ),
    responses(
        (status = 200, description = "`{}`, also when the user had none", body = Value),
        (status = 400, description = "That is no user id", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn terminate_connections<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    terminate(&push, &signed).await
}

/// Ends the connections of a user of the app that `auth_key` names
///
/// The Python SDK's path.
#[utoipa::path(
    post,
    path = "/users/{user_id}/terminate_connections",
    tag = "pusher",
    params(("user_id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "`{}`, also when the user had none", body = Value),
        (status = 400, description = "That is no user id", body = str),
    ),
    security(("pusher" = []))
)]
pub(crate) async fn terminate_by_key<S: Store, O: Outbox, F: Facts + 'static>(
    State(push): State<Push<S, O, F>>,
    signed: Signed,
) -> Result<Json<Value>, Plain> {
    terminate(&push, &signed).await
}

async fn terminate<S: Store, O: Outbox, F: Facts + 'static>(
    push: &Push<S, O, F>,
    signed: &Signed,
) -> Result<Json<Value>, Plain> {
    let user = signed.segment("user_id");
    if !(1..=USER_ID_CHARS).contains(&user.chars().count()) {
        return Err(Plain::bad(format!("A user id has 1 to {USER_ID_CHARS} characters")));
    }
    push.service.terminate_connections(&signed.app, &UserId::new(user), clock::now_ms()).await?;
    Ok(Json(json!({})))
}
