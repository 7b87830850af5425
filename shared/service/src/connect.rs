//! Connect: admit, remember; then greet, as soon as the transport can carry a frame.

use std::net::IpAddr;
use std::sync::Arc;

use channels::{Asked, Connection, authorize, connect, sign_in};
use identity::{Facts, User};
use protocol::{Code, ConnectionId, Fault, SocketId};
use store::{Opened, Store};

use crate::error::Error;
use crate::{Outbox, Service};

/// A client at the door.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The transport's name for the connection.
    pub id: ConnectionId,
    /// The protocol's name for it, freshly drawn.
    pub socket_id: SocketId,
    /// The app's key, from the path.
    pub key: &'a str,
    /// The `protocol` parameter, as written.
    pub protocol: Option<&'a str>,
    /// The origin of the page that it runs in, if it is a page, and of another host than ours.
    pub origin: Option<&'a str>,
    /// The client's address, if the transport knows it.
    pub from: Option<IpAddr>,
    /// Milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Who it says it is.
    pub credential: Credential,
}

/// What a client brought along, already verified.
#[derive(Debug)]
pub enum Credential {
    /// No token: a Pusher client.
    None,
    /// A valid token.
    User(Arc<User>),
    /// A token that is not valid, and why.
    Invalid(String),
}

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Admits and remembers a connection. Nothing is sent to it yet.
    ///
    /// # Errors
    /// What to send as its first frame, before closing with the fault's code.
    pub async fn connect(&self, arrival: Arrival<'_>) -> Result<(), Fault> {
        let ask =
            connect::Ask { key: arrival.key, protocol: arrival.protocol, origin: arrival.origin };
        let app = connect::admit(&self.apps.load(), ask)?;
        let user = match arrival.credential {
            Credential::None => None,
            Credential::User(user) => Some(user),
            Credential::Invalid(why) => return Err(Fault::new(Code::Unauthorized, why)),
        };
        let Arrival { id, socket_id, from, now_ms, .. } = arrival;
        let app_id = app.id.clone();
        match self.store.open(Connection { id, socket_id, app, user, from }).await {
            Ok(Opened::Yes) => Ok(()),
            Ok(Opened::OverQuota) => {
                self.usage.over_connections(&app_id, None, now_ms);
                Err(connect::over_quota())
            }
            Err(error) => {
                tracing::error!(%error, "a connection was not admitted");
                Err(Fault::new(Code::OverCapacity, "The server cannot take connections now"))
            }
        }
    }

    /// Sends the first frame; a connection with a token is signed in and joined to its user's own channel.
    /// `now_ms`: milliseconds since the Unix epoch.
    pub async fn greet(&self, id: &ConnectionId, now_ms: u64) {
        let Some(connection) = self.known(id).await else { return };
        let hello = [connect::greet(&connection)].into_iter().chain(authorize::later(&connection));
        self.run_and_bury(hello.collect()).await;
        if let Err(error) = self.settle_in(&connection, now_ms).await {
            self.run_and_bury(error.effects(&connection)).await;
        }
    }

    async fn settle_in(&self, connection: &Connection, now_ms: u64) -> Result<(), Error> {
        if let Some(sign_in) = sign_in::of_token(connection) {
            self.sign_in_as(connection, &sign_in, Vec::new(), now_ms).await?;
        }
        if let Some(join) = connect::own_channel(connection) {
            self.join(connection, &join, Asked::FIRST, now_ms).await?;
        }
        Ok(())
    }

    /// What is remembered of a connection, with its app as it is now: a key that was added meanwhile is good.
    /// A store that does not answer knows nobody.
    pub(crate) async fn known(&self, id: &ConnectionId) -> Option<Arc<Connection>> {
        let known = self.store.connection(id).await.unwrap_or_else(|error| {
            tracing::error!(connection = %id, %error, "a connection could not be looked up");
            None
        })?;
        Some(self.current(known))
    }

    /// A connection with its app as it is now.
    pub(crate) fn current(&self, known: Arc<Connection>) -> Arc<Connection> {
        match self.apps.changed(&known.app) {
            Some(app) => Arc::new(Connection { app, ..(*known).clone() }),
            None => known,
        }
    }
}
