//! Who calls: a token from the `Authorization` header, or from a cookie.
//!
//! A browser sends a cookie whoever's page asks, so with a cookie the page's origin counts.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use identity::{TokenError, User};
use jwks::Verifier;
use protocol::UserId;
use throttle::{Meters, Rate, Verdict};

use crate::clock;
use crate::pages::Pages;
use crate::problem::Problem;
use crate::settings::Settings;

/// Most users whose requests are remembered. Ours: about 10 MB.
const USERS: usize = 100_000;

/// Lets users in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    verifier: Arc<Verifier>,
    pages: Arc<Pages>,
    cookie_name: Arc<str>,
    rate: Option<Rate>,
    requests: Arc<Mutex<Meters<UserId>>>,
}

/// Why nobody was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotIn {
    /// No token came; here is the cookie's name.
    NoToken(String),
    /// The token is not good.
    Token(TokenError),
    /// A cookie came along with a request from a page that has no business here.
    Elsewhere,
}

impl std::fmt::Display for NotIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoToken(cookie) => write!(
                f,
                "Not signed in: send 'Authorization: Bearer <JWT>', or the JWT in the cookie '{cookie}'"
            ),
            Self::Token(error) => error.fmt(f),
            Self::Elsewhere => f.write_str(
                "A cookie is accepted from pages of this host and of the allowed origins only: \
                 add the page's origin to the allowed origins, or send a Bearer token",
            ),
        }
    }
}

impl NotIn {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoToken(_) => StatusCode::UNAUTHORIZED,
            Self::Token(TokenError::KeysUnavailable) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::Elsewhere => StatusCode::FORBIDDEN,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoToken(_) => "not_signed_in",
            Self::Token(TokenError::KeysUnavailable) => "unavailable",
            Self::Token(TokenError::Expired) => "token_expired",
            Self::Token(_) => "token_invalid",
            Self::Elsewhere => "origin_not_allowed",
        }
    }
}

/// What a 401 says about how to sign in (RFC 6750, section 3).
pub(crate) fn challenge() -> HeaderValue {
    HeaderValue::from_static(r#"Bearer realm="pushbridge""#)
}

impl Door {
    pub(crate) fn new(verifier: Arc<Verifier>, pages: Arc<Pages>, settings: &Settings) -> Self {
        Self {
            verifier,
            pages,
            cookie_name: settings.cookie_name.as_str().into(),
            rate: settings.user_requests,
            requests: Arc::new(Mutex::new(Meters::new(USERS))),
        }
    }

    /// The user who makes this request.
    pub(crate) async fn user(&self, parts: &Parts) -> Result<User, NotIn> {
        let token = self.token(parts)?;
        self.verifier.verify(token).await.map_err(NotIn::Token)
    }

    /// Counts a request of a user.
    fn count(&self, user: &User, now_ms: u64) -> Result<(), Problem> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = requests.count(user.id.clone(), rate, now_ms);
        drop(requests);
        let Verdict::Over { retry_after_ms, tell, .. } = verdict else { return Ok(()) };
        if tell {
            tracing::warn!(target: "audit", user = %user.id, limit = "requests", of = "user", "over a limit");
        }
        let message = format!("Too many requests: at most {} per second", rate.count());
        Err(Problem::too_many(message, retry_after_ms))
    }

    fn token<'a>(&self, parts: &'a Parts) -> Result<&'a str, NotIn> {
        if let Some(token) = bearer(&parts.headers) {
            return Ok(token);
        }
        let name = &*self.cookie_name;
        let token = cookie(&parts.headers, name).ok_or_else(|| NotIn::NoToken(name.into()))?;
        if self.at_home(parts) { Ok(token) } else { Err(NotIn::Elsewhere) }
    }

    /// Whether a request with a cookie comes from a page that may use it. Browsers name the page's
    /// origin in every request that can change something (Fetch, section 3.2.5).
    fn at_home(&self, parts: &Parts) -> bool {
        match parts.headers.get(header::ORIGIN).map(HeaderValue::to_str) {
            Some(Ok(origin)) => {
                let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
                self.pages.allow_cookies(origin, path, query) || is_own_host(origin, parts)
            }
            Some(Err(_)) => false,
            None => matches!(parts.method, Method::GET | Method::HEAD),
        }
    }
}

/// The token of an `Authorization: Bearer …` header; the scheme is read in any case (RFC 9110, 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

/// Whether the page came from the host that is asked. HTTP/2 names the host in the URI.
fn is_own_host(origin: &str, parts: &Parts) -> bool {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(|it| it.as_str()));
    let page = origin.parse::<Uri>().ok();
    let page = page.as_ref().and_then(Uri::authority);
    page.zip(host).is_some_and(|(page, host)| page.as_str().eq_ignore_ascii_case(host))
}

/// A signed-in user, for handlers of the JSON API.
#[derive(Debug)]
pub(crate) struct SignedIn(pub(crate) User);

impl<S> FromRequestParts<S> for SignedIn
where
    Door: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let door = Door::from_ref(state);
        let user = door.user(parts).await?;
        door.count(&user, clock::now_ms())?;
        Ok(Self(user))
    }
}
