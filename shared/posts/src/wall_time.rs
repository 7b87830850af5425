//! Wall times: what a clock on the wall of a zone shows, and the instant that means.

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::{FieldError, Timestamp};

/// A wall time in a zone, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) at: Timestamp,
    pub(crate) shift: Shift,
}

/// What the clock did at a wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shift {
    /// Nothing.
    None,
    /// It was set forward over this time, which does not exist: the instant is as much later as the gap is long.
    Gap,
    /// It was set back, and shows this time twice: the first one is meant.
    Fold,
}

/// The zone of an IANA name, from the bundled database: a rule reads no files, and a minimal machine has none.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// The instant of a wall time. Nothing outside the years that can be written.
pub(crate) fn resolve(zone: &TimeZone, local: civil::DateTime) -> Option<Resolved> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let shift = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => Shift::None,
        AmbiguousOffset::Gap { .. } => Shift::Gap,
        AmbiguousOffset::Fold { .. } => Shift::Fold,
    };
    let at = ambiguous.compatible().ok()?.as_millisecond();
    Some(Resolved { at: Timestamp::from_ms(at), shift })
}

/// Resolves the texts of a request. Nothing if they are not both right: other checks say so.
pub(crate) fn of_texts(tz: Option<&str>, local_time: Option<&str>) -> Option<Resolved> {
    resolve(&zone(tz?)?, local_time?.parse().ok()?)
}

/// What a person should know about a wall time that the clock skips or shows twice.
pub fn wall_time_warning(tz: Option<&str>, local_time: Option<&str>) -> Option<FieldError> {
    let resolved = of_texts(tz, local_time)?;
    let at = resolved.at;
    match resolved.shift {
        Shift::None => None,
        Shift::Gap => {
            let message = format!(
                "The clock is set forward over this time, so it does not exist: the post is due at {at}."
            );
            Some(FieldError::new("local_time", "skipped_time", message))
        }
        Shift::Fold => {
            let message = format!(
                "The clock is set back and shows this time twice: the post is due the first time, at {at}. \
                 Give scheduled_at for the second."
            );
            Some(FieldError::new("local_time", "repeated_time", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_edges_of_summer_time_in_new_york() {
        let cases = [
            // The clock shows 01:30 twice; the first is in summer time.
            ("2026-11-01T01:30", "2026-11-01T05:30:00.000Z", Shift::Fold),
            ("2026-11-01T00:59", "2026-11-01T04:59:00.000Z", Shift::None),
            ("2026-11-01T02:00", "2026-11-01T07:00:00.000Z", Shift::None),
            // 02:30 does not exist: an hour later it is 03:30 in summer time.
            ("2027-03-14T02:30", "2027-03-14T07:30:00.000Z", Shift::Gap),
            ("2027-03-14T01:59", "2027-03-14T06:59:00.000Z", Shift::None),
            ("2027-03-14T03:00", "2027-03-14T07:00:00.000Z", Shift::None),
        ];
        for (local, at, shift) in cases {
            let resolved = of_texts(Some("America/New_York"), Some(local)).unwrap();
            assert_eq!((resolved.at.to_string().as_str(), resolved.shift), (at, shift), "{local}");
        }
        let warning =
            wall_time_warning(Some("America/New_York"), Some("2027-03-14T02:30")).unwrap();
        assert!(warning.message.contains("07:30:00.000Z"), "{}", warning.message);
        assert_eq!(wall_time_warning(Some("Nowhere/At_All"), Some("2027-03-14T02:30")), None);
    }
}
