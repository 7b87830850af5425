//! What the functions called, for whoever compares it with their policies.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// One kind of call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Call {
    /// The function's name.
    pub(crate) function: String,
    /// The IAM action, `dynamodb:PutItem`.
    pub(crate) action: String,
    /// What it is done to, as a policy names it, without the account.
    pub(crate) resource: String,
}

/// Every kind of call that was made, once.
#[derive(Debug)]
pub(crate) struct Calls {
    seen: Mutex<BTreeSet<Call>>,
    file: Option<PathBuf>,
}

impl Calls {
    /// Nothing yet; each new kind is appended to the file.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { seen: Mutex::default(), file }
    }

    /// Takes note of a call.
    pub(crate) fn note(&self, call: Call) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(&call) {
            return;
        }
        if let Err(error) = self.append(&call) {
            tracing::error!(%error, "a call could not be recorded");
        }
        seen.insert(call);
    }

    /// Everything so far.
    pub(crate) fn all(&self) -> Vec<Call> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// One write for a line: several processes may share the file.
    fn append(&self, call: &Call) -> std::io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let line = serde_json::to_string(call)? + "\n";
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(line.as_bytes())
    }
}
