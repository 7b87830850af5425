//! Why a verb stopped, and the one place where that becomes frames.

use channels::{Connection, Effect, sign_in, subscribe::Refused, usage::Over};
use protocol::{Code, Fault, ServerFrame};

/// Why a frame came to nothing.
#[derive(Debug)]
pub(crate) enum Error {
    /// Refused, and fit to be shown.
    Fault(Fault),
    /// A subscription refused, and fit to be shown.
    Refused(Refused),
    /// Nobody was signed in; fit to be shown.
    SignIn(sign_in::Refused),
    /// More than the rate allows; with the channel that a subscription named.
    Over(Over, String),
    /// The store did not answer: for the log.
    Store(store::Error),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<sign_in::Refused> for Error {
    fn from(refused: sign_in::Refused) -> Self {
        Self::SignIn(refused)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Error {
    /// Whether a signature was wrong or missing.
    pub(crate) fn is_authorization(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.code == Some(Code::Unauthorized),
            Self::Refused(refused) => refused.is_authorization(),
            Self::SignIn(sign_in::Refused::Close(fault)) => fault.code == Some(Code::Unauthorized),
            Self::SignIn(sign_in::Refused::Note(_)) => false,
            Self::Over(..) | Self::Store(_) => false,
        }
    }

    /// What the client is told.
    pub(crate) fn effects(&self, connection: &Connection) -> Vec<Effect> {
        let note = |fault: &Fault| {
            let frame = ServerFrame::Error(fault).encode();
            vec![Effect::Send { to: connection.id.clone(), frame }]
        };
        match self {
            Self::Fault(fault) => note(fault),
            Self::Refused(refused) => refused.effects(connection),
            Self::SignIn(sign_in::Refused::Note(fault)) => note(fault),
            Self::SignIn(sign_in::Refused::Close(fault)) => {
                vec![Effect::Close { connection: connection.id.clone(), fault: fault.clone() }]
            }
            Self::Over(over, channel) => over.effects(connection, channel),
            Self::Store(error) => {
                tracing::error!(connection = %connection.id, %error, "a frame was not handled");
                note(&Fault::note("The server could not do this now: please try again"))
            }
        }
    }
}
