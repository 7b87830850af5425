//! The whole router, asked without a socket, on the real service, store and tables.

mod admin;
mod api;
mod channels;
mod cors;
mod described;
mod document;
mod history;
mod idempotency;
mod openapi;
mod scheduling;
mod sign;
mod terminate;
mod trigger;
mod visitors;
mod world;
