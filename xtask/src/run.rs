//! Running other programs from the root of the workspace.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a task did not succeed: one sentence for whoever ran it.
#[derive(Debug, Clone)]
pub(crate) struct Trouble(pub(crate) String);

impl Trouble {
    /// What was tried, and why it did not work.
    pub(crate) fn of(what: &str, why: impl fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// The workspace's root: the parent of this crate's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or says that it failed.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Trouble> {
    let name = describe(command);
    println!("$ {name}");
    let status = command.status().map_err(|e| Trouble::of(&format!("cannot run `{name}`"), e))?;
    if status.success() { Ok(()) } else { Err(Trouble(format!("`{name}` failed ({status})"))) }
}

/// What a program prints, trimmed; `None` when it is missing or fails.
pub(crate) fn text_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|it| it.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Installs a folder's npm packages exactly as its lock file says.
///
/// # Errors
/// When npm is missing or cannot install.
pub(crate) fn npm_ci(folder: &Path) -> Result<(), Trouble> {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    succeed(&mut npm)
}

/// Where cargo puts the binary `name` of a profile's folder (`debug` or `release`).
///
/// # Errors
/// When `cargo metadata` cannot be read.
pub(crate) fn built(profile: &str, name: &str) -> Result<PathBuf, Trouble> {
    Ok(target()?.join(profile).join(name))
}

/// Where cargo builds, which may be outside of the checkout.
///
/// # Errors
/// When `cargo metadata` cannot be read.
pub(crate) fn target() -> Result<PathBuf, Trouble> {
    let text = text_of(cargo().args(["metadata", "--format-version=1", "--no-deps"]))
        .ok_or_else(|| Trouble("`cargo metadata` failed; run it to see why".into()))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| Trouble::of("cannot read cargo's metadata", e))?;
    Ok(metadata["target_directory"].as_str().unwrap_or("target").into())
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
