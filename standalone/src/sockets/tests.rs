//! Sessions over real sockets, with a handler that records.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream as StdStream};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::{ChannelName, ConnectionId, Data, Frame, ServerFrame};
use service::{Delivery, Outbox};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::registry::Sockets;
use super::session::{self, Handler};
use super::silence::Timing;
use super::socket::Socket;
use super::transport::{QUEUE_BYTES, Transport};
use crate::jobs::timer;
use notifying::Hooks;

struct Recorder(mpsc::UnboundedSender<String>);

impl Handler for Recorder {
    async fn message(&self, _: &ConnectionId, text: &str) {
        let _ = self.0.send(text.to_owned());
    }
}

/// A served socket: its peer, its registry, what its handler got, and the end of its session.
struct Pair {
    peer: StdStream,
    sockets: Sockets,
    messages: mpsc::UnboundedReceiver<String>,
    session: tokio::task::JoinHandle<()>,
}

const LONG: Timing = Timing {
    silence: Duration::from_secs(60),
    pong: Duration::from_secs(60),
    close: Duration::from_secs(60),
    absence: Duration::from_secs(60),
    heartbeat: Duration::from_secs(60),
};

fn id() -> ConnectionId {
    ConnectionId::new("c1")
}

async fn pair(timing: Timing) -> Pair {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::task::spawn_blocking(move || StdStream::connect(address).unwrap());
    let (stream, _) = listener.accept().await.unwrap();
    let peer = peer.await.unwrap();
    let socket = Arc::new(Socket::new(id(), stream));
    let sockets = Sockets::new(Hooks::closed(), timer().0);
    sockets.insert(Transport::Socket(Arc::clone(&socket)));
    let (sender, messages) = mpsc::unbounded_channel();
    let registry = sockets.clone();
    let session = tokio::spawn(async move {
        session::run(socket, Bytes::new(), &Recorder(sender), timing).await;
        registry.remove(&id());
    });
    Pair { peer, sockets, messages, session }
}

fn event(bytes: usize) -> Frame {
    saying(&"x".repeat(bytes))
}

fn saying(data: &str) -> Frame {
    let channel = &ChannelName::parse("news").unwrap();
    let data = Some(Data::Text(data));
    ServerFrame::Event { channel, event: "e", data, user_id: None, serial: None }.encode()
}

/// Runs a blocking client beside the session.
async fn client<T: Send + 'static>(
    peer: &StdStream,
    work: impl FnOnce(WebSocket<StdStream>) -> T + Send + 'static,
) -> T {
    let stream = peer.try_clone().unwrap();
    let config = WebSocketConfig::default();
    let socket = WebSocket::from_raw_socket(stream, Role::Client, Some(config));
    tokio::task::spawn_blocking(move || work(socket)).await.unwrap()
}

/// The code of the close frame that ends what the server says.
fn close_code(mut socket: WebSocket<StdStream>) -> u16 {
    loop {
        if let Message::Close(Some(frame)) = socket.read().unwrap() {
            return frame.code.into();
        }
    }
}

#[tokio::test]
async fn messages_go_both_ways() {
    let mut pair = pair(LONG).await;
    client(&pair.peer, |mut socket| socket.send(Message::text("hello")).unwrap()).await;
    assert_eq!(pair.messages.recv().await.as_deref(), Some("hello"));
    assert_eq!(pair.sockets.send(&id(), &event(300)).await, Delivery::Sent);
    let text = client(&pair.peer, |mut socket| socket.read().unwrap().into_text().unwrap()).await;
    assert!(text.contains("xxx"));
    let unknown = ConnectionId::new("c2");
    assert_eq!(pair.sockets.send(&unknown, &event(1)).await, Delivery::Gone);
    assert_eq!(pair.sockets.broadcast(&[id(), unknown.clone()], None, &event(1)).await, [unknown]);
}

#[tokio::test]
async fn a_silent_client_is_pinged_then_closed() {
    let (silence, pong) = (Duration::from_millis(20), Duration::from_millis(20));
    let pair = pair(Timing { silence, pong, ..LONG }).await;
    let (ping, code) = client(&pair.peer, |mut socket| {
        let ping = socket.read().unwrap().into_text().unwrap();
        (ping, close_code(socket))
    })
    .await;
    assert_eq!(ping.as_str(), r#"{"event":"pusher:ping","data":{}}"#);
    assert_eq!(code, 4201);
}

#[tokio::test]
async fn an_answered_ping_keeps_the_connection() {
    let pair = pair(Timing { silence: Duration::from_millis(20), ..LONG }).await;
    client(&pair.peer, |mut socket| {
        for _ in 0..3 {
            assert!(socket.read().unwrap().into_text().unwrap().contains("pusher:ping"));
            socket.send(Message::text(r#"{"event":"pusher:pong"}"#)).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn broken_rules_have_their_codes() {
    type Breach = fn(&mut WebSocket<StdStream>);
    let breaches: [(Breach, u16); 4] = [
        (|socket| socket.send(Message::binary(vec![1])).unwrap(), 1003),
        (|socket| socket.send(Message::text("x".repeat(128 * 1024 + 1))).unwrap(), 1009),
        // An unmasked text frame, and a masked one (of zeros) that is no UTF-8.
        (|socket| socket.get_mut().write_all(&[0x81, 0x01, b'x']).unwrap(), 1002),
        (|socket| socket.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xFF]).unwrap(), 1007),
    ];
    for (breach, expected) in breaches {
        let pair = pair(LONG).await;
        let code = client(&pair.peer, move |mut socket| {
            breach(&mut socket);
            close_code(socket)
        })
        .await;
        assert_eq!(code, expected);
        drop(pair.peer);
        pair.session.await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let pair = pair(LONG).await;
    client(&pair.peer, |mut socket| {
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
    })
    .await;
    drop(pair.peer);
    pair.session.await.unwrap();
    pair.sockets.all_closed().await;
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_cut_off_and_slows_nobody() {
    let slow = pair(LONG).await;
    let frame = event(10_000);
    // The peer never reads: first its kernel buffer fills, then the queue, then it is over.
    let mut posted = 0;
    while slow.sockets.send(&id(), &frame).await == Delivery::Sent {
        posted += 1;
    }
    assert!(posted * 10_000 >= QUEUE_BYTES, "{posted}");
    slow.session.await.unwrap();
}

#[tokio::test]
async fn what_was_queued_arrives_whole_and_in_order() {
    const FRAMES: usize = 100;
    let pair = pair(LONG).await;
    socket2::SockRef::from(&pair.peer).set_recv_buffer_size(4096).unwrap();
    // As much at once as the kernel and the queue hold together.
    let mut expected = Vec::new();
    for n in 0..FRAMES {
        let frame = saying(&format!("{n}:{}", "y".repeat(2_000)));
        assert_eq!(pair.sockets.send(&id(), &frame).await, Delivery::Sent);
        expected.push(format!("{frame:?}"));
    }
    let got = client(&pair.peer, |mut socket| {
        (0..FRAMES)
            .map(|_| socket.read().unwrap().into_text().unwrap().to_string())
            .collect::<Vec<_>>()
    })
    .await;
    assert!(got == expected);
}

#[tokio::test]
async fn going_away_closes_every_socket_with_its_code() {
    let pair = pair(LONG).await;
    pair.sockets.close_all(1001, "bye");
    assert_eq!(client(&pair.peer, close_code).await, 1001);
    assert_eq!(pair.sockets.send(&id(), &event(1)).await, Delivery::Gone);
    drop(pair.peer);
    pair.sockets.all_closed().await;
}

#[tokio::test]
async fn a_peer_that_does_not_finish_the_close_is_cut_off() {
    let mut pair = pair(Timing { close: Duration::from_millis(20), ..LONG }).await;
    pair.sockets.close_all(1001, "bye");
    pair.session.await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::task::spawn_blocking(move || pair.peer.read_to_end(&mut rest)).await.unwrap();
}
