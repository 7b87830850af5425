//! The environment as a value, so that tests bring their own.

use std::collections::BTreeMap;

use crate::ConfigError;

/// The environment's variables. An empty variable counts as absent, as shells and compose files leave them behind.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// The variables of this process; those that are not Unicode are left out.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// One variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// All variables that have a value.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.keys().filter_map(|name| self.get(name).map(|value| (name.as_str(), value)))
    }

    pub(crate) fn set(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// One variable, parsed.
    pub fn parse<T>(
        &self,
        name: &str,
        example: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let refused =
            || ConfigError::malformed(name, format!("{text:?} is not understood"), example);
        parse(text).map(Some).ok_or_else(refused)
    }

    /// A variable that is `true` or `false`, `1` or `0`.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, ConfigError> {
        self.parse(name, "true", |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
