//! The OpenAPI document, made of the routes themselves.

use apps::{AppView, EndpointView, HistorySpec, LimitsSpec, NewApp, PatchApp, RatesSpec, Source};
use posts::{
    Account, Confirm, Job, NewAccount, NewPost, NewPosts, NewSeries, PatchPost, PostStatus,
    PostView, PutWorkspace, Reconnect, Reject, Series,
};
use publishing::{Notifications, Page, ResealReport, SeriesView, TickReport, WorkspaceView};
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::Paths;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use webhooks::EndpointSpec;

use crate::admin::create_app::{FreshApp, FreshKey};
use crate::admin::list_apps::AppList;
use crate::admin::list_dead::{DeadLetter, DeadLetters};
use crate::api::begin_connect::GrantAt;
use crate::api::list_accounts::Accounts;
use crate::api::list_series::SeriesList;
use crate::api::read_notifications::ReadNotifications;
use crate::authenticate_user::UserAuth;
use crate::authorize_channel::ChannelAuth;
use crate::events_after::MissedEvents;
use crate::problem::ErrorBody;

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

/// The document with these paths, as it is written down.
pub(super) fn of(paths: Paths) -> String {
    let mut document = Base::openapi();
    document.paths.merge(paths);
    add_security(&mut document, "the cookie's name, unless configured otherwise: pushbridge_token");
    lines(&serde_json::to_value(document).unwrap(), 0) + "\n"
}

/// JSON with a line for each path and each schema: small to serve, and a change is a line.
fn lines(value: &Value, depth: u8) -> String {
    match value.as_object() {
        Some(fields) if depth < 3 => {
            let field =
                |(name, value)| format!("{}:{}", Value::from(name), lines(value, depth + 1));
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| field((name.as_str(), value))).collect();
            format!("{{\n{}\n}}", fields.join(",\n"))
        }
        _ => value.to_string(),
    }
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
