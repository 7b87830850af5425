//! Several events in one delivery.

use crate::Endpoint;

/// Most events of one delivery. Ours: what a receiver handles well within its 10 seconds.
pub const BATCH_EVENTS: usize = 100;
/// Largest list of events of one delivery in bytes, unless one event alone is larger. Ours: half of the 256 KB that
/// EventBridge's model allows one call, and far from the 400 KB of a DynamoDB item.
pub const BATCH_BYTES: usize = 128 * 1024;

/// The events of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The text of a JSON list.
    pub events: String,
    /// How many they are.
    pub event_count: usize,
}

impl Batch {
    fn of(events: &[String]) -> Self {
        Self { events: format!("[{}]", events.join(",")), event_count: events.len() }
    }
}

/// Cuts the events for one endpoint, each a JSON text, into deliveries. The order is kept.
pub fn batches(endpoint: &Endpoint, events: &[String]) -> Vec<Batch> {
    let most = if endpoint.batching { BATCH_EVENTS } else { 1 };
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (index, event) in events.iter().enumerate() {
        let full = index - start == most || bytes + event.len() > BATCH_BYTES;
        if full && index > start {
            batches.push(Batch::of(&events[start..index]));
            (start, bytes) = (index, 0);
        }
        bytes += event.len() + 1;
    }
    if start < events.len() {
        batches.push(Batch::of(&events[start..]));
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::endpoint;

    #[test]
    fn without_batching_each_event_goes_alone() {
        let events = ["1", "2"].map(str::to_owned);
        let alone = Endpoint { batching: false, ..endpoint() };
        let texts: Vec<_> = batches(&alone, &events).into_iter().map(|it| it.events).collect();
        assert_eq!(texts, ["[1]", "[2]"]);
        assert_eq!(
            batches(&endpoint(), &events),
            [Batch { events: "[1,2]".into(), event_count: 2 }]
        );
        assert_eq!(batches(&endpoint(), &[]), []);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_reordered_and_batches_stay_small(
            sizes in proptest::collection::vec(1_usize..60_000, 0..300),
        ) {
            let events: Vec<String> = sizes.iter().map(|size| "1".repeat(*size)).collect();
            let batches = batches(&endpoint(), &events);
            let joined: Vec<String> = batches.iter()
                .flat_map(|it| it.events[1..it.events.len() - 1].split(',').map(str::to_owned))
                .collect();
            prop_assert_eq!(joined, events);
            for batch in batches {
                prop_assert!((1..=BATCH_EVENTS).contains(&batch.event_count));
                prop_assert!(batch.events.len() <= BATCH_BYTES + 2);
            }
        }
    }
}
