//! Who works on what in this process: one worker for an account, so many accounts at once, workspaces in turn.
//!
//! Between processes the account's lease in the store keeps workers apart; this saves writes that would lose, and a run
//! that finds an account taken hands its tasks to the worker that has it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use posts::{AccountId, WorkspaceId};
use tokio::sync::oneshot;

use crate::tick::{IN_FLIGHT, Task};

/// The accounts that have a worker, and who waits to become one.
#[derive(Debug)]
pub(crate) struct Busy {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What each worker has yet to take up.
    accounts: HashMap<AccountId, Vec<Task>>,
    /// How many more may work now.
    free: usize,
    waiting: BTreeMap<WorkspaceId, VecDeque<oneshot::Sender<()>>>,
    /// Whose turn it was.
    last: Option<WorkspaceId>,
}

/// An account that is worked on as long as this lives.
pub(crate) struct Taken<'a> {
    busy: &'a Busy,
    id: &'a AccountId,
    turn: Turn,
    /// Whether it did something since it was called.
    worked: bool,
    /// Until it has ended in order: then another run may have the account.
    held: bool,
}

enum Turn {
    Waits(oneshot::Receiver<()>),
    Works,
}

impl Default for Busy {
    fn default() -> Self {
        let state = State {
            accounts: HashMap::new(),
            free: IN_FLIGHT,
            waiting: BTreeMap::new(),
            last: None,
        };
        Self { state: Mutex::new(state) }
    }
}

impl Busy {
    /// Takes an account with its tasks once it is the workspace's turn. Nothing if another run of this process has it:
    /// that one does the tasks.
    pub(crate) async fn take<'a>(
        &'a self,
        id: &'a AccountId,
        workspace: &WorkspaceId,
        tasks: Vec<Task>,
    ) -> Option<Taken<'a>> {
        let turn = {
            let mut state = self.state();
            if let Some(queue) = state.accounts.get_mut(id) {
                queue.extend(tasks);
                return None;
            }
            state.accounts.insert(id.clone(), tasks);
            state.turn(workspace)
        };
        let mut taken = Taken { busy: self, id, turn, worked: false, held: true };
        taken.called().await?;
        Some(taken)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, workspace: &WorkspaceId) -> Turn {
        if self.free > 0 {
            self.free -= 1;
            return Turn::Works;
        }
        self.wait(workspace)
    }

    fn wait(&mut self, workspace: &WorkspaceId) -> Turn {
        let (call, called) = oneshot::channel();
        self.waiting.entry(workspace.clone()).or_default().push_back(call);
        Turn::Waits(called)
    }

    /// Gives a place that is free now to the workspace whose turn it is.
    fn pass_on(&mut self) {
        while let Some(workspace) = self.next() {
            let Some(queue) = self.waiting.get_mut(&workspace) else { break };
            let call = queue.pop_front();
            if queue.is_empty() {
                self.waiting.remove(&workspace);
            }
            self.last = Some(workspace);
            if call.is_some_and(|call| call.send(()).is_ok()) {
                return;
            }
        }
        self.free += 1;
    }

    /// The first workspace that waits after the last one that was called.
    fn next(&self) -> Option<WorkspaceId> {
        let after = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut later = self.waiting.range::<WorkspaceId, _>((after, Bound::Unbounded));
        later.next().or_else(|| self.waiting.first_key_value()).map(|(id, _)| id.clone())
    }
}

impl<'a> Taken<'a> {
    /// Which account.
    pub(crate) fn id(&self) -> &'a AccountId {
        self.id
    }

    /// Waits for its turn. Nothing if it never comes.
    async fn called(&mut self) -> Option<()> {
        if let Turn::Waits(called) = &mut self.turn {
            called.await.ok()?;
            self.turn = Turn::Works;
        }
        Some(())
    }

    /// Comes before each task: a place goes round the workspaces task by task, however many an account has.
    pub(crate) async fn give_way(&mut self, workspace: &WorkspaceId) {
        if self.worked && self.wait_behind_others(workspace) {
            // Whoever waits is called as long as there are places.
            self.called().await;
        }
        self.worked = true;
    }

    fn wait_behind_others(&mut self, workspace: &WorkspaceId) -> bool {
        let mut state = self.busy.state();
        let others = state.waiting.keys().any(|waits| waits != workspace);
        if others {
            self.turn = state.wait(workspace);
            state.pass_on();
        }
        others
    }

    /// The next tasks of the account; nothing once there are no more and others may take it.
    pub(crate) fn tasks(&mut self) -> Option<Vec<Task>> {
        let mut state = self.busy.state();
        let queue = state.accounts.get_mut(self.id)?;
        if queue.is_empty() {
            state.accounts.remove(self.id);
            self.held = false;
            return None;
        }
        Some(std::mem::take(queue))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.busy.state();
        if self.held {
            state.accounts.remove(self.id);
        }
        let has_place = match &mut self.turn {
            Turn::Works => true,
            // It may have been called a moment before it was given up.
            Turn::Waits(called) => called.try_recv().is_ok(),
        };
        if has_place {
            state.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn workspaces_take_turns_when_there_are_more_than_may_work() {
        let (busy, ids) = (Busy::default(), |n: usize| AccountId::from_number(n as u128));
        let (bulk, small) =
            (WorkspaceId::parse("bulk").unwrap(), WorkspaceId::parse("small").unwrap());
        let accounts: Vec<_> = (0..IN_FLIGHT + 20).map(ids).collect();
        let mut working = Vec::new();
        for id in &accounts[..IN_FLIGHT] {
            working.push(busy.take(id, &bulk, Vec::new()).await);
        }
        let taken = busy.take(&accounts[0], &small, Vec::new()).await;
        assert!(taken.is_none(), "it has a worker");
        let mut waits: Vec<_> = accounts[IN_FLIGHT..]
            .iter()
            .map(|id| Box::pin(busy.take(id, &bulk, Vec::new())))
            .collect();
        assert!(waits.iter_mut().all(|wait| wait.now_or_never().is_none()), "all places are taken");
        let id = ids(usize::MAX);
        let mut late = Box::pin(busy.take(&id, &small, Vec::new()));
        assert!((&mut late).now_or_never().is_none());
        // One who gives up before its turn takes no place along.
        drop(waits.remove(0));
        working.truncate(IN_FLIGHT - 2);
        let late = late.now_or_never().flatten();
        assert!(late.is_some(), "one of two free places is the other workspace's");
        // Whoever is called works, and gives no place back.
        let called: Vec<_> = waits.iter_mut().filter_map(|wait| wait.now_or_never()).collect();
        assert_eq!(called.len(), 1, "the other one is the bulk's");
    }
}
