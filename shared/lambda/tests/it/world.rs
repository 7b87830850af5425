//! Emulated AWS, clients, and functions that run when a test says so.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use config::Env;
use data::Data;
use dynamo::DynamoStore;
use emulated::{Cloud, Options, Settings};
use futures::{SinkExt, StreamExt};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use lambda::connect::Door;
use lambda::host::{Host, Posts};
use lambda::message::Desk;
use lambda::start::Start;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::{WebSocketStream, client_async};
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;

/// How long a frame of a client may take.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// What users' tokens are signed with.
pub(crate) const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct World {
    pub(crate) cloud: Cloud,
    public: SocketAddr,
}

/// An event that waits for its answer.
pub(crate) struct Taken {
    id: String,
    pub(crate) event: Value,
}

impl World {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = listener.local_addr().unwrap();
        let engine = || embedded::engine_in_memory().unwrap();
        let cloud = Cloud::start(Options {
            public: listener,
            host: emulated::Host::Polled,
            variables: BTreeMap::new(),
            data: engine(),
            realtime: ("realtime".to_owned(), engine()),
            settings: Settings { async_retry_ms: [1, 1], ..Settings::default() },
            calls: None,
        });
        let world = Self { cloud: cloud.await.unwrap(), public };
        Data::new(world.dynamodb()).create_tables_if_missing().await.unwrap();
        let apps =
            channels::Apps::new(vec![channels::App::new(protocol::AppId::new("1"), Vec::new())]);
        let store = world.store(channels::SharedApps::new(apps.unwrap()), lambda::host::now_ms);
        store.create_table().await.unwrap();
        world
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let account =
            aws::Account::read(|name| self.env("setup").get(name).map(|it| &*it.to_owned().leak()));
        aws::dynamodb(&account.unwrap()).unwrap()
    }

    /// The store, by another clock than functions have.
    pub(crate) fn store(&self, apps: channels::SharedApps, now_ms: fn() -> u64) -> DynamoStore {
        // As long as functions remember connections.
        let settings = dynamo::Settings { table: "realtime".into(), life_s: 7_800, now_ms };
        DynamoStore::new(self.dynamodb(), apps, settings)
    }

    fn env(&self, function: &str) -> Env {
        let url = format!("http://{}", self.cloud.loopback());
        let services =
            ["DYNAMODB", "SQS", "EVENTBRIDGE", "LAMBDA", "SSM", "APIGATEWAYMANAGEMENTAPI"];
        let endpoints = services.map(|it| (format!("AWS_ENDPOINT_URL_{it}"), url.clone()));
        let toml = "[[apps]]\nid = \"1001\"\nkeys = [{ key = \"key\", secret = \"secret\" }]\nclient_events = true\n";
        let own = [
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", format!("EMULATED-{function}-1")),
            ("AWS_SECRET_ACCESS_KEY", "emulated-secret-access-key".to_owned()),
            ("AWS_SESSION_TOKEN", "emulated-session-token".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
            ("WS_ENDPOINT", format!("{url}/prod")),
            ("QUEUE_URL", format!("{url}/000000000000/jobs")),
            ("FANOUT_FUNCTION", "fanout".to_owned()),
            ("EVENT_BUS", "pushbridge".to_owned()),
            ("PUSHBRIDGE_TOML", toml.to_owned()),
            ("JWT_SECRET", JWT_SECRET.to_owned()),
            ("ACCOUNTS_KEY", "00".repeat(32)),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        own.into_iter().chain(endpoints).collect()
    }

    pub(crate) async fn host(&self, function: &str) -> Host {
        self.host_with(function, "", &[]).await
    }

    /// A host with more in its configuration file and in its environment.
    pub(crate) async fn host_with(
        &self,
        function: &str,
        toml: &str,
        variables: &[(&'static str, &str)],
    ) -> Host {
        let env = self.env(function);
        let toml = format!("{}\n{toml}", env.get("PUSHBRIDGE_TOML").unwrap());
        let env = env.with("PUSHBRIDGE_TOML".to_owned(), toml);
        let env = variables
            .iter()
            .fold(env, |env, (name, value)| env.with((*name).to_owned(), (*value).to_owned()));
        Start::read(env).await.unwrap().host().await.unwrap()
    }

    pub(crate) async fn worker(&self) -> (Host, Posts) {
        let host = self.host("worker").await;
        let posts = host.posts().unwrap();
        (host, posts)
    }

    /// A client that connected as the real function does it, with its first frame.
    pub(crate) async fn client(&self, path: &str) -> (Client, Value) {
        self.client_of(self.host("connect").await, path, LONG).await
    }

    /// The same by a host that is there, which has so much time.
    pub(crate) async fn client_of(
        &self,
        host: Host,
        path: &str,
        time: Duration,
    ) -> (Client, Value) {
        self.client_with(host, path, time, &[]).await
    }

    /// The same with more headers in its handshake.
    pub(crate) async fn client_with(
        &self,
        host: Host,
        path: &str,
        time: Duration,
        headers: &[(&'static str, &str)],
    ) -> (Client, Value) {
        let door = Door::new(host).unwrap();
        let open = async {
            let taken = self.next("connect").await;
            let answer = door.open(taken.event.clone(), time).await;
            self.answer("connect", taken, answer).await;
            door.after().run().await;
        };
        let (mut client, ()) = tokio::join!(self.dial_with(path, headers), open);
        let first = client.frame().await;
        (client, first)
    }

    /// A client that is let in when somebody answers for `connect`.
    pub(crate) async fn dial(&self, path: &str) -> Client {
        self.dial_with(path, &[]).await
    }

    async fn dial_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Client {
        let url = format!("ws://{}{path}", self.public);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.public).await.unwrap();
        let (stream, _) = client_async(request, stream).await.unwrap();
        Client { stream }
    }

    /// A client that is subscribed to a channel.
    pub(crate) async fn subscriber(&self, channel: &str) -> Client {
        let (mut client, _) = self.client("/app/key?protocol=7").await;
        let desk = Desk::new(self.host("message").await);
        let subscribe = json!({ "event": "pusher:subscribe", "data": { "channel": channel } });
        self.say(&mut client, &desk, subscribe).await;
        client.frame().await;
        client
    }

    /// Sends a frame, and handles it as `message` does.
    pub(crate) async fn say(&self, client: &mut Client, desk: &Desk, frame: Value) {
        client.stream.send(Message::text(frame.to_string())).await.unwrap();
        let taken = self.next("message").await;
        desk.take(taken.event.clone(), LONG).await;
        self.answer("message", taken, json!({ "statusCode": 200 })).await;
    }

    /// The next event for a function.
    pub(crate) async fn next(&self, function: &str) -> Taken {
        let path = format!("{function}/1/2018-06-01/runtime/invocation/next");
        let next = timeout(LONG, self.call("GET", &path, Value::Null));
        let (id, body) = next.await.expect("an event in time");
        Taken { id, event: serde_json::from_slice(&body).unwrap() }
    }

    pub(crate) async fn answer(&self, function: &str, taken: Taken, answer: Value) {
        let path = format!("{function}/1/2018-06-01/runtime/invocation/{}/response", taken.id);
        self.call("POST", &path, answer).await;
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (String, Bytes) {
        let address = self.cloud.loopback();
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut client, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(format!("/_runtime/{path}"));
        let request = request.header("host", address.to_string());
        let request = request.body(Full::new(Bytes::from(body.to_string()))).unwrap();
        let response = client.send_request(request).await.unwrap();
        let id = response.headers().get("lambda-runtime-aws-request-id");
        let id = id.map_or("", |it| it.to_str().unwrap()).to_owned();
        (id, response.into_body().collect().await.unwrap().to_bytes())
    }
}

pub(crate) struct Client {
    stream: WebSocketStream<TcpStream>,
}

impl Client {
    /// The next frame as JSON; `null` when it is over, with the code.
    pub(crate) async fn frame(&mut self) -> Value {
        loop {
            match timeout(LONG, self.stream.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(text.as_str()).unwrap();
                }
                Some(Ok(Message::Close(frame))) => {
                    return json!({ "closed": u16::from(frame.unwrap().code) });
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return Value::Null,
            }
        }
    }

    pub(crate) async fn close(mut self) {
        self.stream.close(None).await.unwrap();
        while self.stream.next().await.is_some_and(|it| it.is_ok()) {}
    }
}
