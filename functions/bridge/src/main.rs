//! Events of a bus become events on channels.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::bridge::run().await)
}
