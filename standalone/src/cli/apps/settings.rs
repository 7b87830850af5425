//! What may be set of an app: the flags of making and editing one, and the JSON that they become.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::super::CliError;

/// What may be set; what is left out stays as it is, or as usual.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// Its name, for people
    #[arg(long)]
    name: Option<String>,
    /// Whether its clients may send events
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    client_events: Option<bool>,
    /// Whether subscribers are told how many they are
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    subscription_counts: Option<bool>,
    /// An origin whose pages may connect and call; may be repeated
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// A channel prefix open to every signed-in user; may be repeated
    #[arg(long = "user-prefix", value_name = "PREFIX")]
    user_prefixes: Vec<String>,
    /// Seconds until a connection must have signed in or joined a private channel
    #[arg(long, value_name = "SECONDS")]
    authorize_within: Option<u32>,
    /// Channels that remember their events: how many, and for how many seconds; may be repeated
    #[arg(long, value_name = "PREFIX:COUNT:SECONDS")]
    history: Vec<String>,
    /// Where its events go, all of them and without headers of its own; may be repeated
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
    /// Most connections at once
    #[arg(long, value_name = "NUMBER")]
    connections: Option<u32>,
    /// A limit, such as watchlist=50, per_user.commands_per_second=20 or connections=default; may be repeated
    #[arg(long = "limit", value_name = "NAME=NUMBER")]
    limits: Vec<String>,
}

/// What may be given its usual value again.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Clear {
    /// No name
    Name,
    /// Every page may connect
    Origins,
    /// No prefix is open to every signed-in user
    UserPrefixes,
    /// Connections need not authorize themselves
    AuthorizeWithin,
    /// No channel remembers its events
    History,
    /// Nobody receives its events
    Webhooks,
    /// The usual limits
    Limits,
}

impl Clear {
    /// The field, and what it is then.
    pub(super) fn field(self) -> (&'static str, Value) {
        match self {
            Self::Name => ("name", Value::Null),
            Self::Origins => ("allowed_origins", json!([])),
            Self::UserPrefixes => ("user_prefixes", json!([])),
            Self::AuthorizeWithin => ("authorize_within_s", Value::Null),
            Self::History => ("history", json!([])),
            Self::Webhooks => ("webhooks", json!([])),
            Self::Limits => ("limits", Value::Null),
        }
    }
}

impl Settings {
    /// What was given, in the API's words.
    pub(super) fn body(&self) -> Result<Map<String, Value>, CliError> {
        let webhooks: Vec<_> = self.webhooks.iter().map(|url| json!({ "url": url })).collect();
        let history = self.history.iter().map(|text| rule(text)).collect::<Result<Vec<_>, _>>()?;
        let list = |list: Vec<Value>| (!list.is_empty()).then(|| Value::from(list));
        let texts = |texts: &[String]| list(texts.iter().map(|it| it.as_str().into()).collect());
        let fields = [
            ("name", self.name.as_deref().map(Value::from)),
            ("client_events", self.client_events.map(Value::from)),
            ("subscription_counts", self.subscription_counts.map(Value::from)),
            ("allowed_origins", texts(&self.origins)),
            ("user_prefixes", texts(&self.user_prefixes)),
            ("authorize_within_s", self.authorize_within.map(Value::from)),
            ("history", list(history)),
            ("webhooks", list(webhooks)),
            ("limits", self.limits()?),
        ];
        let given = fields.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
        Ok(given.collect())
    }

    fn limits(&self) -> Result<Option<Value>, CliError> {
        let mut limits = json!({});
        if let Some(connections) = self.connections {
            limits["connections"] = connections.into();
        }
        for text in &self.limits {
            let (name, value) = limit(text)?;
            match name.split_once('.') {
                None => limits[name] = value,
                Some((whose, name)) => limits[whose][name] = value,
            }
        }
        Ok(limits.as_object().is_some_and(|it| !it.is_empty()).then_some(limits))
    }
}

/// A limit and its number; the server knows their names.
fn limit(text: &str) -> Result<(&str, Value), CliError> {
    let wrong = || {
        let example = "watchlist=50, per_user.commands_per_second=20 or connections=default";
        CliError::refused(format!("{text:?} is no limit; good ones are {example}."))
    };
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let value = match value {
        "default" => Value::Null,
        number => number.parse::<u32>().map_err(|_| wrong())?.into(),
    };
    Ok((name, value))
}

fn rule(text: &str) -> Result<Value, CliError> {
    let wrong = || {
        CliError::refused(format!("{text:?} is no history; a good one is private-log-:100:300."))
    };
    let mut parts = text.rsplitn(3, ':');
    let mut number = || parts.next()?.parse::<u32>().ok();
    let (age_s, count) = (number().ok_or_else(wrong)?, number().ok_or_else(wrong)?);
    let prefix = parts.next().ok_or_else(wrong)?;
    Ok(json!({ "prefix": prefix, "count": count, "age_s": age_s }))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn body(line: &str) -> Result<Value, String> {
        let line = Line::try_parse_from(["x"].into_iter().chain(line.split_whitespace()));
        let settings = line.map_err(|error| error.to_string())?.settings;
        settings.body().map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_was_given_is_said() {
        for (line, expected) in [
            ("", json!({})),
            ("--client-events", json!({ "client_events": true })),
            ("--client-events=false --name A", json!({ "client_events": false, "name": "A" })),
            (
                "--origin https://a --origin https://b",
                json!({ "allowed_origins": ["https://a", "https://b"] }),
            ),
            (
                "--history private-log-:5:6",
                json!({ "history": [{ "prefix": "private-log-", "count": 5, "age_s": 6 }] }),
            ),
            ("--history :5:6", json!({ "history": [{ "prefix": "", "count": 5, "age_s": 6 }] })),
            ("--authorize-within 30", json!({ "authorize_within_s": 30 })),
            (
                "--connections 7 --limit watchlist=default",
                json!({ "limits": { "connections": 7, "watchlist": null } }),
            ),
            (
                "--limit per_user.commands_per_second=1 --limit per_user.subscribes_per_second=2",
                json!({ "limits": { "per_user": { "commands_per_second": 1, "subscribes_per_second": 2 } } }),
            ),
        ] {
            assert_eq!(body(line), Ok(expected), "{line}");
        }
        for line in
            ["--limit watchlist", "--limit watchlist=many", "--history a:b:c", "--history 5"]
        {
            let error = body(line).unwrap_err();
            assert!(error.contains("good"), "{error}");
        }
    }
}
