//! Reading back: which of an account's posts is the one that an attempt may have made. Pure.

use std::time::Duration;

use posts::{ReadBack, Remote};
use serde::Deserialize;

use crate::call::{Missed, Said};
use crate::oauth;
use crate::text::normal;

/// How much earlier than the first attempt a post may be dated: clocks differ. Source: the rules for read-backs.
const SLACK: Duration = Duration::from_secs(120);

/// What most platforms need frozen: the text.
#[derive(serde::Serialize, Deserialize, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
}

impl Text {
    /// The frozen payload's text.
    pub(crate) fn of(payload: &str) -> String {
        serde_json::from_str::<Self>(payload).unwrap_or_default().text
    }
}

/// A post as an account's list has it.
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
    pub(crate) text: String,
    /// When it was made, in seconds since 1970 UTC.
    pub(crate) at_s: Option<u64>,
}

/// Those of `seen` that say `text` and are not older than the first attempt, the oldest first.
pub(crate) fn matching(seen: impl IntoIterator<Item = Seen>, text: &str, since_s: u64) -> ReadBack {
    let wanted = normal(text);
    let from = since_s.saturating_sub(SLACK.as_secs());
    let fits = |it: &Seen| it.at_s.is_none_or(|at| at >= from) && normal(&it.text) == wanted;
    let mut found: Vec<_> = seen.into_iter().filter(fits).collect();
    if found.is_empty() {
        return ReadBack::NotThere;
    }
    found.sort_by_key(|it| it.at_s);
    ReadBack::Found(found.into_iter().map(|it| Remote { id: it.id, url: it.url }).collect())
}

/// The answer to a read, or that there is none.
pub(crate) fn read(who: &str, said: Result<Said, Missed>) -> Result<Said, ReadBack> {
    let message = match said {
        Ok(said) if said.ok() => return Ok(said),
        Ok(said) => format!("{who} answered with status {}.", said.status),
        Err(missed) => oauth::why(missed),
    };
    Err(ReadBack::Unreadable { message })
}

/// Seconds since 1970 UTC of a time such as `2026-11-20T08:00:03.412Z` or `2026-11-20T08:00:03+0000`.
pub(crate) fn time_s(text: &str) -> Option<u64> {
    let at = text
        .parse::<jiff::Timestamp>()
        .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text))
        .ok()?;
    u64::try_from(at.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(id: &str, text: &str, at_s: u64) -> Seen {
        Seen { id: id.into(), url: None, text: text.into(), at_s: Some(at_s) }
    }

    #[test]
    fn the_text_and_the_time_decide() {
        let all = || {
            [
                seen("new", "a  b", 1300),
                seen("old", "a b", 879),
                seen("first", "a b", 880),
                seen("other", "c", 1001),
            ]
        };
        let remote = |id: &str| Remote { id: id.into(), url: None };
        let found = ReadBack::Found(vec![remote("first"), remote("new")]);
        assert_eq!(matching(all(), "a\nb", 1000), found);
        assert_eq!(matching(all(), "a", 1000), ReadBack::NotThere);
    }

    #[test]
    fn times_of_platforms() {
        for text in
            ["2026-11-20T08:00:03.412Z", "2026-11-20T08:00:03+0000", "2026-11-20T09:00:03+01:00"]
        {
            assert_eq!(time_s(text), Some(1_795_161_603), "{text}");
        }
        assert_eq!(time_s("yesterday"), None);
    }
}
