//! Checking signatures of requests: AWS Signature Version 4, with the header `Authorization`.
//!
//! Source: "Create a signed AWS API request" of the IAM user guide.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::request::Parts;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::ids::REGION;

/// The only algorithm there is.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What ends the scope of a signature.
const TERMINATOR: &str = "aws4_request";
/// How far a signature's time may be off, in seconds (AWS: five minutes).
const SKEW_S: u64 = 300;
/// The secret of all access keys. They open nothing but this process.
pub(crate) const SECRET: &str = "emulated-secret-access-key";
/// The session token of all access keys: functions always have one.
pub(crate) const TOKEN: &str = "emulated-session-token";

/// Bytes that stand for themselves in a path (RFC 3986's unreserved ones, and the slash).
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// The same in a query, where a slash does not.
const QUERY: &AsciiSet = &PATH.add(b'/');

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    /// The access key's id.
    pub(crate) key_id: String,
    /// The service that the signature is for.
    pub(crate) service: String,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// There is no signature.
    Missing,
    /// There is one that is none, with what is wrong.
    Wrong(&'static str),
}

/// Checks a request's signature.
pub(crate) fn verify(parts: &Parts, body: &[u8], now: Timestamp) -> Result<Signer, Unsigned> {
    let header = text(&parts.headers, "authorization").ok_or(Unsigned::Missing)?;
    let fields = header.strip_prefix(ALGORITHM).ok_or(Unsigned::Missing)?;
    let field = |name: &str| {
        let mut all = fields.split(',').map(str::trim);
        all.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
    };
    let malformed = Unsigned::Wrong("The Authorization header lacks a field.");
    let credential = field("Credential").ok_or(malformed)?;
    let names = field("SignedHeaders").ok_or(malformed)?;
    let signature = field("Signature").ok_or(malformed)?;

    let (key_id, scope) = credential.split_once('/').ok_or(malformed)?;
    let [day, region, service, TERMINATOR] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(malformed);
    };
    let time = text(&parts.headers, "x-amz-date").ok_or(malformed)?;
    if region != REGION || !time.starts_with(day) || !is_now(time, now) {
        return Err(Unsigned::Wrong("The signature is of another time or region."));
    }
    if text(&parts.headers, "x-amz-security-token") != Some(TOKEN) {
        return Err(Unsigned::Wrong("The security token included in the request is invalid."));
    }
    if !names.split(';').any(|it| it == "host") {
        return Err(Unsigned::Wrong("The header host is not signed."));
    }
    let hash = payload_hash(&parts.headers, body)?;
    let request = canonical(parts, names, &hash);
    let to_sign =
        format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(&request)));
    let mut key = mac(format!("AWS4{SECRET}").as_bytes(), day).finalize().into_bytes();
    for part in [region, service, TERMINATOR] {
        key = mac(&key, part).finalize().into_bytes();
    }
    let wrong = Unsigned::Wrong("The request signature we calculated does not match.");
    let given = hex::decode(signature).map_err(|_| wrong)?;
    mac(&key, &to_sign).verify_slice(&given).map_err(|_| wrong)?;
    Ok(Signer { key_id: key_id.to_owned(), service: service.to_owned() })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_now(time: &str, now: Timestamp) -> bool {
    let Ok(time) = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time) else { return false };
    let Ok(time) = time.to_zoned(jiff::tz::TimeZone::UTC) else { return false };
    time.timestamp().as_second().abs_diff(now.as_second()) <= SKEW_S
}

/// The hash of the body; a header that names one must name that one.
fn payload_hash(headers: &HeaderMap, body: &[u8]) -> Result<String, Unsigned> {
    let hash = hex::encode(Sha256::digest(body));
    match text(headers, "x-amz-content-sha256") {
        Some(given) if given != hash => Err(Unsigned::Wrong("The body has another hash.")),
        _ => Ok(hash),
    }
}

/// The request in the form that is signed. Paths are encoded once more than they are sent.
fn canonical(parts: &Parts, names: &str, hash: &str) -> String {
    let path = utf8_percent_encode(parts.uri.path(), PATH);
    let mut text = format!("{}\n{path}\n{}\n", parts.method, query(parts.uri.query()));
    for name in names.split(';') {
        let values: Vec<_> = parts.headers.get_all(name).iter().collect();
        let values = values.iter().map(|it| String::from_utf8_lossy(it.as_bytes()));
        let values = values.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
        let _ = writeln!(text, "{name}:{}", values.collect::<Vec<_>>().join(","));
    }
    let _ = write!(text, "\n{names}\n{hash}");
    text
}

fn query(query: Option<&str>) -> String {
    let encode = |it: &str| {
        utf8_percent_encode(&percent_decode_str(it).decode_utf8_lossy(), QUERY).to_string()
    };
    let pairs = query.unwrap_or_default().split('&').filter(|it| !it.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    // Any length is a key.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}
