use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm as Alg, EncodingKey, Header, encode};
use p256::pkcs8::EncodePrivateKey;
use proptest::prelude::*;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use serde_json::json;

use super::*;
use crate::{Algorithm, JwksError, mint};

const NOW: u64 = 1_700_000_000;
const SECRET: &[u8] = b"a secret that is long enough for HS256";

static RSA: LazyLock<EncodingKey> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
    EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes())
});

fn ec_key() -> EncodingKey {
    let key = p256::SecretKey::random(&mut OsRng);
    EncodingKey::from_ec_der(key.to_pkcs8_der().unwrap().as_bytes())
}

fn jwk(key: &EncodingKey, alg: Alg, kid: Option<&str>) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, alg).unwrap();
    jwk.common.key_id = kid.map(str::to_owned);
    serde_json::to_value(jwk).unwrap()
}

fn set(keys: &[Value]) -> Result<Keys, JwksError> {
    Keys::jwks(json!({ "keys": keys }).to_string().as_bytes())
}

fn token(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    encode(header, claims, key).unwrap()
}

fn hs256(claims: &Value) -> String {
    token(&Header::default(), claims, &EncodingKey::from_secret(SECRET))
}

fn signed(alg: Alg, kid: Option<&str>, key: &EncodingKey) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(alg) };
    token(&header, &json!({ "sub": "7", "exp": NOW + 60 }), key)
}

fn check(token: &str, rules: &JwtRules) -> Result<User, TokenError> {
    verify(token, &Keys::secret(SECRET), rules, NOW)
}

fn refused(claims: Value) -> Option<TokenError> {
    check(&hs256(&claims), &JwtRules::default()).err()
}

fn user(id: &str, workspaces: &[(&str, Option<&str>)]) -> User {
    let workspaces = workspaces
        .iter()
        .map(|(id, role)| Workspace { id: WorkspaceId::new(*id), role: role.map(str::to_owned) });
    User { id: UserId::new(id), info: None, workspaces: workspaces.collect() }
}

#[test]
fn claims_become_a_user() {
    let accepted = |claims: Value| check(&hs256(&claims), &JwtRules::default()).unwrap();
    let exp = NOW + 60;
    assert_eq!(accepted(json!({ "sub": "user-1", "exp": exp })), user("user-1", &[]));
    assert_eq!(accepted(json!({ "sub": 12, "exp": exp })), user("12", &[]));
    assert_eq!(
        accepted(json!({ "sub": "ü", "exp": exp as f64 + 0.5, "workspaces": ["a", 7] })),
        user("ü", &[("a", None), ("7", None)])
    );
    assert_eq!(
        accepted(json!({ "sub": "1", "exp": exp, "workspaces": { "a": "owner", "b": null } })),
        user("1", &[("a", Some("owner")), ("b", None)])
    );
    let with_info = accepted(json!({ "sub": "1", "exp": exp, "user_info": { "name": "Ada" } }));
    assert_eq!(with_info.info, Some(json!({ "name": "Ada" })));
}

#[test]
fn claim_names_are_configuration() {
    let rules = JwtRules {
        user_id_claim: "uid".into(),
        info_claim: "profile".into(),
        workspaces_claim: "teams".into(),
        ..JwtRules::default()
    };
    let claims = json!({ "sub": "x", "uid": "7", "exp": NOW + 1, "profile": 1, "teams": ["t"] });
    let expected = User { info: Some(json!(1)), ..user("7", &[("t", None)]) };
    assert_eq!(check(&hs256(&claims), &rules), Ok(expected));
    assert_eq!(
        check(&hs256(&json!({ "sub": "x", "exp": NOW + 1 })), &rules),
        Err(TokenError::NoUserId("uid".into()))
    );
}

#[test]
fn times_have_a_leeway_of_thirty_seconds() {
    let exp = |exp: Value| refused(json!({ "sub": "1", "exp": exp }));
    assert_eq!(exp(json!(NOW - 29)), None);
    assert_eq!(exp(json!(NOW - 30)), Some(TokenError::Expired));
    assert_eq!(exp(json!(0)), Some(TokenError::Expired));
    assert_eq!(exp(json!(-5)), Some(TokenError::Expired));
    for no_number in [json!(null), json!("soon"), json!(true)] {
        assert_eq!(exp(no_number.clone()), Some(TokenError::NoExpiry), "{no_number}");
    }
    assert_eq!(refused(json!({ "sub": "1" })), Some(TokenError::NoExpiry));

    let nbf = |nbf: Value| refused(json!({ "sub": "1", "exp": NOW + 600, "nbf": nbf }));
    assert_eq!(nbf(json!(NOW + 30)), None);
    assert_eq!(nbf(json!(null)), None);
    assert_eq!(nbf(json!(NOW + 31)), Some(TokenError::NotYet));
    assert_eq!(nbf(json!("soon")), Some(TokenError::Malformed));
}

#[test]
fn users_without_a_usable_id_are_refused() {
    let none = Some(TokenError::NoUserId("sub".into()));
    for sub in [json!(null), json!(""), json!(1.5), json!(true), json!("x".repeat(129))] {
        assert_eq!(refused(json!({ "sub": sub.clone(), "exp": NOW + 1 })), none, "{sub}");
    }
    assert_eq!(refused(json!({ "exp": NOW + 1 })), none);
}

#[test]
fn workspaces_in_other_forms_are_refused() {
    let wrong = Some(TokenError::Workspaces("workspaces".into()));
    for it in [json!("a"), json!(7), json!([""]), json!([null]), json!({"": "x"}), json!({"a": 1})]
    {
        let claims = json!({ "sub": "1", "exp": NOW + 1, "workspaces": it.clone() });
        assert_eq!(refused(claims), wrong, "{it}");
    }
}

#[test]
fn audience_and_issuer_are_checked_when_set() {
    let rules = JwtRules {
        audience: Some("us".into()),
        issuer: Some("them".into()),
        ..JwtRules::default()
    };
    let with = |aud: Value, iss: Value| {
        let claims = json!({ "sub": "1", "exp": NOW + 1, "aud": aud, "iss": iss });
        check(&hs256(&claims), &rules).err()
    };
    assert_eq!(with(json!("us"), json!("them")), None);
    assert_eq!(with(json!(["you", "us"]), json!("them")), None);
    for aud in [json!("usa"), json!(["you"]), json!([]), json!(null)] {
        assert_eq!(with(aud.clone(), json!("them")), Some(TokenError::Audience), "{aud}");
    }
    for iss in [json!("they"), json!(["them"]), json!(null)] {
        assert_eq!(with(json!("us"), iss.clone()), Some(TokenError::Issuer), "{iss}");
    }
}

#[test]
fn unsigned_and_malformed_tokens_are_refused() {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let claims = part(&json!({ "sub": "1", "exp": NOW + 60 }).to_string());
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"None"}"#, "{}", "7", r#"{"alg":"HS257"}"#] {
        for signature in ["", "AAAA"] {
            let token = format!("{}.{claims}.{signature}", part(header));
            assert_eq!(check(&token, &JwtRules::default()), Err(TokenError::Malformed), "{header}");
        }
    }
    for garbage in ["", ".", "..", "a.b.c", "a.b", "ü.ü.ü", "null"] {
        assert_eq!(check(garbage, &JwtRules::default()), Err(TokenError::Malformed), "{garbage}");
    }
    let long = "a".repeat(TOKEN_BYTES + 1);
    assert_eq!(check(&long, &JwtRules::default()), Err(TokenError::TooLong));
}

#[test]
fn other_secrets_and_other_algorithms_are_refused() {
    let claims = json!({ "sub": "1", "exp": NOW + 60 });
    let other = EncodingKey::from_secret(b"another secret, long enough as well");
    assert_eq!(
        check(&token(&Header::default(), &claims, &other), &JwtRules::default()),
        Err(TokenError::Signature)
    );
    let hs512 = token(&Header::new(Alg::HS512), &claims, &EncodingKey::from_secret(SECRET));
    assert_eq!(
        check(&hs512, &JwtRules::default()),
        Err(TokenError::Algorithm("HS256, RS256, ES256".into()))
    );
    let only_es256 = JwtRules { algorithms: vec![Algorithm::Es256], ..JwtRules::default() };
    assert_eq!(check(&hs256(&claims), &only_es256), Err(TokenError::Algorithm("ES256".into())));

    let critical = Header { crit: Some(vec!["b64".into()]), ..Header::default() };
    let critical = token(&critical, &claims, &EncodingKey::from_secret(SECRET));
    assert_eq!(check(&critical, &JwtRules::default()), Err(TokenError::Critical));
}

#[test]
fn public_keys_verify_by_key_id() {
    let (ec, other_ec) = (ec_key(), ec_key());
    let keys = set(&[
        jwk(&RSA, Alg::RS256, Some("r")),
        jwk(&ec, Alg::ES256, Some("e1")),
        jwk(&other_ec, Alg::ES256, Some("e2")),
    ])
    .unwrap();
    let rules = JwtRules::default();
    let check = |token: String| verify(&token, &keys, &rules, NOW).map(|user| user.id.to_string());
    assert_eq!(check(signed(Alg::RS256, Some("r"), &RSA)), Ok("7".into()));
    assert_eq!(check(signed(Alg::RS256, None, &RSA)), Ok("7".into()));
    assert_eq!(check(signed(Alg::ES256, Some("e1"), &ec)), Ok("7".into()));
    assert_eq!(check(signed(Alg::ES256, Some("e2"), &ec)), Err(TokenError::Signature));
    assert_eq!(check(signed(Alg::ES256, None, &ec)), Err(TokenError::NoKeyId));
    assert_eq!(check(signed(Alg::ES256, Some("e3"), &ec)), Err(TokenError::UnknownKeyId));
    assert_eq!(check(signed(Alg::ES256, Some("r"), &ec)), Err(TokenError::UnknownKeyId));
}

/// The classic: a public key, which everyone knows, used as the secret of an HS256 token.
#[test]
fn algorithm_confusion_is_refused() {
    let document = jwk(&RSA, Alg::RS256, Some("r"));
    let keys = set(std::slice::from_ref(&document)).unwrap();
    for public in [document["n"].as_str().unwrap().to_owned(), document.to_string()] {
        let forged = signed(Alg::HS256, Some("r"), &EncodingKey::from_secret(public.as_bytes()));
        assert_eq!(
            verify(&forged, &keys, &JwtRules::default(), NOW),
            Err(TokenError::WrongKind("HS256"))
        );
    }
    assert_eq!(
        check(&signed(Alg::RS256, None, &RSA), &JwtRules::default()),
        Err(TokenError::WrongKind("RS256"))
    );
}

#[test]
fn only_signing_keys_of_good_size_are_taken_from_a_document() {
    let mut for_encryption = jwk(&ec_key(), Alg::ES256, Some("a"));
    for_encryption["use"] = json!("enc");
    let mut other_algorithm = jwk(&RSA, Alg::RS256, Some("b"));
    other_algorithm["alg"] = json!("RS512");
    let mut short = jwk(&RSA, Alg::RS256, Some("c"));
    short["n"] = json!(&short["n"].as_str().unwrap()[..171]);
    let secret = json!({ "kty": "oct", "k": "AAAA", "kid": "d" });
    let unknown = json!({ "kty": "future", "kid": "e" });
    let useless = [for_encryption, other_algorithm, short, secret, unknown, json!(7)];
    for key in &useless {
        assert!(matches!(set(std::slice::from_ref(key)), Err(JwksError::Empty)), "{key}");
    }
    let ec = ec_key();
    let mixed = [&useless[..], &[jwk(&ec, Alg::ES256, Some("f"))]].concat();
    let token = signed(Alg::ES256, Some("f"), &ec);
    assert!(verify(&token, &set(&mixed).unwrap(), &JwtRules::default(), NOW).is_ok());

    assert!(matches!(set(&vec![json!({}); 33]), Err(JwksError::TooMany)));
    for garbage in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
        assert!(matches!(Keys::jwks(garbage.as_bytes()), Err(JwksError::Malformed(_))));
    }
}

#[test]
fn no_text_shows_a_secret() {
    let keys = Keys::secret(b"hush-hush");
    assert!(!format!("{keys:?}").contains("hush"));
    assert!(!format!("{keys:?}").contains("104, 117"));
}

proptest! {
    #[test]
    fn what_is_minted_is_accepted_and_nothing_else(
        id in "[a-z0-9ü/. -]{1,20}",
        ids in proptest::collection::btree_set("[a-z0-9]{1,5}", 0..4),
        role: Option<String>,
        at in any::<prop::sample::Index>(),
    ) {
        let workspaces: Vec<_> = ids.iter().map(|id| (id.as_str(), role.as_deref())).collect();
        let user = User { info: Some(json!({ "n": 1 })), ..user(&id, &workspaces) };
        let rules = JwtRules { audience: Some("us".into()), issuer: Some("me".into()), ..JwtRules::default() };
        let token = mint(&user, SECRET, &rules, 60, NOW).unwrap();
        prop_assert_eq!(check(&token, &rules), Ok(user));
        prop_assert_eq!(verify(&token, &Keys::secret(SECRET), &rules, NOW + 90), Err(TokenError::Expired));

        // The last character of a part carries bits that base64 may ignore; every other one counts.
        let at = at.index(token.len() - 1);
        let mut flipped = token.into_bytes();
        flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).unwrap();
        prop_assert!(check(&flipped, &rules).is_err());
    }

    #[test]
    fn garbage_never_panics(text in "\\PC{0,200}") {
        prop_assert!(check(&text, &JwtRules::default()).is_err());
    }
}
