//! One slice of a large fan-out.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::exit(lambda::fanout::run().await)
}
