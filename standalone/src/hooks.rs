//! Where events for the applications' servers arrive.

use channels::Hook;
use protocol::AppId;

/// The way to the applications' servers. No app of this version has a receiver.
#[derive(Clone, Default)]
pub(crate) struct Hooks;

impl Hooks {
    /// Takes one event.
    pub(crate) fn accept(&self, app: &AppId, hook: Hook) {
        tracing::debug!(%app, event = hook.name(), "nobody receives this event");
    }
}
