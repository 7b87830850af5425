//! The data directory: who may open it, and what is left as it was.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use embedded::OpenError;

async fn create_table(client: &Client) {
    let key =
        KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let name = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap();
    let request =
        client.create_table().table_name("things").billing_mode(BillingMode::PayPerRequest);
    request.key_schema(key).attribute_definitions(name).send().await.unwrap();
}

async fn put(client: &Client, pk: &str) {
    let request =
        client.put_item().table_name("things").item("pk", AttributeValue::S(pk.to_owned()));
    request.condition_expression("attribute_not_exists(pk)").send().await.unwrap();
}

async fn has(client: &Client, pk: &str) -> bool {
    let request =
        client.get_item().table_name("things").key("pk", AttributeValue::S(pk.to_owned()));
    request.consistent_read(true).send().await.unwrap().item.is_some()
}

/// Makes a store with one thing in it.
async fn filled(dir: &Path) {
    let client = embedded::open(dir).unwrap();
    create_table(&client).await;
    put(&client, "one").await;
}

fn refusal(dir: &Path) -> (OpenError, String) {
    let error = embedded::open(dir).unwrap_err();
    let text = error.to_string();
    (error, text)
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("new/data");
    filled(&dir).await;
    assert!(has(&embedded::open(&dir).unwrap(), "one").await);
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_directory_and_its_store_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("data");
    embedded::open(&new).unwrap();
    assert_eq!(mode(&new), 0o700);
    // A directory that others may enter.
    let open = dir.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    let client = embedded::open(&open).unwrap();
    create_table(&client).await;
    for file in ["store.sqlite", "store.sqlite-wal"] {
        assert_eq!(mode(&open.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_second_user_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let first = embedded::open(dir.path()).unwrap();
    let (error, text) = refusal(dir.path());
    assert!(
        matches!(error, OpenError::InUse { .. }) && text.contains("in use by another process"),
        "{text}"
    );
    drop(first);
    embedded::open(dir.path()).unwrap();
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    fs::write(dir.path().join("format"), "2\n").unwrap();
    let before = fs::read(dir.path().join("store.sqlite")).unwrap();
    let (error, text) = refusal(dir.path());
    assert!(
        matches!(error, OpenError::Newer { found: 2, .. }) && text.contains("newer program"),
        "{text}"
    );
    assert_eq!(fs::read(dir.path().join("store.sqlite")).unwrap(), before);
    assert_eq!(fs::read_to_string(dir.path().join("format")).unwrap(), "2\n");
}

#[tokio::test]
async fn a_store_of_unknown_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    for format in [None, Some("one"), Some("0"), Some("")] {
        match format {
            Some(text) => fs::write(dir.path().join("format"), text).unwrap(),
            None => fs::remove_file(dir.path().join("format")).unwrap(),
        }
        let (error, text) = refusal(dir.path());
        assert!(matches!(error, OpenError::NoFormat { .. }), "{format:?}: {text}");
    }
}

/// Damages the store file, and checks that it is refused and left byte for byte.
async fn damaged(damage: impl FnOnce(&mut Vec<u8>)) {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let file = dir.path().join("store.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    damage(&mut bytes);
    fs::write(&file, &bytes).unwrap();
    let (error, text) = refusal(dir.path());
    assert!(matches!(error, OpenError::Corrupt { .. }) && text.contains("is damaged"), "{text}");
    assert!(fs::read(&file).unwrap() == bytes, "the file was changed");
}

#[tokio::test]
async fn a_file_that_is_not_sqlite_is_left_alone() {
    damaged(|bytes| bytes[..16].copy_from_slice(b"not a database..")).await;
    damaged(|bytes| bytes.truncate(10)).await;
}

#[tokio::test]
async fn a_file_with_broken_pages_is_left_alone() {
    damaged(|bytes| bytes[4096..].fill(0xA5)).await;
    damaged(|bytes| bytes.truncate(4096 * 2)).await;
}

#[test]
fn a_directory_that_cannot_be_made_or_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.as_path(), &file.join("below"), Path::new("/proc/self")] {
        let (error, text) = refusal(path);
        assert!(matches!(error, OpenError::Unwritable { .. }), "{text}");
        assert!(
            text.contains("Make it writable") && text.contains(path.to_str().unwrap()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_operation_that_is_not_routed_says_so() {
    let client = embedded::memory().unwrap();
    let error = client.list_backups().send().await.unwrap_err();
    let text = format!("{:?}", error.as_service_error());
    assert!(text.contains("does not route ListBackups"), "{text}");
}

#[tokio::test]
async fn a_failed_condition_is_the_error_that_the_sdk_knows() {
    let client = embedded::memory().unwrap();
    create_table(&client).await;
    put(&client, "one").await;
    let again =
        client.put_item().table_name("things").item("pk", AttributeValue::S("one".to_owned()));
    let error = again.condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    assert!(error.into_service_error().is_conditional_check_failed_exception());
}

/// What is synced is the write-ahead log, so that must be where commits go.
#[tokio::test]
async fn commits_go_to_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let client = embedded::open(dir.path()).unwrap();
    let log = || fs::metadata(dir.path().join("store.sqlite-wal")).unwrap().len();
    create_table(&client).await;
    let before = log();
    put(&client, "one").await;
    assert!(log() > before, "the log has not grown");
}
