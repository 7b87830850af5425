//! One message from a client.

use std::net::IpAddr;

use channels::connect::disabled;
use channels::usage::Act;
use channels::{Asked, Connection, Effect};
use identity::Facts;
use protocol::{ClientFrame, ConnectionId, Fault, ServerFrame};
use store::Store;

use crate::error::Error;
use crate::{Outbox, Service};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It was done, or refused for a reason that its sender was told.
    Done,
    /// It was refused because a signature in it was wrong: somebody at this address may be guessing.
    NotAuthorized(Option<IpAddr>),
}

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Handles one text message. Whatever is wrong with it is told to its sender, and to nobody else.
    /// `asked`: when the transport got it. `now_ms`: milliseconds since the Unix epoch.
    pub async fn message(
        &self,
        id: &ConnectionId,
        text: &str,
        asked: Asked,
        now_ms: u64,
    ) -> Handled {
        let Some(connection) = self.known(id).await else { return Handled::Done };
        if !connection.app.enabled {
            // It came in while the app was being switched off.
            self.outbox.close(id, &disabled()).await;
            return Handled::Done;
        }
        let handled = match self.read(&connection, text, now_ms).await {
            Ok(frame) => self.handle(&connection, frame, asked, now_ms).await,
            Err(error) => Err(error),
        };
        let Err(error) = handled else { return Handled::Done };
        self.run_and_bury(error.effects(&connection)).await;
        if error.is_authorization() {
            Handled::NotAuthorized(connection.from)
        } else {
            Handled::Done
        }
    }

    /// Tells a client that it sent something that is no message.
    pub async fn refuse(&self, id: &ConnectionId, fault: &Fault) {
        let frame = ServerFrame::Error(fault).encode();
        self.run_and_bury(vec![Effect::Send { to: id.clone(), frame }]).await;
    }

    /// Counts a message, reads it, and counts what it is.
    async fn read(&self, by: &Connection, text: &str, now_ms: u64) -> Result<ClientFrame, Error> {
        let over = |channel: &str| {
            let channel = channel.to_owned();
            |over| Error::Over(over, channel)
        };
        self.count_act(by, Act::Command, now_ms).await.map_err(over(""))?;
        let frame = ClientFrame::parse(text)?;
        let (act, channel) = match &frame {
            ClientFrame::Subscribe(ask) => (Act::Subscribe, &ask.channel),
            ClientFrame::Event(event) => (Act::ClientEvent, &event.channel),
            _ => return Ok(frame),
        };
        self.count_act(by, act, now_ms).await.map_err(over(channel))?;
        Ok(frame)
    }

    async fn handle(
        &self,
        connection: &Connection,
        frame: ClientFrame,
        asked: Asked,
        now_ms: u64,
    ) -> Result<(), Error> {
        match frame {
            ClientFrame::Ping => {
                let frame = ServerFrame::Pong.encode();
                self.run_and_bury(vec![Effect::Send { to: connection.id.clone(), frame }]).await;
                Ok(())
            }
            ClientFrame::Pong => Ok(()),
            ClientFrame::Subscribe(ask) => self.subscribe(connection, &ask, asked, now_ms).await,
            ClientFrame::Unsubscribe(channel) => {
                self.unsubscribe(connection, &channel, asked).await
            }
            ClientFrame::SignIn(ask) => self.sign_in(connection, &ask, now_ms).await,
            ClientFrame::Event(event) => self.client_event(connection, event, now_ms).await,
        }
    }
}
