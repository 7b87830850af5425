//! What may be set on every host, whether its apps are real or not.

use std::time::Duration;

use auth::Secret;
use gateway::Origins;
use notifying::Bus;
use platforms::Apis;
use relay::Relay;

use crate::{
    ConfigError, Env, File, KmsConfig, OutsideConfig, VisitorsConfig, bearer, bus, origins,
    outside, visitors,
};

/// Minutes that a post may be late before it counts as missed (publishing rules: 60 by default).
const LATE_LIMIT_MINUTES: u64 = 60;
/// The range of `late_limit_minutes`: 15 minutes to 24 hours, as the publishing rules set it.
const LATE_LIMIT_RANGE: std::ops::RangeInclusive<u64> = 15..=1_440;

/// How posts are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishingConfig {
    /// May webhooks go to private and loopback addresses, and to `http`?
    pub allow_private_addresses: bool,
    /// How late a post may still go out.
    pub late_limit: Duration,
}

/// Settings with what is absent left absent, where hosts have different usual values.
#[derive(Debug)]
pub struct Settings {
    /// The bearer token of the cron route; without it that route refuses everyone.
    pub cron_secret: Option<Secret>,
    /// The bearer token of the admin routes; without it those routes refuse everyone.
    pub admin_key: Option<Secret>,
    /// The way to event buses, if there is one.
    pub bus: Option<Bus>,
    /// Web origins that may call the HTTP API from a browser.
    pub allowed_origins: Option<Origins>,
    /// Who may come how often.
    pub visitors: VisitorsConfig,
    /// May webhooks go to private and loopback addresses, and to `http`?
    pub allow_private_addresses: Option<bool>,
    /// How late a post may still go out.
    pub late_limit: Duration,
    /// The key of AWS KMS that seals accounts' credentials, if one is named.
    pub kms: Option<KmsConfig>,
    /// Another key of AWS KMS, which opens what was sealed under it.
    pub kms_also: Option<KmsConfig>,
    /// How the server is reached from outside, and where pictures are kept.
    pub outside: OutsideConfig,
    /// Where platforms are, and what the operator registered with them.
    pub platforms: Apis,
    /// An app elsewhere that published events are handed on to.
    pub relay: Option<Relay>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the first value that is malformed, with an example of a good one.
    pub fn read(env: &Env, file: &File) -> Result<Self, ConfigError> {
        const LATE: &str = "PUSHBRIDGE_LATE_LIMIT_MINUTES";
        let (name, minutes) = match env.parse(LATE, "60", |text| text.parse().ok())? {
            Some(minutes) => (LATE, minutes),
            None => (
                "publishing.late_limit_minutes",
                file.publishing.late_limit_minutes.unwrap_or(LATE_LIMIT_MINUTES),
            ),
        };
        if !LATE_LIMIT_RANGE.contains(&minutes) {
            let why = format!("{minutes} is not between 15 and 1440");
            return Err(ConfigError::malformed(name, why, "60"));
        }
        Ok(Self {
            cron_secret: bearer::cron_secret(env, file)?,
            admin_key: bearer::admin_key(env, file)?,
            bus: bus::read(env)?,
            allowed_origins: origins::read(env, file)?,
            visitors: visitors::read(&file.server)?,
            allow_private_addresses: match env.switch("PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES")? {
                Some(allowed) => Some(allowed),
                None => file.publishing.allow_private_addresses,
            },
            late_limit: Duration::from_secs(minutes * 60),
            kms: KmsConfig::read(env, file)?,
            kms_also: KmsConfig::read_also(env, file)?,
            outside: outside::read(env, file)?,
            platforms: file.platforms.clone(),
            relay: env.get("RELAY_PUSHER_URL").map(Relay::parse).transpose()?,
        })
    }
}
