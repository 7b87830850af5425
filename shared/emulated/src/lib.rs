//! AWS around the functions, on loopback: what stands between a client and a function, and between a function and
//! its data, emulated plainly from what AWS documents.
//!
//! One public port is what clients see: API Gateway's WebSocket API and HTTP API, with the path function of CloudFront
//! before them. One port on loopback is what functions see: `@connections`, Lambda's Invoke and Runtime APIs, SQS,
//! EventBridge, DynamoDB, Systems Manager parameters. Requests there must be signed, and the signatures are checked.
//!
//! It is as unkind as AWS, never more helpful: posts to a connection that is being opened are 410, messages of one
//! connection run at once, a function that fails shows its client a frame without an event, a deleted connection ends
//! with 1000, and whoever is told to leave is told so at most once.
//!
//! # Recorded calls
//! Each kind of call that a function makes is written once, as a line of JSON, to the file that [`Options::calls`] names:
//!
//! ```json
//! {"function":"connect","action":"dynamodb:PutItem","resource":"table/realtime"}
//! ```
//!
//! `action` is the IAM action, also of the parts of a transaction. `resource` is what a policy names, without the
//! account: `table/NAME`, `table/NAME/index/NAME`, `queue/NAME`, `function/NAME`, `event-bus/NAME`, `parameter/NAME`,
//! `secret/NAME`, `STAGE/POST/@connections/*`. The function is the `app/NAME` of the user agent.
//!
//! # Control
//! [`Options::public`] aside, the loopback port has routes of its own below `/_emulated/`, unsigned: see [`control`].

mod activity;
mod api;
mod calls;
mod cloud;
pub mod control;
mod dynamodb;
mod eventbridge;
mod events;
mod faults;
mod functions;
mod gateway;
mod http_api;
mod ids;
mod lambda;
mod management;
mod parameters;
mod policy;
mod runtime;
mod schedule;
mod serve;
mod settings;
mod signature;
mod sockets;
mod sqs;

pub use cloud::{Cloud, Options, StartError};
pub use faults::{Fault, Rule};
pub use functions::{Host, WatchError};
pub use settings::{Settings, Shuffle};
