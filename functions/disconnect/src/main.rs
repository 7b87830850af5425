//! `$disconnect`: forgets a client. It may never be called.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::disconnect::run().await)
}
