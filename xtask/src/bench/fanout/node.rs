//! The peer: AWS's own client for Node.js.

use std::process::Command;

use super::sink::Sink;
use super::{FRAME_BYTES, Rate, SLICE, TOKEN};
use crate::run::{Trouble, npm_ci, root, text_of};

/// Runs the peer; it measures itself.
pub(crate) fn run(sink: &Sink, posts: usize) -> Result<Rate, Trouble> {
    let folder = root().join("tests/bench-aws");
    npm_ci(&folder)?;
    let sizes = [posts, SLICE, FRAME_BYTES].map(|it| it.to_string());
    let mut node = Command::new("node");
    node.current_dir(&folder).arg("post.js").arg(sink.url()).args(sizes);
    node.env("AWS_ACCESS_KEY_ID", "bench").env("AWS_SECRET_ACCESS_KEY", "bench");
    node.env("AWS_SESSION_TOKEN", TOKEN).env("AWS_REGION", "eu-central-1");
    let text = text_of(&mut node).ok_or_else(|| Trouble("the peer did not run".to_owned()))?;
    let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let number =
        |name: &str| said[name].as_f64().ok_or_else(|| Trouble(format!("the peer said {text}")));
    Ok(Rate { per_second: number("per_second")?, cpu_us: number("cpu_us")? })
}
