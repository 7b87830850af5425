//! Who is signed in, behind one lock: sign-ins are rare beside everything else, and a first picture of a watchlist must be
//! of one moment.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use channels::{Connection, SignIn, SignedIn};
use indexmap::IndexSet;
use protocol::limits::DENIED_S;
use protocol::{AppId, ConnectionId, UserId};

use super::MemoryStore;
use crate::{Error, Users};

/// All users that are online, waited for, watched or denied.
#[derive(Default)]
pub(super) struct Everyone(Mutex<Book>);

#[derive(Default)]
struct Book {
    users: HashMap<(AppId, UserId), Presence>,
    /// Until when users cannot sign in.
    denied: HashMap<(AppId, UserId), u64>,
}

#[derive(Default)]
struct Presence {
    connections: IndexSet<ConnectionId>,
    /// Which lost connection was the last one, for as long as the user may come back.
    lost: Option<ConnectionId>,
    watchers: BTreeSet<ConnectionId>,
}

impl Presence {
    fn is_online(&self) -> bool {
        !self.connections.is_empty() || self.lost.is_some()
    }
}

impl Everyone {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a connection of a user; answers the user if somebody is to be told, should they stay away.
    pub(super) fn close(&self, connection: &Connection, watchlist: &[UserId]) -> Option<UserId> {
        let user = connection.user.as_ref()?;
        let mut book = self.lock();
        book.unwatch(&connection.app.id, &connection.id, watchlist);
        book.leave(&connection.app.id, &user.id, &connection.id)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().users.is_empty()
    }
}

impl Book {
    /// How many connections a user has besides this one.
    fn others(&self, app: &AppId, user: &UserId, id: &ConnectionId) -> usize {
        let Some(it) = self.users.get(&(app.clone(), user.clone())) else { return 0 };
        it.connections.len() - usize::from(it.connections.contains(id))
    }

    fn is_denied(&self, app: &AppId, user: &UserId, now_ms: u64) -> bool {
        self.denied.get(&(app.clone(), user.clone())).is_some_and(|until| *until > now_ms)
    }

    /// Whom to tell that the user is there: nobody if that is no news.
    fn arrive(&mut self, app: &AppId, user: &UserId, id: &ConnectionId) -> Vec<ConnectionId> {
        let it = self.users.entry((app.clone(), user.clone())).or_default();
        let news = !it.is_online();
        it.lost = None;
        it.connections.insert(id.clone());
        if news { it.watchers.iter().cloned().collect() } else { Vec::new() }
    }

    fn leave(&mut self, app: &AppId, user: &UserId, id: &ConnectionId) -> Option<UserId> {
        let key = (app.clone(), user.clone());
        let it = self.users.get_mut(&key)?;
        if !it.connections.swap_remove(id) || !it.connections.is_empty() {
            return None;
        }
        if it.watchers.is_empty() {
            self.users.remove(&key);
            return None;
        }
        it.lost = Some(id.clone());
        Some(user.clone())
    }

    /// Who of the list is online.
    fn watch(&mut self, app: &AppId, id: &ConnectionId, list: &[UserId]) -> Vec<UserId> {
        let mut online = Vec::new();
        for user in list {
            let it = self.users.entry((app.clone(), user.clone())).or_default();
            it.watchers.insert(id.clone());
            if it.is_online() {
                online.push(user.clone());
            }
        }
        online
    }

    fn unwatch(&mut self, app: &AppId, id: &ConnectionId, list: &[UserId]) {
        for user in list {
            let key = (app.clone(), user.clone());
            if let Some(it) = self.users.get_mut(&key) {
                it.watchers.remove(id);
                if it.watchers.is_empty() && !it.is_online() {
                    self.users.remove(&key);
                }
            }
        }
    }
}

impl Users for MemoryStore {
    async fn sign_in(
        &self,
        Connection { id, .. }: &Connection,
        sign_in: &SignIn,
        now_ms: u64,
    ) -> Result<SignedIn, Error> {
        let mut rows = self.connections.lock(id);
        let Some(row) = rows.get_mut(id) else { return Ok(SignedIn::Gone) };
        let (app, user) = (row.connection.app.id.clone(), &sign_in.user.id);
        if row.connection.user.as_ref().is_some_and(|it| it.id != *user) {
            return Ok(SignedIn::OtherUser);
        }
        let mut book = self.everyone.lock();
        if book.is_denied(&app, user, now_ms) {
            return Ok(SignedIn::Denied);
        }
        let most = row.connection.app.limits.connections_per_user;
        if most.is_some_and(|most| book.others(&app, user, id) >= most as usize) {
            return Ok(SignedIn::OverQuota);
        }
        book.unwatch(&app, id, &row.watchlist);
        let tell = book.arrive(&app, user, id);
        let online = book.watch(&app, id, &sign_in.watchlist);
        row.watchlist.clone_from(&sign_in.watchlist);
        if row.connection.user.is_none() {
            let user = Some(Arc::clone(&sign_in.user));
            row.connection = Arc::new(Connection { user, ..(*row.connection).clone() });
        }
        Ok(SignedIn::Yes { tell, online })
    }

    async fn confirm_offline(
        &self,
        app: &AppId,
        user: &UserId,
        lost: &ConnectionId,
    ) -> Result<Vec<ConnectionId>, Error> {
        let key = (app.clone(), user.clone());
        let mut book = self.everyone.lock();
        let Some(it) = book.users.get_mut(&key) else { return Ok(Vec::new()) };
        if it.lost.take_if(|it| it == lost).is_none() {
            return Ok(Vec::new());
        }
        let tell: Vec<_> = it.watchers.iter().cloned().collect();
        if tell.is_empty() {
            book.users.remove(&key);
        }
        Ok(tell)
    }

    async fn terminate(
        &self,
        app: &AppId,
        user: &UserId,
        now_ms: u64,
    ) -> Result<Vec<ConnectionId>, Error> {
        let key = (app.clone(), user.clone());
        let mut book = self.everyone.lock();
        book.denied.retain(|_, until| *until > now_ms);
        let connections = book.users.get(&key).map(|it| it.connections.iter().cloned().collect());
        book.denied.insert(key, now_ms.saturating_add(DENIED_S * 1_000));
        Ok(connections.unwrap_or_default())
    }

    async fn is_authorized(&self, id: &ConnectionId) -> Result<bool, Error> {
        let rows = self.connections.lock(id);
        Ok(rows.get(id).is_some_and(|row| {
            row.connection.user.is_some() || row.wishes.channels().any(|it| it.kind().needs_auth())
        }))
    }
}
