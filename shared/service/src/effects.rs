//! Runs what the rules decided.

use channels::Effect;
use identity::Facts;
use protocol::ConnectionId;
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
                    match self.store.subscribers(&app, &channel, except).await {
                        Ok(Subscribers { ids, except }) => {
                            let except = except.as_ref();
                            gone.extend(self.outbox.broadcast(&ids, except, &frame).await);
                        }
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

    /// Runs effects outside of any lane.
    pub(crate) async fn run_and_bury(&self, effects: Vec<Effect>) {
        let gone = self.run(effects).await;
        self.bury(gone).await;
    }
}
