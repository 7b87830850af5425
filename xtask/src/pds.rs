//! The Bluesky server that the adapter is tested against, installed from its lock file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Trouble, npm_ci, root, target};

/// What makes it up.
const FILES: [&str; 3] = ["package.json", "package-lock.json", "server.js"];
/// The lock file that was installed, as it was then.
const INSTALLED: &str = "node_modules/.installed.json";

/// Installs the server among what is built, unless it is there: compiling takes minutes. Its folder.
///
/// # Errors
/// When npm cannot install it.
pub(crate) fn install() -> Result<PathBuf, Trouble> {
    let (from, to) = (root().join("tests/pds"), target()?.join("pds"));
    let lock = from.join("package-lock.json");
    copy(&from, &to)?;
    if fs::read(to.join(INSTALLED)).ok() != fs::read(&lock).ok() {
        npm_ci(&to)?;
        fs::copy(&lock, to.join(INSTALLED))
            .map_err(|e| Trouble::of("cannot keep a lock file", e))?;
    }
    Ok(to)
}

fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    let failed = |e: std::io::Error| Trouble::of("cannot copy the Bluesky server", e);
    fs::create_dir_all(to).map_err(failed)?;
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).map_err(failed)?;
    }
    Ok(())
}
