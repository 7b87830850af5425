//! `GET /api/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use posts::Account;
use publishing::{Announcer, PublishTo};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Desk, caller, query};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// The accounts of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accounts {
    accounts: Vec<Account>,
}

/// Lists the accounts of a workspace
#[utoipa::path(
    get,
    path = "/api/accounts",
    tag = "accounts",
    params(
        ("workspace_id" = Option<String>, Query, description = "May be left out by a member of exactly one"),
    ),
    responses(
        (status = 200, description = "The accounts", body = Accounts),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such workspace, or not for the caller", body = ErrorBody),
        (status = 422, description = "Something is wrong with the parameters named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn list_accounts<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    uri: Uri,
) -> Result<Json<Accounts>, Problem> {
    let workspace = query::workspace_id(&uri)?;
    let accounts = desk.publishing.list_accounts(&caller(&user)?, workspace.as_ref()).await?;
    Ok(Json(Accounts { accounts }))
}
