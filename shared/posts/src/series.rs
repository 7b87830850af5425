//! Series: a post that comes again and again, at the same wall time.
//!
//! Each occurrence is a post of its own, whose id follows from the series and the date: made twice it is the same
//! one. Occurrences are counted from the anchor, the first one, not from the last run: nothing drifts.

use jiff::civil::{DateTime, Weekday};
use jiff::{Span, civil};
use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountId, Caller, Conflict, FieldError, MediaKey, Medium, NewMedium, Post, PostId,
    SeriesId, Stage, Target, Timestamp, UserId, When, WorkspaceId, check, limits, media, wall_time,
};

/// A post that comes again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// The workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// Who wrote it.
    pub author_id: UserId,
    /// What each post says.
    pub text: String,
    /// The pictures of each post.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Medium>,
    /// Where each post goes.
    pub accounts: Vec<Target>,
    /// When it comes again.
    pub rule: Rule,
    /// The wall time of the first one, such as `2026-11-20T09:00`; the others follow from it.
    pub local_time: String,
    /// The IANA time zone whose clocks count.
    pub tz: String,
    /// The last day that can have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether posts still come.
    #[serde(flatten)]
    pub state: SeriesState,
    /// Counts the writes, from 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Whether posts of a series still come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum SeriesState {
    /// The next one is due then; its post exists.
    Running {
        /// When.
        next_at: Timestamp,
    },
    /// The last one has come, or a person stopped it.
    Ended,
}

/// When a series comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "every", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Every day, or every few days.
    Day {
        /// How many days from one to the next, 1 to 366.
        #[serde(default = "one")]
        interval: u32,
    },
    /// On these days of every week, or of every few weeks.
    Week {
        /// How many weeks from one to the next, 1 to 52.
        #[serde(default = "one")]
        interval: u32,
        /// The days; the first post's day if left out.
        #[serde(default)]
        days: Vec<Day>,
    },
    /// On the first post's day of every month, or of every few months; on the last day of months that are too short.
    Month {
        /// How many months from one to the next, 1 to 24.
        #[serde(default = "one")]
        interval: u32,
    },
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say all")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// A request to create a series.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSeries {
    /// The workspace that will own it. May be left out by a member of exactly one.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
    /// What each post says, at most 5,000 characters.
    pub text: String,
    /// The pictures of each post, at most 10. They are fetched now and kept.
    #[serde(default)]
    pub media: Vec<NewMedium>,
    /// Where each post goes: ids of accounts of the same workspace, at most 50.
    pub accounts: Vec<AccountId>,
    /// When it comes again.
    pub rule: Rule,
    /// The wall time of the first one, such as `2026-11-20T09:00`.
    pub local_time: String,
    /// The IANA time zone whose clocks count, such as `Europe/Berlin`; no abbreviation and no fixed offset.
    pub tz: String,
    /// The last day that can have one, such as `2027-06-30`.
    #[serde(default)]
    pub until: Option<String>,
}

fn one() -> u32 {
    1
}

/// Most candidates that are looked through for the next one, from the last that is surely over on. Ours: 27 years of days.
const LOOK_THROUGH: i64 = 10_000;

impl Series {
    /// Makes a series of `new` by `caller`, with its first post, both without the pictures, which are fetched when all the
    /// rest is right. Fails with everything that is wrong.
    pub fn create(
        id: SeriesId,
        caller: &Caller,
        new: NewSeries,
        known: &[Account],
        now: Timestamp,
    ) -> Result<(Self, Post), Vec<FieldError>> {
        let mut errors = Vec::new();
        let workspace_id =
            caller.workspace(new.workspace_id.as_ref()).map_err(|error| vec![error])?;
        check::text(&new.text, &mut errors);
        media::check(&new.media, &mut errors);
        check::complete(&new.text, new.accounts.len(), &mut errors);
        let accounts = check::targets(&new.accounts, known, &workspace_id, &mut errors);
        check::time_texts(Some(&new.tz), Some(&new.local_time), &mut errors);
        check_zone(&new.tz, &mut errors);
        check_rule(&new.rule, &mut errors);
        check_until(new.until.as_deref(), &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let series = Self {
            id,
            workspace_id,
            author_id: caller.user_id.clone(),
            text: new.text,
            media: Vec::new(),
            accounts,
            rule: new.rule,
            local_time: new.local_time,
            tz: new.tz,
            until: new.until,
            state: SeriesState::Ended,
            version: 0,
            created_at: now,
        };
        let none_left = || {
            let message = "No post of this series would be due from now on. Choose a later end.";
            vec![FieldError::new("until", "nothing_left", message)]
        };
        let first = series.occurrence_after(now.minus(limits::NOW_SLACK)).ok_or_else(none_left)?;
        Ok(series.with_next(first, now))
    }

    /// The series after its next post fell due, with the one after that. What was missed is not made up for.
    /// Nothing if it is not due at `now`.
    pub fn advance(&self, now: Timestamp) -> Option<(Self, Option<Post>)> {
        let SeriesState::Running { next_at } = self.state else { return None };
        if next_at > now {
            return None;
        }
        Some(match self.occurrence_after(now) {
            Some(next) => {
                let (series, post) = self.with_next(next, now);
                (series, Some(post))
            }
            None => (self.ended(), None),
        })
    }

    /// The series without any more posts. Fails if it has ended.
    pub fn stop(&self) -> Result<Self, Conflict> {
        match self.state {
            SeriesState::Running { .. } => Ok(self.ended()),
            SeriesState::Ended => Err(Conflict::SeriesEnded),
        }
    }

    /// When the ticker should look at it.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            SeriesState::Running { next_at } => Some(next_at),
            SeriesState::Ended => None,
        }
    }

    /// Whether the copy of a picture is still needed for posts to come.
    pub fn needs(&self, key: &MediaKey) -> bool {
        let running = matches!(self.state, SeriesState::Running { .. });
        running && self.media.iter().any(|medium| medium.key == *key)
    }

    fn ended(&self) -> Self {
        Self { state: SeriesState::Ended, version: self.version + 1, ..self.clone() }
    }

    fn with_next(&self, next: Occurrence, now: Timestamp) -> (Self, Post) {
        let state = SeriesState::Running { next_at: next.at };
        let series = Self { state, version: self.version + 1, ..self.clone() };
        let when = When {
            scheduled_at: next.at,
            tz: Some(self.tz.clone()),
            local_time: Some(next.local.to_string()),
        };
        let post = Post {
            id: PostId::of_series(&self.id, &next.local.date().to_string()),
            workspace_id: self.workspace_id.clone(),
            author_id: self.author_id.clone(),
            text: self.text.clone(),
            media: self.media.clone(),
            accounts: self.accounts.clone(),
            stage: Stage::Scheduled { when },
            // As if it had been created, and scheduled then.
            version: 2,
            content_rev: 1,
            created_at: now,
            updated_at: now,
        };
        (series, post)
    }

    /// The first occurrence after `after`, in wall time.
    fn occurrence_after(&self, after: Timestamp) -> Option<Occurrence> {
        let zone = wall_time::zone(&self.tz)?;
        let anchor: DateTime = self.local_time.parse().ok()?;
        let until: Option<civil::Date> = self.until.as_deref().and_then(|day| day.parse().ok());
        let over = self.rule.skip_to(anchor, after);
        for nth in over..over + LOOK_THROUGH {
            let Some(local) = self.rule.nth(anchor, nth) else { continue };
            if until.is_some_and(|until| local.date() > until) {
                return None;
            }
            let at = wall_time::resolve(&zone, local)?.at;
            if at > after {
                return Some(Occurrence { local, at });
            }
        }
        None
    }
}

struct Occurrence {
    local: DateTime,
    at: Timestamp,
}

impl Rule {
    /// A number of candidates that are surely all before `after`.
    fn skip_to(&self, anchor: DateTime, after: Timestamp) -> i64 {
        let days = wall_days(anchor, after).saturating_sub(2).max(0);
        match self {
            Self::Day { interval } => days / i64::from(*interval),
            Self::Week { .. } => days,
            // Months are at most 31 days long.
            Self::Month { interval } => days / (31 * i64::from(*interval)),
        }
    }

    /// The wall time of the n-th candidate, counted from the anchor; nothing if the rule leaves that one out.
    fn nth(&self, anchor: DateTime, nth: i64) -> Option<DateTime> {
        match self {
            Self::Day { interval } => {
                anchor.checked_add(Span::new().try_days(nth * i64::from(*interval)).ok()?).ok()
            }
            // A candidate is a day; weeks begin on Monday.
            Self::Week { interval, days } => {
                let local = anchor.checked_add(Span::new().try_days(nth).ok()?).ok()?;
                let into_week = i64::from(anchor.weekday().to_monday_zero_offset());
                let week = (nth + into_week) / 7;
                let fits = if days.is_empty() {
                    local.weekday() == anchor.weekday()
                } else {
                    days.iter().any(|day| day.weekday() == local.weekday())
                };
                (fits && week % i64::from(*interval) == 0).then_some(local)
            }
            Self::Month { interval } => {
                anchor.checked_add(Span::new().try_months(nth * i64::from(*interval)).ok()?).ok()
            }
        }
    }
}

/// Days from a wall time to an instant, about: zones differ by less than two days.
fn wall_days(anchor: DateTime, at: Timestamp) -> i64 {
    let start =
        anchor.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |z| z.timestamp().as_millisecond());
    (at.ms() - start) / (24 * 3_600_000)
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

/// A zone with rules of its own: `EST` and `Etc/GMT+5` name an offset, which no summer time moves.
fn check_zone(tz: &str, errors: &mut Vec<FieldError>) {
    if tz != "UTC" && (!tz.contains('/') || tz.starts_with("Etc/")) {
        let message = "A series needs a time zone by its place. Use a name such as \"Europe/Berlin\", or \"UTC\".";
        errors.push(FieldError::new("tz", "not_a_place", message));
    }
}

fn check_rule(rule: &Rule, errors: &mut Vec<FieldError>) {
    let (interval, most) = match rule {
        Rule::Day { interval } => (*interval, 366),
        Rule::Week { interval, .. } => (*interval, 52),
        Rule::Month { interval } => (*interval, 24),
    };
    if !(1..=most).contains(&interval) {
        let message = format!("Use an interval of 1 to {most}.");
        errors.push(FieldError::new("rule.interval", "out_of_range", message));
    }
    if matches!(rule, Rule::Week { days, .. } if days.len() > 7) {
        let message = "A week has seven days. Name each once.";
        errors.push(FieldError::new("rule.days", "too_many", message));
    }
}

fn check_until(until: Option<&str>, errors: &mut Vec<FieldError>) {
    if until.is_some_and(|day| day.len() > 16 || day.parse::<civil::Date>().is_err()) {
        let message = "This is no day. Write it such as \"2027-06-30\".";
        errors.push(FieldError::new("until", "malformed", message));
    }
}
