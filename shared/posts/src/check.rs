//! Checks of inputs. Each adds what is wrong to a list, so that a caller learns everything at once.

use jiff::civil;

use crate::{
    Account, AccountId, Confirm, FieldError, NewAccount, Target, Timestamp, When, WorkspaceId,
    limits, wall_time,
};

/// Longest time zone name and wall time, in bytes. Ours: the longest IANA name has 32.
const TIME_TEXT_BYTES: usize = 64;

/// Checks a text's length.
pub(crate) fn text(text: &str, errors: &mut Vec<FieldError>) {
    let chars = text.chars().count();
    if chars > limits::TEXT_CHARS {
        let message = format!(
            "The text has {chars} characters. Shorten it to {} or fewer.",
            limits::TEXT_CHARS
        );
        errors.push(FieldError::new("text", "too_long", message));
    }
}

/// Checks that a post can be scheduled: it says something to someone.
pub(crate) fn complete(text: &str, accounts: usize, errors: &mut Vec<FieldError>) {
    if text.trim().is_empty() {
        errors.push(FieldError::new(
            "text",
            "required",
            "A scheduled post needs a text. Write one.",
        ));
    }
    if accounts == 0 {
        let message = "A scheduled post needs at least one account. Choose 1 to 50.";
        errors.push(FieldError::new("accounts", "required", message));
    }
}

/// Finds the accounts that a post names among `known`, those of the workspace.
pub(crate) fn targets(
    ids: &[AccountId],
    known: &[Account],
    workspace: &WorkspaceId,
    errors: &mut Vec<FieldError>,
) -> Vec<Target> {
    if ids.len() > limits::ACCOUNTS {
        let message = format!("A post goes to at most {} accounts. Remove some.", limits::ACCOUNTS);
        errors.push(FieldError::new("accounts", "too_many", message));
        return Vec::new();
    }
    let mut targets = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        let field = format!("accounts[{at}]");
        match known.iter().find(|a| a.id == *id && a.workspace_id == *workspace) {
            _ if ids[..at].contains(id) => {
                errors.push(FieldError::new(
                    field,
                    "duplicate",
                    "This account is named twice. Name it once.",
                ));
            }
            Some(account) => {
                targets.push(Target { account_id: id.clone(), platform: account.platform.clone() })
            }
            None => {
                let message =
                    "This workspace has no such account. Choose one that GET /api/accounts lists.";
                errors.push(FieldError::new(field, "not_found", message));
            }
        }
    }
    targets
}

/// Checks when a post is due. A time of the last minute becomes `now`.
pub(crate) fn instant(at: Timestamp, now: Timestamp, errors: &mut Vec<FieldError>) -> Timestamp {
    if at < now.minus(limits::NOW_SLACK) {
        let message = format!("{at} is in the past. Choose a time from {now} on.");
        errors.push(FieldError::new("scheduled_at", "in_the_past", message));
    }
    if at > now.plus(limits::AHEAD) {
        let message = format!("{at} is more than two years ahead. Choose an earlier time.");
        errors.push(FieldError::new("scheduled_at", "too_far_ahead", message));
    }
    at.max(now)
}

/// Checks the texts that go with a time.
pub(crate) fn time_texts(tz: Option<&str>, local_time: Option<&str>, errors: &mut Vec<FieldError>) {
    if let Some(tz) = tz
        && (tz.len() > TIME_TEXT_BYTES || wall_time::zone(tz).is_none())
    {
        let message = "This is no IANA time zone. Use a name such as \"Europe/Berlin\".";
        errors.push(FieldError::new("tz", "unknown_time_zone", message));
    }
    if let Some(local) = local_time
        && (local.len() > TIME_TEXT_BYTES || local.parse::<civil::DateTime>().is_err())
    {
        let message = "This is no wall time. Write it such as \"2026-11-20T09:00\".";
        errors.push(FieldError::new("local_time", "malformed", message));
    }
}

/// Puts a time and its texts together. Texts without a time mean nothing and are an error.
pub(crate) fn when(
    at: Option<Timestamp>,
    tz: Option<String>,
    local_time: Option<String>,
    errors: &mut Vec<FieldError>,
) -> Option<When> {
    time_texts(tz.as_deref(), local_time.as_deref(), errors);
    let Some(scheduled_at) = at else {
        for (field, given) in [("tz", tz.is_some()), ("local_time", local_time.is_some())] {
            if given {
                let message =
                    "This goes with a time only. Give scheduled_at as well, or leave it out.";
                errors.push(FieldError::new(field, "needs_scheduled_at", message));
            }
        }
        return None;
    };
    Some(When { scheduled_at, tz, local_time })
}

/// Checks the address of a delivery that is live.
pub fn check_confirm(confirm: &Confirm) -> Result<(), FieldError> {
    let Some(url) = &confirm.url else { return Ok(()) };
    let web = url.starts_with("https://") || url.starts_with("http://");
    let fits = url.chars().count() <= limits::REMOTE_URL_CHARS;
    if web && fits && !url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Ok(());
    }
    let message = format!(
        "Give an address that begins with https:// and has at most {} characters, or none.",
        limits::REMOTE_URL_CHARS
    );
    Err(FieldError::new("url", "malformed", message))
}

/// Checks an account's own fields; its platform checks the rest.
pub fn check_account(new: &NewAccount) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = new.name.trim().chars().count();
    if !(1..=limits::ACCOUNT_NAME_CHARS).contains(&name) {
        let message =
            format!("Give the account a name of 1 to {} characters.", limits::ACCOUNT_NAME_CHARS);
        errors.push(FieldError::new("name", "length", message));
    }
    if new.url.len() > limits::URL_BYTES {
        let message = format!("Use an address of at most {} bytes.", limits::URL_BYTES);
        errors.push(FieldError::new("url", "too_long", message));
    }
    if new.remote_id.chars().count() > limits::REMOTE_ID_CHARS {
        let message = format!("Use an id of at most {} characters.", limits::REMOTE_ID_CHARS);
        errors.push(FieldError::new("remote_id", "too_long", message));
    }
    if new.secret.reveal().len() > limits::SECRET_BYTES {
        let message = format!("Use a secret of at most {} bytes.", limits::SECRET_BYTES);
        errors.push(FieldError::new("secret", "too_long", message));
    }
    errors
}
