//! The tables that the template makes are those that the code expects.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, KeySchemaElement, Projection, ProjectionType,
};
use channels::{App, Apps, SharedApps};
use dynamo::{DynamoStore, Settings};
use protocol::AppId;
use serde_json::{Value, json};

use crate::template::Template;

/// Tables by the variable that names them to functions, as the code makes them.
async fn made() -> BTreeMap<&'static str, Value> {
    let client = embedded::memory().expect("an engine");
    let apps = Apps::new(vec![App::new(AppId::new("1001"), Vec::new())]).expect("an app");
    let apps = SharedApps::new(apps);
    let settings = Settings { table: "realtime".to_owned(), life_s: 1, now_ms: || 0 };
    let store = DynamoStore::new(client.clone(), apps, settings);
    store.create_table().await.expect("a table");
    let names = data::Tables::default();
    data::Data::new(client.clone()).create_tables_if_missing().await.expect("tables");
    let tables = [
        ("RealtimeTable", "realtime".to_owned()),
        ("PostsTable", names.posts),
        ("AccountsTable", names.accounts),
        ("WebhooksTable", names.webhooks),
        ("AppsTable", names.apps),
    ];
    let all = client.list_tables().send().await.expect("a list").table_names.unwrap_or_default();
    assert_eq!(all.len(), tables.len(), "the code has other tables now: {all:?}");
    let mut found = BTreeMap::new();
    for (id, name) in tables {
        found.insert(id, described(&client, &name).await);
    }
    found
}

async fn described(client: &Client, name: &str) -> Value {
    let table = client.describe_table().table_name(name).send().await.expect("a description");
    let table = table.table.expect("a table");
    let live = client.describe_time_to_live().table_name(name).send().await.expect("an answer");
    let live = live.time_to_live_description.and_then(|it| it.attribute_name);
    let mut attributes: Vec<_> = table.attribute_definitions().iter().collect();
    attributes.sort_by_key(|it| it.attribute_name());
    let attribute = |it: &&aws_sdk_dynamodb::types::AttributeDefinition| json!({ "AttributeName": it.attribute_name(), "AttributeType": it.attribute_type().as_str() });
    let mut indexes: Vec<_> = table.global_secondary_indexes().iter().map(index).collect();
    indexes.sort_by_key(|it| it["IndexName"].to_string());
    json!({
        "KeySchema": keys(table.key_schema()),
        "AttributeDefinitions": attributes.iter().map(attribute).collect::<Vec<_>>(),
        "GlobalSecondaryIndexes": indexes,
        "TimeToLive": live,
    })
}

fn keys(schema: &[KeySchemaElement]) -> Value {
    let key = |it: &KeySchemaElement| json!({ "AttributeName": it.attribute_name(), "KeyType": it.key_type().as_str() });
    schema.iter().map(key).collect()
}

fn index(it: &GlobalSecondaryIndexDescription) -> Value {
    let projection = it.projection().expect("a projection");
    json!({
        "IndexName": it.index_name(),
        "KeySchema": keys(it.key_schema()),
        "Projection": projected(projection),
    })
}

fn projected(it: &Projection) -> Value {
    let kind = it.projection_type().map_or("", ProjectionType::as_str);
    let mut names = it.non_key_attributes().to_vec();
    names.sort();
    if names.is_empty() {
        json!({ "ProjectionType": kind })
    } else {
        json!({ "ProjectionType": kind, "NonKeyAttributes": names })
    }
}

/// The template's table in the same words, in the same order.
fn shape(properties: &Value) -> Value {
    let sorted = |list: &Value, name: &str| {
        let mut all = list.as_array().cloned().unwrap_or_default();
        all.sort_by_key(|it| it[name].to_string());
        all
    };
    let mut indexes = sorted(&properties["GlobalSecondaryIndexes"], "IndexName");
    for index in &mut indexes {
        if let Some(names) =
            index.pointer_mut("/Projection/NonKeyAttributes").and_then(Value::as_array_mut)
        {
            names.sort_by_key(Value::to_string);
        }
    }
    let live = &properties["TimeToLiveSpecification"];
    json!({
        "KeySchema": properties["KeySchema"],
        "AttributeDefinitions": sorted(&properties["AttributeDefinitions"], "AttributeName"),
        "GlobalSecondaryIndexes": indexes,
        "TimeToLive": if live["Enabled"] == true { live["AttributeName"].clone() } else { Value::Null },
    })
}

#[tokio::test]
async fn the_tables_are_those_that_the_code_makes() {
    let template = Template::read();
    let planned: BTreeMap<_, _> = template
        .of_type("AWS::DynamoDB::Table")
        .into_iter()
        .map(|(id, it)| (id, shape(it)))
        .collect();
    assert_eq!(planned, made().await);
}

#[test]
fn tables_cost_by_use_and_what_must_last_is_kept() {
    let template = Template::read();
    for (id, properties) in template.of_type("AWS::DynamoDB::Table") {
        assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST", "{id}");
        assert_eq!(properties["TableName"], Value::Null, "{id}: two stacks fit in one account");
        let policy = &template.resource(id)["DeletionPolicy"];
        let kept =
            properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true;
        if id == "RealtimeTable" {
            assert!(policy == "Delete" && !kept, "{id} is worth nothing without its connections");
        } else {
            assert!(*policy == json!({ "Ref": "RetainData" }) && kept, "{id} must last");
        }
        assert_eq!(*policy, template.resource(id)["UpdateReplacePolicy"], "{id}");
    }
}
