//! Notifications: what a person should hear of even when no page is open.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::delivery::digest;
use crate::{
    Account, Announcement, Delivery, Post, Progress, Stage, Timestamp, UserId, WorkspaceId, limits,
    news,
};

/// Something a person should hear of. The same cause gives the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// Whom it is for.
    pub user_id: UserId,
    /// The workspace that it is about.
    pub workspace_id: WorkspaceId,
    /// What it is about.
    pub kind: NotificationKind,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub body: String,
    /// What to open: a path of the API.
    pub link: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// Whether the person read it.
    pub read: bool,
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A post was not published everywhere.
    PostFailed,
    /// Nobody can tell whether a post was published.
    PostUnconfirmed,
    /// An account must be connected again.
    AccountReauth,
}

impl NotificationKind {
    /// The name in the API and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PostFailed => "post_failed",
            Self::PostUnconfirmed => "post_unconfirmed",
            Self::AccountReauth => "account_reauth",
        }
    }
}

impl Notification {
    /// What the author of a post that came to its end should hear. Nothing if all went well.
    pub fn of_post(post: &Post, deliveries: &[Delivery]) -> Option<Self> {
        let (finished_at, needs_review) = match &post.stage {
            Stage::PartiallyPublished { finished_at, needs_review, .. }
            | Stage::Failed { finished_at, needs_review, .. } => (*finished_at, *needs_review),
            _ => return None,
        };
        let progress = Progress::of(deliveries);
        let (kind, title, body) = if needs_review {
            let body = format!(
                "Of {} of {} accounts nobody can tell whether the post is there. Look at them first, then confirm it or send it again.",
                progress.unconfirmed, progress.total
            );
            (NotificationKind::PostUnconfirmed, "Look whether a post is live", body)
        } else if deliveries.is_empty() {
            let body = "It fell due while nothing ran, and was too late then.".to_owned();
            (NotificationKind::PostFailed, "A post was missed", body)
        } else {
            let body = format!("It failed on {} of {} accounts.", progress.failed, progress.total);
            (NotificationKind::PostFailed, "A post was not published everywhere", body)
        };
        let seq = post.version.to_string();
        Some(Self {
            id: id(kind, post.id.as_str(), &seq),
            user_id: post.author_id.clone(),
            workspace_id: post.workspace_id.clone(),
            kind,
            title: title.to_owned(),
            body,
            link: format!("/api/posts/{}", post.id),
            created_at: finished_at,
            read: false,
        })
    }

    /// What whoever connected an account should hear when it must be connected again.
    pub fn of_account(account: &Account, reason: &str, now: Timestamp) -> Self {
        let kind = NotificationKind::AccountReauth;
        Self {
            id: id(kind, account.id.as_str(), &account.version.to_string()),
            user_id: account.created_by.clone(),
            workspace_id: account.workspace_id.clone(),
            kind,
            title: format!("Connect {} again", account.name),
            body: format!("{reason} Its posts wait until it is connected again."),
            link: format!("/api/accounts/{}/reconnect", account.id),
            created_at: now,
            read: false,
        }
    }

    /// What whoever connected an account should hear whose tokens end and cannot be renewed: a week before that, and a
    /// day. Nothing at other times. However often it is asked for, each is told once.
    pub fn of_ending(account: &Account, ends_at: Timestamp, now: Timestamp) -> Option<Self> {
        let left = ends_at.since(now);
        let within = |days: &&u64| left <= Duration::from_secs(**days * 24 * 3600);
        let days = limits::ENDING_DAYS.iter().find(within)?;
        let kind = NotificationKind::AccountReauth;
        let when = if *days == 1 { "a day".to_owned() } else { format!("{days} days") };
        Some(Self {
            id: id(kind, account.id.as_str(), &format!("{ends_at}|{days}")),
            user_id: account.created_by.clone(),
            workspace_id: account.workspace_id.clone(),
            kind,
            title: format!("Connect {} again within {when}", account.name),
            body: "Its access ends then, and the platform does not renew it by itself.".to_owned(),
            link: format!("/api/accounts/{}", account.id),
            // The time is a part of its place: the same all day and every day until the next one.
            created_at: ends_at.minus(Duration::from_secs(*days * 24 * 3600)),
            read: false,
        })
    }

    /// The event that it was stored.
    pub fn received(&self, unread_count: usize) -> Announcement {
        let data = json!({
            "notification_id": self.id, "kind": self.kind, "title": self.title, "body": self.body,
            "link": self.link, "created_at": self.created_at, "unread_count": unread_count,
        });
        let about = (&self.user_id, &self.workspace_id);
        news::of_user(about, "notification:received", &self.id, self.created_at, data)
    }
}

/// The event that another page of the same person read notifications.
pub fn notifications_read(
    user: &UserId,
    workspace: &WorkspaceId,
    ids: &[String],
    unread_count: usize,
    now: Timestamp,
) -> Announcement {
    let data = json!({ "notification_ids": ids, "unread_count": unread_count });
    news::of_user((user, workspace), "notification:read", &ids.join(","), now, data)
}

fn id(kind: NotificationKind, resource: &str, seq: &str) -> String {
    format!("ntf_{}", &digest(&[kind.as_str(), resource, seq])[..24])
}
