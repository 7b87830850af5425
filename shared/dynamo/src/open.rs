//! Open: a place if places are limited, the name that a socket id is, the connection.

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Connection;
use store::Opened;

use crate::item::{number, text};
use crate::table::Change;
use crate::{DynamoStore, Error, connections, keys};

impl DynamoStore {
    pub(crate) async fn remember(&self, connection: &Connection) -> Result<Opened, Error> {
        let app = &connection.app;
        if let Some(most) = app.limits.connections
            && !self.take_place(connection, most).await?
        {
            return Ok(Opened::OverQuota);
        }
        let x = self.expires_s();
        let mut name = keys::socket(&app.id, connection.socket_id);
        name.insert("c".to_owned(), text(connection.id.as_str()));
        name.insert("x".to_owned(), number(x));
        self.table.put(name).await?;
        let limited = app.limits.connections.is_some();
        self.table.put(connections::row(connection, limited, x)?).await?;
        Ok(Opened::Yes)
    }

    /// One row per app counts; only of apps with a limit, because a row takes 1,000 writes a second at most
    /// (DynamoDB: partition limits).
    async fn take_place(&self, connection: &Connection, most: u32) -> Result<bool, Error> {
        let values =
            [(":one", number(1)), (":most", number(most)), (":x", number(self.expires_s()))];
        let change = Change {
            set: "SET x = :x ADD n :one",
            only_if: "attribute_not_exists(n) OR n < :most",
            values: &values,
            answer: ReturnValue::None,
        };
        // A limit of none at all: there is no row to compare with.
        if most == 0 {
            return Ok(false);
        }
        Ok(self.table.update(keys::quota(&connection.app.id), change).await?.is_some())
    }
}
