//! Posts that are due and that nobody has claimed yet.
//!
//! A process that is alone on its store keeps them from one run to the next: while there is no room for them, a look reads
//! only what fell due since the last one, not ten thousand entries again. Among several processes each run has its own.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posts::{PostId, Timestamp, WorkspaceId};

use crate::waiting::Waiting;

/// How long looks may leave out what was due before: then one reads everything, for what was stored late or put back.
const WHOLE: Duration = Duration::from_secs(10);
/// How far a look goes back before the last one: a post that is due now is stored a moment later. Ours.
const OVERLAP: Duration = Duration::from_secs(2);

/// Posts to claim, by workspace.
#[derive(Debug, Default)]
pub(crate) struct Backlog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    queues: BTreeMap<WorkspaceId, VecDeque<PostId>>,
    /// Those in queues, and those that a run is about to claim.
    known: HashSet<PostId>,
    /// Whose turn it was.
    last: Option<WorkspaceId>,
    looked: Option<Looked>,
}

#[derive(Debug, Clone, Copy)]
struct Looked {
    /// When everything was read.
    whole: Timestamp,
    /// Until when everything due is known.
    until: Timestamp,
}

/// Posts that a run claims now. Until it is dropped no other run of this process does.
pub(crate) struct Taken<'a> {
    backlog: &'a Backlog,
    /// Which.
    pub(crate) ids: Vec<PostId>,
}

impl Backlog {
    /// After when a look at `now` must read what is due; nothing if it must read everything.
    pub(crate) fn seen(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.state();
        let looked = state.looked.filter(|_| !state.queues.is_empty())?;
        // A clock that was set back knows nothing.
        let fresh = now >= looked.until && now.since(looked.whole) < WHOLE;
        fresh.then(|| looked.until.minus(OVERLAP))
    }

    /// Takes up what a look at `now` found.
    pub(crate) fn add(
        &self,
        found: BTreeMap<WorkspaceId, Vec<PostId>>,
        seen: Option<Timestamp>,
        now: Timestamp,
    ) {
        let mut state = self.state();
        let whole = state.looked.filter(|_| seen.is_some()).map_or(now, |looked| looked.whole);
        state.looked = Some(Looked { whole, until: now });
        let State { queues, known, .. } = &mut *state;
        for (workspace, posts) in found {
            let new: Vec<_> = posts.into_iter().filter(|id| known.insert(id.clone())).collect();
            if !new.is_empty() {
                queues.entry(workspace).or_default().extend(new);
            }
        }
    }

    /// At most `most` posts, of each workspace in turn, so that one's bulk does not delay the rest. While there is no room, one of
    /// each that has nothing waiting here.
    pub(crate) fn take(&self, most: usize, waiting: &Waiting) -> Taken<'_> {
        let mut state = self.state();
        let mut ids = Vec::new();
        let room = waiting.room();
        let mut turns = if room > 0 { most } else { state.queues.len() };
        while turns > 0
            && ids.len() < most
            && let Some(workspace) = state.next()
        {
            turns -= 1;
            if room > 0 || waiting.may_squeeze_in(&workspace) {
                ids.extend(state.pop(&workspace));
            }
            state.last = Some(workspace);
        }
        drop(state);
        Taken { backlog: self, ids }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first workspace with posts after the last one that had its turn.
    fn next(&self) -> Option<WorkspaceId> {
        let after = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut later = self.queues.range::<WorkspaceId, _>((after, Bound::Unbounded));
        later.next().or_else(|| self.queues.first_key_value()).map(|(id, _)| id.clone())
    }

    fn pop(&mut self, workspace: &WorkspaceId) -> Option<PostId> {
        let queue = self.queues.get_mut(workspace)?;
        let post = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(workspace);
        }
        post
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.backlog.state();
        for id in &self.ids {
            state.known.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(of: &[(&str, &[&str])]) -> BTreeMap<WorkspaceId, Vec<PostId>> {
        let ids = |ids: &[&str]| ids.iter().map(|id| PostId::parse(*id).unwrap()).collect();
        of.iter().map(|(name, posts)| (WorkspaceId::parse(*name).unwrap(), ids(posts))).collect()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_795_161_600_000).plus(Duration::from_secs(seconds))
    }

    fn names(taken: &Taken<'_>) -> Vec<String> {
        taken.ids.iter().map(|id| id.as_str().to_owned()).collect()
    }

    #[test]
    fn one_workspace_does_not_delay_the_rest() {
        let (backlog, waiting) = (Backlog::default(), Waiting::default());
        backlog.add(
            found(&[("a", &["a0", "a1", "a2"]), ("b", &["b0"]), ("c", &["c0"])]),
            None,
            at(0),
        );
        assert_eq!(names(&backlog.take(2, &waiting)), ["a0", "b0"]);
        assert_eq!(names(&backlog.take(9, &waiting)), ["c0", "a1", "a2"]);
        assert!(backlog.take(9, &waiting).ids.is_empty());
    }

    #[test]
    fn a_post_that_is_known_or_being_claimed_is_not_taken_up_again() {
        let (backlog, waiting) = (Backlog::default(), Waiting::default());
        let all = || found(&[("a", &["a0", "a1"])]);
        backlog.add(all(), None, at(0));
        let taken = backlog.take(1, &waiting);
        backlog.add(all(), None, at(1));
        assert_eq!(names(&backlog.take(9, &waiting)), ["a1"]);
        assert_eq!(names(&taken), ["a0"]);
        drop(taken);
        backlog.add(all(), None, at(2));
        assert_eq!(names(&backlog.take(9, &waiting)), ["a0", "a1"]);
    }

    #[test]
    fn everything_is_read_when_nothing_is_left_and_from_time_to_time() {
        let (backlog, waiting) = (Backlog::default(), Waiting::default());
        assert_eq!(backlog.seen(at(0)), None);
        backlog.add(found(&[("a", &["a0"])]), None, at(0));
        assert_eq!(backlog.seen(at(1)), Some(at(0).minus(OVERLAP)));
        backlog.add(found(&[]), backlog.seen(at(1)), at(1));
        assert_eq!(backlog.seen(at(9)), Some(at(1).minus(OVERLAP)));
        assert_eq!(backlog.seen(at(10)), None, "what was stored late");
        assert_eq!(backlog.seen(at(0)), None, "a clock that was set back");
        drop(backlog.take(1, &waiting));
        assert_eq!(backlog.seen(at(2)), None);
    }
}
