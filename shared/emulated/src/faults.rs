//! Faults on demand: what goes wrong, where, from when on and how often.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::calls::Call;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The service refuses as it does above its rate.
    Throttled,
    /// The service answers so many milliseconds later.
    Slow(u64),
    /// The service answers with this status, and does nothing.
    Status(u16),
    /// Nobody answers: the connection ends, and nothing was done.
    Cut,
    /// It is done, but the connection ends before the answer.
    CutAfter,
    /// Nobody answers, ever.
    Hang,
    /// The function that calls is killed, and nothing was done.
    Kill,
    /// The function that calls is killed; what it called for was done.
    KillAfter,
    /// The event is delivered twice. Only for `invoke`.
    Twice,
}

/// Where, when and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The IAM action, or all of a service: `dynamodb:PutItem`, `dynamodb:*`, `execute-api:*`. The action `invoke` is an
    /// event that goes to a function.
    pub action: String,
    /// Only calls of this function, or for `invoke` events for it; of all if it is absent.
    #[serde(default)]
    pub function: Option<String>,
    /// Only what this is a part of: a table, a connection. Of all if it is absent.
    #[serde(default)]
    pub resource: Option<String>,
    /// So many pass first.
    #[serde(default)]
    pub skip: u32,
    /// Then so many meet the fault; all if it is absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What goes wrong.
    pub fault: Fault,
}

impl Rule {
    /// A fault of all calls of an action, or of a service as `dynamodb:*`.
    pub fn new(action: &str, fault: Fault) -> Self {
        let action = action.to_owned();
        Self { action, function: None, resource: None, skip: 0, times: None, fault }
    }

    /// Only calls of a function.
    #[must_use]
    pub fn by(mut self, function: &str) -> Self {
        self.function = Some(function.to_owned());
        self
    }

    /// Only calls about this.
    #[must_use]
    pub fn on(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// So many pass first.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// So many, and no more.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn fits(&self, call: &Call, resource: &str) -> bool {
        let action = match self.action.strip_suffix('*') {
            Some(service) => call.action.starts_with(service),
            None => call.action == self.action,
        };
        action
            && self.function.as_ref().is_none_or(|it| *it == call.function)
            && self.resource.as_ref().is_none_or(|it| resource.contains(it.as_str()))
    }
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    /// Replaces all.
    pub(crate) fn set(&self, rules: Vec<Rule>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// What this call meets. The first rule that fits decides, and has then been used once more.
    pub(crate) fn meet(&self, call: &Call, resource: &str) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules.iter_mut().find(|it| it.times != Some(0) && it.fits(call, resource))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some(rule.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: &str, action: &str) -> Call {
        let resource = "table/realtime".to_owned();
        Call { function: function.to_owned(), action: action.to_owned(), resource }
    }

    #[test]
    fn a_rule_meets_what_it_says_and_no_more() {
        let faults = Faults::default();
        let rule = Rule::new("dynamodb:*", Fault::Throttled).by("message").after(1).times(2);
        faults.set(vec![rule.on("realtime")]);
        let put = call("message", "dynamodb:PutItem");
        let met = || faults.meet(&put, &put.resource);
        assert_eq!(faults.meet(&call("connect", "dynamodb:PutItem"), "table/realtime"), None);
        assert_eq!(faults.meet(&call("message", "sqs:SendMessage"), "table/realtime"), None);
        assert_eq!(faults.meet(&put, "table/posts"), None);
        assert_eq!([met(), met()], [None, Some(Fault::Throttled)]);
        assert_eq!([met(), met()], [Some(Fault::Throttled), None]);
    }

    #[test]
    fn rules_are_written_as_json() {
        let text = r#"{"action":"execute-api:*","fault":{"slow":50},"times":1}"#;
        let rule: Rule = serde_json::from_str(text).unwrap();
        assert_eq!(rule, Rule::new("execute-api:*", Fault::Slow(50)).times(1));
        assert!(serde_json::from_str::<Rule>(r#"{"action":"a","fault":"nope"}"#).is_err());
    }
}
