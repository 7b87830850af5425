//! Texts on a terminal, times and durations as people write them.

use std::time::Duration;

use jiff::Timestamp;

/// A text from outside, safe on a terminal: control characters would move its cursor or change its colours.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The beginning of a text, with a mark if something was cut.
pub(super) fn clip(text: &str, chars: usize) -> String {
    let mut clipped: String = text.chars().take(chars).collect();
    if clipped.len() < text.len() {
        clipped.pop();
        clipped.push('…');
    }
    clipped
}

/// Rows in columns as wide as their widest cell, two spaces between.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Reads `90`, `90s`, `15m`, `2h` or `7d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = unit.and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit));
    let seconds = seconds.filter(|seconds| (1..=MAX_S).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("{text:?} is not a duration such as 90s, 15m, 2h or 7d"))
}

/// Longest duration in seconds. Ours: ten years, beyond which it is a slip.
const MAX_S: u64 = 3_650 * 86_400;

/// A point in time on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// This long from now.
    In(Duration),
    /// This instant.
    At(Timestamp),
}

impl When {
    /// Reads `+10s` or `2026-11-20T09:00:00Z`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(span) = text.strip_prefix('+') {
            return duration(span).map(Self::In);
        }
        let refused =
            |_| format!("{text:?} is not a time such as +10s, +15m or 2026-11-20T09:00:00Z");
        text.parse().map(Self::At).map_err(refused)
    }

    /// The instant, seen from `now`.
    pub(super) fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::In(span) => now.saturating_add(span).unwrap_or(Timestamp::MAX),
            Self::At(instant) => instant,
        }
    }
}
