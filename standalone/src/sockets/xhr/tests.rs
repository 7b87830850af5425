//! Sessions without a socket, with a handler that records, and requests that fetch.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::ConnectionId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::receiver::{Kind, Receiver, STREAM_UNITS};
use super::super::wire;
use super::*;

struct Recorder(mpsc::UnboundedSender<String>);

impl Handler for Recorder {
    async fn message(&self, _: &ConnectionId, text: &str) {
        let _ = self.0.send(text.to_owned());
    }
}

const LONG: Timing = Timing {
    silence: Duration::from_secs(60),
    pong: Duration::from_secs(60),
    close: Duration::from_secs(60),
    absence: Duration::from_secs(60),
    heartbeat: Duration::from_secs(60),
};
const SHORT: Duration = Duration::from_millis(20);

/// A session, the way into it, what its handler got, and its end.
struct Client {
    mailbox: Arc<Mailbox>,
    inbox: mpsc::Sender<String>,
    messages: mpsc::UnboundedReceiver<String>,
    session: JoinHandle<()>,
}

fn client(timing: Timing) -> Client {
    let mailbox = Mailbox::new(ConnectionId::new("c1"));
    let (sender, inbox) = inbox();
    let (recorder, messages) = mpsc::unbounded_channel();
    let served = Arc::clone(&mailbox);
    let session =
        tokio::spawn(async move { run(&served, inbox, &Recorder(recorder), timing).await });
    Client { mailbox, inbox: sender, messages, session }
}

impl Client {
    fn fetch(&self, kind: Kind, heartbeat: Duration) -> Receiver {
        Receiver::attach(Arc::clone(&self.mailbox), kind, heartbeat).expect("not over")
    }
}

/// Everything that a request fetches to its end.
async fn all(mut receiver: Receiver) -> String {
    let mut text = String::new();
    while let Some(lines) = receiver.next().await {
        text.push_str(std::str::from_utf8(&lines).unwrap());
    }
    text
}

#[tokio::test]
async fn messages_reach_the_handler_in_order() {
    let mut client = client(LONG);
    for text in ["one", "two"] {
        client.inbox.send(text.into()).await.unwrap();
    }
    assert_eq!(client.messages.recv().await.as_deref(), Some("one"));
    assert_eq!(client.messages.recv().await.as_deref(), Some("two"));
    client.inbox.send("x".repeat(CLIENT_MESSAGE_BYTES + 1)).await.unwrap();
    let stream = client.fetch(Kind::Streaming, LONG.heartbeat);
    assert_eq!(all(stream).await, "o\nc[1009,\"Message too large\"]\n");
    client.session.await.unwrap();
}

#[tokio::test]
async fn a_client_that_says_nothing_is_pinged_then_closed_with_4201() {
    let client = client(Timing { silence: SHORT, pong: SHORT, ..LONG });
    let stream = client.fetch(Kind::Streaming, LONG.heartbeat);
    let ping = r#"a["{\"event\":\"pusher:ping\",\"data\":{}}"]"#;
    assert_eq!(all(stream).await, format!("o\n{ping}\nc[4201,\"No answer to a ping\"]\n"));
    client.session.await.unwrap();
}

#[tokio::test]
async fn a_sign_of_life_keeps_the_connection() {
    let client = client(Timing { silence: SHORT, ..LONG });
    let mut stream = client.fetch(Kind::Streaming, LONG.heartbeat);
    assert_eq!(stream.next().await, Some(wire::OPEN_LINE));
    for _ in 0..3 {
        let ping = stream.next().await.expect("a ping, and no end");
        assert!(ping.starts_with(b"a["));
        client.mailbox.hear();
    }
    drop(stream);
    assert!(!client.session.is_finished());
}

#[tokio::test]
async fn who_stays_away_is_gone_and_who_comes_back_in_time_is_not() {
    let client = client(Timing { absence: SHORT, ..LONG });
    for _ in 0..3 {
        drop(client.fetch(Kind::Polling, LONG.heartbeat));
    }
    let here = client.fetch(Kind::Streaming, LONG.heartbeat);
    tokio::time::sleep(SHORT * 3).await;
    assert!(!client.session.is_finished(), "it is there");
    drop(here);
    client.session.await.unwrap();
}

#[tokio::test]
async fn a_poll_is_one_answer_and_a_quiet_one_a_heartbeat() {
    let client = client(LONG);
    assert_eq!(all(client.fetch(Kind::Polling, LONG.heartbeat)).await, "o\n");
    assert_eq!(all(client.fetch(Kind::Polling, SHORT)).await, "h\n");
    let mut stream = client.fetch(Kind::Streaming, SHORT);
    for _ in 0..3 {
        assert_eq!(stream.next().await, Some(wire::HEARTBEAT_LINE));
    }
}

/// pusher-js drops a stream once it has read it to the end and that was beyond its limit: what came after is lost.
#[tokio::test]
async fn a_stream_ends_where_its_client_asks_for_another() {
    let client = client(LONG);
    let mut stream = client.fetch(Kind::Streaming, LONG.heartbeat);
    assert_eq!(stream.next().await, Some(wire::OPEN_LINE));
    let line = Bytes::from(format!("{}\n", "x".repeat(STREAM_UNITS / 4)));
    for _ in 0..4 {
        client.mailbox.post(&line);
        assert_eq!(stream.next().await, Some(line.clone()));
    }
    client.mailbox.post(&wire::EMPTY_LINE);
    let nothing = timeout(SHORT, stream.next());
    assert!(nothing.await.is_err(), "the client would not read it");
    let mut anew = client.fetch(Kind::Streaming, LONG.heartbeat);
    assert_eq!(stream.next().await, None);
    assert_eq!(anew.next().await, Some(wire::EMPTY_LINE));
}

#[tokio::test]
async fn a_reason_waits_for_the_next_request_and_no_longer() {
    let client = client(LONG);
    client.mailbox.close(close_line(4009, "You may not"));
    assert_eq!(
        all(client.fetch(Kind::Polling, LONG.heartbeat)).await,
        "o\nc[4009,\"You may not\"]\n"
    );
    client.session.await.unwrap();
    let lost = self::client(Timing { absence: SHORT, ..LONG });
    lost.mailbox.close(close_line(4009, "You may not"));
    lost.session.await.unwrap();
}
