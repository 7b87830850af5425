//! What the commands of a workspace's members share: where the server is, who asks, and how answers are printed.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::{CliError, DEFAULT_URL, Place, api, token};
use crate::config::{Config, Env, Mode};
use crate::demo;

/// How long a token made for one command lasts. Jobs are watched for some minutes.
const TOKEN_TTL: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Args)]
pub(super) struct Common {
    /// The workspace; may be left out by a member of exactly one
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// Print the server's JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Who asks: a JWT; better in PUSHBRIDGE_TOKEN, which other users of this machine cannot see
    #[arg(long, value_name = "JWT")]
    token: Option<String>,
    /// Where the server is
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    place: Place,
}

/// One thing by its id.
#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Its id
    pub(super) id: String,
    #[command(flatten)]
    pub(super) common: Common,
}

/// A server, and who asks.
pub(super) struct Session {
    server: api::Server,
    token: String,
    workspace: Option<String>,
    json: bool,
}

impl Session {
    pub(super) fn new(common: &Common, env: &Env) -> Result<Self, CliError> {
        let given = common.token.clone().or_else(|| env.get("PUSHBRIDGE_TOKEN").map(str::to_owned));
        let token = given.map_or_else(|| demo_token(&common.place, env), Ok)?;
        Ok(Self {
            server: api::Server::new(&common.url)?,
            token,
            workspace: common.workspace.clone(),
            json: common.json,
        })
    }

    /// Prints an answer: as the server gave it, or as people read it.
    pub(super) fn print(
        &self,
        answer: &Value,
        shown: impl FnOnce(&Value) -> String,
    ) -> Result<(), CliError> {
        let text = if self.json { format!("{answer:#}\n") } else { shown(answer) };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    /// A list of the workspace.
    pub(super) async fn list(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Value, CliError> {
        self.send(self.server.get(&self.of_workspace(path, query))?).await
    }

    /// Says what something of the workspace is to be.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        self.send(self.server.put(&self.of_workspace(path, &[]), body.to_string())?).await
    }

    /// One thing.
    pub(super) async fn get(&self, kind: &str, id: &str) -> Result<Value, CliError> {
        self.send(self.server.get(&one(kind, id))?).await
    }

    /// Makes something in the workspace.
    pub(super) async fn create(&self, path: &str, mut body: Value) -> Result<Value, CliError> {
        if let Some(workspace) = &self.workspace {
            body["workspace_id"] = workspace.as_str().into();
        }
        self.send(self.server.post(path, body.to_string())?).await
    }

    /// Changes one thing.
    pub(super) async fn change(
        &self,
        kind: &str,
        id: &str,
        body: &Value,
    ) -> Result<Value, CliError> {
        self.send(self.server.patch(&one(kind, id), body.to_string())?).await
    }

    /// Deletes one thing.
    pub(super) async fn delete(&self, kind: &str, id: &str) -> Result<Value, CliError> {
        self.send(self.server.delete(&one(kind, id))?).await
    }

    /// Calls a verb of one thing; without a body if there is nothing to say.
    pub(super) async fn decide(
        &self,
        kind: &str,
        id: &str,
        verb: &str,
        body: &Value,
    ) -> Result<Value, CliError> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(self.server.post(&format!("{}/{verb}", one(kind, id)), body)?).await
    }

    /// Posts a text of another type than JSON.
    pub(super) async fn post_text(
        &self,
        path: &str,
        content_type: &'static str,
        text: String,
    ) -> Result<Value, CliError> {
        self.send(self.server.post_as(path, content_type, text)?).await
    }

    /// The ids of all accounts of the workspace.
    pub(super) async fn all_accounts(&self) -> Result<Vec<String>, CliError> {
        let answer = self.list("/api/accounts", &[]).await?;
        let accounts = answer["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ids: Vec<String> =
            accounts.iter().filter_map(|it| it["id"].as_str()).map(str::to_owned).collect();
        if ids.is_empty() {
            return Err(CliError::refused(
                "The workspace has no account; add one with `pushbridge accounts add` first.",
            ));
        }
        Ok(ids)
    }

    /// A path with its query, and the workspace if one is named.
    fn of_workspace(&self, path: &str, query: &[(&str, String)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query).extend_pairs(self.workspace.iter().map(|id| ("workspace_id", id)));
        format!("{path}?{}", text.finish())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, CliError> {
        self.server.send(request.bearer_auth(&self.token)).await
    }
}

/// The path of one thing, whatever is in its id.
fn one(kind: &str, id: &str) -> String {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/api/{kind}/{id}")
}

/// A token of the demo's user, if this is a demo.
fn demo_token(place: &Place, env: &Env) -> Result<String, CliError> {
    match Config::jwt(&place.flags(), env)? {
        (Mode::Demo, jwt) => token::made(&demo::user(), &jwt, TOKEN_TTL),
        (Mode::Configured, _) => Err(CliError::refused(
            "PUSHBRIDGE_TOKEN is missing; set it, for example to the output of \
             `pushbridge token --user ann --workspace acme`.",
        )),
    }
}
