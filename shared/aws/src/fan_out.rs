//! One frame to many connections: so many at once, again while there is time, and gone only if asked twice.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Connections;
use crate::connections::{Payload, Posted};

/// Posts under way at once. A function may have 1,024 open files (Lambda quotas); where answers take 10 ms, 256 are enough
/// for 25,000 posts a second, more than an account may make (API Gateway quotas: 10,000).
pub const CONCURRENCY: usize = 256;
/// Pause before the second offer, doubled before each further one up to the longest, and drawn between half of it and all of it.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

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

/// Who is to be offered the frame again.
struct Again {
    /// The index of the connection.
    at: usize,
    /// How often it was offered.
    offers: u32,
    /// When it is offered next.
    due: Instant,
}

/// Who is offered a frame next.
struct Turns {
    all: usize,
    next: AtomicUsize,
    again: Mutex<VecDeque<Again>>,
}

impl Turns {
    /// Everybody once, before anybody is asked again: who cannot take the frame holds up nobody.
    fn take(&self) -> Option<Again> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        if at < self.all {
            return Some(Again { at, offers: 0, due: Instant::now() });
        }
        self.again.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn put(&self, again: Again) {
        self.again.lock().unwrap_or_else(PoisonError::into_inner).push_back(again);
    }
}

impl Connections {
    /// Posts a frame to all of them, once in any case, and again to those who cannot take it, until that moment. Whoever
    /// answers that it is gone is asked again before that is believed: between a connection's making and its first frame the
    /// answer is the same.
    pub async fn fan_out(&self, ids: &[&str], payload: &Payload, until: Instant) -> Report {
        let turns = Turns { all: ids.len(), next: AtomicUsize::new(0), again: Mutex::default() };
        let worker = async || {
            let mut report = Report::default();
            // Whoever puts a turn back takes the next one, so none is left behind.
            while let Some(Again { at, offers, due }) = turns.take() {
                if offers > 0 {
                    if due >= until {
                        report.failed += 1;
                        continue;
                    }
                    sleep_until(due).await;
                }
                match self.offer(ids[at], payload).await {
                    Posted::Done => report.delivered += 1,
                    Posted::Gone => report.gone.push(at),
                    Posted::Refused(_) => report.failed += 1,
                    Posted::Busy => {
                        let due = Instant::now() + pause(offers);
                        turns.put(Again { at, offers: offers + 1, due });
                    }
                }
            }
            report
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
    pub async fn offer_one(&self, id: &str, payload: &Payload, until: Instant) -> Posted {
        for offers in 0.. {
            match self.offer(id, payload).await {
                Posted::Busy => {}
                answer => return answer,
            }
            let pause = pause(offers);
            if Instant::now() + pause >= until {
                break;
            }
            sleep(pause).await;
        }
        Posted::Busy
    }

    async fn offer(&self, id: &str, payload: &Payload) -> Posted {
        match self.post(id, payload).await {
            Posted::Gone if self.get(id).await == Posted::Gone => Posted::Gone,
            Posted::Gone | Posted::Busy => Posted::Busy,
            Posted::Done => Posted::Done,
            Posted::Refused(status) => {
                tracing::warn!(connection = id, status, "a frame was refused");
                Posted::Refused(status)
            }
        }
    }
}

/// The pause after so many offers and one more.
fn pause(offers: u32) -> Duration {
    let pause = LONGEST_PAUSE.min(PAUSE * 2_u32.pow(offers.min(8)));
    pause.mul_f64(rand::random_range(0.5..=1.0))
}
