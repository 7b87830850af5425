//! `GET /api/accounts/connect/{platform}`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use publishing::{Announcer, BeginConnect, PublishTo};
use serde::Serialize;
use utoipa::ToSchema;

use super::connect_page::{self, COOKIE, LIFE_S};
use super::{Desk, caller, query};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Where a person grants access.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantAt {
    url: String,
}

/// Begins to connect an account at its platform
///
/// The browser is led to the platform, where its user grants access, and comes back to
/// `/api/accounts/connect/{platform}/callback`, which stores the account. That must happen in the same browser within ten
/// minutes, once. A page that calls this itself asks for `application/json`, and leads its user to `url`.
#[utoipa::path(
    get,
    path = "/api/accounts/connect/{platform}",
    tag = "accounts",
    params(
        ("platform" = String, Path, description = "x, linkedin, linkedin_page, mastodon, facebook, instagram or threads"),
        ("workspace_id" = Option<String>, Query, description = "May be left out by a member of exactly one"),
        ("account_id" = Option<String>, Query, description = "The account to connect again"),
        ("instance" = Option<String>, Query, description = "The server of a Mastodon account, such as https://mastodon.social"),
    ),
    responses(
        (status = 200, description = "Where to lead the user, for pages that ask for JSON", body = GrantAt),
        (status = 303, description = "The way to the platform"),
        (status = 404, description = "No such account, or not for the caller", body = ErrorBody),
        (status = 409, description = "The platform is not connected this way, not set up, or does not answer", body = ErrorBody),
        (status = 422, description = "Something is wrong with the parameters named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn begin_connect<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    user: Result<SignedIn, Problem>,
    Path(platform): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let begun = async {
        let caller = caller(&user?.0)?;
        let redirect_uri = redirect_uri(&desk, &platform)?;
        let ask = BeginConnect { platform, ..query::begin_connect(&uri)? };
        let begun =
            desk.publishing.begin_connect(&caller, ask, &redirect_uri, clock::now()).await?;
        Ok::<_, Problem>((begun, redirect_uri))
    };
    let (begun, redirect_uri) = match begun.await {
        Ok(begun) => begun,
        Err(problem) if wants(&headers, "text/html") => return connect_page::failed(&problem),
        Err(problem) => return problem.into_response(),
    };
    let secure = if redirect_uri.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path=/api/accounts/connect; Max-Age={LIFE_S}; HttpOnly; SameSite=Lax{secure}",
        begun.browser.reveal()
    );
    let kept = [(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".into())];
    if wants(&headers, "application/json") {
        return (kept, Json(GrantAt { url: begun.url })).into_response();
    }
    (StatusCode::SEE_OTHER, kept, [(LOCATION, begun.url)]).into_response()
}

/// Where a platform sends people back to: an address of its own for each, so that none can answer for another.
fn redirect_uri<P, A>(desk: &Desk<P, A>, platform: &str) -> Result<String, Problem> {
    let public = desk.settings.public_url.as_deref().ok_or_else(|| {
        let message =
            "This server does not know its public address. Tell the operator to set PUBLIC_URL";
        Problem::new(StatusCode::CONFLICT, "not_configured", message)
    })?;
    Ok(format!("{public}/api/accounts/connect/{platform}/callback"))
}

fn wants(headers: &HeaderMap, kind: &str) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains(kind))
}
