//! A queue of SQS: messages in, batches to the function `worker`, what fails again after a time, and in the end dead.
//!
//! It is a standard queue: at least once, in no order that anybody promised. Its consumer reports failures of single
//! messages (`ReportBatchItemFailures`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::api::{World, refused};
use crate::calls::Call;
use crate::functions::Outcome;
use crate::ids;
use crate::serve::{Reply, json};

/// The queue's name.
pub(crate) const QUEUE: &str = "jobs";
/// Whoever consumes it.
const WORKER: &str = "worker";
/// Most messages of a batch, of senders and for the consumer (SQS quotas; event source mapping's default).
const BATCH: usize = 10;
/// Largest message, in bytes (SQS quotas: 1 MiB).
const MESSAGE_BYTES: usize = 1 << 20;
/// Longest delay, in seconds (SQS quotas: 15 minutes).
const DELAY_S: u64 = 900;
/// How long the consumer sleeps when the queue is empty: nothing but a bound, a new message wakes it.
const NAP: Duration = Duration::from_secs(60);

/// One message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    id: String,
    body: String,
    sent_ms: u64,
    receives: u32,
}

#[derive(Debug, Default)]
struct State {
    /// By when they can be received.
    messages: BTreeMap<(u64, u64), Message>,
    dead: Vec<Message>,
    sent: u64,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    sent: Notify,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dead letters.
    pub(crate) fn dead(&self) -> Vec<Message> {
        self.state().dead.clone()
    }

    /// How many messages there are, hidden ones included.
    pub(crate) fn len(&self) -> usize {
        self.state().messages.len()
    }

    fn send(&self, body: &str, delay_s: u64) -> Value {
        let now_ms = ids::now_ms();
        let (id, body) = (ids::request(), body.to_owned());
        let answer = json!({ "MessageId": id, "MD5OfMessageBody": md5_of(&body) });
        let mut state = self.state();
        state.sent += 1;
        let key = (now_ms.saturating_add(delay_s * 1_000), state.sent);
        state.messages.insert(key, Message { id, body, sent_ms: now_ms, receives: 0 });
        drop(state);
        self.sent.notify_one();
        answer
    }

    /// Receives what is visible, and hides it for a time. What came too often is dead.
    fn receive(&self, visibility_ms: u64, most: u32) -> Vec<Message> {
        let (now_ms, mut state) = (ids::now_ms(), self.state());
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let visible = state.messages.first_entry().filter(|it| it.key().0 <= now_ms);
            let Some(mut message) = visible.map(|it| it.remove()) else { break };
            if message.receives >= most {
                state.dead.push(message);
                continue;
            }
            message.receives += 1;
            batch.push(message);
        }
        for message in &batch {
            state.sent += 1;
            let key = (now_ms.saturating_add(visibility_ms), state.sent);
            state.messages.insert(key, message.clone());
        }
        batch
    }

    fn delete(&self, id: &str) {
        self.state().messages.retain(|_, it| it.id != id);
    }

    /// Waits until a message may be visible.
    async fn ready(&self) {
        let first = self.state().messages.first_key_value().map(|(key, _)| key.0);
        let wait = first.map(|at| Duration::from_millis(at.saturating_sub(ids::now_ms())));
        let _ = tokio::time::timeout(wait.unwrap_or(NAP), self.sent.notified()).await;
    }
}

/// `SendMessage` and `SendMessageBatch`.
pub(crate) fn send(world: &World, operation: &str, body: &Value) -> Reply {
    match operation {
        "SendMessage" => match accept(&world.queue, body) {
            Ok(sent) => json(StatusCode::OK, &sent),
            Err(why) => refused(StatusCode::BAD_REQUEST, "InvalidParameterValue", why),
        },
        "SendMessageBatch" => {
            let entries = body["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
            if entries.is_empty() || entries.len() > BATCH {
                let kind = "com.amazonaws.sqs#TooManyEntriesInBatchRequest";
                return refused(StatusCode::BAD_REQUEST, kind, "Between 1 and 10 entries");
            }
            let (mut good, mut bad) = (Vec::new(), Vec::new());
            for entry in entries {
                match accept(&world.queue, entry) {
                    Ok(mut sent) => {
                        sent["Id"] = entry["Id"].clone();
                        good.push(sent);
                    }
                    Err(why) => bad.push(json!({
                        "Id": entry["Id"],
                        "SenderFault": true,
                        "Code": "InvalidParameterValue",
                        "Message": why,
                    })),
                }
            }
            json(StatusCode::OK, &json!({ "Successful": good, "Failed": bad }))
        }
        _ => refused(StatusCode::BAD_REQUEST, "InvalidAction", operation),
    }
}

fn accept(queue: &Queue, message: &Value) -> Result<Value, &'static str> {
    let body = message["MessageBody"].as_str().filter(|it| !it.is_empty());
    let body = body.ok_or("The request must contain the parameter MessageBody.")?;
    if body.len() > MESSAGE_BYTES {
        return Err("One or more parameters are invalid. Reason: Message must be shorter.");
    }
    let delay_s = message["DelaySeconds"].as_u64().unwrap_or(0);
    if delay_s > DELAY_S {
        return Err(
            "Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be <= 900.",
        );
    }
    Ok(queue.send(body, delay_s))
}

/// Hands messages to the function as long as the process lives.
pub(crate) async fn consume(world: Arc<World>) {
    loop {
        let (visibility_ms, most) = world.settings.of(|it| (it.visibility_ms, it.max_receives));
        let batch = world.queue.receive(visibility_ms, most);
        if batch.is_empty() {
            world.queue.ready().await;
            continue;
        }
        let busy = world.activity.begin();
        for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
            let (function, action) = (WORKER.to_owned(), action.to_owned());
            world.calls.note(Call { function, action, resource: format!("queue/{QUEUE}") });
        }
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let records: Vec<_> = batch.iter().map(record).collect();
            let event = json!({ "Records": records }).to_string();
            let outcome = world.functions.invoke(WORKER, event.into()).await;
            for id in done(&batch, &outcome) {
                world.queue.delete(id);
            }
            drop(busy);
        });
    }
}

fn record(message: &Message) -> Value {
    json!({
        "messageId": message.id,
        "receiptHandle": ids::short(),
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": message.sent_ms.to_string(),
            "SenderId": "EMULATED",
            "ApproximateFirstReceiveTimestamp": ids::now_ms().to_string(),
        },
        "messageAttributes": {},
        "md5OfBody": md5_of(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{}:{}:{QUEUE}", ids::REGION, ids::ACCOUNT),
        "awsRegion": ids::REGION,
    })
}

/// Which messages are done. An answer that is not understood means none (Lambda developer guide, "Partial batch responses").
fn done<'a>(batch: &'a [Message], outcome: &Outcome) -> Vec<&'a str> {
    let Outcome::Answered(answer) = outcome else { return Vec::new() };
    let answer = match serde_json::from_slice(answer) {
        Ok(Value::Null) => json!({}),
        Ok(answer @ Value::Object(_)) => answer,
        _ => return Vec::new(),
    };
    let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
    let failed: Vec<_> = failures.iter().map(|it| it["itemIdentifier"].as_str()).collect();
    let known = |id: &&str| batch.iter().any(|it| it.id == **id);
    if !failed.iter().all(|id| id.as_ref().is_some_and(known)) {
        return Vec::new();
    }
    batch.iter().map(|it| &*it.id).filter(|id| !failed.contains(&Some(id))).collect()
}

fn md5_of(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_comes_again_and_dies_in_the_end() {
        let queue = Queue::default();
        for body in ["one", "two"] {
            queue.send(body, 0);
        }
        queue.send("later", 900);
        let batch = queue.receive(0, 2);
        assert_eq!(batch.iter().map(|it| &*it.body).collect::<Vec<_>>(), ["one", "two"]);
        let failed = json!({ "batchItemFailures": [{ "itemIdentifier": batch[1].id }] });
        let ids = done(&batch, &Outcome::Answered(failed.to_string().into()));
        assert_eq!(ids, [&batch[0].id]);
        queue.delete(ids[0]);
        assert_eq!(queue.receive(0, 2).len(), 1);
        assert_eq!(queue.receive(0, 2).len(), 0);
        assert_eq!(queue.dead()[0].body, "two");
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn answers_that_are_none_mean_that_nothing_was_done() {
        let queue = Queue::default();
        queue.send("one", 0);
        let batch = queue.receive(0, 2);
        let answered = |text: &'static str| done(&batch, &Outcome::Answered(text.into())).len();
        assert_eq!(
            [answered("null"), answered("{}"), answered(r#"{"batchItemFailures":[]}"#)],
            [1; 3]
        );
        let unknown = r#"{"batchItemFailures":[{"itemIdentifier":"nope"}]}"#;
        assert_eq!([answered("7"), answered(""), answered(unknown)], [0; 3]);
        assert_eq!(done(&batch, &Outcome::failed("a", "b")).len(), 0);
    }
}
