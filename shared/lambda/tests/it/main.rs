//! The functions on emulated AWS, each event handed to them by hand: what is done, in which order, and what they leave
//! behind when something is wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod bridge;
mod burst;
mod faults;
mod life;
mod sweep;
mod trigger;
mod visitors;
mod worker;
mod world;
