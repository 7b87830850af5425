//! An app as it is shown: everything but its secrets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AppSpec, HistorySpec, LimitsSpec};

/// Where an app is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// In the configuration, which only the operator changes.
    Configuration,
    /// In the apps table.
    Table,
}

/// An app without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AppView {
    /// Its id.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Where it is written.
    pub source: Source,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its keys, the newest first.
    pub keys: Vec<String>,
    /// Whether its clients may send events.
    pub client_events: bool,
    /// Whether subscribers are told how many they are.
    pub subscription_counts: bool,
    /// Origins whose pages may connect and call.
    pub allowed_origins: Vec<String>,
    /// Channel prefixes open to every signed-in user.
    pub user_prefixes: Vec<String>,
    /// Seconds until a connection must have signed in or joined a private channel, if there is such a time.
    pub authorize_within_s: Option<u32>,
    /// Which channels remember their events.
    pub history: Vec<HistorySpec>,
    /// The limits that are not the usual ones.
    pub limits: LimitsSpec,
    /// Who receives its events.
    pub webhooks: Vec<EndpointView>,
}

/// An endpoint of an app, without the values of its headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointView {
    /// Where the events go: an address, or the name of an event bus.
    pub target: String,
    /// The events it wants; all if empty.
    pub events: Vec<String>,
    /// What the channels it wants begin with; all if empty.
    pub channel_prefixes: Vec<String>,
    /// The names of the headers sent along.
    pub headers: Vec<String>,
}

impl AppSpec {
    /// What may be shown of it.
    pub fn view(&self, source: Source) -> AppView {
        let endpoint = |it: &webhooks::EndpointSpec| EndpointView {
            target: it.url.clone().or_else(|| it.event_bus.clone()).unwrap_or_default(),
            events: it.events.clone(),
            channel_prefixes: it.channel_prefixes.clone(),
            headers: it.headers.keys().cloned().collect(),
        };
        AppView {
            id: self.id.clone(),
            name: self.name.clone().unwrap_or_else(|| format!("App {}", self.id)),
            source,
            enabled: self.enabled,
            keys: self.keys.iter().map(|pair| pair.key.clone()).collect(),
            client_events: self.client_events,
            subscription_counts: self.subscription_counts,
            allowed_origins: self.allowed_origins.clone(),
            user_prefixes: self.user_prefixes.clone(),
            authorize_within_s: self.authorize_within_s,
            history: self.history.clone(),
            limits: self.limits.clone(),
            webhooks: self.webhooks.iter().map(endpoint).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let spec: AppSpec = toml::from_str(
            "id = \"7\"\nkeys = [{ key = \"k\", secret = \"hush\" }]\n\
             [[webhooks]]\nurl = \"https://a/\"\nheaders = { Authorization = \"Bearer hush\" }",
        )
        .unwrap();
        let view = serde_json::to_string(&spec.view(Source::Table)).unwrap();
        assert!(!view.contains("hush") && view.contains("Authorization"), "{view}");
        assert!(!format!("{spec:?}").contains("hush"));
    }
}
