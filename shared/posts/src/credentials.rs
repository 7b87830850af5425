//! What opens an account: a key that a person gave, or tokens that the platform renews.

use serde::{Deserialize, Serialize};

use crate::{Account, Secret, Timestamp};

/// What opens an account. Debug shows none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Credentials {
    /// A key, password or signing secret, which stays as it is.
    Key {
        /// The key.
        key: Secret,
    },
    /// Tokens.
    Tokens {
        /// What calls carry.
        access: Secret,
        /// What gets new tokens; it may work only once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh: Option<Secret>,
        /// When they were given.
        issued_at: Timestamp,
        /// When the access token ends, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
}

/// What asking for new tokens came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// New tokens. Without a refresh token among them the old one stays.
    Renewed(Credentials),
    /// Access was taken back: a person must connect the account again.
    Revoked {
        /// A sentence for the person.
        message: String,
    },
    /// The platform has trouble; nothing is known to have changed.
    Unavailable {
        /// A sentence for the log.
        message: String,
    },
    /// The account has nothing that could be renewed.
    NotOffered,
}

/// An account that a person granted access to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The platform's id of the account.
    pub remote_id: String,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What opens it.
    pub credentials: Credentials,
}

impl Credentials {
    /// What a call carries.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Key { key } => key,
            Self::Tokens { access, .. } => access,
        }
    }

    /// Whether the tokens should be renewed before they are used at `now`: less than ten minutes, or a
    /// twentieth of their life, is left. Source: the rules for tokens.
    pub fn should_refresh(&self, now: Timestamp) -> bool {
        let Self::Tokens { issued_at, expires_at: Some(end), .. } = self else { return false };
        let margin = (end.since(*issued_at) / 20).max(crate::limits::REFRESH_AHEAD);
        end.since(now) < margin
    }

    /// When they end, if they are tokens that live long enough for an account to lie idle meanwhile: nobody would renew
    /// them in time but the sweep.
    pub fn ends_unused(&self) -> Option<Timestamp> {
        let Self::Tokens { issued_at, expires_at: Some(end), .. } = self else { return None };
        (end.since(*issued_at) > crate::limits::SWEEP_AHEAD).then_some(*end)
    }

    /// Whether the sweep should renew them at `now`: they end within ten days, and are a day old at least, which is when
    /// Meta renews them. Source: the rules for tokens.
    pub fn should_sweep(&self, now: Timestamp) -> bool {
        let Self::Tokens { issued_at, .. } = self else { return false };
        let near =
            self.ends_unused().is_some_and(|end| end.since(now) < crate::limits::SWEEP_AHEAD);
        near && now.since(*issued_at) >= crate::limits::RENEWABLE_AFTER
    }

    /// These new credentials, with the old refresh token if they bring none.
    #[must_use]
    pub fn renewing(self, old: &Self) -> Self {
        let usable =
            |token: &Option<Secret>| token.as_ref().is_some_and(|t| !t.reveal().is_empty());
        match (self, old) {
            (
                Self::Tokens { access, refresh, issued_at, expires_at },
                Self::Tokens { refresh: before, .. },
            ) if !usable(&refresh) => {
                Self::Tokens { access, refresh: before.clone(), issued_at, expires_at }
            }
            (new, _) => new,
        }
    }

    /// What binds a sealed secret to its place: account, platform and version of the token.
    pub fn binding(account: &Account, token_ver: u64) -> String {
        format!("{}|{}|{token_ver}", account.id, account.platform)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tokens(refresh: Option<&str>, hours: u64) -> Credentials {
        let issued_at = Timestamp::from_ms(1_795_161_600_000);
        Credentials::Tokens {
            access: Secret::new("access"),
            refresh: refresh.map(Secret::new),
            issued_at,
            expires_at: Some(issued_at.plus(Duration::from_secs(hours * 3600))),
        }
    }

    #[test]
    fn an_answer_without_a_refresh_token_keeps_the_old_one() {
        for empty in [None, Some("")] {
            let new = tokens(empty, 1).renewing(&tokens(Some("old"), 1));
            assert_eq!(new, tokens(Some("old"), 1));
        }
        assert_eq!(
            tokens(Some("new"), 1).renewing(&tokens(Some("old"), 1)),
            tokens(Some("new"), 1)
        );
    }

    #[test]
    fn tokens_are_renewed_before_they_end() {
        let at = |minutes: u64| {
            Timestamp::from_ms(1_795_161_600_000).plus(Duration::from_secs(minutes * 60))
        };
        assert!(!tokens(None, 1).should_refresh(at(50)));
        assert!(tokens(None, 1).should_refresh(at(51)));
        assert!(!tokens(None, 1440).should_refresh(at(1440 * 57)), "three of 60 days are left");
        assert!(tokens(None, 1440).should_refresh(at(1440 * 57 + 1)));
    }

    #[test]
    fn tokens_that_live_long_are_swept_in_their_last_ten_days() {
        let at = |days: u64| {
            Timestamp::from_ms(1_795_161_600_000).plus(Duration::from_secs(days * 24 * 3600))
        };
        let long = tokens(None, 60 * 24);
        let sweeps = [0, 50, 51, 59, 61].map(|day| long.should_sweep(at(day)));
        assert_eq!(sweeps, [false, false, true, true, true]);
        assert!(tokens(None, 2).ends_unused().is_none() && !tokens(None, 2).should_sweep(at(1)));
        assert!(!tokens(None, 11 * 24).should_sweep(at(0)), "too young to be renewed");
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let shown = format!("{:?}", tokens(Some("refresh-me"), 1));
        assert!(!shown.contains("refresh-me") && !shown.contains("\"access\""), "{shown}");
    }
}
