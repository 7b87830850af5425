//! Close: the connection's row is marked first, so that whoever joins from now on finds it closed. It stays for a while with
//! all it knows: a close that was left halfway goes on when somebody finds the connection gone again.

use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use channels::Connection;
use protocol::{ConnectionId, SocketId};
use store::Closed;

use crate::item::number;
use crate::links::Links;
use crate::table::Change;
use crate::{DynamoStore, Error, connections, keys};

/// How long a closed connection is remembered, seconds. Ours: the next event to one that is gone finds it out again.
const CLOSED_S: u64 = 600;

impl DynamoStore {
    pub(crate) async fn forget(&self, id: &ConnectionId) -> Result<Option<Closed>, Error> {
        let change = Change {
            set: "SET z = :one, x = :x REMOVE q, g",
            only_if: "attribute_exists(x)",
            values: &[(":one", number(1)), (":x", number(self.now_s() + CLOSED_S))],
            answer: ReturnValue::AllOld,
        };
        let row = self.table.update(keys::connection(id), change).await?;
        let links = self.links(id).await?;
        let Some(row) = row else { return Ok(self.orphans(id, links)) };
        let again = row.contains_key("z");
        if again && links.channels.is_empty() && !row.contains_key("u") {
            return Ok(None);
        }
        let Some(connection) = connections::read(id, &row, &self.apps)? else { return Ok(None) };
        if row.contains_key("q") {
            self.give_place_back(&connection).await?;
        }
        let user = self.sign_out(&connection, &connections::watchlist(&row)).await?;
        if again && links.channels.is_empty() && user.is_none() {
            return Ok(None);
        }
        Ok(Some(Closed { connection: Arc::new(connection), channels: links.channels, user }))
    }

    /// What is left of a connection whose row is gone, if anything is.
    fn orphans(&self, id: &ConnectionId, links: Links) -> Option<Closed> {
        let app = links.app.filter(|_| !links.channels.is_empty())?;
        let connection = Connection {
            id: id.clone(),
            socket_id: SocketId::from_random(0, 0),
            app: connections::served(&app, &self.apps),
            user: None,
            from: None,
        };
        Some(Closed { connection: Arc::new(connection), channels: links.channels, user: None })
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
