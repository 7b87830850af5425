//! Notifications of users, each in the user's own partition, dropped after 90 days.

use posts::{Notification, UserId};

use crate::item::{Item, number, read, text, write};
use crate::{Data, Error, keys};

/// How long a notification is kept, in seconds: 90 days.
const KEPT_S: u64 = 90 * 24 * 3600;
/// Most that are listed, and counted as unread. Ours.
const LISTED: i32 = 100;

impl Data {
    /// Stores a notification. Says whether it is new: the same cause is stored once.
    pub async fn put_notification(&self, note: &Notification) -> Result<bool, Error> {
        let mut item = write(note)?;
        item.extend(key(note));
        item.insert("expires_at".to_owned(), number(note.created_at.seconds() + KEPT_S));
        let put = self.client.put_item().table_name(&self.tables.accounts).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await.map_err(Error::from)
        {
            Ok(_) => Ok(true),
            Err(Error::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lists a user's notifications, the newest first, at most 100.
    pub async fn list_notifications(&self, user: &UserId) -> Result<Vec<Notification>, Error> {
        let query = self.client.query().table_name(&self.tables.accounts).consistent_read(true);
        let query = query.key_condition_expression("pk = :user AND begins_with(sk, :notes)");
        let query = query.expression_attribute_values(":user", text(keys::user(user)));
        let query = query.expression_attribute_values(":notes", text(keys::NOTES));
        let page = query.scan_index_forward(false).limit(LISTED).send().await?;
        page.items.unwrap_or_default().iter().map(read).collect()
    }

    /// Marks a notification as read. One that is gone is fine.
    pub async fn read_notification(&self, note: &Notification) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.tables.accounts);
        let update = update.set_key(Some(key(note))).update_expression("SET #read = :yes");
        let update = update.condition_expression("attribute_exists(pk)");
        let update = update.expression_attribute_names("#read", "read");
        let yes = aws_sdk_dynamodb::types::AttributeValue::Bool(true);
        match update.expression_attribute_values(":yes", yes).send().await.map_err(Error::from) {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn key(note: &Notification) -> Item {
    keys::notification(&note.user_id, &keys::timed(note.created_at, &note.id))
}
