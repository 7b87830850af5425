//! Every minute: posts and webhooks that are due, and then a [`sweep`] of the time that is left. Safe to run twice, late, and
//! at the same time as itself: each step is one conditional write.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use posts::Timestamp;
use serde_json::Value;

use crate::around::Around;
use crate::guard;
use crate::host::{Host, Posts, now_ms};
use crate::queue::Task;
use crate::start::{Start, StartError};
use crate::sweep::sweep;

/// Until when a run looks ahead: the schedule's period, and what it may be late by.
const PERIOD: Duration = Duration::from_secs(75);
/// When runs follow one that handed deliveries over. Ours: two, until the next event of the schedule.
const AGAIN: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(40)];
/// What a sweep leaves of the function's time.
const MARGIN: Duration = Duration::from_secs(10);
/// Most runs that are asked for between two events of the schedule. Ours.
const RUNS: usize = 20;

/// Serves until Lambda ends the process.
///
/// # Errors
/// When the function cannot start.
pub async fn run() -> Result<(), StartError> {
    let host = Arc::new(Start::of_process().await?.host().await?);
    let posts = Arc::new(host.posts()?);
    let around = Around::of(&host);
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (host, posts) = (Arc::clone(&host), Arc::clone(&posts));
        async move {
            let report = tick(&host, &posts, guard::left(&event.context)).await;
            let left = guard::left(&event.context);
            sweep(&host, minute(&event.payload), left.saturating_sub(MARGIN)).await;
            Ok::<_, Error>(report)
        }
    });
    Ok(Runtime::new(handler).layer(around).run().await?)
}

/// The minute that an event of the schedule is for, since the Unix epoch; each is told once, however late it comes.
fn minute(event: &Value) -> u64 {
    let told = event["time"].as_str().and_then(|it| it.parse::<jiff::Timestamp>().ok());
    let told = told.and_then(|it| u64::try_from(it.as_second()).ok());
    told.unwrap_or(now_ms() / 1_000) / 60
}

/// Does what is due now in so much time, and leaves to `worker` what is too much, and what falls due before the next event, at its
/// second.
pub async fn tick(host: &Host, posts: &Posts, time: Duration) -> Value {
    host.refresh().await;
    foresee(host, now()).await;
    let (report, ()) = tokio::join!(posts.publish(host, time), posts.notifier.tick(now()));
    if report.handed_over > 0 {
        // Messages have no more of an account than a worker does in its time: what is left is due.
        for after in AGAIN {
            host.gate.queue().put(&Task::Tick, after);
        }
    }
    if let Err(error) = host.finish().await {
        tracing::error!(%error, "what follows the posts is lost");
    }
    serde_json::to_value(report).unwrap_or_default()
}

/// Asks for a run at each second at which something falls due, as far as the next event is away and a bit beyond.
async fn foresee(host: &Host, now: Timestamp) {
    let times = match host.data.due_times(now, now.plus(PERIOD)).await {
        Ok(times) => times,
        Err(error) => {
            tracing::warn!(cause = ?error, "what falls due next is not known; the next run does it");
            return;
        }
    };
    let mut seconds: Vec<u64> = times
        .iter()
        .map(|at| at.ms().saturating_sub(now.ms()))
        .map(|ms| u64::try_from(ms).unwrap_or(0).div_ceil(1_000))
        .collect();
    seconds.dedup();
    // Whatever is due is done by each run: a few of them are enough.
    let step = seconds.len().div_ceil(RUNS).max(1);
    for second in seconds.chunks(step).filter_map(|some| some.last()) {
        host.gate.queue().put(&Task::Tick, Duration::from_secs(*second));
    }
    if let Err(error) = host.gate.queue().flush().await {
        tracing::warn!(%error, "runs between two minutes are not asked for");
    }
}

/// The wall clock, in milliseconds.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_ms(i64::try_from(now_ms()).unwrap_or(i64::MAX))
}
