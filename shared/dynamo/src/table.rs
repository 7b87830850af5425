//! The few requests that the verbs are made of, with conditions as answers instead of errors.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::Error as Dynamo;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};

use crate::Error;
use crate::item::{Item, text};

/// How often a conditional change is tried anew when others were faster. Ours: each failure means that somebody
/// else got on, so this many in a row is a fault, not load.
pub(crate) const ATTEMPTS: usize = 100;
/// Most rows of one batch (DynamoDB: BatchGetItem).
const BATCH: usize = 100;

/// The table, reached through a client.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// Names and values of an expression.
pub(crate) type Values<'a> = &'a [(&'a str, AttributeValue)];

/// A change of one row.
pub(crate) struct Change<'a> {
    /// The update expression.
    pub(crate) set: &'a str,
    /// The condition.
    pub(crate) only_if: &'a str,
    /// What both name.
    pub(crate) values: Values<'a>,
    /// What to answer of the row.
    pub(crate) answer: ReturnValue,
}

impl Table {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// One row, strongly consistent.
    pub(crate) async fn get(&self, key: Item) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key));
        Ok(get.consistent_read(true).send().await.map_err(Error::of)?.item)
    }

    /// One row as it is, or was a moment ago: half the price.
    pub(crate) async fn glance(&self, key: Item) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key));
        Ok(get.send().await.map_err(Error::of)?.item)
    }

    /// Many rows, strongly consistent, in no order. What is missing is left out.
    pub(crate) async fn get_all(&self, keys: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut rows = Vec::new();
        for keys in keys.chunks(BATCH) {
            let mut left = Some(keys.to_vec());
            for _ in 0..ATTEMPTS {
                let Some(keys) = left.take() else { break };
                let wanted = KeysAndAttributes::builder().set_keys(Some(keys));
                let wanted = wanted.consistent_read(true).build()?;
                let get = self.client.batch_get_item().request_items(&self.name, wanted);
                let answer = get.send().await.map_err(Error::of)?;
                rows.extend(answer.responses.unwrap_or_default().into_values().flatten());
                let rest = answer.unprocessed_keys.unwrap_or_default().remove(&self.name);
                left = rest.map(|rest| rest.keys).filter(|keys| !keys.is_empty());
            }
            if left.is_some() {
                return Err(Error::Busy(ATTEMPTS));
            }
        }
        Ok(rows)
    }

    /// A partition's rows in order, strongly consistent; `from` and `to` bound the sort keys, both included.
    pub(crate) async fn range(&self, pk: String, from: &str, to: &str) -> Result<Vec<Item>, Error> {
        self.first(pk, from, to, usize::MAX, |_| true).await
    }

    /// The next rows of a range, at most so many, and where those after them begin, if there may be more.
    pub(crate) async fn some(
        &self,
        pk: &str,
        (from, to): (&str, &str),
        most: usize,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let query = self.range_query(pk, from, to).limit(most).set_exclusive_start_key(start);
        let page = query.send().await.map_err(Error::of)?;
        let next = page.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((page.items.unwrap_or_default(), next))
    }

    /// The first rows of a range for which `wanted` holds, at most so many.
    pub(crate) async fn first(
        &self,
        pk: String,
        from: &str,
        to: &str,
        most: usize,
        wanted: impl Fn(&Item) -> bool + Send,
    ) -> Result<Vec<Item>, Error> {
        let (mut rows, mut start) = (Vec::new(), None);
        loop {
            let query = self.range_query(&pk, from, to);
            let page = query.set_exclusive_start_key(start.take()).send();
            let page = page.await.map_err(Error::of)?;
            let left = most - rows.len();
            rows.extend(page.items.unwrap_or_default().into_iter().filter(&wanted).take(left));
            start = page.last_evaluated_key.filter(|key| !key.is_empty() && rows.len() < most);
            if start.is_none() {
                return Ok(rows);
            }
        }
    }

    fn range_query(&self, pk: &str, from: &str, to: &str) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.name).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to");
        let query = query.expression_attribute_values(":pk", text(pk));
        let query = query.expression_attribute_values(":from", text(from));
        query.expression_attribute_values(":to", text(to))
    }

    /// Writes a whole row.
    pub(crate) async fn put(&self, row: Item) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(row));
        put.send().await.map(drop).map_err(Error::of)
    }

    /// Changes a row; `None` if the condition does not hold.
    pub(crate) async fn update(
        &self,
        key: Item,
        change: Change<'_>,
    ) -> Result<Option<Item>, Error> {
        Ok(self.attempt(key, change).await?.ok())
    }

    /// Changes a row; if the condition does not hold, answers the row that it does not hold for, empty if there is none.
    pub(crate) async fn attempt(
        &self,
        key: Item,
        change: Change<'_>,
    ) -> Result<Result<Item, Item>, Error> {
        let mut update = self.client.update_item().table_name(&self.name).set_key(Some(key));
        for (name, value) in change.values {
            update = update.expression_attribute_values(*name, value.clone());
        }
        if !change.only_if.is_empty() {
            update = update.condition_expression(change.only_if);
        }
        let update = update.update_expression(change.set).return_values(change.answer);
        let before = ReturnValuesOnConditionCheckFailure::AllOld;
        let update = update.return_values_on_condition_check_failure(before);
        match update.send().await.map_err(Dynamo::from) {
            Ok(done) => Ok(Ok(done.attributes.unwrap_or_default())),
            Err(Dynamo::ConditionalCheckFailedException(failed)) => {
                Ok(Err(failed.item.unwrap_or_default()))
            }
            Err(error) => Err(Error::of(error)),
        }
    }

    /// Deletes a row and answers it, if it was there.
    pub(crate) async fn take(&self, key: Item) -> Result<Option<Item>, Error> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        let delete = delete.return_values(ReturnValue::AllOld);
        let done = delete.send().await.map_err(Error::of)?;
        Ok(done.attributes.filter(|row| !row.is_empty()))
    }

    /// Deletes a row if a condition holds, and answers it, empty if there was none; `None` if the condition does not hold.
    pub(crate) async fn take_if(
        &self,
        key: Item,
        only_if: &str,
        values: Values<'_>,
    ) -> Result<Option<Item>, Error> {
        let mut delete = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        for (name, value) in values {
            delete = delete.expression_attribute_values(*name, value.clone());
        }
        let delete = delete.condition_expression(only_if).return_values(ReturnValue::AllOld);
        let done = kept(delete.send().await.map_err(Dynamo::from))?;
        Ok(done.map(|done| done.attributes.unwrap_or_default()))
    }

    /// Deletes a row if a condition holds; whether it did.
    pub(crate) async fn delete_if(
        &self,
        key: Item,
        only_if: &str,
        values: Values<'_>,
    ) -> Result<bool, Error> {
        Ok(self.take_if(key, only_if, values).await?.is_some())
    }

    /// Writes several rows or none; whether it did. `false`: a condition does not hold, or others write the same rows.
    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<bool, Error> {
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        match request.send().await.map_err(Dynamo::from) {
            Ok(_) => Ok(true),
            Err(Dynamo::TransactionCanceledException(cancelled)) if lost(&cancelled) => Ok(false),
            Err(error) => Err(Error::of(error)),
        }
    }
}

fn lost(cancelled: &aws_sdk_dynamodb::types::error::TransactionCanceledException) -> bool {
    cancelled.cancellation_reasons().iter().any(|reason| {
        matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
    })
}

/// A condition that does not hold is an answer.
fn kept<T>(answer: Result<T, Dynamo>) -> Result<Option<T>, Error> {
    match answer {
        Ok(it) => Ok(Some(it)),
        Err(Dynamo::ConditionalCheckFailedException(_)) => Ok(None),
        Err(error) => Err(Error::of(error)),
    }
}
