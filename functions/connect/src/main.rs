//! `$connect`: admits a client and greets it after the answer.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::connect::run().await)
}
