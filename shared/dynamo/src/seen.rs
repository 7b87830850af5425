//! Events from elsewhere that come at least once, and count once.

use aws_sdk_dynamodb::types::ReturnValue;

use crate::item::{number, text};
use crate::table::Change;
use crate::{DynamoStore, Error, keys};

/// How long an event is remembered, in seconds: EventBridge delivers for a day at most.
const KEPT_S: u64 = 24 * 3_600;
/// How long whoever works on an event has for it, in seconds: longer than a function may run, and shorter than the minute
/// after which Lambda gives a failed event again.
const WORK_S: u64 = 45;

/// Whether an event is to be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Yes: it is new, or whoever had it before did not finish.
    New,
    /// No: it was done, or somebody works on it now.
    Done,
}

impl DynamoStore {
    /// Notes that work on an event begins, unless it was done or is under way.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn see(&self, id: &str) -> Result<Seen, Error> {
        let now = self.now_s();
        let values =
            [(":x", number(now + KEPT_S)), (":until", number(now + WORK_S)), (":now", number(now))];
        let change = Change {
            set: "SET x = :x, w = :until",
            only_if: "attribute_not_exists(pk) OR w < :now OR x < :now",
            values: &values,
            answer: ReturnValue::None,
        };
        let begun = self.table.update(keys::seen(id), change).await?;
        Ok(if begun.is_some() { Seen::New } else { Seen::Done })
    }

    /// Notes that an event was not done, so that it may be worked on at once when it comes again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn unsee(&self, id: &str) -> Result<(), Error> {
        self.table.take(keys::seen(id)).await.map(drop)
    }

    /// Notes that an event is done.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn seen(&self, id: &str) -> Result<(), Error> {
        let mut row = keys::seen(id);
        row.insert("x".to_owned(), number(self.now_s() + KEPT_S));
        row.insert("d".to_owned(), text("done"));
        self.table.put(row).await
    }
}
