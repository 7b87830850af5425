//! Asks every request what it consumed, and adds it up.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_get_item as batch_get, batch_write_item as batch_write, delete_item as delete,
    get_item as get, put_item as put, query, transact_write_items as transact,
    update_item as update,
};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// What was consumed, in units.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Used {
    /// Write units.
    pub(crate) writes: f64,
    /// Read units.
    pub(crate) reads: f64,
}

/// Counts all requests of a client.
#[derive(Debug, Default, Clone)]
pub(crate) struct Meter(Arc<Mutex<Used>>);

impl Meter {
    /// The client, counted.
    pub(crate) fn on(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    /// What was consumed since the last call.
    pub(crate) fn take(&self) -> Used {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add<'a>(&self, reads: bool, used: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units: f64 = used.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reads { sum.reads += units } else { sum.writes += units }
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        let all = Some(ReturnConsumedCapacity::Indexes);
        if let Some(it) = input.downcast_mut::<get::GetItemInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<query::QueryInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<batch_get::BatchGetItemInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<batch_write::BatchWriteItemInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<put::PutItemInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<update::UpdateItemInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<delete::DeleteItemInput>() {
            it.return_consumed_capacity = all;
        } else if let Some(it) = input.downcast_mut::<transact::TransactWriteItemsInput>() {
            it.return_consumed_capacity = all;
        } else {
            return Err("a request that the meter does not know".into());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            // A condition that does not hold costs a write all the same (DynamoDB: conditional writes).
            self.0.lock().unwrap_or_else(PoisonError::into_inner).writes += 1.0;
            return Ok(());
        };
        if let Some(it) = output.downcast_ref::<get::GetItemOutput>() {
            self.add(true, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<query::QueryOutput>() {
            self.add(true, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<batch_get::BatchGetItemOutput>() {
            self.add(true, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<batch_write::BatchWriteItemOutput>() {
            self.add(false, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<put::PutItemOutput>() {
            self.add(false, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<update::UpdateItemOutput>() {
            self.add(false, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<delete::DeleteItemOutput>() {
            self.add(false, it.consumed_capacity());
        } else if let Some(it) = output.downcast_ref::<transact::TransactWriteItemsOutput>() {
            self.add(false, it.consumed_capacity());
        }
        Ok(())
    }
}
