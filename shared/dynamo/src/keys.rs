//! Keys of rows, in one place. Channel names have no `/`, so the last one of a key separates the channel;
//! user ids and app ids may have any character, so the length of the one that comes first is told.

use protocol::{AppId, ChannelName, ConnectionId, UserId};
use sha2::{Digest, Sha256};

use crate::item::{Item, text};

/// The sparse index of occupied channels, and of connections that hold something which others miss.
pub(crate) const OCCUPIED_INDEX: &str = "occupied";
/// Partitions of that index per app, so that none is hot. A change needs every channel's row rewritten.
pub(crate) const OCCUPIED_PARTITIONS: u32 = 8;
/// The sort key of a connection's, a channel's and a history's own row. It sorts before all others of the partition.
pub(crate) const OWN: &str = "#";
/// What the sort keys of watchers begin with.
pub(crate) const WATCHER: &str = "W/";
/// The partition of the notes of sweeps.
pub(crate) const NOTES: &str = "V";
/// What the partition keys of connections begin with. In the index it sorts before all channels.
pub(crate) const CONNECTION: &str = "C/";
/// What the sort keys of links begin with.
pub(crate) const LINK: &str = "S/";

/// One channel of one app.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) app: AppId,
    pub(crate) channel: ChannelName,
}

impl Place {
    pub(crate) fn of(app: &AppId, channel: &ChannelName) -> Self {
        Self { app: app.clone(), channel: channel.clone() }
    }

    /// The partition of a shard's members; the first one has the channel's row as well.
    pub(crate) fn shard(&self, shard: u32) -> String {
        format!("S/{shard}/{}/{}", self.app, self.channel)
    }

    /// The channel's row.
    pub(crate) fn row(&self) -> Item {
        key(self.shard(0), OWN)
    }

    /// A member.
    pub(crate) fn member(&self, shard: u32, connection: &ConnectionId) -> Item {
        key(self.shard(shard), connection.as_str())
    }

    /// The partition of a presence channel's users.
    pub(crate) fn users(&self) -> String {
        format!("P/{}/{}", self.app, self.channel)
    }

    /// A user on a presence channel.
    pub(crate) fn user(&self, user: &UserId) -> Item {
        key(self.users(), user.as_str())
    }

    /// The partition of what the channel remembers of its events.
    pub(crate) fn events(&self) -> String {
        format!("E/{}/{}", self.app, self.channel)
    }

    /// Where the channel stands in the index while it is occupied.
    pub(crate) fn occupied(&self) -> String {
        occupied(&self.app, hash(self.channel.as_str()) % OCCUPIED_PARTITIONS)
    }
}

/// A partition of the index of an app's occupied channels.
pub(crate) fn occupied(app: &AppId, partition: u32) -> String {
    format!("A/{partition}/{app}")
}

/// Where a connection stands in the index while it is signed in or counts against a quota.
pub(crate) fn held(app: &AppId, id: &ConnectionId) -> String {
    occupied(app, hash(id.as_str()) % OCCUPIED_PARTITIONS)
}

/// What the partition keys of an app's channels begin with.
pub(crate) fn channels(app: &AppId) -> String {
    format!("S/0/{app}/")
}

/// The partition of a connection and its links.
pub(crate) fn connection_partition(id: &ConnectionId) -> String {
    format!("{CONNECTION}{id}")
}

/// A connection.
pub(crate) fn connection(id: &ConnectionId) -> Item {
    key(connection_partition(id), OWN)
}

/// The link from a connection to a channel that it is subscribed to.
pub(crate) fn link(id: &ConnectionId, channel: &ChannelName) -> Item {
    key(connection_partition(id), &format!("{LINK}{channel}"))
}

/// The partition of a user who may sign in: the own row, watchers, and whether the user is denied.
pub(crate) fn online_partition(app: &AppId, user: &UserId) -> String {
    format!("U/{}/{app}/{user}", app.as_str().len())
}

/// A user who is signed in.
pub(crate) fn online(app: &AppId, user: &UserId) -> Item {
    key(online_partition(app, user), OWN)
}

/// Until when a user cannot sign in.
pub(crate) fn denied(app: &AppId, user: &UserId) -> Item {
    key(online_partition(app, user), "D")
}

/// Somebody who watches a user.
pub(crate) fn watcher(app: &AppId, user: &UserId, id: &ConnectionId) -> Item {
    key(online_partition(app, user), &format!("{WATCHER}{id}"))
}

/// How many connections an app has that is limited.
pub(crate) fn quota(app: &AppId) -> Item {
    key(format!("Q/{app}"), OWN)
}

/// An event from elsewhere.
pub(crate) fn seen(id: &str) -> Item {
    key(format!("I/{id}"), OWN)
}

/// A publication that may be sent again.
pub(crate) fn work(app: &AppId, work: &str) -> Item {
    key(format!("K/{}/{app}/{work}", app.as_str().len()), OWN)
}

/// Where a sweep of a partition of the index of an app's occupied channels goes on.
pub(crate) fn note(app: &AppId, partition: u32) -> Item {
    key(NOTES.to_owned(), &format!("{partition}/{app}"))
}

/// A rate that several processes keep together.
pub(crate) fn rate(name: &str) -> Item {
    key(format!("R/{name}"), OWN)
}

/// The shard that a newcomer goes to.
pub(crate) fn shard_of(id: &ConnectionId, shards: u32) -> u32 {
    hash(id.as_str()) % shards.max(1)
}

/// A key.
pub(crate) fn key(pk: String, sk: &str) -> Item {
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into()
}

/// The same in every process and version, unlike the standard library's.
fn hash(text: &str) -> u32 {
    let digest = Sha256::digest(text.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}
