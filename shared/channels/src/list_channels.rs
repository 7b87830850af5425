//! Which channels are occupied?

use crate::Info;
use crate::publish::Refusal;

/// A question about an app's occupied channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChannels {
    /// How their names begin; empty for all.
    pub prefix: String,
    /// Counts wanted for each.
    pub info: Info,
}

/// Reads `filter_by_prefix` and `info`.
///
/// # Errors
/// When `info` is not understood, or counts users where channels without users may be among the answers
/// (Pusher's HTTP API reference, "GET channels").
pub fn check(prefix: Option<&str>, info: Option<&str>) -> Result<ListChannels, Refusal> {
    let prefix = prefix.unwrap_or_default().to_owned();
    let info = Info::parse(info.unwrap_or_default())?;
    if info.user_count && !prefix.starts_with("presence-") {
        return Err(Refusal::Bad(
            "user_count is known of presence channels only: add filter_by_prefix=presence-".into(),
        ));
    }
    Ok(ListChannels { prefix, info })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_counted_on_presence_channels_only() {
        let check = |prefix: &str, info: &str| check(Some(prefix), Some(info)).is_ok();
        for (prefix, info, good) in [
            ("", "", true),
            ("", "subscription_count", true),
            ("presence-", "user_count", true),
            ("presence-team", "user_count,subscription_count", true),
            ("", "user_count", false),
            ("presence", "user_count", false),
            ("private-", "user_count,subscription_count", false),
            ("", "nonsense", false),
        ] {
            assert_eq!(check(prefix, info), good, "{prefix} {info}");
        }
        assert_eq!(super::check(None, None).map(|it| it.prefix), Ok(String::new()));
    }
}
