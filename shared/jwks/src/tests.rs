use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use p256::pkcs8::EncodePrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// A key pair with the id that a provider gave it.
struct Key {
    kid: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Key {
    fn rs256(kid: &'static str) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        let key = EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes());
        Self { kid, algorithm: Algorithm::RS256, key }
    }

    fn es256(kid: &'static str) -> Self {
        let key = p256::SecretKey::random(&mut OsRng);
        let key = EncodingKey::from_ec_der(key.to_pkcs8_der().unwrap().as_bytes());
        Self { kid, algorithm: Algorithm::ES256, key }
    }

    fn token(&self, user: &str) -> String {
        let header = Header { kid: Some(self.kid.into()), ..Header::new(self.algorithm) };
        encode(&header, &json!({ "sub": user, "exp": now_s() + 60 }), &self.key).unwrap()
    }
}

/// The JWKS document of these keys.
fn document(keys: &[&Key]) -> Response {
    let jwks = keys.iter().map(|key| {
        let mut jwk = Jwk::from_encoding_key(&key.key, key.algorithm).unwrap();
        jwk.common.key_id = Some(key.kid.into());
        jwk
    });
    json!({ "keys": jwks.collect::<Vec<_>>() }).to_string().into_response()
}

/// A provider on the loopback that gives each prepared answer once and counts the requests.
struct Provider {
    url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    answers: Mutex<VecDeque<Response>>,
    requests: Mutex<usize>,
}

impl State {
    fn answer(&self) -> Response {
        *self.requests.lock().unwrap() += 1;
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

impl Provider {
    async fn start(answers: impl IntoIterator<Item = Response>) -> Self {
        let state = Arc::new(State::default());
        state.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let shared = state.clone();
        let app = Router::new().route("/jwks.json", get(async move || shared.answer()));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, state, task }
    }

    fn requests(&self) -> usize {
        *self.state.requests.lock().unwrap()
    }

    /// A verifier that fetches as often as it likes.
    fn eager(&self) -> Verifier {
        self.verifier(Pace { fresh: Duration::MAX, pause: Duration::ZERO })
    }

    fn verifier(&self, pace: Pace) -> Verifier {
        Verifier::rotating(Source::new(&self.url).unwrap(), JwtRules::default(), pace)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn check(verifier: &Verifier, token: &str) -> Result<String, TokenError> {
    verifier.verify(token).await.map(|user| user.id.to_string())
}

#[tokio::test]
async fn keys_are_fetched_once_and_serve_both_algorithms() {
    let (rsa, ec) = (Key::rs256("r"), Key::es256("e"));
    let provider = Provider::start([document(&[&rsa, &ec])]).await;
    let verifier = provider.eager();
    assert_eq!(provider.requests(), 0);
    assert_eq!(check(&verifier, &rsa.token("1")).await, Ok("1".into()));
    assert_eq!(check(&verifier, &ec.token("12")).await, Ok("12".into()));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_the_old_one_refused() {
    let (old, new) = (Key::rs256("2026-01"), Key::rs256("2026-02"));
    let provider = Provider::start([document(&[&old]), document(&[&new])]).await;
    let verifier = provider.eager();
    assert_eq!(check(&verifier, &old.token("1")).await, Ok("1".into()));
    assert_eq!(check(&verifier, &new.token("2")).await, Ok("2".into()));
    assert_eq!(provider.requests(), 2);
    assert_eq!(check(&verifier, &old.token("1")).await, Err(TokenError::UnknownKeyId));
}

#[tokio::test]
async fn forged_key_ids_do_not_make_us_ask_again_and_again() {
    let (known, forged) = (Key::es256("a"), Key::es256("b"));
    let provider = Provider::start([document(&[&known])]).await;
    let pace = Pace { fresh: Duration::MAX, pause: Duration::MAX };
    let verifier = provider.verifier(pace);
    for _ in 0..3 {
        assert_eq!(check(&verifier, &forged.token("1")).await, Err(TokenError::UnknownKeyId));
    }
    assert_eq!(check(&verifier, &known.token("1")).await, Ok("1".into()));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn many_callers_share_one_request() {
    let key = Key::es256("a");
    let provider = Provider::start([document(&[&key])]).await;
    let verifier = Arc::new(provider.eager());
    let mut callers = tokio::task::JoinSet::new();
    for user in 0..20 {
        let (verifier, token) = (verifier.clone(), key.token(&user.to_string()));
        callers.spawn(async move { verifier.verify(&token).await.is_ok() });
    }
    assert!(callers.join_all().await.into_iter().all(|ok| ok));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn old_keys_stay_when_the_provider_fails() {
    let key = Key::es256("a");
    let too_large = "x".repeat(256 * 1024 + 1).into_response();
    let answers = [
        document(&[&key]),
        StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "<html>".into_response(),
        r#"{"keys":[]}"#.into_response(),
        Redirect::temporary("/jwks.json").into_response(),
        too_large,
    ];
    let provider = Provider::start(answers).await;
    let always = Pace { fresh: Duration::ZERO, pause: Duration::ZERO };
    let verifier = provider.verifier(always);
    for request in 1..=6 {
        assert_eq!(check(&verifier, &key.token("1")).await, Ok("1".into()), "request {request}");
        assert_eq!(provider.requests(), request);
    }
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_until_they_come() {
    let key = Key::es256("a");
    let down = StatusCode::BAD_GATEWAY.into_response();
    let provider = Provider::start([down, document(&[&key])]).await;
    let verifier = provider.eager();
    assert_eq!(check(&verifier, &key.token("1")).await, Err(TokenError::KeysUnavailable));
    assert_eq!(check(&verifier, &key.token("1")).await, Ok("1".into()));
}

#[tokio::test]
async fn a_secret_needs_no_provider() {
    let verifier = Verifier::secret(b"hush", JwtRules::default());
    let user = User { id: protocol::UserId::new("1"), info: None, workspaces: Vec::new() };
    let mint = |secret| identity::mint(&user, secret, &JwtRules::default(), 60, now_s()).unwrap();
    assert_eq!(check(&verifier, &mint(b"hush")).await, Ok("1".into()));
    assert_eq!(check(&verifier, &mint(b"hash")).await, Err(TokenError::Signature));
}

#[test]
fn urls_must_be_protected() {
    let verdict =
        |url| Verifier::jwks(url, JwtRules::default()).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(verdict("https://example.com/jwks.json"), Ok(()));
    assert_eq!(verdict("http://localhost:8080/jwks.json"), Ok(()));
    let unprotected = verdict("http://example.com/jwks.json").unwrap_err();
    assert!(unprotected.contains("must begin with https://"), "{unprotected}");
    for bad in ["", "example.com", "file:///etc/passwd", "ftp://example.com/"] {
        assert!(verdict(bad).unwrap_err().contains("malformed"), "{bad}");
    }
}
