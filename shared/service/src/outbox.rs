//! The way out: a port to the transport that holds the connections.

use std::future::Future;

use protocol::{ConnectionId, Frame};

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The transport took it.
    Sent,
    /// That connection is over. An answer, never an error.
    Gone,
}

/// Posts frames to connections. It keeps the order of frames to one connection.
pub trait Outbox: Send + Sync + 'static {
    /// Posts a frame to one connection.
    fn send(&self, to: &ConnectionId, frame: &Frame) -> impl Future<Output = Delivery> + Send;

    /// Posts one frame to many connections but `except`; answers which of them are gone.
    fn broadcast(
        &self,
        to: &[ConnectionId],
        except: Option<&ConnectionId>,
        frame: &Frame,
    ) -> impl Future<Output = Vec<ConnectionId>> + Send;
}
