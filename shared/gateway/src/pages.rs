//! Whose pages may call from a browser: the server's origins, and those of the apps as they are now.

use channels::{App, Apps, SharedApps};
use protocol::{AppId, AppKey};
use url::form_urlencoded;

use crate::settings::Origins;

/// The allowed pages. Cheap to clone but for the server's own list.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    server: Origins,
    apps: SharedApps,
}

impl Pages {
    pub(crate) fn new(server: Origins, apps: SharedApps) -> Self {
        Self { server, apps }
    }

    /// Whether a page of this origin may call this path.
    pub(crate) fn allow(&self, origin: &str, path: &str, query: &str) -> bool {
        self.server.allows(origin) || self.app_allows(origin, path, query)
    }

    /// Whether it may do so in the name of the user whose browser it is.
    pub(crate) fn allow_cookies(&self, origin: &str, path: &str, query: &str) -> bool {
        self.server.allows_cookies(origin) || self.app_allows(origin, path, query)
    }

    /// Where the app is known, its list counts; elsewhere, for what all apps share, any app's.
    fn app_allows(&self, origin: &str, path: &str, query: &str) -> bool {
        let apps = self.apps.load();
        let allows = |app: &App| app.allows_page(origin);
        match named(&apps, path, query) {
            Named::App(app) => allows(app),
            Named::Nobody => false,
            Named::None => apps.iter().any(|app| allows(app)),
        }
    }
}

/// Which app a request names.
enum Named<'a> {
    App(&'a App),
    /// One that is not there.
    Nobody,
    None,
}

/// By `/apps/{id}`, or by the key of a parameter.
fn named<'a>(apps: &'a Apps, path: &str, query: &str) -> Named<'a> {
    let app = if let Some(rest) = path.strip_prefix("/apps/") {
        apps.by_id(&AppId::new(rest.split('/').next().unwrap_or_default()))
    } else {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        match pairs.find(|(name, _)| matches!(&**name, "app_key" | "auth_key")) {
            Some((_, key)) => apps.by_key(&AppKey::new(&*key)),
            None => return Named::None,
        }
    };
    app.map_or(Named::Nobody, |app| Named::App(app))
}
