//! No role may more than it needs. That it needs what it may is held by `tests/calls.rs`, after the end-to-end run.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::template::{Template, named_in};

/// Every statement of every role, with the role's id.
fn statements(template: &Template) -> Vec<(&str, &Value)> {
    let all = template.of_type("AWS::IAM::Role").into_iter();
    all.flat_map(|(id, role)| {
        let policies = role["Policies"].as_array().expect("policies").iter();
        policies
            .flat_map(|it| it["PolicyDocument"]["Statement"].as_array().expect("statements"))
            // One that depends on a parameter counts as well.
            .map(|it| it["Fn::If"].as_array().map_or(it, |of| &of[1]))
            .map(move |statement| (id, statement))
    })
    .collect()
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}

#[test]
fn no_statement_has_a_wildcard_that_it_can_do_without() {
    let template = Template::read();
    for (role, statement) in statements(&template) {
        assert_eq!(statement["Effect"], "Allow", "{role}");
        for action in list(&statement["Action"]) {
            let action = action.as_str().expect("a text");
            assert!(action.contains(':') && !action.contains('*'), "{role}: {action}");
        }
        for resource in list(&statement["Resource"]) {
            let text = resource.to_string();
            // Connections and pictures come and go; the stage and the bucket before them are one.
            let text =
                text.replace("/@connections/*", "").replace("${MediaBucket.Arn}/media/*", "");
            assert!(!text.contains('*'), "{role}: {resource}");
        }
    }
}

#[test]
fn each_role_is_for_lambda_alone() {
    let template = Template::read();
    for (id, role) in template.of_type("AWS::IAM::Role") {
        let trust = &role["AssumeRolePolicyDocument"]["Statement"];
        let lambda = json!([{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }]);
        assert_eq!(*trust, lambda, "{id}");
    }
}

/// Whoever may deploy sees parameters and environments; secrets stand in neither.
#[test]
fn secrets_are_given_by_name() {
    let template = Template::read();
    for (id, parameter) in template.section("Parameters").as_object().expect("parameters") {
        let secret = id.contains("Secret") || id.contains("AdminKey");
        assert!(!secret || id.ends_with("Param"), "{id} would be a secret in the clear");
        assert!(parameter["Description"].is_string(), "{id} is asked for by `sam deploy --guided`");
    }
}

/// Parameters of the template that a value names, as names of secrets.
fn parameters(value: &Value) -> BTreeSet<String> {
    named_in(value).into_iter().filter(|it| it.ends_with("Param")).collect()
}

#[test]
fn each_role_reads_the_parameters_that_its_function_is_given() {
    let template = Template::read();
    let global = &template.section("Globals")["Function"]["Environment"];
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let given = parameters(&json!([global, function["Environment"]]));
        let role = id.replace("Function", "Role");
        let allowed = statements(&template)
            .into_iter()
            .filter(|(it, statement)| *it == role && statement["Action"] == "ssm:GetParameters")
            .flat_map(|(_, statement)| parameters(&statement["Resource"]))
            .collect();
        assert_eq!(given, allowed, "{id}");
    }
}
