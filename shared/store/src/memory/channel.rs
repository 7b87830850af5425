//! One channel: its subscriptions and, on presence channels, its members.

use std::collections::BTreeMap;
use std::sync::Arc;

use channels::{Counts, Departed, Joined, Presence};
use indexmap::IndexMap;
use protocol::{ConnectionId, Member, Roster, UserId};

#[derive(Default)]
pub(super) struct Channel {
    subscriptions: IndexMap<ConnectionId, Option<UserId>>,
    members: BTreeMap<UserId, Seat>,
    /// The list handed to publishers, made once and kept until somebody comes or goes.
    list: Option<Arc<[ConnectionId]>>,
}

/// A member, and with how many connections.
struct Seat {
    member: Member,
    connections: usize,
}

impl Channel {
    pub(super) fn add(
        &mut self,
        id: &ConnectionId,
        member: Option<&Member>,
        most: usize,
    ) -> Joined {
        let occupied = self.subscriptions.is_empty();
        if member
            .is_some_and(|m| self.members.len() >= most && !self.members.contains_key(&m.user_id))
        {
            return Joined::Full;
        }
        let user = member.map(|m| m.user_id.clone());
        self.subscriptions.insert(id.clone(), user);
        self.list = None;
        let presence = member.map(|member| {
            let first_of_user = self.seat(member);
            Presence { first_of_user, roster: self.roster() }
        });
        Joined::New { occupied, presence }
    }

    /// Whether it was the user's first connection. The first announced `user_info` stays,
    /// so that every roster agrees.
    fn seat(&mut self, member: &Member) -> bool {
        let seat = self
            .members
            .entry(member.user_id.clone())
            .or_insert_with(|| Seat { member: member.clone(), connections: 0 });
        seat.connections += 1;
        seat.connections == 1
    }

    /// What ended with this subscription; `None` if there was none.
    pub(super) fn remove(&mut self, id: &ConnectionId) -> Option<Departed> {
        let user = self.subscriptions.swap_remove(id)?;
        self.list = None;
        let user = user.filter(|user| self.unseat(user));
        Some(Departed { user, vacated: self.subscriptions.is_empty() })
    }

    /// Whether it was the user's last connection.
    fn unseat(&mut self, user: &UserId) -> bool {
        let Some(seat) = self.members.get_mut(user) else { return false };
        seat.connections -= 1;
        let last = seat.connections == 0;
        if last {
            self.members.remove(user);
        }
        last
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

    pub(super) fn is_occupied(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    pub(super) fn users(&self) -> Vec<UserId> {
        self.members.keys().cloned().collect()
    }

    fn roster(&self) -> Roster {
        Roster(self.members.values().map(|seat| seat.member.clone()).collect())
    }
}
