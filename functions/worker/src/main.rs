//! What waits in the queue: leaves to be confirmed, webhooks, deliveries of posts.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::worker::run().await)
}
