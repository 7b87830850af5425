//! How many subscribe: told to the subscribers of apps that want it, on every change up to a
//! hundred and now and then above.

use std::time::Duration;

use protocol::limits::{COUNT_INTERVAL_S, COUNTS_TOLD_AT_ONCE};
use protocol::{ChannelName, ServerFrame};

use crate::{App, Effect, Hook, Job};

/// When a changed number is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Not at all.
    Never,
    /// With the change.
    Now,
    /// Soon, together with the changes until then.
    Later,
}

/// Presence channels have their roster instead (docs, subscription counting).
pub fn when(app: &App, channel: &ChannelName, subscriptions: usize) -> Telling {
    if !app.subscription_counts || channel.is_presence() {
        Telling::Never
    } else if subscriptions > COUNTS_TOLD_AT_ONCE {
        Telling::Later
    } else {
        Telling::Now
    }
}

/// Tells the number.
pub fn tell(app: &App, channel: &ChannelName, subscription_count: usize) -> Vec<Effect> {
    let mut effects = vec![Effect::Broadcast {
        app: app.id.clone(),
        channel: channel.clone(),
        frame: ServerFrame::SubscriptionCount(channel, subscription_count).encode(),
        except: None,
    }];
    if app.hooks {
        let hook = Hook::SubscriptionCount { channel: channel.clone(), subscription_count };
        effects.push(Effect::Hook { app: app.id.clone(), hook });
    }
    effects
}

/// Tells the number then, whatever it is.
pub fn later(app: &App, channel: &ChannelName) -> Effect {
    Effect::Later {
        after: Duration::from_secs(COUNT_INTERVAL_S),
        job: Job::TellCount { app: app.id.clone(), channel: channel.clone() },
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::testing::{app, channel};

    #[test]
    fn on_request_and_more_rarely_on_large_channels() {
        let on = App { subscription_counts: true, ..app() };
        for (app, name, subscriptions, expected) in [
            (&app(), "news", 1, Telling::Never),
            (&on, "news", 0, Telling::Now),
            (&on, "news", 100, Telling::Now),
            (&on, "news", 101, Telling::Later),
            (&on, "private-a", 7, Telling::Now),
            (&on, "presence-a", 7, Telling::Never),
            (&on, "presence-cache-a", 7, Telling::Never),
        ] {
            assert_eq!(
                when(app, &channel(name), subscriptions),
                expected,
                "{name} {subscriptions}"
            );
        }
    }

    #[test]
    fn subscribers_and_the_applications_server_are_told() {
        let hooked = App { hooks: true, ..app() };
        expect![[r#"
            [
                broadcast 1001/news: {"event":"pusher_internal:subscription_count","channel":"news","data":"{\"subscription_count\":12}"},
                hook 1001: SubscriptionCount { channel: "news", subscription_count: 12 },
            ]
        "#]]
        .assert_debug_eq(&tell(&hooked, &channel("news"), 12));
        assert_eq!(tell(&app(), &channel("news"), 12).len(), 1);
    }
}
