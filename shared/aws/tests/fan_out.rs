//! What the fan-out makes of each answer of `@connections`, played by a server on loopback.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws::{Account, Aws, Connections, Payload, Posted, Report};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers by connection, each used once, the last one for ever; 0 is none at all.
type Script = Arc<Mutex<HashMap<String, Vec<u16>>>>;
/// Requests as they came: method and connection.
type Ledger = Arc<Mutex<Vec<String>>>;

async fn sink(script: &[(&str, &[u16])]) -> (Connections, Ledger) {
    let script = script.iter().map(|(id, answers)| ((*id).to_owned(), answers.to_vec()));
    let (script, ledger): (Script, Ledger) =
        (Arc::new(Mutex::new(script.collect())), Ledger::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/prod", listener.local_addr().unwrap());
    let seen = Arc::clone(&ledger);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
        }
    });
    let get = |name: &str| match name {
        "AWS_REGION" => Some("eu-central-1"),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_LAMBDA_FUNCTION_NAME" => Some("test"),
        _ => None,
    };
    let aws = Aws::new(Account::read(get).unwrap()).unwrap();
    (Connections::new(&aws, &url).unwrap(), ledger)
}

async fn serve(mut stream: TcpStream, script: Script, ledger: Ledger) {
    let mut bytes = Vec::new();
    loop {
        let mut more = [0; 4_096];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&more[..count]),
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
        if body.len() < length.map_or(0, |it| it.parse().unwrap()) {
            continue;
        }
        assert!(head.contains("authorization: AWS4-HMAC-SHA256 Credential=test/"), "{head}");
        assert!(head.contains("app/test"), "{head}");
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let id = path.strip_prefix("/prod/@connections/").unwrap().to_owned();
        ledger.lock().unwrap().push(format!("{method} {id}"));
        let status = {
            let mut script = script.lock().unwrap();
            let answers = script.get_mut(&id).unwrap();
            if answers.len() > 1 { answers.remove(0) } else { answers[0] }
        };
        bytes.clear();
        match status {
            0 => std::future::pending().await,
            // The connection ends without an answer.
            1 => return,
            _ => {
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    }
}

/// Far longer than any of it takes.
const LONG: Duration = Duration::from_secs(60);

async fn post(connections: &Connections, ids: &[&str]) -> Report {
    post_for(connections, ids, LONG).await
}

async fn post_for(connections: &Connections, ids: &[&str], time: Duration) -> Report {
    let until = tokio::time::Instant::now() + time;
    connections.fan_out(ids, &Payload::new("{}".into()), until).await
}

#[tokio::test]
async fn busy_is_tried_again_and_refused_is_not() {
    let script: [(&str, &[u16]); 5] =
        [("a", &[200]), ("b", &[429, 500, 200]), ("c", &[413]), ("d", &[1, 200]), ("e", &[403])];
    let (connections, ledger) = sink(&script).await;
    let report = post(&connections, &["a", "b", "c", "d", "e"]).await;
    assert_eq!(report, Report { delivered: 3, gone: vec![], failed: 2 });
    let ledger = ledger.lock().unwrap();
    let count = |id: &str| ledger.iter().filter(|it| it.ends_with(&format!(" {id}"))).count();
    assert_eq!(["a", "b", "c", "d", "e"].map(count), [1, 3, 1, 2, 1]);
}

#[tokio::test]
async fn a_frame_is_offered_as_long_as_there_is_time() {
    // More than the first second, and more of them than are posted to at once.
    let long = [429, 429, 503, 429, 500, 1, 429, 200];
    let mut script: Vec<(String, &[u16])> = vec![("throttled".into(), &long)];
    script.extend((0..300).map(|n| (format!("full{n}"), &[429, 429, 429, 429, 429, 429, 200][..])));
    script.push(("last".into(), &[200]));
    let lines: Vec<(&str, &[u16])> = script.iter().map(|(id, it)| (id.as_str(), *it)).collect();
    let (connections, _) = sink(&lines).await;
    let ids: Vec<&str> = script.iter().map(|(id, _)| id.as_str()).collect();
    let report = post(&connections, &ids).await;
    assert_eq!(report, Report { delivered: 302, gone: vec![], failed: 0 });
}

#[tokio::test]
async fn gone_is_believed_only_when_it_is_said_twice() {
    let script: [(&str, &[u16]); 3] =
        [("over", &[410]), ("opening", &[410, 200]), ("odd%3D", &[410, 500, 410])];
    let (connections, ledger) = sink(&script).await;
    let report = post(&connections, &["opening", "over", "odd="]).await;
    assert_eq!(report, Report { delivered: 1, gone: vec![1, 2], failed: 0 });
    let ledger = ledger.lock().unwrap().clone();
    let of = |id: &str| -> Vec<_> {
        let mine = ledger.iter().filter_map(|it| it.strip_suffix(&format!(" {id}")));
        mine.map(str::to_owned).collect()
    };
    assert_eq!(of("over"), ["POST", "GET"]);
    assert_eq!(of("opening"), ["POST", "GET", "POST"]);
    assert_eq!(of("odd%3D"), ["POST", "GET", "POST", "GET"]);
}

#[tokio::test]
async fn whoever_hangs_holds_up_nobody_and_is_given_up() {
    let mut script: Vec<(String, Vec<u16>)> =
        vec![("stuck".into(), vec![0]), ("busy".into(), vec![503])];
    script.extend((0..1_000).map(|n| (format!("c{n}"), vec![200])));
    let lines: Vec<(&str, &[u16])> =
        script.iter().map(|(id, answers)| (id.as_str(), answers.as_slice())).collect();
    let (connections, _) = sink(&lines).await;
    let ids: Vec<&str> = script.iter().map(|(id, _)| id.as_str()).collect();
    let began = Instant::now();
    let report = post_for(&connections, &ids, Duration::from_secs(6)).await;
    assert_eq!(report, Report { delivered: 1_000, gone: vec![], failed: 2 });
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn when_there_is_no_time_everybody_is_offered_the_frame_once() {
    let script: Vec<(String, &[u16])> =
        (0..20).map(|n| (format!("c{n}"), if n == 7 { &[429][..] } else { &[200] })).collect();
    let lines: Vec<(&str, &[u16])> = script.iter().map(|(id, it)| (id.as_str(), *it)).collect();
    let (connections, ledger) = sink(&lines).await;
    let ids: Vec<&str> = script.iter().map(|(id, _)| id.as_str()).collect();
    let report = post_for(&connections, &ids, Duration::ZERO).await;
    assert_eq!(report, Report { delivered: 19, gone: vec![], failed: 1 });
    assert_eq!(ledger.lock().unwrap().len(), 20);
}

#[tokio::test]
async fn one_connection_is_offered_its_frame_in_the_same_way() {
    let script: [(&str, &[u16]); 3] =
        [("busy", &[429, 429, 503, 429, 500, 429, 200]), ("full", &[429]), ("over", &[410])];
    let (connections, ledger) = sink(&script).await;
    let payload = Payload::new("{}".into());
    let in_time = |time| tokio::time::Instant::now() + time;
    assert_eq!(connections.offer_one("busy", &payload, in_time(LONG)).await, Posted::Done);
    assert_eq!(connections.offer_one("over", &payload, in_time(LONG)).await, Posted::Gone);
    let soon = in_time(Duration::from_millis(400));
    assert_eq!(connections.offer_one("full", &payload, soon).await, Posted::Busy);
    assert!(ledger.lock().unwrap().iter().filter(|it| *it == "POST full").count() > 1);
}

#[tokio::test]
async fn a_connection_is_closed_by_its_name() {
    let (connections, ledger) = sink(&[("a", &[204])]).await;
    assert_eq!(connections.delete("a").await, Posted::Done);
    assert_eq!(*ledger.lock().unwrap(), ["DELETE a"]);
}

#[tokio::test]
async fn a_gateway_that_is_away_is_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/prod", listener.local_addr().unwrap());
    drop(listener);
    let (there, _) = sink(&[]).await;
    drop(there);
    let get = |name: &str| (!name.contains("ENDPOINT") && !name.contains("TOKEN")).then_some("x");
    let aws = Aws::new(Account::read(get).unwrap()).unwrap();
    let connections = Connections::new(&aws, &url).unwrap();
    assert_eq!(connections.post("a", &Payload::new("{}".into())).await, Posted::Busy);
}
