//! The environments of one function, and the events that wait for one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use super::Outcome;
use crate::activity::{Activity, Busy};

/// An event on its way to a function.
pub(crate) struct Invocation {
    /// The request's id.
    pub(crate) id: String,
    /// The event.
    pub(crate) event: Bytes,
    /// When it must be over, in milliseconds since 1970.
    pub(crate) deadline_ms: u64,
    /// Where its outcome goes.
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// An event as an environment gets it.
pub(crate) struct Taken {
    /// The request's id.
    pub(crate) id: String,
    /// The event.
    pub(crate) event: Bytes,
    /// When it must be over, in milliseconds since 1970.
    pub(crate) deadline_ms: u64,
}

enum Phase {
    /// Started, and not heard of yet.
    Starting,
    /// Waits for an event.
    Polling,
    /// Has an event, and has not answered.
    Running { id: String, reply: oneshot::Sender<Outcome>, busy: Busy },
    /// Has answered, and has not asked for the next event.
    After { _busy: Busy },
}

struct Environment {
    phase: Phase,
    /// Wakes whoever ends the process.
    end: Arc<Notify>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Invocation>,
    environments: BTreeMap<u32, Environment>,
    started: u32,
}

/// The environments of one function.
pub(crate) struct Environments {
    /// The function's name.
    pub(crate) name: String,
    activity: Activity,
    state: Mutex<State>,
    arrived: Notify,
}

impl Environments {
    /// None yet.
    pub(crate) fn new(name: &str, activity: Activity) -> Self {
        let (state, arrived) = (Mutex::default(), Notify::new());
        Self { name: name.to_owned(), activity, state, arrived }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event comes.
    pub(crate) fn push(&self, invocation: Invocation) {
        self.state().waiting.push_back(invocation);
        self.arrived.notify_waiters();
    }

    /// The next event for an environment, which has ended with the one before.
    pub(crate) async fn next(&self, number: u32) -> Taken {
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(taken) = self.take(number) {
                return taken;
            }
            arrived.await;
        }
    }

    fn take(&self, number: u32) -> Option<Taken> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        let unknown = || Environment { phase: Phase::Starting, end: Arc::default() };
        let environment = state.environments.entry(number).or_insert_with(unknown);
        let Some(Invocation { id, event, deadline_ms, reply }) = next else {
            environment.phase = Phase::Polling;
            return None;
        };
        let busy = self.activity.begin();
        environment.phase = Phase::Running { id: id.clone(), reply, busy };
        Some(Taken { id, event, deadline_ms })
    }

    /// An environment answers an event. Whether it is the one that has it.
    pub(crate) fn answer(&self, number: u32, id: &str, outcome: Outcome) -> bool {
        let mut state = self.state();
        let Some(environment) = state.environments.get_mut(&number) else { return false };
        let phase = std::mem::replace(&mut environment.phase, Phase::Starting);
        match phase {
            Phase::Running { id: running, reply, busy } if running == id => {
                let _ = reply.send(outcome);
                environment.phase = Phase::After { _busy: busy };
                true
            }
            other => {
                environment.phase = other;
                false
            }
        }
    }

    /// Makes room for one more environment if events wait that those there will not take: its number, and what tells of
    /// its end.
    pub(super) fn start_another(&self, most: usize) -> Option<(u32, Arc<Notify>)> {
        let mut state = self.state();
        let free = |it: &&Environment| matches!(it.phase, Phase::Starting | Phase::Polling);
        let free = state.environments.values().filter(free).count();
        if state.waiting.len() <= free || state.environments.len() >= most {
            return None;
        }
        state.started += 1;
        let (number, end) = (state.started, Arc::new(Notify::new()));
        let environment = Environment { phase: Phase::Starting, end: Arc::clone(&end) };
        state.environments.insert(number, environment);
        Some((number, end))
    }

    /// An environment is over. What it had fails; if it never asked for an event, so does one that waits.
    pub(super) fn ended(&self, number: u32) {
        let mut state = self.state();
        let Some(environment) = state.environments.remove(&number) else { return };
        if matches!(environment.phase, Phase::Starting)
            && let Some(invocation) = state.waiting.pop_front()
        {
            let why = "Runtime exited before it was ready";
            let _ = invocation.reply.send(Outcome::failed("Runtime.ExitError", why));
        }
    }

    /// Ends an environment. Whether there was one.
    pub(super) fn kill(&self, number: u32) -> bool {
        let state = self.state();
        let environment = state.environments.get(&number);
        environment.inspect(|it| it.end.notify_one()).is_some()
    }

    /// Ends the environment that has this event; or takes it from those that wait.
    pub(super) fn kill_whoever_runs(&self, id: &str) {
        let mut state = self.state();
        state.waiting.retain(|it| it.id != id);
        let runs =
            |it: &&Environment| matches!(&it.phase, Phase::Running { id: it, .. } if it == id);
        if let Some(environment) = state.environments.values().find(runs) {
            environment.end.notify_one();
        }
    }
}
