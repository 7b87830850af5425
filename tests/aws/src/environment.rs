//! Every variable that the template gives to a function is read by the code, and the reverse.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::template::{Template, root};

/// Where functions read their environment.
const READERS: [&str; 3] = ["shared/lambda/src", "shared/config/src", "shared/aws/src"];
/// What stands in front of names that Lambda sets, or whoever runs functions elsewhere, of those of cargo, and of what is set by
/// hand for as long as somebody looks closer.
const OUTSIDE: [&str; 3] = ["AWS_", "CARGO_", "RUST_"];
/// Read, but given in the file that `ConfigParam` names, where there is a field for each.
const IN_THE_FILE: [&str; 6] = [
    "CRON_SECRET", // the schedule calls the function, not the route
    "JWT_AUDIENCE",
    "JWT_ISSUER",
    "PUSHBRIDGE_ALLOWED_ORIGINS",
    "PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES",
    "PUSHBRIDGE_LATE_LIMIT_MINUTES",
];

/// Variables of the template; `NAME_PARAM` gives `NAME`.
fn given() -> BTreeSet<String> {
    let template = Template::read();
    let global = &template.section("Globals")["Function"]["Environment"]["Variables"];
    let functions = template.of_type("AWS::Serverless::Function").into_values();
    let all = functions.map(|it| &it["Environment"]["Variables"]).chain([global]);
    let names = all.filter_map(|it| it.as_object()).flat_map(|it| it.keys());
    names.map(|it| it.strip_suffix("_PARAM").unwrap_or(it).to_owned()).collect()
}

/// Texts in upper case in the code that reads, its tests left out.
fn read() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in READERS {
        sources(&root().join(folder), &mut |text| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            names.extend(
                code.split('"').skip(1).step_by(2).filter(|it| is_name(it)).map(str::to_owned),
            );
        });
    }
    names
}

fn sources(folder: &Path, each: &mut impl FnMut(&str)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, each);
        } else if !path.ends_with("tests.rs") {
            each(&std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn is_name(text: &str) -> bool {
    let upper = |c: char| c.is_ascii_uppercase() || c == '_';
    text.contains('_')
        && !text.starts_with('_')
        && text.chars().all(upper)
        && !OUTSIDE.iter().any(|it| text.starts_with(it))
}

#[test]
fn what_the_template_gives_is_read_and_what_is_read_is_given() {
    let (given, read) = (given(), read());
    assert!(given.len() > 10 && read.len() > 10, "the code reads elsewhere now: {read:?}");
    let unread: Vec<_> = given.difference(&read).collect();
    assert!(unread.is_empty(), "the template gives what nobody reads: {unread:?}");
    let missing: Vec<_> = read
        .difference(&given)
        .filter(|it| !IN_THE_FILE.contains(&it.as_str()) && *it != "_PARAM")
        .collect();
    assert!(missing.is_empty(), "the code reads what the template does not give: {missing:?}");
    let gone: Vec<_> = IN_THE_FILE.iter().filter(|it| !read.contains(**it)).collect();
    assert!(gone.is_empty(), "nobody reads any more: {gone:?}");
}

/// Platforms send browsers back there, and fetch pictures from there: it is where the stack says that it is.
#[test]
fn whoever_needs_it_is_told_the_public_address() {
    let template = Template::read();
    let output = &template.section("Outputs")["ApiUrl"]["Value"];
    assert!(!output.is_null());
    for id in ["ApiFunction", "PublishFunction", "WorkerFunction"] {
        let function = &template.resource(id)["Properties"];
        assert_eq!(function["Environment"]["Variables"]["PUBLIC_URL"], *output, "{id}");
    }
}

/// Who is open to clients knows the edge by what the edge says to it.
#[test]
fn the_edge_and_what_stands_behind_it_have_the_same_key() {
    let template = Template::read();
    let key = json!({ "Fn::Select": [2, { "Fn::Split": ["/", { "Ref": "AWS::StackId" }] }] });
    let edge = &template.resource("Distribution")["Properties"]["DistributionConfig"];
    for origin in edge["Origins"].as_array().expect("origins") {
        let header = json!({ "HeaderName": "x-pushbridge-edge", "HeaderValue": key });
        assert_eq!(origin["OriginCustomHeaders"], json!([header]), "{}", origin["Id"]);
    }
    let given = json!({ "Fn::If": ["OnEdge", key, { "Ref": "AWS::NoValue" }] });
    for id in ["ConnectFunction", "MessageFunction", "AuthFunction", "ApiFunction"] {
        let function = &template.resource(id)["Properties"];
        assert_eq!(function["Environment"]["Variables"]["EDGE_KEY"], given, "{id}");
    }
}
