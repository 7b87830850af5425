//! What a channel remembers of its events: the last one with what is known of misses in one row, and a history of a row
//! each, in a chain. A row names the serial before it, so that whoever reads sees what is missing, whatever DynamoDB
//! deleted meanwhile.

use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem, Update};
use channels::{Cached, Depth, EventsAfter, Keep, Missed, Recorded};
use protocol::Serial;
use protocol::limits::CACHE_TTL_S;
use store::EVENTS_PER_ANSWER;

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{OWN, Place, key};
use crate::table::{ATTEMPTS, Change};
use crate::{DynamoStore, Error, recorded};

/// The sort key of the last event.
const CACHE: &str = "c";
/// Serials per millisecond. A history that begins anew begins above all that were.
const SERIALS_PER_MS: u64 = 1_000;
/// How long a history's own row outlives its events, seconds: a client that comes back learns that it missed some.
const HISTORY_KEPT_S: u64 = 24 * 60 * 60;

/// Where a history ends: `v` is the newest serial, `i` how many events there were, `d` how many are kept.
const APPEND: &str = "SET v = :v, i = :i, d = :d, x = :x";

impl DynamoStore {
    pub(crate) async fn keep_event(
        &self,
        place: &Place,
        keep: Keep,
        now_ms: u64,
    ) -> Result<Option<Serial>, Error> {
        let Keep { mut event, cache_ms, history } = keep;
        if let Some(depth) = history {
            event.serial = Some(self.append(place, event.clone(), depth, now_ms).await?);
        }
        let serial = event.serial;
        if let Some(ms) = cache_ms {
            self.cache(place, &event, now_ms.saturating_add(ms)).await?;
        }
        Ok(serial)
    }

    async fn cache(&self, place: &Place, event: &Recorded, until: u64) -> Result<(), Error> {
        let values = [
            (":e", text(recorded::write(event)?)),
            (":t", number(until)),
            (":x", number(until / 1_000 + 1)),
        ];
        let change = Change {
            set: "SET e = :e, t = :t, x = :x REMOVE w",
            only_if: "",
            values: &values,
            answer: ReturnValue::None,
        };
        self.table.update(key(place.events(), CACHE), change).await.map(drop)
    }

    /// The end of the history and the event, both or none; anew when somebody else was faster.
    async fn append(
        &self,
        place: &Place,
        mut event: Recorded,
        depth: Depth,
        now_ms: u64,
    ) -> Result<Serial, Error> {
        for _ in 0..ATTEMPTS {
            let end = self.table.get(key(place.events(), OWN)).await?;
            let last = end.as_ref().map_or(0, |end| number_of::<u64>(end, "v"));
            let index = end.as_ref().map_or(0, |end| number_of::<u64>(end, "i")) + 1;
            let serial = (last + 1).max(now_ms.saturating_mul(SERIALS_PER_MS));
            let before = if last == 0 { serial - 1 } else { last };
            event.serial = Some(Serial::new(serial));
            let until = now_ms.saturating_add(depth.age_ms);
            let mut row = key(place.events(), &sort_key(serial));
            row.insert("e".to_owned(), text(recorded::write(&event)?));
            row.insert("p".to_owned(), number(before));
            row.insert("i".to_owned(), number(index));
            row.insert("t".to_owned(), number(until));
            row.insert("x".to_owned(), number(until / 1_000 + 1));
            let put = Put::builder().table_name(&self.table.name).set_item(Some(row)).build()?;
            let end = self.end_of_history(place, last, serial, index, depth, until)?;
            let writes = vec![
                TransactWriteItem::builder().update(end).build(),
                TransactWriteItem::builder().put(put).build(),
            ];
            if self.table.transact(writes).await? {
                return Ok(Serial::new(serial));
            }
        }
        Err(Error::Busy(ATTEMPTS))
    }

    fn end_of_history(
        &self,
        place: &Place,
        last: u64,
        serial: u64,
        index: u64,
        depth: Depth,
        until: u64,
    ) -> Result<Update, Error> {
        let update = Update::builder().table_name(&self.table.name).update_expression(APPEND);
        let update = update.set_key(Some(key(place.events(), OWN)));
        let update = match last {
            0 => update.condition_expression("attribute_not_exists(v)"),
            last => update
                .condition_expression("v = :last")
                .expression_attribute_values(":last", number(last)),
        };
        let update = update
            .expression_attribute_values(":v", number(serial))
            .expression_attribute_values(":i", number(index))
            .expression_attribute_values(":d", number(depth.count))
            .expression_attribute_values(":x", number(until / 1_000 + HISTORY_KEPT_S));
        Ok(update.build()?)
    }

    pub(crate) async fn last_event(
        &self,
        place: &Place,
        now_ms: u64,
    ) -> Result<Option<Cached>, Error> {
        let Some(row) = self.table.get(key(place.events(), CACHE)).await? else { return Ok(None) };
        let until: u64 = number_of(&row, "t");
        match text_of(&row, "e") {
            Some(event) if until > now_ms => {
                let event = recorded::read(event)?;
                Ok(event.map(|event| Cached { event, ttl_ms: until - now_ms }))
            }
            _ => Ok(None),
        }
    }

    pub(crate) async fn missed_cache(&self, place: &Place, now_ms: u64) -> Result<bool, Error> {
        let until = now_ms.saturating_add(CACHE_TTL_S * 1_000);
        let values = [
            (":until", number(until)),
            (":now", number(now_ms)),
            (":x", number(until / 1_000 + 1)),
        ];
        let change = Change {
            set: "SET w = :until, x = :x",
            only_if: "attribute_not_exists(w) OR w <= :now",
            values: &values,
            answer: ReturnValue::None,
        };
        Ok(self.table.update(key(place.events(), CACHE), change).await?.is_some())
    }

    pub(crate) async fn missed_events(
        &self,
        place: &Place,
        ask: &EventsAfter,
        now_ms: u64,
    ) -> Result<Missed, Error> {
        let end = self.table.get(key(place.events(), OWN)).await?;
        let Some(end) = end.filter(|end| is_live(end, now_ms / 1_000)) else {
            // Nothing is known, also of what may have been.
            return Ok(Missed { events: Vec::new(), complete: false, more: false });
        };
        let (after, last) = (ask.after.number(), number_of::<u64>(&end, "v"));
        if after >= last {
            return Ok(Missed { events: Vec::new(), complete: true, more: false });
        }
        let oldest = number_of::<u64>(&end, "i").saturating_sub(number_of(&end, "d"));
        let kept =
            |row: &Item| number_of::<u64>(row, "i") > oldest && number_of::<u64>(row, "t") > now_ms;
        // Not beyond the end that was read: what came since would be one more than are kept.
        let (from, to) = (sort_key(after.saturating_add(1)), sort_key(last));
        let most = EVENTS_PER_ANSWER + 1;
        let rows = self.table.first(place.events(), &from, &to, most, kept).await?;
        let before = rows.first().map(|row| number_of(row, "p"));
        let complete = before.unwrap_or(last) <= after;
        let events = rows.iter().take(EVENTS_PER_ANSWER);
        let events = events.filter_map(|row| recorded::read(text_of(row, "e")?).transpose());
        let events = events.collect::<Result<_, _>>()?;
        Ok(Missed { events, complete, more: rows.len() > EVENTS_PER_ANSWER })
    }
}

/// Serials as texts that sort as numbers do.
fn sort_key(serial: u64) -> String {
    format!("h{serial:020}")
}
