use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_700_000_000;
const BODY: &str = r#"{"name":"post:published","data":"{\"id\":1}","channels":["orders"]}"#;

fn keys() -> [KeyPair; 2] {
    [KeyPair::new("old", "old-secret"), KeyPair::new("pb-key", "pb-secret")]
}

fn verify(method: &str, path: &str, query: &str, body: &str) -> Result<String, RequestError> {
    let request = Request { method, path, query, body: body.as_bytes() };
    verify_request(&request, &keys(), NOW).map(|pair| pair.key.to_string())
}

fn query(more: &str, signature: &str) -> String {
    format!(
        "auth_key=pb-key&auth_timestamp={NOW}&auth_version=1.0{more}&auth_signature={signature}"
    )
}

/// Made with the npm package `pusher` 5.3.4.
#[test]
fn vectors() {
    let post = query(
        "&body_md5=56ba087fd7dd3f871da130d7a04b3c81",
        "b0ba1dba4a18ec5be181f998bb93252bd7935c780223f3899aef2a485cb414af",
    );
    assert_eq!(verify("POST", "/apps/1001/events", &post, BODY), Ok("pb-key".into()));

    let get = query(
        "&filter_by_prefix=presence-&info=user_count",
        "6b90925e9fd24c4700819f2d0170b339b4a6f228490ad74f23d184f75ee867d2",
    );
    assert_eq!(verify("GET", "/apps/1001/channels", &get, ""), Ok("pb-key".into()));

    let python = query(
        "&body_md5=d41d8cd98f00b204e9800998ecf8427e",
        "d9976268a2bff7cc398698c7c316f8b774e3e25b02682370d8407d85eab154f3",
    );
    assert_eq!(verify("GET", "/apps/1001/channels", &python, ""), Ok("pb-key".into()));
}

/// The worked example of Pusher's HTTP API reference.
#[test]
fn vector_of_the_docs() {
    let pair = KeyPair::new("278d425bdf160c739803", "7ad3773142a6692b25b8");
    let body = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
    let request = Request { method: "POST", path: "/apps/3/events", query: "", body };
    assert_eq!(
        sign_request(&request, &pair, 1_353_088_179),
        "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
         &body_md5=ec365a775a4cd0599faeb73354201b6f\
         &auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
    );
}

#[test]
fn our_own_signature_is_the_sdks() {
    let request =
        Request { method: "POST", path: "/apps/1001/events", query: "", body: BODY.as_bytes() };
    let query = sign_request(&request, &keys()[1], NOW);
    assert!(query.ends_with(
        "&auth_signature=b0ba1dba4a18ec5be181f998bb93252bd7935c780223f3899aef2a485cb414af"
    ));
}

/// The wire may percent-encode, shout names and order them at will; what is signed stays the same.
#[test]
fn the_wire_form_does_not_matter() {
    let signed = "GET\n/apps/1/channels\nauth_key=pb-key&auth_timestamp=1700000000&auth_version=1.0\
                  &filter_by_prefix=a+b c%20&info=user_count,subscription_count";
    let signature = keys()[1].sign(signed.as_bytes());
    for more in [
        "&info=user_count,subscription_count&filter_by_prefix=a+b%20c%2520",
        "&Info=user_count%2Csubscription_count&FILTER_BY_PREFIX=a%2bb c%2520",
        "&info[0]=user_count&info[1]=subscription_count&filter_by_prefix=a+b%20c%2520",
        "&info%5B%5D=user_count&info%5B%5D=subscription_count&filter_by_prefix=a+b%20c%2520&",
    ] {
        let got = verify("GET", "/apps/1/channels", &query(more, &signature), "");
        assert_eq!(got, Ok("pb-key".into()), "{more}");
    }
}

/// Go signs the path before it is encoded, others as it is on the wire; nobody signs it decoded twice.
#[test]
fn a_path_counts_as_sent_and_decoded_once() {
    let on_wire = "/users/a%2520b/terminate_connections";
    for (signed, good) in [
        (on_wire, true),
        ("/users/a%20b/terminate_connections", true),
        ("/users/a b/terminate_connections", false),
    ] {
        let request = Request { method: "POST", path: signed, query: "", body: b"{}" };
        let query = sign_request(&request, &keys()[1], NOW);
        assert_eq!(verify("POST", on_wire, &query, "{}").is_ok(), good, "{signed}");
    }
}

#[test]
fn times_are_good_for_ten_minutes_both_ways() {
    let request = Request { method: "POST", path: "/apps/1/events", query: "", body: b"{}" };
    for (age, good) in [(0, true), (600, true), (-600, true), (601, false), (-601, false)] {
        let signed = sign_request(&request, &keys()[1], NOW.saturating_add_signed(age));
        let got = verify("POST", "/apps/1/events", &signed, "{}");
        assert_eq!(got.is_ok(), good, "{age}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let shown = |query: &str, body: &str| match verify("POST", "/apps/1/events", query, body) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        shown("", ""),
        "auth_key is missing: sign the request as Pusher's HTTP API reference says"
    );
    assert_eq!(shown("auth_key=nobody", ""), "auth_key 'nobody' is no key of this app");
    assert_eq!(
        shown("auth_key=pb-key&auth_key=pb-key", ""),
        "auth_key 'pb-key,pb-key' is no key of this app"
    );
    assert_eq!(shown("auth_key=pb-key&auth_version=2", ""), "auth_version must be 1.0");
    assert_eq!(
        shown("auth_key=pb-key&auth_version=1.0&auth_timestamp=soon", ""),
        "auth_timestamp must be the time in seconds since 1970, as digits"
    );
    assert_eq!(
        shown("auth_key=pb-key&auth_version=1.0&auth_timestamp=1", ""),
        "Timestamp expired: 1 is not within 600s of the server's time 1700000000. \
         Check the clock of the machine that sends"
    );
    assert_eq!(
        shown(&query("", "00"), "{}"),
        "body_md5 is missing: sign the request as Pusher's HTTP API reference says"
    );
    assert_eq!(
        shown(&query("&body_md5=d41d8cd98f00b204e9800998ecf8427e", "00"), "{}"),
        "Invalid body_md5: it is not the MD5 of the body that arrived, as lower-case hex"
    );
    assert_eq!(
        shown(&query("", "00"), ""),
        "Invalid signature: you should have sent HmacSHA256Hex(\"POST\\n/apps/1/events\\n\
         auth_key=pb-key&auth_timestamp=1700000000&auth_version=1.0\", your_secret_key), \
         but you sent \"00\""
    );
    assert_eq!(
        shown(&"a".repeat(QUERY_BYTES + 1), ""),
        "Query string too long: at most 8192 bytes are allowed"
    );
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_nothing_else(
        path in "/[a-z0-9/]{0,30}",
        body in proptest::collection::vec(any::<u8>(), 1..200),
        value in "[a-z_,-]{0,20}",
        at in any::<prop::sample::Index>(),
    ) {
        let accepts = |request: Request<'_>| verify_request(&request, &keys(), NOW).is_ok();
        let own = format!("info={value}");
        let unsigned = Request { method: "POST", path: &path, query: &own, body: &body };
        let query = sign_request(&unsigned, &keys()[1], NOW);
        let request = Request { query: &query, ..unsigned };
        assert!(accepts(request));
        assert!(!accepts(Request { method: "GET", ..request }));
        assert!(!accepts(Request { path: &format!("{path}x"), ..request }));

        let mut other = body.clone();
        other[at.index(body.len())] ^= 1;
        assert!(!accepts(Request { body: &other, ..request }));

        let mut flipped = query.clone().into_bytes();
        let last = flipped.len() - 1 - at.index(64);
        flipped[last] ^= 1;
        let flipped = String::from_utf8(flipped).unwrap();
        assert!(!accepts(Request { query: &flipped, ..request }));
    }

    /// Nothing that can be written in a query makes the parser panic or lets anyone in.
    #[test]
    fn garbage_is_refused(query in "\\PC{0,200}") {
        assert!(verify("POST", "/apps/1/events", &query, "").is_err());
    }
}
