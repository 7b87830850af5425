//! Numbers for CloudWatch, in the logs: a line of the embedded metric format after each invocation that has any.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

/// Where the metrics stand in CloudWatch.
pub const NAMESPACE: &str = "Pushbridge";

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Connections admitted.
    Connections,
    /// Frames of clients.
    Messages,
    /// Frames that clients were sent.
    Deliveries,
    /// Connections found to be over.
    Gone,
    /// Frames that were not taken.
    Undelivered,
    /// How long fan-outs took, milliseconds.
    FanOutTime,
    /// How late the latest post went out or was given up, milliseconds.
    Lateness,
}

const ALL: [(Metric, &str, &str); 7] = [
    (Metric::Connections, "Connections", "Count"),
    (Metric::Messages, "Messages", "Count"),
    (Metric::Deliveries, "Deliveries", "Count"),
    (Metric::Gone, "Gone", "Count"),
    (Metric::Undelivered, "Undelivered", "Count"),
    (Metric::FanOutTime, "FanOutTime", "Milliseconds"),
    (Metric::Lateness, "Lateness", "Milliseconds"),
];

/// The names of all metrics, as CloudWatch knows them.
pub fn names() -> [&'static str; ALL.len()] {
    ALL.map(|(_, name, _)| name)
}

/// What was counted since the last line. Cheap to clone: all clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    function: Arc<str>,
    counts: Arc<[AtomicU64; ALL.len()]>,
}

impl Metrics {
    /// Nothing was counted yet.
    pub fn new(function: &str) -> Self {
        Self { function: function.into(), counts: Arc::default() }
    }

    /// Adds to a metric.
    pub fn add(&self, metric: Metric, count: u64) {
        self.counts[metric as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Raises a metric to a value, if it is below.
    pub fn raise(&self, metric: Metric, to: u64) {
        self.counts[metric as usize].fetch_max(to, Ordering::Relaxed);
    }

    /// Writes what was counted, if anything was.
    pub(crate) fn tell(&self, now_ms: u64) {
        if let Some(line) = self.line(now_ms) {
            // A log that is gone is nobody's loss but the log's.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }

    fn line(&self, now_ms: u64) -> Option<Value> {
        let (mut units, mut values) = (Vec::new(), Map::new());
        for (metric, name, unit) in ALL {
            let count = self.counts[metric as usize].swap(0, Ordering::Relaxed);
            if count > 0 {
                units.push(json!({ "Name": name, "Unit": unit }));
                values.insert(name.to_owned(), count.into());
            }
        }
        if units.is_empty() {
            return None;
        }
        let metrics = json!({
            "Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": units,
        });
        values.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": now_ms, "CloudWatchMetrics": [metrics] }),
        );
        values.insert("Function".to_owned(), json!(&*self.function));
        Some(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_counted_is_told_and_once() {
        let metrics = Metrics::new("message");
        assert_eq!(metrics.line(7), None);
        metrics.add(Metric::Messages, 1);
        let same = metrics.clone();
        same.add(Metric::Messages, 2);
        metrics.add(Metric::FanOutTime, 12);
        metrics.raise(Metric::Lateness, 9);
        metrics.raise(Metric::Lateness, 5);
        let line = metrics.line(7).unwrap();
        assert_eq!(
            line.to_string(),
            concat!(
                r#"{"FanOutTime":12,"Function":"message","Lateness":9,"Messages":3,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["Function"]],"#,
                r#""Metrics":[{"Name":"Messages","Unit":"Count"},{"Name":"FanOutTime","Unit":"Milliseconds"},{"Name":"Lateness","Unit":"Milliseconds"}],"#,
                r#""Namespace":"Pushbridge"}],"Timestamp":7}}"#
            )
        );
        assert_eq!(metrics.line(8), None);
        for (at, (metric, _, _)) in ALL.iter().enumerate() {
            assert_eq!(*metric as usize, at);
        }
    }
}
