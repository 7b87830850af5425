//! The configuration of a deployment without a disk: everything by the environment, the file's text included.

use std::collections::BTreeMap;
use std::path::Path;

use apps::AppSpec;
use auth::Secret;

use crate::{ConfigError, Env, File, JwtConfig, Settings, app, jwt};

/// The variable that may hold what otherwise stands in `pushbridge.toml`.
const FILE: &str = "PUSHBRIDGE_TOML";
/// What the name of a variable ends with that names a parameter instead of holding the value.
const PARAMETER: &str = "_PARAM";

/// What all functions read.
#[derive(Debug)]
pub struct Deployed {
    /// The apps of the configuration; more may be in the table.
    pub specs: Vec<AppSpec>,
    /// How users prove who they are. Functions that no user calls need none.
    pub jwt: Option<JwtConfig>,
    /// What the edge in front of API Gateway proves itself with, if there is one.
    pub edge_key: Option<Secret>,
    /// The rest.
    pub settings: Settings,
}

impl Deployed {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Names the first value that is malformed, with an example of a good one.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let file = match env.get(FILE) {
            Some(text) => File::parse(Path::new(FILE), text)?,
            None => File::default(),
        };
        let (specs, jwt) = (app::all(env, &file)?, jwt::read(env, &file)?);
        let edge_key = env.get("EDGE_KEY").filter(|key| !key.is_empty()).map(Secret::new);
        Ok(Self { specs, jwt, edge_key, settings: Settings::read(env, &file)? })
    }
}

impl Env {
    /// The parameters that variables name: `JWT_SECRET_PARAM=/prod/jwt` asks for the value of `JWT_SECRET`.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let named = |(name, value): (&str, &str)| {
            let name = name.strip_suffix(PARAMETER).filter(|name| !name.is_empty())?;
            Some((name.to_owned(), value.to_owned()))
        };
        self.all().filter_map(named).collect()
    }

    /// The same environment with more variables, or other values.
    #[must_use]
    pub fn with(mut self, name: String, value: String) -> Self {
        self.set(name, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_text_may_be_a_variable_and_values_may_be_parameters() {
        let toml = "[[apps]]\nid = \"7\"\nkeys = [{ key = \"k\", secret = \"s\" }]\n";
        let env: Env = [("PUSHBRIDGE_TOML", toml), ("JWT_SECRET_PARAM", "/a/b"), ("X_PARAM", "")]
            .into_iter()
            .collect();
        assert_eq!(Vec::from_iter(env.parameters()), [("JWT_SECRET".into(), "/a/b".into())]);
        let env = env.with("JWT_SECRET".into(), "0123456789abcdef0123456789abcdef".into());
        let deployed = Deployed::read(&env).unwrap();
        assert_eq!(deployed.specs[0].id, "7");
        assert!(deployed.jwt.is_some());
    }

    #[test]
    fn a_mistake_is_told_with_the_variables_name() {
        let env = [("PUSHBRIDGE_TOML", "[server]\nlisen = 1")].into_iter().collect();
        let error = Deployed::read(&env).unwrap_err().to_string();
        assert!(error.starts_with("PUSHBRIDGE_TOML line 2: unknown field `lisen`"), "{error}");
    }
}
