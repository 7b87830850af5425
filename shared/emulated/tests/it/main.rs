//! The emulation as clients and functions see it. The functions here are tasks of the test: they poll the Runtime API and
//! answer what they are told.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod events;
mod faults;
mod http_api;
mod management;
mod queue;
mod websocket;
mod world;
