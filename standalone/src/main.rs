//! Pushbridge on one machine: the whole service in one binary.

mod config;

fn main() {}
