//! Calls to AWS from functions: one small HTTP client for all of them, signatures with as little work as possible,
//! `@connections` with its fan-out, a DynamoDB client of the SDK on the same connections, and the few operations of
//! SQS, Lambda, EventBridge and Systems Manager that need no SDK.
//!
//! Everything comes from the variables that AWS's own SDKs read. Nothing is tried again in here but a request that
//! cannot have arrived, and DynamoDB's by the SDK's own rules: callers know what a repetition means.

mod account;
mod call;
mod connections;
mod dynamodb;
mod endpoint;
mod fan_out;
mod operations;
mod sign;
mod tls;

pub use account::{Account, AccountError};
pub use call::{Aws, CallError};
pub use connections::{Connections, Payload, Posted};
pub use dynamodb::dynamodb;
pub use endpoint::{Endpoint, EndpointError, Trouble};
pub use fan_out::{CONCURRENCY, Report};
pub use operations::{Event, Later, MESSAGES, PutFailure};
