//! Signature Version 4 with as little work as possible: the day's key is derived once, the time is written once a
//! second, and only what AWS demands is signed: the host and headers that begin with `x-amz-`.
//!
//! Source: "Create a signed AWS API request" of the IAM user guide; compared with `aws-sigv4` in the test.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256, Key};

use crate::Account;
use crate::account::Service;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// Bytes of a path that stand for themselves (RFC 3986's unreserved ones, and the slash).
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Signs requests to one service.
#[derive(Debug)]
pub(crate) struct Signer {
    account: Account,
    service: Service,
    moment: Mutex<Option<Moment>>,
}

/// What is the same for all requests of a second.
#[derive(Debug, Clone)]
struct Moment {
    second: i64,
    /// `20261121T123456Z`.
    date: HeaderValue,
    /// The beginning of the text to sign, up to the hash of the request.
    head: String,
    /// The beginning of the header, up to the signed headers.
    credential: String,
    key: Key,
}

/// What is signed of a request.
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    /// The path as it is sent; there is no query.
    pub(crate) path: &'a str,
    pub(crate) host: &'a HeaderValue,
    /// A header beginning with `x-amz-` that sorts behind `x-amz-security-token`, or between it and the date.
    pub(crate) own: Option<(HeaderName, HeaderValue)>,
    /// SHA-256 of the body in hexadecimal.
    pub(crate) body: &'a str,
}

impl Signer {
    pub(crate) fn new(account: &Account, service: Service) -> Self {
        Self { account: account.clone(), service, moment: Mutex::default() }
    }

    /// The headers that a signed request has. `now`: seconds since the Unix epoch.
    pub(crate) fn headers(&self, request: Signable<'_>, now: i64) -> HeaderMap {
        let moment = self.moment(now);
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(DATE, moment.date.clone());
        if let Some(token) = &self.account.token {
            headers.insert(TOKEN, token.clone());
        }
        if let Some((name, value)) = request.own {
            headers.insert(name, value);
        }
        let mut names: Vec<HeaderName> = headers.keys().cloned().collect();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        let mut signed = String::from("host");
        let mut text = String::with_capacity(2_048);
        let path = utf8_percent_encode(request.path, PATH);
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\n{path}\n\nhost:{}\n", request.method, shown(request.host));
        for name in &names {
            let _ = writeln!(text, "{name}:{}", headers.get(name).map_or("", shown).trim());
            signed.push(';');
            signed.push_str(name.as_str());
        }
        let _ = write!(text, "\n{signed}\n{}", request.body);
        let to_sign = format!("{}{}", moment.head, hash(text.as_bytes()));
        let signature = hex::encode(hmac::sign(&moment.key, to_sign.as_bytes()));
        let header = format!("{}{signed}, Signature={signature}", moment.credential);
        if let Ok(mut header) = HeaderValue::try_from(header) {
            header.set_sensitive(true);
            headers.insert(AUTHORIZATION, header);
        }
        headers
    }

    fn moment(&self, now: i64) -> Moment {
        let mut last = self.moment.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(moment) if moment.second == now => moment.clone(),
            _ => last.insert(self.at(now)).clone(),
        }
    }

    fn at(&self, second: i64) -> Moment {
        let time = Timestamp::from_second(second).unwrap_or_default();
        let date = time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let (region, service) = (&self.account.region, self.service.name());
        let day = &date[..8];
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let mut key = [b"AWS4", self.account.secret.expose()].concat();
        for part in [day, region, service, "aws4_request"] {
            let step = Key::new(HMAC_SHA256, &key);
            key = hmac::sign(&step, part.as_bytes()).as_ref().to_vec();
        }
        Moment {
            second,
            head: format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n"),
            credential: format!(
                "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=",
                self.account.key_id
            ),
            date: HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static("")),
            key: Key::new(HMAC_SHA256, &key),
        }
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

fn shown(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use aws_credential_types::Credentials;
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4;

    use super::*;

    fn account(token: Option<&'static str>) -> Account {
        let get = |name: &str| match name {
            "AWS_REGION" => Some("eu-central-1"),
            "AWS_ACCESS_KEY_ID" => Some("AKID"),
            "AWS_SECRET_ACCESS_KEY" => Some("hush"),
            "AWS_SESSION_TOKEN" => token,
            "AWS_LAMBDA_FUNCTION_NAME" => Some("message"),
            _ => None,
        };
        Account::read(get).unwrap()
    }

    /// What AWS's own crate makes of the same request.
    fn expected(
        account: &Account,
        service: Service,
        (method, path, own, body): (&str, &str, Option<(&str, &str)>, &str),
        second: i64,
    ) -> String {
        let token = account.token.as_ref().map(|it| it.to_str().unwrap().to_owned());
        let identity = Credentials::new("AKID", "hush", token, None, "test").into();
        let time = UNIX_EPOCH + Duration::from_secs(second.unsigned_abs());
        let params = v4::SigningParams::builder().identity(&identity).region(&account.region);
        let params = params.name(service.name()).time(time).settings(SigningSettings::default());
        let url = format!("https://example.com{path}");
        let bytes = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new(method, &*url, own.into_iter(), bytes).unwrap();
        let (added, _) = sign(request, &params.build().unwrap().into()).unwrap().into_parts();
        let found = added.headers().find(|(name, _)| *name == "authorization");
        found.unwrap().1.to_owned()
    }

    #[test]
    fn signatures_are_those_of_the_sdk() {
        for token in [None, Some("a-token")] {
            let account = account(token);
            for (service, request) in [
                (
                    Service::ExecuteApi,
                    ("POST", "/prod/@connections/L0SM9cOFvHcCIhw%3D", None, "{}"),
                ),
                (Service::ExecuteApi, ("DELETE", "/a-b/@connections/a%2Fb~", None, "")),
                (
                    Service::Sqs,
                    ("POST", "/", Some(("x-amz-target", "AmazonSQS.SendMessage")), "{}"),
                ),
                (
                    Service::Lambda,
                    (
                        "POST",
                        "/2015-03-31/functions/my-fanout/invocations",
                        Some(("x-amz-invocation-type", "Event")),
                        "x",
                    ),
                ),
            ] {
                let signer = Signer::new(&account, service);
                // The second time the moment is remembered; the third one is another day.
                for second in [1_700_000_000, 1_700_000_000, 1_700_086_400] {
                    let (method, path, own, body) = request;
                    let own = own.map(|(name, value): (&'static str, &'static str)| {
                        (HeaderName::from_static(name), HeaderValue::from_static(value))
                    });
                    let (host, body) =
                        (HeaderValue::from_static("example.com"), hash(body.as_bytes()));
                    let signable = Signable { method, path, host: &host, own, body: &body };
                    let headers = signer.headers(signable, second);
                    let got = headers[AUTHORIZATION].to_str().unwrap();
                    assert_eq!(got, expected(&account, service, request, second), "{path}");
                }
            }
        }
    }
}
