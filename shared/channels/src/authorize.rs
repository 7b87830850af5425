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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;

    use super::*;
    use crate::App;
    use crate::testing::{app, connection, user};

    #[test]
    fn only_where_the_app_wants_it_and_nobody_is_known() {
        let on = Arc::new(App { authorize_within_s: Some(30), ..app() });
        let c1 = Connection { app: on, ..connection("c1") };
        expect![[r#"
            (
                Some(
                    in 30s: Authorize { connection: ConnectionId("c1") },
                ),
                Some(
                    close c1: Some(4009) Connection not authorized within 30 s: sign in, or subscribe to a private or presence channel,
                ),
            )
        "#]].assert_debug_eq(&(later(&c1), close(&c1)));
        assert_eq!(later(&Connection { user: Some(user("7")), ..c1 }), None);
        assert_eq!((later(&connection("c1")), close(&connection("c1"))), (None, None));
    }
}
