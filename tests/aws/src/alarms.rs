//! What is watched, and that the cost of it is told.

use serde_json::Value;

use crate::template::{Template, named_in};

/// Metrics of an alarm: one, or those of its expression.
fn metrics(alarm: &Value) -> usize {
    match alarm["Metrics"].as_array() {
        Some(all) => all.iter().filter(|it| it["MetricStat"].is_object()).count(),
        None => 1,
    }
}

#[test]
fn the_cost_of_alarms_is_the_one_that_is_told() {
    let template = Template::read();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let all: usize = alarms.values().map(|it| metrics(it)).sum();
    assert_eq!(all, usize::try_from(cost::ALARM_METRICS).unwrap());
}

#[test]
fn every_alarm_tells_somebody_and_can_be_switched_off() {
    let template = Template::read();
    for (id, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        assert_eq!(template.resource(id)["Condition"], "Watched", "{id}");
        assert_eq!(named_in(&alarm["AlarmActions"]), ["AlarmTopic"], "{id}");
        assert!(alarm["AlarmDescription"].is_string(), "{id} says what to do");
    }
}

#[test]
fn the_dashboard_is_json() {
    let template = Template::read();
    let body = &template.resource("Dashboard")["Properties"]["DashboardBody"]["Fn::Sub"];
    let text = body.as_str().expect("a text");
    let widgets: Value = serde_json::from_str(text).expect("JSON, also before names are filled in");
    assert!(widgets["widgets"].as_array().is_some_and(|all| all.len() > 5));
}

/// The metrics of ours that alarms sound on, by name.
fn own_metrics(alarm: &Value) -> Vec<&str> {
    let all = alarm["Metrics"].as_array().into_iter().flatten();
    let all = all.map(|it| &it["MetricStat"]["Metric"]).chain([alarm]);
    let own = all.filter(|it| it["Namespace"] == lambda::metrics::NAMESPACE);
    own.filter_map(|it| it["MetricName"].as_str()).collect()
}

#[test]
fn alarms_of_our_own_metrics_name_metrics_that_are_there() {
    let template = Template::read();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let named: Vec<&str> = alarms.values().flat_map(|it| own_metrics(it)).collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(lambda::metrics::names().contains(&name), "nothing counts {name}");
    }
}
