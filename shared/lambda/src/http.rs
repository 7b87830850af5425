//! HTTP: the router of the single binary behind API Gateway's HTTP API, served by two functions: `auth` has the part that
//! pusher-js asks before it subscribes, `api` has all of it. So a burst of signatures finds environments of its own, which
//! begin sooner and cannot open accounts' credentials.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use gateway::{Admin, ClientIp, Gateway, Signing, Visitors};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Request as Event, RequestExt};
use lambda_runtime::{Error, service_fn};
use serde_json::json;
use tower::ServiceExt;

use crate::around::Around;
use crate::edge::Edge;
use crate::host::{Host, Posts};
use crate::start::{Start, StartError};

/// Largest answer (Lambda quotas: 6 MB of a response).
const ANSWER_BYTES: usize = 6 << 20;

/// Serves signatures until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run_signing() -> Result<(), StartError> {
    let host = Start::of_process().await?.host().await?;
    let router = signing_router(&host)?;
    serve(host, router).await
}

/// Serves everything until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Start::of_process().await?.host().await?;
    let router = router(&host, &host.posts()?)?;
    serve(host, router).await
}

async fn serve(host: Host, router: Router) -> Result<(), StartError> {
    let host = Arc::new(host);
    let around = Around::of(&host);
    let handler = service_fn(move |event: Event| {
        let (host, router) = (Arc::clone(&host), router.clone());
        async move { answer(&host, router, event).await }
    });
    Ok(lambda_http::runtime(handler).layer(around).run().await?)
}

/// The router on this host.
///
/// # Errors
/// When users' tokens cannot be checked as the configuration says.
pub fn router(host: &Host, posts: &Posts) -> Result<Router, StartError> {
    Ok(gateway::router(Gateway {
        service: Arc::clone(&host.core),
        facts: dashboard::Directory(host.data.clone()),
        publishing: Arc::clone(&posts.publishing),
        verifier: host.verifier()?,
        admin: Admin {
            registry: Arc::clone(&host.registry),
            notifier: Arc::clone(&posts.notifier),
            key: host.deployed.settings.admin_key.clone(),
        },
        settings: settings(host),
        visitors: visitors(host),
    }))
}

/// The part of it that signs.
///
/// # Errors
/// As [`router`].
pub fn signing_router(host: &Host) -> Result<Router, StartError> {
    Ok(gateway::signing_router(Signing {
        service: Arc::clone(&host.core),
        facts: dashboard::Directory(host.data.clone()),
        verifier: host.verifier()?,
        settings: settings(host),
        visitors: visitors(host),
    }))
}

fn settings(host: &Host) -> gateway::Settings {
    let settings = &host.deployed.settings;
    gateway::Settings {
        cron_secret: settings.cron_secret.clone(),
        allowed_origins: settings.allowed_origins.clone().unwrap_or_default(),
        user_requests: settings.visitors.user_requests,
        public_url: settings.outside.public_url.clone(),
        ..gateway::Settings::default()
    }
}

fn visitors(host: &Host) -> Visitors {
    Visitors::new(host.deployed.settings.visitors.address)
}

/// Answers a request; what it left for later is in the queue before it is answered.
///
/// # Errors
/// When the answer cannot be read.
pub async fn answer(
    host: &Host,
    router: Router,
    event: Event,
) -> Result<Response<lambda_http::Body>, Error> {
    if !Edge::of(&host.deployed).admits(event.headers()) {
        tracing::warn!(target: "audit", path = event.uri().path(), "a request came past the edge");
        return Ok(past_the_edge());
    }
    host.refresh().await;
    let from = client(host, &event);
    let mut request: Request<lambda_http::Body> = event;
    if let Some(from) = from {
        request.extensions_mut().insert(from);
    }
    let (parts, body) = router.oneshot(request.map(body)).await?.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES).await?;
    if let Err(error) = host.finish().await {
        tracing::error!(%error, "what follows a request is lost");
    }
    let text = String::from_utf8(bytes.into());
    let body = text.map_or_else(|e| e.into_bytes().into(), lambda_http::Body::from);
    Ok(Response::from_parts(parts, body))
}

fn body(body: lambda_http::Body) -> Body {
    match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    }
}

fn past_the_edge() -> Response<lambda_http::Body> {
    let body = json!({ "error": {
        "code": "edge_only",
        "message": "Use the stack's output ApiUrl: API Gateway's own address is not open to clients",
    } });
    let mut response = Response::new(lambda_http::Body::from(body.to_string()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Whose request it is: the gateway's peer, or whom the edge or a trusted proxy before it names.
fn client(host: &Host, event: &Event) -> Option<ClientIp> {
    let peer = match event.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?,
        _ => return None,
    };
    let peer: IpAddr = peer.parse().ok()?;
    Some(ClientIp(Edge::of(&host.deployed).client(peer, event.headers())))
}
