//! The apps: one by the environment, more by the file.

use std::num::NonZeroU32;

use auth::{KeyPair, Secret};
use channels::usage::Rates;
use channels::{App, HistoryRule, Limits};
use protocol::limits::{CLIENT_MESSAGE_BYTES, HISTORY_AGE_S, HISTORY_EVENTS};
use protocol::{AppId, AppKey};
use throttle::Rate;

use super::file::{File, FileApp, FileHistory, FileLimits, FileRates};
use super::{ConfigError, Env, Origins, origins};

/// Longest app id, key or secret in characters. Ours: they travel in URLs and headers.
const NAME_CHARS: usize = 128;

/// The environment's app, then the file's. The environment's replaces one of the same id.
pub(super) fn all(env: &Env, file: &File) -> Result<Vec<App>, ConfigError> {
    let mut apps: Vec<App> = of_env(env)?.into_iter().collect();
    let first = apps.first().map(|app| app.id.clone());
    for (index, app) in file.apps.iter().enumerate() {
        let app = of_file(index, app)?;
        if first.as_ref() != Some(&app.id) {
            apps.push(app);
        }
    }
    Ok(apps)
}

fn of_env(env: &Env) -> Result<Option<App>, ConfigError> {
    const EXAMPLES: [(&str, &str); 3] = [
        ("PUSHER_APP_ID", "1001"),
        ("PUSHER_KEY", "my-key"),
        ("PUSHER_SECRET", "the output of `openssl rand -hex 16`"),
    ];
    if EXAMPLES.iter().all(|(name, _)| env.get(name).is_none()) {
        return Ok(None);
    }
    let [id, key, secret] = EXAMPLES.map(|(name, example)| env.get(name).ok_or((name, example)));
    let missing = |(name, example): (&str, _)| ConfigError::missing(name, example);
    let (id, key, secret) = (id.map_err(missing)?, key.map_err(missing)?, secret.map_err(missing)?);
    let id = name("PUSHER_APP_ID", id, "1001")?;
    let pair = pair(("PUSHER_KEY", key), ("PUSHER_SECRET", &Secret::new(secret)))?;
    Ok(Some(App { client_events: true, ..App::new(AppId::new(id), vec![pair]) }))
}

fn of_file(index: usize, app: &FileApp) -> Result<App, ConfigError> {
    let field = |name: &str| format!("apps[{index}].{name}");
    let id = name(&field("id"), &app.id, "\"1001\"")?;
    if app.keys.is_empty() {
        return Err(ConfigError::missing(
            field("keys"),
            "[{ key = \"my-key\", secret = \"my-secret\" }]",
        ));
    }
    let (key, secret) = (field("keys.key"), field("keys.secret"));
    let keys = app.keys.iter().map(|entry| pair((&key, &entry.key), (&secret, &entry.secret.0)));
    let bad = app.user_prefixes.iter().find(|prefix| !is_gated(prefix));
    if let Some(prefix) = bad {
        let why = format!("{prefix:?} does not begin with private- or presence- and a name");
        return Err(ConfigError::malformed(field("user_prefixes"), why, "[\"private-chat-\"]"));
    }
    Ok(App {
        name: app.name.clone().unwrap_or_else(|| format!("App {id}")),
        id: AppId::new(id),
        keys: keys.collect::<Result<_, _>>()?,
        client_events: app.client_events,
        enabled: app.enabled,
        allowed_origins: match origins::parse(&field("allowed_origins"), &app.allowed_origins)? {
            Origins::Only(list) => list,
            Origins::Any | Origins::Loopback => Vec::new(),
        },
        user_prefixes: app.user_prefixes.clone(),
        subscription_counts: app.subscription_counts,
        authorize_within_s: app.authorize_within_s,
        history: history(&field("history"), &app.history)?,
        hooks: false,
        limits: limits(&field("limits"), &app.limits)?,
    })
}

fn is_gated(prefix: &str) -> bool {
    let rest = prefix.strip_prefix("private-").or_else(|| prefix.strip_prefix("presence-"));
    rest.is_some_and(|rest| !rest.is_empty())
}

fn history(field: &str, rules: &[FileHistory]) -> Result<Vec<HistoryRule>, ConfigError> {
    let rule = |rule: &FileHistory| {
        if !(1..=HISTORY_EVENTS).contains(&rule.count) {
            let why = format!("{} is not between 1 and {HISTORY_EVENTS} events", rule.count);
            return Err(ConfigError::malformed(format!("{field}.count"), why, "100"));
        }
        if !(1..=HISTORY_AGE_S).contains(&rule.age_s) {
            let why = format!("{} is not between 1 and {HISTORY_AGE_S} seconds", rule.age_s);
            return Err(ConfigError::malformed(format!("{field}.age_s"), why, "300"));
        }
        let prefix = rule.prefix.clone();
        Ok(HistoryRule { prefix, count: rule.count, age_s: rule.age_s })
    };
    rules.iter().map(rule).collect()
}

fn limits(field: &str, file: &FileLimits) -> Result<Limits, ConfigError> {
    let base = Limits::default();
    let limits = Limits {
        connections: file.connections,
        event_data_bytes: file.event_data_bytes.unwrap_or(base.event_data_bytes),
        presence_members: file.presence_members.unwrap_or(base.presence_members),
        user_info_bytes: file.user_info_bytes.unwrap_or(base.user_info_bytes),
        client_events_per_second: file
            .client_events_per_second
            .unwrap_or(base.client_events_per_second),
        watchlist: file.watchlist.unwrap_or(base.watchlist),
        roster_bytes: file.roster_bytes.unwrap_or(base.roster_bytes),
        per_user: rates(&file.per_user, base.per_user),
        per_app: Rates {
            requests: rate(file.requests_per_second, base.per_app.requests),
            ..rates(&file.per_app, base.per_app)
        },
    };
    if limits.event_data_bytes == 0 || limits.event_data_bytes > CLIENT_MESSAGE_BYTES {
        let why = format!(
            "{} is not between 1 and {CLIENT_MESSAGE_BYTES} bytes",
            limits.event_data_bytes
        );
        return Err(ConfigError::malformed(format!("{field}.event_data_bytes"), why, "10240"));
    }
    Ok(limits)
}

fn rates(file: &FileRates, base: Rates) -> Rates {
    Rates {
        commands: rate(file.commands_per_second, base.commands),
        subscribes: rate(file.subscribes_per_second, base.subscribes),
        client_events: rate(file.client_events_per_second, base.client_events),
        ..base
    }
}

/// So many per second; 0 is no limit.
fn rate(count: Option<u32>, base: Option<Rate>) -> Option<Rate> {
    count.map_or(base, |count| NonZeroU32::new(count).map(Rate::per_second))
}

fn pair(key: (&str, &str), secret: (&str, &Secret)) -> Result<KeyPair, ConfigError> {
    if !(1..=NAME_CHARS).contains(&secret.1.expose().len()) {
        let why = format!("it is empty or longer than {NAME_CHARS} characters");
        return Err(ConfigError::malformed(secret.0, why, "the output of `openssl rand -hex 16`"));
    }
    Ok(KeyPair { key: AppKey::new(name(key.0, key.1, "my-key")?), secret: secret.1.clone() })
}

/// An id or a key: it stands in URLs and before a colon in signatures.
fn name<'a>(field: &str, text: &'a str, example: &'static str) -> Result<&'a str, ConfigError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = !text.is_empty() && text.len() <= NAME_CHARS && text.chars().all(fits);
    let why = || format!("{text:?} is not 1 to {NAME_CHARS} letters, digits, '-', '_' or '.'");
    good.then_some(text).ok_or_else(|| ConfigError::malformed(field, why(), example))
}
