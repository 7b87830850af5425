//! Authorized connections: an app may want every connection to sign in, or to join a channel that needs authorization.

use std::time::Duration;

use protocol::{Code, Fault};

use crate::{Connection, Effect, Job};

/// Looks at a new connection again, if its app wants that.
pub fn later(connection: &Connection) -> Option<Effect> {
    let seconds = connection.app.authorize_within_s?;
    let job = Job::Authorize { connection: connection.id.clone() };
    let after = Duration::from_secs(seconds.into());
    connection.user.is_none().then_some(Effect::Later { after, job })
}

/// Ends a connection that did neither.
pub fn close(connection: &Connection) -> Option<Effect> {
    let seconds = connection.app.authorize_within_s?;
    let message = format!(
        "Connection not authorized within {seconds} s: sign in, or subscribe to a private or presence channel"
    );
    let fault = Fault::new(Code::Unauthorized, message);
    Some(Effect::Close { connection: connection.id.clone(), fault })
}
