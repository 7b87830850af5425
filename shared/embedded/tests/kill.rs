//! `kill -9` in the middle of writing: what was acknowledged is there.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

/// Set for the copy of this program that writes until it is killed.
const DIR: &str = "EMBEDDED_KILL_DIR";

async fn write_until_killed(dir: &str) {
    let client = embedded::open(dir.as_ref()).unwrap();
    let key =
        KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let name = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap();
    let table = client.create_table().table_name("things").billing_mode(BillingMode::PayPerRequest);
    table.key_schema(key).attribute_definitions(name).send().await.unwrap();
    for n in 0_u32.. {
        let item =
            client.put_item().table_name("things").item("pk", AttributeValue::S(n.to_string()));
        item.send().await.unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "stored {n}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_the_kill() {
    if let Ok(dir) = std::env::var(DIR) {
        return write_until_killed(&dir).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_was_acknowledged_survives_the_kill", "--nocapture"])
        .env(DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "stored 100"), "the writer ended early");
    child.kill().unwrap();
    child.wait().unwrap();
    let last = lines
        .filter_map(|line| line.strip_prefix("stored ")?.parse::<u32>().ok())
        .last()
        .unwrap_or(100);

    let client = embedded::open(dir.path()).unwrap();
    for n in 0..=last {
        let request =
            client.get_item().table_name("things").key("pk", AttributeValue::S(n.to_string()));
        assert!(request.send().await.unwrap().item.is_some(), "{n} of {last} is lost");
    }
}
