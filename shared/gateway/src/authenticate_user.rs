//! `POST /pusher/user-auth`: a signature for signing in on a connection.

use auth::sign_user;
use axum::Json;
use axum::extract::{Request, State};
use identity::Facts;
use serde::Serialize;
use serde_json::{Map, Value};
use service::Outbox;
use store::Store;
use utoipa::ToSchema;

use crate::plain::Plain;
use crate::sign::{Sign, pair};

/// What pusher-js passes on to the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserAuth {
    /// `key:signature`.
    auth: String,
    /// Who signs in, as JSON text.
    user_data: String,
}

/// Signs a sign-in
///
/// What pusher-js calls for `pusher.signin()`.
#[utoipa::path(
    post,
    path = "/pusher/user-auth",
    tag = "pusher",
    request_body(
        content = Value,
        description = "`socket_id`; optionally `app_key` where there are several apps. JSON works too",
        content_type = "application/x-www-form-urlencoded"
    ),
    responses(
        (status = 200, description = "The signature", body = UserAuth),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(crate) async fn authenticate_user<S, O, F>(
    State(sign): State<Sign<S, O, F>>,
    request: Request,
) -> Result<Json<UserAuth>, Plain>
where
    S: Store,
    O: Outbox,
    F: Facts + 'static,
{
    let ask = sign.ask(request).await?;
    let mut data = Map::new();
    // A text always: the client drops numbers.
    data.insert("id".into(), ask.user.id.as_str().into());
    if let Some(info) = ask.user.info {
        data.insert("user_info".into(), info);
    }
    let user_data = Value::Object(data).to_string();
    let auth = sign_user(pair(&ask.app)?, ask.socket, &user_data);
    Ok(Json(UserAuth { auth, user_data }))
}
