//! The table's shape, for engines that have no template to make it from.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use crate::keys::OCCUPIED_INDEX;
use crate::{DynamoStore, Error};

impl DynamoStore {
    /// Makes the table. On AWS the deployment's template makes it, in the same shape.
    ///
    /// # Errors
    /// When there is one already, or the service does not answer.
    pub async fn create_table(&self) -> Result<(), Error> {
        let (client, name) = (&self.table.client, &self.table.name);
        let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        let index = GlobalSecondaryIndex::builder().index_name(OCCUPIED_INDEX);
        let index = index.key_schema(part("g", KeyType::Hash)?);
        let index = index.key_schema(part("pk", KeyType::Range)?).projection(keys_only).build()?;
        let mut table =
            client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for name in ["pk", "sk", "g"] {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            let attribute = attribute.attribute_type(ScalarAttributeType::S).build()?;
            table = table.attribute_definitions(attribute);
        }
        let table = table.key_schema(part("pk", KeyType::Hash)?);
        let table = table.key_schema(part("sk", KeyType::Range)?).global_secondary_indexes(index);
        table.send().await.map_err(Error::of)?;
        let expires =
            TimeToLiveSpecification::builder().attribute_name("x").enabled(true).build()?;
        let update = client.update_time_to_live().table_name(name);
        let update = update.time_to_live_specification(expires);
        update.send().await.map(drop).map_err(Error::of)
    }
}

fn part(name: &str, kind: KeyType) -> Result<KeySchemaElement, Error> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}
