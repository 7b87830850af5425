//! Pictures from a server that is not to be trusted, into a folder and into a bucket.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use media::{Media, NotAttached, NotLoaded, Place};
use object_store::RetryConfig;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use outbound::Addresses;
use posts::{MediaKey, Medium, NewMedium, Timestamp, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NOW: Timestamp = Timestamp::from_ms(1_795_161_600_000);

/// The head of a PNG of 4 by 3 pixels, made different by `n`.
fn png(n: u8) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x03\x08\x02\0\0\0".as_slice();
    [head, &[n; 16]].concat()
}

/// A request as it came: its first line, its headers, its body.
struct Request {
    method: String,
    target: String,
    head: String,
    body: Vec<u8>,
}

/// Answers each request with what `answer` makes of it, byte for byte.
async fn serve(answer: impl Fn(Request) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let Some(request) = read(&mut stream).await else { return };
                let _ = stream.write_all(&answer(request)).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("http://{address}")
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |text| text.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            let first = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut words = first.split(' ');
            let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
            return Some(Request { method, target, head, body: bytes[end + 4..].to_vec() });
        }
    }
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A server with one of everything.
async fn origin() -> String {
    let most = limits::PICTURE_BYTES;
    serve(move |request| match request.target.as_str() {
        "/png" => answer("200 OK", "", &png(0)),
        "/other" => answer("200 OK", "", &png(1)),
        "/named-otherwise" => answer("200 OK", "content-type: text/html\r\n", &png(0)),
        "/page" => answer("200 OK", "content-type: image/png\r\n", b"<html><script>1</script>"),
        "/bomb" => {
            let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01\0\0\0\x01\0\0\x08\x02\0\0\0";
            answer("200 OK", "", head)
        }
        "/moved" => answer("302 Found", "location: /png\r\n", b""),
        "/told-too-long" => {
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", most + 1).into()
        }
        "/too-long" => {
            [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), vec![0; most + 1]].concat()
        }
        "/cut" => [b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n".as_slice(), &png(0)].concat(),
        "/silent" => Vec::new(),
        _ => answer("404 Not Found", "", b""),
    })
    .await
}

fn ask(url: String) -> NewMedium {
    NewMedium { url, alt: "A square".into() }
}

fn here(public_url: Option<&str>) -> Media {
    Media::new(Place::memory(), Addresses::AlsoPrivate, public_url).unwrap()
}

#[tokio::test]
async fn what_is_attached_is_kept_by_its_content() {
    let (origin, media) = (origin().await, here(None));
    let one = media.attach(&ask(format!("{origin}/png")), NOW).await.unwrap();
    let (mime, bytes) = (one.picture.mime.as_str(), png(0).len() as u64);
    assert_eq!(
        (mime, one.picture.bytes, one.picture.alt.as_str()),
        ("image/png", bytes, "A square")
    );
    assert_eq!((one.picture.width, one.picture.height), (4, 3));
    // The header's word for it does not count.
    let same = media.attach(&ask(format!("{origin}/named-otherwise")), NOW).await.unwrap();
    assert_eq!(same.key, one.key);
    let other = media.attach(&ask(format!("{origin}/other")), NOW).await.unwrap();
    assert_ne!(other.key, one.key);
    let loaded = media.load(&[other.clone(), one.clone()]).await.unwrap();
    assert_eq!(loaded.bytes, [png(1), png(0)]);
    assert_eq!(media.load_one(&one.key).await.unwrap().bytes, [png(0)]);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_words() {
    let (origin, media) = (origin().await, here(None));
    for (path, code) in [
        ("/page", "type"),
        ("/bomb", "too_large"),
        ("/moved", "redirect"),
        ("/told-too-long", "too_large"),
        ("/too-long", "too_large"),
        ("/cut", "unreachable"),
        ("/silent", "unreachable"),
        ("/nothing", "unreachable"),
    ] {
        match media.attach(&ask(format!("{origin}{path}")), NOW).await {
            Err(NotAttached::Refused(got, message)) => {
                assert_eq!(got, code, "{path}: {message}");
                assert!(message.ends_with('.'), "{path}: {message}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    assert!(media.weeks().await.unwrap().is_empty(), "nothing of it is kept");
}

#[tokio::test]
async fn addresses_that_are_not_public_are_not_asked() {
    let origin = serve(|_| panic!("asked")).await;
    let port = origin.rsplit(':').next().unwrap().to_owned();
    let media = Media::new(Place::memory(), Addresses::Public, None).unwrap();
    for url in [
        format!("{origin}/png"),
        format!("https://127.0.0.1:{port}/png"),
        "https://127.0.0.1/png".into(),
        "https://localhost/png".into(),
        "https://169.254.169.254/latest/meta-data/".into(),
        "https://[::1]/png".into(),
        "https://[::ffff:127.0.0.1]/png".into(),
        "https://user:pass@example.com/png".into(),
        "file:///etc/passwd".into(),
        "data:image/png;base64,AAAA".into(),
        String::new(),
    ] {
        let refused = media.attach(&ask(url.clone()), NOW).await;
        let address = matches!(refused, Err(NotAttached::Refused("address", _)));
        assert!(address, "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn a_copy_has_a_public_address_where_there_is_one() {
    let origin = origin().await;
    let (inside, outside) = (here(None), here(Some("https://push.example/")));
    let one = inside.attach(&ask(format!("{origin}/png")), NOW).await.unwrap();
    assert_eq!((inside.is_public(), inside.address(&one.key).await), (false, None));
    let expected = format!("https://push.example/media/{}", one.key);
    assert_eq!((outside.is_public(), outside.address(&one.key).await), (true, Some(expected)));
    let none = Media::none().attach(&ask(format!("{origin}/png")), NOW).await;
    assert!(matches!(none, Err(NotAttached::Refused("no_place", _))), "{none:?}");
}

#[tokio::test]
async fn a_folder_outlives_the_process_and_is_swept_by_weeks() {
    let (origin, dir) = (origin().await, tempfile::tempdir().unwrap());
    let open = || {
        let url = format!("file://{}/a/media", dir.path().display());
        Media::new(Place::open(&url).unwrap(), Addresses::AlsoPrivate, None).unwrap()
    };
    let one = open().attach(&ask(format!("{origin}/png")), NOW).await.unwrap();
    std::fs::write(dir.path().join("a/media/notes.txt"), "of somebody else").unwrap();
    let media = open();
    assert_eq!(media.load(std::slice::from_ref(&one)).await.unwrap().bytes, [png(0)]);
    let weeks = media.weeks().await.unwrap();
    assert_eq!(weeks, [one.key.as_str().split('/').next().unwrap()]);
    assert_eq!(media.copies(&weeks[0]).await.unwrap(), std::slice::from_ref(&one.key));
    media.remove(&one.key).await.unwrap();
    media.remove(&one.key).await.unwrap();
    assert_eq!(media.load_one(&one.key).await.unwrap_err(), NotLoaded::Gone);
    assert!(media.copies(&weeks[0]).await.unwrap().is_empty());
    for bad in ["", "media", "https://example.com/a", "s3://", "file://host/a"] {
        assert!(Place::open(bad).is_err(), "{bad}");
    }
}

/// A bucket: objects by path. Whoever does not sign is refused, and the first call breaks off.
async fn bucket() -> String {
    let objects = Mutex::new(BTreeMap::<String, Vec<u8>>::new());
    let broke = AtomicBool::new(false);
    serve(move |request| {
        if !broke.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        if !request.head.contains("authorization: aws4-hmac-sha256") && !query.contains("X-Amz-Signature") {
            return answer("403 Forbidden", "", b"");
        }
        let mut objects = objects.lock().unwrap();
        match request.method.as_str() {
            "PUT" => {
                objects.insert(path.to_owned(), request.body);
                answer("200 OK", "etag: \"1\"\r\n", b"")
            }
            "GET" if query.contains("list-type=2") => {
                let row = |path: &String| {
                    let key = path.trim_start_matches("/pictures/");
                    format!("<Contents><Key>{key}</Key><LastModified>2026-11-20T08:00:00.000Z</LastModified><ETag>\"1\"</ETag><Size>1</Size></Contents>")
                };
                let rows: String = objects.keys().map(row).collect();
                let week = "<CommonPrefixes><Prefix>posts/2968/</Prefix></CommonPrefixes>";
                let list = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{rows}{week}</ListBucketResult>");
                answer("200 OK", "", list.as_bytes())
            }
            "GET" => match objects.get(path) {
                Some(bytes) => {
                    let headers = "etag: \"1\"\r\nlast-modified: Fri, 20 Nov 2026 08:00:00 GMT\r\n";
                    answer("200 OK", headers, bytes)
                }
                None => answer("404 Not Found", "", b""),
            },
            // Several at once, named in XML.
            "POST" if query == "delete" => {
                let text = String::from_utf8(request.body).unwrap();
                let key = text.split("<Key>").nth(1).and_then(|it| it.split("</Key>").next());
                let key = key.unwrap();
                objects.remove(&format!("/pictures/{key}"));
                let done = format!(
                    "<DeleteResult><Deleted><Key>{key}</Key></Deleted></DeleteResult>"
                );
                answer("200 OK", "", done.as_bytes())
            }
            _ => answer("405 Method Not Allowed", "", b""),
        }
    })
    .await
}

fn in_bucket(url: &str, plain: bool) -> Media {
    let settings = AmazonS3Builder::new()
        .with_bucket_name("pictures")
        .with_region("eu-central-1")
        .with_endpoint(url)
        .with_access_key_id("key")
        .with_secret_access_key("secret")
        .with_retry(RetryConfig { max_retries: 1, ..RetryConfig::default() })
        .with_allow_http(plain);
    let place = Place::bucket(settings, Path::from("posts")).unwrap();
    Media::new(place, Addresses::AlsoPrivate, None).unwrap()
}

/// Nothing leaves without TLS unless the settings say so.
#[tokio::test]
async fn a_bucket_is_called_by_https() {
    let (origin, bucket) = (origin().await, bucket().await);
    let kept = in_bucket(&bucket, false).attach(&ask(format!("{origin}/png")), NOW).await;
    assert_eq!(kept.unwrap_err(), NotAttached::Unavailable);
    let answer = reqwest::get(format!("{bucket}/a")).await;
    assert!(answer.is_err(), "the first call is this one");
}

#[tokio::test]
async fn a_bucket_keeps_copies_and_signs_their_addresses() {
    let (origin, bucket) = (origin().await, bucket().await);
    let media = in_bucket(&bucket, true);
    let one: Medium = media.attach(&ask(format!("{origin}/png")), NOW).await.unwrap();
    assert_eq!(media.load_one(&one.key).await.unwrap().bytes, [png(0)]);
    assert_eq!(media.copies("2968").await.unwrap(), std::slice::from_ref(&one.key));
    let url = media.address(&one.key).await.unwrap();
    assert!(url.starts_with(&format!("{bucket}/pictures/posts/{}?", one.key)), "{url}");
    assert!(url.contains("X-Amz-Expires=43200") && !url.contains("secret"), "{url}");
    let fetched = here(None).attach(&ask(url), NOW).await.unwrap();
    assert_eq!(fetched.key, one.key, "whoever has the address gets the picture");
    media.remove(&one.key).await.unwrap();
    let gone: Result<_, NotLoaded> = media.load_one(&one.key).await;
    assert_eq!(gone.unwrap_err(), NotLoaded::Gone);
    assert!(MediaKey::parse(one.key.as_str()).is_ok());
}
