//! The apps: one by the environment, more by the file.

use apps::{AppSpec, KeySpec, Registered, SecretText, SpecError};
use auth::Secret;
use channels::Apps;

use crate::file::File;
use crate::{ConfigError, Env};

/// The environment's app, then the file's. The environment's replaces one of the same id.
///
/// # Errors
/// Names the first value that cannot be used.
pub fn all(env: &Env, file: &File) -> Result<Vec<AppSpec>, ConfigError> {
    let mut apps: Vec<AppSpec> = of_env(env)?.into_iter().collect();
    let first = apps.first().map(|app| app.id.clone());
    for (index, app) in file.apps.iter().enumerate() {
        app.check().map_err(|error| refused(error, |field| format!("apps[{index}].{field}")))?;
        if first.as_ref() != Some(&app.id) {
            apps.push(app.clone());
        }
    }
    Ok(apps)
}

/// The apps as they are served.
///
/// # Errors
/// When two of them share an id or a key.
pub fn served(specs: &[AppSpec]) -> Result<Apps, ConfigError> {
    let apps = registered(specs)?.into_iter().map(|it| it.app);
    Ok(Apps::new(apps.collect())?)
}

/// Apps as they are served. They were checked when they were read.
fn registered(specs: &[AppSpec]) -> Result<Vec<Registered>, ConfigError> {
    specs.iter().map(|app| app.check().map_err(|error| refused(error, str::to_owned))).collect()
}

fn of_env(env: &Env) -> Result<Option<AppSpec>, ConfigError> {
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
    let pair = KeySpec { key: key.into(), secret: SecretText(Secret::new(secret)) };
    let app = AppSpec { client_events: true, ..AppSpec::new(id, None, pair) };
    let variable = |field: &str| match field {
        "id" => "PUSHER_APP_ID".to_owned(),
        "keys.key" => "PUSHER_KEY".to_owned(),
        _ => "PUSHER_SECRET".to_owned(),
    };
    app.check().map_err(|error| refused(error, variable))?;
    Ok(Some(app))
}

/// A refusal under the name that the operator wrote.
fn refused(error: SpecError, name: impl Fn(&str) -> String) -> ConfigError {
    match error {
        SpecError::Missing { field, example } => ConfigError::missing(name(&field), example),
        SpecError::Malformed(error) => {
            ConfigError::malformed(name(&error.field), error.why, error.example)
        }
    }
}
