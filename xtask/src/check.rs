//! `cargo xtask check`: format, lints, docs.

use crate::run::{Trouble, cargo, succeed};

/// Runs the three checks and stops at the first that fails.
///
/// # Errors
/// When a check fails.
pub(crate) fn run() -> Result<(), Trouble> {
    succeed(cargo().args(["fmt", "--all", "--check"]))?;
    succeed(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    succeed(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
