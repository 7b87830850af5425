//! `GET /api/accounts/{id}`.

use axum::Json;
use axum::extract::State;
use posts::{Account, AccountId};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::door::SignedIn;
use crate::problem::{ErrorBody, Problem};

/// Shows an account
///
/// Its secret is no part of it.
#[utoipa::path(
    get,
    path = "/api/accounts/{id}",
    tag = "accounts",
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "The account", body = Account),
        (status = 404, description = "No such account, or not for the caller", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn get_account<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<AccountId>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(desk.publishing.get_account(&caller(&user)?, &id).await?))
}
