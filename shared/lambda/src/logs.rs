//! Logs: one JSON object per line on standard output, where Lambda takes them.

use tracing_subscriber::EnvFilter;

/// Begins to log. What is logged is chosen by `RUST_LOG`, warnings and the functions' own notes unless set.
pub(crate) fn begin() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,lambda=info"));
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true);
    // A second call, in a test, leaves the first one's.
    let _ = log.with_span_list(false).with_env_filter(filter).try_init();
}
