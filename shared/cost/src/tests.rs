//! The arithmetic against a table that was made by hand, before there was code.

use super::*;

/// 100 clients that wait.
const IDLE: Workload = Workload {
    connections: 100.0,
    hours_per_day: 24.0,
    days: 30.0,
    channels: 1.0,
    publishes_per_s: 0.0,
    receivers: 0.0,
    bytes: 500.0,
};
/// 1,000 clients that each receive 10 events a minute: ten broadcasts.
const BROADCASTS: Workload =
    Workload { connections: 1_000.0, publishes_per_s: 10.0 / 60.0, receivers: 1_000.0, ..IDLE };
/// The same deliveries by a thousand events to ten clients each.
const NARROW: Workload =
    Workload { connections: 1_000.0, publishes_per_s: 1_000.0 / 60.0, receivers: 10.0, ..IDLE };
/// 10,000 clients in office hours, all of which receive an event every second.
const STADIUM: Workload = Workload {
    connections: 10_000.0,
    hours_per_day: 8.0,
    days: 22.0,
    publishes_per_s: 1.0,
    receivers: 10_000.0,
    ..IDLE
};

/// The units that the table was made with: 147 reads for 10,000 receivers, 9 writes and a read for each connection.
const TABLE_UNITS: Units = Units {
    connection_writes: 3.0,
    connection_reads: 0.0,
    channel_writes: 6.0,
    channel_reads: 1.0,
    reads_per_receiver: 0.0147,
    ..Units::MEASURED
};

/// Within half of the last digit that the table has, and 3 %.
#[track_caller]
fn near(what: &str, found: f64, text: &str) {
    let expected: f64 = text.replace(',', "").parse().expect("a number");
    let decimals = text.split_once('.').map_or(0, |(_, it)| it.len());
    let half = 0.5 / 10f64.powi(i32::try_from(decimals).expect("few"));
    let off = (found - expected).abs();
    assert!(off <= half + expected * 0.03, "{what}: {found:.3}, the table has {text}");
}

#[test]
fn the_bill_is_the_tables() {
    let rows: [(&str, Workload, [&str; 7]); 4] = [
        ("idle", IDLE, ["4.43", "1.08", "0.60", "0.21", "0", "0", "6.3"]),
        ("broadcasts", BROADCASTS, ["433", "10.8", "2", "3", "0.4", "10", "460"]),
        ("narrow", NARROW, ["433", "10.8", "18", "7", "43", "10", "523"]),
        ("stadium", STADIUM, ["5,269", "26", "17", "17", "0.6", "276", "5,600"]),
    ];
    for (name, load, parts) in rows {
        let it = bill(&load, &TABLE_UNITS, Pong::Function);
        let found = [
            it.messages,
            it.connection_minutes,
            it.functions,
            it.dynamodb,
            it.http_api,
            it.egress,
            it.total(),
        ];
        for (nth, (found, text)) in found.into_iter().zip(parts).enumerate() {
            near(&format!("{name}, part {nth}"), found, text);
        }
    }
}

#[test]
fn who_answers_pings_matters_to_the_idle_only() {
    let gateway = bill(&IDLE, &TABLE_UNITS, Pong::Gateway);
    near("functions", gateway.functions, "0.06");
    near("gateway", gateway.total(), "5.8");
    near("rarely", bill(&IDLE, &TABLE_UNITS, Pong::GatewayRarely).total(), "2.4");
    for load in [BROADCASTS, NARROW, STADIUM] {
        let [function, gateway] =
            [Pong::Function, Pong::Gateway].map(|pong| bill(&load, &TABLE_UNITS, pong).total());
        assert!((function - gateway).abs() < 0.01, "events reset the timers: {load:?}");
    }
}

#[test]
fn peers_are_the_tables() {
    let rows = [
        (IDLE, [Some("0"), Some("0.5"), Some("12")]),
        (BROADCASTS, [Some("499"), Some("436"), Some("23")]),
        (STADIUM, [None, Some("6,350"), Some("380")]),
    ];
    for (load, expected) in rows {
        for (peer, text) in peers(&load).into_iter().zip(expected) {
            assert_eq!(peer.dollars.is_some(), text.is_some(), "{peer:?}");
            if let (Some(dollars), Some(text)) = (peer.dollars, text) {
                near(peer.name, dollars, text);
            }
        }
    }
}

#[test]
fn events_at_random_leave_fewer_silences() {
    let at = |per_minute: f64| Workload {
        connections: 1.0,
        publishes_per_s: per_minute / 60.0,
        receivers: 1.0,
        ..IDLE
    };
    assert!((at(0.0).pings(120.0) - 21_600.0).abs() < 1e-6);
    // Half an event in two minutes: λ / (e^(λt) - 1) with λt = 0.5.
    assert!((at(0.25).pings(120.0) - 21_600.0 * 0.5 / 0.5f64.exp_m1()).abs() < 1e-3);
    assert!(at(10.0).pings(120.0) < 1.0);
}

#[test]
fn large_events_are_metered_by_32_kb() {
    let large = Workload { bytes: 33_000.0, ..BROADCASTS };
    let [small, large] =
        [BROADCASTS, large].map(|load| bill(&load, &TABLE_UNITS, Pong::Gateway).messages);
    assert!(large / small > 1.9, "{large} {small}");
}

#[test]
fn a_stack_that_nobody_uses_costs_little() {
    let nothing = Workload { connections: 0.0, ..IDLE };
    assert!(bill(&nothing, &Units::MEASURED, Pong::Function).total().abs() < f64::EPSILON);
    let standing = standing(0);
    assert!((0.1..0.5).contains(&(standing.schedule + standing.queue)), "{standing:?}");
}
