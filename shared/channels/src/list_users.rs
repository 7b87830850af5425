//! Which users are on a presence channel?

use protocol::ChannelName;

use crate::publish::Refusal;

/// Checks that the channel may have users.
///
/// # Errors
/// When the name is none, or of a channel without a roster (Pusher's HTTP API reference, "GET users").
pub fn check(channel: &str) -> Result<ChannelName, Refusal> {
    let channel = ChannelName::parse(channel).map_err(|e| Refusal::Bad(e.to_string()))?;
    if channel.is_presence() {
        return Ok(channel);
    }
    Err(Refusal::Bad("Only presence channels have users: their names begin with presence-".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_presence_channels_have_users() {
        assert!(check("presence-team").is_ok());
        for name in ["team", "private-team", "mypresence-team", "presence team", ""] {
            assert!(matches!(check(name), Err(Refusal::Bad(_))), "{name}");
        }
    }
}
