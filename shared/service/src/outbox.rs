//! The way out: a port to the transport that holds the connections.

use std::future::Future;
use std::time::Duration;

use channels::{Hook, Job, Publish};
use protocol::{AppId, ConnectionId, Fault, Frame};

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

    /// Tells a connection why it ends, and closes it with the fault's code. One that is gone needs nothing.
    fn close(&self, to: &ConnectionId, fault: &Fault) -> impl Future<Output = ()> + Send;

    /// Takes an event for the application's server; it is on its way when this returns.
    fn hook(&self, app: &AppId, hook: Hook) -> impl Future<Output = ()> + Send;

    /// Keeps a job until it is due, and then hands it to [`Service::look_again`](crate::Service::look_again).
    fn later(&self, after: Duration, job: Job) -> impl Future<Output = ()> + Send;

    /// Takes a copy of an event that was published, for hosts that hand events on elsewhere. Most do not.
    fn hand_on(&self, app: &AppId, publish: &Publish) -> impl Future<Output = ()> + Send {
        let _ = (app, publish);
        std::future::ready(())
    }
}
