//! One channel: its subscriptions and, on presence channels, its members.

use std::collections::BTreeMap;
use std::sync::Arc;

use channels::{Absence, Counts, Departed, Joined, Leaving, Limits, Presence};
use indexmap::IndexMap;
use protocol::{ConnectionId, Member, Roster, UserId};

#[derive(Default)]
pub(super) struct Channel {
    subscriptions: IndexMap<ConnectionId, Option<UserId>>,
    members: BTreeMap<UserId, Seat>,
    /// Which lost connection emptied the channel, for as long as somebody may come back.
    lost: Option<ConnectionId>,
    /// The number of subscriptions is to be told soon.
    count_held: bool,
    /// The list handed to publishers, made once and kept until somebody comes or goes.
    list: Option<Arc<[ConnectionId]>>,
}

/// A member, and with how many connections.
struct Seat {
    member: Member,
    connections: usize,
    /// Which lost connection was the last one, for as long as the member may come back.
    lost: Option<ConnectionId>,
}

impl Channel {
    pub(super) fn add(
        &mut self,
        id: &ConnectionId,
        member: Option<&Member>,
        limits: &Limits,
    ) -> Joined {
        let full = self.members.len() >= limits.presence_members;
        if member.is_some_and(|m| full && !self.members.contains_key(&m.user_id)) {
            return Joined::Full;
        }
        let occupied = self.subscriptions.is_empty() && self.lost.take().is_none();
        let user = member.map(|m| m.user_id.clone());
        self.subscriptions.insert(id.clone(), user);
        self.list = None;
        let presence = member.map(|member| {
            let first_of_user = self.seat(member);
            Presence { first_of_user, roster: self.roster(member, limits.roster_bytes) }
        });
        Joined::New { occupied, subscriptions: self.subscriptions.len(), presence }
    }

    /// Whether it was the user's first connection. The first announced `user_info` stays,
    /// so that every roster agrees.
    fn seat(&mut self, member: &Member) -> bool {
        let seat = self.members.entry(member.user_id.clone()).or_insert_with(|| Seat {
            member: member.clone(),
            connections: 0,
            lost: None,
        });
        seat.connections += 1;
        seat.connections == 1 && seat.lost.take().is_none()
    }

    /// What ended with this subscription, or may end; `None` if there was none.
    pub(super) fn remove(&mut self, id: &ConnectionId, leaving: Leaving) -> Option<Departed> {
        let user = self.subscriptions.swap_remove(id)?;
        self.list = None;
        let user = user.filter(|user| self.unseat(user, id, leaving));
        let vacated = self.subscriptions.is_empty();
        if vacated && leaving == Leaving::Lost {
            self.lost = Some(id.clone());
        }
        Some(Departed { user, vacated, subscriptions: self.subscriptions.len() })
    }

    /// Whether it was the user's last connection.
    fn unseat(&mut self, user: &UserId, id: &ConnectionId, leaving: Leaving) -> bool {
        let Some(seat) = self.members.get_mut(user) else { return false };
        seat.connections -= 1;
        if seat.connections > 0 {
            return false;
        }
        match leaving {
            Leaving::Clean => drop(self.members.remove(user)),
            Leaving::Lost => seat.lost = Some(id.clone()),
        }
        true
    }

    /// What ended with this absence: nothing that came back, or was lost anew since.
    pub(super) fn confirm(&mut self, absence: &Absence) -> Departed {
        let by = Some(&absence.connection);
        let user = absence
            .user
            .as_ref()
            .filter(|user| self.members.get(*user).is_some_and(|seat| seat.lost.as_ref() == by));
        if let Some(user) = user {
            self.members.remove(user);
        }
        let vacated = self.lost.take_if(|lost| Some(&*lost) == by).is_some();
        Departed { user: user.cloned(), vacated, subscriptions: self.subscriptions.len() }
    }

    /// Whether it was not held before.
    pub(super) fn hold_count(&mut self) -> bool {
        !std::mem::replace(&mut self.count_held, true)
    }

    pub(super) fn release_count(&mut self) -> Option<usize> {
        std::mem::take(&mut self.count_held).then_some(self.subscriptions.len())
    }

    pub(super) fn user_of(&self, id: &ConnectionId) -> Option<UserId> {
        self.subscriptions.get(id).cloned().flatten()
    }

    pub(super) fn subscribers(&mut self) -> Arc<[ConnectionId]> {
        let list = self.list.get_or_insert_with(|| self.subscriptions.keys().cloned().collect());
        Arc::clone(list)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { subscriptions: self.subscriptions.len(), users: self.members.len() }
    }

    /// Whether somebody is there, or is waited for as a member.
    pub(super) fn is_occupied(&self) -> bool {
        !self.subscriptions.is_empty() || !self.members.is_empty()
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_over(&self) -> bool {
        !self.is_occupied() && self.lost.is_none()
    }

    pub(super) fn users(&self) -> Vec<UserId> {
        self.members.keys().cloned().collect()
    }

    /// The member's own entry is the one that was announced first.
    fn roster(&self, member: &Member, bytes: usize) -> Roster {
        let own = self.members.get(&member.user_id).map_or(member, |seat| &seat.member);
        let members = self.members.values().map(|seat| &seat.member);
        Roster::page(own, members, self.members.len(), bytes)
    }
}
