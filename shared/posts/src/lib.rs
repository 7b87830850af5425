//! The life of a post and its deliveries.
//!
//! A *post* is what a person schedules; a *delivery* is that post to one account. Deliveries do the work,
//! a post's status is their roll-up. Everything here is pure: the time, ids and random numbers are arguments.

mod account;
mod error;
mod ids;
pub mod limits;
mod platform;
mod secret;
mod time;

pub use account::{Account, NewAccount};
pub use error::{ErrorClass, FieldError};
pub use ids::{AccountId, BadId, DeliveryId, PostId, UserId, WorkspaceId};
pub use platform::{AfterUnknown, Class, Outcome, Request};
pub use secret::Secret;
pub use time::Timestamp;
