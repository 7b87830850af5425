//! Rule crates are pure: what they depend on, at any depth, knows no runtime, network or SDK.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::files;

/// Crates of rules.
const PURE: [&str; 9] =
    ["protocol", "auth", "channels", "identity", "posts", "throttle", "webhooks", "apps", "cost"];
/// What must not be reachable from them, by the beginning of its name.
const FORBIDDEN: [&str; 8] =
    ["tokio", "reqwest", "hyper", "axum", "aws-", "mio", "dynoxide", "tracing"];
/// What they must not ask for themselves. Below that it is no matter: signature libraries bring it along.
const FORBIDDEN_DIRECTLY: [&str; 4] = ["rand", "getrandom", "ulid", "uuid"];

/// Which crate depends on which, without dev-dependencies.
struct Graph {
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--locked"])
            .current_dir(files::root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let packages = list(&metadata["packages"]);
        let names = packages.iter().map(|it| (text(&it["id"]), text(&it["name"]))).collect();
        let is_normal =
            |dep: &Value| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let needs = |node: &Value| {
            list(&node["deps"])
                .iter()
                .filter(|it| is_normal(it))
                .map(|it| text(&it["pkg"]))
                .collect()
        };
        let nodes = list(&metadata["resolve"]["nodes"]);
        let edges = nodes.iter().map(|node| (text(&node["id"]), needs(node))).collect();
        Self { names, edges }
    }

    /// The id of a crate of this workspace.
    fn id_of(&self, name: &str) -> &str {
        let local = |(id, it): &(&String, &String)| *it == name && id.starts_with("path+");
        self.names.iter().find(local).unwrap_or_else(|| panic!("there is no crate {name}")).0
    }

    fn direct(&self, id: &str) -> Vec<&str> {
        self.edges[id].iter().map(|it| self.names[it].as_str()).collect()
    }

    /// Names of everything reachable.
    fn closure(&self, id: &str) -> BTreeSet<&str> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(self.edges[next].iter().map(String::as_str));
            }
        }
        seen.into_iter().map(|it| self.names[it].as_str()).collect()
    }
}

#[test]
fn rule_crates_reach_no_runtime_and_no_network() {
    let graph = Graph::read();
    for name in PURE {
        let id = graph.id_of(name);
        let reached: Vec<_> = graph
            .closure(id)
            .into_iter()
            .filter(|it| FORBIDDEN.iter().any(|prefix| it.starts_with(prefix)))
            .collect();
        assert!(reached.is_empty(), "{name} must stay pure but reaches {reached:?}");
        let direct = graph.direct(id);
        let asked: Vec<_> = FORBIDDEN_DIRECTLY.iter().filter(|it| direct.contains(it)).collect();
        assert!(asked.is_empty(), "{name} takes randomness as an argument, not from {asked:?}");
    }
}

#[test]
fn the_graph_sees_what_is_there() {
    let graph = Graph::read();
    assert!(graph.closure(graph.id_of("pushbridge")).contains("tokio"));
    assert!(graph.closure(graph.id_of("protocol")).contains("serde"));
}

/// Words of code that fetch time or randomness by themselves.
const IMPURE: [&str; 6] = [
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::random",
    "std::env::var",
];

#[test]
fn rule_crates_ask_for_no_time_and_no_chance() {
    let mut found = Vec::new();
    for file in files::ending(&[".rs"]) {
        let pure = PURE.iter().any(|name| file.path.starts_with(&format!("shared/{name}/src/")));
        for word in IMPURE.iter().filter(|_| pure) {
            if file.text.contains(word) {
                found.push(format!("{}: {word}", file.path));
            }
        }
    }
    assert!(found.is_empty(), "take it as an argument: {found:#?}");
}
