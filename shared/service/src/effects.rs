//! Runs what the rules decided.

use channels::Effect;
use identity::Facts;
use protocol::{AppId, ChannelName, ConnectionId, Frame, SocketId};
use store::{Store, Subscribers};

use crate::{Delivery, Outbox, Service};

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Runs effects in order; answers which connections turned out to be over. The caller closes
    /// them once it has left its lane.
    #[must_use]
    pub(crate) async fn run(&self, effects: Vec<Effect>) -> Vec<ConnectionId> {
        let mut gone = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, frame } => {
                    if self.outbox.send(&to, &frame).await == Delivery::Gone {
                        gone.push(to);
                    }
                }
                Effect::Broadcast { app, channel, frame, except } => {
                    match self.spread(&app, &channel, &frame, except).await {
                        Ok(over) => gone.extend(over),
                        Err(error) => {
                            tracing::error!(%app, %channel, %error, "an event was not delivered");
                        }
                    }
                }
                Effect::Close { connection, fault } => {
                    self.outbox.close(&connection, &fault).await;
                }
                Effect::Hook { app, hook } => self.outbox.hook(&app, hook).await,
                Effect::Later { after, job } => self.outbox.later(after, job).await,
            }
        }
        gone
    }

    /// Runs the effects of an event whose sender must know whether it was delivered. The first broadcast whose subscribers
    /// cannot be read ends it, and who was found to be over by then is found again.
    pub(crate) async fn deliver(
        &self,
        effects: impl IntoIterator<Item = Effect> + Send,
    ) -> Result<Vec<ConnectionId>, store::Error> {
        let (mut gone, mut others) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Broadcast { app, channel, frame, except } => {
                    gone.extend(self.spread(&app, &channel, &frame, except).await?);
                }
                other => others.push(other),
            }
        }
        gone.extend(self.run(others).await);
        Ok(gone)
    }

    /// Posts a frame to the subscribers of a channel; answers who of them is over.
    async fn spread(
        &self,
        app: &AppId,
        channel: &ChannelName,
        frame: &Frame,
        except: Option<SocketId>,
    ) -> Result<Vec<ConnectionId>, store::Error> {
        let Subscribers { ids, except } = self.store.subscribers(app, channel, except).await?;
        Ok(self.outbox.broadcast(&ids, except.as_ref(), frame).await)
    }

    /// Runs effects outside of any lane.
    pub(crate) async fn run_and_bury(&self, effects: Vec<Effect>) {
        let gone = self.run(effects).await;
        self.bury(gone).await;
    }
}
