//! DynamoDB's endpoint on embedded engines: one that lasts, and one in memory for who is connected.

use bytes::Bytes;
use embedded::Engine;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use crate::policy;
use crate::serve::{Reply, bytes};

/// The tables.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    /// Holds all tables but one.
    pub(crate) data: Engine,
    /// The name of the one, and what holds it.
    pub(crate) realtime: (String, Engine),
}

impl Tables {
    /// Runs an operation on the engine that holds its tables.
    pub(crate) async fn call(&self, operation: &str, body: &Value, raw: &Bytes) -> Reply {
        let (name, realtime) = &self.realtime;
        let there = policy::tables(operation, body).iter().any(|table| table == name);
        let engine = if there { realtime } else { &self.data };
        let answer = engine.call(operation.to_owned(), raw.to_vec()).await;
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        let mut reply = bytes(status, "application/x-amz-json-1.0", answer.body);
        if let Ok(id) = HeaderValue::try_from(crate::ids::request()) {
            reply.headers_mut().insert("x-amzn-requestid", id);
        }
        reply
    }
}
