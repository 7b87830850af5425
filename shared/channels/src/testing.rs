//! What the tests of this crate share.

use std::sync::Arc;

use auth::{KeyPair, Secret};
use identity::User;
use protocol::{AppId, AppKey, ChannelName, ConnectionId, SocketId, UserId};

use crate::{App, Connection};

pub(crate) fn app() -> App {
    let keys = vec![KeyPair { key: AppKey::new("pb-key"), secret: Secret::new("pb-secret") }];
    App { client_events: true, ..App::new(AppId::new("1001"), keys) }
}

pub(crate) fn connection(id: &str) -> Connection {
    Connection {
        id: ConnectionId::new(id),
        socket_id: SocketId::from_random(1234, 5678),
        app: Arc::new(app()),
        user: None,
        from: None,
    }
}

pub(crate) fn user(id: &str) -> Arc<User> {
    let info = Some(serde_json::json!({ "name": "Ada" }));
    Arc::new(User { id: UserId::new(id), info, workspaces: Vec::new() })
}

pub(crate) fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).expect("a valid name")
}
