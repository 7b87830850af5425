//! The tables' shape, for engines that have no template to make them from.

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};

use crate::keys::{DUE_INDEX, LIST_INDEX};
use crate::{Data, Error};

impl Data {
    /// Makes the tables that are missing. On AWS the deployment's template makes them, in the same shape.
    pub async fn create_tables_if_missing(&self) -> Result<(), Error> {
        let due = index(DUE_INDEX, "due", Some(&["workspace_id", "account_id", "scheduled_at"]))?;
        let posts = self
            .table(&self.tables.posts, &["pk", "sk", "due_pk", "due_sk", "list_pk", "list_sk"])?;
        let posts = posts.global_secondary_indexes(due);
        create(posts.global_secondary_indexes(index(LIST_INDEX, "list", Some(&["status"]))?))
            .await?;
        let accounts = self.table(&self.tables.accounts, &["pk", "sk", "list_pk", "list_sk"])?;
        create(accounts.global_secondary_indexes(index(LIST_INDEX, "list", None)?)).await?;
        let due = index(DUE_INDEX, "due", Some(&["app_id", "endpoint_id"]))?;
        let webhooks = self.table(
            &self.tables.webhooks,
            &["pk", "sk", "due_pk", "due_sk", "list_pk", "list_sk"],
        )?;
        let webhooks = webhooks.global_secondary_indexes(due);
        create(webhooks.global_secondary_indexes(index(LIST_INDEX, "list", None)?)).await?;
        create(self.table(&self.tables.apps, &["pk", "sk"])?).await?;
        for table in [&self.tables.posts, &self.tables.accounts, &self.tables.webhooks] {
            self.expire(table).await?;
        }
        Ok(())
    }

    fn table(&self, name: &str, attributes: &[&str]) -> Result<CreateTableFluentBuilder, Error> {
        let mut table =
            self.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for name in attributes {
            let kind = ScalarAttributeType::S;
            let attribute = AttributeDefinition::builder()
                .attribute_name(*name)
                .attribute_type(kind)
                .build()?;
            table = table.attribute_definitions(attribute);
        }
        Ok(table.key_schema(part("pk", KeyType::Hash)?).key_schema(part("sk", KeyType::Range)?))
    }

    async fn expire(&self, table: &str) -> Result<(), Error> {
        let now = self.client.describe_time_to_live().table_name(table).send().await?;
        let status = now.time_to_live_description.and_then(|d| d.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let expires = TimeToLiveSpecification::builder()
            .attribute_name("expires_at")
            .enabled(true)
            .build()?;
        self.client
            .update_time_to_live()
            .table_name(table)
            .time_to_live_specification(expires)
            .send()
            .await?;
        Ok(())
    }
}

async fn create(table: CreateTableFluentBuilder) -> Result<(), Error> {
    match table.send().await {
        Ok(_) => Ok(()),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// An index on `{keys}_pk` and `{keys}_sk`, with some attributes beside the keys or all.
fn index(name: &str, keys: &str, only: Option<&[&str]>) -> Result<GlobalSecondaryIndex, Error> {
    let projection = match only {
        Some(only) => {
            let names = only.iter().map(|name| (*name).to_owned()).collect();
            Projection::builder()
                .projection_type(ProjectionType::Include)
                .set_non_key_attributes(Some(names))
        }
        None => Projection::builder().projection_type(ProjectionType::All),
    };
    let index = GlobalSecondaryIndex::builder().index_name(name).projection(projection.build());
    let index = index.key_schema(part(&format!("{keys}_pk"), KeyType::Hash)?);
    Ok(index.key_schema(part(&format!("{keys}_sk"), KeyType::Range)?).build()?)
}

fn part(name: &str, kind: KeyType) -> Result<KeySchemaElement, Error> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}
