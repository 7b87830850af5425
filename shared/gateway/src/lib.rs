//! HTTP: the Pusher HTTP API, the auth endpoints and the posts API as one router.
//!
//! Handlers are thin: extract, one verb, answer. There is no listener and no socket in here,
//! so the same router stands behind a server and behind a function.

mod admin;
mod answers;
mod api;
mod authenticate_user;
mod authorize_channel;
mod body;
mod clock;
mod cors;
mod door;
mod entrance;
mod events_after;
mod fallback;
mod get_channel;
mod get_media;
mod health;
mod idempotency;
mod json;
mod list_channels;
mod list_users;
mod openapi;
mod pages;
mod plain;
mod problem;
mod push;
mod routes;
mod settings;
mod sign;
mod signed;
mod terminate_connections;
mod trigger_batch;
mod trigger_channel;
mod trigger_event;
mod visitors;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use identity::Facts;
use jwks::Verifier;
use publishing::{Announcer, PublishTo, Publishing};
use service::{Outbox, Service};
use store::Store;

use crate::admin::{Sealing, sealing_routes};
use crate::api::Desk;
use crate::door::Door;
use crate::pages::Pages;
use crate::push::Push;
use crate::routes::{Descriptions, Made, Routes};
use crate::sign::Sign;
use crate::visitors::Watch;

pub use admin::Admin;
pub use entrance::{Entrance, Visitor, chosen_subprotocol};
pub use settings::{Origins, Settings};
pub use visitors::{AddressRates, ClientIp, TooOften, Visitors};

/// What the router calls.
pub struct Gateway<S, O, F, P, A> {
    /// The push core.
    pub service: Arc<Service<S, O, F>>,
    /// What the policy asks about; usually the same as the service's.
    pub facts: F,
    /// Posts and accounts.
    pub publishing: Arc<Publishing<P, A>>,
    /// Tells users from tokens.
    pub verifier: Arc<Verifier>,
    /// Apps and dead letters, for operators.
    pub admin: Admin,
    /// The rest.
    pub settings: Settings,
    /// How often addresses may connect and fail; shared with the listener.
    pub visitors: Visitors,
}

/// What the router of signatures calls.
pub struct Signing<S, O, F> {
    /// The push core.
    pub service: Arc<Service<S, O, F>>,
    /// What the policy asks about.
    pub facts: F,
    /// Tells users from tokens.
    pub verifier: Arc<Verifier>,
    /// The rest.
    pub settings: Settings,
    /// How often addresses may fail.
    pub visitors: Visitors,
}

/// Builds a router of only what signs for pusher-js, for a host that has the rest elsewhere.
pub fn signing_router<S, O, F>(signing: Signing<S, O, F>) -> Router
where
    S: Store,
    O: Outbox,
    F: Facts + Clone + 'static,
{
    let Signing { service, facts, verifier, settings, visitors } = signing;
    let pages = Arc::new(Pages::new(settings.allowed_origins.clone(), service.shared_apps()));
    let door = Door::new(verifier, pages.clone(), &settings);
    let watch = Watch { visitors, service: Arc::clone(&service) };
    let routes = sign_routes::<S, O, F, Made>().with_state(Sign { service, facts, door });
    guarded(routes.into_parts().0, watch, pages)
}

/// Builds the router. It has a fallback for unknown paths; routes of a host can be merged in.
pub fn router<S, O, F, P, A>(gateway: Gateway<S, O, F, P, A>) -> Router
where
    S: Store,
    O: Outbox,
    F: Facts + Clone + 'static,
    P: PublishTo,
    A: Announcer,
{
    let origins = gateway.settings.allowed_origins.clone();
    let watch = Watch { visitors: gateway.visitors.clone(), service: Arc::clone(&gateway.service) };
    let pages = Arc::new(Pages::new(origins, gateway.service.shared_apps()));
    guarded(routes::<_, _, _, _, _, Made>(gateway, &pages).into_parts().0, watch, pages)
}

/// Puts around a router what all requests go through.
fn guarded<S, O, F>(router: Router, watch: Watch<S, O, F>, pages: Arc<Pages>) -> Router
where
    S: Store,
    O: Outbox,
    F: Facts + 'static,
{
    router
        .fallback(fallback::not_found)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(middleware::from_fn_with_state(watch, visitors::apply::<S, O, F>))
        .layer(middleware::from_fn_with_state(pages, cors::apply))
}

/// Every route with its description.
fn routes<S, O, F, P, A, D>(gateway: Gateway<S, O, F, P, A>, pages: &Arc<Pages>) -> Routes<(), D>
where
    S: Store,
    O: Outbox,
    F: Facts + Clone + 'static,
    P: PublishTo,
    A: Announcer,
    D: Descriptions,
{
    let Gateway { service, facts, publishing, verifier, admin, settings, visitors: _ } = gateway;
    let settings = Arc::new(settings);
    let door = Door::new(verifier, pages.clone(), &settings);
    let sign = Sign { service: service.clone(), facts, door: door.clone() };
    let sealing = Sealing { publishing: Arc::clone(&publishing), admin: admin.clone() };
    let sealing_routes = sealing_routes::<P, A, D>().answering(&answers::OPERATORS);
    let desk = Desk { publishing, door, settings };
    let desk_routes = api::routes::<P, A, D>()
        .answering(&answers::USERS)
        .merge(api::scheduler_routes::<P, A, D>().answering(&answers::OPERATORS));
    Routes::new()
        .add(health::__path_health, health::health)
        .answering(&answers::HEALTH)
        .merge(push::routes::<S, O, F, D>().with_state(Push { service }))
        .merge(sign_routes::<S, O, F, D>().merge(missed_routes()).with_state(sign))
        .merge(desk_routes.with_state(desk.clone()))
        .merge(media_routes::<P, A, D>().with_state(desk))
        .merge(admin::routes().answering(&answers::OPERATORS).with_state(admin))
        .merge(sealing_routes.with_state(sealing))
        .merge(openapi::routes().answering(&answers::DESCRIPTION))
}

/// What platforms fetch.
fn media_routes<P: PublishTo, A: Announcer, D: Descriptions>() -> Routes<Desk<P, A>, D> {
    use get_media::{__path_get_media, get_media};
    Routes::new().add(__path_get_media, get_media::<P, A>).answering(&answers::MEDIA)
}

/// What pusher-js calls.
fn sign_routes<S, O, F, D>() -> Routes<Sign<S, O, F>, D>
where
    S: Store,
    O: Outbox,
    F: Facts + Clone + 'static,
    D: Descriptions,
{
    use authenticate_user::{__path_authenticate_user, authenticate_user};
    use authorize_channel::{__path_authorize_channel, authorize_channel};
    Routes::new()
        .add(__path_authorize_channel, authorize_channel::<S, O, F>)
        .also("/api/pusher/auth", __path_authorize_channel, authorize_channel::<S, O, F>)
        .add(__path_authenticate_user, authenticate_user::<S, O, F>)
        .also("/api/pusher/user-auth", __path_authenticate_user, authenticate_user::<S, O, F>)
        .answering(&answers::SIGNING)
}

/// What users ask for who missed events.
fn missed_routes<S, O, F, D>() -> Routes<Sign<S, O, F>, D>
where
    S: Store,
    O: Outbox,
    F: Facts + Clone + 'static,
    D: Descriptions,
{
    use events_after::{__path_user_events_after, user_events_after};
    Routes::new()
        .add(__path_user_events_after, user_events_after::<S, O, F>)
        .answering(&answers::USERS)
}
