//! Which channels a foreign event goes to: a list of rules, for sources whose EventBridge rule has no input transformer.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Most rules. Ours.
const RULES: usize = 100;

/// Events of a source and a detail type, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The event's `source`.
    pub source: String,
    /// The event's `detail-type`; any if left out.
    #[serde(default)]
    pub detail_type: Option<String>,
    /// Channels, with values of the event in braces: `private-order-{detail.id}`.
    pub channels: Vec<String>,
    /// The name of the event on the channels, with values in braces as well. The event's data is the detail.
    pub name: String,
}

/// The rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "BRIDGE_RULES cannot be used: {0}; a good value is \
     [{{\"source\":\"shop\",\"channels\":[\"private-order-{{detail.id}}\"],\"name\":\"order:changed\"}}]."
)]
pub struct RulesError(String);

/// Reads a list of rules.
///
/// # Errors
/// When it is none.
pub fn parse(text: &str) -> Result<Vec<Rule>, RulesError> {
    let rules: Vec<Rule> =
        serde_json::from_str(text).map_err(|error| RulesError(error.to_string()))?;
    if rules.len() > RULES {
        return Err(RulesError(format!("it has more than {RULES} rules")));
    }
    Ok(rules)
}

/// What a rule makes of an event.
#[derive(Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The channels.
    pub channels: Vec<String>,
    /// The event's name.
    pub name: String,
    /// The event's data: the detail as it came.
    pub data: String,
}

/// Applies the first rule that fits. `None`: none fits, or one of the values that it names is not there.
pub fn apply(rules: &[Rule], event: &Value, detail: &RawValue) -> Option<Mapped> {
    let fits = |rule: &&Rule| {
        let kind = rule.detail_type.as_deref();
        event["source"] == rule.source && kind.is_none_or(|kind| event["detail-type"] == kind)
    };
    let rule = rules.iter().find(fits)?;
    let channels: Option<Vec<_>> = rule.channels.iter().map(|it| filled(it, event)).collect();
    Some(Mapped {
        channels: channels?,
        name: filled(&rule.name, event)?,
        data: detail.get().to_owned(),
    })
}

/// A template with its values.
fn filled(template: &str, event: &Value) -> Option<String> {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (path, after) = after.split_once('}')?;
        let value = path.split('.').try_fold(event, |value, name| value.get(name))?;
        text.push_str(before);
        match value {
            Value::String(value) => text.push_str(value),
            Value::Number(value) => text.push_str(&value.to_string()),
            _ => return None,
        }
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = parse(
            r#"[{"source":"shop","detail_type":"Order Placed","channels":["private-order-{detail.id}","shop-{detail.shop.n}"],"name":"order:placed"},
                {"source":"shop","channels":["shop"],"name":"{detail-type}"}]"#,
        );
        let rules = rules.unwrap();
        let of = |source: &str, kind: &str, detail: Value| {
            let raw = serde_json::value::to_raw_value(&detail).unwrap();
            let event = json!({ "source": source, "detail-type": kind, "detail": detail });
            apply(&rules, &event, &raw).map(|it| (it.channels.join(","), it.name, it.data))
        };
        let placed = json!({ "id": "o1", "shop": { "n": 7 } });
        let expected =
            ("private-order-o1,shop-7".into(), "order:placed".into(), placed.to_string());
        assert_eq!(of("shop", "Order Placed", placed), Some(expected));
        assert_eq!(of("shop", "Order Placed", json!({ "id": {} })), None);
        let other = ("shop".into(), "Gone".into(), "{}".into());
        assert_eq!(of("shop", "Gone", json!({})), Some(other));
        assert_eq!(of("elsewhere", "Gone", json!({})), None);
    }

    #[test]
    fn what_is_no_list_of_rules_is_refused() {
        for bad in
            ["", "{}", r#"[{"source":"a"}]"#, r#"[{"source":"a","channels":[],"name":"n","x":1}]"#]
        {
            assert!(parse(bad).unwrap_err().to_string().starts_with("BRIDGE_RULES cannot be used"));
        }
    }
}
