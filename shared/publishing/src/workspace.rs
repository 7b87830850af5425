//! What a workspace decides about its posts: read, changed, and at hand when posts are claimed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use data::Error;
use posts::{Caller, LateLimit, PutWorkspace, Settings, Timestamp, Workspace, WorkspaceId};

use crate::{Announcer, PublishTo, Publishing, Refusal, WorkspaceView};

/// How long what was read of a workspace is believed. Ours: a burst of its posts reads it once, and a change counts at once
/// for whoever looks at the clock.
const BELIEVED: Duration = Duration::from_secs(5);
/// Most workspaces of which that is kept. Ours.
const MOST_KEPT: usize = 10_000;

/// The late limits of workspaces that were read a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Allowed(Mutex<HashMap<WorkspaceId, (Instant, Option<LateLimit>)>>);

impl Allowed {
    fn recent(&self, id: &WorkspaceId) -> Option<Option<LateLimit>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(id).filter(|(since, _)| since.elapsed() < BELIEVED).map(|(_, limit)| *limit)
    }

    fn keep(&self, id: &WorkspaceId, limit: Option<LateLimit>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(id.clone(), (Instant::now(), limit));
    }
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Reads what a workspace of the caller decided.
    pub async fn get_workspace(
        &self,
        caller: &Caller,
        named: Option<&WorkspaceId>,
    ) -> Result<WorkspaceView, Refusal> {
        let id = workspace(caller, named)?;
        let found = self.data.get_workspace(&id).await?;
        Ok(WorkspaceView::new(id, found, &self.settings))
    }

    /// Changes what a workspace of the caller decided. It counts for posts that are claimed from now on, by other processes
    /// within seconds.
    pub async fn put_workspace(
        &self,
        caller: &Caller,
        named: Option<&WorkspaceId>,
        put: &PutWorkspace,
        now: Timestamp,
    ) -> Result<WorkspaceView, Refusal> {
        let id = workspace(caller, named)?;
        let after = Workspace::put(id.clone(), caller, put, now)
            .map_err(|error| Refusal::Invalid(vec![error]))?;
        self.data.put_workspace(&after).await?;
        self.allowed.keep(&id, after.late_limit_minutes);
        Ok(WorkspaceView::new(id, Some(after), &self.settings))
    }

    /// The settings by which posts of a workspace are claimed.
    pub(crate) async fn settings_of(&self, id: &WorkspaceId) -> Result<Settings, Error> {
        let late = match self.allowed.recent(id) {
            Some(late) => late,
            None => {
                let found = self.data.get_workspace(id).await?;
                let late = found.and_then(|it| it.late_limit_minutes);
                self.allowed.keep(id, late);
                late
            }
        };
        Ok(self.settings.allowing(late))
    }
}

/// The workspace that is meant. One that the caller may not enter is not found.
fn workspace(caller: &Caller, named: Option<&WorkspaceId>) -> Result<WorkspaceId, Refusal> {
    if named.is_some_and(|named| !caller.may_enter(named)) {
        return Err(Refusal::NotFound);
    }
    caller.workspace(named).map_err(|error| Refusal::Invalid(vec![error]))
}
