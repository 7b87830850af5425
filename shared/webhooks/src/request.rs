//! The request of an attempt: fresh time, fresh signature, the same delivery.

use auth::{KeyPair, sign_webhook};
use posts::Timestamp;

use crate::Delivery;

/// The header with the key whose secret signs.
pub const KEY_HEADER: &str = "x-pusher-key";
/// The header with the signature of the body.
pub const SIGNATURE_HEADER: &str = "x-pusher-signature";
/// The header with the delivery's name, the same in every attempt.
pub const DELIVERY_HEADER: &str = "x-pushbridge-delivery";
/// The content type, exactly: the Node SDK compares it whole.
pub const CONTENT_TYPE: &str = "application/json";

/// What is sent: the body and the headers that are made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The bytes that are signed.
    pub body: String,
    /// Names in lower case, with values.
    pub headers: [(&'static str, String); 4],
}

impl Delivery {
    /// The request of an attempt at `now`. The time is fresh each time because SDKs refuse a body whose `time_ms` is
    /// more than five minutes off (`pusher` for Python).
    pub fn request(&self, pair: &KeyPair, now: Timestamp) -> Request {
        let body = format!(r#"{{"time_ms":{},"events":{}}}"#, now.ms(), self.events);
        let headers = [
            ("content-type", CONTENT_TYPE.to_owned()),
            (KEY_HEADER, pair.key.as_str().to_owned()),
            (SIGNATURE_HEADER, sign_webhook(pair, body.as_bytes())),
            (DELIVERY_HEADER, self.id.as_str().to_owned()),
        ];
        Request { body, headers }
    }
}

#[cfg(test)]
mod tests {
    use protocol::AppId;

    use super::*;
    use crate::{Batch, DeliveryId, EndpointId};

    #[test]
    fn the_vector_of_the_node_sdk() {
        let events = r#"[{"name":"channel_occupied","channel":"orders"}]"#;
        let batch = Batch { events: events.into(), event_count: 1 };
        let now = Timestamp::from_ms(1_700_000_000_000);
        let id = DeliveryId::from_number(1);
        let delivery = Delivery::new(
            id,
            AppId::new("1001"),
            EndpointId::new("e"),
            batch,
            &crate::Process::from_number(1),
            now,
        );
        let request = delivery.request(&KeyPair::new("pb-key", "pb-secret"), now);
        assert_eq!(
            request.body,
            r#"{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"orders"}]}"#
        );
        let [content_type, key, signature, delivery] = request.headers;
        assert_eq!(content_type, ("content-type", "application/json".into()));
        assert_eq!(key, ("x-pusher-key", "pb-key".into()));
        assert_eq!(signature.1, "097513801f28d837528b325db2e23111b20e2610577c358c17d8d138958c0703");
        assert_eq!(delivery.1, "hook_00000000000000000000000000000001");
    }
}
