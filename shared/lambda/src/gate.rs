//! The way out on AWS: frames through `@connections`, large fan-outs by the function `fanout`, and what is for later
//! through the queue.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws::{Aws, Connections, Payload, Posted};
use channels::{Hook, Job, Publish};
use futures::StreamExt;
use futures::stream::iter;
use protocol::{AppId, ConnectionId, Fault, Frame, ServerFrame};
use serde::{Deserialize, Serialize};
use service::{Delivery, Outbox};
use tokio::time::{Instant, sleep};

use crate::metrics::{Metric, Metrics};
use crate::queue::{Queue, Task};

/// Most connections that are posted to by whoever publishes. More are left to `fanout`.
const INLINE: usize = 500;
/// Most connections of a slice. At 12,000 posts a second a slice takes less than 200 ms.
const SLICE: usize = 2_000;
/// How long frames of one invocation are offered to who cannot take them, all together: Pusher's SDK for Python waits 5 s for the
/// answer to a trigger.
const OFFERED: Duration = Duration::from_secs(4);
/// The same for a slice, which nobody waits for.
pub(crate) const SLICE_OFFERED: Duration = Duration::from_secs(20);
/// How long each frame is offered at least, whatever the ones before it took.
const OFFERED_AT_LEAST: Duration = Duration::from_millis(750);
/// Connections that are asked for at once.
const ASKED_AT_ONCE: usize = 64;
/// What is kept of an invocation's time for a call under way and for cleaning up.
const MARGIN: Duration = Duration::from_secs(3);
/// How long a new connection may answer 410, and the first pause, doubled each time: API Gateway opens it when the answer of
/// `connect` has arrived.
const OPENING: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// A slice of a fan-out, as `fanout` gets it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Slice {
    /// The frame's text.
    pub frame: String,
    /// Who gets it.
    pub connections: Vec<ConnectionId>,
}

/// The way out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    aws: Aws,
    connections: Arc<OnceLock<Connections>>,
    queue: Queue,
    fanout: Option<Arc<str>>,
    /// The app whose events are handed on elsewhere.
    handed_on: Option<AppId>,
    metrics: Metrics,
    /// When the invocation under way began, and when it must be over.
    times: Arc<Mutex<Option<(Instant, Instant)>>>,
    /// A connection that is being opened, and until when.
    opening: Arc<Mutex<Option<(ConnectionId, Instant)>>>,
}

impl Gate {
    /// A way out to these connections, or to those that the first event names.
    pub fn new(
        aws: Aws,
        connections: Option<Connections>,
        queue: Queue,
        fanout: Option<&str>,
        metrics: Metrics,
    ) -> Self {
        let known = OnceLock::new();
        if let Some(connections) = connections {
            // It is new, so it is empty.
            let _ = known.set(connections);
        }
        let (connections, fanout) = (Arc::new(known), fanout.map(Into::into));
        let (handed_on, times, opening) = (None, Arc::default(), Arc::default());
        Self { aws, connections, queue, fanout, handed_on, metrics, times, opening }
    }

    /// Hands the events of this app on elsewhere, too.
    #[must_use]
    pub fn handing_on(self, app: Option<AppId>) -> Self {
        Self { handed_on: app, ..self }
    }

    /// Learns where connections are, unless that is known.
    pub fn learn(&self, domain: &str, stage: &str) {
        if self.connections.get().is_none() {
            let url = self.aws.account().connections(domain, stage);
            match Connections::new(&self.aws, &url) {
                Ok(connections) => drop(self.connections.set(connections)),
                Err(error) => tracing::error!(%error, "an event names no gateway"),
            }
        }
    }

    /// An invocation begins, which may last so long.
    pub fn begin(&self, time: Duration) {
        let now = Instant::now();
        *self.times.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, now + time));
    }

    /// Until when a frame is offered: for so long in the invocation, and as long as that has time.
    fn until(&self, offered: Duration) -> Instant {
        let times = *self.times.lock().unwrap_or_else(PoisonError::into_inner);
        last_offer(times, Instant::now(), offered)
    }

    /// A connection that is being opened: for two seconds 410 means "not yet".
    pub fn expect(&self, id: &ConnectionId) {
        *self.opening() = Some((id.clone(), Instant::now() + OPENING));
    }

    /// What is for later.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Closes a connection without a word.
    pub async fn delete(&self, id: &ConnectionId) {
        if let Some(connections) = self.there() {
            connections.delete(id.as_str()).await;
        }
    }

    /// Who of these is over. Each is asked twice, so long apart that nobody counts as gone who is just being opened.
    pub async fn gone(&self, ids: &[ConnectionId]) -> Vec<ConnectionId> {
        let Some(connections) = self.there() else { return Vec::new() };
        let mut gone = ids.to_vec();
        for pause in [Duration::ZERO, OPENING] {
            if gone.is_empty() {
                return gone;
            }
            sleep(pause).await;
            let asked = iter(gone).map(async |id| {
                let is_gone = connections.get(id.as_str()).await == Posted::Gone;
                is_gone.then_some(id)
            });
            let asked = asked.buffer_unordered(ASKED_AT_ONCE);
            gone = asked.filter_map(std::future::ready).collect().await;
        }
        self.metrics.add(Metric::Gone, gone.len() as u64);
        gone
    }

    /// Posts a frame's text to many, again for so long in the invocation to those who cannot take it; answers who is gone.
    pub(crate) async fn post_all(
        &self,
        ids: &[&str],
        frame: bytes::Bytes,
        offered: Duration,
    ) -> Vec<ConnectionId> {
        let Some(connections) = self.there() else { return Vec::new() };
        let began = Instant::now();
        let report = connections.fan_out(ids, &Payload::new(frame), self.until(offered)).await;
        let count = |metric, count: usize| self.metrics.add(metric, count as u64);
        count(Metric::Deliveries, report.delivered);
        count(Metric::Gone, report.gone.len());
        count(Metric::Undelivered, report.failed);
        if ids.len() > 1 {
            self.metrics.add(Metric::FanOutTime, began.elapsed().as_millis() as u64);
        }
        if report.failed > 0 {
            tracing::warn!(
                failed = report.failed,
                delivered = report.delivered,
                "frames were not taken"
            );
        }
        report.gone.into_iter().map(|at| ConnectionId::new(ids[at])).collect()
    }

    async fn post(&self, to: &ConnectionId, frame: &Frame) -> Posted {
        let Some(connections) = self.there() else { return Posted::Busy };
        let payload = Payload::new(frame.as_bytes().clone());
        let Some(until) = self.is_opening(to) else {
            return connections.offer_one(to.as_str(), &payload, self.until(OFFERED)).await;
        };
        let mut pause = FIRST_PAUSE;
        loop {
            let posted = connections.post(to.as_str(), &payload).await;
            if posted == Posted::Done {
                self.opening().take();
            }
            if !matches!(posted, Posted::Gone | Posted::Busy) || Instant::now() + pause >= until {
                return posted;
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// Leaves slices to `fanout`; posts those itself that Lambda does not take.
    async fn slices(&self, function: &str, ids: &[&str], frame: &Frame) -> Vec<ConnectionId> {
        let mut gone = Vec::new();
        for ids in ids.chunks(SLICE) {
            let slice = Slice {
                frame: String::from_utf8_lossy(frame.as_bytes()).into_owned(),
                connections: ids.iter().map(|id| ConnectionId::new(*id)).collect(),
            };
            let handed = match serde_json::to_vec(&slice) {
                Ok(slice) => {
                    self.aws.invoke(function, slice.into()).await.map_err(|e| e.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = handed {
                tracing::warn!(error, "a slice is posted here: its function was not invoked");
                gone.extend(self.post_all(ids, frame.as_bytes().clone(), OFFERED).await);
            }
        }
        gone
    }

    fn there(&self) -> Option<&Connections> {
        let there = self.connections.get();
        if there.is_none() {
            tracing::error!(
                "nothing can be sent: set WS_ENDPOINT to the address of the WebSocket API's stage"
            );
        }
        there
    }

    fn is_opening(&self, id: &ConnectionId) -> Option<Instant> {
        self.opening().as_ref().filter(|(it, _)| it == id).map(|(_, until)| *until)
    }

    fn opening(&self) -> std::sync::MutexGuard<'_, Option<(ConnectionId, Instant)>> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Gate {
    async fn send(&self, to: &ConnectionId, frame: &Frame) -> Delivery {
        match self.post(to, frame).await {
            Posted::Gone => {
                self.metrics.add(Metric::Gone, 1);
                Delivery::Gone
            }
            Posted::Done => {
                self.metrics.add(Metric::Deliveries, 1);
                Delivery::Sent
            }
            Posted::Busy | Posted::Refused(_) => {
                self.metrics.add(Metric::Undelivered, 1);
                tracing::warn!(connection = %to, "a frame was not taken");
                Delivery::Sent
            }
        }
    }

    async fn broadcast(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Frame,
    ) -> Vec<ConnectionId> {
        let ids: Vec<&str> =
            to.iter().filter(|id| Some(*id) != except).map(ConnectionId::as_str).collect();
        match self.fanout.as_deref() {
            Some(function) if ids.len() > INLINE => self.slices(function, &ids, frame).await,
            _ => self.post_all(&ids, frame.as_bytes().clone(), OFFERED).await,
        }
    }

    async fn close(&self, to: &ConnectionId, fault: &Fault) {
        self.post(to, &ServerFrame::Error(fault).encode()).await;
        self.delete(to).await;
    }

    async fn hook(&self, app: &AppId, hook: Hook) {
        self.queue.put(&Task::Hook { app: app.clone(), hook }, Duration::ZERO);
    }

    async fn later(&self, after: Duration, job: Job) {
        self.queue.put(&Task::LookAgain(job), after);
    }

    async fn hand_on(&self, app: &AppId, publish: &Publish) {
        if self.handed_on.as_ref() == Some(app) {
            self.queue.put(&Task::HandOn(publish.into()), Duration::ZERO);
        }
    }
}

fn last_offer(times: Option<(Instant, Instant)>, now: Instant, offered: Duration) -> Instant {
    let (began, ends) = times.unwrap_or((now, now + offered + MARGIN));
    let ends = ends.checked_sub(MARGIN).unwrap_or(now);
    (began + offered).min(ends).max(now + OFFERED_AT_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_offered_within_the_time_of_the_invocation() {
        let began = Instant::now();
        let after = |time: Option<u64>, passed: u64, offered| {
            let times = time.map(|time| (began, began + Duration::from_secs(time)));
            let now = began + Duration::from_secs(passed);
            (last_offer(times, now, offered) - began).as_millis()
        };
        assert_eq!(after(None, 0, OFFERED), 4_000, "no invocation is known");
        assert_eq!(
            (after(Some(29), 0, OFFERED), after(Some(29), 0, SLICE_OFFERED)),
            (4_000, 20_000)
        );
        assert_eq!(
            (after(Some(10), 0, OFFERED), after(Some(10), 0, SLICE_OFFERED)),
            (4_000, 7_000)
        );
        assert_eq!(after(Some(29), 3, OFFERED), 4_000, "all frames of an invocation together");
        assert_eq!((after(Some(29), 6, OFFERED), after(Some(9), 8, OFFERED)), (6_750, 8_750));
    }
}
