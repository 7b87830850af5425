//! What pusher-js asks before it subscribes and signs in: `/pusher/auth`, `/pusher/user-auth`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::http::run_signing().await)
}
