//! Requests of the Pusher HTTP API: for a known app, signed by one of its keys.

use std::sync::Arc;

use auth::verify_request;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use channels::App;
use identity::Facts;
use protocol::AppId;
use serde::de::DeserializeOwned;
use service::{Outbox, Service};
use store::Store;

use crate::body::{PUBLISH_BYTES, read};
use crate::clock;
use crate::json::parse;
use crate::plain::Plain;

/// A request whose signature is good.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The app that sent it.
    pub(crate) app: Arc<App>,
    body: Bytes,
}

impl Signed {
    /// Its JSON body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Plain> {
        parse(&self.body).map_err(|error| Plain::bad(format!("Invalid request body: {error}")))
    }
}

impl<S: Store, O: Outbox, F: Facts + 'static> FromRequest<Arc<Service<S, O, F>>> for Signed {
    type Rejection = Plain;

    async fn from_request(
        request: Request,
        service: &Arc<Service<S, O, F>>,
    ) -> Result<Self, Plain> {
        let (mut parts, body) = request.into_parts();
        let app = service.apps().by_id(&app_id(&mut parts).await);
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
        Ok(Self { app, body })
    }
}

/// The path's `{app_id}`; the empty id, which no app has, if it cannot be read.
async fn app_id(parts: &mut axum::http::request::Parts) -> AppId {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.as_ref().map(|params| params.iter());
    let id = params.ok().and_then(|mut it| it.find(|(name, _)| *name == "app_id"));
    AppId::new(id.map_or("", |(_, value)| value))
}

fn unknown_app() -> Plain {
    let message =
        "There is no app with this id: check the app id, and that this is the right server";
    Plain::new(StatusCode::NOT_FOUND, message)
}
