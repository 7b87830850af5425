//! Functions and their environments: an event goes to one that waits; when all are busy another one is started, up to a
//! limit; above that events wait.
//!
//! An environment is busy from an event to the next poll of the Runtime API, so also while it works on after its answer.

mod environment;
mod process;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::oneshot;

use crate::activity::Activity;
use crate::calls::Call;
use crate::faults::{Fault, Faults};
use crate::ids;
use crate::settings::Current;

pub(crate) use environment::{Environments, Invocation};
pub(crate) use process::{Launcher, Processes};
pub(crate) use watch::Watch;
pub use watch::WatchError;

/// The functions there are.
pub(crate) const FUNCTIONS: [&str; 9] =
    ["connect", "message", "disconnect", "auth", "api", "publish", "fanout", "worker", "bridge"];

/// Where functions run.
#[derive(Debug, Clone)]
pub enum Host {
    /// Binaries in a folder, each named like its function. They are started and killed as needed.
    Binaries(PathBuf),
    /// `cargo lambda watch`, started in a folder.
    Watch {
        /// The program `cargo-lambda`.
        program: PathBuf,
        /// The workspace with the functions.
        folder: PathBuf,
    },
    /// Whoever polls `/_runtime/FUNCTION/NUMBER/2018-06-01/runtime/invocation/next`.
    Polled,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The function's answer.
    Answered(Bytes),
    /// The function's error, or that it ended without an answer.
    Failed(Bytes),
}

impl Outcome {
    /// A failure that the function could not report itself.
    pub(crate) fn failed(kind: &str, message: &str) -> Self {
        Self::Failed(json!({ "errorType": kind, "errorMessage": message }).to_string().into())
    }
}

/// All functions.
pub(crate) struct Functions {
    settings: Current,
    activity: Activity,
    faults: Arc<Faults>,
    launcher: Launcher,
    all: Mutex<BTreeMap<String, Arc<Environments>>>,
}

impl Functions {
    /// Functions that the launcher starts.
    pub(crate) fn new(
        settings: Current,
        activity: Activity,
        faults: Arc<Faults>,
        launcher: Launcher,
    ) -> Self {
        Self { settings, activity, faults, launcher, all: Mutex::default() }
    }

    /// Invokes a function and waits for the end of it.
    pub(crate) async fn invoke(&self, name: &str, event: Bytes) -> Outcome {
        let _busy = self.activity.begin();
        let action = "invoke".to_owned();
        let call = Call { function: name.to_owned(), action, resource: format!("function/{name}") };
        match self.faults.meet(&call, &call.resource) {
            None | Some(Fault::Throttled | Fault::Cut | Fault::CutAfter) => {
                self.run(name, event).await
            }
            Some(Fault::Slow(ms)) => {
                tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
                self.run(name, event).await
            }
            Some(Fault::Twice) => {
                let first = self.run(name, event.clone()).await;
                self.run(name, event).await;
                first
            }
            Some(Fault::Hang) => {
                tokio::time::sleep(self.settings.time(|it| it.function_ms)).await;
                Outcome::failed("Sandbox.Timedout", "Task timed out")
            }
            Some(Fault::Status(_) | Fault::Kill) => exited(),
            Some(Fault::KillAfter) => {
                self.run(name, event).await;
                exited()
            }
        }
    }

    async fn run(&self, name: &str, event: Bytes) -> Outcome {
        let limit = self.settings.time(|it| it.function_ms);
        if let Launcher::Watch(watch) = &self.launcher {
            return watch.invoke(name, event, limit).await;
        }
        let environments = self.environments(name);
        let (reply, outcome) = oneshot::channel();
        let id = ids::request();
        let deadline_ms = ids::now_ms().saturating_add(self.settings.of(|it| it.function_ms));
        environments.push(Invocation { id: id.clone(), event, deadline_ms, reply });
        self.scale(&environments);
        match tokio::time::timeout(limit, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => exited(),
            Err(_) => {
                environments.kill_whoever_runs(&id);
                Outcome::failed("Sandbox.Timedout", &format!("{id} Task timed out"))
            }
        }
    }

    /// A function's environments.
    pub(crate) fn environments(&self, name: &str) -> Arc<Environments> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(Environments::new(name, self.activity.clone()));
        Arc::clone(all.entry(name.to_owned()).or_insert_with(made))
    }

    /// Ends the environment that an access key belongs to. Whether there was one.
    pub(crate) fn kill(&self, key_id: &str) -> bool {
        let Some((function, number)) = process::owner_of(key_id) else { return false };
        self.environments(function).kill(number)
    }

    /// Starts an environment if events wait that no other one will take.
    fn scale(&self, environments: &Arc<Environments>) {
        let Launcher::Processes(processes) = &self.launcher else { return };
        let most = self.settings.of(|it| it.concurrency);
        while let Some((number, end)) = environments.start_another(most) {
            processes.start(environments, number, end);
        }
    }
}

/// What Lambda says of a function whose process ended.
fn exited() -> Outcome {
    Outcome::failed("Runtime.ExitError", "Runtime exited without providing a reason")
}

/// The function that an access key belongs to, or the key itself if it is of another making.
pub(crate) fn owner_of(key_id: &str) -> &str {
    process::owner_of(key_id).map_or(key_id, |(function, _)| function)
}

/// Where the Runtime API of an environment is, for `AWS_LAMBDA_RUNTIME_API`. With a path it needs a scheme.
fn runtime_api(address: SocketAddr, function: &str, number: u32) -> String {
    format!("http://{address}/_runtime/{function}/{number}")
}
