//! Apps as they are written in files, tables and requests, and the rules of changing them. Pure.
//!
//! An app is written in the same words everywhere: as `[[apps]]` of `pushbridge.toml`, as a row of the apps table, and
//! in answers of the admin routes, there without its secrets.

mod change;
mod check;
mod edit;
mod limits;
mod merge;
mod new;
mod secret;
mod spec;
mod view;

pub use change::{KEYS, Refused};
pub use check::{Registered, SpecError};
pub use edit::{LimitsPatch, PatchApp};
pub use merge::{Merged, merge};
pub use new::NewApp;
pub use secret::SecretText;
pub use spec::{AppSpec, HistorySpec, KeySpec, LimitsSpec, RatesSpec};
pub use view::{AppView, EndpointView, Source};
