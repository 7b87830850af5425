//! An app as it is written. Unknown fields are refused, so that a misspelt one is noticed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use webhooks::EndpointSpec;

use crate::SecretText;

/// One app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSpec {
    /// Its id, the `{id}` of the HTTP API.
    pub id: String,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its key pairs, the newest first.
    pub keys: Vec<KeySpec>,
    /// Whether it is switched on.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether its clients may send events.
    #[serde(default)]
    pub client_events: bool,
    /// Origins whose pages may connect and call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Channel prefixes open to every signed-in user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_prefixes: Vec<String>,
    /// Whether subscribers are told how many they are.
    #[serde(default)]
    pub subscription_counts: bool,
    /// Seconds until a connection must have signed in or joined a private channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_within_s: Option<u32>,
    /// Which channels remember their events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistorySpec>,
    /// Who receives its events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<EndpointSpec>,
    /// Its limits.
    #[serde(default)]
    pub limits: LimitsSpec,
}

/// One entry of `keys`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    /// The public half.
    pub key: String,
    /// The half that signs.
    pub secret: SecretText,
}

/// `limits` of an app; what is left out is Pusher's number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSpec {
    /// Most connections at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Largest data of one event, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_data_bytes: Option<usize>,
    /// Most members of a presence channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_members: Option<usize>,
    /// Largest `user_info` of a member, bytes of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_bytes: Option<usize>,
    /// Client events per second and connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_events_per_second: Option<u32>,
    /// Most users on a connection's watchlist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watchlist: Option<usize>,
    /// Largest roster that a new member is sent, bytes of its frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roster_bytes: Option<usize>,
    /// Most connections at once that are signed in as one user; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_per_user: Option<u32>,
    /// Requests per second of the HTTP API; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
    /// What one user may do.
    pub per_user: RatesSpec,
    /// What all of the app may do.
    pub per_app: RatesSpec,
}

/// `limits.per_user` and `limits.per_app`; 0 is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RatesSpec {
    /// Messages of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commands_per_second: Option<u32>,
    /// Subscriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribes_per_second: Option<u32>,
    /// Client events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_events_per_second: Option<u32>,
}

/// One entry of `history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// What the channels' names begin with.
    pub prefix: String,
    /// Most events kept per channel.
    pub count: usize,
    /// How long an event is kept, seconds.
    pub age_s: u32,
}

fn yes() -> bool {
    true
}

impl AppSpec {
    /// An enabled app with everything else as usual.
    pub fn new(id: impl Into<String>, name: Option<String>, pair: KeySpec) -> Self {
        Self {
            id: id.into(),
            name,
            keys: vec![pair],
            enabled: true,
            client_events: false,
            allowed_origins: Vec::new(),
            user_prefixes: Vec::new(),
            subscription_counts: false,
            authorize_within_s: None,
            history: Vec::new(),
            webhooks: Vec::new(),
            limits: LimitsSpec::default(),
        }
    }
}
