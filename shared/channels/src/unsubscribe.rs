//! Unsubscribe and everything else that ends a subscription.

use protocol::{ChannelName, ConnectionId, Fault, ServerFrame, UserId};

use crate::{App, Effect};

/// What the store made of a leave.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// The subscription ended.
    Gone(Departed),
    /// There was none; nothing changed.
    NotSubscribed,
}

/// What ended with a subscription.
#[derive(Debug, PartialEq, Eq)]
pub struct Departed {
    /// The user whose last connection on this presence channel it was.
    pub user: Option<UserId>,
    /// It was the channel's last subscription.
    pub vacated: bool,
}

/// Tells the others, if a member is gone.
pub fn farewell(
    app: &App,
    leaver: &ConnectionId,
    channel: &ChannelName,
    departed: &Departed,
) -> Vec<Effect> {
    let Some(user) = &departed.user else { return Vec::new() };
    vec![Effect::Broadcast {
        app: app.id.clone(),
        channel: channel.clone(),
        frame: ServerFrame::MemberRemoved(channel, user).encode(),
        except: Some(leaver.clone()),
    }]
}

/// The refusal of an unsubscribe without a subscription, in Pusher's words.
pub fn not_subscribed(channel: &str) -> Fault {
    Fault::note(format!(
        "No current subscription to channel {channel}, or subscription in progress"
    ))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::testing::{app, channel, connection};

    #[test]
    fn only_a_members_last_connection_is_told() {
        let (app, c1, channel) = (app(), connection("c1"), channel("presence-a"));
        let quiet = Departed { user: None, vacated: true };
        assert_eq!(farewell(&app, &c1.id, &channel, &quiet), Vec::new());
        let loud = Departed { user: Some(UserId::new("7")), vacated: false };
        expect![[
            r#"[broadcast 1001/presence-a except c1: {"event":"pusher_internal:member_removed","channel":"presence-a","data":"{\"user_id\":\"7\"}"}]"#
        ]]
        .assert_eq(&format!("{:?}", farewell(&app, &c1.id, &channel, &loud)));
    }
}
