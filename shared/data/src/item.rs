//! Rule types as DynamoDB items: JSON in between, so that serde's names are the attribute names.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::Error;

/// A DynamoDB item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Turns a value into an item.
pub(crate) fn write(value: &impl Serialize) -> Result<Item, Error> {
    match serde_json::to_value(value)? {
        Value::Object(fields) => {
            Ok(fields.into_iter().map(|(name, value)| (name, attribute(value))).collect())
        }
        _ => Err(<serde_json::Error as serde::ser::Error>::custom("not an object").into()),
    }
}

/// Reads a value from an item. Attributes that the value does not know, such as keys, are passed over.
pub(crate) fn read<T: DeserializeOwned>(item: &Item) -> Result<T, Error> {
    let fields: Map<String, Value> =
        item.iter().map(|(name, value)| (name.clone(), json(value))).collect();
    Ok(serde_json::from_value(Value::Object(fields))?)
}

/// A text attribute.
pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Reads a text attribute; one that is missing is empty.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(yes) => AttributeValue::Bool(yes),
        Value::Number(n) => AttributeValue::N(n.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(attribute).collect()),
        Value::Object(fields) => {
            AttributeValue::M(fields.into_iter().map(|(k, v)| (k, attribute(v))).collect())
        }
    }
}

fn json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(yes) => Value::Bool(*yes),
        AttributeValue::N(digits) => digits.parse::<Number>().map_or(Value::Null, Value::Number),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(list) => Value::Array(list.iter().map(json).collect()),
        AttributeValue::M(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (k.clone(), json(v))).collect())
        }
        // Sets and binaries are never written here.
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let value = serde_json::json!({
            "text": "a\u{1F980}", "empty": "", "n": u64::MAX, "neg": -5, "yes": true, "none": null,
            "list": [{"a": 1}, "b"], "deep": {"er": {"x": []}},
        });
        assert_eq!(read::<Value>(&write(&value).unwrap()).unwrap(), value);
        assert!(write(&5).is_err());
    }
}
