//! `infra/template.yaml` as JSON: `!Ref X` is `{"Ref": "X"}`, any other `!Name` is `{"Fn::Name": …}`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A file of the workspace.
pub(crate) fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The template.
pub(crate) struct Template(Value);

impl Template {
    /// Reads it.
    pub(crate) fn read() -> Self {
        let yaml = serde_yaml_ng::from_str(&file("infra/template.yaml")).expect("YAML");
        Self(plain(yaml))
    }

    /// A section, such as `Parameters`.
    pub(crate) fn section(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// Properties of every resource of a type, by logical id.
    pub(crate) fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let resources = self.0["Resources"].as_object().expect("resources").iter();
        let all = resources.filter(|(_, it)| it["Type"] == kind);
        all.map(|(id, it)| (id.as_str(), &it["Properties"])).collect()
    }

    /// A whole resource.
    pub(crate) fn resource(&self, id: &str) -> &Value {
        &self.0["Resources"][id]
    }
}

fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(it) => it.into(),
        Yaml::Number(it) => serde_json::to_value(it).expect("a number"),
        Yaml::String(it) => it.into(),
        Yaml::Sequence(all) => all.into_iter().map(plain).collect(),
        Yaml::Mapping(all) => {
            let pair = |(name, value): (Yaml, Yaml)| {
                (name.as_str().expect("names are texts").to_owned(), plain(value))
            };
            Value::Object(all.into_iter().map(pair).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            match (tag.trim_start_matches('!'), plain(tagged.value)) {
                (name @ ("Ref" | "Condition"), value) => json!({ name: value }),
                ("GetAtt", Value::String(text)) => {
                    json!({ "Fn::GetAtt": text.split('.').collect::<Vec<_>>() })
                }
                (name, value) => json!({ format!("Fn::{name}"): value }),
            }
        }
    }
}

/// Every `Ref` and first part of `Fn::GetAtt` in a value, and what its `Fn::Sub`s name.
pub(crate) fn named_in(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(named_in).collect(),
        Value::Object(all) => all
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("Ref", Value::String(id)) => vec![id.clone()],
                ("Fn::GetAtt", Value::Array(path)) => {
                    path.first().and_then(Value::as_str).map(str::to_owned).into_iter().collect()
                }
                ("Fn::Sub", Value::String(text)) => text
                    .split("${")
                    .skip(1)
                    .filter_map(|it| it.split(['}', '.']).next())
                    .map(str::to_owned)
                    .collect(),
                (_, value) => named_in(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
