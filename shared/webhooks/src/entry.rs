//! Events for an EventBridge bus (Amazon EventBridge API reference, PutEvents).

use posts::Timestamp;
use protocol::AppId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Batch, Delivery};

/// Most entries of one call (PutEvents: 10).
pub const ENTRIES: usize = 10;
/// Where the events come from, for rules. Another name than that of events which come in, so that no rule feeds itself.
pub const SOURCE: &str = "pushbridge.webhooks";

/// The body of a call.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents<'a> {
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    event_bus_name: &'a str,
    source: &'static str,
    /// What happened, to what: `channel.occupied`, `member.added`.
    detail_type: String,
    detail: String,
}

#[derive(Serialize)]
struct Detail<'a> {
    app_id: &'a AppId,
    delivery_id: &'a str,
    time_ms: i64,
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// What a call answers: an entry for each that was sent, in order.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    entries: Vec<Answered>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answered {
    error_code: Option<String>,
}

impl Delivery {
    /// Its events, one by one.
    pub fn each(&self) -> Vec<Box<RawValue>> {
        serde_json::from_str(&self.events).unwrap_or_default()
    }

    /// The body of a call that puts at most [`ENTRIES`] of its events on a bus.
    pub fn put_events(&self, bus: &str, events: &[Box<RawValue>], now: Timestamp) -> String {
        let entry = |event: &RawValue| {
            let detail = Detail {
                app_id: &self.app_id,
                delivery_id: self.id.as_str(),
                time_ms: now.ms(),
                event,
            };
            Entry {
                event_bus_name: bus,
                source: SOURCE,
                detail_type: serde_json::from_str::<Named>(event.get())
                    .map(|it| it.name.replacen('_', ".", 1))
                    .unwrap_or_default(),
                detail: serde_json::to_string(&detail).unwrap_or_default(),
            }
        };
        let body = PutEvents { entries: events.iter().map(|event| entry(event)).collect() };
        // Texts and JSON in a struct: there is nothing that JSON cannot say.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// Which events of a call are still to be sent after this answer of status 200: a call may fail in part, and only what
/// failed is sent again. All of them, if the answer does not say.
pub fn failed_entries(events: Vec<Box<RawValue>>, answer: &[u8]) -> Vec<Box<RawValue>> {
    match serde_json::from_slice::<Answer>(answer) {
        Ok(answer) if answer.entries.len() == events.len() => {
            let pairs = events.into_iter().zip(answer.entries);
            pairs.filter(|(_, it)| it.error_code.is_some()).map(|(event, _)| event).collect()
        }
        _ => events,
    }
}

/// Events that are left, as a list again.
pub fn left_over(events: &[Box<RawValue>]) -> Batch {
    let texts: Vec<_> = events.iter().map(|event| event.get()).collect();
    Batch { events: format!("[{}]", texts.join(",")), event_count: events.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeliveryId, EndpointId};

    fn delivery() -> Delivery {
        let events =
            r#"[{"name":"channel_occupied","channel":"a"},{"name":"cache_miss","channel":"b"}]"#;
        let batch = Batch { events: events.into(), event_count: 2 };
        let now = Timestamp::from_ms(0);
        Delivery::new(
            DeliveryId::from_number(1),
            AppId::new("7"),
            EndpointId::new("e"),
            batch,
            &crate::Process::from_number(1),
            now,
        )
    }

    #[test]
    fn the_shape_of_a_call() {
        let now = Timestamp::from_ms(1_700_000_000_000);
        let body = delivery().put_events("default", &delivery().each()[..1], now);
        let detail = concat!(
            r#"{\"app_id\":\"7\",\"delivery_id\":\"hook_00000000000000000000000000000001\","#,
            r#"\"time_ms\":1700000000000,\"event\":{\"name\":\"channel_occupied\",\"channel\":\"a\"}}"#,
        );
        let expected = format!(
            r#"{{"Entries":[{{"EventBusName":"default","Source":"pushbridge.webhooks","DetailType":"channel.occupied","Detail":"{detail}"}}]}}"#
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn only_what_failed_is_left() {
        let left = |answer: &str| left_over(&failed_entries(delivery().each(), answer.as_bytes()));
        let good = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"},{"EventId":"2"}]}"#;
        assert_eq!(left(good), Batch { events: "[]".into(), event_count: 0 });
        let half = r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow"}]}"#;
        let rest = r#"[{"name":"cache_miss","channel":"b"}]"#;
        assert_eq!(left(half), Batch { events: rest.into(), event_count: 1 });
        for odd in ["", "{}", r#"{"Entries":[{"EventId":"1"}]}"#] {
            assert_eq!(left(odd).event_count, 2, "{odd}");
        }
    }
}
