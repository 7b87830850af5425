//! Where an app's events go, and which of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use channels::Hook;
use protocol::AppId;
use serde::{Deserialize, Serialize};

/// The name of an endpoint among those of its app. Deliveries keep it, so that they find it again after a restart.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointId(Arc<str>);

impl EndpointId {
    /// Wraps a text that its source vouches for.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointId({:?})", &*self.0)
    }
}

/// A receiver of an app's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name.
    pub id: EndpointId,
    /// Where it is.
    pub target: Target,
    /// The names of the events it wants.
    pub events: Vec<&'static str>,
    /// What the channels it wants begin with; empty for all.
    pub channel_prefixes: Vec<String>,
    /// Whether several events may share a delivery.
    pub batching: bool,
}

/// Where an endpoint is.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A web address that is posted to.
    Http {
        /// The address.
        url: String,
        /// Headers sent along, names in lower case. They may hold tokens, so `Debug` shows only the names.
        headers: Vec<(String, String)>,
    },
    /// An EventBridge event bus.
    EventBus {
        /// Its name or ARN.
        bus: String,
    },
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, headers } => {
                let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
                f.debug_struct("Http").field("url", url).field("headers", &names).finish()
            }
            Self::EventBus { bus } => f.debug_struct("EventBus").field("bus", bus).finish(),
        }
    }
}

impl Endpoint {
    /// Whether it wants to hear of this.
    pub fn wants(&self, hook: &Hook) -> bool {
        let channel = hook.channel().as_str();
        let prefixes = &self.channel_prefixes;
        self.events.contains(&hook.name())
            && (prefixes.is_empty() || prefixes.iter().any(|it| channel.starts_with(it.as_str())))
    }
}

/// The endpoints of all apps.
#[derive(Debug, Default)]
pub struct Endpoints(HashMap<AppId, Vec<Endpoint>>);

impl Endpoints {
    /// The endpoints of an app that want to hear of this.
    pub fn wanting<'a>(
        &'a self,
        app: &AppId,
        hook: &'a Hook,
    ) -> impl Iterator<Item = &'a Endpoint> {
        self.0.get(app).into_iter().flatten().filter(|endpoint| endpoint.wants(hook))
    }

    /// One endpoint of an app.
    pub fn get(&self, app: &AppId, id: &EndpointId) -> Option<&Endpoint> {
        self.0.get(app)?.iter().find(|endpoint| endpoint.id == *id)
    }
}

impl FromIterator<(AppId, Vec<Endpoint>)> for Endpoints {
    fn from_iter<I: IntoIterator<Item = (AppId, Vec<Endpoint>)>>(apps: I) -> Self {
        Self(apps.into_iter().filter(|(_, endpoints)| !endpoints.is_empty()).collect())
    }
}

/// The endpoints as they are now, shared by all who send to them. Cheap to clone: all clones see the same.
#[derive(Debug, Clone, Default)]
pub struct SharedEndpoints(Arc<ArcSwap<Endpoints>>);

impl SharedEndpoints {
    /// The endpoints as they are now.
    pub fn load(&self) -> Arc<Endpoints> {
        self.0.load_full()
    }

    /// Puts new ones in the place of the old ones.
    pub fn replace(&self, endpoints: Endpoints) {
        self.0.store(Arc::new(endpoints));
    }

    /// Whether anybody wants to hear of this.
    pub fn want(&self, app: &AppId, hook: &Hook) -> bool {
        self.0.load().wanting(app, hook).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use protocol::ChannelName;

    use super::*;
    use crate::testing::endpoint;

    fn occupied(channel: &str) -> Hook {
        Hook::ChannelOccupied { channel: ChannelName::parse(channel).unwrap() }
    }

    #[test]
    fn endpoints_hear_what_they_asked_for() {
        let all = endpoint();
        assert!(all.wants(&occupied("news")));
        let vacated = Endpoint { events: vec!["channel_vacated"], ..endpoint() };
        assert!(!vacated.wants(&occupied("news")));
        let prefixes = vec!["private-".to_owned(), "presence-a".to_owned()];
        let some = Endpoint { channel_prefixes: prefixes, ..endpoint() };
        for (channel, wanted) in [
            ("private-x", true),
            ("presence-a", true),
            ("presence-b", false),
            ("a-private-x", false),
        ] {
            assert_eq!(some.wants(&occupied(channel)), wanted, "{channel}");
        }
    }

    #[test]
    fn apps_share_nothing_even_with_endpoints_of_the_same_name() {
        let of = |url: &str| Endpoint {
            target: Target::Http { url: url.into(), headers: Vec::new() },
            ..endpoint()
        };
        let (one, two) = (AppId::new("1"), AppId::new("2"));
        let endpoints: Endpoints =
            [(one.clone(), vec![of("https://one/")]), (two.clone(), vec![of("https://two/")])]
                .into_iter()
                .collect();
        let hook = occupied("news");
        let wanting = |app| endpoints.wanting(app, &hook).cloned().collect::<Vec<_>>();
        assert_eq!(wanting(&one), [of("https://one/")]);
        assert_eq!(endpoints.get(&two, &endpoint().id), Some(&of("https://two/")));
        assert_eq!(endpoints.get(&AppId::new("3"), &endpoint().id), None);
    }

    #[test]
    fn headers_are_not_shown() {
        let headers = vec![("authorization".to_owned(), "Bearer hush".to_owned())];
        let target = Target::Http { url: "https://one/".into(), headers };
        assert_eq!(
            format!("{target:?}"),
            r#"Http { url: "https://one/", headers: ["authorization"] }"#
        );
    }
}
