//! What a deployment sets.

use auth::Secret;
use throttle::Rate;
use url::{Host, Url};

/// Settings of the router.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What `/api/cron/publish-posts` must be called with; without one it is switched off.
    pub cron_secret: Option<Secret>,
    /// Pages that may call from a browser, besides those on the same host.
    pub allowed_origins: Origins,
    /// The cookie that may hold a token.
    pub cookie_name: String,
    /// This server's own address as browsers and platforms see it, without a slash at the end.
    pub public_url: Option<String>,
    /// How often one user may call `/api/…`, if limited.
    pub user_requests: Option<Rate>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cron_secret: None,
            allowed_origins: Origins::default(),
            cookie_name: "pushbridge_token".into(),
            public_url: None,
            user_requests: None,
        }
    }
}

/// A set of web origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Every origin, but none with cookies.
    Any,
    /// Pages served by this machine itself, at any port.
    Loopback,
    /// These only, each as a browser sends it: `scheme://host` or `scheme://host:port`.
    Only(Vec<String>),
}

impl Default for Origins {
    /// None.
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl Origins {
    /// Whether a page of this origin may call.
    pub fn allows(&self, origin: &str) -> bool {
        matches!(self, Self::Any) || self.allows_cookies(origin)
    }

    /// Whether a page of this origin may call in the name of the user whose browser it is.
    pub fn allows_cookies(&self, origin: &str) -> bool {
        match self {
            Self::Any => false,
            Self::Loopback => Url::parse(origin).is_ok_and(|url| is_loopback(&url)),
            Self::Only(list) => list.iter().any(|allowed| allowed == origin),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
