//! The OpenAPI document: made of the routes themselves.

use apps::{AppView, EndpointView, HistorySpec, LimitsSpec, NewApp, PatchApp, RatesSpec, Source};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use bytes::Bytes;
use posts::{
    Account, Confirm, Job, NewAccount, NewPost, NewPosts, NewSeries, PatchPost, PostStatus,
    PostView, PutWorkspace, Reconnect, Reject, Series,
};
use publishing::{Notifications, Page, ResealReport, SeriesView, TickReport, WorkspaceView};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use webhooks::EndpointSpec;

use crate::admin::{AppList, DeadLetter, DeadLetters, FreshApp, FreshKey};
use crate::answers::DESCRIPTION;
use crate::api::{Accounts, GrantAt, ReadNotifications, SeriesList};
use crate::authenticate_user::UserAuth;
use crate::authorize_channel::ChannelAuth;
use crate::events_after::MissedEvents;
use crate::problem::ErrorBody;
use crate::routes::Routes;

/// Everything but the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pushbridge",
        description = "A self-hosted realtime push service that speaks the Pusher Channels protocol, and a publisher of social posts."
    ),
    components(schemas(
        Account,
        Accounts,
        AppList,
        AppView,
        ChannelAuth,
        Confirm,
        DeadLetter,
        DeadLetters,
        EndpointSpec,
        EndpointView,
        ErrorBody,
        FreshApp,
        FreshKey,
        GrantAt,
        HistorySpec,
        LimitsSpec,
        MissedEvents,
        Job,
        NewAccount,
        NewApp,
        NewPost,
        Page,
        NewPosts,
        NewSeries,
        Notifications,
        PatchApp,
        PatchPost,
        PostStatus,
        PostView,
        PutWorkspace,
        RatesSpec,
        ReadNotifications,
        Reconnect,
        ResealReport,
        Source,
        Reject,
        Series,
        SeriesList,
        SeriesView,
        TickReport,
        UserAuth,
        WorkspaceView
    ))
)]
struct Base;

/// Describes this API
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operations",
    responses((status = 200, description = "This document", body = Value))
)]
async fn openapi(
    State(Document(text)): State<Document>,
) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(header::CONTENT_TYPE, "application/json")], text)
}

/// The document's text, made once.
#[derive(Clone)]
struct Document(Bytes);

/// A router with these routes and the document that describes them all.
pub(crate) fn serve(routes: Routes<()>) -> Router {
    let (router, paths) = routes.into_parts();
    let own = Routes::<Document>::new().add(__path_openapi, openapi).answering(&DESCRIPTION);
    let mut document = Base::openapi();
    document.paths.merge(paths);
    document.paths.merge(own.paths().clone());
    add_security(&mut document, "the cookie's name, unless configured otherwise: pushbridge_token");
    // The document is made of texts and lists, which always serialize.
    let document = Document(document.to_json().unwrap_or_default().into());
    let (own, _) = own.with_state(document).into_parts();
    router.merge(own)
}

/// The ways to sign in that operations refer to.
fn add_security(document: &mut utoipa::openapi::OpenApi, cookie: &str) {
    let bearer = |description: &str| {
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.description = Some(description.into());
        SecurityScheme::Http(http)
    };
    let key = |value| SecurityScheme::ApiKey(value);
    let schemes = [
        ("bearer", bearer("A user's JWT")),
        ("admin", bearer("The server's ADMIN_KEY")),
        ("cron", bearer("The server's CRON_SECRET")),
        ("cookie", key(ApiKey::Cookie(ApiKeyValue::with_description("pushbridge_token", cookie)))),
        (
            "pusher",
            key(ApiKey::Query(ApiKeyValue::with_description(
                "auth_signature",
                "With auth_key, auth_timestamp, auth_version and body_md5: Pusher's HTTP API reference",
            ))),
        ),
    ];
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
}
