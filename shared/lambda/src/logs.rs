//! Logs: one JSON object per line on standard output, where Lambda takes them.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// What is logged unless `RUST_LOG` says: warnings and the functions' own notes.
const USUAL: &str = "warn,lambda=info";

/// Begins to log.
pub(crate) fn begin() {
    let log = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second call, in a test, leaves the first one's.
    let _ = registry().with(log).with(chosen(std::env::var("RUST_LOG").ok().as_deref())).try_init();
}

/// Targets and levels only: patterns of spans and fields would bring an engine for regular expressions into each function.
fn chosen(wanted: Option<&str>) -> Targets {
    let of = |text: &str| text.parse().ok();
    wanted.filter(|text| !text.is_empty()).and_then(of).or_else(|| of(USUAL)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn rust_log_chooses_what_is_logged() {
        let usual =
            Targets::new().with_default(LevelFilter::WARN).with_target("lambda", LevelFilter::INFO);
        let audit =
            Targets::new().with_default(LevelFilter::WARN).with_target("audit", LevelFilter::DEBUG);
        for (wanted, expected) in [
            (None, &usual),
            (Some(""), &usual),
            (Some("warn,lambda=no-level"), &usual),
            (Some("warn,audit=debug"), &audit),
        ] {
            assert_eq!(chosen(wanted), *expected, "{wanted:?}");
        }
    }
}
