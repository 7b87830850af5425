//! The applications as they are now, shared by all who serve them.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{App, Apps};

/// The applications of a running server. Readers take no lock; whoever changes apps puts a new list in the place of the
/// old one. Cheap to clone: all clones see the same.
#[derive(Debug, Clone)]
pub struct SharedApps(Arc<ArcSwap<Apps>>);

impl SharedApps {
    /// Shares these.
    pub fn new(apps: Apps) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(apps)))
    }

    /// The applications as they are now.
    pub fn load(&self) -> Arc<Apps> {
        self.0.load_full()
    }

    /// Puts a new list in the place of the old one; answers the old one.
    pub fn replace(&self, apps: Apps) -> Arc<Apps> {
        self.0.swap(Arc::new(apps))
    }

    /// An application as it is now, if it is still there and was changed since `known` was read.
    pub fn changed(&self, known: &Arc<App>) -> Option<Arc<App>> {
        let apps = self.0.load();
        let now = apps.by_id(&known.id)?;
        (!Arc::ptr_eq(now, known)).then(|| Arc::clone(now))
    }
}

impl From<Apps> for SharedApps {
    fn from(apps: Apps) -> Self {
        Self::new(apps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app;

    #[test]
    fn every_clone_sees_the_change() {
        let shared = SharedApps::new(Apps::new(vec![app()]).unwrap());
        let (clone, before) = (shared.clone(), shared.load());
        assert_eq!(clone.changed(before.first()).map(|app| app.enabled), None);
        let off = App { enabled: false, ..app() };
        let old = shared.replace(Apps::new(vec![off]).unwrap());
        assert!(Arc::ptr_eq(&old, &before) && before.first().enabled);
        assert_eq!(clone.changed(before.first()).map(|app| app.enabled), Some(false));
    }
}
