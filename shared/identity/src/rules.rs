//! What a deployment asks of a token.

use std::str::FromStr;

/// Signature algorithms that can be allowed. `none` is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// HMAC with a shared secret.
    Hs256,
    /// RSA PKCS #1 v1.5.
    Rs256,
    /// ECDSA on P-256.
    Es256,
}

impl Algorithm {
    /// The name in a token's header (RFC 7518, section 3.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl FromStr for Algorithm {
    type Err = String;

    /// Reads a name, as configuration writes it.
    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Hs256, Self::Rs256, Self::Es256].into_iter().find(|it| it.name() == name).ok_or_else(
            || format!("'{name}' is no supported JWT algorithm: use HS256, RS256 or ES256"),
        )
    }
}

/// Which tokens are accepted and where they say what. `exp` is always required.
#[derive(Debug, Clone)]
pub struct JwtRules {
    /// The algorithms that are accepted. An algorithm also has to fit the kind of key.
    pub algorithms: Vec<Algorithm>,
    /// What `aud` must be or contain, if anything.
    pub audience: Option<String>,
    /// What `iss` must be, if anything.
    pub issuer: Option<String>,
    /// The claim that holds the user's id.
    pub user_id_claim: String,
    /// The claim that holds what others may see of the user.
    pub info_claim: String,
    /// The claim that holds the workspaces: a list of ids, or a map from id to role.
    pub workspaces_claim: String,
    /// How far clocks may differ, in seconds.
    pub leeway_s: u64,
}

impl Default for JwtRules {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256],
            audience: None,
            issuer: None,
            user_id_claim: "sub".into(),
            info_claim: "user_info".into(),
            workspaces_claim: "workspaces".into(),
            leeway_s: 30,
        }
    }
}

impl JwtRules {
    /// The accepted algorithms for a message: `HS256, ES256`.
    pub(crate) fn accepted(&self) -> String {
        let names: Vec<_> = self.algorithms.iter().map(|it| it.name()).collect();
        names.join(", ")
    }
}
