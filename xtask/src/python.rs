//! Pythons of the tests' own, with the packages that they name.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Trouble, succeed, target};

/// Makes a folder's environment if it is not there, installs what its `requirements.txt` says, and answers the interpreter.
/// Each folder has its own: what they name need not agree.
///
/// # Errors
/// When Python is missing, or cannot install.
pub(crate) fn environment(folder: &Path) -> Result<PathBuf, Trouble> {
    let home = target()?.join("python").join(folder.file_name().unwrap_or_default());
    let python = home.join("bin/python");
    if !python.exists() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&home)).map_err(
            |Trouble(why)| Trouble(format!("{why}; install Python 3 with its venv module")),
        )?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]);
    succeed(pip.arg("requirements.txt").current_dir(folder))?;
    Ok(python)
}
