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

/// Everyone on a presence channel, one entry per user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster(pub Vec<Member>);

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
        serializer.collect_map(self.0.0.iter().map(|m| (&m.user_id, m.user_info.as_deref())))
    }
}

pub(crate) fn presence(roster: &Roster) -> Presence<'_> {
    let ids: Vec<_> = roster.0.iter().map(|m| &m.user_id).collect();
    Presence { presence: PresenceBody { count: ids.len(), ids, hash: Hash(roster) } }
}
