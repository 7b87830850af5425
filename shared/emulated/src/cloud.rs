//! Putting it together, starting and stopping it.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use embedded::Engine;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::activity::Activity;
use crate::api::{self, World};
use crate::calls::Calls;
use crate::dynamodb::Tables;
use crate::faults::{Faults, Rule};
use crate::functions::{Functions, Host, Launcher, Processes, Watch, WatchError};
use crate::serve::serve;
use crate::settings::{Current, Settings};
use crate::{gateway, ids, schedule, sqs};

/// What it takes to start.
pub struct Options {
    /// Where clients connect.
    pub public: TcpListener,
    /// Where functions run.
    pub host: Host,
    /// What functions find in their environment, beside what AWS puts there and what names its services.
    pub variables: BTreeMap<String, String>,
    /// Holds all tables but one.
    pub data: Engine,
    /// The name of the table of who is connected, and what holds it.
    pub realtime: (String, Engine),
    /// Limits, delays and rates.
    pub settings: Settings,
    /// The file that gets a line for each kind of call that a function makes.
    pub calls: Option<PathBuf>,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port.
    #[error("no port on loopback can be had: {0}")]
    Listen(#[from] io::Error),
    /// No functions.
    #[error(transparent)]
    Watch(#[from] WatchError),
}

/// The running emulation. It ends when this is dropped.
pub struct Cloud {
    world: Arc<World>,
    loopback: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Cloud {
    /// Starts it.
    ///
    /// # Errors
    /// When it gets no port, or `cargo lambda watch` does not run.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { public, host, variables, data, realtime, settings, calls } = options;
        let loopback = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = loopback.local_addr()?;
        let mut all = variables;
        all.extend(names(address, &settings.stage));
        let launcher = launcher(host, &all, address, settings.concurrency).await?;

        let (settings, activity) = (Current::new(settings), Activity::new());
        let faults = Arc::new(Faults::default());
        let functions =
            Functions::new(settings.clone(), activity.clone(), Arc::clone(&faults), launcher);
        let world = Arc::new(World {
            settings,
            activity,
            faults,
            calls: Calls::new(calls),
            functions,
            tables: Tables { data, realtime },
            sockets: Default::default(),
            meter: Default::default(),
            queue: Default::default(),
            buses: Default::default(),
            variables: all,
        });
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(sqs::consume(Arc::clone(&world)));
        tasks.spawn(schedule::run(Arc::clone(&world)));
        let inside = Arc::clone(&world);
        tasks.spawn(serve(loopback, stopped.clone(), move |request, _| {
            api::answer(Arc::clone(&inside), request)
        }));
        let outside = Arc::clone(&world);
        tasks.spawn(serve(public, stopped, move |request, peer| {
            gateway::answer(Arc::clone(&outside), request, peer)
        }));
        Ok(Self { world, loopback: address, stop, tasks })
    }

    /// The loopback port: AWS as functions see it, and the [`control`](crate::control) routes.
    pub fn loopback(&self) -> SocketAddr {
        self.loopback
    }

    /// Replaces the faults.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.world.faults.set(rules);
    }

    /// Replaces the settings.
    pub fn set(&self, settings: Settings) {
        self.world.settings.set(settings);
    }

    /// Sends an event of the schedule.
    pub fn tick(&self) {
        schedule::tick(&self.world);
    }

    /// Waits until nothing is under way.
    pub async fn settled(&self) {
        self.world.activity.settled().await;
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.tasks.abort_all();
    }
}

/// The variables that name services and resources: the SDKs' own for endpoints, the product's for resources.
fn names(loopback: SocketAddr, stage: &str) -> Vec<(String, String)> {
    let url = format!("http://{loopback}");
    let services = [
        "DYNAMODB",
        "SQS",
        "EVENTBRIDGE",
        "LAMBDA",
        "SSM",
        "SECRETS_MANAGER",
        "APIGATEWAYMANAGEMENTAPI",
    ];
    let mut all: Vec<_> = services
        .iter()
        .map(|service| (format!("AWS_ENDPOINT_URL_{service}"), url.clone()))
        .collect();
    let more = [
        ("WS_ENDPOINT", format!("{url}/{stage}")),
        ("QUEUE_URL", format!("{url}/{}/{}", ids::ACCOUNT, sqs::QUEUE)),
        ("FANOUT_FUNCTION", "fanout".to_owned()),
        ("EVENT_BUS", "pushbridge".to_owned()),
        ("AWS_ENDPOINT_URL", url),
    ];
    all.extend(more.map(|(name, value)| (name.to_owned(), value)));
    all
}

async fn launcher(
    host: Host,
    variables: &BTreeMap<String, String>,
    runtime: SocketAddr,
    concurrency: usize,
) -> Result<Launcher, WatchError> {
    Ok(match host {
        Host::Polled => Launcher::Nobody,
        Host::Binaries(folder) => {
            Launcher::Processes(Processes { folder, variables: variables.clone(), runtime })
        }
        Host::Watch { program, folder } => {
            Launcher::Watch(Watch::start(&program, &folder, variables, concurrency).await?)
        }
    })
}
