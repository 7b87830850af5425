//! When keys are fetched again: once they are old, or when a token names one that is not known.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use identity::Keys;
use tokio::sync::Mutex as Gate;

use crate::fetch::{FetchError, Source};

/// How often keys are fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Keys older than this are fetched again before use.
    pub(crate) fresh: Duration,
    /// The least time between two requests, whatever tokens say.
    pub(crate) pause: Duration,
}

impl Default for Pace {
    /// Ours: providers keep an old key published for hours, and forged key ids must cost them nothing.
    fn default() -> Self {
        Self { fresh: Duration::from_secs(600), pause: Duration::from_secs(5) }
    }
}

/// A key set and when it came.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) keys: Keys,
    since: Instant,
}

/// The current key set of a source.
#[derive(Debug)]
pub(crate) struct Rotation {
    source: Source,
    pace: Pace,
    current: Mutex<Option<Arc<Known>>>,
    /// Held while fetching: one request at a time. Holds the time of the last one.
    fetching: Gate<Option<Instant>>,
}

impl Rotation {
    pub(crate) fn new(source: Source, pace: Pace) -> Self {
        Self { source, pace, current: Mutex::new(None), fetching: Gate::new(None) }
    }

    /// A set that is not old, or the old one if no other can be had.
    pub(crate) async fn fresh(self: &Arc<Self>) -> Option<Arc<Known>> {
        let current = self.current();
        match &current {
            Some(known) if known.since.elapsed() < self.pace.fresh => current,
            _ => self.refresh(current).await,
        }
    }

    /// A newer set than this one, if there is any.
    pub(crate) async fn newer(self: &Arc<Self>, seen: &Arc<Known>) -> Option<Arc<Known>> {
        let current = self.refresh(Some(seen.clone())).await;
        current.filter(|current| !Arc::ptr_eq(current, seen))
    }

    /// Fetches in a task of its own, so that a caller who hangs up does not undo it for the others.
    async fn refresh(self: &Arc<Self>, seen: Option<Arc<Known>>) -> Option<Arc<Known>> {
        let this = self.clone();
        match tokio::spawn(async move { this.fetch_once(seen).await }).await {
            Ok(current) => current,
            Err(_) => self.current(),
        }
    }

    async fn fetch_once(&self, seen: Option<Arc<Known>>) -> Option<Arc<Known>> {
        let mut last = self.fetching.lock().await;
        let current = self.current();
        let another_did = current.as_ref().map(Arc::as_ptr) != seen.as_ref().map(Arc::as_ptr);
        if another_did || last.is_some_and(|last| last.elapsed() < self.pace.pause) {
            return current;
        }
        let fetched = self.source.fetch().await;
        *last = Some(Instant::now());
        match fetched {
            Ok(keys) => self.replace(keys),
            Err(error) => warn(&error, current.is_some()),
        }
        self.current()
    }

    fn current(&self) -> Option<Arc<Known>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, keys: Keys) {
        let known = Some(Arc::new(Known { keys, since: Instant::now() }));
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

fn warn(error: &FetchError, have_old: bool) {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let then =
        if have_old { "the keys fetched before stay in use" } else { "no token can be verified" };
    tracing::warn!(%error, cause, "JWKS not fetched: {then}");
}
