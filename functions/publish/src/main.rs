//! Every minute: posts and webhooks that are due.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::publish::run().await)
}
