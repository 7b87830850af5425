//! `GET /api/accounts/connect/{platform}/callback`.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::Response;
use posts::UserId;
use publishing::{Announcer, BroughtBack, PublishTo};
use url::form_urlencoded;

use super::Desk;
use super::connect_page::{self, COOKIE};
use crate::clock;
use crate::door::cookie;
use crate::problem::Problem;

/// Ends what the connect route began
///
/// Platforms send browsers here. The answer is a small page for people.
#[utoipa::path(
    get,
    path = "/api/accounts/connect/{platform}/callback",
    tag = "accounts",
    params(
        ("platform" = String, Path, description = "The platform"),
        ("state" = Option<String>, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "What becomes tokens"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses(
        (status = 200, description = "The account is connected: a page", body = str, content_type = "text/html"),
        (status = 409, description = "It is not: a page says why", body = str, content_type = "text/html"),
        (status = 422, description = "It is not: a page says why", body = str, content_type = "text/html"),
    )
)]
pub(super) async fn finish_connect<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    Path(platform): Path<String>,
    parts: Parts,
) -> Response {
    let query = Query::of(&parts.uri);
    // Whoever shows who they are must be who began; the browser's own token says so where nobody does.
    let user = desk.door.user(&parts).await.ok();
    let user = user.and_then(|user| UserId::parse(user.id.as_str()).ok());
    let back = BroughtBack {
        platform: &platform,
        state: &query.state,
        code: match &query.code {
            Some(code) => Ok(code),
            None => Err(&query.error),
        },
        browser: cookie(&parts.headers, COOKIE).unwrap_or_default(),
        user: user.as_ref(),
    };
    match desk.publishing.finish_connect(back, clock::now()).await {
        Ok(accounts) => connect_page::connected(&accounts),
        Err(refusal) => connect_page::failed(&Problem::from(refusal)),
    }
}

#[derive(Default)]
struct Query {
    state: String,
    code: Option<String>,
    error: String,
}

impl Query {
    /// Platforms add parameters of their own, which are passed over.
    fn of(uri: &Uri) -> Self {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "state" => query.state = value.into_owned(),
                // Meta ends its addresses with a mark that is no part of the code.
                "code" => query.code = Some(value.trim_end_matches("#_").to_owned()),
                "error" => query.error = value.into_owned(),
                _ => {}
            }
        }
        query
    }
}
