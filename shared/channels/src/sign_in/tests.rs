use auth::sign_user;
use expect_test::{Expect, expect};

use super::*;
use crate::testing::{app, connection, user};
use crate::{App, Limits};

fn ask(user_data: &str) -> protocol::SignIn {
    let auth = sign_user(&app().keys[0], connection("c1").socket_id, user_data);
    protocol::SignIn { auth, user_data: user_data.into() }
}

fn check_with(user_data: &str, expected: Expect) {
    let limits = Limits { watchlist: 3, ..Limits::default() };
    let c1 = Connection { app: Arc::new(App { limits, ..app() }), ..connection("c1") };
    let shown = match check(&c1, &ask(user_data)) {
        Ok(Checked { sign_in: SignIn { user, watchlist }, cut }) => {
            format!("{} {:?} {watchlist:?} {cut}", user.id, user.info)
        }
        Err(fault) => format!("{:?} {}", fault.code, fault.message),
    };
    expected.assert_eq(&shown);
}

#[test]
fn user_data_is_read_once() {
    check_with(r#"{"id":"7"}"#, expect!["7 None [] false"]);
    check_with(
        r#"{"id":"7","user_info":{"n":1},"watchlist":["9","8","9"],"own":true}"#,
        expect![[r#"7 Some(Object {"n": Number(1)}) [UserId("8"), UserId("9")] false"#]],
    );
    check_with(
        r#"{"id":"7","watchlist":["1","2","3","4"]}"#,
        expect![[r#"7 None [UserId("1"), UserId("2"), UserId("3")] true"#]],
    );
    let long = "x".repeat(129);
    check_with(
        &format!(r#"{{"id":"7","watchlist":["","{long}","8"]}}"#),
        expect![[r#"7 None [UserId("8")] false"#]],
    );
    for bad in ["", "7", "{}", r#"{"id":7}"#, r#"{"id":null}"#, r#"{"id":"7","watchlist":"8"}"#] {
        check_with(
            bad,
            expect![
                "Some(Unauthorized) Invalid user_data: expected a JSON object with a string 'id'"
            ],
        );
    }
    check_with(
        r#"{"id":""}"#,
        expect!["Some(Unauthorized) Invalid user_data: 'id' must have 1 to 128 characters"],
    );
}

#[test]
fn only_these_words_by_this_socket_are_signed() {
    let c1 = connection("c1");
    let mut other = ask(r#"{"id":"7"}"#);
    other.user_data = r#"{"id":"8"}"#.into();
    assert_eq!(check(&c1, &other).unwrap_err().code, Some(Code::Unauthorized));
    let elsewhere =
        Connection { socket_id: protocol::SocketId::from_random(9, 9), ..connection("c1") };
    assert!(check(&elsewhere, &ask(r#"{"id":"7"}"#)).is_err());
    let none = protocol::SignIn { auth: String::new(), user_data: r#"{"id":"7"}"#.into() };
    assert!(check(&c1, &none).is_err());
}

#[test]
fn a_first_picture_and_news_for_those_who_watch() {
    let c1 = connection("c1");
    let watchlist = ["8", "9"].map(UserId::new).to_vec();
    let sign_in = SignIn { user: user("7"), watchlist };
    let yes = SignedIn::Yes {
        tell: vec![ConnectionId::new("c2"), ConnectionId::new("c3")],
        online: vec![UserId::new("9")],
    };
    expect![[r#"
        Ok(
            [
                send c1: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["9"]},{"name":"offline","user_ids":["8"]}]}},
                send c2: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["7"]}]}},
                send c3: {"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["7"]}]}},
            ],
        )
    "#]]
    .assert_debug_eq(&welcome(&c1, &sign_in, yes));
    let quiet = SignIn { user: user("7"), watchlist: Vec::new() };
    let alone = SignedIn::Yes { tell: Vec::new(), online: Vec::new() };
    assert_eq!(welcome(&c1, &quiet, alone), Ok(Vec::new()));
    assert!(matches!(welcome(&c1, &quiet, SignedIn::OtherUser), Err(Refused::Note(_))));
    assert!(matches!(welcome(&c1, &quiet, SignedIn::Denied), Err(Refused::Close(_))));
    assert_eq!(welcome(&c1, &quiet, SignedIn::Gone), Ok(Vec::new()));
    let passing = SignedIn::Passing(UserId::new("7"));
    assert_eq!(welcome(&c1, &quiet, passing), Ok(vec![lost(&c1, UserId::new("7"))]));
}

#[test]
fn the_answer_is_the_clients_own_words() {
    let ask = ask(r#"{"id":"7", "x": "\"" }"#);
    expect![[r#"send c1: {"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"7\", \"x\": \"\\\"\" }"}}"#]]
        .assert_eq(&format!("{:?}", success(&connection("c1"), &ask)));
}
