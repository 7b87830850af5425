//! Close: the connection's row goes first, so that whoever joins from now on finds it missing.

use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Connection;
use protocol::ConnectionId;
use store::Closed;

use crate::item::number;
use crate::table::Change;
use crate::{DynamoStore, Error, connections, keys};

impl DynamoStore {
    pub(crate) async fn forget(&self, id: &ConnectionId) -> Result<Option<Closed>, Error> {
        // A row that is out of date is closed all the same: something of it may be left on channels.
        let Some(row) = self.table.take(keys::connection(id)).await? else { return Ok(None) };
        let Some(connection) = connections::read(id, &row, &self.apps)? else { return Ok(None) };
        let links = self.links(id).await?;
        self.table.take(keys::socket(&connection.app.id, connection.socket_id)).await?;
        if row.contains_key("q") {
            self.give_place_back(&connection).await?;
        }
        let user = self.sign_out(&connection, &connections::watchlist(&row)).await?;
        let channels = links.channels;
        Ok(Some(Closed { connection: Arc::new(connection), channels, user }))
    }

    async fn give_place_back(&self, connection: &Connection) -> Result<(), Error> {
        let change = Change {
            set: "ADD n :less",
            only_if: "n > :zero",
            values: &[(":less", number(-1)), (":zero", number(0))],
            answer: ReturnValue::None,
        };
        self.table.update(keys::quota(&connection.app.id), change).await.map(drop)
    }
}
