use proptest::prelude::*;

use super::*;
use crate::Workspace;

fn user(id: &str, workspaces: &[&str]) -> User {
    let workspaces =
        workspaces.iter().map(|id| Workspace { id: WorkspaceId::new(*id), role: None });
    User { id: UserId::new(id), info: None, workspaces: workspaces.collect() }
}

fn scope(channel: &str) -> Option<Scope> {
    ChannelName::parse(channel).ok().map(|name| Scope::of(&name))
}

/// Whether the user may see the channel; names that are no channel are seen by nobody.
fn sees(user: &User, channel: &str, facts: Option<&PostFacts>, extra: &[&str]) -> bool {
    scope(channel).is_some_and(|scope| allows(user, &scope, facts, extra))
}

#[test]
fn names_say_whose_they_are() {
    let user = |id: &str| Some(Scope::User(UserId::new(id)));
    let post = |id: &str| Some(Scope::Post(id.into()));
    let workspace = |id: &str| Some(Scope::Workspace(WorkspaceId::new(id)));
    let stored = |kind, id: &str| Some(Scope::Stored(kind, id.into()));
    for (name, expected) in [
        ("news", Some(Scope::Open)),
        ("my-private-user-1", Some(Scope::Open)),
        ("Private-user-1", Some(Scope::Open)),
        ("private-user-1", user("1")),
        ("private-user-12", user("12")),
        ("private-user-user-1", user("user-1")),
        ("private-user-1-2", user("1-2")),
        ("private-user-..", user("..")),
        ("private-user-1=1", user("1=1")),
        ("#server-to-user-1", user("1")),
        ("private-post-p1", post("p1")),
        ("private-cache-post-p1", post("p1")),
        ("presence-post-p1", post("p1")),
        ("private-workspace-w", workspace("w")),
        ("presence-workspace-w", workspace("w")),
        ("private-dashboard-w", workspace("w")),
        ("presence-inbox-w", workspace("w")),
        ("private-job-1", stored(Resource::Job, "1")),
        ("private-brand-1", stored(Resource::Brand, "1")),
        ("presence-room-1", stored(Resource::Room, "1")),
        ("presence-conversation-1", stored(Resource::Conversation, "1")),
        ("private-user-", Some(Scope::Nobody)),
        ("private-post-", Some(Scope::Nobody)),
        ("presence-workspace-", Some(Scope::Nobody)),
        ("#server-to-user-", None),
        ("private-user-../1", None),
        ("private-user-ü", None),
        ("private-user-1 ", None),
        ("private-user-1%2f", None),
    ] {
        assert_eq!(scope(name), expected, "{name}");
    }
    for other in [
        "private-user",
        "private-user_1",
        "presence-user-1",
        "private-users-1",
        "private-encrypted-user-1",
        "private-cache-user-1",
        "presence-cache-post-1",
        "private-private-user-1",
        "private-",
    ] {
        let expected = ChannelName::parse(other).ok().map(Scope::Other);
        assert_eq!(scope(other), expected, "{other}");
    }
}

#[test]
fn user_channels_are_for_exactly_that_user() {
    let ids = ["1", "12", "user-1", "1-2", "2", "-1", "..", "=", "ü", ""];
    for owner in ids.iter().filter(|id| !id.is_empty()) {
        for prefix in ["private-user-", "#server-to-user-"] {
            let channel = format!("{prefix}{owner}");
            for id in ids {
                // A user's own channel takes any id; the alphabet of other names is narrower.
                let can_be_named = prefix.starts_with('#') || *owner != "ü";
                let expected = id == *owner && can_be_named;
                assert_eq!(
                    sees(&user(id, &[owner]), &channel, None, &[]),
                    expected,
                    "{id} {channel}"
                );
            }
        }
    }
    // Whatever a token claims to be, no id opens a channel without one.
    assert!(!sees(&user("", &[""]), "private-user-", None, &[]));
}

#[test]
fn post_channels_are_for_the_author_and_the_workspace() {
    let facts = |workspace: Option<&str>| PostFacts {
        author: UserId::new("1"),
        workspace: workspace.map(WorkspaceId::new),
    };
    let (own, shared) = (facts(None), facts(Some("w")));
    for channel in ["private-post-p", "private-cache-post-p", "presence-post-p"] {
        assert!(sees(&user("1", &[]), channel, Some(&own), &[]));
        assert!(sees(&user("1", &[]), channel, Some(&shared), &[]));
        assert!(sees(&user("2", &["v", "w"]), channel, Some(&shared), &[]));
        assert!(!sees(&user("2", &["w"]), channel, Some(&own), &[]));
        assert!(!sees(&user("12", &["w2", "W", ""]), channel, Some(&shared), &[]));
        assert!(!sees(&user("1", &["w"]), channel, None, &[]), "a post that is not there");
    }
}

#[test]
fn workspace_channels_are_for_members() {
    let names =
        ["private-workspace-", "presence-workspace-", "private-dashboard-", "presence-inbox-"];
    for name in names {
        for (id, members, expected) in [
            ("w", &["w"][..], true),
            ("w", &["v", "w"], true),
            ("w", &["w1", "W", "", "w-1"], false),
            ("w-1", &["w"], false),
            ("w", &[], false),
        ] {
            let channel = format!("{name}{id}");
            assert_eq!(sees(&user("w", members), &channel, None, &[]), expected, "{channel}");
        }
    }
}

#[test]
fn what_no_one_stores_yet_is_refused() {
    for name in ["private-job-1", "private-brand-1", "presence-room-1", "presence-conversation-1"] {
        assert!(!sees(&user("1", &["1"]), name, None, &["private-", "presence-"]), "{name}");
    }
}

#[test]
fn configured_prefixes_open_other_channels_only() {
    let one = user("1", &[]);
    assert!(!sees(&one, "private-chat-7", None, &[]));
    assert!(!sees(&one, "private-chat-7", None, &[""]));
    assert!(!sees(&one, "private-chat-7", None, &["presence-chat-"]));
    assert!(sees(&one, "private-chat-7", None, &["x", "private-chat-"]));
    for guarded in [
        "private-user-2",
        "private-post-2",
        "#server-to-user-2",
        "private-workspace-2",
        "private-user-",
    ] {
        assert!(!sees(&one, guarded, None, &["private-", "#", "private-user-"]), "{guarded}");
    }
}

proptest! {
    #[test]
    fn a_user_sees_a_user_channel_only_with_its_whole_id(a in "[a-z0-9._=-]{1,6}", b in "[a-z0-9._=-]{1,6}") {
        prop_assert_eq!(sees(&user(&a, &[]), &format!("private-user-{b}"), None, &[]), a == b);
    }
}
