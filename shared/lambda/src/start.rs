//! Init: what is done once, before the first event.

use std::sync::Arc;

use aws::{Account, Aws, Connections};
use channels::SharedApps;
use config::{ConfigError, Deployed, Env};
use dashboard::Directory;
use data::{Data, Tables};
use dynamo::DynamoStore;
use registry::Registry;
use service::Service;
use webhooks::{Endpoint, EndpointSpec};

use crate::after::After;
use crate::announcing::Bus;
use crate::gate::Gate;
use crate::host::{Host, now_ms};
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::{logs, mapping};

/// Longest life of a connection at API Gateway, two hours (WebSocket API quotas), and some room, in seconds.
const LIFE_S: u64 = 2 * 3_600 + 600;

/// Why a function does not start: one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What Lambda sets is not there.
    #[error(transparent)]
    Account(#[from] aws::AccountError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The place of pictures cannot be used.
    #[error("MEDIA_URL cannot be used: {0}.")]
    Media(#[from] media::PlaceError),
    /// An endpoint cannot be used.
    #[error(transparent)]
    Endpoint(#[from] aws::EndpointError),
    /// Parameters cannot be read.
    #[error("The parameters that hold secrets cannot be read: {0}; check the function's policy.")]
    Parameters(aws::CallError),
    /// A parameter does not exist.
    #[error(
        "{variable}_PARAM names the parameter {parameter}, which does not exist; create it, or name another one."
    )]
    NoParameter {
        /// The variable that it is for.
        variable: String,
        /// Its name.
        parameter: String,
    },
    /// There are no apps.
    #[error("The apps cannot be served: {0}.")]
    Apps(#[from] registry::OpenError),
    /// The keys of tokens cannot be used.
    #[error("JWT_JWKS_URL cannot be used: {0}.")]
    Jwks(#[from] jwks::UrlError),
    /// The bus for domain events cannot be used.
    #[error("EVENT_BUS cannot be used: {0}.")]
    Bus(webhooks::Malformed),
    /// The bridge's rules cannot be used.
    #[error(transparent)]
    Rules(#[from] mapping::RulesError),
    /// Credentials cannot be sealed.
    #[error(
        "ACCOUNTS_KEY is missing or not 64 hexadecimal digits; set it, for example to the output of `openssl rand -hex 32`."
    )]
    NoAccountsKey,
    /// There is no HTTPS client.
    #[error(transparent)]
    Http(#[from] outbound::HttpError),
    /// Lambda is gone.
    #[error("The Runtime API failed: {0}.")]
    Runtime(#[from] lambda_runtime::Error),
}

/// What every function begins with.
pub struct Start {
    /// The environment, with the values of parameters.
    pub env: Env,
    /// Calls to AWS.
    pub aws: Aws,
    /// What the operator decides.
    pub deployed: Deployed,
}

impl Start {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// When something that every function needs is missing or cannot be used.
    pub async fn of_process() -> Result<Self, StartError> {
        logs::begin();
        Self::read(Env::of_process()).await
    }

    /// Reads an environment.
    ///
    /// # Errors
    /// As [`Start::of_process`].
    pub async fn read(env: Env) -> Result<Self, StartError> {
        let aws = Aws::new(Account::read(|name| env.get(name))?)?;
        let env = with_parameters(env, &aws).await?;
        let deployed = Deployed::read(&env)?;
        Ok(Self { env, aws, deployed })
    }

    /// Puts the push core together. The table of apps is read and a connection to the gateway is opened, at once:
    /// both TLS handshakes are over before the first event.
    ///
    /// # Errors
    /// When there are no apps, or an endpoint's address is none.
    pub async fn host(self) -> Result<Host, StartError> {
        let Self { env, aws, deployed } = self;
        let client = aws::dynamodb(aws.account())?;
        let data = Data::named(client.clone(), tables(&env));
        let connections = env.get("WS_ENDPOINT").map(|url| Connections::new(&aws, url));
        let connections = connections.transpose()?;
        let warm = async {
            if let Some(connections) = &connections {
                connections.warm().await;
            }
        };
        let bus = env.get("EVENT_BUS").map(|name| Bus::new(&aws, name));
        let heard = env.get("EVENT_BUS").map(domain_events).transpose()?;
        let opened = Registry::open(data.clone(), deployed.specs.clone(), heard);
        let (registry, ()) = tokio::join!(opened, warm);
        let registry = Arc::new(registry?);
        let queue = Queue::new(&aws, env.get("QUEUE_URL"));
        let metrics = Metrics::new(&aws.account().function);
        let fanout = env.get("FANOUT_FUNCTION");
        let gate = Gate::new(aws.clone(), connections, queue, fanout, metrics.clone());
        let first = registry.apps().load().first().id.clone();
        let gate = gate.handing_on(deployed.settings.relay.is_some().then_some(first));
        let store = store(&env, client, registry.apps());
        let facts = Directory(data.clone());
        let core = Arc::new(Service::new(registry.apps(), store.clone(), gate.clone(), facts));
        let after = After::default();
        Ok(Host { env, aws, data, registry, core, store, gate, bus, metrics, after, deployed })
    }
}

/// The events of channels and members that go to the bus of domain events, as those of a webhook do: stored, and sent
/// again entry by entry.
const DOMAIN_EVENTS: [&str; 5] =
    ["channel_occupied", "channel_vacated", "member_added", "member_removed", "subscription_count"];

/// The bus as a receiver of what every app tells of its channels.
fn domain_events(bus: &str) -> Result<Endpoint, StartError> {
    let spec = EndpointSpec {
        id: Some("domain-events".to_owned()),
        event_bus: Some(bus.to_owned()),
        events: DOMAIN_EVENTS.map(str::to_owned).into(),
        batching: true,
        ..EndpointSpec::default()
    };
    spec.check().map_err(StartError::Bus)
}

fn tables(env: &Env) -> Tables {
    let usual = Tables::default();
    let name = |variable, usual: String| env.get(variable).map_or(usual, str::to_owned);
    Tables {
        posts: name("TABLE_POSTS", usual.posts),
        accounts: name("TABLE_ACCOUNTS", usual.accounts),
        webhooks: name("TABLE_WEBHOOKS", usual.webhooks),
        apps: name("TABLE_APPS", usual.apps),
    }
}

fn store(env: &Env, client: aws_sdk_dynamodb::Client, apps: SharedApps) -> DynamoStore {
    let table = env.get("TABLE_REALTIME").unwrap_or("realtime").to_owned();
    DynamoStore::new(client, apps, dynamo::Settings { table, life_s: LIFE_S, now_ms })
}

/// Fetches the parameters that variables name, all at once.
async fn with_parameters(env: Env, aws: &Aws) -> Result<Env, StartError> {
    let wanted = env.parameters();
    if wanted.is_empty() {
        return Ok(env);
    }
    let names: Vec<&str> = wanted.values().map(String::as_str).collect();
    let found = aws.parameters(&names).await.map_err(StartError::Parameters)?;
    wanted.into_iter().try_fold(env, |env, (variable, parameter)| match found.get(&parameter) {
        Some(value) => Ok(env.with(variable, value.clone())),
        None => Err(StartError::NoParameter { variable, parameter }),
    })
}
