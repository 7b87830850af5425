//! What people's browsers and token endpoints are answered (RFC 6749, sections 4.1 and 5; PKCE, RFC 7636).
//!
//! A fake grants at once, unless it is told to deny. A code works once, for the client, address and verifier that it was
//! asked with; a second use is refused.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::wire::{Reply, Request};
use crate::world::World;

/// The app that operators registered with every fake.
const CLIENT: (&str, &str) = ("client-id", "client-secret");

/// What a code was asked with.
pub(crate) struct Code {
    challenge: String,
    redirect_uri: String,
}

/// Answers what is the same on all platforms: the page where access is granted, codes, and what makes tokens live long.
pub(crate) fn answer(world: &mut World, request: &Request) -> Option<Reply> {
    let (method, path) = request.route();
    match (method, path.as_slice()) {
        ("GET", [.., "authorize" | "authorization"] | [.., "dialog", "oauth"]) => {
            Some(authorize(world, request))
        }
        (
            "POST",
            [.., "oauth", "token" | "access_token"] | [.., "accessToken"] | [.., "oauth2", "token"],
        ) => token(world, request),
        ("POST", ["api", "v1", "apps"]) => {
            let (client_id, client_secret) = CLIENT;
            world.registered += 1;
            let app = json!({ "client_id": client_id, "client_secret": client_secret });
            Some(Reply::json(200, app))
        }
        ("GET", [.., "access_token"]) => Some(long_lived(world, request)),
        _ => None,
    }
}

/// Sends the browser back with a code, or with the word that there is none.
fn authorize(world: &mut World, request: &Request) -> Reply {
    let asked = |name: &str| request.query.get(name).cloned().unwrap_or_default();
    let whole = asked("response_type") == "code"
        && asked("client_id") == CLIENT.0
        && asked("code_challenge_method") == "S256"
        && asked("code_challenge").len() == 43
        && asked("state").len() >= 32
        && !asked("scope").is_empty();
    if !whole {
        return Reply::text(400, "The request is not valid.");
    }
    let back = |pairs: &[(&str, &str)]| {
        let mut url = url::Url::parse(&asked("redirect_uri")).expect("a whole address");
        url.query_pairs_mut().extend_pairs(pairs).append_pair("state", &asked("state"));
        Reply::empty(302).header("location", url)
    };
    if world.denies {
        return back(&[("error", "access_denied"), ("error_description", "<b>no</b>")]);
    }
    let code = format!("code-{}", world.id());
    let kept = Code { challenge: asked("code_challenge"), redirect_uri: asked("redirect_uri") };
    world.codes.insert(code.clone(), kept);
    back(&[("code", &code)])
}

/// Tokens for a code. Nothing for other grants, which platforms have of their own.
fn token(world: &mut World, request: &Request) -> Option<Reply> {
    let form = request.form();
    if form.get("grant_type").map(String::as_str) != Some("authorization_code") {
        return None;
    }
    let asked = |name: &str| form.get(name).map_or("", String::as_str);
    let basic = STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1));
    let named = request.header("authorization") == format!("Basic {basic}")
        || (asked("client_id"), asked("client_secret")) == CLIENT;
    let good = world.codes.remove(asked("code")).is_some_and(|code| {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(asked("code_verifier")));
        challenge == code.challenge && asked("redirect_uri") == code.redirect_uri
    });
    let refused = json!({ "error": "invalid_grant", "error_description": "The code is not good." });
    Some(match good && named {
        true => Reply::json(200, tokens(world)),
        false => Reply::json(400, refused),
    })
}

fn tokens(world: &World) -> Value {
    json!({
        "access_token": world.token, "refresh_token": world.refresh, "expires_in": 7200,
        "token_type": "bearer",
    })
}

/// A token of 60 days for the one that was just given, or a newer one for an older one.
fn long_lived(world: &mut World, request: &Request) -> Reply {
    let asked = |name: &str| request.query.get(name).map_or("", String::as_str);
    let shown = [asked("access_token"), asked("fb_exchange_token")];
    let secret =
        asked("client_secret") == CLIENT.1 && asked("grant_type").ends_with("exchange_token");
    if !secret || !shown.contains(&world.token.as_str()) {
        return crate::meta::errors().unauthorized;
    }
    let id = world.id();
    world.token = format!("token-{id}");
    let life = 60 * 24 * 3600;
    Reply::json(
        200,
        json!({ "access_token": world.token, "token_type": "bearer", "expires_in": life }),
    )
}
