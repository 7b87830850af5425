//! From what is written to what is served.

use auth::{KeyPair, Secret};
use channels::{App, HistoryRule};
use protocol::limits::{AUTHORIZE_S, HISTORY_AGE_S, HISTORY_EVENTS};
use protocol::{AppId, AppKey};
use url::Url;
use webhooks::{ENDPOINTS, Endpoint, Malformed};

use crate::{AppSpec, HistorySpec, limits};

/// Longest app id, key or secret in characters. Ours: they travel in URLs and headers.
const NAME_CHARS: usize = 128;
/// Longest name in characters. Ours: it is for people.
const TITLE_CHARS: usize = 128;

/// An app as it is served.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The app.
    pub app: App,
    /// Who receives its events.
    pub endpoints: Vec<Endpoint>,
}

impl Registered {
    /// The same with one more receiver of its events, unless it has one of that name.
    #[must_use]
    pub fn heard_by(mut self, endpoint: &Endpoint) -> Self {
        if self.endpoints.iter().all(|it| it.id != endpoint.id) {
            self.endpoints.push(endpoint.clone());
        }
        self.app.hooks = true;
        self
    }
}

/// Why a spec is no app. Fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A value that is needed is not there.
    #[error("{field} is missing; set it, for example to {example}")]
    Missing {
        /// Where it should stand.
        field: String,
        /// A value that would do.
        example: &'static str,
    },
    /// A value cannot be used.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl AppSpec {
    /// Reads it.
    ///
    /// # Errors
    /// The first field that is missing or wrong, named from the app on, such as `limits.event_data_bytes`.
    pub fn check(&self) -> Result<Registered, SpecError> {
        let id = name("id", &self.id, "\"1001\"")?;
        if self.keys.is_empty() {
            let example = "[{ key = \"my-key\", secret = \"my-secret\" }]";
            return Err(SpecError::Missing { field: "keys".into(), example });
        }
        let keys = self.keys.iter().map(|pair| {
            Ok(KeyPair {
                key: AppKey::new(name("keys.key", &pair.key, "my-key")?),
                secret: secret("keys.secret", &pair.secret.0)?,
            })
        });
        let app = App {
            name: self.title()?,
            enabled: self.enabled,
            client_events: self.client_events,
            allowed_origins: origins(&self.allowed_origins)?,
            user_prefixes: self.gated_prefixes()?,
            subscription_counts: self.subscription_counts,
            authorize_within_s: authorize_within_s(self.authorize_within_s)?,
            history: self.history.iter().map(history).collect::<Result<_, _>>()?,
            hooks: !self.webhooks.is_empty(),
            limits: limits::check(&self.limits)?,
            ..App::new(AppId::new(id), keys.collect::<Result<_, Malformed>>()?)
        };
        Ok(Registered { app, endpoints: self.endpoints()? })
    }

    fn title(&self) -> Result<String, Malformed> {
        let Some(title) = &self.name else { return Ok(format!("App {}", self.id)) };
        let good = title.chars().count() <= TITLE_CHARS && !title.chars().any(char::is_control);
        let why = || format!("it is longer than {TITLE_CHARS} characters, or not of one line");
        good.then(|| title.clone()).ok_or_else(|| Malformed::new("name", why(), "\"Dashboard\""))
    }

    fn gated_prefixes(&self) -> Result<Vec<String>, Malformed> {
        match self.user_prefixes.iter().find(|prefix| !is_gated(prefix)) {
            None => Ok(self.user_prefixes.clone()),
            Some(prefix) => {
                let why =
                    format!("{prefix:?} does not begin with private- or presence- and a name");
                Err(Malformed::new("user_prefixes", why, "[\"private-chat-\"]"))
            }
        }
    }

    fn endpoints(&self) -> Result<Vec<Endpoint>, Malformed> {
        let example = "at most 16 [[apps.webhooks]], each with an id or url of its own";
        if self.webhooks.len() > ENDPOINTS {
            let why = format!("there are more than {ENDPOINTS}");
            return Err(Malformed::new("webhooks", why, example));
        }
        let mut endpoints = Vec::<Endpoint>::with_capacity(self.webhooks.len());
        for (index, spec) in self.webhooks.iter().enumerate() {
            let endpoint = spec.check().map_err(|it| it.inside(&format!("webhooks[{index}]")))?;
            if endpoints.iter().any(|it| it.id == endpoint.id) {
                let why = format!("the id {} occurs twice", endpoint.id);
                return Err(Malformed::new("webhooks", why, example));
            }
            endpoints.push(endpoint);
        }
        Ok(endpoints)
    }
}

fn is_gated(prefix: &str) -> bool {
    let rest = prefix.strip_prefix("private-").or_else(|| prefix.strip_prefix("presence-"));
    rest.is_some_and(|rest| !rest.is_empty())
}

/// A client needs a moment for the round trip to its application's server.
fn authorize_within_s(seconds: Option<u32>) -> Result<Option<u32>, Malformed> {
    if seconds.is_some_and(|it| !AUTHORIZE_S.contains(&it)) {
        let (low, high) = (AUTHORIZE_S.start(), AUTHORIZE_S.end());
        let why = format!("it is not between {low} and {high} seconds");
        return Err(Malformed::new("authorize_within_s", why, "30"));
    }
    Ok(seconds)
}

fn history(rule: &HistorySpec) -> Result<HistoryRule, Malformed> {
    if !(1..=HISTORY_EVENTS).contains(&rule.count) {
        let why = format!("{} is not between 1 and {HISTORY_EVENTS} events", rule.count);
        return Err(Malformed::new("history.count", why, "100"));
    }
    if !(1..=HISTORY_AGE_S).contains(&rule.age_s) {
        let why = format!("{} is not between 1 and {HISTORY_AGE_S} seconds", rule.age_s);
        return Err(Malformed::new("history.age_s", why, "300"));
    }
    Ok(HistoryRule { prefix: rule.prefix.clone(), count: rule.count, age_s: rule.age_s })
}

/// Origins as browsers send them, without path and default port: anything else would never match. `*` opens nothing to
/// an app of its own.
fn origins(texts: &[String]) -> Result<Vec<String>, Malformed> {
    if texts.iter().any(|text| text == "*") {
        return Ok(Vec::new());
    }
    for text in texts {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.origin().ascii_serialization() != *text) {
            let why = format!("{text:?} is not scheme://host or scheme://host:port");
            return Err(Malformed::new("allowed_origins", why, "https://app.example.com"));
        }
    }
    Ok(texts.to_vec())
}

fn secret(field: &str, secret: &Secret) -> Result<Secret, Malformed> {
    if (1..=NAME_CHARS).contains(&secret.expose().len()) {
        return Ok(secret.clone());
    }
    let why = format!("it is empty or longer than {NAME_CHARS} characters");
    Err(Malformed::new(field, why, "the output of `openssl rand -hex 16`"))
}

/// An id or a key: it stands in URLs and before a colon in signatures.
fn name<'a>(field: &str, text: &'a str, example: &'static str) -> Result<&'a str, Malformed> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = !text.is_empty() && text.len() <= NAME_CHARS && text.chars().all(fits);
    let why = || format!("{text:?} is not 1 to {NAME_CHARS} letters, digits, '-', '_' or '.'");
    good.then_some(text).ok_or_else(|| Malformed::new(field, why(), example))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(more: &str) -> AppSpec {
        let base = "id = \"7\"\nkeys = [{ key = \"k\", secret = \"s\" }]\n";
        toml::from_str(&format!("{base}{more}")).unwrap()
    }

    #[test]
    fn what_is_written_is_served_and_survives_a_table() {
        let spec = spec(
            "name = \"Seven\"\nclient_events = true\nuser_prefixes = [\"private-chat-\"]\nhistory = [{ prefix = \"a\", count = 5, age_s = 6 }]\n\
             [[webhooks]]\nurl = \"https://example.com/\"\nevents = [\"cache_miss\"]\n[limits]\nconnections = 3\n",
        );
        let json = serde_json::to_string(&spec).unwrap();
        let read: AppSpec = serde_json::from_str(&json).unwrap();
        for Registered { app, endpoints } in [spec.check().unwrap(), read.check().unwrap()] {
            assert_eq!((app.name.as_str(), app.enabled, app.client_events), ("Seven", true, true));
            assert_eq!((app.hooks, app.limits.connections), (true, Some(3)));
            assert!(app.keys[0].secret.is(b"s"));
            assert_eq!((endpoints.len(), &endpoints[0].events[..]), (1, &["cache_miss"][..]));
        }
    }

    #[test]
    fn what_is_wrong_is_named_from_the_app_on() {
        for (more, field) in [
            ("name = \"a\\nb\"", "name"),
            ("user_prefixes = [\"chat-\"]", "user_prefixes"),
            ("authorize_within_s = 0", "authorize_within_s"),
            ("limits = { roster_bytes = 1023 }", "limits.roster_bytes"),
            ("limits = { watchlist = 10001 }", "limits.watchlist"),
            ("allowed_origins = [\"https://a/\"]", "allowed_origins"),
            ("history = [{ prefix = \"a\", count = 0, age_s = 6 }]", "history.count"),
            ("[[webhooks]]\nurl = \"https://a/\"\n[[webhooks]]\nurl = \"https://a/\"", "webhooks"),
            ("[[webhooks]]\nurl = \"https://a/\"\n[[webhooks]]\nurl = \"a\"", "webhooks[1].url"),
            ("[limits]\nevent_data_bytes = 0", "limits.event_data_bytes"),
        ] {
            match spec(more).check() {
                Err(SpecError::Malformed(error)) => assert_eq!(error.field, field),
                other => panic!("{more}: {other:?}"),
            }
        }
        let none = AppSpec { keys: Vec::new(), ..spec("") };
        assert!(matches!(none.check(), Err(SpecError::Missing { .. })));
    }
}
