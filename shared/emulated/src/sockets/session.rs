//! The life of an open connection: messages out, messages in, the end.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes};

use super::{Order, Orders, Socket};
use crate::api::World;
use crate::events::Ended;
use crate::functions::Outcome;
use crate::ids;

/// Largest frame and largest message of a client, in bytes (API Gateway quotas).
const FRAME_BYTES: usize = 32 << 10;
const MESSAGE_BYTES: usize = 128 << 10;
/// How long a client may take for its side of a close.
const CLOSE: Duration = Duration::from_secs(2);
/// The route that is answered without a function, and its answer.
const PING: &str = "pusher:ping";
const PONG: &str = r#"{"event":"pusher:pong","data":{}}"#;

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// How a session ended.
enum End {
    /// We close with this.
    Close(CloseCode, &'static str),
    /// The client closed, or is gone.
    Over(Ended),
}

/// Runs a connection that is open, to its end.
pub(crate) async fn run(
    world: Arc<World>,
    socket: Arc<Socket>,
    upgraded: Upgraded,
    mut orders: Orders,
) {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(FRAME_BYTES))
        .max_message_size(Some(MESSAGE_BYTES));
    let io = TokioIo::new(upgraded);
    let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let mut session = Session { world: &world, socket: &socket, number: 0 };
    let end = session.exchange(&mut stream, &mut orders).await;
    world.sockets.remove(&socket.connection.id);
    drop(orders);
    let ended = match end {
        End::Close(code, reason) => {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            let _ = tokio::time::timeout(CLOSE, close(&mut stream, frame)).await;
            Ended { code: code.into(), reason: reason.to_owned() }
        }
        End::Over(ended) => {
            let _ = tokio::time::timeout(CLOSE, close_again(&mut stream)).await;
            ended
        }
    };
    drop(stream);
    said_goodbye(&world, &socket, &ended);
}

async fn close(stream: &mut Stream, frame: CloseFrame) {
    if stream.close(Some(frame)).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}

/// Sends what answers a client's close.
async fn close_again(stream: &mut Stream) {
    let _ = stream.flush().await;
    let _ = stream.close(None).await;
}

/// Tells the function, unless that gets lost. AWS promises no more than to try.
fn said_goodbye(world: &Arc<World>, socket: &Socket, ended: &Ended) {
    if world.settings.of(|it| it.lose_disconnects) {
        return;
    }
    let busy = world.activity.begin();
    let event = socket.connection.disconnect(ended, ids::now_ms()).to_string();
    let world = Arc::clone(world);
    tokio::spawn(async move {
        world.functions.invoke("disconnect", event.into()).await;
        drop(busy);
    });
}

struct Session<'a> {
    world: &'a Arc<World>,
    socket: &'a Arc<Socket>,
    /// How many messages came.
    number: u64,
}

impl Session<'_> {
    async fn exchange(&mut self, stream: &mut Stream, orders: &mut Orders) -> End {
        loop {
            let end = tokio::select! {
                order = orders.0.recv() => match order {
                    Some(order) => self.deliver(stream, order).await,
                    None => Some(deleted()),
                },
                message = stream.next() => self.message(message),
                () = self.socket.deleted() => return self.last_words(stream, orders).await,
                () = self.socket.cut() => Some(lost()),
                () = self.too_long() => Some(gone_away()),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Sends what was posted before the connection was deleted: it arrives before the end does.
    async fn last_words(&self, stream: &mut Stream, orders: &mut Orders) -> End {
        while let Ok(order) = orders.0.try_recv() {
            if let Some(end) = self.deliver(stream, order).await {
                return end;
            }
        }
        deleted()
    }

    /// Sends one message. A client who does not read it has a while after the deletion.
    async fn deliver(&self, stream: &mut Stream, Order::Text(text): Order) -> Option<End> {
        let deleted_a_while_ago = async {
            self.socket.deleted().await;
            tokio::time::sleep(CLOSE).await;
        };
        tokio::select! {
            sent = stream.send(Message::text(text)) => {
                self.socket.active();
                sent.is_err().then(lost)
            }
            () = deleted_a_while_ago => Some(deleted()),
            () = self.socket.cut() => Some(lost()),
            () = self.too_long() => Some(gone_away()),
        }
    }

    /// Ends when the connection is too old, or silent for too long.
    async fn too_long(&self) {
        loop {
            let (idle, age) = self.world.settings.of(|it| (it.idle_ms, it.age_ms));
            let idle = self.socket.active_ms().saturating_add(idle);
            let age = self.socket.connection.connected_at_ms.saturating_add(age);
            let left = idle.min(age).saturating_sub(ids::now_ms());
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
    }

    fn message(&mut self, message: Option<Result<Message, Error>>) -> Option<End> {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.socket.active();
                self.dispatch(text.as_str().to_owned());
                None
            }
            Some(Ok(Message::Binary(_))) => {
                Some(End::Close(CloseCode::Unsupported, "Binary messages are not supported"))
            }
            Some(Ok(Message::Close(frame))) => {
                let ended = frame.map_or(Ended { code: 1005, reason: String::new() }, |it| Ended {
                    code: it.code.into(),
                    reason: it.reason.as_str().to_owned(),
                });
                Some(End::Over(ended))
            }
            // Control frames reach no function, and are no sign of life.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Err(Error::Capacity(_))) => Some(End::Close(CloseCode::Size, "Message too big")),
            Some(Err(Error::Utf8(_))) => Some(End::Close(CloseCode::Invalid, "Not UTF-8")),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => {
                Some(lost())
            }
            Some(Err(Error::Protocol(_))) => {
                Some(End::Close(CloseCode::Protocol, "Protocol error"))
            }
            Some(Err(_)) => Some(lost()),
        }
    }

    /// Starts what a message is for. Nothing waits for it: messages overtake each other.
    fn dispatch(&mut self, text: String) {
        let settings = self.world.settings.get();
        self.number += 1;
        if settings.ping_route && event_of(&text).as_deref() == Some(PING) {
            self.socket.post(PONG.to_owned());
            return;
        }
        let busy = self.world.activity.begin();
        let delay = settings.shuffle.map(|it| {
            delay_ms(it.seed ^ self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15), it.up_to_ms)
        });
        let event = self.socket.connection.message("$default", &text, ids::now_ms());
        let (world, socket) = (Arc::clone(self.world), Arc::clone(self.socket));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay.unwrap_or(0))).await;
            route(&world, &socket, &event).await;
            drop(busy);
        });
    }
}

/// The route's function, and what the client sees if that fails: a frame that no client of Pusher understands.
async fn route(world: &World, socket: &Socket, event: &Value) {
    let limit = world.settings.time(|it| it.integration_ms);
    let run = world.functions.invoke("message", event.to_string().into());
    let why = match tokio::time::timeout(limit, run).await {
        Ok(Outcome::Answered(_)) => return,
        Ok(Outcome::Failed(_)) => "Internal server error",
        Err(_) => "Endpoint request timed out",
    };
    let id = &event["requestContext"]["requestId"];
    let frame = json!({ "message": why, "connectionId": socket.connection.id, "requestId": id });
    socket.post(frame.to_string());
}

/// What the API's route selection expression, `$request.body.event`, makes of a message.
fn event_of(text: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text).ok()?.get("event")? {
        Value::String(event) => Some(event.clone()),
        _ => None,
    }
}

fn deleted() -> End {
    End::Close(CloseCode::Normal, "Connection Closed Normally")
}

fn lost() -> End {
    End::Over(Ended { code: 1006, reason: String::new() })
}

fn gone_away() -> End {
    End::Close(CloseCode::Away, "Going away")
}

/// One number from another one, evenly spread (SplitMix64), up to a limit.
fn delay_ms(seed: u64, up_to: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % up_to.saturating_add(1)
}
