//! `POST /api/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use posts::{Account, NewAccount};
use publishing::{Announcer, PublishTo};

use super::{Desk, caller};
use crate::clock;
use crate::door::SignedIn;
use crate::json::JsonBody;
use crate::problem::{ErrorBody, Problem};

/// Connects an account
///
/// Its secret is kept and never shown again.
#[utoipa::path(
    post,
    path = "/api/accounts",
    tag = "accounts",
    request_body = NewAccount,
    responses(
        (status = 201, description = "The account", body = Account),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 422, description = "Something is wrong with the fields named", body = ErrorBody),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
pub(super) async fn connect_account<P: PublishTo, A: Announcer>(
    State(desk): State<Desk<P, A>>,
    SignedIn(user): SignedIn,
    JsonBody(new): JsonBody<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    let account = desk.publishing.connect_account(&caller(&user)?, new, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(account)))
}
