//! Deliveries that wait in this process, counted: memory stays flat, and one workspace's bulk leaves room for the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use posts::{DeliveryId, WorkspaceId};

/// Most deliveries that wait in this process. What is due beyond that stays in the store: memory stays flat, and what other
/// workspaces have due meanwhile gets its turn. Ours: what 256 at once need for some seconds.
const ROOM: usize = 2_048;
/// Most that wait if more workspaces come that have nothing waiting. Ours: beyond that they wait for room like everybody.
const SQUEEZED: usize = 2 * ROOM;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    deliveries: HashMap<DeliveryId, usize>,
    workspaces: HashMap<WorkspaceId, usize>,
}

/// One delivery that this process has to do. It counts as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted {
    counts: Arc<Mutex<Counts>>,
    delivery: DeliveryId,
    workspace: WorkspaceId,
}

impl Waiting {
    /// Counts one more.
    pub(crate) fn count(&self, delivery: &DeliveryId, workspace: &WorkspaceId) -> Counted {
        let mut counts = locked(&self.0);
        counts.all += 1;
        *counts.deliveries.entry(delivery.clone()).or_default() += 1;
        *counts.workspaces.entry(workspace.clone()).or_default() += 1;
        let (delivery, workspace) = (delivery.clone(), workspace.clone());
        Counted { counts: Arc::clone(&self.0), delivery, workspace }
    }

    /// Whether a delivery waits here already.
    pub(crate) fn has(&self, delivery: &DeliveryId) -> bool {
        locked(&self.0).deliveries.contains_key(delivery)
    }

    /// For how many more there is room.
    pub(crate) fn room(&self) -> usize {
        ROOM.saturating_sub(locked(&self.0).all)
    }

    /// Whether a workspace gets a post in although there is no room: it has nothing here, and what others have may take long.
    pub(crate) fn may_squeeze_in(&self, workspace: &WorkspaceId) -> bool {
        let counts = locked(&self.0);
        counts.all < SQUEEZED && !counts.workspaces.contains_key(workspace)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = locked(&self.counts);
        counts.all -= 1;
        one_less(&mut counts.deliveries, &self.delivery);
        one_less(&mut counts.workspaces, &self.workspace);
    }
}

fn one_less<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(of);
        }
    }
}

fn locked(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
