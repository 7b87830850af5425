//! `GET /media/{week}/{file}`: our copies of pictures, for platforms that fetch them themselves.
//!
//! Nobody signs in here: platforms cannot. The name holds the SHA-256 of the picture, so whoever can name a copy has
//! either the picture or its address from us.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use posts::MediaKey;
use publishing::{Announcer, PublishTo, Refusal};

use crate::api::Desk;
use crate::plain::Plain;

/// What is behind a name never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Whatever a browser makes of the bytes, it runs and loads nothing.
const NOTHING: &str = "default-src 'none'; sandbox";

/// Serves a copy of a picture
///
/// Its name holds the SHA-256 of its bytes. It is there for as long as a post needs it.
#[utoipa::path(
    get,
    path = "/media/{week}/{file}",
    tag = "media",
    params(
        ("week" = String, Path, description = "The week that it was attached in"),
        ("file" = String, Path, description = "SHA-256 in hexadecimal, and the type"),
    ),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/*"),
        (status = 404, description = "There is none of this name", body = str, content_type = "text/plain"),
    )
)]
pub(crate) async fn get_media<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    Named(key): Named,
) -> Result<Response, Plain> {
    let mut loaded = desk.publishing.get_media(&key).await.map_err(refused)?;
    let bytes = loaded.bytes.pop().unwrap_or_default();
    let etag = format!("\"{}\"", key.hash());
    let headers = [
        (CONTENT_TYPE, key.mime()),
        (CACHE_CONTROL, FOR_EVER),
        (ETAG, etag.as_str()),
        (CONTENT_SECURITY_POLICY, NOTHING),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}

fn refused(refusal: Refusal) -> Plain {
    match refusal {
        Refusal::NotFound => not_found(),
        _ => Plain::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server could not read this picture right now: ask again",
        ),
    }
}

fn not_found() -> Plain {
    Plain::new(StatusCode::NOT_FOUND, "There is no picture of this name: it may be swept")
}

/// The copy that a path names. What cannot be a name names nothing.
#[derive(Debug)]
pub(crate) struct Named(MediaKey);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Plain;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Plain> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((week, file)) = path.map_err(|_| not_found())?;
        MediaKey::parse(format!("{week}/{file}")).map(Self).map_err(|_| not_found())
    }
}
