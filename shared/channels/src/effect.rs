//! What a verb wants done, as data. Nobody answers an effect, so a shell may run, defer or split it.

use std::fmt;
use std::time::Duration;

use protocol::{AppId, ChannelName, ConnectionId, Fault, Frame, SocketId};

use crate::{Hook, Job};

/// One thing to do after the store changed.
#[derive(PartialEq, Eq)]
pub enum Effect {
    /// Post a frame to one connection.
    Send {
        /// The receiver.
        to: ConnectionId,
        /// The message.
        frame: Frame,
    },
    /// Post a frame to every subscriber of a channel.
    Broadcast {
        /// The channel's app.
        app: AppId,
        /// The channel.
        channel: ChannelName,
        /// The message.
        frame: Frame,
        /// Who is left out.
        except: Option<SocketId>,
    },
    /// Tell a connection why, and end it.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Why; its code is the close code.
        fault: Fault,
    },
    /// Tell the application's server.
    Hook {
        /// The app.
        app: AppId,
        /// What happened.
        hook: Hook,
    },
    /// Look at something again.
    Later {
        /// When, from now.
        after: Duration,
        /// At what.
        job: Job,
    },
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { to, frame } => write!(f, "send {to}: {frame:?}"),
            Self::Broadcast { app, channel, frame, except } => {
                write!(f, "broadcast {app}/{channel}")?;
                if let Some(socket) = except {
                    write!(f, " except {socket}")?;
                }
                write!(f, ": {frame:?}")
            }
            Self::Close { connection, fault } => {
                let code = fault.code.map(|code| code.number());
                write!(f, "close {connection}: {code:?} {}", fault.message)
            }
            Self::Hook { app, hook } => write!(f, "hook {app}: {hook:?}"),
            Self::Later { after, job } => write!(f, "in {after:?}: {job:?}"),
        }
    }
}
