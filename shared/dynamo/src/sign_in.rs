//! Sign-in: the user's row gets the connection, each watched user a row for the watcher, and the connection's row both last,
//! if it is still there. So a close finds all of it, or the sign-in finds the close and undoes itself.
//!
//! Whoever comes online reads who watches after being written; whoever watches reads who is online after being written.
//! One of the two sees the other.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use channels::{Connection, Leaving, SignIn, SignedIn};
use futures::future::try_join_all;
use protocol::limits::DENIED_S;
use protocol::{AppId, ConnectionId, UserId};

use crate::item::{is_live, number, number_of, text, text_of};
use crate::keys::WATCHER;
use crate::table::Change;
use crate::users::Seated;
use crate::{DynamoStore, Error, connections, keys};

/// What sorts after every watcher.
const AFTER_WATCHERS: &str = "W/\u{10ffff}";

impl DynamoStore {
    pub(crate) async fn sign(
        &self,
        id: &ConnectionId,
        sign_in: &SignIn,
        now_ms: u64,
    ) -> Result<SignedIn, Error> {
        let row = self.table.get(keys::connection(id)).await?;
        let Some(row) = row.filter(|row| connections::is_open(row, self.now_s())) else {
            return Ok(SignedIn::Gone);
        };
        let Some(by) = connections::read(id, &row, &self.apps)? else { return Ok(SignedIn::Gone) };
        let user = &sign_in.user.id;
        if by.user.as_ref().is_some_and(|it| it.id != *user) {
            return Ok(SignedIn::OtherUser);
        }
        let most = connections::most_of_user(&row);
        let news = match self.seat(keys::online(&by.app.id, user), "", id, most).await? {
            Seated::Full => return self.refusal(&by.app.id, user, now_ms).await,
            seated => seated == Seated::First,
        };
        // Looked at after the seat was taken: a terminate sees the seat, or this sees the terminate.
        if self.is_denied(&by.app.id, user, now_ms).await? {
            self.undo(&by, user, &[]).await?;
            return Ok(SignedIn::Denied);
        }
        let tell = if news { self.watchers(&by.app.id, user).await? } else { Vec::new() };
        let before = connections::watchlist(&row);
        self.watch(&by, &sign_in.watchlist).await?;
        let kept = match text_of(&row, "u") {
            Some(kept) => kept.to_owned(),
            None => connections::write_user(&sign_in.user)?,
        };
        if !self.note(id, kept, &sign_in.watchlist).await? {
            self.undo(&by, user, &sign_in.watchlist).await?;
            return Ok(SignedIn::Gone);
        }
        let old = before.iter().filter(|it| !sign_in.watchlist.contains(it)).cloned();
        self.unwatch(&by, &old.collect::<Vec<_>>()).await?;
        let online = self.online(&by.app.id, &sign_in.watchlist).await?;
        Ok(SignedIn::Yes { tell, online })
    }

    /// Why a user with too many connections gets no more: who is denied is told that first.
    async fn refusal(&self, app: &AppId, user: &UserId, now_ms: u64) -> Result<SignedIn, Error> {
        let denied = self.is_denied(app, user, now_ms).await?;
        Ok(if denied { SignedIn::Denied } else { SignedIn::OverQuota })
    }

    /// Notes user and watchlist with the connection; whether it is still there and nobody else's.
    async fn note(
        &self,
        id: &ConnectionId,
        user: String,
        watchlist: &[UserId],
    ) -> Result<bool, Error> {
        let mut values = vec![(":u", text(user)), (":now", number(self.now_s()))];
        let set = if watchlist.is_empty() {
            "SET u = :u REMOVE wl"
        } else {
            let list = watchlist.iter().map(|it| it.as_str().to_owned()).collect();
            values.push((":wl", AttributeValue::Ss(list)));
            "SET u = :u, wl = :wl"
        };
        let change = Change {
            set,
            only_if: "x > :now AND attribute_not_exists(z) AND (attribute_not_exists(u) OR u = :u)",
            values: &values,
            answer: ReturnValue::None,
        };
        Ok(self.table.update(keys::connection(id), change).await?.is_some())
    }

    async fn undo(&self, by: &Connection, user: &UserId, watched: &[UserId]) -> Result<(), Error> {
        self.unwatch(by, watched).await?;
        let key = keys::online(&by.app.id, user);
        if self.unseat(key.clone(), &by.id).await? {
            self.miss_user(key, &by.id, Leaving::Clean).await?;
        }
        Ok(())
    }

    /// What a close ends; answers the user if somebody is to be told, should they stay away.
    pub(crate) async fn sign_out(
        &self,
        by: &Connection,
        watchlist: &[UserId],
    ) -> Result<Option<UserId>, Error> {
        let Some(user) = by.user.as_ref().map(|user| &user.id) else { return Ok(None) };
        self.unwatch(by, watchlist).await?;
        let key = keys::online(&by.app.id, user);
        if !self.unseat(key.clone(), &by.id).await? {
            return Ok(None);
        }
        // Looked at after the seat was given up: who begins to watch from now on finds the user offline.
        let is_watched = !self.watchers(&by.app.id, user).await?.is_empty();
        let leaving = if is_watched { Leaving::Lost } else { Leaving::Clean };
        let missed = self.miss_user(key, &by.id, leaving).await?;
        Ok((missed && is_watched).then(|| user.clone()))
    }

    async fn watch(&self, by: &Connection, list: &[UserId]) -> Result<(), Error> {
        let rows = list.iter().map(|user| {
            let mut row = keys::watcher(&by.app.id, user, &by.id);
            row.insert("x".to_owned(), number(self.expires_s()));
            self.table.put(row)
        });
        try_join_all(rows).await.map(drop)
    }

    async fn unwatch(&self, by: &Connection, list: &[UserId]) -> Result<(), Error> {
        let rows = list.iter().map(|user| keys::watcher(&by.app.id, user, &by.id));
        try_join_all(rows.map(|row| self.table.take(row))).await.map(drop)
    }

    async fn watchers(&self, app: &AppId, user: &UserId) -> Result<Vec<ConnectionId>, Error> {
        let pk = keys::online_partition(app, user);
        let (rows, now_s) = (self.table.range(pk, WATCHER, AFTER_WATCHERS).await?, self.now_s());
        let live = rows.iter().filter(|row| is_live(row, now_s));
        let ids = live.filter_map(|row| text_of(row, "sk")?.strip_prefix(WATCHER));
        Ok(ids.map(ConnectionId::new).collect())
    }

    /// Who of a list is there or waited for.
    async fn online(&self, app: &AppId, list: &[UserId]) -> Result<Vec<UserId>, Error> {
        let keys = list.iter().map(|user| keys::online(app, user)).collect();
        let (rows, now_s) = (self.table.get_all(keys).await?, self.now_s());
        let there = rows.iter().filter(|row| row.contains_key("cs") || row.contains_key("l"));
        let there = there.filter(|row| is_live(row, now_s)).filter_map(|row| text_of(row, "pk"));
        let there: HashSet<&str> = there.collect();
        let is_there = |it: &&UserId| there.contains(keys::online_partition(app, it).as_str());
        Ok(list.iter().filter(is_there).cloned().collect())
    }

    pub(crate) async fn offline(
        &self,
        app: &AppId,
        user: &UserId,
        lost: &ConnectionId,
    ) -> Result<Vec<ConnectionId>, Error> {
        if !self.end_absence(keys::online(app, user), lost).await? {
            return Ok(Vec::new());
        }
        self.watchers(app, user).await
    }

    pub(crate) async fn deny(
        &self,
        app: &AppId,
        user: &UserId,
        now_ms: u64,
    ) -> Result<Vec<ConnectionId>, Error> {
        let until = now_ms.saturating_add(DENIED_S * 1_000);
        let mut row = keys::denied(app, user);
        row.insert("t".to_owned(), number(until));
        row.insert("x".to_owned(), number(until / 1_000 + 1));
        self.table.put(row).await?;
        let row = self.table.get(keys::online(app, user)).await?;
        let row = row.filter(|row| is_live(row, self.now_s()));
        let ids = row.as_ref().and_then(|row| row.get("cs")?.as_ss().ok());
        Ok(ids.into_iter().flatten().map(|id| ConnectionId::new(id.as_str())).collect())
    }

    async fn is_denied(&self, app: &AppId, user: &UserId, now_ms: u64) -> Result<bool, Error> {
        let row = self.table.get(keys::denied(app, user)).await?;
        Ok(row.is_some_and(|row| number_of::<u64>(&row, "t") > now_ms))
    }
}
