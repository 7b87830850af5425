//! A job is due: what was put off is looked at again.

use channels::{Absence, Job, authorize, sign_in, subscription_count, unsubscribe};
use identity::Facts;
use protocol::{AppId, ChannelName, ConnectionId, UserId};
use store::Store;

use crate::{Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Looks at something again, as [`Outbox::later`] was asked to. Safe to call late and twice.
    pub async fn look_again(&self, job: Job) {
        if let Err(error) = self.try_again(&job).await {
            tracing::error!(?job, %error, "something was not looked at again");
        }
    }

    /// The same, for hosts that keep a job until it is done.
    ///
    /// # Errors
    /// When the store does not answer: look once more later.
    pub async fn try_again(&self, job: &Job) -> Result<(), store::Error> {
        match job {
            Job::ConfirmLeave { app, channel, absence } => {
                self.confirm_leave(app, channel, absence).await
            }
            Job::TellCount { app, channel } => self.tell_count(app, channel).await,
            Job::ConfirmOffline { app, user, connection } => {
                self.confirm_offline(app, user, connection).await
            }
            Job::Authorize { connection } => self.authorize(connection).await,
        }
    }

    /// Whoever is not back by now is gone.
    async fn confirm_leave(
        &self,
        app: &AppId,
        channel: &ChannelName,
        absence: &Absence,
    ) -> Result<(), store::Error> {
        let lane = self.lanes.enter(app, channel).await;
        let departed = self.store.confirm_leave(app, channel, absence).await?;
        let Some(app) = self.app(app) else { return Ok(()) };
        let gone = self.run(unsubscribe::gone(&app, channel, &departed)).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }

    async fn tell_count(&self, app: &AppId, channel: &ChannelName) -> Result<(), store::Error> {
        let lane = self.lanes.enter(app, channel).await;
        let Some(count) = self.store.release_count(app, channel).await? else { return Ok(()) };
        let Some(app) = self.app(app) else { return Ok(()) };
        let gone = self.run(subscription_count::tell(&app, channel, count)).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }

    async fn confirm_offline(
        &self,
        app: &AppId,
        user: &UserId,
        lost: &ConnectionId,
    ) -> Result<(), store::Error> {
        let lane = self.lanes.enter_users(app).await;
        let tell = self.store.confirm_offline(app, user, lost).await?;
        let gone = self.run(sign_in::went(user, tell)).await;
        drop(lane);
        self.bury(gone).await;
        Ok(())
    }

    async fn authorize(&self, id: &ConnectionId) -> Result<(), store::Error> {
        let Some(connection) = self.known(id).await else { return Ok(()) };
        if !self.store.is_authorized(id).await? {
            self.run_and_bury(authorize::close(&connection).into_iter().collect()).await;
        }
        Ok(())
    }
}
