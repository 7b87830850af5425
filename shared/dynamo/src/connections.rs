//! The row of a connection.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use channels::{App, Connection, SharedApps};
use identity::{User, Workspace, WorkspaceId};
use protocol::{AppId, ConnectionId, SocketId, UserId};
use serde::{Deserialize, Serialize};

use crate::item::{Item, is_live, number, text, text_of};
use crate::{DynamoStore, Error, keys};

/// A user as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: UserId,
    info: Option<serde_json::Value>,
    workspaces: Vec<(String, Option<String>)>,
}

/// Whether a connection's row is of one that is open.
pub(crate) fn is_open(row: &Item, now_s: u64) -> bool {
    is_live(row, now_s) && !row.contains_key("z")
}

/// A connection as a whole row.
pub(crate) fn row(connection: &Connection, limited: bool, x: u64) -> Result<Item, Error> {
    let mut row = keys::connection(&connection.id);
    row.insert("a".to_owned(), text(connection.app.id.as_str()));
    row.insert("o".to_owned(), text(connection.socket_id.to_string()));
    row.insert("x".to_owned(), number(x));
    if let Some(user) = &connection.user {
        row.insert("u".to_owned(), text(write_user(user)?));
        row.insert("i".to_owned(), text(user.id.as_str()));
    }
    if let Some(from) = connection.from {
        row.insert("f".to_owned(), text(from.to_string()));
    }
    if let Some(most) = connection.app.limits.connections_per_user {
        row.insert("p".to_owned(), number(most));
    }
    if limited {
        row.insert("q".to_owned(), AttributeValue::Bool(true));
        row.insert("g".to_owned(), text(keys::held(&connection.app.id, &connection.id)));
    }
    Ok(row)
}

/// A user as text.
pub(crate) fn write_user(user: &User) -> Result<String, Error> {
    let workspaces = user.workspaces.iter();
    let workspaces = workspaces.map(|it| (it.id.as_str().to_owned(), it.role.clone()));
    let (id, info) = (user.id.clone(), user.info.clone());
    Ok(serde_json::to_string(&Kept { id, info, workspaces: workspaces.collect() })?)
}

/// How many connections its user may have, if that is limited: as it was when the connection was opened.
pub(crate) fn most_of_user(row: &Item) -> Option<u32> {
    row.get("p")?.as_n().ok()?.parse().ok()
}

/// Whom a connection watches.
pub(crate) fn watchlist(row: &Item) -> Vec<UserId> {
    let list = row.get("wl").and_then(|list| list.as_ss().ok());
    list.into_iter().flatten().map(|id| UserId::new(id.as_str())).collect()
}

/// Reads a connection. One whose app is no longer served keeps the id and nothing that the app allowed.
pub(crate) fn read(
    id: &ConnectionId,
    row: &Item,
    apps: &SharedApps,
) -> Result<Option<Connection>, Error> {
    let (Some(app), Some(Ok(socket_id))) =
        (text_of(row, "a"), text_of(row, "o").map(str::parse::<SocketId>))
    else {
        return Ok(None);
    };
    let app = served(&AppId::new(app), apps);
    let user = match text_of(row, "u") {
        Some(kept) => Some(Arc::new(user(serde_json::from_str(kept)?))),
        None => None,
    };
    let from = text_of(row, "f").and_then(|it| it.parse().ok());
    Ok(Some(Connection { id: id.clone(), socket_id, app, user, from }))
}

/// An app as it is now; one that is not served any more may nothing.
pub(crate) fn served(id: &AppId, apps: &SharedApps) -> Arc<App> {
    let off = || Arc::new(App { enabled: false, ..App::new(id.clone(), Vec::new()) });
    apps.load().by_id(id).cloned().unwrap_or_else(off)
}

fn user(kept: Kept) -> User {
    let workspaces = kept.workspaces.into_iter();
    let workspaces = workspaces.map(|(id, role)| Workspace { id: WorkspaceId::new(id), role });
    User { id: kept.id, info: kept.info, workspaces: workspaces.collect() }
}

impl DynamoStore {
    pub(crate) async fn known(&self, id: &ConnectionId) -> Result<Option<Connection>, Error> {
        match self.table.get(keys::connection(id)).await? {
            Some(row) if is_open(&row, self.now_s()) => read(id, &row, &self.apps),
            _ => Ok(None),
        }
    }
}
