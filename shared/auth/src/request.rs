//! Signatures of HTTP API requests: method, path and query, the body by its MD5.
//!
//! Source: Pusher's HTTP API reference, "Authentication". MD5 only binds the body to the query;
//! the query is what HMAC-SHA256 protects.

use std::borrow::Cow;
use std::collections::BTreeMap;

use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;
use protocol::limits::REQUEST_AGE_S;
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{KeyPair, clip};

/// Longest query string that is read. Ours: the SDKs send about 300 bytes.
const QUERY_BYTES: usize = 8 * 1024;
/// The only version there is.
const AUTH_VERSION: &str = "1.0";

/// The parts of an HTTP request that its signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path as it was on the wire, without a stage that a proxy added.
    pub path: &'a str,
    /// The query string as it was on the wire, without `?`.
    pub query: &'a str,
    /// The body's bytes.
    pub body: &'a [u8],
}

/// Why a request was refused. Fit to be shown: it says what to sign, never the right signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The query string is absurdly long.
    #[error("Query string too long: at most {QUERY_BYTES} bytes are allowed")]
    QueryTooLong,
    /// A parameter of the signature is not there.
    #[error("{0} is missing: sign the request as Pusher's HTTP API reference says")]
    Missing(&'static str),
    /// Another version of the signature.
    #[error("auth_version must be {AUTH_VERSION}")]
    Version,
    /// The app has no such key.
    #[error("auth_key '{0}' is no key of this app")]
    UnknownKey(String),
    /// The timestamp is no number of seconds.
    #[error("auth_timestamp must be the time in seconds since 1970, as digits")]
    BadTimestamp,
    /// Too old, or from a clock that is ahead.
    #[error(
        "Timestamp expired: {given} is not within {REQUEST_AGE_S}s of the server's time {now}. \
         Check the clock of the machine that sends"
    )]
    Expired {
        /// What came, in seconds.
        given: u64,
        /// The server's time in seconds.
        now: u64,
    },
    /// The body is not the one that was signed.
    #[error("Invalid body_md5: it is not the MD5 of the body that arrived, as lower-case hex")]
    BodyMd5,
    /// The signature is of something else, or made with another secret.
    #[error(
        "Invalid signature: you should have sent HmacSHA256Hex({signed:?}, your_secret_key), \
         but you sent {got:?}"
    )]
    BadSignature {
        /// The text that should have been signed.
        signed: String,
        /// What came.
        got: String,
    },
}

/// Checks a request against the keys of its app and answers the pair that signed it.
///
/// # Errors
/// [`RequestError`], whose text helps whoever writes the caller.
pub fn verify_request<'k>(
    request: &Request<'_>,
    keys: &'k [KeyPair],
    now_s: u64,
) -> Result<&'k KeyPair, RequestError> {
    if request.query.len() > QUERY_BYTES {
        return Err(RequestError::QueryTooLong);
    }
    let params = query_params(request.query);
    let get = |name: &'static str| params.get(name).ok_or(RequestError::Missing(name));

    let key = get("auth_key")?;
    let pair = keys
        .iter()
        .find(|pair| pair.key.as_str() == key)
        .ok_or_else(|| RequestError::UnknownKey(clip(key)))?;
    if get("auth_version")? != AUTH_VERSION {
        return Err(RequestError::Version);
    }
    check_age(get("auth_timestamp")?, now_s)?;
    check_body(params.get("body_md5").map(String::as_str), request.body)?;

    let got = get("auth_signature")?;
    let signed = text(request, &params);
    if pair.verify(signed.as_bytes(), got) || verify_decoded(request, &params, pair, got) {
        return Ok(pair);
    }
    Err(RequestError::BadSignature { signed: clip(&signed), got: clip(got) })
}

/// Some SDKs (Go's) sign the path before it is percent-encoded for the wire.
fn verify_decoded(
    request: &Request<'_>,
    params: &BTreeMap<String, String>,
    pair: &KeyPair,
    got: &str,
) -> bool {
    match percent_decode_str(request.path).decode_utf8() {
        Ok(Cow::Owned(path)) => {
            pair.verify(text(&Request { path: &path, ..*request }, params).as_bytes(), got)
        }
        _ => false,
    }
}

/// Signs a request: the whole query string to send, given its own parameters in `request.query`.
/// Their values must not need percent-encoding.
pub fn sign_request(request: &Request<'_>, pair: &KeyPair, now_s: u64) -> String {
    let mut params = query_params(request.query);
    params.insert("auth_key".into(), pair.key.to_string());
    params.insert("auth_timestamp".into(), now_s.to_string());
    params.insert("auth_version".into(), AUTH_VERSION.into());
    if !request.body.is_empty() {
        params.insert("body_md5".into(), md5_hex(request.body));
    }
    let signature = pair.sign(text(request, &params).as_bytes());
    format!("{}&auth_signature={signature}", join(&params))
}

/// The query's parameters by lower-cased name, each value percent-decoded once. A `+` stays a plus,
/// because that is what the SDKs sign. Values of a list (`info[0]=…&info[1]=…`) are joined by commas.
pub fn query_params(query: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut params = BTreeMap::<String, String>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).to_lowercase();
        let name = list_name(&name).unwrap_or(&name);
        let value = decode(value);
        match params.get_mut(name) {
            Some(list) => {
                list.push(',');
                list.push_str(&value);
            }
            None => {
                params.insert(name.to_owned(), value);
            }
        }
    }
    params
}

/// `info` of `info[]` and `info[3]`, the way PHP writes lists.
fn list_name(name: &str) -> Option<&str> {
    let (base, index) = name.strip_suffix(']')?.rsplit_once('[')?;
    index.bytes().all(|b| b.is_ascii_digit()).then_some(base)
}

fn check_age(timestamp: &str, now_s: u64) -> Result<(), RequestError> {
    let given: u64 = timestamp.parse().map_err(|_| RequestError::BadTimestamp)?;
    if given.abs_diff(now_s) > REQUEST_AGE_S {
        return Err(RequestError::Expired { given, now: now_s });
    }
    Ok(())
}

/// Python signs the MD5 of an empty body too, so an empty body may come with or without one.
fn check_body(md5: Option<&str>, body: &[u8]) -> Result<(), RequestError> {
    match md5 {
        None if body.is_empty() => Ok(()),
        None => Err(RequestError::Missing("body_md5")),
        Some(md5) if md5_hex(body).as_bytes().ct_eq(md5.as_bytes()).into() => Ok(()),
        Some(_) => Err(RequestError::BodyMd5),
    }
}

fn md5_hex(body: &[u8]) -> String {
    hex::encode(Md5::digest(body))
}

fn text(request: &Request<'_>, params: &BTreeMap<String, String>) -> String {
    format!("{}\n{}\n{}", request.method.to_uppercase(), request.path, join(params))
}

/// `name=value&…` in order of names, without the signature itself.
fn join(params: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = params
        .iter()
        .filter(|(name, _)| *name != "auth_signature")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests;
