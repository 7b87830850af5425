//! Pusher's HTTP API and the posts API: the router of the single binary.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::http::run().await)
}
