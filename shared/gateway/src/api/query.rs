//! Query parameters: each is checked by itself, unknown ones are refused.

use axum::http::Uri;
use posts::{AccountId, BadId, FieldError, PostStatus, WorkspaceId};
use publishing::{BeginConnect, ListPosts};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;
use url::form_urlencoded;

use crate::problem::Problem;

/// Reads the parameters of a list of posts.
pub(super) fn list_posts(uri: &Uri) -> Result<ListPosts, Problem> {
    let mut ask = ListPosts::default();
    each(uri, |name, value| {
        match name {
            "workspace_id" => ask.workspace_id = Some(workspace(value)?),
            "status" => ask.status = Some(status(value)?),
            "cursor" => ask.cursor = Some(value.to_owned()),
            "limit" => ask.limit = Some(limit(value)?),
            _ => return Err(unknown(name, "workspace_id, status, cursor or limit")),
        }
        Ok(())
    })?;
    Ok(ask)
}

/// Reads the one parameter of whatever is of a workspace.
pub(super) fn workspace_id(uri: &Uri) -> Result<Option<WorkspaceId>, Problem> {
    let mut id = None;
    each(uri, |name, value| match name {
        "workspace_id" => workspace(value).map(|it| id = Some(it)),
        _ => Err(unknown(name, "workspace_id")),
    })?;
    Ok(id)
}

/// Reads the parameters of a request to connect an account; the platform stands in the path.
pub(super) fn begin_connect(uri: &Uri) -> Result<BeginConnect, Problem> {
    let mut ask = BeginConnect::default();
    each(uri, |name, value| {
        match name {
            "workspace_id" => ask.workspace_id = Some(workspace(value)?),
            "account_id" => {
                let id = AccountId::parse(value);
                let wrong =
                    |error: BadId| FieldError::new("account_id", "invalid", error.to_string());
                ask.account_id = Some(id.map_err(wrong)?);
            }
            "instance" => value.clone_into(&mut ask.instance),
            _ => return Err(unknown(name, "workspace_id, account_id or instance")),
        }
        Ok(())
    })?;
    Ok(ask)
}

/// Takes every parameter and collects what is wrong.
fn each(
    uri: &Uri,
    mut take: impl FnMut(&str, &str) -> Result<(), FieldError>,
) -> Result<(), Problem> {
    let query = uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let errors: Vec<_> = pairs.filter_map(|(name, value)| take(&name, &value).err()).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}

fn workspace(value: &str) -> Result<WorkspaceId, FieldError> {
    WorkspaceId::parse(value)
        .map_err(|error| FieldError::new("workspace_id", "invalid", error.to_string()))
}

fn status(value: &str) -> Result<PostStatus, FieldError> {
    let status = PostStatus::deserialize(value.into_deserializer());
    status.map_err(|error: Error| FieldError::new("status", "invalid", error.to_string()))
}

fn limit(value: &str) -> Result<u32, FieldError> {
    let message = "limit must be a whole number from 1 to 100";
    value.parse().map_err(|_| FieldError::new("limit", "invalid", message))
}

fn unknown(name: &str, known: &str) -> FieldError {
    FieldError::new(name, "unknown", format!("There is no such parameter: use {known}"))
}
