//! Rates that several processes keep together: a row each, with one number, written only by who has something to tell.

use aws_sdk_dynamodb::types::ReturnValue;
use throttle::{Heard, Told};

use crate::item::{number, number_of};
use crate::table::Change;
use crate::{DynamoStore, Error, keys};

/// How often it is tried. Ours: the first try guesses how the row is, the second one knows, and then others were faster.
const TURNS: usize = 4;
/// How long a row outlives what it says, seconds: `x` counts whole seconds.
const ROUNDED_S: u64 = 1;

impl DynamoStore {
    /// The rule of [`Told::count`] as conditional writes, one if it is known how the row is. An answer that is lost makes the
    /// SDK write again: those acts count twice.
    pub(crate) async fn tell_others(
        &self,
        name: &str,
        told: &Told,
        now_ms: u64,
    ) -> Result<Heard, Error> {
        let now_us = now_ms.saturating_mul(1_000);
        let full_us = now_us.saturating_add(told.most_us);
        let never_us = now_us.saturating_add(told.never_us);
        let is_busy = |whole_at_us| now_us < whole_at_us && whole_at_us <= never_us;
        let x = (":x", number(full_us / 1_000_000 + ROUNDED_S));
        let more = [
            (":cost", number(told.cost_us)),
            (":now", number(now_us)),
            (":full", number(full_us.saturating_sub(told.cost_us))),
            x.clone(),
        ];
        let anew = [
            (":next", number(now_us.saturating_add(told.cost_us))),
            (":now", number(now_us)),
            (":never", number(never_us)),
            x,
        ];
        let mut busy = is_busy(told.known_us);
        for _ in 0..TURNS {
            let (set, only_if, values) = if busy {
                ("SET w = w + :cost, x = :x", "w > :now AND w <= :full", &more)
            } else {
                let whole = "attribute_not_exists(w) OR w <= :now OR w > :never";
                ("SET w = :next, x = :x", whole, &anew)
            };
            let change = Change { set, only_if, values, answer: ReturnValue::UpdatedNew };
            let row = match self.table.attempt(keys::rate(name), change).await? {
                Ok(row) => return Ok(Heard { whole_at_us: number_of(&row, "w"), counted: true }),
                Err(row) => row,
            };
            let whole_at_us = number_of(&row, "w");
            busy = is_busy(whole_at_us);
            if busy && whole_at_us.saturating_add(told.cost_us) > full_us {
                return Ok(Heard { whole_at_us, counted: false });
            }
        }
        Err(Error::Busy(TURNS))
    }
}
