//! A small KMS on loopback that believes nothing: it checks signatures by the book and opens keys in their context only.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vault::{Keys, KmsKeys, LocalKeys, Vault, VaultError};

const SECRET: &str = "kms-secret";

/// What it remembers: keys by their wrapped form, with their context.
#[derive(Clone, Default)]
struct Kms {
    keys: Arc<Mutex<BTreeMap<String, (String, Value)>>>,
    calls: Arc<AtomicUsize>,
}

impl Kms {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let kms = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some((headers, body)) = read(&mut stream).await else { continue };
                let (status, answer) = kms.answer(&headers, &body);
                let answer = answer.to_string();
                let head =
                    format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n", answer.len());
                let _ = stream.write_all((head + &answer).as_bytes()).await;
            }
        });
        url
    }

    fn answer(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> (u16, Value) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let refuse = |kind: &str| (400, json!({ "__type": kind }));
        if !is_signed(headers, body) {
            return refuse("InvalidSignatureException");
        }
        let asked: Value = serde_json::from_slice(body).unwrap();
        if asked["KeyId"] != "alias/pushbridge" {
            return refuse("NotFoundException");
        }
        let context = asked["EncryptionContext"].clone();
        let mut keys = self.keys.lock().unwrap();
        match headers["x-amz-target"].as_str() {
            "TrentService.GenerateDataKey" if asked["KeySpec"] == "AES_256" => {
                let number = u8::try_from(keys.len()).unwrap();
                let (key, wrapped) = (BASE64.encode([number; 32]), BASE64.encode([b'w', number]));
                keys.insert(wrapped.clone(), (key.clone(), context));
                (200, json!({ "Plaintext": key, "CiphertextBlob": wrapped, "KeyId": "arn" }))
            }
            "TrentService.Decrypt" => match keys.get(asked["CiphertextBlob"].as_str().unwrap()) {
                Some((key, bound)) if *bound == context => {
                    (200, json!({ "Plaintext": key, "KeyId": "arn" }))
                }
                _ => refuse("com.amazonaws.kms#InvalidCiphertextException"),
            },
            _ => refuse("UnknownOperationException"),
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<(BTreeMap<String, String>, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers: BTreeMap<_, _> =
            lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let length: usize = headers["content-length"].parse().unwrap();
        if bytes.len() >= end + 4 + length {
            return Some((headers, bytes[end + 4..].to_vec()));
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// Signature Version 4, step by step (AWS reference, "Create a signed AWS API request").
fn is_signed(headers: &BTreeMap<String, String>, body: &[u8]) -> bool {
    let Some(given) = headers.get("authorization") else { return false };
    let part = |name: &str| given.split(name).nth(1).and_then(|it| it.split(',').next()).unwrap();
    let (signed, signature) = (part("SignedHeaders="), part("Signature="));
    let date = &headers["x-amz-date"];
    let scope = format!("{}/eu-central-1/kms/aws4_request", &date[..8]);
    let lines: String =
        signed.split(';').map(|name| format!("{name}:{}\n", headers[name])).collect();
    let request = format!("POST\n/\n\n{lines}\n{signed}\n{}", sha256(body));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(request.as_bytes()));
    let first = mac(format!("AWS4{SECRET}").as_bytes(), &date[..8]);
    let key = ["eu-central-1", "kms", "aws4_request"].iter().fold(first, |key, it| mac(&key, it));
    let all = ["host", "x-amz-target", "x-amz-security-token"].iter().all(|it| signed.contains(it));
    all && given.contains(&format!("Credential=kms-id/{scope}"))
        && signature == hex::encode(mac(&key, &text))
}

fn keys(url: &str, secret: &str) -> Keys {
    let credentials = ("kms-id", secret, Some("kms-session"));
    Keys::Kms(KmsKeys::new("alias/pushbridge", "eu-central-1", credentials, Some(url)).unwrap())
}

fn vault(url: &str, secret: &str) -> Vault {
    Vault::new(keys(url, secret))
}

#[tokio::test]
async fn what_is_sealed_opens_elsewhere_in_its_workspace_and_place_only() {
    let kms = Kms::default();
    let url = kms.start().await;
    let (one, other) = (vault(&url, SECRET), vault(&url, SECRET));
    let sealed = one.seal("w", "a|x|1", "s3cret").await.unwrap();
    assert_eq!(other.open("w", "a|x|1", &sealed).await.unwrap(), "s3cret");
    for (workspace, place) in [("w2", "a|x|1"), ("w", "b|x|1"), ("w", "a|x|2")] {
        let opened = vault(&url, SECRET).open(workspace, place, &sealed).await;
        assert!(matches!(opened, Err(VaultError::Damaged)), "{workspace} {place}: {opened:?}");
    }
    let bound = kms.keys.lock().unwrap().values().next().unwrap().1.clone();
    assert_eq!(bound, json!({ "workspace_id": "w", "purpose": "oauth" }));
}

#[tokio::test]
async fn keys_are_asked_for_once_while_they_are_kept() {
    let kms = Kms::default();
    let vault = vault(&kms.start().await, SECRET);
    for n in 0..5 {
        let sealed = vault.seal("w", "p", &n.to_string()).await.unwrap();
        assert_eq!(vault.open("w", "p", &sealed).await.unwrap(), n.to_string());
    }
    // One to seal with, and once opened.
    assert_eq!(kms.calls.load(Ordering::SeqCst), 2);
    vault.seal("w2", "p", "").await.unwrap();
    assert_eq!(kms.calls.load(Ordering::SeqCst), 3, "each workspace has its own");
}

#[tokio::test]
async fn trouble_is_not_taken_for_damage() {
    let kms = Kms::default();
    let url = kms.start().await;
    let sealed = vault(&url, SECRET).seal("w", "p", "s3cret").await.unwrap();
    let wrong = vault(&url, "another-secret");
    assert!(matches!(wrong.open("w", "p", &sealed).await, Err(VaultError::Unavailable)));
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let down = vault(&format!("http://{nobody}/"), SECRET);
    assert!(matches!(down.open("w", "p", &sealed).await, Err(VaultError::Unavailable)));
    let shown = format!("{down:?}");
    assert!(!shown.contains(SECRET) && !shown.contains("kms-session"), "{shown}");
}

#[tokio::test]
async fn a_key_file_and_kms_take_each_others_place() {
    let kms = Kms::default();
    let url = kms.start().await;
    let file = || Keys::Local(LocalKeys::of_bytes([7; 32]));
    let calls = || kms.calls.load(Ordering::SeqCst);
    let in_file = Vault::new(file()).seal("w", "p", "s3cret").await.unwrap();

    let to_kms = vault(&url, SECRET).opening_also(vec![file()]);
    assert_eq!(to_kms.open("w", "p", &in_file).await.unwrap(), "s3cret");
    assert_eq!(calls(), 0, "KMS is not asked for what opens without it");
    let in_kms = to_kms.reseal("w", "p", &in_file).await.unwrap().unwrap();
    assert_eq!(to_kms.reseal("w", "p", &in_kms).await.unwrap(), None);
    assert_eq!(vault(&url, SECRET).open("w", "p", &in_kms).await.unwrap(), "s3cret");

    let back = Vault::new(file()).opening_also(vec![keys(&url, SECRET)]);
    assert_eq!(back.open("w", "p", &in_kms).await.unwrap(), "s3cret");
    let again = back.reseal("w", "p", &in_kms).await.unwrap().unwrap();
    assert_eq!(Vault::new(file()).open("w", "p", &again).await.unwrap(), "s3cret");

    // A KMS that does not let us in is no damage, and what opens without it does.
    let shut = Vault::new(file()).opening_also(vec![keys(&url, "another-secret")]);
    assert!(matches!(shut.reseal("w", "p", &in_kms).await, Err(VaultError::Unavailable)));
    assert_eq!(shut.reseal("w", "p", &again).await.unwrap(), None);
    let damaged = vault(&url, SECRET).opening_also(vec![Keys::Local(LocalKeys::of_bytes([8; 32]))]);
    assert!(matches!(damaged.reseal("w", "p", &in_file).await, Err(VaultError::Damaged)));
}
