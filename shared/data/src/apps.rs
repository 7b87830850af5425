//! Apps that the configuration does not name: one text each, read by whoever knows its words.

use protocol::AppId;

use crate::item::{Item, number, text, text_of};
use crate::{Data, Error, keys};

/// A row of the apps table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// The app.
    pub id: AppId,
    /// Grows with every write.
    pub version: u64,
    /// The app as it is written, a JSON text. It holds the app's secrets.
    pub spec: String,
}

impl Data {
    /// Stores a new app. Fails with `Conflict` if its id is taken.
    pub async fn create_app(&self, id: &AppId, spec: &str) -> Result<(), Error> {
        let item = item(&AppRow { id: id.clone(), version: 1, spec: spec.to_owned() });
        let put = self.client.put_item().table_name(&self.tables.apps).set_item(Some(item));
        put.condition_expression("attribute_not_exists(pk)").send().await?;
        Ok(())
    }

    /// Stores the next version of an app. Fails with `Conflict` if `before` is not what is stored.
    pub async fn replace_app(&self, before: &AppRow, spec: &str) -> Result<(), Error> {
        let after = AppRow { version: before.version + 1, spec: spec.to_owned(), ..before.clone() };
        let put = self.client.put_item().table_name(&self.tables.apps);
        let put = put
            .set_item(Some(item(&after)))
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }

    /// Reads an app, as it is now. Fails with `NotFound`.
    pub async fn get_app(&self, id: &AppId) -> Result<AppRow, Error> {
        let get = self.client.get_item().table_name(&self.tables.apps).consistent_read(true);
        let found = get.set_key(Some(key(id))).send().await?;
        row(&found.item.ok_or(Error::NotFound)?)
    }

    /// Reads all apps, in the order of their ids. They are few, and changed seldom.
    pub async fn list_apps(&self) -> Result<Vec<AppRow>, Error> {
        let scan = self.client.scan().table_name(&self.tables.apps).consistent_read(true);
        let mut pages = scan.into_paginator().send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                rows.push(row(&item)?);
            }
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rows)
    }
}

fn key(id: &AppId) -> Item {
    [("pk".to_owned(), text(format!("app#{id}"))), ("sk".to_owned(), text("state"))].into()
}

fn item(row: &AppRow) -> Item {
    let mut item = key(&row.id);
    item.insert("id".to_owned(), text(row.id.as_str()));
    item.insert("version".to_owned(), number(row.version));
    item.insert("spec".to_owned(), text(row.spec.as_str()));
    item
}

fn row(item: &Item) -> Result<AppRow, Error> {
    let version = item.get("version").and_then(|it| it.as_n().ok()?.parse().ok());
    let version = version
        .ok_or_else(|| <serde_json::Error as serde::de::Error>::custom("an app has no version"))?;
    let id = AppId::new(text_of(item, "id"));
    Ok(AppRow { id, version, spec: text_of(item, "spec").to_owned() })
}
