//! Unsubscribe and everything else that ends a subscription.

use protocol::{ChannelName, ConnectionId, Fault, ServerFrame, UserId};
use serde::{Deserialize, Serialize};

use crate::{App, CONFIRM_LEAVE, Effect, Hook, Job};

/// How a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The client says so: who is gone is gone.
    Clean,
    /// With its connection: who is back in time was never gone.
    Lost,
}

/// What the store made of a leave.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// The subscription ended.
    Gone(Departed),
    /// There was none; nothing changed.
    NotSubscribed,
    /// The client has asked to join since; nothing changed.
    Overtaken,
}

/// What ended with a subscription, or is about to when it was lost.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Departed {
    /// The user whose last connection on this presence channel it was.
    pub user: Option<UserId>,
    /// It was the channel's last subscription.
    pub vacated: bool,
    /// How many subscriptions there are now.
    pub subscriptions: usize,
}

/// Somebody who may come back, named by the connection that was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// The connection.
    pub connection: ConnectionId,
    /// The member whose last connection it was.
    pub user: Option<UserId>,
}

/// How the subscriptions of a closed connection end: nobody waits for whom nobody would miss.
pub fn leaving(app: &App, channel: &ChannelName) -> Leaving {
    if app.hooks || channel.is_presence() { Leaving::Lost } else { Leaving::Clean }
}

/// Tells the others now what is certain now, and looks again for the rest.
pub fn farewell(
    app: &App,
    leaver: &ConnectionId,
    channel: &ChannelName,
    departed: &Departed,
    leaving: Leaving,
) -> Vec<Effect> {
    match leaving {
        Leaving::Clean => gone(app, channel, departed),
        Leaving::Lost if departed.user.is_none() && !departed.vacated => Vec::new(),
        Leaving::Lost => {
            let absence = Absence { connection: leaver.clone(), user: departed.user.clone() };
            let (app, channel) = (app.id.clone(), channel.clone());
            let job = Job::ConfirmLeave { app, channel, absence };
            vec![Effect::Later { after: CONFIRM_LEAVE, job }]
        }
    }
}

/// Tells that a member is gone, and that a channel is empty.
pub fn gone(app: &App, channel: &ChannelName, departed: &Departed) -> Vec<Effect> {
    let mut effects = Vec::new();
    let hook = |hook| Effect::Hook { app: app.id.clone(), hook };
    if let Some(user) = &departed.user {
        effects.push(Effect::Broadcast {
            app: app.id.clone(),
            channel: channel.clone(),
            frame: ServerFrame::MemberRemoved(channel, user).encode(),
            except: None,
        });
        if app.hooks {
            let (channel, user_id) = (channel.clone(), user.clone());
            effects.push(hook(Hook::MemberRemoved { channel, user_id }));
        }
    }
    if departed.vacated && app.hooks {
        effects.push(hook(Hook::ChannelVacated { channel: channel.clone() }));
    }
    effects
}

/// The refusal of an unsubscribe without a subscription, in Pusher's words.
pub fn not_subscribed(channel: &str) -> Fault {
    Fault::note(format!(
        "No current subscription to channel {channel}, or subscription in progress"
    ))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::{app, channel, connection};

    fn check(hooks: bool, user: Option<&str>, vacated: bool, leaving: Leaving, expected: Expect) {
        let app = App { hooks, ..app() };
        let departed = Departed { user: user.map(UserId::new), vacated, subscriptions: 0 };
        let (c1, channel) = (connection("c1"), channel("presence-a"));
        expected.assert_debug_eq(&farewell(&app, &c1.id, &channel, &departed, leaving));
    }

    #[test]
    fn a_clean_leave_is_told_at_once() {
        check(
            false,
            None,
            true,
            Leaving::Clean,
            expect![[r#"
            []
        "#]],
        );
        check(
            false,
            Some("7"),
            false,
            Leaving::Clean,
            expect![[r#"
            [
                broadcast 1001/presence-a: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"7\"}"},
            ]
        "#]],
        );
        check(
            true,
            Some("7"),
            true,
            Leaving::Clean,
            expect![[r#"
            [
                broadcast 1001/presence-a: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"7\"}"},
                hook 1001: MemberRemoved { channel: "presence-a", user_id: UserId("7") },
                hook 1001: ChannelVacated { channel: "presence-a" },
            ]
        "#]],
        );
    }

    #[test]
    fn a_lost_connection_is_waited_for() {
        check(
            true,
            None,
            false,
            Leaving::Lost,
            expect![[r#"
            []
        "#]],
        );
        check(
            true,
            Some("7"),
            true,
            Leaving::Lost,
            expect![[r#"
            [
                in 3s: ConfirmLeave { app: AppId("1001"), channel: "presence-a", absence: Absence { connection: ConnectionId("c1"), user: Some(UserId("7")) } },
            ]
        "#]],
        );
        check(
            true,
            None,
            true,
            Leaving::Lost,
            expect![[r#"
            [
                in 3s: ConfirmLeave { app: AppId("1001"), channel: "presence-a", absence: Absence { connection: ConnectionId("c1"), user: None } },
            ]
        "#]],
        );
    }

    #[test]
    fn nobody_waits_for_whom_nobody_would_miss() {
        let hooked = App { hooks: true, ..app() };
        assert_eq!(leaving(&app(), &channel("news")), Leaving::Clean);
        assert_eq!(leaving(&app(), &channel("presence-a")), Leaving::Lost);
        assert_eq!(leaving(&hooked, &channel("news")), Leaving::Lost);
    }
}
