//! The machine's description: what decides the figures, and nothing that names it.

use std::fs;
use std::process::Command;

use crate::run::{root, text_of};

/// Lines of a Markdown list.
pub(crate) fn describe() -> String {
    with(&format!(", {}", packages()))
}

/// The same, where the peer is another one.
pub(crate) fn describe_without_packages() -> String {
    with("")
}

fn with(packages: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let unknown = || "unknown".to_owned();
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
    let memory = field("/proc/meminfo", "MemTotal").map_or_else(unknown, |it| gib(&it));
    let kernel =
        fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(|_| unknown(), release);
    let rustc = text_of(Command::new("rustc").arg("--version")).unwrap_or_else(unknown);
    let node = text_of(Command::new("node").arg("--version")).unwrap_or_else(unknown);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let date = text_of(Command::new("date").args(["-u", "+%Y-%m-%d"])).unwrap_or_else(unknown);
    format!(
        "- {cores} cores of {cpu}, {memory} of memory, Linux {kernel}\n- {rustc}; Node {node}{packages}\n- measured on {date}; load average before the first server was started: {load}\n"
    )
}

/// The versions that decide the peer's speed, from what npm installed.
fn packages() -> String {
    let version = |name: &str| {
        let path = root().join("tests/bench/node_modules").join(name).join("package.json");
        let text = fs::read_to_string(path).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        format!("{name} {}", json["version"].as_str().unwrap_or("unknown"))
    };
    format!("{}, {}", version("socket.io"), version("ws"))
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|it| it.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn gib(kib: &str) -> String {
    let kib: f64 = kib.trim_end_matches(" kB").parse().unwrap_or(0.0);
    format!("{:.0} GiB", kib / 1024.0 / 1024.0)
}

/// `6.1.0-13-amd64` is enough; what a vendor appends to it names the machine more than the kernel.
fn release(text: String) -> String {
    text.trim().split('-').next().unwrap_or_default().to_owned()
}
