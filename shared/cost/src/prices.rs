//! Prices in dollars, us-east-1, as read on 2026-11-20. Each names where it stands.

/// One million.
const MILLION: f64 = 1e6;

/// A WebSocket message of up to 32 KB, either way, up to [`WS_FIRST_TIER`] a month. aws.amazon.com/api-gateway/pricing.
pub const WS_MESSAGE: f64 = 1.00 / MILLION;
/// Messages a month at the first price. Same page.
pub const WS_FIRST_TIER: f64 = 1e9;
/// A message beyond those. Same page.
pub const WS_MESSAGE_BEYOND: f64 = 0.80 / MILLION;
/// Bytes that are metered as one message. Same page.
pub const WS_METERED_BYTES: f64 = 32.0 * 1_024.0;
/// A minute of a connection. Same page.
pub const WS_MINUTE: f64 = 0.25 / MILLION;
/// A request to an HTTP API. Same page.
pub const HTTP_REQUEST: f64 = 1.00 / MILLION;
/// An invocation. aws.amazon.com/lambda/pricing.
pub const LAMBDA_REQUEST: f64 = 0.20 / MILLION;
/// A second of a gigabyte on arm64. Same page.
pub const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// A write request unit, on demand. aws.amazon.com/dynamodb/pricing/on-demand.
pub const DYNAMODB_WRITE: f64 = 0.625 / MILLION;
/// A read request unit, on demand. Same page.
pub const DYNAMODB_READ: f64 = 0.125 / MILLION;
/// A gigabyte to the internet. aws.amazon.com/ec2/pricing/on-demand.
pub const EGRESS_GB: f64 = 0.09;
/// Gigabytes a month that cost nothing. Same page.
pub const EGRESS_FREE_GB: f64 = 100.0;
/// A request to SQS. aws.amazon.com/sqs/pricing.
pub const SQS_REQUEST: f64 = 0.40 / MILLION;
/// A metric that an alarm looks at, for a month. aws.amazon.com/cloudwatch/pricing.
pub const ALARM_METRIC: f64 = 0.10;
/// A dashboard for a month, beyond the first three. Same page.
pub const DASHBOARD: f64 = 3.00;

/// An operation of AppSync Events, metered per 5 KB. AWS's price list, "Event API operations".
pub const APPSYNC_OPERATION: f64 = 1.00 / MILLION;
/// Bytes that are metered as one operation. aws.amazon.com/appsync/pricing.
pub const APPSYNC_METERED_BYTES: f64 = 5.0 * 1_024.0;
/// A minute of a connection to AppSync. Same page.
pub const APPSYNC_MINUTE: f64 = 0.08 / MILLION;

/// An hour of a small machine, EC2 t4g.small. aws.amazon.com/ec2/pricing/on-demand.
pub const SMALL_VM_HOUR: f64 = 0.0168;
/// An hour of a large machine, EC2 c7g.xlarge. Same page.
pub const LARGE_VM_HOUR: f64 = 0.145;

/// A plan of Pusher Channels.
#[derive(Debug, Clone, Copy)]
pub struct PusherPlan {
    /// What Pusher calls it.
    pub name: &'static str,
    /// Dollars a month.
    pub dollars: f64,
    /// Connections at once.
    pub connections: f64,
    /// Messages a day, sent and received.
    pub messages_per_day: f64,
}

const fn plan(name: &'static str, dollars: f64, connections: f64, millions: f64) -> PusherPlan {
    PusherPlan { name, dollars, connections, messages_per_day: millions * MILLION }
}

/// Pusher's plans that need no call. pusher.com/channels/pricing, by way of price guides.
pub const PUSHER_PLANS: [PusherPlan; 8] = [
    plan("Sandbox", 0.0, 100.0, 0.2),
    plan("Startup", 49.0, 500.0, 1.0),
    plan("Pro", 99.0, 2_000.0, 4.0),
    plan("Business", 299.0, 5_000.0, 10.0),
    plan("Premium", 499.0, 10_000.0, 20.0),
    plan("Growth", 699.0, 15_000.0, 40.0),
    plan("Plus", 899.0, 20_000.0, 60.0),
    plan("Growth Plus", 1_199.0, 30_000.0, 90.0),
];
