//! One attempt at a delivery.

use channels::App;
use outbound::Reply;
use posts::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use webhooks::{Delivery, DeliveryState, Outcome, Target, answered};

use crate::Notifier;
use crate::clock::Clock;
use crate::write::Entry;

/// Said of a delivery whose endpoint is gone.
const NO_ENDPOINT: &str =
    "The app has no such endpoint any more; configure it again, then replay this.";
/// Said of a delivery that nothing can sign.
const NO_KEY: &str = "The app has no key that signs; add one, then replay this.";
/// Said of a bus that this host does not reach.
const NO_BUS: &str = "This server has no way to AWS; set AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then replay this.";

impl Notifier {
    /// Makes one attempt at a claimed delivery, and stores what became of it.
    pub(crate) async fn attempt(&self, delivery: &Delivery, now: Timestamp) {
        let clock = Clock::starting(now);
        let outcome = self.send(delivery, now).await;
        let Some(after) = delivery.settle(outcome, clock.now(), rand::random()) else {
            // Without a writer the server is stopping: the delivery is sent again, under the same name.
            let _ = self.queue.send(Entry::Taken(delivery.id.clone())).await;
            return;
        };
        if let DeliveryState::Dead { why, .. } = &after.state {
            tracing::warn!(delivery = %delivery.id, app = %delivery.app_id, why, "a webhook was given up");
        } else {
            tracing::info!(delivery = %delivery.id, app = %delivery.app_id, "a webhook was not taken, and is tried again");
        }
        match self.data.replace_hook(delivery, &after).await {
            // A lease that lapsed went to another worker, whose word counts.
            Ok(()) | Err(data::Error::Conflict) => {}
            Err(error) => {
                tracing::error!(delivery = %delivery.id, cause = ?error, "what became of a webhook could not be stored");
            }
        }
    }

    async fn send(&self, delivery: &Delivery, now: Timestamp) -> Outcome {
        let refused = |why: &str| Outcome::Refused { why: why.to_owned() };
        let endpoints = self.endpoints.load();
        let Some(endpoint) = endpoints.get(&delivery.app_id, &delivery.endpoint_id) else {
            return refused(NO_ENDPOINT);
        };
        let apps = self.apps.load();
        match &endpoint.target {
            Target::EventBus { bus } => match &self.bus {
                Some(way) => way.put(&self.http, delivery, bus, now).await,
                None => refused(NO_BUS),
            },
            Target::Http { url, headers } => match apps.by_id(&delivery.app_id) {
                Some(app) => self.post(delivery, app, url, headers, now).await,
                None => refused(NO_ENDPOINT),
            },
        }
    }

    async fn post(
        &self,
        delivery: &Delivery,
        app: &App,
        url: &str,
        extra: &[(String, String)],
        now: Timestamp,
    ) -> Outcome {
        // The oldest key, listed last: receivers learn a new one before the old one is removed.
        let Some(pair) = app.keys.last() else {
            return Outcome::Refused { why: NO_KEY.to_owned() };
        };
        let request = delivery.request(pair, now);
        let own = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let extra = extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // The signed ones come last, so that none of the others can stand in for them.
        let headers: HeaderMap = extra.chain(own).filter_map(header).collect();
        match self.http.post(url, headers, request.body, now.seconds()).await {
            Reply::Answered { status, retry_after_s, .. } => answered(status, retry_after_s),
            Reply::Closed(refusal) => Outcome::Refused { why: refusal.to_string() },
            Reply::NotSent(why) | Reply::Unknown(why) => {
                Outcome::Failed { why: why.to_owned(), pause: None }
            }
        }
    }
}

/// A header; the configuration has refused those that are none.
pub(crate) fn header((name, value): (&str, &str)) -> Option<(HeaderName, HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}
