//! What a command says when it cannot.

use crate::config::ConfigError;

/// Why a command failed: one sentence for standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What was asked for cannot be done.
    #[error("{0}")]
    Refused(String),
    /// Nobody listens.
    #[error(
        "No server answers at {0}; start one with `pushbridge serve`, or name another with --url."
    )]
    NoServer(String),
    /// Standard input or output broke.
    #[error("Standard input or output cannot be used ({0}).")]
    Io(#[from] std::io::Error),
}

impl CliError {
    /// What was asked for cannot be done.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }
}
