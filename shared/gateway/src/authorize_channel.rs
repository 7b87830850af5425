//! `POST /pusher/auth`: a signature for a channel, if the policy lets the user see it.

use auth::sign_channel;
use axum::Json;
use axum::extract::{Request, State};
use channels::App;
use identity::{Facts, Scope, User, allows};
use protocol::{ChannelKind, ChannelName};
use serde::Serialize;
use serde_json::value::RawValue;
use service::Outbox;
use store::Store;
use utoipa::ToSchema;

use crate::plain::Plain;
use crate::sign::{Sign, pair};

/// What pusher-js passes on to the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelAuth {
    /// `key:signature`.
    auth: String,
    /// On presence channels: who joins, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_data: Option<String>,
}

/// Who joins a presence channel.
#[derive(Serialize)]
struct ChannelData<'a> {
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<Box<RawValue>>,
}

/// Signs a subscription
///
/// What pusher-js calls before it subscribes to a private or presence channel.
#[utoipa::path(
    post,
    path = "/pusher/auth",
    tag = "pusher",
    request_body(
        content = Value,
        description = "`socket_id` and `channel_name`; optionally `app_key` where there are several apps. JSON works too",
        content_type = "application/x-www-form-urlencoded"
    ),
    responses(
        (status = 200, description = "The signature", body = ChannelAuth),
        (status = 403, description = "The user may not see this channel", body = str),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(crate) async fn authorize_channel<S, O, F>(
    State(sign): State<Sign<S, O, F>>,
    request: Request,
) -> Result<Json<ChannelAuth>, Plain>
where
    S: Store,
    O: Outbox,
    F: Facts + 'static,
{
    let ask = sign.ask(request).await?;
    let name = ask.channel_name.ok_or_else(|| Plain::bad("channel_name is missing"))?;
    let channel = ChannelName::parse(&name).map_err(|error| Plain::bad(error.to_string()))?;
    check(&sign.facts, &ask.app, &ask.user, &channel).await?;
    let channel_data =
        channel.is_presence().then(|| channel_data(&ask.app, &ask.user)).transpose()?;
    let data = channel_data.as_deref();
    let auth = sign_channel(pair(&ask.app)?, ask.socket, channel.as_str(), data);
    Ok(Json(ChannelAuth { auth, channel_data }))
}

/// Asks the policy.
pub(crate) async fn check(
    facts: &impl Facts,
    app: &App,
    user: &User,
    channel: &ChannelName,
) -> Result<(), Plain> {
    if channel.kind() == ChannelKind::Encrypted {
        return Err(Plain::forbidden(
            "Encrypted channels are authorized by your own server, which alone has their master key",
        ));
    }
    let scope = Scope::of(channel);
    let post = match &scope {
        Scope::Post(id) => facts.post(id).await,
        _ => None,
    };
    if allows(user, &scope, post.as_ref(), &app.user_prefixes) {
        return Ok(());
    }
    Err(Plain::forbidden(format!("Not allowed to subscribe to {channel}")))
}

/// The member that the token makes of the user. What the server would refuse is not signed.
fn channel_data(app: &App, user: &User) -> Result<String, Plain> {
    let user_info = user.info.as_ref().map(serde_json::value::to_raw_value).transpose();
    let user_info = user_info.map_err(|_| Plain::bad("The token's user info is no JSON"))?;
    let most = app.limits.user_info_bytes;
    if user_info.as_ref().is_some_and(|info| info.get().len() > most) {
        return Err(Plain::forbidden(format!(
            "The token's user info is too large for a presence channel: at most {most} bytes"
        )));
    }
    let data = ChannelData { user_id: user.id.as_str(), user_info };
    serde_json::to_string(&data).map_err(|_| Plain::bad("The token's user info is no JSON"))
}
