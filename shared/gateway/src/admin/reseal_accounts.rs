//! `POST /api/admin/accounts/reseal`.

use std::sync::Arc;

use auth::query_params;
use axum::Json;
use axum::extract::{FromRef, RawQuery, State};
use publishing::{Announcer, PublishTo, Publishing, ResealReport};

use super::{Admin, Operator};
use crate::problem::{ErrorBody, Problem};
use crate::routes::{Descriptions, Routes};

/// The state of this handler.
pub(crate) struct Sealing<P, A> {
    pub(crate) publishing: Arc<Publishing<P, A>>,
    pub(crate) admin: Admin,
}

impl<P, A> Clone for Sealing<P, A> {
    fn clone(&self) -> Self {
        Self { publishing: Arc::clone(&self.publishing), admin: self.admin.clone() }
    }
}

impl<P, A> FromRef<Sealing<P, A>> for Admin {
    fn from_ref(sealing: &Sealing<P, A>) -> Self {
        sealing.admin.clone()
    }
}

/// The route with its description.
pub(crate) fn sealing_routes<P, A, D>() -> Routes<Sealing<P, A>, D>
where
    P: PublishTo,
    A: Announcer,
    D: Descriptions,
{
    Routes::new().add(__path_reseal_accounts, reseal_accounts::<P, A>)
}

/// Seals accounts' credentials anew
///
/// A page of them, under the key that seals now, where another one that is still opened did. It can be called again at any
/// time; go on with `next_cursor` until there is none.
#[utoipa::path(
    post,
    path = "/api/admin/accounts/reseal",
    tag = "admin",
    params(("cursor" = Option<String>, Query, description = "Where the page before ended: its `next_cursor`")),
    responses(
        (status = 200, description = "What was done", body = ResealReport),
        (status = 401, description = "Not the admin key", body = ErrorBody),
    ),
    security(("admin" = []))
)]
async fn reseal_accounts<P: PublishTo, A: Announcer>(
    _: Operator,
    State(sealing): State<Sealing<P, A>>,
    RawQuery(query): RawQuery,
) -> Result<Json<ResealReport>, Problem> {
    let query = query_params(&query.unwrap_or_default());
    let cursor = query.get("cursor").map(String::as_str);
    let report = sealing.publishing.reseal(cursor).await?;
    let (resealed, unreadable) = (report.resealed, report.unreadable.len());
    tracing::info!(target: "audit", resealed, unreadable, "credentials are sealed anew");
    Ok(Json(report))
}
