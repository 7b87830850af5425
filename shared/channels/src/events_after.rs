//! What did a client miss?

use protocol::{ChannelName, Serial};

use crate::App;
use crate::publish::Refusal;
use crate::recorded::depth;

/// A question for a channel's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsAfter {
    /// The channel.
    pub channel: ChannelName,
    /// The last event seen; 0 for none.
    pub after: Serial,
}

/// Checks the name, the serial, and that the channel has a history.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(app: &App, channel: &str, after: Option<&str>) -> Result<EventsAfter, Refusal> {
    let channel = ChannelName::parse(channel).map_err(|e| Refusal::Bad(e.to_string()))?;
    if depth(app, &channel).is_none() {
        return Err(Refusal::Bad(format!(
            "{channel} has no history: add a rule for its prefix to the app's 'history'"
        )));
    }
    let after = after.unwrap_or("0").parse().map_err(|_| {
        Refusal::Bad("after: expected the serial of the last event seen, or 0".into())
    })?;
    Ok(EventsAfter { channel, after: Serial::new(after) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HistoryRule;
    use crate::testing::app;

    #[test]
    fn only_channels_with_a_history_answer() {
        let rule = HistoryRule { prefix: "private-log-".into(), count: 10, age_s: 60 };
        let app = App { history: vec![rule], ..app() };
        let ask = |channel: &str, after| check(&app, channel, after).map(|it| it.after.number());
        assert_eq!(ask("private-log-a", None), Ok(0));
        assert_eq!(ask("private-log-a", Some("12")), Ok(12));
        for (channel, after) in [
            ("private-log-a", Some("-1")),
            ("private-log-a", Some("x")),
            ("private-log-a", Some("")),
            ("my-private-log-a", Some("0")),
            ("a b", Some("0")),
        ] {
            assert!(matches!(ask(channel, after), Err(Refusal::Bad(_))), "{channel} {after:?}");
        }
    }
}
