//! The host on AWS Lambda. Each function is one module with a `run`; what they share is below them:
//!
//! - [`start`]: Init: logs, secrets, configuration, connections opened ahead.
//! - [`host`]: the push core on DynamoDB, with [`gate`] as its way out.
//! - [`around`]: what surrounds every invocation: trace, work after the answer, metrics.
//!
//! # Environment
//! Beside what [docs/configuration.md](../../../docs/configuration.md) lists, and the variables that Lambda sets itself:
//!
//! | name | what | read by |
//! |---|---|---|
//! | `TABLE_REALTIME`, `TABLE_POSTS`, `TABLE_ACCOUNTS`, `TABLE_WEBHOOKS`, `TABLE_APPS` | names of tables; `realtime`, `pushbridge-posts`, … unless set | all |
//! | `WS_ENDPOINT` | where connections are posted to: `https://{api}.execute-api.{region}.amazonaws.com/{stage}` | all; `connect`, `message`, `disconnect` find it in their events as well |
//! | `QUEUE_URL` | the queue of `worker` | all but `fanout` |
//! | `FANOUT_FUNCTION` | name of the function for slices of large fan-outs; without it all is posted by who publishes | all but `fanout` |
//! | `EVENT_BUS` | name of the bus for domain events; none are put without it | `api`, `publish`, `worker` |
//! | `BRIDGE_RULES` | JSON list of rules for events that are not of the bridge's form, see [`mapping`] | `bridge` |
//! | `RELAY_PUSHER_URL` | `https://key:secret@host/apps/id`: published events of the first app go there as well | all but `fanout` |
//! | `ACCOUNTS_KEY` | 64 hexadecimal digits that seal accounts' credentials | `api`, `publish`, `worker` |
//! | `NAME_PARAM` | instead of `NAME`: the Systems Manager parameter that holds its value, read once | all |
//! | `AWS_ENDPOINT_URL_DYNAMODB`, `…_SQS`, `…_EVENTBRIDGE`, `…_LAMBDA`, `…_APIGATEWAYMANAGEMENTAPI`, `…_SSM` | other endpoints than the region's | all |

pub mod after;
pub mod announcing;
pub mod around;
pub mod bridge;
pub mod connect;
pub mod disconnect;
mod edge;
mod event;
pub mod fanout;
pub mod gate;
mod guard;
pub mod host;
pub mod http;
mod logs;
pub mod mapping;
pub mod message;
pub mod metrics;
pub mod publish;
pub mod queue;
pub mod start;
pub mod sweep;
pub mod worker;

use std::process::ExitCode;

/// What a function's process ends with. It ends only if it cannot begin, or Lambda is gone.
pub fn exit(done: Result<(), start::StartError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function does not start");
            ExitCode::FAILURE
        }
    }
}
