//! JSON in, with every limit and every refusal in the shape of the API.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use posts::FieldError;
use serde::de::{DeserializeOwned, Error, Unexpected};
use serde_json::error::Category;

use crate::body::{REQUEST_BYTES, read};
use crate::problem::Problem;

/// A JSON body of the right shape.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as JSON, with the header 'Content-Type: application/json'",
            ));
        }
        let body = read(request.into_body(), REQUEST_BYTES).await?;
        parse(&body).map(Self).map_err(|error| error.into_problem())
    }
}

/// Whether the body says that it is JSON; a parameter such as `charset` does not matter.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = content_type.and_then(|it| it.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// What is wrong with a JSON text, and where.
#[derive(Debug)]
pub(crate) struct JsonError {
    /// The field; empty for the whole.
    path: String,
    error: serde_json::Error,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (_, said) = self.said();
        match self.path.as_str() {
            "" => f.write_str(&said),
            path => write!(f, "{path}: {said}"),
        }
    }
}

impl JsonError {
    /// A word and a sentence. Where the text is JSON, the field says enough, and the parser's line and column are left out.
    fn said(&self) -> (&'static str, String) {
        let text = self.error.to_string();
        if self.error.classify() != Category::Data {
            return ("malformed", text);
        }
        let place = format!(" at line {} column {}", self.error.line(), self.error.column());
        let text = text.strip_suffix(&place).unwrap_or(&text);
        match text.strip_prefix("unknown field `").and_then(|it| it.split_once("`, ")) {
            None => ("invalid", text.to_owned()),
            Some((_, "there are no fields")) => {
                ("unknown", "There is no such field: leave it out".into())
            }
            Some((_, known)) => {
                let known = known.trim_start_matches("expected ").trim_start_matches("one of ");
                ("unknown", format!("There is no such field; those that there are: {known}"))
            }
        }
    }

    pub(crate) fn into_problem(self) -> Problem {
        match self.error.classify() {
            Category::Data => {
                let (code, said) = self.said();
                Problem::invalid(vec![FieldError::new(self.path, code, said)])
            }
            Category::Syntax | Category::Eof | Category::Io => Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                format!("The body is not valid JSON: {}", self.error),
            ),
        }
    }
}

/// Reads a JSON object, all of it.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonError> {
    // Derived readers would take a list for an object, its items for the fields in order.
    if body.trim_ascii_start().starts_with(b"[") {
        let error = serde_json::Error::invalid_type(Unexpected::Seq, &"an object");
        return Err(JsonError { path: String::new(), error });
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| JsonError { path: field(&error), error: error.into_inner() })?;
    reader.end().map_err(|error| JsonError { path: String::new(), error })?;
    Ok(value)
}

/// The field that an error is about; the crate writes `.` for the whole and `?` where it does not know.
fn field(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    match error.path().to_string() {
        path if matches!(path.as_str(), "." | "?") => String::new(),
        path => path,
    }
}
