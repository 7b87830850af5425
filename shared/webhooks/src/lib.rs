//! The rules of an app's webhooks: what is sent where, signed how, and when again. Pure.
//!
//! Events become [`Batch`]es, one list per endpoint; a batch becomes a [`Delivery`], which is stored before it is sent,
//! tried for five minutes, and then kept as a dead letter. The delays before `channel_vacated` and `member_removed` are
//! the push core's: what arrives here has happened.

mod answer;
mod batch;
mod delivery;
mod endpoint;
mod entry;
mod event;
mod request;
mod retry;
mod spec;

#[cfg(test)]
mod testing;

pub use answer::answered;
pub use batch::{BATCH_BYTES, BATCH_EVENTS, Batch, batches};
pub use delivery::{Claimant, Delivery, DeliveryId, DeliveryState, LEASE, Outcome, Process};
pub use endpoint::{Endpoint, EndpointId, Endpoints, SharedEndpoints, Target};
pub use entry::{ENTRIES, SOURCE, failed_entries, left_over};
pub use event::{EVENTS, event};
pub use request::{CONTENT_TYPE, DELIVERY_HEADER, KEY_HEADER, Request, SIGNATURE_HEADER};
pub use retry::WINDOW;
pub use spec::{ENDPOINTS, EndpointSpec, Malformed};
