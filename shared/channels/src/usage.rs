//! How much clients may do: rates of a user and of a whole app, and what is said beyond them.

use protocol::{Code, Fault, ServerFrame};
use throttle::Rate;

use crate::subscribe::Refused;
use crate::{App, Connection, Effect};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Any message of a client.
    Command,
    /// A subscription asked for.
    Subscribe,
    /// A client event.
    ClientEvent,
    /// A signed request of the app's server.
    Request,
}

impl Act {
    /// Its name in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command => "commands",
            Self::Subscribe => "subscribes",
            Self::ClientEvent => "client_events",
            Self::Request => "requests",
        }
    }
}

/// Whose rate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// One user's, over all their connections; one connection's if nobody has signed in on it.
    User,
    /// The whole app's.
    App,
}

impl Whose {
    /// Its name in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::App => "app",
        }
    }
}

/// Rates; what is not set is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Messages of clients.
    pub commands: Option<Rate>,
    /// Subscriptions asked for.
    pub subscribes: Option<Rate>,
    /// Client events.
    pub client_events: Option<Rate>,
    /// Signed requests.
    pub requests: Option<Rate>,
}

impl Rates {
    fn of(&self, act: Act) -> Option<Rate> {
        match act {
            Act::Command => self.commands,
            Act::Subscribe => self.subscribes,
            Act::ClientEvent => self.client_events,
            Act::Request => self.requests,
        }
    }
}

/// The rate that an app sets for an act, if it sets one.
pub fn rate(app: &App, whose: Whose, act: Act) -> Option<Rate> {
    match whose {
        Whose::User => app.limits.per_user.of(act),
        Whose::App => app.limits.per_app.of(act),
    }
}

/// An act beyond a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// What was done.
    pub act: Act,
    /// Whose rate it was.
    pub whose: Whose,
    /// The rate.
    pub rate: Rate,
    /// Whether refusals have been ignored for so long that the connection ends.
    pub abuse: bool,
}

impl Over {
    /// The sentence for whoever reads the client's log or the SDK's error.
    pub fn message(&self) -> String {
        let most = self.rate.count();
        let whose = self.whose.as_str();
        match self.act {
            Act::Command => format!("Message dropped: at most {most} per second and {whose}"),
            Act::Subscribe => {
                format!("Subscription refused: at most {most} per second and {whose}; try again")
            }
            Act::ClientEvent => {
                format!("Client event dropped: at most {most} per second and {whose} are allowed")
            }
            Act::Request => format!(
                "Over quota: this app may make {most} requests per second; send fewer, or batches"
            ),
        }
    }

    /// What the client is told; `channel` is the one that a subscription named.
    pub fn effects(&self, connection: &Connection, channel: &str) -> Vec<Effect> {
        if self.abuse {
            let message = "Closed: too many messages were refused within a minute";
            let fault = Fault::new(Code::ClientEventRate, message);
            return vec![Effect::Close { connection: connection.id.clone(), fault }];
        }
        let fault = match self.act {
            Act::Subscribe => return Refused::rate(channel, self.message()).effects(connection),
            Act::ClientEvent => Fault::new(Code::ClientEventRate, self.message()),
            Act::Command | Act::Request => Fault::note(self.message()),
        };
        let frame = ServerFrame::Error(&fault).encode();
        vec![Effect::Send { to: connection.id.clone(), frame }]
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::connection;

    fn check(act: Act, abuse: bool, expected: Expect) {
        let rate = Rate::per_second(NonZeroU32::MIN.saturating_add(1));
        let over = Over { act, whose: Whose::User, rate, abuse };
        let effects = over.effects(&connection("c1"), "news");
        let shown: Vec<_> = effects.iter().map(|effect| format!("{effect:?}")).collect();
        expected.assert_eq(&shown.join("\n"));
    }

    #[test]
    fn what_is_said_beyond_a_rate() {
        check(
            Act::Command,
            false,
            expect![[
                r#"send c1: {"event":"pusher:error","data":{"code":null,"message":"Message dropped: at most 2 per second and user"}}"#
            ]],
        );
        check(
            Act::Subscribe,
            false,
            expect![[r#"
                send c1: {"event":"pusher:error","data":{"code":null,"message":"Subscription refused: at most 2 per second and user; try again"}}
                send c1: {"event":"pusher:subscription_error","channel":"news","data":{"type":"LimitReached","error":"Subscription refused: at most 2 per second and user; try again","status":4301}}"#]],
        );
        check(
            Act::ClientEvent,
            false,
            expect![[
                r#"send c1: {"event":"pusher:error","data":{"code":4301,"message":"Client event dropped: at most 2 per second and user are allowed"}}"#
            ]],
        );
        check(
            Act::Command,
            true,
            expect!["close c1: Some(4301) Closed: too many messages were refused within a minute"],
        );
    }
}
