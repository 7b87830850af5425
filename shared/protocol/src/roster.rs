//! Who is on a presence channel, and how that goes over the wire.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::UserId;

/// One user on a presence channel.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// What the application says about them: any JSON, kept as text.
    pub user_info: Option<std::sync::Arc<RawValue>>,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        let text = |m: &Self| m.user_info.as_ref().map(|raw| raw.get().to_owned());
        self.user_id == other.user_id && text(self) == text(other)
    }
}

/// Who is on a presence channel, one entry per user: everyone, or the first ones of many.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster {
    /// How many there are.
    pub count: usize,
    /// Those whom the newcomer is told of, itself included. The others can be had over HTTP.
    pub members: Vec<Member>,
}

impl Roster {
    /// As many of `members` as `bytes` of a frame hold, and always the newcomer: clients look for themselves.
    /// Looks at no more members than it takes.
    pub fn page<'a>(
        own: &Member,
        members: impl Iterator<Item = &'a Member>,
        count: usize,
        bytes: usize,
    ) -> Self {
        let mut left = bytes.saturating_sub(own.bytes());
        let mut page = Vec::new();
        let mut found = false;
        for member in members {
            if member.user_id == own.user_id {
                found = true;
            } else {
                let Some(rest) = left.checked_sub(member.bytes()) else { break };
                left = rest;
            }
            page.push(member.clone());
        }
        if !found {
            page.push(own.clone());
        }
        Self { count, members: page }
    }
}

impl Member {
    /// What its two entries take in a frame, where JSON stands inside of a JSON string.
    pub fn bytes(&self) -> usize {
        /// Quotes, colon and commas of the two entries, the quotes escaped.
        const MARKS: usize = 11;
        let id: usize = self.user_id.as_str().bytes().map(escaped_twice).sum();
        let info = self.user_info.as_ref().map_or("null", |raw| raw.get());
        2 * id + info.bytes().map(escaped).sum::<usize>() + MARKS
    }
}

/// Bytes of a character of JSON inside of a JSON string.
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

/// Bytes of a character of a string in JSON inside of a JSON string.
fn escaped_twice(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' => 4,
        0..0x20 => 7,
        _ => 1,
    }
}

#[derive(Serialize)]
pub(crate) struct Presence<'a> {
    presence: PresenceBody<'a>,
}

#[derive(Serialize)]
struct PresenceBody<'a> {
    count: usize,
    ids: Vec<&'a UserId>,
    hash: Hash<'a>,
}

/// The roster as a JSON object in roster order.
struct Hash<'a>(&'a Roster);

impl Serialize for Hash<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.members.iter().map(|m| (&m.user_id, m.user_info.as_deref())))
    }
}

pub(crate) fn presence(roster: &Roster) -> Presence<'_> {
    let ids: Vec<_> = roster.members.iter().map(|m| &m.user_id).collect();
    Presence { presence: PresenceBody { count: roster.count, ids, hash: Hash(roster) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelName, ServerFrame};

    fn member(id: &str, info: &str) -> Member {
        let raw = RawValue::from_string(info.to_owned()).expect("valid JSON");
        Member { user_id: UserId::new(id), user_info: Some(raw.into()) }
    }

    fn ids(roster: &Roster) -> Vec<&str> {
        roster.members.iter().map(|it| it.user_id.as_str()).collect()
    }

    #[test]
    fn a_page_is_the_first_ones_and_the_newcomer() {
        let all: Vec<Member> = ["a", "b", "c", "d"].map(|id| member(id, "1")).into();
        let page = |own: usize, entries: usize| {
            Roster::page(&all[own], all.iter(), 4, entries * all[0].bytes())
        };
        assert_eq!(ids(&page(1, 4)), ["a", "b", "c", "d"]);
        assert_eq!(ids(&page(3, 3)), ["a", "b", "d"]);
        assert_eq!(ids(&page(0, 1)), ["a"]);
        assert_eq!(ids(&page(3, 0)), ["d"]);
        assert_eq!(page(3, 0).count, 4);
    }

    /// So a join costs the same on a channel of ten thousand as on one of a page.
    #[test]
    fn no_more_members_are_looked_at_than_fit() {
        let all: Vec<Member> = (0..10_000).map(|n| member(&format!("{n:05}"), "1")).collect();
        let looked_at = std::cell::Cell::new(0);
        let members = all.iter().inspect(|_| looked_at.set(looked_at.get() + 1));
        let page = Roster::page(&all[9_999], members, all.len(), 20 * all[0].bytes());
        assert_eq!((page.members.len(), page.count, looked_at.get()), (20, 10_000, 20));
    }

    #[test]
    fn a_page_fits_its_frame() {
        let channel = ChannelName::parse("presence-a").expect("a valid name");
        for info in ["1", r#"{"name":"A \\ \"B\"","x":[1,"2"]}"#] {
            let all: Vec<Member> =
                (0..3_000).map(|n| member(&format!("u\"\\\n{n}"), info)).collect();
            for most in [1_000, 10_000, 100_000] {
                let page = Roster::page(&all[0], all.iter(), all.len(), most);
                let roster = Some(&page);
                let frame = ServerFrame::SubscriptionSucceeded { channel: &channel, roster };
                let bytes = frame.encode().as_bytes().len();
                assert!(bytes < most + 200, "{bytes} for {most}");
                assert!(bytes > most / 2, "{bytes} for {most}: the room is used");
            }
        }
    }
}
