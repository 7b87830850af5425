//! A running emulation, its clients, and functions that do as they are told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use emulated::{Cloud, Host, Options, Settings};
use futures::{SinkExt, StreamExt};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, client_async};
use tungstenite::Message;

pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) public: SocketAddr,
    pub(crate) calls: tempfile::TempDir,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// An event that a function took.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) event: Value,
}

impl Taken {
    /// The id of the connection that it is about.
    pub(crate) fn connection(&self) -> &str {
        self.event["requestContext"]["connectionId"].as_str().unwrap()
    }
}

/// One environment of a function.
pub(crate) struct Function {
    loopback: SocketAddr,
    path: String,
}

impl World {
    pub(crate) async fn start(settings: Settings) -> Self {
        let public = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = public.local_addr().unwrap();
        let calls = tempfile::tempdir().unwrap();
        let engine = || embedded::engine_in_memory().unwrap();
        let cloud = Cloud::start(Options {
            public,
            host: Host::Polled,
            variables: BTreeMap::new(),
            data: engine(),
            realtime: ("realtime".to_owned(), engine()),
            settings: Settings { async_retry_ms: [1, 1], ..settings },
            calls: Some(calls.path().join("calls.jsonl")),
        });
        Self { cloud: cloud.await.unwrap(), public: address, calls }
    }

    pub(crate) async fn usual() -> Self {
        Self::start(Settings::default()).await
    }

    pub(crate) fn function(&self, name: &str, number: u32) -> Function {
        let path = format!("/_runtime/{name}/{number}/2018-06-01/runtime/invocation");
        Function { loopback: self.cloud.loopback(), path }
    }

    /// A client that asks to connect.
    pub(crate) async fn dial(&self, path: &str) -> Result<Client, tungstenite::Error> {
        let stream = TcpStream::connect(self.public).await.unwrap();
        let url = format!("ws://{}{path}", self.public);
        client_async(url, stream).await.map(|(stream, _)| Client(stream))
    }

    /// A client that is connected, and its connection's id.
    pub(crate) async fn connected(&self) -> (Client, String) {
        let function = self.function("connect", 1);
        let (client, id) = tokio::join!(self.dial("/app/key?protocol=7"), async {
            let taken = function.next().await;
            function.answer(&taken, json!({ "statusCode": 200 })).await;
            taken.connection().to_owned()
        });
        let client = client.unwrap();
        // Open a moment after the upgrade: as on AWS whoever posts at once has to try again.
        while self.post(&id, "hello").await.status == StatusCode::GONE {}
        let mut client = client;
        assert_eq!(client.text().await, "hello");
        (client, id)
    }

    /// A signed call to a service.
    pub(crate) async fn signed(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_signed(service, method, path, headers, body).await.unwrap()
    }

    /// The same; nothing if the connection is cut.
    async fn try_signed(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let url = format!("http://{}{path}", self.cloud.loopback());
        let identity = Credentials::new(
            "EMULATED-message-1",
            "emulated-secret-access-key",
            Some("emulated-session-token".to_owned()),
            None,
            "test",
        )
        .into();
        let params = v4::SigningParams::builder().identity(&identity).region("us-east-1");
        let params = params.name(service).time(SystemTime::now());
        let params = params.settings(SigningSettings::default()).build().unwrap();
        let signable =
            SignableRequest::new(method, &*url, headers.iter().copied(), SignableBody::Bytes(body));
        let (added, _) = sign(signable.unwrap(), &params.into()).unwrap().into_parts();
        let mut all = headers.to_vec();
        let added: Vec<_> = added.headers().collect();
        all.extend(added);
        call(self.cloud.loopback(), method, path, &all, body).await
    }

    /// A post to a connection that may be cut.
    pub(crate) async fn try_post(&self, id: &str, text: &str) -> Option<Answer> {
        let path = format!("/prod/@connections/{}", id.replace('=', "%3D"));
        self.try_signed(
            "execute-api",
            "POST",
            &path,
            &[("user-agent", "x app/message")],
            text.as_bytes(),
        )
        .await
    }

    pub(crate) async fn post(&self, id: &str, text: &str) -> Answer {
        self.connection("POST", id, text.as_bytes()).await
    }

    /// A call to `@connections`.
    pub(crate) async fn connection(&self, method: &str, id: &str, body: &[u8]) -> Answer {
        let path = format!("/prod/@connections/{}", id.replace('=', "%3D"));
        self.signed("execute-api", method, &path, &[("user-agent", "x app/message")], body).await
    }

    /// A call to a service with a JSON protocol.
    pub(crate) async fn json(&self, service: &str, target: &str, body: Value) -> Answer {
        let headers = [("x-amz-target", target), ("user-agent", "aws-sdk-rust app/message")];
        self.signed(service, "POST", "/", &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        call(self.cloud.loopback(), method, &format!("/_emulated/{path}"), &[], body).await.unwrap()
    }
}

impl Function {
    /// Asks for the next event; ends with the one before.
    pub(crate) async fn next(&self) -> Taken {
        let path = format!("{}/next", self.path);
        let answer = call(self.loopback, "GET", &path, &[], b"").await.unwrap();
        let id = answer.headers["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned();
        Taken { id, event: answer.json() }
    }

    pub(crate) async fn answer(&self, taken: &Taken, answer: Value) {
        self.say(taken, "response", answer).await;
    }

    pub(crate) async fn fail(&self, taken: &Taken) {
        self.say(taken, "error", json!({ "errorType": "E", "errorMessage": "as told" })).await;
    }

    async fn say(&self, taken: &Taken, how: &str, what: Value) {
        let path = format!("{}/{}/{how}", self.path, taken.id);
        let said = call(self.loopback, "POST", &path, &[], what.to_string().as_bytes()).await;
        assert_eq!(said.unwrap().status, StatusCode::ACCEPTED);
    }
}

/// A WebSocket client.
pub(crate) struct Client(WebSocketStream<TcpStream>);

impl Client {
    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?} is no text"),
            }
        }
    }

    /// The code that the server closes with.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Close(frame) => return frame.unwrap().code.into(),
                other => assert!(!other.is_binary(), "{other:?}"),
            }
        }
    }

    pub(crate) async fn close(mut self) {
        self.0.close(None).await.unwrap();
        while self.0.next().await.is_some_and(|it| it.is_ok()) {}
    }
}

/// One request on a connection of its own; nothing if that is cut.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request =
        Request::builder().method(method).uri(path).header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
    let response = client.send_request(request).await.ok()?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.ok()?.to_bytes();
    Some(Answer { status, headers, body })
}

pub(crate) fn rate(per_second: u32) -> NonZeroU32 {
    NonZeroU32::new(per_second).unwrap()
}
