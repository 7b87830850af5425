//! Sign a connection in.

use channels::sign_in::{Refused, check, cut, success, welcome};
use channels::{Connection, Effect, SignIn, SignedIn};
use identity::Facts;
use store::Store;

use crate::error::Error;
use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    pub(crate) async fn sign_in(
        &self,
        connection: &Connection,
        ask: &protocol::SignIn,
        now_ms: u64,
    ) -> Result<(), Error> {
        let checked = check(connection, ask).map_err(Refused::Close)?;
        let mut answer = vec![success(connection, ask)];
        answer.extend(checked.cut.then(|| cut(connection)));
        self.sign_in_as(connection, &checked.sign_in, answer, now_ms).await
    }

    /// The store change and what everyone is told of it, after the `answer` to the client itself. Those who watch are told
    /// in one lane per app, so that no news overtakes a first picture.
    pub(crate) async fn sign_in_as(
        &self,
        connection: &Connection,
        sign_in: &SignIn,
        answer: Vec<Effect>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let lane = self.lanes.enter_users(&connection.app.id).await;
        let signed_in = self.store.sign_in(connection, sign_in, now_ms).await?;
        if signed_in == SignedIn::OverQuota {
            let user = Some(&sign_in.user.id);
            self.usage.over_connections(&connection.app.id, user, now_ms);
        }
        let news = welcome(connection, sign_in, signed_in)?;
        let gone = self.run(answer.into_iter().chain(news).collect()).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }
}
