//! Which IAM actions, on which resources, a request needs.
//!
//! Source: "Actions, resources, and condition keys" of the Service Authorization Reference. A transaction has no action of
//! its own: each of its parts is checked as if it came alone.

use serde_json::Value;

/// An action and what it is done to.
pub(crate) type Need = (String, String);

/// The parts of DynamoDB's transactions, and the actions that they are.
const PARTS: [(&str, &str); 5] = [
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
    ("Delete", "DeleteItem"),
    ("ConditionCheck", "ConditionCheckItem"),
    ("Get", "GetItem"),
];

/// What an operation of DynamoDB needs.
pub(crate) fn dynamodb(operation: &str, body: &Value) -> Vec<Need> {
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            items
                .flat_map(|item| PARTS.map(|(part, action)| (&item[part], action)))
                .filter(|(part, _)| part.is_object())
                .map(|(part, action)| (format!("dynamodb:{action}"), table(part)))
                .collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let need = |(name, _): (&String, _)| {
                (format!("dynamodb:{operation}"), format!("table/{name}"))
            };
            tables.map(need).collect()
        }
        _ => vec![(format!("dynamodb:{operation}"), table(body))],
    }
}

fn table(part: &Value) -> String {
    let table = format!("table/{}", name_of(&part["TableName"]));
    match part["IndexName"].as_str() {
        Some(index) => format!("{table}/index/{index}"),
        None => table,
    }
}

/// The tables that an operation is about.
pub(crate) fn tables(operation: &str, body: &Value) -> Vec<String> {
    let needs = dynamodb(operation, body).into_iter();
    let name = |(_, table): Need| {
        let name = table.strip_prefix("table/").unwrap_or(&table);
        name.split('/').next().unwrap_or(name).to_owned()
    };
    needs.map(name).collect()
}

/// What an operation of another service with a JSON protocol needs.
pub(crate) fn other(service: &str, operation: &str, body: &Value) -> Vec<Need> {
    let need = |action: &str, resource: String| vec![(format!("{service}:{action}"), resource)];
    match (service, operation) {
        ("sqs", "SendMessage" | "SendMessageBatch") => {
            need("SendMessage", format!("queue/{}", name_of(&body["QueueUrl"])))
        }
        ("events", "PutEvents") => {
            let entries = body["Entries"].as_array().into_iter().flatten();
            let bus = |entry: &Value| match &entry["EventBusName"] {
                Value::String(bus) => name_of(&Value::String(bus.clone())),
                _ => "default".to_owned(),
            };
            let mut buses: Vec<_> = entries.map(bus).collect();
            buses.sort();
            buses.dedup();
            let need = |bus| ("events:PutEvents".to_owned(), format!("event-bus/{bus}"));
            buses.into_iter().map(need).collect()
        }
        ("ssm", "GetParameter") => need(operation, parameter(&body["Name"])),
        ("ssm", "GetParameters") => {
            let names = body["Names"].as_array().into_iter().flatten();
            names.map(|name| ("ssm:GetParameters".to_owned(), parameter(name))).collect()
        }
        ("secretsmanager", _) => need(operation, format!("secret/{}", name_of(&body["SecretId"]))),
        _ => need(operation, "*".to_owned()),
    }
}

fn parameter(name: &Value) -> String {
    format!("parameter/{}", name.as_str().unwrap_or_default().trim_start_matches('/'))
}

/// A name, or the name at the end of an ARN or URL.
fn name_of(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.rsplit(['/', ':']).next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(needs: Vec<Need>) -> Vec<String> {
        needs.into_iter().map(|(action, resource)| format!("{action} {resource}")).collect()
    }

    #[test]
    fn operations_need_what_iam_says() {
        let query = json!({ "TableName": "realtime", "IndexName": "gsi2" });
        assert_eq!(lines(dynamodb("Query", &query)), ["dynamodb:Query table/realtime/index/gsi2"]);
        let parts = json!({ "TransactItems": [
            { "Put": { "TableName": "posts" } },
            { "ConditionCheck": { "TableName": "accounts" } },
        ] });
        assert_eq!(
            lines(dynamodb("TransactWriteItems", &parts)),
            ["dynamodb:PutItem table/posts", "dynamodb:ConditionCheckItem table/accounts"]
        );
        assert_eq!(tables("TransactWriteItems", &parts), ["posts", "accounts"]);
        let batch = json!({ "RequestItems": { "realtime": {} } });
        assert_eq!(
            lines(dynamodb("BatchGetItem", &batch)),
            ["dynamodb:BatchGetItem table/realtime"]
        );
        let send = json!({ "QueueUrl": "http://127.0.0.1:1/000000000000/jobs" });
        assert_eq!(lines(other("sqs", "SendMessageBatch", &send)), ["sqs:SendMessage queue/jobs"]);
        let put = json!({ "Entries": [{ "EventBusName": "arn:aws:events:r:0:event-bus/b" }, {}] });
        assert_eq!(
            lines(other("events", "PutEvents", &put)),
            ["events:PutEvents event-bus/b", "events:PutEvents event-bus/default"]
        );
        let get = json!({ "Name": "/stack/secret" });
        assert_eq!(
            lines(other("ssm", "GetParameter", &get)),
            ["ssm:GetParameter parameter/stack/secret"]
        );
    }
}
