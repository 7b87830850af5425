//! What server SDKs call: the state of those handlers, and their routes.

use std::future::Future;
use std::sync::Arc;

use identity::Facts;
use serde_json::Value;
use service::{Outbox, Service};
use store::Store;

use crate::answers;
use crate::events_after::{__path_events_after, events_after};
use crate::get_channel::{__path_channel_stats, __path_get_channel, channel_stats, get_channel};
use crate::list_channels::{__path_list_channels, list_channels};
use crate::list_users::{__path_list_users, list_users};
use crate::plain::Plain;
use crate::routes::{Descriptions, Routes};
use crate::signed::Signed;
use crate::terminate_connections::{
    __path_terminate_by_key, __path_terminate_connections, terminate_by_key, terminate_connections,
};
use crate::trigger_batch::{__path_trigger_batch, trigger_batch};
use crate::trigger_channel::{__path_trigger_channel, trigger_channel};
use crate::trigger_event::{__path_trigger_event, trigger_event};

/// The state of these handlers.
pub(crate) struct Push<S, O, F> {
    pub(crate) service: Arc<Service<S, O, F>>,
}

impl<S, O, F> Clone for Push<S, O, F> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone() }
    }
}

impl<S: Store, O: Outbox, F: Facts + 'static> Push<S, O, F> {
    /// Publishes what a request says, unless that was done under its `Idempotency-Key`: then the answer is the same.
    pub(crate) async fn once<W>(
        self,
        signed: Signed,
        publish: impl FnOnce(Self, Signed) -> W,
    ) -> Result<Value, Plain>
    where
        W: Future<Output = Result<Value, Plain>> + Send + 'static,
    {
        match signed.claim.clone() {
            None => publish(self, signed).await,
            Some(claim) => self.clone().under(claim, publish(self, signed)).await,
        }
    }
}

/// The routes, each with its description.
pub(crate) fn routes<S, O, F, D>() -> Routes<Push<S, O, F>, D>
where
    S: Store,
    O: Outbox,
    F: Facts + 'static,
    D: Descriptions,
{
    Routes::new()
        .add(__path_trigger_event, trigger_event::<S, O, F>)
        .add(__path_trigger_batch, trigger_batch::<S, O, F>)
        .add(__path_trigger_channel, trigger_channel::<S, O, F>)
        .answering(&answers::PUBLISHING)
        .add(__path_events_after, events_after::<S, O, F>)
        .add(__path_list_channels, list_channels::<S, O, F>)
        .add(__path_get_channel, get_channel::<S, O, F>)
        .add(__path_channel_stats, channel_stats::<S, O, F>)
        .add(__path_list_users, list_users::<S, O, F>)
        .add(__path_terminate_connections, terminate_connections::<S, O, F>)
        .add(__path_terminate_by_key, terminate_by_key::<S, O, F>)
        .answering(&answers::SIGNED)
}
