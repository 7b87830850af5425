//! What the tests of this crate share.

use crate::{EVENTS, Endpoint, EndpointId, Target};

pub(crate) fn endpoint() -> Endpoint {
    Endpoint {
        id: EndpointId::new("e"),
        target: Target::Http { url: "https://example.com/".into(), headers: Vec::new() },
        events: EVENTS.to_vec(),
        channel_prefixes: Vec::new(),
        batching: true,
    }
}
