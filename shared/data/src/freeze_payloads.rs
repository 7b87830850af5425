//! The payloads of deliveries that a worker has reserved, many at once.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use posts::{Delivery, Timestamp};

use crate::error::Cause;
use crate::{Data, Error, keys};

/// Most payloads of one request. Source: the service's rules.
pub const BATCH: usize = 25;
/// How often what the service put off is offered again.
const OFFERS: usize = 5;

impl Data {
    /// Stores what the first attempts of reserved deliveries will send, at most [`BATCH`]. Nothing is stored in its
    /// place before: only whoever has the delivery writes its payload, and the same post gives the same payload.
    pub async fn freeze_payloads(
        &self,
        payloads: &[(&Delivery, &str)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut writes = Vec::with_capacity(payloads.len());
        for (delivery, payload) in payloads {
            let item = keys::payload_item(delivery, payload, now);
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            writes.push(WriteRequest::builder().put_request(put).build());
        }
        let mut rest = HashMap::from([(self.tables.posts.clone(), writes)]);
        for _ in 0..OFFERS {
            if rest.values().all(Vec::is_empty) {
                return Ok(());
            }
            let request = self.client.batch_write_item().set_request_items(Some(rest));
            rest = request.send().await?.unprocessed_items.unwrap_or_default();
        }
        if rest.is_empty() { Ok(()) } else { Err(Error::Unavailable(Cause::Unprocessed)) }
    }
}
