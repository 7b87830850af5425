//! HTTP/1.1 by hand: a library would not break an answer off where a test wants it broken.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest request that is read, in bytes; more is a test's mistake.
const REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without its query, split at `/`.
    pub(crate) path: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// What was found at the address of a picture that the request names; nothing if it names none.
    pub(crate) fetched: Option<Vec<u8>>,
}

impl Request {
    /// Reads one request; nothing if the peer leaves before it is whole.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            if let Some(request) = Self::parse(&bytes) {
                return Some(request);
            }
            assert!(bytes.len() < REQUEST_BYTES, "a request is too large");
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Nothing while the request is not whole.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let headers: BTreeMap<_, _> = rest
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(Some(0), |it| it.parse().ok())?;
        let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
        let mut words = first.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_matches('/').split('/').map(str::to_owned).collect();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Some(Self { method, path, query, headers, body, fetched: None })
    }

    /// Gets the picture that a JSON body names under `field`, as platforms do that take addresses. What cannot be had is
    /// empty. Addresses with `https` lead off this machine; they are taken as good.
    pub(crate) async fn fetch(&mut self, field: &str) {
        let url = self.json()[field].as_str().map(str::to_owned);
        if let Some(url) = url.filter(|url| url.starts_with("http://")) {
            self.fetched = Some(get(&url).await.unwrap_or_default());
        }
    }

    /// Method and path, to be matched on.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        (&self.method, self.path.iter().map(String::as_str).collect())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn bearer(&self) -> &str {
        self.header("authorization").strip_prefix("Bearer ").unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// A field of a multipart form, as text.
    pub(crate) fn part(&self, name: &str) -> Option<String> {
        let boundary = self.header("content-type").split_once("boundary=")?.1.to_owned();
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let wanted = format!("name=\"{name}\"");
        text.split(&format!("--{boundary}")).find_map(|part| {
            let (head, value) = part.split_once("\r\n\r\n")?;
            head.contains(&wanted).then(|| value.trim_end_matches("\r\n").to_owned())
        })
    }

    /// How many files a multipart form has.
    pub(crate) fn files(&self) -> usize {
        String::from_utf8_lossy(&self.body).matches("; filename=\"").count()
    }
}

/// The body of a successful answer on loopback.
async fn get(url: &str) -> Option<Vec<u8>> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).await.ok()?;
    let ask = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
    bytes.starts_with(b"HTTP/1.1 200").then(|| bytes.split_off(end + 4))
}

/// An answer, and how it reaches the peer.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    wire: Wire,
}

enum Wire {
    Whole,
    Closed,
    Held,
    Cut,
    Trickling,
}

impl Reply {
    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into().into_bytes(), wire: Wire::Whole }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::text(status, "")
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::text(status, body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn closed(self) -> Self {
        Self { wire: Wire::Closed, ..self }
    }

    pub(crate) fn held(self) -> Self {
        Self { wire: Wire::Held, ..self }
    }

    pub(crate) fn cut(self) -> Self {
        Self { wire: Wire::Cut, ..self }
    }

    pub(crate) fn trickling(self) -> Self {
        Self { wire: Wire::Trickling, ..self }
    }

    /// Writes the answer. The peer may be gone, which is its right.
    pub(crate) async fn write(self, mut stream: TcpStream) {
        let mut head = format!("HTTP/1.1 {} -\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let whole = [head.as_bytes(), &self.body].concat();
        let (bytes, holds) = match self.wire {
            Wire::Whole => (whole.as_slice(), false),
            Wire::Closed => (&[][..], false),
            Wire::Held => (&[][..], true),
            // An answer without a body is cut in its head: there is nothing else to cut.
            Wire::Cut if self.body.is_empty() => (&whole[..head.len() - 2], false),
            Wire::Cut => (&whole[..head.len() + self.body.len() / 2], false),
            Wire::Trickling => (&whole[..12], true),
        };
        let _ = stream.write_all(bytes).await;
        if holds {
            // Until the peer gives up.
            let _ = stream.read(&mut [0]).await;
        }
        let _ = stream.shutdown().await;
    }
}
