use auth::sign_channel;
use expect_test::{Expect, expect};

use super::*;
use crate::Recorded;
use crate::testing::{app, channel, connection, user};
use protocol::{EventName, Serial};

fn ask(channel: &str, auth: Option<&str>, data: Option<&str>) -> Subscribe {
    Subscribe {
        channel: channel.into(),
        auth: auth.map(Into::into),
        channel_data: data.map(Into::into),
    }
}

fn signed(channel: &str, data: Option<&str>) -> Subscribe {
    let auth = sign_channel(&app().keys[0], connection("c1").socket_id, channel, data);
    ask(channel, Some(&auth), data)
}

fn check_with(connection: &Connection, ask: &Subscribe, expected: Expect) {
    let shown = match check(&app(), connection, ask) {
        Ok(checked) => format!("{checked:?}"),
        Err(refused) => {
            let effects = refused.effects(connection);
            effects.iter().map(|e| format!("{e:?}\n")).collect()
        }
    };
    expected.assert_eq(&shown);
}

#[test]
fn public_channels_are_open() {
    check_with(
        &connection("c1"),
        &ask("news", None, None),
        expect![[r#"Open(Join { channel: "news", member: None })"#]],
    );
    check_with(
        &connection("c1"),
        &ask("a b", None, None),
        expect![[r#"
            send c1: {"event":"pusher:error","data":{"code":null,"message":"Invalid channel name: 'a b'"}}
            send c1: {"event":"pusher:subscription_error","channel":"a b","data":{"type":"InvalidChannel","error":"Invalid channel name: 'a b'","status":400}}
        "#]],
    );
}

#[test]
fn a_signature_opens_private_channels() {
    let c1 = connection("c1");
    for data in [None, Some(r#"{"user_id":"1"}"#)] {
        check_with(
            &c1,
            &signed("private-a", data),
            expect![[r#"Open(Join { channel: "private-a", member: None })"#]],
        );
    }
    let mut other = signed("private-b", None);
    other.channel = "private-a".into();
    assert!(check(&app(), &c1, &other).is_err());
    let mut stripped = signed("private-a", Some("{}"));
    stripped.channel_data = None;
    assert!(check(&app(), &c1, &stripped).is_err());
    for none in [None, Some("")] {
        check_with(
            &c1,
            &ask("private-a", none, None),
            expect![[r#"
                send c1: {"event":"pusher:error","data":{"code":null,"message":"Auth info required to subscribe to private-a"}}
                send c1: {"event":"pusher:subscription_error","channel":"private-a","data":{"type":"AuthError","error":"Auth info required to subscribe to private-a","status":401}}
            "#]],
        );
    }
}

#[test]
fn presence_needs_a_member() {
    let c1 = connection("c1");
    check_with(
        &c1,
        &signed("presence-a", Some(r#"{"user_id":7,"user_info":{"n":1}}"#)),
        expect![[
            r#"Open(Join { channel: "presence-a", member: Some(Member { user_id: UserId("7"), user_info: Some(RawValue({"n":1})) }) })"#
        ]],
    );
    check_with(
        &c1,
        &signed("presence-a", Some(r#"{"user_id":"7","user_info":null}"#)),
        expect![[
            r#"Open(Join { channel: "presence-a", member: Some(Member { user_id: UserId("7"), user_info: None }) })"#
        ]],
    );
    for bad in ["", "{", "7", "{}", r#"{"user_id":null}"#, r#"{"user_id":{}}"#, r#"{"user_id":""}"#]
    {
        assert!(check(&app(), &c1, &signed("presence-a", Some(bad))).is_err(), "{bad}");
    }
    assert!(check(&app(), &c1, &signed("presence-a", None)).is_err());
}

#[test]
fn presence_data_is_bounded() {
    let c1 = connection("c1");
    let info = |n: usize| format!(r#"{{"user_id":"1","user_info":"{}"}}"#, "x".repeat(n));
    assert!(check(&app(), &c1, &signed("presence-a", Some(&info(1_022)))).is_ok());
    assert!(check(&app(), &c1, &signed("presence-a", Some(&info(1_023)))).is_err());
    let id = |n: usize| format!(r#"{{"user_id":"{}"}}"#, "ü".repeat(n));
    assert!(check(&app(), &c1, &signed("presence-a", Some(&id(128)))).is_ok());
    assert!(check(&app(), &c1, &signed("presence-a", Some(&id(129)))).is_err());
}

#[test]
fn a_signed_in_user_asks_the_policy() {
    let c1 = Connection { user: Some(user("u1")), ..connection("c1") };
    check_with(
        &c1,
        &ask("private-user-u1", None, None),
        expect![[r#"AskPolicy(Join { channel: "private-user-u1", member: None })"#]],
    );
    check_with(
        &c1,
        &ask("presence-a", None, None),
        expect![[
            r#"AskPolicy(Join { channel: "presence-a", member: Some(Member { user_id: UserId("u1"), user_info: Some(RawValue({"name":"Ada"})) }) })"#
        ]],
    );
    assert!(check(&app(), &c1, &signed("presence-a", Some(r#"{"user_id":"u2"}"#))).is_err());
    assert!(check(&app(), &c1, &signed("presence-a", None)).is_ok());
    for auth in [None, Some("")] {
        check_with(
            &c1,
            &ask("#server-to-user-u1", auth, None),
            expect![[r##"Open(Join { channel: "#server-to-user-u1", member: None })"##]],
        );
    }
    for other in ["#server-to-user-u", "#server-to-user-u11", "#server-to-user-u2"] {
        assert!(check(&app(), &c1, &ask(other, None, None)).is_err());
    }
    let nobody = connection("c1");
    assert!(check(&app(), &nobody, &ask("#server-to-user-u1", None, None)).is_err());
    assert!(check(&app(), &nobody, &signed("#server-to-user-u1", None)).is_err());
}

#[test]
fn welcomes() {
    let c1 = connection("c1");
    let member = Member { user_id: UserId::new("7"), user_info: None };
    let join = Join { channel: channel("presence-a"), member: Some(member.clone()) };
    let shown = |joined: Joined| match welcome(&c1, &join, &joined) {
        Ok(effects) => effects.iter().map(|e| format!("{e:?}\n")).collect::<String>(),
        Err(refused) => refused.effects(&c1).iter().map(|e| format!("{e:?}\n")).collect(),
    };
    let there = |first_of_user| Joined::New {
        occupied: true,
        subscriptions: 1,
        presence: Some(Presence {
            first_of_user,
            roster: Roster { count: 1, members: vec![member.clone()] },
        }),
    };
    expect![[r#"
        send c1: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":1,\"ids\":[\"7\"],\"hash\":{\"7\":null}}}"}
        broadcast 1001/presence-a except 1234.5678: {"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"7\"}"}
    "#]]
    .assert_eq(&shown(there(true)));
    expect![[r#"
        send c1: {"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{\"presence\":{\"count\":1,\"ids\":[\"7\"],\"hash\":{\"7\":null}}}"}
    "#]]
    .assert_eq(&shown(there(false)));
    expect![[r#"
        send c1: {"event":"pusher:error","data":{"code":null,"message":"Existing subscription to channel presence-a"}}
    "#]]
    .assert_eq(&shown(Joined::Already));
    expect![[r#"
        send c1: {"event":"pusher:error","data":{"code":null,"message":"presence-a is full: at most 100 members are allowed"}}
        send c1: {"event":"pusher:subscription_error","channel":"presence-a","data":{"type":"LimitReached","error":"presence-a is full: at most 100 members are allowed","status":4004}}
    "#]]
    .assert_eq(&shown(Joined::Full));
    assert_eq!(shown(Joined::Gone), "");
}

/// While it was there others came who were not told to be first, or went who were not told to be last.
#[test]
fn what_was_taken_back_is_told_if_others_came_or_went_in_between() {
    let hooked = Arc::new(App { hooks: true, ..app() });
    let c1 = Connection { app: hooked, ..connection("c1") };
    let user = UserId::new("7");
    let member = Member { user_id: user.clone(), user_info: None };
    let join = Join { channel: channel("presence-a"), member: Some(member) };
    let shown = |why, (occupied, first), (vacated, last)| {
        let user = Some(user.clone()).filter(|_| last);
        let departed = Departed { user, vacated, subscriptions: 0 };
        match welcome(&c1, &join, &Joined::passing(why, occupied, first, departed)) {
            Ok(effects) => effects.iter().map(|e| format!("{e:?}\n")).collect::<String>(),
            Err(refused) => refused.effects(&c1).iter().map(|e| format!("{e:?}\n")).collect(),
        }
    };
    assert_eq!(shown(Passed::Gone, (true, true), (true, true)), "", "nobody noticed");
    assert_eq!(shown(Passed::Gone, (false, false), (false, false)), "");
    expect![[r#"
        broadcast 1001/presence-a except 1234.5678: {"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"7\"}"}
        hook 1001: ChannelOccupied { channel: "presence-a" }
        hook 1001: MemberAdded { channel: "presence-a", user_id: UserId("7") }
    "#]].assert_eq(&shown(Passed::Gone, (true, true), (false, false)));
    expect![[r#"
        broadcast 1001/presence-a: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"7\"}"}
        hook 1001: MemberRemoved { channel: "presence-a", user_id: UserId("7") }
        hook 1001: ChannelVacated { channel: "presence-a" }
    "#]].assert_eq(&shown(Passed::Gone, (false, false), (true, true)));
    expect![[r#"
        send c1: {"event":"pusher:error","data":{"code":null,"message":"Too many subscriptions: at most 1000 per connection"}}
        send c1: {"event":"pusher:subscription_error","channel":"presence-a","data":{"type":"LimitReached","error":"Too many subscriptions: at most 1000 per connection","status":4004}}
    "#]].assert_eq(&shown(Passed::TooMany, (true, true), (true, true)));
    expect![[r#"
        broadcast 1001/presence-a except 1234.5678: {"event":"pusher_internal:member_added","channel":"presence-a","data":"{\"user_id\":\"7\"}"}
        hook 1001: ChannelOccupied { channel: "presence-a" }
        hook 1001: MemberAdded { channel: "presence-a", user_id: UserId("7") }
        hook 1001: ChannelVacated { channel: "presence-a" }
        send c1: {"event":"pusher:error","data":{"code":null,"message":"Too many subscriptions: at most 1000 per connection"}}
        send c1: {"event":"pusher:subscription_error","channel":"presence-a","data":{"type":"LimitReached","error":"Too many subscriptions: at most 1000 per connection","status":4004}}
    "#]].assert_eq(&shown(Passed::TooMany, (true, true), (true, false)));
}

#[test]
fn newcomers_of_a_cache_channel() {
    let hooked = Arc::new(App { hooks: true, ..app() });
    let c1 = Connection { app: hooked, ..connection("c1") };
    let channel = channel("cache-a");
    let event = Recorded {
        serial: Some(Serial::new(7)),
        event: EventName::parse("e").unwrap(),
        data: Some(serde_json::value::to_raw_value("d").unwrap().into()),
        user_id: None,
    };
    let cached = Cached { event, ttl_ms: 1 };
    expect![[r#"
        [
            [
                send c1: {"event":"e","channel":"cache-a","data":"d","serial":7},
            ],
            [
                send c1: {"event":"pusher:cache_miss","channel":"cache-a","data":"{}"},
                hook 1001: CacheMiss { channel: "cache-a" },
            ],
            [
                send c1: {"event":"pusher:cache_miss","channel":"cache-a","data":"{}"},
            ],
        ]
    "#]]
    .assert_debug_eq(&[
        recall(&c1, &channel, Some(&cached), false),
        recall(&c1, &channel, None, true),
        recall(&c1, &channel, None, false),
    ]);
}

#[test]
fn the_applications_server_hears_of_firsts() {
    let hooked = Arc::new(App { hooks: true, ..app() });
    let c1 = Connection { app: hooked, ..connection("c1") };
    let member = Member { user_id: UserId::new("7"), user_info: None };
    let join = Join { channel: channel("presence-a"), member: Some(member) };
    let joined = |occupied, first_of_user| Joined::New {
        occupied,
        subscriptions: 1,
        presence: Some(Presence { first_of_user, roster: Roster::default() }),
    };
    let hooks = |joined: Joined| -> Vec<Effect> {
        let effects = welcome(&c1, &join, &joined).unwrap();
        effects.into_iter().filter(|it| matches!(it, Effect::Hook { .. })).collect()
    };
    expect![[r#"
        [
            hook 1001: ChannelOccupied { channel: "presence-a" },
            hook 1001: MemberAdded { channel: "presence-a", user_id: UserId("7") },
        ]
    "#]]
    .assert_debug_eq(&hooks(joined(true, true)));
    assert_eq!(hooks(joined(false, true)).len(), 1);
    assert_eq!(hooks(joined(false, false)), Vec::new());
}
