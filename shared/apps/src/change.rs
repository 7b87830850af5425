//! Changes of an app: each is a new spec, or a refusal.

use crate::{AppSpec, KeySpec};

/// Most keys of an app. Ours: a rotation has two.
pub const KEYS: usize = 8;

/// Why an app stays as it is. Fit to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has as many keys as it may have.
    #[error("The app has 8 keys already: remove one first")]
    TooManyKeys,
    /// It has no such key.
    #[error("The app has no such key: show it to see which it has")]
    NoSuchKey,
    /// The key is its only one.
    #[error("This is the app's only key: rotate it first, or disable the app")]
    LastKey,
}

impl AppSpec {
    /// With a new key beside the old ones: both are good until the old one is removed. The new one signs what the server
    /// signs, except webhooks, whose receivers must learn it first.
    ///
    /// # Errors
    /// When it has too many.
    pub fn rotate_key(&self, pair: KeySpec) -> Result<Self, Refused> {
        if self.keys.len() >= KEYS {
            return Err(Refused::TooManyKeys);
        }
        let keys = std::iter::once(pair).chain(self.keys.iter().cloned()).collect();
        Ok(Self { keys, ..self.clone() })
    }

    /// Without a key.
    ///
    /// # Errors
    /// When it has no such key, or no other.
    pub fn remove_key(&self, key: &str) -> Result<Self, Refused> {
        let keys: Vec<_> = self.keys.iter().filter(|pair| pair.key != key).cloned().collect();
        match keys.len() {
            left if left == self.keys.len() => Err(Refused::NoSuchKey),
            0 => Err(Refused::LastKey),
            _ => Ok(Self { keys, ..self.clone() }),
        }
    }

    /// Switched on or off.
    #[must_use]
    pub fn set_enabled(&self, enabled: bool) -> Self {
        Self { enabled, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use auth::Secret;

    use super::*;
    use crate::SecretText;

    fn pair(key: &str) -> KeySpec {
        KeySpec { key: key.into(), secret: SecretText(Secret::new("s")) }
    }

    fn keys(spec: &AppSpec) -> Vec<&str> {
        spec.keys.iter().map(|pair| pair.key.as_str()).collect()
    }

    #[test]
    fn both_keys_are_good_until_the_old_one_is_removed() {
        let old = AppSpec::new("7", None, pair("old"));
        let both = old.rotate_key(pair("new")).unwrap();
        assert_eq!(keys(&both), ["new", "old"]);
        let new = both.remove_key("old").unwrap();
        assert_eq!(keys(&new), ["new"]);
        assert_eq!(new.remove_key("old").unwrap_err(), Refused::NoSuchKey);
        assert_eq!(new.remove_key("new").unwrap_err(), Refused::LastKey);
    }

    #[test]
    fn keys_do_not_grow_without_end() {
        let mut spec = AppSpec::new("7", None, pair("0"));
        for number in 1..KEYS {
            spec = spec.rotate_key(pair(&number.to_string())).unwrap();
        }
        assert_eq!(spec.rotate_key(pair("more")).unwrap_err(), Refused::TooManyKeys);
    }

    #[test]
    fn an_app_is_switched_off_and_on_and_nothing_else_changes() {
        let on = AppSpec::new("7", Some("Seven".into()), pair("k"));
        let off = on.set_enabled(false);
        assert!(!off.enabled && off.name == on.name && keys(&off) == keys(&on));
        assert!(off.set_enabled(true).enabled);
    }
}
