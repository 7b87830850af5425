//! Sending: one call, and on hosts that live long a task that keeps events in order.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth::{Request, sign_request};
use tokio::sync::mpsc;

use crate::{Event, Relay};

/// Most channels of an event there (Pusher's HTTP API reference).
const CHANNELS: usize = 100;
/// Events that wait. Ours: some seconds of a busy app; what is above is dropped and counted in the log.
const WAITING: usize = 10_000;
/// How often an event is offered, and the pause before the second time, doubled each time.
const OFFERS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// Why an event is not there. Fit for logs.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct NotSent {
    /// Whether it may be taken later.
    pub passing: bool,
    why: String,
}

impl Relay {
    /// Sends an event.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn send(&self, event: &Event) -> Result<(), NotSent> {
        debug_assert!(event.channels.len() <= CHANNELS);
        let body = serde_json::to_string(event).unwrap_or_default();
        let request =
            Request { method: "POST", path: &self.path, query: "", body: body.as_bytes() };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut url = self.base.clone();
        url.set_path(&self.path);
        url.set_query(Some(&sign_request(&request, &self.pair, since.as_secs())));
        let post = self.http.post(url).header("content-type", "application/json").body(body);
        match post.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let passing = status.is_server_error() || status.as_u16() == 429;
                Err(NotSent { passing, why: format!("Pusher answered with status {status}") })
            }
            // Its text has the address, and with it the signature.
            Err(error) => {
                let why =
                    if error.is_timeout() { "no answer came in time" } else { "no answer came" };
                Err(NotSent { passing: true, why: why.to_owned() })
            }
        }
    }

    /// Sends an event, again if it was not taken, and gives up after a while.
    pub async fn offer(&self, event: &Event) {
        for offer in 1..=OFFERS {
            match self.send(event).await {
                Ok(()) => return,
                Err(error) if offer == OFFERS || !error.passing => {
                    tracing::error!(%error, "an event was not handed on");
                    return;
                }
                Err(_) => {
                    let pause = PAUSE * 2_u32.pow(offer - 1);
                    tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
                }
            }
        }
    }
}

/// Where events arrive, and the task that sends them in order. Taking one never waits.
pub fn queue(relay: Relay) -> (mpsc::Sender<Event>, impl Future<Output = ()> + Send) {
    let (sender, mut events) = mpsc::channel(WAITING);
    let work = async move {
        while let Some(event) = events.recv().await {
            relay.offer(&event).await;
        }
    };
    (sender, work)
}
