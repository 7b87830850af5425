//! Parameters of Systems Manager and secrets of Secrets Manager, both from the settings.

use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{World, refused};
use crate::ids;
use crate::serve::{Reply, json};

/// `ssm:GetParameter` and `ssm:GetParameters`.
pub(crate) fn systems_manager(world: &World, operation: &str, body: &Value) -> Reply {
    let found = |name: &Value| {
        let name = name.as_str()?;
        let value = world.settings.of(|it| it.parameters.get(name).cloned())?;
        // Without the flag a SecureString comes as it is stored.
        let value = if body["WithDecryption"] == true { value } else { "(encrypted)".to_owned() };
        let path = name.trim_start_matches('/');
        Some(json!({
            "Name": name,
            "Type": "SecureString",
            "Value": value,
            "Version": 1,
            "DataType": "text",
            "ARN": format!("arn:aws:ssm:{}:{}:parameter/{path}", ids::REGION, ids::ACCOUNT),
        }))
    };
    match operation {
        "GetParameter" => match found(&body["Name"]) {
            Some(parameter) => json(StatusCode::OK, &json!({ "Parameter": parameter })),
            None => refused(StatusCode::BAD_REQUEST, "ParameterNotFound", ""),
        },
        "GetParameters" => {
            let names: Vec<_> = body["Names"].as_array().into_iter().flatten().collect();
            let there: Vec<_> = names.iter().filter_map(|name| found(name)).collect();
            let missing: Vec<_> = names.iter().filter(|name| found(name).is_none()).collect();
            let body = json!({ "Parameters": there, "InvalidParameters": missing });
            json(StatusCode::OK, &body)
        }
        _ => refused(StatusCode::BAD_REQUEST, "UnknownOperationException", operation),
    }
}

/// `secretsmanager:GetSecretValue`.
pub(crate) fn secrets_manager(world: &World, operation: &str, body: &Value) -> Reply {
    if operation != "GetSecretValue" {
        return refused(StatusCode::BAD_REQUEST, "UnknownOperationException", operation);
    }
    let name = body["SecretId"].as_str().unwrap_or_default();
    match world.settings.of(|it| it.parameters.get(name).cloned()) {
        Some(value) => json(StatusCode::OK, &json!({ "Name": name, "SecretString": value })),
        None => {
            let why = "Secrets Manager can't find the specified secret.";
            refused(StatusCode::BAD_REQUEST, "ResourceNotFoundException", why)
        }
    }
}
