//! The tools of AWS, and what they say of the template.

use std::env::{join_paths, split_paths, var_os};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::python;
use crate::run::{Trouble, root, succeed, target};
use crate::tally::Tally;

/// `cfn-lint`, `sam` and `cargo lambda`, in an environment of their own.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Installs them, as `tests/aws/requirements.txt` names them.
    ///
    /// # Errors
    /// When Python is missing, or cannot install.
    pub(crate) fn install() -> Result<Self, Trouble> {
        let python = python::environment(&root().join("tests/aws"))?;
        Ok(Self { bin: python.parent().map(Into::into).unwrap_or_default() })
    }

    /// One of them, in the workspace's root, with the others in its path.
    pub(crate) fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(self.program(name));
        command.current_dir(root()).env("PATH", self.path());
        // No account is asked for anything; SAM wants to know a region all the same.
        command.envs([("SAM_CLI_TELEMETRY", "0"), ("AWS_DEFAULT_REGION", "us-east-1")]);
        command
    }

    /// Where one of them is.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn path(&self) -> OsString {
        let path = var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.bin.clone()).chain(split_paths(&path));
        join_paths(all).unwrap_or(path)
    }
}

/// Lints the template and builds all functions by it, for the machine that this is: no other linker is needed then.
///
/// # Errors
/// When the target folder cannot be told.
pub(crate) fn template(tools: &Tools) -> Result<Tally, Trouble> {
    let built = target()?.join("sam");
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let mut lint = tools.tool("cfn-lint");
    lint.arg("infra/template.yaml");
    let mut validate = tools.tool("sam");
    validate.args(["validate", "--lint"]);
    let mut build = tools.tool("sam");
    build.args(["build", "--parameter-overrides", &format!("Architecture={architecture}")]);
    // Unoptimized: nine optimized functions take a quarter of an hour, and show no more of the template.
    build.arg("--build-dir").arg(built).env("SAM_BUILD_MODE", "debug");
    let mut tally = Tally::default();
    for mut check in [lint, validate, build] {
        match succeed(&mut check) {
            Ok(()) => tally.passed += 1,
            Err(Trouble(why)) => {
                println!("\nFAILED: {why}");
                tally.failed += 1;
            }
        }
    }
    Ok(tally)
}
