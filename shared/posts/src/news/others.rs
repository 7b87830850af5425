//! What is told about accounts, jobs and to single people.

use serde_json::{Map, Value, json};

use super::{Actor, News, fields};
use crate::{Account, Announcement, Job, Timestamp, UserId, WorkspaceId};

/// A job got on.
pub fn job_changed(job: &Job, now: Timestamp) -> Announcement {
    let percent = (job.done * 100).checked_div(job.total).unwrap_or(0);
    let progress = json!({ "done": job.done, "total": job.total, "failed": 0, "percent": percent });
    let data = fields(json!({
        "job_id": job.id, "kind": job.kind, "status": job.status(), "progress": progress,
    }));
    let (event, resource, seq) = ("job:status-changed", job.id.as_str(), job.version);
    let news = News { event, resource, seq, at: now, actor: Actor::User(&job.author_id), data };
    let channels = vec![
        format!("private-user-{}", job.author_id),
        format!("private-workspace-{}", job.workspace_id),
    ];
    news.wrap(job.workspace_id.as_str(), channels, None)
}

/// News for one person alone.
pub(crate) fn of_user(
    (user, workspace): (&UserId, &WorkspaceId),
    event: &'static str,
    resource: &str,
    at: Timestamp,
    data: Value,
) -> Announcement {
    // Notifications have no versions; their time orders them.
    let seq = u64::try_from(at.ms()).unwrap_or(0);
    let news = News { event, resource, seq, at, actor: Actor::System, data: fields(data) };
    news.wrap(workspace.as_str(), vec![format!("private-user-{user}")], None)
}

/// An account was connected.
pub fn account_connected(account: &Account) -> Announcement {
    of_account(
        account,
        "account:connected",
        "connected",
        account.version,
        account.created_at,
        &account.created_by,
    )
}

/// An account was disconnected.
pub fn account_disconnected(account: &Account, by: &UserId, now: Timestamp) -> Announcement {
    of_account(account, "account:disconnected", "disconnected", account.version + 1, now, by)
}

/// An account's status changed, for a `reason` in words for people.
pub fn account_status_changed(account: &Account, reason: &str, now: Timestamp) -> Announcement {
    let data = json!({ "reason": reason });
    let status = account.status.as_str();
    status_changed(account, status, account.version, fields(data), now)
}

/// An account reached a limit of its platform, until `until`.
pub fn account_rate_limited(account: &Account, until: Timestamp, now: Timestamp) -> Announcement {
    let reason = "The platform's limit is reached.";
    let data = fields(json!({ "reason": reason, "until": until }));
    status_changed(account, "rate_limited", account.version, data, now)
}

fn status_changed(
    account: &Account,
    status: &str,
    seq: u64,
    more: Map<String, Value>,
    at: Timestamp,
) -> Announcement {
    let mut data = fields(json!({
        "account_id": account.id, "platform": account.platform, "name": account.name, "status": status,
    }));
    data.extend(more);
    let event = "account:status-changed";
    // The time sets events apart that are not about a write of the account.
    let resource = format!("{}|{at}", account.id);
    let news = News { event, resource: &resource, seq, at, actor: Actor::System, data };
    let channels = vec![
        format!("private-user-{}", account.created_by),
        format!("private-workspace-{}", account.workspace_id),
    ];
    news.wrap(account.workspace_id.as_str(), channels, None)
}

fn of_account(
    account: &Account,
    event: &'static str,
    status: &str,
    seq: u64,
    at: Timestamp,
    by: &UserId,
) -> Announcement {
    let data = fields(json!({
        "account_id": account.id, "platform": account.platform, "name": account.name, "status": status,
    }));
    let news = News { event, resource: account.id.as_str(), seq, at, actor: Actor::User(by), data };
    let channels =
        vec![format!("private-user-{by}"), format!("private-workspace-{}", account.workspace_id)];
    news.wrap(account.workspace_id.as_str(), channels, None)
}
