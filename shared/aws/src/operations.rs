//! The few operations that functions need of other services.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Aws, CallError};

/// Most messages of one call (SQS API reference, SendMessageBatch).
pub const MESSAGES: usize = 10;
/// Longest delay of a message, in seconds (SQS quotas).
const DELAY_S: u64 = 900;
/// Most names of one call (Systems Manager API reference, GetParameters).
const NAMES: usize = 10;

/// A message for a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// What it says.
    pub body: String,
    /// When it may be received, from now; whole seconds, rounded up, and at most 15 minutes.
    pub after: Duration,
}

/// An event for a bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// Where it comes from.
    pub source: String,
    /// What happened.
    pub detail_type: String,
    /// JSON as text.
    pub detail: String,
}

/// The events that are not on the bus, in order, and why.
#[derive(Debug)]
pub struct PutFailure {
    /// What is left to be put.
    pub left: Vec<Event>,
    /// The first error.
    pub why: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    id: String,
    message_body: &'a str,
    delay_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_system_attributes: Option<SystemAttributes<'a>>,
}

#[derive(Serialize)]
struct SystemAttributes<'a> {
    #[serde(rename = "AWSTraceHeader")]
    trace: Attribute<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    data_type: &'static str,
    string_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendBatch<'a> {
    queue_url: &'a str,
    entries: Vec<Message<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    #[serde(default)]
    failed: Vec<Failed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents<'a> {
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    event_bus_name: &'a str,
    #[serde(flatten)]
    event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    entries: Vec<PutEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEntry {
    error_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: String,
}

impl Aws {
    /// Sends at most [`MESSAGES`] messages to a queue; answers which of them were not taken.
    ///
    /// # Errors
    /// When none was taken, as far as one can know.
    pub async fn send_messages<'a>(
        &self,
        queue_url: &str,
        messages: &'a [Later],
    ) -> Result<Vec<&'a Later>, CallError> {
        let trace = self.traced();
        let trace = trace.as_ref().and_then(|it| it.to_str().ok());
        let entries = messages.iter().enumerate().map(|(at, message)| Message {
            id: at.to_string(),
            message_body: &message.body,
            delay_seconds: seconds(message.after),
            message_system_attributes: trace.map(|it| SystemAttributes {
                trace: Attribute { data_type: "String", string_value: it },
            }),
        });
        let body = written(&SendBatch { queue_url, entries: entries.collect() });
        let sent: Sent = self.sqs("AmazonSQS.SendMessageBatch", body).await?;
        let at = |failed: &Failed| messages.get(failed.id.parse::<usize>().ok()?);
        Ok(sent.failed.iter().filter_map(at).collect())
    }

    /// Hands an event to a function that works on it by itself.
    ///
    /// # Errors
    /// When Lambda did not take it, as far as one can know.
    pub async fn invoke(&self, function: &str, body: Bytes) -> Result<(), CallError> {
        self.invoke_later(function, body).await
    }

    /// Puts at most ten events on a bus. A call may fail in part, and only what failed is left.
    ///
    /// # Errors
    /// What is left, and why.
    pub async fn put_events(&self, bus: &str, events: Vec<Event>) -> Result<(), PutFailure> {
        let trace = self.traced();
        let trace_header = trace.as_ref().and_then(|it| it.to_str().ok());
        let entries =
            events.iter().map(|event| Entry { event_bus_name: bus, event, trace_header }).collect();
        let put: Put =
            match self.events("AWSEvents.PutEvents", written(&PutEvents { entries })).await {
                Ok(put) => put,
                Err(error) => return Err(PutFailure { left: events, why: error.to_string() }),
            };
        let first = put.entries.iter().find_map(|entry| entry.error_code.clone());
        let Some(why) = first else { return Ok(()) };
        let pairs = events.into_iter().zip(put.entries);
        let left = pairs.filter(|(_, it)| it.error_code.is_some()).map(|(event, _)| event);
        Err(PutFailure { left: left.collect(), why })
    }

    /// Values of parameters by their names. Secrets of Secrets Manager are parameters as well, below
    /// `/aws/reference/secretsmanager/` (Systems Manager user guide, "Referencing AWS Secrets Manager secrets").
    ///
    /// # Errors
    /// When they cannot be had. A parameter that does not exist is not in the answer.
    pub async fn parameters(&self, names: &[&str]) -> Result<BTreeMap<String, String>, CallError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Ask<'a> {
            names: &'a [&'a str],
            with_decryption: bool,
        }
        let mut all = BTreeMap::new();
        for names in names.chunks(NAMES) {
            let body = written(&Ask { names, with_decryption: true });
            let found: Parameters = self.ssm("AmazonSSM.GetParameters", body).await?;
            all.extend(found.parameters.into_iter().map(|it| (it.name, it.value)));
        }
        Ok(all)
    }
}

/// What SQS is told of a delay: never earlier than asked.
fn seconds(after: Duration) -> u64 {
    (after.as_secs() + u64::from(after.subsec_nanos() > 0)).min(DELAY_S)
}

/// Structs of texts and numbers: there is nothing that JSON cannot say.
fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_never_shorter_than_asked() {
        for (ms, s) in [(0, 0), (1, 1), (3_000, 3), (3_001, 4), (10_000_000, 900)] {
            assert_eq!(seconds(Duration::from_millis(ms)), s);
        }
    }
}
