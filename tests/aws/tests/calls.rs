//! What the functions called in the end-to-end run, and what their roles allow, are the same. `cargo xtask test` runs
//! this after that run, with the recorded calls in `PUSHBRIDGE_CALLS`.

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "../src/template.rs"]
mod template;

use std::collections::BTreeSet;

use serde_json::Value;
use template::{Template, named_in};

/// What the emulated account calls the template's resources.
const NAMES: [(&str, &str); 8] = [
    ("table/realtime", "RealtimeTable"),
    ("table/pushbridge-posts", "PostsTable"),
    ("table/pushbridge-accounts", "AccountsTable"),
    ("table/pushbridge-webhooks", "WebhooksTable"),
    ("table/pushbridge-apps", "AppsTable"),
    ("queue/jobs", "Queue"),
    ("function/fanout", "FanoutFunction"),
    ("event-bus/pushbridge", "Bus"),
];
/// Allowed to what Lambda does for a function, without its code: logs, polling, dead letters.
const BY_LAMBDA: [&str; 5] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
];
/// What cannot be exercised here, and why.
const BEYOND_THE_RUN: [(&str, &str); 1] = [(
    "lambda:InvokeFunction",
    "for more than 500 receivers: a thousand invocations before it, minutes",
)];
/// Functions that run the same code on the same resources: who of them meets what is chance, so each may what one needs.
const ALIKE: [(&[&str], &[&str]); 4] = [
    // A run of the ticker: by the minute, at the seconds between, and by the cron route.
    (&["publish", "worker", "api"], &["table/pushbridge-posts", "table/pushbridge-accounts"]),
    // They publish, and bury who turns out to be gone.
    (&["publish", "worker", "bridge"], SENDING),
    // They bury.
    (&["disconnect", "fanout"], SENDING),
    // Before they bury, they look whether a connection is gone indeed.
    (&["connect", "disconnect", "fanout", "message"], &["prod/GET/"]),
];
const SENDING: &[&str] = &["table/realtime", "prod/", "queue/jobs"];
/// Held to the variables instead, by `each_role_reads_the_parameters_that_its_function_is_given`: the emulation gives all to all.
const PARAMETERS: &str = "ssm:GetParameters";

/// A function, an action, a resource.
type Call = (String, String, String);

fn recorded() -> BTreeSet<Call> {
    let path =
        std::env::var("PUSHBRIDGE_CALLS").expect("PUSHBRIDGE_CALLS names the recorded calls");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let call = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let part = |name: &str| line[name].as_str().expect("a text").to_owned();
        (part("function"), part("action"), part("resource"))
    };
    let all = text.lines().map(call);
    all.filter(|(_, action, _)| action != PARAMETERS && !BY_LAMBDA.contains(&action.as_str()))
        .collect()
}

/// Whether the run needed a right: the function used it, or one that runs the same code did.
fn was_used((function, action, resource): &Call, recorded: &BTreeSet<Call>) -> bool {
    let alike = ALIKE.iter().filter(|(functions, resources)| {
        functions.contains(&function.as_str())
            && resources.iter().any(|it| resource.starts_with(it))
    });
    let others = alike.flat_map(|(functions, _)| functions.iter().copied());
    let used = |by: &str| recorded.contains(&(by.to_owned(), action.clone(), resource.clone()));
    std::iter::once(function.as_str()).chain(others).any(used)
        || BEYOND_THE_RUN.iter().any(|(it, _)| it == action)
}

/// The resource in the emulated account's words.
fn emulated(resource: &Value) -> String {
    let id = named_in(resource).into_iter().find(|id| NAMES.iter().any(|(_, it)| it == id));
    let name = NAMES.iter().find(|(_, it)| Some(*it) == id.as_deref()).map(|(name, _)| *name);
    let text = resource["Fn::Sub"].as_str().unwrap_or_default();
    match (name, text.split_once("/index/"), text.split_once("${WsApi}/${Stage}")) {
        (Some(name), Some((_, index)), _) => format!("{name}/index/{index}"),
        (Some(name), ..) => name.to_owned(),
        (_, _, Some((_, connections))) => format!("prod{connections}"),
        _ => resource.to_string(),
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}

fn allowed() -> BTreeSet<Call> {
    let template = Template::read();
    let mut calls = BTreeSet::new();
    for (id, role) in template.of_type("AWS::IAM::Role") {
        let function = id.strip_suffix("Role").expect("a suffix").to_lowercase();
        for statement in list(&role["Policies"][0]["PolicyDocument"]["Statement"]) {
            // Those of pictures and of KMS: nobody emulates S3 and KMS. What is done to them is held by tests of `media`
            // and `vault`, and proven on a real account (docs/aws.md).
            if statement["Fn::If"].is_array() {
                continue;
            }
            for action in list(&statement["Action"]).into_iter().filter_map(Value::as_str) {
                for resource in list(&statement["Resource"]) {
                    calls.insert((function.clone(), action.to_owned(), emulated(resource)));
                }
            }
        }
    }
    calls.retain(|(_, action, resource)| {
        action != PARAMETERS
            && !BY_LAMBDA.contains(&action.as_str())
            && !resource.contains("DeadLetters")
    });
    calls
}

#[test]
fn every_call_is_allowed_and_every_permission_was_used() {
    let (recorded, allowed) = (recorded(), allowed());
    let denied: Vec<_> = recorded.difference(&allowed).collect();
    let unused: Vec<_> = allowed.iter().filter(|it| !was_used(it, &recorded)).collect();
    assert!(
        denied.is_empty() && unused.is_empty(),
        "AWS would deny {denied:#?}\nand nobody used {unused:#?}"
    );
}
