//! The HTTP client of the commands.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, redirect};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{CliError, term};

/// How long a command waits for the server.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most of a foreign server's answer that is shown, in characters.
const SHOWN_CHARS: usize = 300;

/// A server to talk to.
#[derive(Debug)]
pub(super) struct Server {
    client: Client,
    base: Url,
}

/// An error of the REST API.
#[derive(Deserialize)]
struct Problem {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    message: String,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    field: String,
    message: String,
}

impl Server {
    /// A server by its address.
    pub(super) fn new(base: &str) -> Result<Self, CliError> {
        let url = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let refused =
            || format!("{base:?} is not an address; a good one is http://127.0.0.1:6001.");
        let base = url.ok_or_else(|| CliError::refused(refused()))?;
        // The first provider that is installed stays; all parts of the program install the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build();
        let client = client.map_err(|_| {
            CliError::refused(
                "HTTPS cannot be set up; check that the system's CA certificates are installed.",
            )
        })?;
        Ok(Self { client, base })
    }

    /// A GET of `path`, which begins with a slash.
    pub(super) fn get(&self, path: &str) -> Result<RequestBuilder, CliError> {
        Ok(self.client.get(self.at(path)?))
    }

    /// A POST of JSON text.
    pub(super) fn post(&self, path: &str, json: String) -> Result<RequestBuilder, CliError> {
        self.post_as(path, "application/json", json)
    }

    /// A POST of a text of that type.
    pub(super) fn post_as(
        &self,
        path: &str,
        content_type: &'static str,
        text: String,
    ) -> Result<RequestBuilder, CliError> {
        Ok(self.client.post(self.at(path)?).header(CONTENT_TYPE, content_type).body(text))
    }

    /// A PATCH of JSON text.
    pub(super) fn patch(&self, path: &str, json: String) -> Result<RequestBuilder, CliError> {
        Ok(self.client.patch(self.at(path)?).header(CONTENT_TYPE, "application/json").body(json))
    }

    /// A PUT of JSON text.
    pub(super) fn put(&self, path: &str, json: String) -> Result<RequestBuilder, CliError> {
        Ok(self.client.put(self.at(path)?).header(CONTENT_TYPE, "application/json").body(json))
    }

    /// A DELETE of `path`.
    pub(super) fn delete(&self, path: &str) -> Result<RequestBuilder, CliError> {
        Ok(self.client.delete(self.at(path)?))
    }

    fn at(&self, path: &str) -> Result<Url, CliError> {
        let whole = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&whole)
            .map_err(|_| CliError::refused(format!("{} is not an address.", term::plain(&whole))))
    }

    /// Sends a request. An answer of success is its JSON, or null; any other is an error with the server's sentence.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let unreachable = |error: reqwest::Error| match error.is_connect() {
            true => CliError::NoServer(self.base.to_string()),
            false => CliError::refused(format!(
                "The server at {} did not answer in time or whole.",
                self.base
            )),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(serde_json::from_str(&text).unwrap_or_default());
        }
        Err(CliError::refused(sentence(status.as_u16(), &text)))
    }
}

/// The server's own words if it has some, else its status.
fn sentence(status: u16, text: &str) -> String {
    let said = match serde_json::from_str::<Problem>(text) {
        Ok(Problem { error }) => {
            let fields = error.fields.iter().map(|it| format!("; {}: {}", it.field, it.message));
            format!("{}{}", error.message.trim_end_matches('.'), fields.collect::<String>())
        }
        Err(_) => text.trim().to_owned(),
    };
    match term::clip(&term::plain(&said), SHOWN_CHARS) {
        said if said.is_empty() => format!("The server answered with status {status}."),
        said => format!("The server refused ({status}): {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_one_sentence() {
        let fields = r#"{"error":{"code":"invalid","message":"Not valid.","fields":[
            {"field":"text","code":"empty","message":"Write something."}]}}"#;
        for (status, text, expected) in [
            (422, fields, "The server refused (422): Not valid; text: Write something."),
            (401, "Invalid signature\n", "The server refused (401): Invalid signature"),
            (502, "", "The server answered with status 502."),
            (500, "\u{1b}[31mred", "The server refused (500):  [31mred"),
        ] {
            assert_eq!(sentence(status, text), expected);
        }
        assert!(sentence(500, &"x".repeat(10_000)).chars().count() < 400);
    }
}
