//! Every function of the template is a crate, and the reverse.

use std::collections::BTreeSet;

use serde_json::json;
use toml::Table;

use crate::template::{Template, file, root};

/// Folders in `functions/`.
fn crates() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("functions")).expect("a folder");
    let names = entries.map(|it| it.expect("an entry").file_name().into_string().expect("a name"));
    names.filter(|name| root().join("functions").join(name).join("Cargo.toml").exists()).collect()
}

#[test]
fn every_function_is_a_crate_and_the_reverse() {
    let template = Template::read();
    let mut built = BTreeSet::new();
    for (id, properties) in template.of_type("AWS::Serverless::Function") {
        let metadata = &template.resource(id)["Metadata"];
        assert_eq!(metadata["BuildMethod"], "rust-cargolambda", "{id}");
        let name = metadata["BuildProperties"]["Binary"].as_str().expect("a name").to_owned();
        assert_eq!(properties["CodeUri"], format!("../functions/{name}"), "{id}");
        let manifest: Table = file(&format!("functions/{name}/Cargo.toml")).parse().expect("TOML");
        let binary = manifest["bin"][0]["name"].as_str();
        assert_eq!(binary, Some(name.as_str()), "{id}: cargo lambda builds a binary by its name");
        built.insert(name);
    }
    assert_eq!(built, crates());
}

/// Two stacks fit in one account, and a delete leaves no logs behind.
#[test]
fn every_function_has_a_role_and_logs_of_its_own_and_no_name() {
    let template = Template::read();
    let functions = template.of_type("AWS::Serverless::Function");
    let mut seen = BTreeSet::new();
    for (id, properties) in &functions {
        let name = id.strip_suffix("Function").expect("a suffix");
        assert_eq!(properties["FunctionName"], json!(null), "{id}");
        assert_eq!(properties["Role"], json!({ "Fn::GetAtt": [format!("{name}Role"), "Arn"] }));
        assert_eq!(
            properties["LoggingConfig"]["LogGroup"],
            json!({ "Ref": format!("{name}Logs") })
        );
        let logs = &template.resource(&format!("{name}Logs"))["Properties"];
        assert_eq!(*logs, json!({ "RetentionInDays": { "Ref": "LogDays" } }), "{id}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), functions.len());
    for kind in ["AWS::IAM::Role", "AWS::Logs::LogGroup"] {
        assert_eq!(template.of_type(kind).len(), functions.len(), "{kind}");
    }
}

/// A message stays hidden while a worker is at it, and comes again before a run hands its accounts over anew.
#[test]
fn a_message_is_hidden_as_long_as_a_worker_may_take() {
    let template = Template::read();
    let of = |id: &str, name: &str| {
        template.resource(id)["Properties"][name].as_u64().expect("a number of seconds")
    };
    let (hidden, time) = (of("Queue", "VisibilityTimeout"), of("WorkerFunction", "Timeout"));
    assert!(hidden >= 2 * time);
    assert!(hidden + time < posts::limits::HANDED.as_secs());
}
