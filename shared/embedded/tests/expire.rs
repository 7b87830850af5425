//! Rows that are out of date are deleted when that is asked for, and no others.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TimeToLiveSpecification,
};

#[tokio::test]
async fn what_is_out_of_date_goes_and_nothing_else() {
    let engine = embedded::engine_in_memory().unwrap();
    let client = engine.client();
    let name = AttributeDefinition::builder().attribute_name("pk");
    let name = name.attribute_type(ScalarAttributeType::S).build().unwrap();
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let table = client.create_table().table_name("realtime").attribute_definitions(name);
    let table = table.key_schema(key.build().unwrap()).billing_mode(BillingMode::PayPerRequest);
    table.send().await.unwrap();
    let expires = TimeToLiveSpecification::builder().attribute_name("x").enabled(true);
    let update = client.update_time_to_live().table_name("realtime");
    update.time_to_live_specification(expires.build().unwrap()).send().await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (pk, x) in [("old", Some(now - 60)), ("young", Some(now + 600)), ("lasting", None)] {
        let mut row = HashMap::from([("pk".to_owned(), AttributeValue::S(pk.to_owned()))]);
        row.extend(x.map(|x| ("x".to_owned(), AttributeValue::N(x.to_string()))));
        client.put_item().table_name("realtime").set_item(Some(row)).send().await.unwrap();
    }
    assert_eq!(engine.expire().await.unwrap(), 1);
    assert_eq!(engine.expire().await.unwrap(), 0);
    let rows = client.scan().table_name("realtime").send().await.unwrap();
    let mut left: Vec<_> = rows.items().iter().map(|row| row["pk"].as_s().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["lasting", "young"]);
}
