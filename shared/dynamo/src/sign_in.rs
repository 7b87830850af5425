//! Sign-in: the connection's row gets user and watchlist first, so that a close ends all of it wherever it stopped; then the
//! user's row gets the connection, and each watched user a row for the watcher. Whether a close was faster is looked at last.
//! From now on the connection's row stands in the index, where a sweep finds it if its close gets lost.
//!
//! Whoever comes online reads who watches after being written; whoever watches reads who is online after being written.
//! One of the two sees the other.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use channels::{Connection, Leaving, SignIn, SignedIn};
use futures::future::try_join_all;
use protocol::limits::DENIED_S;
use protocol::{AppId, ConnectionId, UserId};

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::WATCHER;
use crate::table::Change;
use crate::users::Seated;
use crate::{DynamoStore, Error, connections, keys};

/// What sorts after every watcher.
const AFTER_WATCHERS: &str = "W/\u{10ffff}";

impl DynamoStore {
    pub(crate) async fn sign(
        &self,
        by: &Connection,
        sign_in: &SignIn,
        now_ms: u64,
    ) -> Result<SignedIn, Error> {
        let id = &by.id;
        let before = match self.note(by, sign_in).await? {
            Ok(before) => before,
            Err(row) if connections::is_open(&row, self.now_s()) => return Ok(SignedIn::OtherUser),
            Err(_) => return Ok(SignedIn::Gone),
        };
        let Some(by) = connections::read(id, &before, &self.apps)? else {
            return Ok(SignedIn::Gone);
        };
        let (app, user) = (&by.app.id, &sign_in.user.id);
        // A look before the seat is taken, which would end an absence that nobody confirms then.
        if self.seems_denied(app, user, now_ms).await? {
            self.forget_user(&by).await?;
            return Ok(SignedIn::Denied);
        }
        let most = connections::most_of_user(&before);
        let news = match self.seat(keys::online(app, user), "", id, most).await? {
            Seated::Full => {
                self.forget_user(&by).await?;
                return self.refusal(app, user, now_ms).await;
            }
            seated => seated == Seated::First,
        };
        // Looked at after the seat was taken: a terminate sees the seat, or this sees the terminate. Either closes the
        // connection, which gives up the seat and waits for the user as after any other.
        if self.is_denied(app, user, now_ms).await? {
            return Ok(SignedIn::Denied);
        }
        let tell = if news { self.watchers(app, user).await? } else { Vec::new() };
        self.watch(&by, &sign_in.watchlist).await?;
        let old = connections::watchlist(&before).into_iter();
        let old: Vec<_> = old.filter(|it| !sign_in.watchlist.contains(it)).collect();
        self.unwatch(&by, &old).await?;
        self.cut(id, &old).await?;
        if self.known(id).await?.is_none() {
            // Whoever began to watch meanwhile found the user there, and maybe the seat ended an absence.
            let missed = self.give_up_seat(&by, user, &sign_in.watchlist).await?;
            return Ok(missed.map_or(SignedIn::Gone, SignedIn::Passing));
        }
        let online = self.online(app, &sign_in.watchlist).await?;
        Ok(SignedIn::Yes { tell, online })
    }

    /// Why a user with too many connections gets no more: who is denied is told that first.
    async fn refusal(&self, app: &AppId, user: &UserId, now_ms: u64) -> Result<SignedIn, Error> {
        let denied = self.is_denied(app, user, now_ms).await?;
        Ok(if denied { SignedIn::Denied } else { SignedIn::OverQuota })
    }

    /// Notes user and watchlist with the connection, beside whom it watched before; answers the row before, or the row as it
    /// is if that is closed or another user's.
    async fn note(&self, by: &Connection, sign_in: &SignIn) -> Result<Result<Item, Item>, Error> {
        let user = &sign_in.user;
        let mut values = vec![
            (":g", text(keys::held(&by.app.id, &by.id))),
            (":u", text(connections::write_user(user)?)),
            (":i", text(user.id.as_str())),
            (":now", number(self.now_s())),
        ];
        let set = if sign_in.watchlist.is_empty() {
            "SET u = if_not_exists(u, :u), i = :i, g = :g"
        } else {
            values.push((":wl", texts(&sign_in.watchlist)));
            "SET u = if_not_exists(u, :u), i = :i, g = :g ADD wl :wl"
        };
        let change = Change {
            set,
            only_if: "x > :now AND attribute_not_exists(z) AND (attribute_not_exists(u) OR i = :i)",
            values: &values,
            answer: ReturnValue::AllOld,
        };
        self.table.attempt(keys::connection(&by.id), change).await
    }

    /// Takes those off the watchlist who are not watched any more.
    async fn cut(&self, id: &ConnectionId, old: &[UserId]) -> Result<(), Error> {
        if old.is_empty() {
            return Ok(());
        }
        let change = Change {
            set: "DELETE wl :old",
            only_if: "attribute_exists(wl)",
            values: &[(":old", texts(old))],
            answer: ReturnValue::None,
        };
        self.table.update(keys::connection(id), change).await.map(drop)
    }

    /// Takes a user off a connection who was not signed in after all, unless it came as that user.
    async fn forget_user(&self, by: &Connection) -> Result<(), Error> {
        if by.user.is_some() {
            return Ok(());
        }
        // A place in a quota keeps it in the index.
        let limited = by.app.limits.connections.is_some();
        let change = Change {
            set: if limited { "REMOVE u, i, wl" } else { "REMOVE u, i, wl, g" },
            only_if: "attribute_exists(u)",
            values: &[],
            answer: ReturnValue::None,
        };
        self.table.update(keys::connection(&by.id), change).await.map(drop)
    }

    /// What a close ends; answers the user if somebody is to be told, should they stay away.
    pub(crate) async fn sign_out(
        &self,
        by: &Connection,
        watchlist: &[UserId],
    ) -> Result<Option<UserId>, Error> {
        let Some(user) = by.user.as_ref().map(|user| &user.id) else { return Ok(None) };
        self.give_up_seat(by, user, watchlist).await
    }

    /// Ends what a connection of a user holds; answers the user if somebody is to be told, should they stay away.
    async fn give_up_seat(
        &self,
        by: &Connection,
        user: &UserId,
        watchlist: &[UserId],
    ) -> Result<Option<UserId>, Error> {
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
        Ok(is_denial(row.as_ref(), now_ms))
    }

    /// The same at half the price; what happened a moment ago may be missed.
    async fn seems_denied(&self, app: &AppId, user: &UserId, now_ms: u64) -> Result<bool, Error> {
        let row = self.table.glance(keys::denied(app, user)).await?;
        Ok(is_denial(row.as_ref(), now_ms))
    }
}

fn is_denial(row: Option<&Item>, now_ms: u64) -> bool {
    row.is_some_and(|row| number_of::<u64>(row, "t") > now_ms)
}

fn texts(ids: &[UserId]) -> AttributeValue {
    AttributeValue::Ss(ids.iter().map(|it| it.as_str().to_owned()).collect())
}
