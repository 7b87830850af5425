//! The queue of `worker`: what must not be forgotten and need not be done at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws::{Aws, Event, Later, MESSAGES};
use channels::{Hook, Job};
use posts::Parcel;
use protocol::AppId;
use publishing::HandOver;
use serde::{Deserialize, Serialize};

/// How often a message is offered to a queue that does not take it, and the pause before the second time, doubled each time.
const OFFERS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Look at something again.
    LookAgain(Job),
    /// Tell an app's server.
    Hook {
        /// The app.
        app: AppId,
        /// What happened.
        hook: Hook,
    },
    /// Do what is due now.
    Tick,
    /// Publish what a run hands over.
    Deliver(Parcel),
    /// Put events on the bus that it did not take.
    PutEvents(Vec<Event>),
    /// Hand an event on to an app elsewhere.
    HandOn(relay::Event),
}

/// Messages that wait to be sent together. Cheap to clone: all clones see the same.
#[derive(Debug, Clone)]
pub struct Queue {
    aws: Aws,
    url: Option<Arc<str>>,
    waiting: Arc<Mutex<Vec<Later>>>,
}

/// Some messages could not be sent.
#[derive(Debug, thiserror::Error)]
#[error("{0} messages could not be put into the queue")]
pub struct NotSent(usize);

impl Queue {
    /// The queue at an address. Without one nothing is kept, and each message is told to the log.
    pub fn new(aws: &Aws, url: Option<&str>) -> Self {
        Self { aws: aws.clone(), url: url.map(Into::into), waiting: Arc::default() }
    }

    /// Takes a message, which leaves with the next [`Queue::flush`].
    pub fn put(&self, task: &Task, after: Duration) {
        match serde_json::to_string(task) {
            Ok(body) => self.waiting().push(Later { body, after }),
            Err(error) => tracing::error!(%error, ?task, "a message cannot be written"),
        }
    }

    /// Sends what waits. Call it before the end of each invocation: nothing is sent from a frozen environment.
    ///
    /// # Errors
    /// When some could not be sent, after several offers.
    pub async fn flush(&self) -> Result<(), NotSent> {
        let messages = std::mem::take(&mut *self.waiting());
        let mut lost = 0;
        for batch in messages.chunks(MESSAGES) {
            lost += self.send(batch.to_vec()).await.len();
        }
        if lost == 0 { Ok(()) } else { Err(NotSent(lost)) }
    }

    /// Answers those that were not sent.
    async fn send(&self, mut batch: Vec<Later>) -> Vec<Later> {
        let Some(url) = self.url.as_deref() else {
            tracing::error!(
                messages = batch.len(),
                "QUEUE_URL is not set: what is for later is lost"
            );
            return batch;
        };
        for offer in 0..OFFERS {
            match self.aws.send_messages(url, &batch).await {
                Ok(failed) => batch = failed.into_iter().cloned().collect(),
                Err(error) if !error.is_passing() => {
                    tracing::error!(%error, "the queue refuses messages");
                    return batch;
                }
                Err(error) => tracing::warn!(%error, "the queue does not answer"),
            }
            if batch.is_empty() {
                return batch;
            }
            tokio::time::sleep((PAUSE * 2_u32.pow(offer)).mul_f64(rand::random_range(0.5..=1.0)))
                .await;
        }
        tracing::error!(messages = batch.len(), "messages were not taken by the queue");
        batch
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Later>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HandOver for Queue {
    async fn hand_over(&self, parcels: Vec<Parcel>) -> Vec<Parcel> {
        let mut kept = Vec::new();
        for some in parcels.chunks(MESSAGES) {
            let written = some.iter().map(|parcel| {
                let body = serde_json::to_string(&Task::Deliver(parcel.clone()));
                body.map(|body| Later { body, after: Duration::ZERO })
            });
            let left = match written.collect() {
                Ok(batch) => self.send(batch).await,
                Err(error) => {
                    tracing::error!(%error, "what is to be handed over cannot be written");
                    kept.extend_from_slice(some);
                    continue;
                }
            };
            kept.extend(left.iter().filter_map(|it| match serde_json::from_str(&it.body) {
                Ok(Task::Deliver(parcel)) => Some(parcel),
                _ => None,
            }));
        }
        kept
    }
}
