//! The apps table on the embedded engine.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use data::{Data, Error};
use protocol::AppId;

#[tokio::test]
async fn one_of_two_writers_wins() {
    let data = Data::new(embedded::memory().unwrap());
    data.create_tables_if_missing().await.unwrap();
    let id = AppId::new("7");
    assert!(matches!(data.get_app(&id).await, Err(Error::NotFound)));
    data.create_app(&id, "one").await.unwrap();
    assert!(matches!(data.create_app(&id, "two").await, Err(Error::Conflict)));
    let row = data.get_app(&id).await.unwrap();
    data.replace_app(&row, "two").await.unwrap();
    assert!(matches!(data.replace_app(&row, "three").await, Err(Error::Conflict)));
    data.create_app(&AppId::new("10"), "ten").await.unwrap();
    let rows = data.list_apps().await.unwrap();
    let seen: Vec<_> = rows.iter().map(|it| (it.id.as_str(), it.version, &it.spec[..])).collect();
    assert_eq!(seen, [("10", 1, "ten"), ("7", 2, "two")]);
}
