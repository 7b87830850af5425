//! The push core on AWS.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws::Aws;
use config::{Deployed, Env, KmsConfig, OutsideConfig};
use dashboard::News;
use data::Data;
use dynamo::DynamoStore;
use jwks::Verifier;
use media::{Media, Place};
use notifying::Notifier;
use outbound::{Addresses, Http, Settings};
use platforms::Platforms;
use posts::Parcel;
use publishing::TickReport;
use registry::Registry;
use relay::Relay;
use vault::{Keys, LocalKeys, Vault};

use crate::after::After;
use crate::announcing::{Announcing, Bus};
use crate::gate::Gate;
use crate::metrics::{Metric, Metrics};
use crate::publish::now;
use crate::queue::NotSent;
use crate::start::StartError;

/// The variable with the key that seals accounts' credentials.
const ACCOUNTS_KEY: &str = "ACCOUNTS_KEY";

/// The push core on AWS.
pub type Core = dashboard::Core<DynamoStore, Gate>;

/// What functions work with.
pub struct Host {
    /// The environment, with the values of parameters.
    pub env: Env,
    /// Calls to AWS.
    pub aws: Aws,
    /// The durable tables.
    pub data: Data,
    /// The apps.
    pub registry: Arc<Registry>,
    /// The verbs.
    pub core: Arc<Core>,
    /// The store, for what is no verb of the core.
    pub store: DynamoStore,
    /// The way out.
    pub gate: Gate,
    /// The bus for domain events.
    pub bus: Option<Bus>,
    /// Numbers for CloudWatch.
    pub metrics: Metrics,
    /// What is done after the answer.
    pub after: After,
    /// What the operator decides.
    pub deployed: Deployed,
}

/// Milliseconds since the Unix epoch: the clock of all functions.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long a receiver of webhooks may take, to the last byte of its answer (the advice to those who send webhooks: 5 to 10 s).
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Posts on AWS.
pub type Publishing = publishing::Publishing<Platforms, Announcing>;

/// What functions work with that send posts and webhooks.
pub struct Posts {
    /// The verbs of posts.
    pub publishing: Arc<Publishing>,
    /// The verbs of webhooks.
    pub notifier: Arc<Notifier>,
    /// An app elsewhere that events are handed on to.
    pub relay: Option<Relay>,
}

impl Posts {
    /// Publishes what is due now in an invocation that has so much time; what is too much goes into the queue.
    pub async fn publish(&self, host: &Host, time: Duration) -> TickReport {
        let report = self.publishing.tick_within(now(), time, host.gate.queue()).await;
        self.note_lateness(host);
        report
    }

    /// Publishes what other runs put into the queue.
    pub async fn take_over(&self, host: &Host, parcels: Vec<Parcel>, time: Duration) -> TickReport {
        let queue = host.gate.queue();
        let report = self.publishing.take_over(parcels, now(), time, queue).await;
        self.note_lateness(host);
        report
    }

    fn note_lateness(&self, host: &Host) {
        let late = self.publishing.take_lateness().as_millis();
        host.metrics.raise(Metric::Lateness, u64::try_from(late).unwrap_or(u64::MAX));
    }
}

impl Host {
    /// Serves what was changed in the table of apps some seconds ago. What was served before stays if it cannot be read.
    pub async fn refresh(&self) {
        if let Err(error) = self.registry.refresh_when_due(now_ms()).await {
            tracing::warn!(%error, "the apps are served as they were");
        }
    }

    /// Sends what waits for the end of an invocation: events for the bus, then messages for the queue.
    ///
    /// # Errors
    /// When some messages could not be sent.
    pub async fn finish(&self) -> Result<(), NotSent> {
        if let Some(bus) = &self.bus {
            bus.flush(self.gate.queue()).await;
        }
        self.gate.queue().flush().await
    }

    /// What tells users from tokens.
    ///
    /// # Errors
    /// When nothing says how.
    pub fn verifier(&self) -> Result<Arc<Verifier>, StartError> {
        let jwt = self.deployed.jwt.clone().ok_or_else(config::jwt::missing)?;
        Ok(Arc::new(jwt.verifier()?))
    }

    /// What sends posts and webhooks.
    ///
    /// # Errors
    /// When accounts' credentials cannot be opened, or there is no HTTPS client.
    pub fn posts(&self) -> Result<Posts, StartError> {
        let settings = &self.deployed.settings;
        let addresses = if settings.allow_private_addresses == Some(true) {
            Addresses::AlsoPrivate
        } else {
            Addresses::Public
        };
        let http = Http::new(Settings { timeout: WEBHOOK_TIMEOUT, ..Settings::new(addresses) })?;
        let (apps, endpoints) = (self.registry.apps(), self.registry.endpoints());
        let (data, bus) = (self.data.clone(), settings.bus.clone());
        let (_, notifier, writer) = Notifier::new(data, http, bus, apps, endpoints, false);
        tokio::spawn(writer.run());
        let relay = settings.relay.clone();
        let platforms =
            Platforms::new(Http::new(Settings::new(addresses))?, settings.platforms.clone());
        let vault = Arc::new(self.vault()?);
        let rules = posts::Settings { late: settings.late_limit, alone: false };
        let news = Announcing::new(News(Arc::clone(&self.core)), self.bus.clone());
        let publishing = Publishing::new(self.data.clone(), vault, platforms, news, rules);
        let publishing = publishing.with_media(pictures(&settings.outside, addresses)?);
        Ok(Posts { publishing: Arc::new(publishing), notifier, relay })
    }

    /// What seals accounts' credentials, and what opens them while one key takes the place of another.
    fn vault(&self) -> Result<Vault, StartError> {
        let settings = &self.deployed.settings;
        let (keys, told) = match &settings.kms {
            Some(kms) => (kms.keys()?, self.key()?),
            None => (Keys::Local(self.key()?.ok_or(StartError::NoAccountsKey)?), None),
        };
        let kms = settings.kms_also.as_ref().map(KmsConfig::keys).transpose()?;
        Ok(Vault::new(keys).opening_also(told.map(Keys::Local).into_iter().chain(kms).collect()))
    }

    /// The key that the host was told, if it was.
    fn key(&self) -> Result<Option<LocalKeys>, StartError> {
        let Some(text) = self.env.get(ACCOUNTS_KEY) else { return Ok(None) };
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Some(LocalKeys::of_bytes(bytes.ok_or(StartError::NoAccountsKey)?)))
    }
}

/// Pictures, kept in the bucket that is configured; without one they are refused.
fn pictures(outside: &OutsideConfig, addresses: Addresses) -> Result<Media, StartError> {
    let Some(url) = &outside.media_url else { return Ok(Media::none()) };
    Ok(Media::new(Place::open(url)?, addresses, outside.public_url.as_deref())?)
}
