//! The HTTP transports of pusher-js, `xhr_streaming` and `xhr_polling`: where WebSockets do not get through, a
//! client fetches its frames with one request and sends with others. The wire is that of SockJS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::stream::unfold;
use identity::Facts;
use protocol::limits::CLIENT_MESSAGE_BYTES;
use serde::Deserialize;
use store::Store;
use tokio::sync::mpsc;

use super::door::{Door, Line, connection_id, visitor};
use super::mailbox::Mailbox;
use super::receiver::{Kind, Receiver};
use super::session::TOO_LARGE;
use super::wire::{EMPTY_LINE, close_line};
use super::xhr::inbox;

/// Where pusher-js looks unless it is told another `httpPath`.
const PATH: &str = "/pusher/app/{key}/{server}/{session}/{action}";
/// Largest body of a request that sends: one message of the largest size, each byte of it escaped.
const SEND_BYTES: usize = 2 * CLIENT_MESSAGE_BYTES;
/// How long such a body may take to arrive. Ours.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// Most sessions at once. Ours: they hold no open file, so the system does not bound them.
const SESSIONS: usize = 100_000;
/// Lengths of a session's name, in bytes. pusher-js draws eight characters; fewer could be guessed.
const NAME_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
/// Seconds that a browser may remember a preflight: the most that Chromium honours.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// Marks an answer that lasts as long as its connection: a server that stops does not wait for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held;

/// A session as its client names it. The name is drawn by the client and known to nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
struct Name {
    key: String,
    server: String,
    session: String,
}

impl Name {
    fn is_one(&self) -> bool {
        let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        word(&self.server)
            && (1..=*NAME_BYTES.end()).contains(&self.server.len())
            && word(&self.session)
            && NAME_BYTES.contains(&self.session.len())
    }
}

#[derive(Deserialize)]
struct Action {
    action: String,
}

/// A session that is open.
#[derive(Clone)]
struct Session {
    mailbox: Arc<Mailbox>,
    inbox: mpsc::Sender<String>,
}

/// The sessions of a door.
struct Fallback<S, F> {
    door: Arc<Door<S, F>>,
    sessions: Mutex<HashMap<Name, Session>>,
}

/// The routes of the HTTP transports.
pub(crate) fn router<S: Store, F: Facts + 'static>(door: Arc<Door<S, F>>) -> Router {
    let fallback = Arc::new(Fallback { door, sessions: Mutex::default() });
    Router::new().route(PATH, post(serve::<S, F>).options(preflight)).with_state(fallback)
}

/// Pages of every origin may ask, as with WebSockets: no cookie goes with it, and the app's list of origins is
/// looked at when a session opens.
async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type")),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn serve<S: Store, F: Facts + 'static>(
    State(fallback): State<Arc<Fallback<S, F>>>,
    Path(name): Path<Name>,
    Path(Action { action }): Path<Action>,
    request: Request,
) -> Response {
    let mut response = match action.as_str() {
        _ if !name.is_one() => {
            told(StatusCode::NOT_FOUND, "A session's name has 8 to 64 letters and digits")
        }
        "xhr_streaming" => fallback.receive(name, Kind::Streaming, &request),
        "xhr" => fallback.receive(name, Kind::Polling, &request),
        "xhr_send" => fallback.send(&name, request.into_body()).await,
        _ => told(
            StatusCode::NOT_FOUND,
            "Nothing is served at this path: ask for xhr_streaming, xhr or xhr_send",
        ),
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    // Browsers that sniff hold back the first kilobyte; nginx holds back more.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn told(status: StatusCode, text: &'static str) -> Response {
    (status, format!("{text}\n")).into_response()
}

impl<S: Store, F: Facts + 'static> Fallback<S, F> {
    /// Answers with what waits for a session; opens it if there is none.
    fn receive(self: &Arc<Self>, name: Name, kind: Kind, request: &Request) -> Response {
        let known = self.lock().get(&name).cloned();
        let Some(session) = known.or_else(|| self.open(name, request)) else {
            return told(StatusCode::SERVICE_UNAVAILABLE, "Too many sessions: come back later");
        };
        let heartbeat = self.door.timing.heartbeat;
        let Some(receiver) = Receiver::attach(session.mailbox, kind, heartbeat) else {
            return told(StatusCode::NOT_FOUND, "This session is over: open another one");
        };
        let lines = unfold(receiver, async |mut receiver| {
            let lines = receiver.next().await?;
            Some((Ok::<_, std::convert::Infallible>(lines), receiver))
        });
        let mut response = Response::new(Body::from_stream(lines));
        let text = HeaderValue::from_static("application/javascript; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        response.extensions_mut().insert(Held);
        response
    }

    /// Opens a session; it lives on in a task of its own.
    fn open(self: &Arc<Self>, name: Name, request: &Request) -> Option<Session> {
        let visitor = visitor(request, Some(name.key.clone()));
        let (sender, inbox) = inbox();
        let session = Session { mailbox: Mailbox::new(connection_id()), inbox: sender };
        {
            let mut sessions = self.lock();
            if sessions.len() >= SESSIONS {
                return None;
            }
            // Of two requests at the same instant the later one finds what the earlier one made.
            if let Some(earlier) = sessions.get(&name) {
                return Some(earlier.clone());
            }
            sessions.insert(name.clone(), session.clone());
        }
        let (fallback, mailbox) = (Arc::clone(self), Arc::clone(&session.mailbox));
        tokio::spawn(async move {
            fallback.door.host(Line::Mailbox(mailbox, inbox), visitor).await;
            fallback.lock().remove(&name);
        });
        Some(session)
    }

    /// Takes messages of a client: a JSON list of texts. An empty one only says that the client is there, and wants
    /// to know the same of the server.
    async fn send(&self, name: &Name, body: Body) -> Response {
        let known = self.lock().get(name).cloned();
        let Some(Session { mailbox, inbox }) = known else {
            return told(StatusCode::NOT_FOUND, "There is no such session: open one");
        };
        mailbox.hear();
        let Ok(read) = tokio::time::timeout(READ_TIMEOUT, to_bytes(body, SEND_BYTES)).await else {
            return told(
                StatusCode::REQUEST_TIMEOUT,
                "The request body took too long to arrive: send it again",
            );
        };
        let Ok(body) = read else {
            mailbox.close(close_line(TOO_LARGE.0, TOO_LARGE.1));
            return told(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request body is too large, or did not arrive whole",
            );
        };
        let Ok(messages) = serde_json::from_slice::<Vec<String>>(&body) else {
            return told(
                StatusCode::BAD_REQUEST,
                "The body is a JSON list of texts, each of them one message",
            );
        };
        if messages.is_empty() {
            mailbox.post(&EMPTY_LINE);
        }
        for message in messages {
            if inbox.send(message).await.is_err() {
                return told(StatusCode::NOT_FOUND, "This session is over: open another one");
            }
        }
        StatusCode::NO_CONTENT.into_response()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
