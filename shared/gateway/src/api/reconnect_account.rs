//! `POST /api/accounts/{id}/reconnect`.

use axum::Json;
use axum::extract::State;
use posts::{Account, AccountId, Reconnect};
use publishing::{Announcer, PublishTo};

use super::id::Id;
use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Connects an account again
///
/// With new credentials of the same account. What waited for that is published, unless it is too late.
#[utoipa::path(
    post,
    path = "/api/accounts/{id}/reconnect",
    tag = "accounts",
    params(("id" = String, Path, description = "The account")),
    request_body = Reconnect,
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 404, description = "No such thing, or not for the caller", body = ErrorBody),
        (status = 409, description = "The credentials open another account", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn reconnect_account<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    Id(id): Id<AccountId>,
    JsonBody(body): JsonBody<Reconnect>,
) -> Result<Json<Account>, Problem> {
    let now = clock::now();
    Ok(Json(desk.publishing.reconnect_account(&caller(&user)?, &id, body, now).await?))
}
