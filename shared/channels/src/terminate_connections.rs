//! End the connections of a user. Connections that merely show the user on a presence channel stay
//! (docs, terminating user connections).

use protocol::{Code, ConnectionId, Fault};

use crate::Effect;

/// Closes these with 4009, after which Pusher's clients do not come back.
pub fn close(connections: Vec<ConnectionId>) -> Vec<Effect> {
    let fault = || Fault::new(Code::Unauthorized, "Terminated by the application");
    connections.into_iter().map(|connection| Effect::Close { connection, fault: fault() }).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn each_is_told_why() {
        expect![[r#"
            [
                close c1: Some(4009) Terminated by the application,
                close c2: Some(4009) Terminated by the application,
            ]
        "#]]
        .assert_debug_eq(&close(["c1", "c2"].map(ConnectionId::new).to_vec()));
    }
}
