//! `$default`: one frame of a client.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::message::run().await)
}
