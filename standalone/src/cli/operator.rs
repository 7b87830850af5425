//! What the commands for operators share: where the server is, and the admin key.

use auth::Secret;
use clap::Args;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::{CliError, DEFAULT_URL, Place, api};
use crate::config::{Config, Env};

/// Said at the end of each operator's command.
pub(super) const KEY_HELP: &str = "\
The server is asked with ADMIN_KEY, or server.admin_key of the configuration; in
the demo with a key made of the data directory's secret.
";

/// Where the server is.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Print the server's JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Where the server is
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    place: Place,
}

/// A server, and the key to its admin routes.
pub(super) struct Operator {
    server: api::Server,
    key: Secret,
}

impl Operator {
    pub(super) fn new(common: &Common, env: &Env) -> Result<Self, CliError> {
        let key = Config::admin_key(&common.place.flags(), env)?;
        Ok(Self { server: api::Server::new(&common.url)?, key })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, CliError> {
        self.send(self.server.get(path)?).await
    }

    pub(super) async fn post(&self, path: &str, json: String) -> Result<Value, CliError> {
        self.send(self.server.post(path, json)?).await
    }

    pub(super) async fn patch(&self, path: &str, json: String) -> Result<Value, CliError> {
        self.send(self.server.patch(path, json)?).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, CliError> {
        self.send(self.server.delete(path)?).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let key = String::from_utf8_lossy(self.key.expose());
        self.server.send(request.bearer_auth(key)).await
    }
}

/// A part of a path, whatever is in it.
pub(super) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
