//! What is wrong with the configuration, said so that the operator can put it right.

use std::path::PathBuf;

/// Why the start stops. Each message is one sentence with the name of the value and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that is needed is not there.
    #[error("{name} is missing; set it, for example to {example}.")]
    Missing {
        /// The environment variable or the field of the file.
        name: String,
        /// A value that would do.
        example: &'static str,
    },
    /// A value is there and cannot be used.
    #[error("{name} cannot be used: {why}; a good value is {example}.")]
    Malformed {
        /// The environment variable, the flag or the field of the file.
        name: String,
        /// What is wrong with it, without the value if that is a secret.
        why: String,
        /// A value that would do.
        example: &'static str,
    },
    /// The file cannot be understood.
    #[error("{} line {line}: {message}.", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The parser's sentence, without the line's text (it may hold a secret).
        message: String,
    },
    /// A file or directory cannot be read or written.
    #[error("{} cannot be {what} ({source}); {advice}.", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// "read" or "written".
        what: &'static str,
        /// What the operator can do.
        advice: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The apps contradict each other.
    #[error("The apps cannot be used: {0}.")]
    Apps(#[from] channels::AppsError),
    /// The app elsewhere cannot be used.
    #[error(transparent)]
    Relay(#[from] relay::RelayError),
    /// Nothing is configured and no demo has run here.
    #[error("No demo was started in {} yet; start one with `pushbridge serve`, or name its directory with --data.", .0.display())]
    NoDemo(PathBuf),
    /// The demo was asked to listen where others can reach it.
    #[error(
        "The demo listens on loopback addresses only, because everyone knows its credentials, and {0} is not one; \
         use --listen 127.0.0.1:6001, or set PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET and JWT_SECRET to your own values."
    )]
    DemoListen(std::net::SocketAddr),
}

impl ConfigError {
    /// A value is not there.
    pub fn missing(name: impl Into<String>, example: &'static str) -> Self {
        Self::Missing { name: name.into(), example }
    }

    /// A value cannot be used.
    pub fn malformed(
        name: impl Into<String>,
        why: impl Into<String>,
        example: &'static str,
    ) -> Self {
        Self::Malformed { name: name.into(), why: why.into(), example }
    }
}
