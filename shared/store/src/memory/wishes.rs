//! What one connection is subscribed to and what it left lately, each with the moment when the client asked for that.

use channels::Asked;
use indexmap::IndexMap;
use protocol::ChannelName;

use crate::REORDERED_WITHIN_MS;

#[derive(Default)]
pub(super) struct Wishes {
    on: IndexMap<ChannelName, Asked>,
    /// Left, and for how long an earlier wish to join could still arrive. Old ones go when new ones come.
    left: Vec<(ChannelName, Asked)>,
}

/// What a wish meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// The channel, subscribed.
    On,
    /// The channel, not subscribed.
    Off,
    /// A wish that was asked for later.
    Later,
}

impl Wishes {
    pub(super) fn count(&self) -> usize {
        self.on.len()
    }

    pub(super) fn channels(&self) -> impl Iterator<Item = &ChannelName> {
        self.on.keys()
    }

    pub(super) fn into_channels(self) -> Vec<ChannelName> {
        self.on.into_keys().collect()
    }

    pub(super) fn is_on(&self, channel: &ChannelName) -> bool {
        self.on.contains_key(channel)
    }

    /// What a wish to join meets; a subscription learns that it was wanted later.
    pub(super) fn meet_join(&mut self, channel: &ChannelName, asked: Asked) -> Met {
        if let Some(before) = self.on.get_mut(channel) {
            *before = asked.max(*before);
            return Met::On;
        }
        let later = self.left.iter().any(|(it, left)| it == channel && *left > asked);
        if later { Met::Later } else { Met::Off }
    }

    pub(super) fn join(&mut self, channel: ChannelName, asked: Asked) {
        self.on.insert(channel, asked);
    }

    /// Ends a subscription, and holds back wishes to join from before.
    pub(super) fn leave(&mut self, channel: &ChannelName, asked: Asked) -> Met {
        if self.on.get(channel).is_some_and(|before| *before > asked) {
            return Met::Later;
        }
        let was_on = self.on.swap_remove(channel).is_some();
        let mut last = asked;
        self.left.retain(|(it, left)| {
            if it == channel {
                last = last.max(*left);
            }
            it != channel && left.ms().saturating_add(REORDERED_WITHIN_MS) > asked.ms()
        });
        self.left.push((channel.clone(), last));
        if was_on { Met::On } else { Met::Off }
    }
}
