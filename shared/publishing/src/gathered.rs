//! What a run found due, by account: with all that a claim knows while the run does it itself, else with no more than a message
//! needs, so that memory stays flat.

use std::collections::{BTreeMap, HashSet};

use posts::{AccountId, DeliveryId, Divided, DueDelivery, Share, WorkspaceId, limits};

use crate::tick::{Task, Tasks};

/// What is due.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Whether what is too much for one run is handed over.
    shared: bool,
    known: HashSet<DeliveryId>,
    tasks: Tasks,
    shares: BTreeMap<AccountId, (WorkspaceId, Vec<DueDelivery>)>,
}

impl Gathered {
    /// What a look found.
    pub(crate) fn of(tasks: Tasks, shared: bool) -> Self {
        let mut gathered = Self { shared, ..Self::default() };
        gathered.extend(tasks);
        gathered
    }

    /// What another look found.
    pub(crate) fn extend(&mut self, tasks: Tasks) {
        for (account, tasks) in tasks {
            tasks.into_iter().for_each(|task| self.add(&account, task));
        }
    }

    /// One more, unless it is known.
    pub(crate) fn add(&mut self, account: &AccountId, task: Task) {
        if !self.known.insert(task.delivery.clone()) {
            return;
        }
        if !self.shared || self.known.len() <= limits::OWN {
            self.tasks.entry(account.clone()).or_default().push(task);
            return;
        }
        for (account, tasks) in std::mem::take(&mut self.tasks) {
            tasks.into_iter().for_each(|task| self.leave(&account, task));
        }
        self.leave(account, task);
    }

    fn leave(&mut self, account: &AccountId, task: Task) {
        let Task { scheduled_at, post, delivery, workspace, .. } = task;
        let (_, due) =
            self.shares.entry(account.clone()).or_insert_with(|| (workspace, Vec::new()));
        due.push(DueDelivery { scheduled_at, post, delivery });
    }

    /// Whether the run knows of enough.
    pub(crate) fn is_full(&self) -> bool {
        self.shared && self.known.len() >= limits::GATHERED
    }

    /// Whether nothing is due.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What the run does itself, if that is all; else what it does and what others do.
    pub(crate) fn divided(self) -> (Tasks, Divided) {
        let share = |(account, (workspace, due))| Share::new(account, workspace, due);
        (self.tasks, Divided::of(self.shares.into_iter().map(share).collect()))
    }
}
