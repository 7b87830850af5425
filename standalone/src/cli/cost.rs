//! `pushbridge cost`: what a workload costs a month on AWS, and elsewhere.

use std::io::Write;

use clap::Args;
use cost::{ALARM_METRICS, Bill, Pong, Standing, Units, Workload, bill, peers, standing};
use serde_json::json;

use super::{CliError, term};

const EXAMPLES: &str = "\
MESSAGES are events that are published: a number for the month, or a rate such
as 10/min while clients are connected. Prices are those of us-east-1 on
2026-11-20, without free tiers; docs/aws.md says what goes into each line.

Examples:
  pushbridge cost --connections 100 --messages 0
  pushbridge cost --connections 1000 --messages 10/min
  pushbridge cost --connections 1000 --messages 1000/min --receivers 10
  pushbridge cost --connections 10000 --messages 1/s --hours 8 --days 22 --json";

/// Most of anything that is counted. Ours: beyond it is a slip, and sums stay exact.
const MOST: f64 = 1e12;
/// API Gateway's requests per second in an account, unless raised. Source: its quotas.
const ACCOUNT_RATE: f64 = 10_000.0;

/// What to compute.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CostArgs {
    /// Clients that are connected at once
    #[arg(long, value_name = "COUNT", value_parser = count)]
    connections: f64,
    /// Events published: 500000 in the month, or 10/s, 10/min, 10/h, 10/day
    #[arg(long, value_name = "MESSAGES", value_parser = Messages::parse)]
    messages: Messages,
    /// Clients that receive each event [default: all that are connected]
    #[arg(long, value_name = "COUNT", value_parser = count)]
    receivers: Option<f64>,
    /// Channels that each client subscribes to
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = count)]
    channels: f64,
    /// Bytes of an event on the wire
    #[arg(long, value_name = "BYTES", default_value = "500", value_parser = count)]
    bytes: f64,
    /// Hours a day that clients are connected
    #[arg(long, value_name = "HOURS", default_value = "24", value_parser = hours)]
    hours: f64,
    /// Days of the month that they are
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = days)]
    days: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How much is published.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Messages {
    /// So many in the month.
    InAll(f64),
    /// So many per second.
    PerSecond(f64),
}

impl Messages {
    /// Reads `500000` or `10/min`.
    fn parse(text: &str) -> Result<Self, String> {
        let Some((number, unit)) = text.split_once('/') else {
            return count(text).map(Self::InAll);
        };
        let seconds = match unit {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3_600.0,
            "day" => 86_400.0,
            _ => {
                return Err(format!("{text:?} is not a rate such as 10/s, 10/min, 10/h or 10/day"));
            }
        };
        count(number).map(|n| Self::PerSecond(n / seconds))
    }
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|it| (least..=most).contains(it));
    number.ok_or_else(|| format!("{text:?} is not a number from {least} to {most}"))
}

fn count(text: &str) -> Result<f64, String> {
    number(text, 0.0, MOST)
}

fn hours(text: &str) -> Result<f64, String> {
    number(text, 1.0, 24.0)
}

fn days(text: &str) -> Result<f64, String> {
    number(text, 1.0, 31.0)
}

impl CostArgs {
    fn workload(&self) -> Result<Workload, CliError> {
        let receivers = self.receivers.unwrap_or(self.connections);
        if receivers > self.connections {
            let sentence = format!(
                "{receivers} receivers are more than the {} that are connected.",
                self.connections
            );
            return Err(CliError::refused(sentence));
        }
        let seconds = self.hours * self.days * 3_600.0;
        let publishes_per_s = match self.messages {
            Messages::InAll(all) => all / seconds,
            Messages::PerSecond(rate) => rate,
        };
        Ok(Workload {
            connections: self.connections,
            hours_per_day: self.hours,
            days: self.days,
            channels: self.channels,
            publishes_per_s,
            receivers,
            bytes: self.bytes,
        })
    }
}

/// Who answers pings, and what the column is called.
const COLUMNS: [(Pong, &str); 3] = [
    (Pong::Function, "pongs by Lambda"),
    (Pong::Gateway, "by API Gateway"),
    (Pong::GatewayRarely, "… every 540 s"),
];

/// Prints it.
pub(super) fn run(args: &CostArgs) -> Result<(), CliError> {
    let load = args.workload()?;
    let text = if args.json { as_json(&load) } else { as_text(&load) };
    writeln!(std::io::stdout(), "{}", text.trim_end())?;
    Ok(())
}

fn as_json(load: &Workload) -> String {
    let bill = |(pong, _): (Pong, &str)| {
        let bill = bill(load, &Units::MEASURED, pong);
        json!({ "pong": pong, "parts": bill, "total": bill.total() })
    };
    let standing = standing(ALARM_METRICS);
    let all = json!({
        "currency": "USD", "region": "us-east-1", "per": "month",
        "pushbridge_on_aws": COLUMNS.map(bill),
        "standing": { "parts": standing, "total": standing.total() },
        "peers": peers(load),
        "requests_per_second": rate(load),
    });
    format!("{all:#}")
}

/// Picks a part of a bill.
type Part = fn(&Bill) -> f64;

fn as_text(load: &Workload) -> String {
    let bills = COLUMNS.map(|(pong, _)| bill(load, &Units::MEASURED, pong));
    let mut rows = vec![row("Pushbridge on AWS", COLUMNS.map(|(_, name)| name.to_owned()))];
    let parts: [(&str, Part); 7] = [
        ("WebSocket messages", |it| it.messages),
        ("connection minutes", |it| it.connection_minutes),
        ("functions", |it| it.functions),
        ("DynamoDB", |it| it.dynamodb),
        ("HTTP API", |it| it.http_api),
        ("data out", |it| it.egress),
        ("together", Bill::total),
    ];
    rows.extend(parts.map(|(name, part)| row(name, bills.map(|it| dollars(part(&it))))));
    let Standing { schedule, queue, alarms, dashboard } = standing(ALARM_METRICS);
    let anyway = format!(
        "Besides, whether used or not: schedule {}, queue {}, alarms {} and dashboard {} if they are on.\n",
        dollars(schedule),
        dollars(queue),
        dollars(alarms),
        dollars(dashboard),
    );
    let others = peers(load).into_iter().map(|peer| {
        vec![peer.name.to_owned(), peer.dollars.map_or_else(|| "-".to_owned(), dollars), peer.note]
    });
    let others = term::table(&others.collect::<Vec<_>>());
    let table = term::table(&rows);
    format!("Dollars a month, us-east-1\n\n{table}\n{anyway}\n{others}{}", warning(load))
}

/// Requests that API Gateway carries per second while clients are connected.
fn rate(load: &Workload) -> f64 {
    load.publishes_per_s * (1.0 + load.receivers)
}

fn warning(load: &Workload) -> String {
    let rate = rate(load);
    if rate < ACCOUNT_RATE * 0.5 {
        return String::new();
    }
    format!(
        "\nAPI Gateway would carry {rate:.0} requests a second; an account has {ACCOUNT_RATE:.0} unless AWS raises it.\n"
    )
}

fn row(name: &str, cells: [String; 3]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

/// Cents where they matter.
fn dollars(amount: f64) -> String {
    if amount < 100.0 { format!("{amount:.2}") } else { format!("{amount:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_a_number_or_a_rate() {
        assert_eq!(Messages::parse("500000"), Ok(Messages::InAll(500_000.0)));
        for (text, per_second) in
            [("3/s", 3.0), ("30/min", 0.5), ("36/h", 0.01), ("86400/day", 1.0)]
        {
            assert_eq!(Messages::parse(text), Ok(Messages::PerSecond(per_second)), "{text}");
        }
        for bad in ["", "many", "-1", "1/month", "1e15", "NaN", "inf/s"] {
            assert!(Messages::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_text_is_read_by_people() {
        let load = Workload {
            connections: 10_000.0,
            hours_per_day: 8.0,
            days: 22.0,
            channels: 1.0,
            publishes_per_s: 1.0,
            receivers: 10_000.0,
            bytes: 500.0,
        };
        let expected = expect_test::expect![[r#"
            Dollars a month, us-east-1

            Pushbridge on AWS   pongs by Lambda  by API Gateway  … every 540 s
            WebSocket messages  5271             5271            5271
            connection minutes  26.40            26.40           26.40
            functions           16.85            16.85           16.85
            DynamoDB            14.52            14.52           14.52
            HTTP API            0.63             0.63            0.63
            data out            276              276             276
            together            5605             5605            5605

            Besides, whether used or not: schedule 0.20, queue 0.26, alarms 3.60 and dashboard 3.00 if they are on.

            Pusher Channels         -     beyond the plans: ask for a quote
            AppSync Events          6348  another protocol, no presence; data out not counted
            A VM with `pushbridge`  381   1 c7g.xlarge, to be looked after

            API Gateway would carry 10001 requests a second; an account has 10000 unless AWS raises it.
        "#]];
        expected.assert_eq(&as_text(&load));
    }
}
