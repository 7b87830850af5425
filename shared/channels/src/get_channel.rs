//! How does one channel stand?

use protocol::ChannelName;

use crate::Info;
use crate::publish::Refusal;

/// A question about one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChannel {
    /// The channel.
    pub channel: ChannelName,
    /// Counts wanted.
    pub info: Info,
    /// Whether its last event is wanted. Only cache channels keep one.
    pub cache: bool,
}

/// Reads the name and `info`, which may ask for `cache` besides counts (Pusher's HTTP API reference, "GET channel").
///
/// # Errors
/// When the name is none, or `info` is not understood.
pub fn check(channel: &str, info: Option<&str>) -> Result<GetChannel, Refusal> {
    let channel = ChannelName::parse(channel).map_err(|e| Refusal::Bad(e.to_string()))?;
    let names = info.unwrap_or_default().split(',').map(str::trim);
    let (cache, counts): (Vec<_>, Vec<_>) = names.partition(|name| *name == "cache");
    let info = Info::parse(&counts.join(",")).map_err(|_| {
        Refusal::Bad("info: expected user_count, subscription_count or cache".into())
    })?;
    Ok(GetChannel { cache: !cache.is_empty() && channel.is_cached(), channel, info })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_read_and_what_a_channel_cannot_have_is_left_out() {
        let both = Info { user_count: true, subscription_count: true };
        for (channel, info, expected) in [
            ("cache-a", "cache", (Info::default(), true)),
            ("cache-a", " cache ,user_count,subscription_count", (both, true)),
            ("a", "cache", (Info::default(), false)),
            ("mycache-a", "cache", (Info::default(), false)),
            ("a", "user_count,subscription_count", (both, false)),
            ("a", "", (Info::default(), false)),
        ] {
            let got = check(channel, Some(info)).map(|it| (it.info, it.cache));
            assert_eq!(got, Ok(expected), "{channel} {info}");
        }
        for (channel, info) in [("a", "nonsense"), ("a b", ""), ("a", "cached")] {
            assert!(matches!(check(channel, Some(info)), Err(Refusal::Bad(_))), "{channel} {info}");
        }
    }
}
