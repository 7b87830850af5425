//! Edit an app: what is left out stays as it is.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use webhooks::EndpointSpec;

use crate::{AppSpec, HistorySpec, LimitsSpec};

/// A change of an app. Lists are replaced as a whole.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchApp {
    /// Its name, for people; `null` removes it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Whether its clients may send events.
    pub client_events: Option<bool>,
    /// Whether subscribers are told how many they are.
    pub subscription_counts: Option<bool>,
    /// Origins whose pages may connect and call.
    pub allowed_origins: Option<Vec<String>>,
    /// Channel prefixes open to every signed-in user.
    pub user_prefixes: Option<Vec<String>>,
    /// Seconds until a connection must have signed in or joined a private channel; `null` for ever.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub authorize_within_s: Option<Option<u32>>,
    /// Which channels remember their events.
    pub history: Option<Vec<HistorySpec>>,
    /// Who receives its events.
    pub webhooks: Option<Vec<EndpointSpec>>,
    /// Its limits, one by one; `null` gives one its usual value again, and all of them in the place of the whole.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<LimitsSpec>)]
    pub limits: Option<Option<LimitsPatch>>,
}

/// A change of limits (RFC 7396, JSON Merge Patch).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LimitsPatch(Map<String, Value>);

impl<'de> Deserialize<'de> for LimitsPatch {
    /// Every field is one of a limit, and every value could be one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let patch = Self(Map::deserialize(deserializer)?);
        patch.apply(&LimitsSpec::default()).map_err(D::Error::custom)?;
        Ok(patch)
    }
}

impl LimitsPatch {
    fn apply(&self, limits: &LimitsSpec) -> Result<LimitsSpec, serde_json::Error> {
        let mut value = serde_json::to_value(limits)?;
        merge(&mut value, &self.0);
        serde_json::from_value(value)
    }
}

fn merge(target: &mut Value, patch: &Map<String, Value>) {
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        match value {
            Value::Null if target.contains_key(name) => {
                target.remove(name);
            }
            Value::Object(patch) => {
                merge(target.entry(name).or_insert_with(|| Map::new().into()), patch)
            }
            value => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

impl AppSpec {
    /// With what a patch says.
    #[must_use]
    pub fn edit(&self, patch: PatchApp) -> Self {
        let old = self.clone();
        let limits = match patch.limits {
            None => old.limits,
            Some(None) => LimitsSpec::default(),
            // Both were read as limits, and limits of both are limits.
            Some(Some(patch)) => patch.apply(&old.limits).unwrap_or(old.limits),
        };
        Self {
            name: patch.name.unwrap_or(old.name),
            client_events: patch.client_events.unwrap_or(old.client_events),
            subscription_counts: patch.subscription_counts.unwrap_or(old.subscription_counts),
            allowed_origins: patch.allowed_origins.unwrap_or(old.allowed_origins),
            user_prefixes: patch.user_prefixes.unwrap_or(old.user_prefixes),
            authorize_within_s: patch.authorize_within_s.unwrap_or(old.authorize_within_s),
            history: patch.history.unwrap_or(old.history),
            webhooks: patch.webhooks.unwrap_or(old.webhooks),
            limits,
            ..old
        }
    }
}

/// Tells `null` from a field that is left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An app with everything set.
    fn full() -> AppSpec {
        serde_json::from_value(json!({
            "id": "7", "name": "Seven", "keys": [{ "key": "k", "secret": "s" }], "enabled": false,
            "client_events": true, "allowed_origins": ["https://a"], "user_prefixes": ["private-a-"],
            "subscription_counts": true, "authorize_within_s": 30,
            "history": [{ "prefix": "a", "count": 1, "age_s": 2 }],
            "webhooks": [{ "url": "https://a/" }],
            "limits": { "connections": 5, "watchlist": 6, "per_user": { "commands_per_second": 7 } },
        }))
        .unwrap()
    }

    fn edited(patch: Value) -> Value {
        let patch: PatchApp = serde_json::from_value(patch).unwrap();
        serde_json::to_value(full().edit(patch)).unwrap()
    }

    fn expected(change: impl FnOnce(&mut Value)) -> Value {
        let mut value = serde_json::to_value(full()).unwrap();
        change(&mut value);
        value
    }

    #[test]
    fn what_is_left_out_stays_and_each_field_changes_alone() {
        assert_eq!(edited(json!({})), expected(|_| ()));
        for (field, value) in [
            ("name", json!("Eight")),
            ("client_events", json!(false)),
            ("subscription_counts", json!(false)),
            ("authorize_within_s", json!(60)),
            ("allowed_origins", json!(["https://b", "https://c"])),
            ("user_prefixes", json!(["private-b-"])),
            ("history", json!([{ "prefix": "b", "count": 3, "age_s": 4 }])),
        ] {
            let patch = json!({ field: value });
            assert_eq!(edited(patch), expected(|app| app[field] = value), "{field}");
        }
        let patch = json!({ "webhooks": [] });
        assert!(edited(patch).get("webhooks").is_none());
        for field in ["name", "authorize_within_s"] {
            assert!(edited(json!({ field: null })).get(field).is_none(), "{field}");
        }
    }

    #[test]
    fn limits_change_one_by_one() {
        let patch = json!({ "limits": { "connections": null, "roster_bytes": 2048, "per_user": { "subscribes_per_second": 8 } } });
        let limits = json!({
            "watchlist": 6, "roster_bytes": 2048,
            "per_user": { "commands_per_second": 7, "subscribes_per_second": 8 }, "per_app": {},
        });
        assert_eq!(edited(patch)["limits"], limits);
        assert_eq!(
            edited(json!({ "limits": null }))["limits"],
            json!({ "per_user": {}, "per_app": {} })
        );
        assert_eq!(edited(json!({ "limits": { "watchlist": null } }))["limits"]["connections"], 5);
    }

    #[test]
    fn what_is_no_field_or_no_value_is_refused_by_name() {
        for (patch, said) in [
            (json!({ "keys": [] }), "unknown field `keys`"),
            (json!({ "limits": { "conections": 1 } }), "unknown field `conections`"),
            (json!({ "limits": { "connections": "many" } }), "invalid type"),
            (json!({ "limits": { "per_user": 5 } }), "invalid type"),
            (json!({ "limits": { "conections": null } }), "unknown field `conections`"),
        ] {
            let error = serde_json::from_value::<PatchApp>(patch).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
