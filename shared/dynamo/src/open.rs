//! Open: a place if places are limited, then the connection.

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Connection;
use store::Opened;

use crate::item::{is_live, number};
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
        let limited = app.limits.connections.is_some();
        self.table.put(connections::row(connection, limited, x)?).await?;
        Ok(Opened::Yes)
    }

    /// One row per app counts; only of apps with a limit, because a row takes 1,000 writes a second at most
    /// (DynamoDB: partition limits).
    async fn take_place(&self, connection: &Connection, most: u32) -> Result<bool, Error> {
        // A limit of none at all: there is no row to compare with.
        if most == 0 {
            return Ok(false);
        }
        let key = keys::quota(&connection.app.id);
        let (one, x, now) = (number(1), number(self.expires_s()), number(self.now_s()));
        let values = [(":one", one), (":x", x), (":now", now)];
        let mut bounded = values.to_vec();
        bounded.push((":most", number(most)));
        let change = Change {
            set: "SET x = :x ADD n :one",
            only_if: "attribute_not_exists(x) OR (x > :now AND n < :most)",
            values: &bounded,
            answer: ReturnValue::None,
        };
        match self.table.attempt(key.clone(), change).await? {
            Ok(_) => Ok(true),
            Err(row) if is_live(&row, self.now_s()) => Ok(false),
            // Nobody came for as long as a connection can last: whoever was counted is gone.
            Err(_) => {
                let change = Change {
                    set: "SET x = :x, n = :one",
                    only_if: "x <= :now",
                    values: &values,
                    answer: ReturnValue::None,
                };
                Ok(self.table.update(key, change).await?.is_some())
            }
        }
    }
}
