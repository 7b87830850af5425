//! An app to be made.

use serde::Deserialize;
use utoipa::ToSchema;
use webhooks::EndpointSpec;

use crate::{AppSpec, HistorySpec, KeySpec, LimitsSpec};

/// An app to be made; its keys are made with it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewApp {
    /// Its id; made if left out.
    pub id: Option<String>,
    /// Its name, for people.
    pub name: Option<String>,
    /// Whether its clients may send events.
    pub client_events: bool,
    /// Whether subscribers are told how many they are.
    pub subscription_counts: bool,
    /// Origins whose pages may connect and call.
    pub allowed_origins: Vec<String>,
    /// Channel prefixes open to every signed-in user.
    pub user_prefixes: Vec<String>,
    /// Seconds until a connection must have signed in or joined a private channel.
    pub authorize_within_s: Option<u32>,
    /// Which channels remember their events.
    pub history: Vec<HistorySpec>,
    /// Who receives its events.
    pub webhooks: Vec<EndpointSpec>,
    /// Its limits.
    pub limits: LimitsSpec,
}

impl NewApp {
    /// The app with its first key pair, under its own id or the one that was drawn for it.
    pub fn with(self, drawn_id: String, pair: KeySpec) -> AppSpec {
        let base = AppSpec::new(self.id.unwrap_or(drawn_id), self.name, pair);
        AppSpec {
            client_events: self.client_events,
            subscription_counts: self.subscription_counts,
            allowed_origins: self.allowed_origins,
            user_prefixes: self.user_prefixes,
            authorize_within_s: self.authorize_within_s,
            history: self.history,
            webhooks: self.webhooks,
            limits: self.limits,
            ..base
        }
    }
}
