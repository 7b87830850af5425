//! Requests of the Pusher HTTP API: for a known app, signed by one of its keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::{query_params, verify_request};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use channels::App;
use identity::Facts;
use protocol::{AppId, AppKey};
use serde::de::DeserializeOwned;
use service::Outbox;
use store::{Claim, Store};

use crate::body::{PUBLISH_BYTES, read};
use crate::clock;
use crate::idempotency::claim;
use crate::json::parse;
use crate::plain::Plain;
use crate::push::Push;

/// A request whose signature is good.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The app that sent it.
    pub(crate) app: Arc<App>,
    /// What it may be sent again under.
    pub(crate) claim: Option<Claim>,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: Bytes,
}

impl Signed {
    /// Its JSON body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Plain> {
        parse(&self.body).map_err(|error| Plain::bad(format!("Invalid request body: {error}")))
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> Result<String, Plain> {
        let text = String::from_utf8(self.body.to_vec());
        text.map_err(|_| Plain::bad("Invalid request body: it is not UTF-8"))
    }

    /// A parameter of the path, decoded; empty if the route has none of this name.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query, decoded once, as it was signed.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

impl<S: Store, O: Outbox, F: Facts + 'static> FromRequest<Push<S, O, F>> for Signed {
    type Rejection = Plain;

    async fn from_request(request: Request, push: &Push<S, O, F>) -> Result<Self, Plain> {
        let (mut parts, body) = request.into_parts();
        let path = path_params(&mut parts).await;
        let query = query_params(parts.uri.query().unwrap_or_default());
        let apps = push.service.apps();
        let app = match path.get("app_id") {
            Some(id) => apps.by_id(&AppId::new(id.as_str())),
            // Python's path to a user has no app: the key names it.
            None => query.get("auth_key").and_then(|key| apps.by_key(&AppKey::new(key.as_str()))),
        };
        let app = app.cloned().ok_or_else(unknown_app)?;
        let body = read(body, PUBLISH_BYTES).await?;
        let signed = auth::Request {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            body: &body,
        };
        verify_request(&signed, &app.keys, clock::now().seconds())?;
        if !app.enabled {
            return Err(Plain::forbidden(
                "This app is disabled: enable it in the server's configuration",
            ));
        }
        push.service.count_request(&app, clock::now_ms()).await?;
        let attempt = rand::random();
        let claim = claim(&parts.headers, &app.id, signed.path, &query, &body, attempt)?;
        Ok(Self { app, claim, path, query, body })
    }
}

/// The path's parameters, decoded; none, and so no app, if they cannot be read.
async fn path_params(parts: &mut Parts) -> BTreeMap<String, String> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        Err(_) => BTreeMap::new(),
    }
}

fn unknown_app() -> Plain {
    let message =
        "There is no app with this id: check the app id, and that this is the right server";
    Plain::new(StatusCode::NOT_FOUND, message)
}
