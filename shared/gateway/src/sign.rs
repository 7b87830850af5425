//! What both auth endpoints share: parameters in, a signature out.

use std::sync::Arc;

use auth::KeyPair;
use axum::extract::{FromRef, Request};
use axum::http::HeaderMap;
use bytes::Bytes;
use channels::App;
use identity::{Facts, User};
use protocol::{AppKey, SocketId};
use serde::Deserialize;
use service::Service;
use url::form_urlencoded;

use crate::body::{REQUEST_BYTES, read};
use crate::door::Door;
use crate::json::{is_json, parse};
use crate::plain::Plain;

/// The state of the auth endpoints.
pub(crate) struct Sign<S, O, F> {
    pub(crate) service: Arc<Service<S, O, F>>,
    pub(crate) facts: F,
    pub(crate) door: Door,
}

impl<S, O, F: Clone> Clone for Sign<S, O, F> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), facts: self.facts.clone(), door: self.door.clone() }
    }
}

impl<S, O, F> FromRef<Sign<S, O, F>> for Door {
    fn from_ref(sign: &Sign<S, O, F>) -> Self {
        sign.door.clone()
    }
}

/// A request for a signature, by a user.
pub(crate) struct Ask {
    pub(crate) user: User,
    pub(crate) socket: SocketId,
    pub(crate) app: Arc<App>,
    /// The channel's name as it came.
    pub(crate) channel_name: Option<String>,
}

/// The parameters; others are ignored, because applications add their own.
#[derive(Default, Deserialize)]
struct Params {
    socket_id: Option<String>,
    channel_name: Option<String>,
    /// Ours: which app signs, where there are several. By default the first one configured.
    app_key: Option<String>,
}

impl<S, O, F> Sign<S, O, F>
where
    S: store::Store,
    O: service::Outbox,
    F: Facts + 'static,
{
    /// Reads who asks, and for what.
    pub(crate) async fn ask(&self, request: Request) -> Result<Ask, Plain> {
        let (parts, body) = request.into_parts();
        let user = self.door.user(&parts).await?;
        let params = params(&parts.headers, &read(body, REQUEST_BYTES).await?)?;
        let socket = params.socket_id.ok_or_else(|| Plain::bad("socket_id is missing"))?;
        let socket = socket
            .parse()
            .map_err(|()| Plain::bad("socket_id is malformed: expected digits.digits"))?;
        let app = self.app(params.app_key.as_deref())?;
        Ok(Ask { user, socket, app, channel_name: params.channel_name })
    }

    /// The app that a request is about: the one with this key, or the first.
    pub(crate) fn app(&self, key: Option<&str>) -> Result<Arc<App>, Plain> {
        let apps = self.service.apps();
        match key {
            None => Ok(apps.first().clone()),
            Some(key) => {
                let app = apps.by_key(&AppKey::new(key)).cloned();
                app.ok_or_else(|| Plain::bad("app_key is no key of an app on this server"))
            }
        }
    }
}

/// The pair that signs: the newest one, which is configured first.
pub(crate) fn pair(app: &App) -> Result<&KeyPair, Plain> {
    app.keys.first().ok_or_else(|| Plain::forbidden("This app has no key to sign with: add one"))
}

/// pusher-js sends a form; JSON is accepted too.
fn params(headers: &HeaderMap, body: &Bytes) -> Result<Params, Plain> {
    if is_json(headers) {
        return parse(body).map_err(|error| Plain::bad(format!("Invalid request body: {error}")));
    }
    let mut params = Params::default();
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "socket_id" => params.socket_id = Some(value.into_owned()),
            "channel_name" => params.channel_name = Some(value.into_owned()),
            "app_key" => params.app_key = Some(value.into_owned()),
            _ => {}
        }
    }
    Ok(params)
}
