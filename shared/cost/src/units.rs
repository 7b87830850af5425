//! How much of AWS each step uses: request units of DynamoDB, and milliseconds of functions.

/// What is used per step. Units are DynamoDB's; times are billed ones at `MEMORY_GB`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units {
    /// Written to connect and to be forgotten again.
    pub connection_writes: f64,
    /// Read for that.
    pub connection_reads: f64,
    /// Written to subscribe to a channel and to leave it.
    pub channel_writes: f64,
    /// Read for that.
    pub channel_reads: f64,
    /// Read per receiver of an event, at least one in all.
    pub reads_per_receiver: f64,
    /// A call of `connect`, `disconnect`, or `message` for a subscription, in milliseconds.
    pub step_ms: f64,
    /// A call of `message` for a ping.
    pub pong_ms: f64,
    /// Publishing, without what each receiver takes.
    pub publish_ms: f64,
    /// A call of `fanout`, without what each receiver takes.
    pub slice_ms: f64,
    /// Each receiver.
    pub delivery_ms: f64,
}

impl Units {
    /// Units as the `capacity` test of the store measures them. Times are estimates for real AWS: a delivery is 25 µs
    /// of one core as `cargo xtask bench fanout` wants it at most, thrice for TLS and AWS's network, on the 0.29 core that 512 MB buy.
    pub const MEASURED: Self = Self {
        connection_writes: 2.0,
        connection_reads: 1.0,
        channel_writes: 6.0,
        channel_reads: 1.0,
        reads_per_receiver: 0.0125,
        step_ms: 50.0,
        pong_ms: 8.0,
        publish_ms: 25.0,
        slice_ms: 10.0,
        delivery_ms: 0.28,
    };
}

/// Memory of a function, in gigabytes; the template's `MemorySize`.
pub(crate) const MEMORY_GB: f64 = 0.5;
/// Receivers of one slice; above so many an event goes out in slices, each a call of `fanout`.
pub(crate) const SLICE: f64 = 500.0;
/// Metrics that the template's alarms look at; `tests/aws` counts them.
pub const ALARM_METRICS: u32 = 36;
