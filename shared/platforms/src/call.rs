//! Calls to platforms' APIs: written here, sent by the one client, and what their troubles mean.

use outbound::{Body, Call, Http, Reply};
use posts::{ErrorClass, Outcome, Secret};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

/// A call that is being written. It has no `Debug`: addresses and bodies hold secrets.
pub(crate) struct Ask {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// One part of a `multipart/form-data` body (RFC 7578).
pub(crate) enum Part<'a> {
    /// A field of a form.
    Field(&'a str, &'a str),
    /// A file: the field's name, the file's type and bytes.
    File(&'a str, &'a str, &'a [u8]),
}

impl Ask {
    pub(crate) fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: Vec::new() }
    }

    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    pub(crate) fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// Adds `?name=value` or `&name=value`, escaped.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        let pair =
            form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.url.push_str(&pair);
        self
    }

    pub(crate) fn bearer(self, token: &Secret) -> Self {
        self.secret_header(AUTHORIZATION, &format!("Bearer {}", token.reveal()))
    }

    /// HTTP Basic (RFC 7617), as OAuth wants it of confidential clients.
    pub(crate) fn basic(self, user: &str, password: &Secret) -> Self {
        use base64::prelude::{BASE64_STANDARD, Engine};
        let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.reveal()));
        self.secret_header(AUTHORIZATION, &format!("Basic {pair}"))
    }

    /// A value that no header can carry is no token: the call goes without, and the platform says so.
    fn secret_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        self.bytes("application/json", json(body).into_bytes())
    }

    pub(crate) fn form(self, pairs: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.bytes("application/x-www-form-urlencoded", body.into_bytes())
    }

    pub(crate) fn bytes(mut self, mime: &str, body: Vec<u8>) -> Self {
        if let Ok(mime) = HeaderValue::from_str(mime) {
            self.headers.insert(CONTENT_TYPE, mime);
        }
        self.body = body;
        self
    }

    /// `boundary` must not stand in any part; a key of a delivery does not.
    pub(crate) fn multipart(self, boundary: &str, parts: &[Part<'_>]) -> Self {
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            let (head, bytes) = match part {
                Part::Field(name, value) => (format!("name=\"{name}\"\r\n"), value.as_bytes()),
                Part::File(name, mime, bytes) => {
                    let file = mime.replace('/', ".");
                    (
                        format!("name=\"{name}\"; filename=\"{file}\"\r\ncontent-type: {mime}\r\n"),
                        *bytes,
                    )
                }
            };
            body.extend_from_slice(
                format!("content-disposition: form-data; {head}\r\n").as_bytes(),
            );
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        self.bytes(&format!("multipart/form-data; boundary={boundary}"), body)
    }

    /// Makes the call. `now_s` is the time in seconds since 1970 UTC.
    pub(crate) async fn send(self, http: &Http, now_s: u64) -> Result<Said, Missed> {
        let Self { method, url, headers, body } = self;
        match http.call(Call { method, url: &url, headers, body, now_s }).await {
            Reply::Answered { status, retry_after_s, headers, body } => {
                Ok(Said { status, retry_after_s, headers, body })
            }
            Reply::Closed(refusal) => Err(Missed::Closed(refusal.to_string())),
            Reply::NotSent(why) => Err(Missed::NotSent(why)),
            Reply::Unknown(why) => Err(Missed::Unknown(why)),
        }
    }
}

/// An answer.
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) retry_after_s: Option<u64>,
    headers: HeaderMap,
    body: Body,
}

impl Said {
    pub(crate) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; `Null` if it is none.
    pub(crate) fn json(&self) -> Value {
        self.read().unwrap_or(Value::Null)
    }

    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.body()).ok()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }

    fn body(&self) -> &[u8] {
        match &self.body {
            Body::Whole(bytes) => bytes,
            Body::TooLong | Body::Broken => &[],
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header that is a number; fractions are rounded up.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        whole(self.header(name)?.trim().parse().ok()?)
    }
}

/// A number of seconds without a fraction, rounded up. Longer than a day is a day: no pause of ours is longer.
pub(crate) fn seconds(value: f64) -> Option<u64> {
    whole(value).map(|s| s.min(86_400))
}

fn whole(value: f64) -> Option<u64> {
    // A `u64` holds what is left: the conversion is exact below 2^53 and saturates above.
    (value.is_finite() && value >= 0.0).then(|| value.ceil() as u64)
}

/// A call without an answer.
pub(crate) enum Missed {
    /// The address is not open; nothing was sent.
    Closed(String),
    /// Nothing was sent.
    NotSent(&'static str),
    /// The request may have arrived.
    Unknown(&'static str),
}

impl From<Missed> for Outcome {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Closed(why) => refused(ErrorClass::Invalid, why, None),
            Missed::NotSent(why) => not_sent(ErrorClass::Network, why, None),
            Missed::Unknown(why) => Self::Unknown { message: why.to_owned() },
        }
    }
}

/// A value as JSON text.
pub(crate) fn json(value: &impl Serialize) -> String {
    // Texts, numbers and times in structs: there is nothing that JSON cannot say.
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn refused(
    class: ErrorClass,
    message: impl Into<String>,
    http_status: Option<u16>,
) -> Outcome {
    Outcome::Refused { class, message: message.into(), http_status }
}

pub(crate) fn not_sent(
    class: ErrorClass,
    message: impl Into<String>,
    retry_after_s: Option<u64>,
) -> Outcome {
    Outcome::NotSent { class, message: message.into(), retry_after_s }
}

/// What an answer other than success means where the platform has no words of its own for it.
pub(crate) fn usual(said: &Said, who: &str, words: &str) -> Outcome {
    let status = Some(said.status);
    let told = |what: &str| match words {
        "" => format!("{who} {what}."),
        words => format!("{who} {what}: {words}"),
    };
    match said.status {
        401 => refused(ErrorClass::Auth, reconnect(who), status),
        403 => refused(ErrorClass::Forbidden, told("does not allow this"), status),
        413 => refused(ErrorClass::Media, told("found it too large"), status),
        429 => limited(who, said.retry_after_s),
        // Sent on or not, nobody can tell: some servers answer so after the post is made.
        408 | 425 | 500.. => {
            Outcome::Unknown { message: format!("{who} answered with status {}.", said.status) }
        }
        // A redirect that was followed could look like success and publish nothing.
        300..=399 => refused(
            ErrorClass::Invalid,
            format!(
                "{who} answered with a redirect, which is never followed. Tell the operator to check its address."
            ),
            status,
        ),
        _ => refused(ErrorClass::Invalid, told("did not accept the post"), status),
    }
}

pub(crate) fn limited(who: &str, retry_after_s: Option<u64>) -> Outcome {
    Outcome::RateLimited { retry_after_s, message: format!("{who} asked for a pause.") }
}

pub(crate) fn reconnect(who: &str) -> String {
    format!("{who} no longer accepts this account's access. Connect the account again.")
}

/// A success whose body cannot be used: the post is there, and its id is not known.
pub(crate) fn no_id(who: &str) -> Outcome {
    Outcome::Unknown { message: format!("{who} accepted the post, but its answer broke off.") }
}

/// The outcome of a call that nobody sees, such as an upload: whatever is not known of it, it can be made again.
pub(crate) fn harmless(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Unknown { message } => not_sent(ErrorClass::PlatformUnavailable, message, None),
        known => known,
    }
}

#[cfg(test)]
impl Said {
    /// An answer made up.
    pub(crate) fn of(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let body = Body::Whole(body.as_bytes().to_vec());
        Self { status, retry_after_s: None, headers: headers.iter().map(header).collect(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_a_file() {
        let ask = Ask::post("https://a.example/")
            .query("a b", "c&d")
            .multipart("key", &[Part::Field("n", "1"), Part::File("f", "image/png", b"\x89P")]);
        assert_eq!(ask.url, "https://a.example/?a+b=c%26d");
        let body = "--key\r\ncontent-disposition: form-data; name=\"n\"\r\n\r\n1\r\n\
                    --key\r\ncontent-disposition: form-data; name=\"f\"; filename=\"image.png\"\r\n\
                    content-type: image/png\r\n\r\n";
        assert_eq!(ask.body, [body.as_bytes(), b"\x89P\r\n--key--\r\n"].concat());
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_left_out() {
        let ask = Ask::get("https://a.example/").bearer(&Secret::new("a\nb"));
        assert!(ask.headers.is_empty());
    }

    #[test]
    fn numbers_of_headers_are_rounded_up_and_bounded() {
        let said = |value| Said::of(200, &[("x-n", value)], "");
        for (text, number) in
            [("0", Some(0)), (" 1.2 ", Some(2)), ("-1", None), ("NaN", None), ("soon", None)]
        {
            assert_eq!(said(text).number("x-n"), number, "{text}");
        }
        assert_eq!((seconds(0.5), seconds(1e12), seconds(-1.0)), (Some(1), Some(86_400), None));
    }

    #[test]
    fn statuses_have_their_usual_meaning() {
        for (status, class) in [
            (400, ErrorClass::Invalid),
            (401, ErrorClass::Auth),
            (403, ErrorClass::Forbidden),
            (404, ErrorClass::Invalid),
            (413, ErrorClass::Media),
            (422, ErrorClass::Invalid),
            (301, ErrorClass::Invalid),
        ] {
            match usual(&Said::of(status, &[], ""), "P", "") {
                Outcome::Refused { class: got, http_status, .. } => {
                    assert_eq!((got, http_status), (class, Some(status)));
                }
                other => panic!("{status}: {other:?}"),
            }
        }
        for status in [408, 425, 500, 502, 503, 504] {
            let outcome = usual(&Said::of(status, &[], ""), "P", "");
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{status}");
            let outcome = harmless(outcome);
            assert!(matches!(outcome, Outcome::NotSent { .. }), "{status}");
        }
        let outcome = usual(&Said::of(429, &[], ""), "P", "");
        assert!(matches!(outcome, Outcome::RateLimited { retry_after_s: None, .. }));
    }
}
