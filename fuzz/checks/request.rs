//! A signed request is taken, however the wire writes it; any other one is refused in words.

use auth::{KeyPair, Request, query_params, sign_request, verify_request};

const NOW: u64 = 1_700_000_000;
/// Longest refusal in bytes: it quotes at most 512 characters of what was signed, each escaped.
const MESSAGE_BYTES: usize = 8 * 1024;

/// Reads `method\npath\nquery\nbody`.
///
/// # Panics
/// When the check of signatures breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let mut parts = bytes.splitn(4, |b| *b == b'\n');
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (Some(method), Some(path), Some(query)) = (text(), text(), text()) else { return };
    let body = parts.next().unwrap_or_default();
    let request = Request { method, path, query, body };
    let (ours, other) = (KeyPair::new("pb-key", "pb-secret"), KeyPair::new("pb-key", "other"));
    match verify_request(&request, std::slice::from_ref(&ours), NOW) {
        Ok(pair) => assert_eq!(pair.key, ours.key),
        Err(error) => assert!(error.to_string().len() <= MESSAGE_BYTES),
    }
    assert!(verify_request(&request, &[other], NOW).is_err(), "nobody else signed it");

    let own = plain(query);
    let query = sign_request(&Request { query: &own, ..request }, &ours, NOW);
    if query.len() > 8 * 1024 {
        return;
    }
    let signed = Request { query: &query, ..request };
    let keys = [ours];
    assert!(verify_request(&signed, &keys, NOW).is_ok(), "what we sign is good: {query}");
    let longer = [body, b"x"].concat();
    assert!(verify_request(&Request { body: &longer, ..signed }, &keys, NOW).is_err());
    assert!(verify_request(&signed, &keys, NOW + 601).is_err());
    let twice = query_params(&query);
    assert_eq!(twice.get("auth_key").map(String::as_str), Some("pb-key"));
}

/// The query's own parameters in letters that no encoding changes.
fn plain(query: &str) -> String {
    let params = query_params(query).into_iter();
    let params = params.filter(|(name, _)| !name.starts_with("auth_") && name != "body_md5");
    let keep = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>();
    let pairs = params.map(|(name, value)| format!("p{}={}", keep(&name), keep(&value)));
    pairs.collect::<Vec<_>>().join("&")
}
