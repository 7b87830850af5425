//! Configuration that every host reads: the environment first, then `pushbridge.toml`.
//!
//! Read once at the start into types that cannot be wrong; nothing else reads the environment.

pub mod app;
pub mod bearer;
mod bus;
mod deployed;
mod env;
mod error;
pub mod file;
pub mod jwt;
mod kms;
mod origins;
mod outside;
mod proxies;
mod settings;
mod visitors;

pub use deployed::Deployed;
pub use env::Env;
pub use error::ConfigError;
pub use file::File;
pub use jwt::{JwtConfig, JwtKeys};
pub use kms::KmsConfig;
pub use outside::OutsideConfig;
pub use proxies::Proxies;
pub use settings::{PublishingConfig, Settings};
pub use visitors::VisitorsConfig;

/// The file that is read when no other is named; it may be absent.
pub const DEFAULT_FILE: &str = "pushbridge.toml";
