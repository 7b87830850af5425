//! One host with the connections that are open to it. HTTP/1.1, so that a slow answer holds up nothing but its own
//! connection.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;

use crate::tls;

/// How long a connection may take to open, TLS included. Ours: in a region it takes some 10 ms.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long an unused connection is trusted. Servers close theirs after a minute and more; a function may have been
/// frozen meanwhile, so the clock is the wall's.
const IDLE: Duration = Duration::from_secs(45);
/// Largest answer that is read (DynamoDB: 16 MB, BatchGetItem).
const BODY_BYTES: usize = 17 << 20;

type Sender = SendRequest<Full<Bytes>>;

/// A host, and what is open to it.
#[derive(Debug)]
pub struct Endpoint {
    host: String,
    port: u16,
    tls: Option<ServerName<'static>>,
    authority: HeaderValue,
    path: String,
    idle: Mutex<Vec<(Sender, SystemTime)>>,
}

/// The address of an endpoint is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no address of an endpoint; a good one is https://example.execute-api.eu-central-1.amazonaws.com/prod."
)]
pub struct EndpointError(String);

impl EndpointError {
    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Why there is no answer. Fit for logs.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nothing was sent: the host cannot be reached.
    #[error("the host cannot be reached: {0}")]
    Connect(std::io::Error),
    /// The request may have arrived.
    #[error("the connection broke: {0}")]
    Broken(hyper::Error),
    /// The request may have arrived.
    #[error("no answer came in time")]
    Late,
    /// The answer is larger than any should be.
    #[error("the answer is too large")]
    TooLarge,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Endpoint {
    /// Reads `http(s)://host[:port][/path]`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        let refused = || EndpointError(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| refused())?;
        let authority = uri.authority().ok_or_else(refused)?;
        let (host, secure) = (authority.host().to_owned(), uri.scheme_str() == Some("https"));
        if !secure && uri.scheme_str() != Some("http") {
            return Err(refused());
        }
        let name = || ServerName::try_from(host.clone()).map_err(|_| refused());
        Ok(Self {
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            tls: if secure { Some(name()?) } else { None },
            authority: HeaderValue::from_str(authority.as_str()).map_err(|_| refused())?,
            path: uri.path().trim_end_matches('/').to_owned(),
            host,
            idle: Mutex::default(),
        })
    }

    /// The value of `Host`.
    pub(crate) fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// The path that all requests begin with.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Opens a connection ahead of its use.
    pub async fn warm(&self) {
        if self.idle().is_empty()
            && let Ok(sender) = self.connect().await
        {
            self.keep(sender);
        }
    }

    /// Sends a request whose URI is a path, within `timeout`. It is sent again if the connection turns out to have been
    /// closed before it left.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        timeout: Duration,
    ) -> Result<Answer, Trouble> {
        tokio::time::timeout(timeout, self.exchange(request)).await.unwrap_or(Err(Trouble::Late))
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, Trouble> {
        request.headers_mut().insert(HOST, self.authority.clone());
        loop {
            let (mut sender, fresh) = match self.take() {
                Some(sender) => (sender, false),
                None => (self.connect().await?, true),
            };
            if !fresh && sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return self.read(sender, response).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !fresh => request = unsent,
                    _ => return Err(Trouble::Broken(error.into_error())),
                },
            }
        }
    }

    async fn read(
        &self,
        sender: Sender,
        response: http::Response<Incoming>,
    ) -> Result<Answer, Trouble> {
        let (parts, mut body) = response.into_parts();
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(Trouble::Broken)?.into_data() else { continue };
            if whole.len() + data.len() > BODY_BYTES {
                return Err(Trouble::TooLarge);
            }
            whole.extend_from_slice(&data);
        }
        if !sender.is_closed() {
            self.keep(sender);
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body: whole.freeze() })
    }

    async fn connect(&self) -> Result<Sender, Trouble> {
        let slow = |_| std::io::Error::from(std::io::ErrorKind::TimedOut);
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, self.open()).await.map_err(slow);
        opened.and_then(|opened| opened).map_err(Trouble::Connect)
    }

    async fn open(&self) -> std::io::Result<Sender> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => shake_hands(TokioIo::new(stream)).await,
            Some(name) => {
                let stream = tls::connector().connect(name.clone(), stream).await?;
                shake_hands(TokioIo::new(stream)).await
            }
        }
    }

    fn take(&self) -> Option<Sender> {
        let mut idle = self.idle();
        while let Some((sender, since)) = idle.pop() {
            // A clock that was set back makes a connection old.
            if !sender.is_closed() && since.elapsed().is_ok_and(|it| it < IDLE) {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: Sender) {
        self.idle().push((sender, SystemTime::now()));
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Sender, SystemTime)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins HTTP on a stream. The connection lives in a task of its own, until either side closes it.
async fn shake_hands<T>(stream: T) -> std::io::Result<Sender>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(stream).await.map_err(std::io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to AWS ended");
        }
    });
    Ok(sender)
}
