//! `DELETE /api/accounts/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use posts::AccountId;
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Disconnects an account
#[utoipa::path(
    delete,
    path = "/api/accounts/{id}",
    tag = "accounts",
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 204, description = "It is gone, and its secret with it"),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such account, or not for the caller", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn disconnect_account<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    desk.publishing.disconnect_account(&caller(&user)?, &id, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
