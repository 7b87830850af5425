//! One frame to many connections: so many at once, again while there is time, and gone only if asked twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::Connections;
use crate::connections::{Payload, Posted};

/// Posts under way at once. A function may have 1,024 open files (Lambda quotas); where answers take 10 ms, 256 are enough
/// for 25,000 posts a second, more than an account may make (API Gateway quotas: 10,000).
pub const CONCURRENCY: usize = 256;
/// How long a frame is offered to who cannot take it.
const OFFERED: Duration = Duration::from_secs(4);
/// Pause before the second offer, doubled before each further one, and drawn between half of it and all of it.
const PAUSE: Duration = Duration::from_millis(50);
/// Most offers: who cannot take a frame after so many is a client that does not read.
const OFFERS: u32 = 5;

/// What became of a fan-out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many connections took the frame.
    pub delivered: usize,
    /// Indices of those that are over.
    pub gone: Vec<usize>,
    /// How many never took it.
    pub failed: usize,
}

impl Connections {
    /// Posts a frame to all of them, within a time. Whoever answers that it is gone is asked again before that is
    /// believed: between a connection's making and its first frame the answer is the same.
    pub async fn fan_out(&self, ids: &[&str], payload: &Payload) -> Report {
        let (next, until) = (AtomicUsize::new(0), Instant::now() + OFFERED);
        let worker = async || {
            let mut report = Report::default();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(id) = ids.get(at) else { return report };
                match self.offer(id, payload, until).await {
                    Posted::Done => report.delivered += 1,
                    Posted::Gone => report.gone.push(at),
                    Posted::Busy | Posted::Refused(_) => report.failed += 1,
                }
            }
        };
        let reports = join_all((0..ids.len().min(CONCURRENCY)).map(|_| worker())).await;
        let mut all = Report::default();
        for report in reports {
            all.delivered += report.delivered;
            all.failed += report.failed;
            all.gone.extend(report.gone);
        }
        all.gone.sort_unstable();
        all
    }

    /// Posts a frame to one connection, as [`Connections::fan_out`] does.
    pub async fn offer_one(&self, id: &str, payload: &Payload) -> Posted {
        self.offer(id, payload, Instant::now() + OFFERED).await
    }

    async fn offer(&self, id: &str, payload: &Payload, until: Instant) -> Posted {
        for again in 0..OFFERS {
            match self.post(id, payload).await {
                Posted::Done => return Posted::Done,
                Posted::Gone if self.get(id).await == Posted::Gone => return Posted::Gone,
                Posted::Refused(status) => {
                    tracing::warn!(connection = id, status, "a frame was refused");
                    return Posted::Refused(status);
                }
                Posted::Busy | Posted::Gone => {}
            }
            let pause = PAUSE * 2_u32.pow(again);
            let pause = pause.mul_f64(rand::random_range(0.5..=1.0));
            if Instant::now() + pause >= until {
                break;
            }
            sleep(pause).await;
        }
        Posted::Busy
    }
}
