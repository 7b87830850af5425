//! Speak: is it subscribed, and does it keep to its rate?

use aws_sdk_dynamodb::types::ReturnValue;
use channels::{Connection, Spoken};
use protocol::ChannelName;

use crate::connections::is_open;
use crate::item::{number, number_of};
use crate::table::{ATTEMPTS, Change};
use crate::{DynamoStore, Error, keys};

/// The length of the window in which client events are counted.
const RATE_WINDOW_MS: u64 = 1_000;

impl DynamoStore {
    pub(crate) async fn may_speak(
        &self,
        connection: &Connection,
        channel: &ChannelName,
        now_ms: u64,
    ) -> Result<Spoken, Error> {
        let Some(link) = self.link(&connection.id, channel).await? else {
            return Ok(Spoken::NotSubscribed);
        };
        let most = connection.app.limits.client_events_per_second;
        for _ in 0..ATTEMPTS {
            let row = self.table.get(keys::connection(&connection.id)).await?;
            let Some(row) = row.filter(|row| is_open(row, self.now_s())) else {
                return Ok(Spoken::NotSubscribed);
            };
            let (start, count) = (number_of::<u64>(&row, "w"), number_of::<u32>(&row, "ev"));
            let anew = !row.contains_key("w") || now_ms.abs_diff(start) >= RATE_WINDOW_MS;
            if most == 0 || (!anew && count >= most) {
                return Ok(Spoken::TooFast);
            }
            let (start, next) = if anew { (now_ms, 1) } else { (start, count + 1) };
            let same = if row.contains_key("ev") {
                "ev = :count AND x > :now"
            } else {
                "attribute_not_exists(ev) AND x > :now"
            };
            let mut values =
                vec![(":w", number(start)), (":ev", number(next)), (":now", number(self.now_s()))];
            if row.contains_key("ev") {
                values.push((":count", number(count)));
            }
            let answer = ReturnValue::None;
            let change =
                Change { set: "SET w = :w, ev = :ev", only_if: same, values: &values, answer };
            if self.table.update(keys::connection(&connection.id), change).await?.is_some() {
                return Ok(Spoken::May(link.user));
            }
        }
        Err(Error::Busy(ATTEMPTS))
    }
}
