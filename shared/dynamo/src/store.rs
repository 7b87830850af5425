//! The ports, each method by the verb's own file.

use std::sync::Arc;

use channels::{
    Absence, Asked, Cached, Connection, Counts, Departed, EventsAfter, Join, Joined, Keep, Leaving,
    Left, Missed, SignIn, SignedIn, Spoken,
};
use protocol::{AppId, ChannelName, ConnectionId, Serial, SocketId, UserId};
use store::{
    Begun, Claim, Closed, Error, Events, Idempotency, Opened, SharedRates, Store, Subscribers,
    Users,
};
use throttle::{Heard, Told};

use crate::DynamoStore;
use crate::keys::Place;

impl Store for DynamoStore {
    async fn open(&self, connection: Connection) -> Result<Opened, Error> {
        Ok(self.remember(&connection).await?)
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Arc<Connection>>, Error> {
        Ok(self.known(id).await?.map(Arc::new))
    }

    async fn join(
        &self,
        connection: &Connection,
        join: &Join,
        asked: Asked,
    ) -> Result<Joined, Error> {
        Ok(self.subscribe(connection, join, asked).await?)
    }

    async fn leave(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        leaving: Leaving,
        asked: Asked,
    ) -> Result<Left, Error> {
        Ok(self.unsubscribe(connection, channel, leaving, asked).await?)
    }

    async fn confirm_leave(
        &self,
        app: &AppId,
        channel: &ChannelName,
        absence: &Absence,
    ) -> Result<Departed, Error> {
        Ok(self.confirm(app, channel, absence).await?)
    }

    async fn hold_count(&self, app: &AppId, channel: &ChannelName) -> Result<bool, Error> {
        Ok(self.hold(&Place::of(app, channel)).await?)
    }

    async fn release_count(
        &self,
        app: &AppId,
        channel: &ChannelName,
    ) -> Result<Option<usize>, Error> {
        Ok(self.release(&Place::of(app, channel)).await?)
    }

    async fn close(&self, id: &ConnectionId) -> Result<Option<Closed>, Error> {
        Ok(self.forget(id).await?)
    }

    async fn speak(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Spoken, Error> {
        Ok(self.may_speak(connection, channel, now_ms).await?)
    }

    async fn subscribers(
        &self,
        app: &AppId,
        channel: &ChannelName,
        except: Option<SocketId>,
    ) -> Result<Subscribers, Error> {
        Ok(self.members(&Place::of(app, channel), except).await?)
    }

    async fn counts(&self, app: &AppId, channel: &ChannelName) -> Result<Counts, Error> {
        Ok(self.count(&Place::of(app, channel)).await?)
    }

    async fn list_channels(
        &self,
        app: &AppId,
        prefix: &str,
    ) -> Result<Vec<(ChannelName, Counts)>, Error> {
        Ok(self.occupied(app, prefix).await?)
    }

    async fn list_users(&self, app: &AppId, channel: &ChannelName) -> Result<Vec<UserId>, Error> {
        let members = self.seated(&Place::of(app, channel)).await?;
        Ok(members.into_iter().map(|it| it.user_id).collect())
    }
}

impl Events for DynamoStore {
    async fn keep(
        &self,
        app: &AppId,
        channel: &ChannelName,
        keep: Keep,
        now_ms: u64,
    ) -> Result<Option<Serial>, Error> {
        Ok(self.keep_event(&Place::of(app, channel), keep, now_ms).await?)
    }

    async fn cached(
        &self,
        app: &AppId,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Option<Cached>, Error> {
        Ok(self.last_event(&Place::of(app, channel), now_ms).await?)
    }

    async fn miss(&self, app: &AppId, channel: &ChannelName, now_ms: u64) -> Result<bool, Error> {
        Ok(self.missed_cache(&Place::of(app, channel), now_ms).await?)
    }

    async fn events_after(
        &self,
        app: &AppId,
        ask: &EventsAfter,
        now_ms: u64,
    ) -> Result<Missed, Error> {
        Ok(self.missed_events(&Place::of(app, &ask.channel), ask, now_ms).await?)
    }
}

impl Users for DynamoStore {
    async fn sign_in(
        &self,
        by: &Connection,
        sign_in: &SignIn,
        now_ms: u64,
    ) -> Result<SignedIn, Error> {
        Ok(self.sign(by, sign_in, now_ms).await?)
    }

    async fn confirm_offline(
        &self,
        app: &AppId,
        user: &UserId,
        lost: &ConnectionId,
    ) -> Result<Vec<ConnectionId>, Error> {
        Ok(self.offline(app, user, lost).await?)
    }

    async fn terminate(
        &self,
        app: &AppId,
        user: &UserId,
        now_ms: u64,
    ) -> Result<Vec<ConnectionId>, Error> {
        Ok(self.deny(app, user, now_ms).await?)
    }

    async fn is_authorized(&self, connection: &ConnectionId) -> Result<bool, Error> {
        let links = self.links(connection).await?;
        let gated = links.channels.iter().any(|it| it.kind().needs_auth());
        Ok(links.open && (links.signed_in || gated))
    }
}

impl Idempotency for DynamoStore {
    async fn begin(&self, claim: &Claim, now_ms: u64) -> Result<Begun, Error> {
        Ok(self.begin_work(claim, now_ms).await?)
    }

    async fn finish(&self, claim: &Claim, answer: &str, now_ms: u64) -> Result<(), Error> {
        Ok(self.finish_work(claim, answer, now_ms).await?)
    }

    async fn give_up(&self, claim: &Claim) -> Result<(), Error> {
        Ok(self.give_up_work(claim).await?)
    }
}

impl SharedRates for DynamoStore {
    const SHARED: bool = true;

    async fn tell(&self, name: &str, told: &Told, now_ms: u64) -> Result<Option<Heard>, Error> {
        Ok(Some(self.tell_others(name, told, now_ms).await?))
    }
}
