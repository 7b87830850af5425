//! The template and what belongs to it, held against the code. There is nothing in here but tests.
#![cfg(test)]

mod alarms;
mod environment;
mod events;
mod functions;
mod policies;
mod project;
mod tables;
mod template;
