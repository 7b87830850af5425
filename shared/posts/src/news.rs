//! What is told about a post after each write: one function for each verb, in the verb's name.
//!
//! The names, the envelope and the limits are those of the event contract. `seq` is the version of what the
//! event is about: the delivery for `delivery:status-changed`, the account for `account:*`, else the post.
//! Two events of one write have the same `seq`: the second only names a part of what the first says.
//! `id` follows from resource, `seq` and event, so the same news told again has the same id.

mod others;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::delivery::digest;
use crate::{
    Announcement, Delivery, DeliveryView, FailReason, Post, Progress, Stage, Timestamp, UserId,
    limits,
};

pub(crate) use others::of_user;
pub use others::{
    account_connected, account_disconnected, account_rate_limited, account_status_changed,
    job_changed,
};

/// Who made something happen.
enum Actor<'a> {
    User(&'a UserId),
    System,
}

/// One event before it is wrapped.
struct News<'a> {
    event: &'static str,
    /// What the event is about, for its id.
    resource: &'a str,
    seq: u64,
    at: Timestamp,
    actor: Actor<'a>,
    data: Map<String, Value>,
}

/// A new post was stored.
pub fn created(post: &Post, except_socket: Option<&str>) -> Vec<Announcement> {
    let data = fields(json!({ "post": summary(post) }));
    let news = of_post(post, "post:created", Actor::User(&post.author_id), data);
    let mut told = with_new_time(news, None, post, &post.author_id, except_socket);
    if let Stage::PendingApproval { when } = &post.stage {
        let mut data = fields(json!({ "post_id": post.id, "accounts": account_ids(post) }));
        data.extend(fields(value(when)));
        let asked = of_post(post, "post:approval-requested", Actor::User(&post.author_id), data);
        told.push(asked.tell(post, None));
    }
    told
}

/// Another member agreed to a post, which is scheduled now.
pub fn approved(before: &Post, after: &Post, by: &UserId) -> Vec<Announcement> {
    let data = fields(json!({ "post_id": after.id, "approved_by": by }));
    with_new_time(
        of_post(after, "post:approved", Actor::User(by), data),
        Some(before),
        after,
        by,
        None,
    )
}

/// Another member did not agree to a post, which is a draft again.
pub fn rejected(after: &Post, by: &UserId, reason: &str) -> Announcement {
    let reason: String = reason.chars().take(limits::MESSAGE_CHARS).collect();
    let data = fields(json!({ "post_id": after.id, "rejected_by": by, "reason": reason }));
    of_post(after, "post:rejected", Actor::User(by), data).tell(after, None)
}

/// The next post of a series was made.
pub fn of_series(post: &Post) -> Vec<Announcement> {
    let data = fields(json!({ "post": summary(post) }));
    let news = of_post(post, "post:created", Actor::System, data);
    with_new_time(news, None, post, &post.author_id, None)
}

/// A change of a post was stored.
pub fn edited(
    before: &Post,
    after: &Post,
    by: &UserId,
    except_socket: Option<&str>,
) -> Vec<Announcement> {
    let data = fields(json!({ "post": summary(after), "changed": changes(before, after) }));
    let news = of_post(after, "post:updated", Actor::User(by), data);
    with_new_time(news, Some(before), after, by, except_socket)
}

/// The news of a write, and that of the new time if the write set one. The first has the `seq` before.
fn with_new_time(
    mut news: News<'_>,
    before: Option<&Post>,
    after: &Post,
    by: &UserId,
    except_socket: Option<&str>,
) -> Vec<Announcement> {
    if !after.has_new_time(before) {
        return vec![news.tell(after, except_socket)];
    }
    news.seq -= 1;
    let previous = before.and_then(|post| post.when().map(|when| when.scheduled_at));
    vec![news.tell(after, except_socket), scheduled(after, previous, by)]
}

/// A post was stopped by its author.
pub fn cancelled(before: &Post, after: &Post, by: &UserId) -> Announcement {
    let data = fields(json!({ "post_id": after.id, "previous_status": before.status() }));
    of_post(after, "post:cancelled", Actor::User(by), data).tell(after, None)
}

/// A post was deleted.
pub fn deleted(before: &Post, by: &UserId, now: Timestamp) -> Announcement {
    let data = fields(json!({ "post_id": before.id, "previous_status": before.status() }));
    let mut news = of_post(before, "post:deleted", Actor::User(by), data);
    news.seq += 1;
    news.at = now;
    news.tell(before, None)
}

/// A post was claimed by a worker. Nothing to tell if it is not publishing.
pub fn publishing(post: &Post, deliveries: &[Delivery]) -> Option<Announcement> {
    let Stage::Publishing { when, started_at } = &post.stage else { return None };
    let lateness = started_at.since(when.scheduled_at).as_millis();
    let data = fields(json!({
        "post_id": post.id,
        "scheduled_at": when.scheduled_at,
        "started_at": started_at,
        "lateness_ms": u64::try_from(lateness).unwrap_or(u64::MAX),
    }));
    let lines = deliveries.iter().map(|d| {
        json!({ "delivery_id": d.id, "platform": d.platform, "account_id": d.account_id, "status": d.status() })
    });
    Some(
        of_post(post, "post:publishing", Actor::System, data)
            .with_deliveries(lines.collect())
            .tell(post, None),
    )
}

/// A person had a post go on after it was over.
pub fn retrying(post: &Post, changed: &[Delivery], by: &UserId) -> Announcement {
    let ids: Vec<_> = changed.iter().map(|d| &d.id).collect();
    let data = fields(json!({ "post_id": post.id, "delivery_ids": ids }));
    of_post(post, "post:retrying", Actor::User(by), data).tell(post, None)
}

/// A delivery changed what people are told about it.
pub fn delivery_changed(
    post: &Post,
    delivery: &Delivery,
    all: &[Delivery],
    now: Timestamp,
) -> Announcement {
    let data = fields(json!({
        "post_id": post.id,
        "delivery": DeliveryView::new(delivery),
        "progress": Progress::of(all),
    }));
    let news = News {
        event: "delivery:status-changed",
        resource: delivery.id.as_str(),
        seq: delivery.version,
        at: now,
        actor: Actor::System,
        data,
    };
    news.tell(post, None)
}

/// A post came to its end. Nothing to tell if it did not.
pub fn finished(post: &Post, deliveries: &[Delivery]) -> Option<Announcement> {
    let progress = Progress::of(deliveries);
    let (event, mut data) = match &post.stage {
        Stage::Published { finished_at, .. } => {
            ("post:published", fields(json!({ "published_at": finished_at })))
        }
        Stage::PartiallyPublished { finished_at, needs_review, .. } => (
            "post:partially-published",
            fields(json!({
                "published_at": finished_at,
                "failed_count": progress.failed,
                "unconfirmed_count": progress.unconfirmed,
                "needs_review": needs_review,
            })),
        ),
        Stage::Failed { reason, needs_review, .. } => (
            "post:failed",
            fields(json!({ "reason": reason_name(*reason), "needs_review": needs_review })),
        ),
        Stage::Draft
        | Stage::PendingApproval { .. }
        | Stage::Scheduled { .. }
        | Stage::Publishing { .. }
        | Stage::Cancelled { .. } => return None,
    };
    data.extend(fields(json!({ "post_id": post.id, "progress": progress })));
    let lines = deliveries.iter().map(|d| value(&DeliveryView::new(d))).collect();
    Some(of_post(post, event, Actor::System, data).with_deliveries(lines).tell(post, None))
}

fn scheduled(post: &Post, previous: Option<Timestamp>, by: &UserId) -> Announcement {
    let mut data = fields(json!({ "post_id": post.id, "accounts": account_ids(post) }));
    if let Some(when) = post.when() {
        data.extend(fields(value(when)));
    }
    if let Some(previous) = previous {
        data.insert("previous_scheduled_at".to_owned(), value(&previous));
    }
    of_post(post, "post:scheduled", Actor::User(by), data).tell(post, None)
}

fn of_post<'a>(
    post: &'a Post,
    event: &'static str,
    actor: Actor<'a>,
    data: Map<String, Value>,
) -> News<'a> {
    News { event, resource: post.id.as_str(), seq: post.version, at: post.updated_at, actor, data }
}

impl News<'_> {
    /// Adds deliveries, at most 20 and as many as fit beside a wide margin for the rest.
    fn with_deliveries(mut self, mut lines: Vec<Value>) -> Self {
        let all = lines.len();
        lines.truncate(limits::EVENT_DELIVERIES);
        let mut room = limits::EVENT_BYTES / 2;
        let fit = lines.iter().take_while(|line| {
            let size = line.to_string().len() + 1;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let fit = fit.count();
        lines.truncate(fit);
        if fit < all {
            self.data.insert("truncated".to_owned(), Value::Bool(true));
        }
        self.data.insert("deliveries".to_owned(), Value::Array(lines));
        self
    }

    fn tell(self, post: &Post, except_socket: Option<&str>) -> Announcement {
        let channels = vec![
            format!("private-user-{}", post.author_id),
            format!("private-post-{}", post.id),
            format!("private-workspace-{}", post.workspace_id),
        ];
        self.wrap(post.workspace_id.as_str(), channels, except_socket)
    }

    fn wrap(
        self,
        workspace: &str,
        channels: Vec<String>,
        except_socket: Option<&str>,
    ) -> Announcement {
        let hash = digest(&[self.resource, &self.seq.to_string(), self.event]);
        let actor = match self.actor {
            Actor::User(id) => json!({ "type": "user", "id": id }),
            Actor::System => json!({ "type": "system" }),
        };
        let envelope = json!({
            "v": 1,
            "id": format!("evt_{}", &hash[..26]),
            "event": self.event,
            "at": self.at,
            "seq": self.seq,
            "workspace_id": workspace,
            "actor": actor,
            "data": self.data,
        });
        Announcement {
            channels,
            event: self.event.to_owned(),
            data: envelope.to_string(),
            except_socket: except_socket.map(str::to_owned),
        }
    }
}

fn summary(post: &Post) -> Value {
    let mut data = fields(json!({
        "id": post.id,
        "author_id": post.author_id,
        "status": post.status(),
        "excerpt": post.text.chars().take(limits::EXCERPT_CHARS).collect::<String>(),
        "pictures": post.media.len(),
        "accounts": account_ids(post),
        "version": post.version,
    }));
    if let Some(when) = post.when() {
        data.extend(fields(value(when)));
    }
    Value::Object(data)
}

fn account_ids(post: &Post) -> Vec<&str> {
    post.accounts.iter().map(|target| target.account_id.as_str()).collect()
}

fn changes(before: &Post, after: &Post) -> Vec<&'static str> {
    let (old, new) = (before.when(), after.when());
    let changed = [
        ("text", before.text != after.text),
        ("media", before.media != after.media),
        ("accounts", before.accounts != after.accounts),
        ("scheduled_at", old.map(|w| w.scheduled_at) != new.map(|w| w.scheduled_at)),
        ("tz", old.map(|w| &w.tz) != new.map(|w| &w.tz)),
        ("local_time", old.map(|w| &w.local_time) != new.map(|w| &w.local_time)),
    ];
    changed.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

fn reason_name(reason: FailReason) -> Value {
    value(&reason)
}

/// JSON of one of our own types, none of which can fail to be JSON.
fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or(Value::Null)
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
