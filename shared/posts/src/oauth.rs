//! Accounts that are connected by asking a person at the platform (OAuth 2.0, RFC 6749; PKCE, RFC 7636). Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delivery::digest;
use crate::{AccountId, Caller, Conflict, Secret, Timestamp, UserId, WorkspaceId};

/// How long a person may take at the platform. Source: the rules for connecting, 10 minutes.
pub const CONNECT_FOR: Duration = Duration::from_secs(10 * 60);

/// A request for access, to be carried to the platform by the person's browser.
#[derive(Debug, Clone, Copy)]
pub struct OAuthAsk<'a> {
    /// Where the platform sends the person back to.
    pub redirect_uri: &'a str,
    /// What it must bring back unchanged.
    pub state: &'a str,
    /// The SHA-256 of the verifier, in base64url (RFC 7636, `S256`).
    pub code_challenge: &'a str,
    /// The instance of the platform; empty where there is one for all.
    pub instance: &'a str,
    /// What registering with the instance gave.
    pub registered: Option<&'a Secret>,
}

/// What the platform sent back with the person.
#[derive(Debug, Clone, Copy)]
pub struct OAuthGrant<'a> {
    /// The code to exchange.
    pub code: &'a Secret,
    /// The text whose hash the request carried (RFC 7636).
    pub code_verifier: &'a Secret,
    /// Where the platform sent the person back to, as in the request.
    pub redirect_uri: &'a str,
    /// The instance of the platform; empty where there is one for all.
    pub instance: &'a str,
    /// What registering with the instance gave.
    pub registered: Option<&'a Secret>,
    /// When it came.
    pub now: Timestamp,
}

/// Why access was not asked for or not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthRefusal {
    /// The platform's accounts are connected by credentials, or there is no such platform.
    NotOffered,
    /// The operator has not registered this server with the platform; here is the setting that is missing.
    NotConfigured(&'static str),
    /// What the request names cannot be asked, such as an instance that is none.
    Invalid(String),
    /// The platform did not grant it, or does not answer: a sentence for the person.
    NotGranted(String),
}

/// What is remembered while a person is at the platform. It is stored sealed, under the hash of the state alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Who asked.
    pub user_id: UserId,
    /// For which workspace.
    pub workspace_id: WorkspaceId,
    /// The platform.
    pub platform: String,
    /// Its instance; empty where there is one for all.
    pub instance: String,
    /// The account to connect again, if it is not a new one.
    pub account_id: Option<AccountId>,
    /// Where the platform sends the person back to.
    pub redirect_uri: String,
    /// What the exchange proves to know.
    pub verifier: Secret,
    /// The hash of what the browser that asked was given to keep.
    pub browser: String,
    /// What registering with the instance gave.
    pub registered: Option<Secret>,
    /// When it ends.
    pub until: Timestamp,
}

impl Pending {
    /// What stands for a state, or for what a browser keeps, in storage.
    pub fn hash(secret: &str) -> String {
        digest(&["connect", secret])
    }

    /// Lets the answer through that a browser brought back: to the same platform, in time, by the browser that asked,
    /// and by the same user if it shows one.
    pub fn check(
        &self,
        platform: &str,
        browser: &str,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        if now > self.until || platform != self.platform {
            return Err(Conflict::StateUnknown);
        }
        let same_user = user.is_none_or(|user| *user == self.user_id);
        if !same_user || Self::hash(browser) != self.browser {
            return Err(Conflict::StateElsewhere);
        }
        Ok(())
    }

    /// The person who asked, as the caller of what follows.
    pub fn caller(&self) -> Caller {
        let workspaces = [self.workspace_id.clone()].into_iter().collect();
        Caller { user_id: self.user_id.clone(), workspaces }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_from_whoever_asked() {
        let now = Timestamp::from_ms(1_000_000);
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let pending = Pending {
            user_id: ann.clone(),
            workspace_id: WorkspaceId::parse("w").unwrap(),
            platform: "x".into(),
            instance: String::new(),
            account_id: None,
            redirect_uri: String::new(),
            verifier: Secret::new("verifier"),
            browser: Pending::hash("kept"),
            registered: None,
            until: now.plus(CONNECT_FOR),
        };
        let later = now.plus(CONNECT_FOR + Duration::from_millis(1));
        let (unknown, elsewhere) = (Err(Conflict::StateUnknown), Err(Conflict::StateElsewhere));
        let table = [
            ("x", "kept", None, now, Ok(())),
            ("x", "kept", Some(&ann), now.plus(CONNECT_FOR), Ok(())),
            ("x", "kept", Some(&bob), now, elsewhere),
            ("x", "", None, now, elsewhere),
            ("x", "other", Some(&ann), now, elsewhere),
            ("linkedin", "kept", None, now, unknown),
            ("x", "kept", None, later, unknown),
        ];
        for (platform, browser, user, at, expected) in table {
            assert_eq!(
                pending.check(platform, browser, user, at),
                expected,
                "{platform} {browser}"
            );
        }
        assert!(!format!("{pending:?}").contains("verifier\""));
    }
}
