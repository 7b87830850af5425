//! The store in memory: maps behind short locks. A verb takes its connection's lock first and
//! a channel's, or that of the users, second, never two of a kind, so verbs cannot wait for each other in a circle.

mod channel;
mod events;
mod idempotency;
mod rates;
mod shards;
mod users;
mod wishes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use channels::{Absence, Asked, Connection, Counts, Departed, Join, Joined, Leaving, Left, Spoken};
use protocol::limits::CHANNELS_PER_CONNECTION;
use protocol::{AppId, ChannelName, ConnectionId, SocketId, UserId};

use crate::{Closed, Error, Opened, Store, Subscribers};
use channel::Channel;
use events::Memories;
use idempotency::Works;
use shards::Shards;
use users::Everyone;
use wishes::{Met, Wishes};

/// The length of the window in which client events are counted.
const RATE_WINDOW_MS: u64 = 1_000;

/// Everything about connections and channels, gone when the process ends.
#[derive(Default)]
pub struct MemoryStore {
    connections: Shards<ConnectionId, Row>,
    sockets: Shards<(AppId, SocketId), ConnectionId>,
    channels: Shards<(AppId, ChannelName), Channel>,
    per_app: Mutex<HashMap<AppId, u32>>,
    memories: Memories,
    everyone: Everyone,
    works: Works,
}

struct Row {
    connection: Arc<Connection>,
    wishes: Wishes,
    watchlist: Vec<UserId>,
    window_start_ms: u64,
    events_in_window: u32,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one more connection of the app, if its limit allows.
    fn take_place(&self, connection: &Connection) -> Opened {
        let mut per_app = self.per_app.lock().unwrap_or_else(PoisonError::into_inner);
        let count = per_app.entry(connection.app.id.clone()).or_default();
        if connection.app.limits.connections.is_some_and(|most| *count >= most) {
            return Opened::OverQuota;
        }
        *count += 1;
        Opened::Yes
    }

    fn give_place_back(&self, app: &AppId) {
        let mut per_app = self.per_app.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = per_app.get_mut(app) {
            *count = count.saturating_sub(1);
        }
    }
}

impl Store for MemoryStore {
    async fn open(&self, connection: Connection) -> Result<Opened, Error> {
        if self.take_place(&connection) == Opened::OverQuota {
            return Ok(Opened::OverQuota);
        }
        let id = connection.id.clone();
        let socket = (connection.app.id.clone(), connection.socket_id);
        let row = Row {
            connection: Arc::new(connection),
            wishes: Wishes::default(),
            watchlist: Vec::new(),
            window_start_ms: 0,
            events_in_window: 0,
        };
        self.sockets.lock(&socket).insert(socket, id.clone());
        self.connections.lock(&id).insert(id, row);
        Ok(Opened::Yes)
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Arc<Connection>>, Error> {
        Ok(self.connections.lock(id).get(id).map(|row| Arc::clone(&row.connection)))
    }

    async fn join(
        &self,
        connection: &Connection,
        join: &Join,
        asked: Asked,
    ) -> Result<Joined, Error> {
        let mut rows = self.connections.lock(&connection.id);
        let Some(row) = rows.get_mut(&connection.id) else { return Ok(Joined::Gone) };
        match row.wishes.meet_join(&join.channel, asked) {
            Met::On => return Ok(Joined::Already),
            Met::Later => return Ok(Joined::Overtaken),
            Met::Off => {}
        }
        if row.wishes.count() >= CHANNELS_PER_CONNECTION {
            return Ok(Joined::TooMany);
        }
        let key = (connection.app.id.clone(), join.channel.clone());
        let mut shard = self.channels.lock(&key);
        let channel = shard.entry(key.clone()).or_default();
        let joined = channel.add(&connection.id, join.member.as_ref(), &connection.app.limits);
        if matches!(joined, Joined::New { .. }) {
            row.wishes.join(join.channel.clone(), asked);
        } else if channel.is_over() {
            shard.remove(&key);
        }
        Ok(joined)
    }

    async fn leave(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        let mut rows = self.connections.lock(&connection.id);
        if let Some(row) = rows.get_mut(&connection.id)
            && row.wishes.leave(channel, asked) == Met::Later
        {
            return Ok(Left::Overtaken);
        }
        let key = (connection.app.id.clone(), channel.clone());
        let mut shard = self.channels.lock(&key);
        let Some(it) = shard.get_mut(&key) else { return Ok(Left::NotSubscribed) };
        let departed = it.remove(&connection.id, leaving);
        if it.is_over() {
            shard.remove(&key);
        }
        Ok(departed.map_or(Left::NotSubscribed, Left::Gone))
    }

    async fn confirm_leave(
        &self,
        app: &AppId,
        channel: &ChannelName,
        absence: &Absence,
    ) -> Result<Departed, Error> {
        let key = (app.clone(), channel.clone());
        let mut shard = self.channels.lock(&key);
        let Some(it) = shard.get_mut(&key) else { return Ok(Departed::default()) };
        let departed = it.confirm(absence);
        if it.is_over() {
            shard.remove(&key);
        }
        Ok(departed)
    }

    async fn hold_count(&self, app: &AppId, channel: &ChannelName) -> Result<bool, Error> {
        let key = (app.clone(), channel.clone());
        Ok(self.channels.lock(&key).get_mut(&key).is_some_and(Channel::hold_count))
    }

    async fn release_count(
        &self,
        app: &AppId,
        channel: &ChannelName,
    ) -> Result<Option<usize>, Error> {
        let key = (app.clone(), channel.clone());
        Ok(self.channels.lock(&key).get_mut(&key).and_then(Channel::release_count))
    }

    async fn close(&self, id: &ConnectionId) -> Result<Option<Closed>, Error> {
        // Held to the end: a sign-in comes before all of this, or finds nobody.
        let mut rows = self.connections.lock(id);
        let Some(row) = rows.remove(id) else { return Ok(None) };
        let socket = (row.connection.app.id.clone(), row.connection.socket_id);
        self.sockets.lock(&socket).remove(&socket);
        self.give_place_back(&row.connection.app.id);
        let user = self.everyone.close(&row.connection, &row.watchlist);
        Ok(Some(Closed { connection: row.connection, channels: row.wishes.into_channels(), user }))
    }

    async fn speak(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Spoken, Error> {
        let mut rows = self.connections.lock(&connection.id);
        let Some(row) = rows.get_mut(&connection.id) else { return Ok(Spoken::NotSubscribed) };
        if !row.wishes.is_on(channel) {
            return Ok(Spoken::NotSubscribed);
        }
        if now_ms.abs_diff(row.window_start_ms) >= RATE_WINDOW_MS {
            row.window_start_ms = now_ms;
            row.events_in_window = 0;
        }
        if row.events_in_window >= connection.app.limits.client_events_per_second {
            return Ok(Spoken::TooFast);
        }
        row.events_in_window += 1;
        let key = (connection.app.id.clone(), channel.clone());
        let user = self.channels.lock(&key).get(&key).and_then(|it| it.user_of(&connection.id));
        Ok(Spoken::May(user))
    }

    async fn subscribers(
        &self,
        app: &AppId,
        channel: &ChannelName,
        except: Option<SocketId>,
    ) -> Result<Subscribers, Error> {
        let except = except.and_then(|socket_id| {
            let key = (app.clone(), socket_id);
            self.sockets.lock(&key).get(&key).cloned()
        });
        let key = (app.clone(), channel.clone());
        let ids = self.channels.lock(&key).get_mut(&key).map(Channel::subscribers);
        Ok(Subscribers { ids: ids.unwrap_or_else(|| Arc::from([])), except })
    }

    async fn counts(&self, app: &AppId, channel: &ChannelName) -> Result<Counts, Error> {
        let key = (app.clone(), channel.clone());
        Ok(self.channels.lock(&key).get(&key).map_or_else(Counts::default, Channel::counts))
    }

    async fn list_channels(
        &self,
        app: &AppId,
        prefix: &str,
    ) -> Result<Vec<(ChannelName, Counts)>, Error> {
        let mut found = Vec::new();
        for shard in self.channels.each() {
            let ours = shard.iter().filter(|((it, name), channel)| {
                it == app && name.as_str().starts_with(prefix) && channel.is_occupied()
            });
            found.extend(ours.map(|((_, name), channel)| (name.clone(), channel.counts())));
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    async fn list_users(&self, app: &AppId, channel: &ChannelName) -> Result<Vec<UserId>, Error> {
        let key = (app.clone(), channel.clone());
        Ok(self.channels.lock(&key).get(&key).map_or_else(Vec::new, Channel::users))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Events;

    #[tokio::test]
    async fn it_conforms() {
        crate::conformance::run(&MemoryStore::new()).await;
    }

    /// A store that forgets nothing would grow with every visitor.
    #[tokio::test]
    async fn nothing_is_left_when_all_are_gone() {
        let store = MemoryStore::new();
        crate::conformance::run(&store).await;
        assert!(store.connections.is_empty());
        assert!(store.sockets.is_empty());
        assert!(store.channels.is_empty());
        assert!(store.everyone.is_empty());
    }

    #[tokio::test]
    async fn memories_out_of_date_are_swept_up() {
        let store = MemoryStore::new();
        let (app, old) = (AppId::new("1"), ChannelName::parse("cache-old").unwrap());
        let new = ChannelName::parse("cache-new").unwrap();
        assert!(store.miss(&app, &old, 1_000).await.unwrap());
        assert_eq!(store.memories.channels.len(), 1);
        for _ in 0..1_024 {
            store.miss(&app, &new, 10_000_000).await.unwrap();
        }
        assert_eq!(store.memories.channels.len(), 1);
        assert!(!store.miss(&app, &new, 10_000_000).await.unwrap());
    }
}
