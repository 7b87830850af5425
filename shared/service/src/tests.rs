//! The verbs on a memory store and an outbox that writes down what it is given.

mod absence;
mod apps;
mod counts;
mod down;
mod memories;
mod model;
mod model_memories;
mod model_users;
mod model_verbs;
mod scenarios;
mod tally;
mod usage;
mod users;
mod world;
