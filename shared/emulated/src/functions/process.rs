//! Environments as processes of this machine.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use tokio::process::{Child, Command};
use tokio::sync::Notify;

use super::environment::Environments;
use super::{Watch, runtime_api};
use crate::ids::REGION;
use crate::signature::{SECRET, TOKEN};

/// What the access keys of functions begin with.
const KEY: &str = "EMULATED";
/// What a function is told of its memory, in MB.
const MEMORY_MB: &str = "512";

/// What starts environments.
pub(crate) enum Launcher {
    /// One process for each.
    Processes(Processes),
    /// `cargo lambda watch` does.
    Watch(Watch),
    /// Somebody else does.
    Nobody,
}

/// Starts binaries.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    /// The folder with the binaries.
    pub(crate) folder: PathBuf,
    /// What every function finds in its environment.
    pub(crate) variables: BTreeMap<String, String>,
    /// Where the Runtime API is.
    pub(crate) runtime: SocketAddr,
}

/// Variables of every function that are the same wherever it runs.
pub(crate) fn credentials(key_id: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", key_id.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_SESSION_TOKEN", TOKEN.to_owned()),
    ]
}

/// The access key of an environment: it tells whose a call is.
pub(crate) fn key_of(function: &str, number: u32) -> String {
    format!("{KEY}-{function}-{number}")
}

/// The function and the number of the environment that an access key belongs to.
pub(super) fn owner_of(key_id: &str) -> Option<(&str, u32)> {
    let (function, number) = key_id.strip_prefix(KEY)?.strip_prefix('-')?.rsplit_once('-')?;
    Some((function, number.parse().ok()?))
}

impl Processes {
    /// Starts an environment. It ends when `end` is notified, or by itself.
    pub(super) fn start(&self, environments: &Arc<Environments>, number: u32, end: Arc<Notify>) {
        let environments = Arc::clone(environments);
        match self.spawn(&environments.name, number) {
            Ok(mut child) => {
                tokio::spawn(async move {
                    tokio::select! {
                        _ = child.wait() => {}
                        () = end.notified() => drop(child.kill().await),
                    }
                    tracing::info!(function = environments.name, number, "an environment ended");
                    environments.ended(number);
                });
            }
            Err(error) => {
                tracing::error!(%error, function = environments.name, "a function cannot be started");
                environments.ended(number);
            }
        }
    }

    fn spawn(&self, name: &str, number: u32) -> io::Result<Child> {
        // What a function prints goes to the log: standard output belongs to whoever serves.
        let log = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
        Command::new(self.folder.join(name))
            .env_clear()
            .envs(&self.variables)
            .envs(credentials(&key_of(name, number)))
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api(self.runtime, name, number))
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MB)
            .stdin(Stdio::null())
            .stdout(log()?)
            .stderr(log()?)
            .kill_on_drop(true)
            .spawn()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_environment() {
        assert_eq!(owner_of(&key_of("message", 7)), Some(("message", 7)));
        assert_eq!(owner_of("AKIA0000"), None);
    }
}
