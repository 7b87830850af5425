//! What is asked for: how many clients, for how long, and what they are sent.

/// The longest that API Gateway keeps a connection, in hours. Source: its quotas for WebSocket APIs.
pub(crate) const CONNECTION_HOURS: f64 = 2.0;
/// Silence after which pusher-js pings, in seconds. Source: pusher-js, `activityTimeout`.
pub(crate) const ACTIVITY_TIMEOUT_S: f64 = 120.0;
/// The longest `activityTimeout` that an application may well set, in seconds: API Gateway closes after 600 s of silence.
pub(crate) const LONG_ACTIVITY_TIMEOUT_S: f64 = 540.0;

/// A month of clients that are connected, and of what they receive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// Clients that are connected at once.
    pub connections: f64,
    /// Hours a day that they are.
    pub hours_per_day: f64,
    /// Days of the month that they are.
    pub days: f64,
    /// Channels that each subscribes to.
    pub channels: f64,
    /// Events published per second, while clients are connected.
    pub publishes_per_s: f64,
    /// Clients that receive each event.
    pub receivers: f64,
    /// Bytes of an event on the wire.
    pub bytes: f64,
}

impl Workload {
    /// Seconds a month that clients are connected.
    pub fn seconds(&self) -> f64 {
        self.hours_per_day * self.days * 3_600.0
    }

    /// Events published in the month.
    pub fn publishes(&self) -> f64 {
        self.publishes_per_s * self.seconds()
    }

    /// Events received in the month, by all clients together.
    pub fn deliveries(&self) -> f64 {
        self.publishes() * self.receivers
    }

    /// Minutes of all connections together.
    pub fn connection_minutes(&self) -> f64 {
        self.connections * self.seconds() / 60.0
    }

    /// Connections made in the month: one every two hours per client, and one each morning.
    pub fn connects(&self) -> f64 {
        (self.hours_per_day / CONNECTION_HOURS).ceil() * self.days * self.connections
    }

    /// Pings in the month, if clients ping after so many seconds of silence.
    ///
    /// What a client receives resets its timer. Events that come at random, λ per second, leave
    /// λ / (e^(λt) - 1) silences of t seconds per second; without events that is 1 / t.
    pub fn pings(&self, activity_timeout_s: f64) -> f64 {
        let per_client = self.publishes_per_s * self.receivers / self.connections.max(1.0);
        let expected = per_client * activity_timeout_s;
        let rate =
            if expected < 1e-9 { 1.0 / activity_timeout_s } else { per_client / expected.exp_m1() };
        rate * self.seconds() * self.connections
    }
}
