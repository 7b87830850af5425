//! Keys of items and indexes, in one place.
//!
//! A timestamp inside a key is zero-padded to 15 digits, so that texts sort as numbers do.

use posts::{
    AccountId, Delivery, DeliveryId, DeliveryStatus, GateScope, JobId, MediaKey, Post, PostId,
    SeriesId, Timestamp, UserId, WorkspaceId,
};
use sha2::{Digest, Sha256};

use crate::item::{Item, number, text, write};
use crate::{Audit, Chore, Error, MediaUser, Sealed};

/// Shards of the due index, so that no partition of it is hot. A change needs every due item rewritten.
pub(crate) const SHARDS: u8 = 16;

/// The index of what the ticker must look at.
pub(crate) const DUE_INDEX: &str = "due";
/// The index of a workspace's posts or accounts, in order.
pub(crate) const LIST_INDEX: &str = "list";

/// Holds a write back unless the item still has the version that was read.
pub(crate) const SAME_VERSION: &str = "#version = :before";

/// What hot items' sort keys begin with: the post and its deliveries, not the payloads.
pub(crate) const STATE: &str = "state#";
const POST: &str = "state#post";
const SERIES: &str = "state#series";
/// What notifications' sort keys begin with.
pub(crate) const NOTES: &str = "note#";
/// After every row of a job.
pub(crate) const JOB_ROWS_END: &str = "row#~";
const DELIVERY: &str = "state#delivery#";

/// How long payloads outlive their attempt, in seconds: 30 days, for whoever looks into a trouble.
const PAYLOAD_KEPT_S: u64 = 30 * 24 * 3600;

/// The key of a post.
pub(crate) fn post(id: &PostId) -> Item {
    key(&post_partition(id), POST)
}

/// The partition of a post, its deliveries and payloads.
pub(crate) fn post_partition(id: &PostId) -> String {
    format!("post#{id}")
}

/// The key of a delivery.
pub(crate) fn delivery(post: &PostId, id: &DeliveryId) -> Item {
    key(&post_partition(post), &format!("{DELIVERY}{id}"))
}

/// The key of a delivery's frozen payload.
///
/// Each generation has its own: the first attempt of each freezes it.
pub(crate) fn payload(delivery: &Delivery) -> Item {
    let generation = match delivery.generation {
        0 => String::new(),
        n => format!("#{n}"),
    };
    key(&post_partition(&delivery.post_id), &format!("payload#{}{generation}", delivery.id))
}

/// The key of an account; `part` is `state`, `secret` or `lease`.
pub(crate) fn account(id: &AccountId, part: &str) -> Item {
    key(&format!("account#{id}"), part)
}

/// Reads back which account a key is of.
pub(crate) fn account_of(pk: &str) -> Option<AccountId> {
    AccountId::parse(pk.strip_prefix("account#")?).ok()
}

/// The key of a gate: an account's own, or that of a platform's app.
pub(crate) fn gate(account: &AccountId, platform: &str, scope: GateScope) -> Item {
    match scope {
        GateScope::Account => self::account(account, "gate"),
        GateScope::App => key(&format!("app#{platform}"), "gate"),
    }
}

/// The key of an account's post on its platform. Hashed, because the platform chooses the id.
pub(crate) fn remote(account: &AccountId, remote: &str) -> Item {
    let hash = hex::encode(Sha256::digest(remote.as_bytes()));
    self::account(account, &format!("remote#{}", &hash[..32]))
}

/// Sealed credentials as a whole item.
pub(crate) fn credentials_item(account: &AccountId, sealed: &Sealed, token_ver: u64) -> Item {
    let mut item = self::account(account, "secret");
    item.insert("sealed".to_owned(), text(&sealed.text));
    if let Some(at) = sealed.ends_at {
        item.insert("ends_at".to_owned(), number(at.ms()));
    }
    item.insert("token_ver".to_owned(), number(token_ver));
    item
}

/// A record of a decision about a post, one for each of its versions.
pub(crate) fn audit_item(post: &Post, audit: Audit<'_>) -> Item {
    let mut item = key(&post_partition(&post.id), &format!("audit#{:010}", post.version));
    item.extend(audit.fields());
    item
}

/// Where a delivery is found that a person must decide about. No workspace's id has a control character.
pub(crate) fn unconfirmed(id: &DeliveryId) -> String {
    format!("\u{1}unconfirmed#{id}")
}

/// The key of a series.
pub(crate) fn series(id: &SeriesId) -> Item {
    key(&format!("series#{id}"), SERIES)
}

/// Where the series of a workspace are listed. No workspace's id has a control character.
pub(crate) fn series_of(workspace: &WorkspaceId) -> String {
    format!("\u{1}series#{workspace}")
}

/// Reads back which series a key is of.
pub(crate) fn series_in(pk: &str) -> Option<SeriesId> {
    SeriesId::parse(pk.strip_prefix("series#")?).ok()
}

/// The partition of the notes about a copy of a picture.
pub(crate) fn media_partition(key: &MediaKey) -> String {
    format!("media#{key}")
}

/// The key of the note that someone uses a copy.
pub(crate) fn media_user(media: &MediaKey, user: &MediaUser) -> Item {
    let user = match user {
        MediaUser::Post(id) => post_partition(id),
        MediaUser::Series(id) => format!("series#{id}"),
    };
    key(&media_partition(media), &user)
}

/// Reads back whom a note is about.
pub(crate) fn media_user_in(sk: &str) -> Option<MediaUser> {
    post_of(sk).map(MediaUser::Post).or_else(|| series_in(sk).map(MediaUser::Series))
}

/// The key of a request for access, by the hash of its state.
pub(crate) fn pending(hash: &str) -> Item {
    key(&format!("connect#{hash}"), "pending")
}

/// The key of what registering with an instance gave.
pub(crate) fn registration(hash: &str) -> Item {
    key(&format!("registered#{hash}"), "client")
}

/// Reads back of which registration a key is.
pub(crate) fn registered(pk: &str) -> Option<&str> {
    pk.strip_prefix("registered#")
}

/// A key that was read, as it was.
pub(crate) fn whole(pk: &str, sk: &str) -> Item {
    key(pk, sk)
}

/// The key of a workspace's settings.
pub(crate) fn workspace(id: &WorkspaceId) -> Item {
    key(&format!("workspace#{id}"), "settings")
}

/// The key of a chore.
pub(crate) fn chore(chore: Chore) -> Item {
    key(&format!("chore#{}", chore.as_str()), "state#chore")
}

/// Reads back which chore a key is of.
pub(crate) fn chore_in(pk: &str) -> Option<Chore> {
    let name = pk.strip_prefix("chore#")?;
    Chore::ALL.into_iter().find(|chore| chore.as_str() == name)
}

/// The key of a job.
pub(crate) fn job(id: &JobId) -> Item {
    key(&format!("job#{id}"), "state#job")
}

/// The key of the n-th row of a job.
pub(crate) fn job_row(id: &JobId, nth: usize) -> Item {
    key(&format!("job#{id}"), &format!("row#{nth:06}"))
}

/// Reads back which job a key is of.
pub(crate) fn job_in(pk: &str) -> Option<JobId> {
    JobId::parse(pk.strip_prefix("job#")?).ok()
}

/// The partition of a user.
pub(crate) fn user(id: &UserId) -> String {
    format!("user#{id}")
}

/// The key of a user's notification.
pub(crate) fn notification(user: &UserId, timed: &str) -> Item {
    key(&self::user(user), &format!("{NOTES}{timed}"))
}

/// Reads back which post a key is of.
pub(crate) fn post_of(pk: &str) -> Option<PostId> {
    PostId::parse(pk.strip_prefix("post#")?).ok()
}

/// Reads back which delivery a sort key is of; nothing if it is the post.
pub(crate) fn delivery_of(sk: &str) -> Option<DeliveryId> {
    DeliveryId::parse(sk.strip_prefix(DELIVERY)?).ok()
}

/// A post as a whole item, with its places in the indexes.
pub(crate) fn post_item(post: &Post) -> Result<Item, Error> {
    let mut item = write(post)?;
    item.extend(self::post(&post.id));
    item.extend(listed(&post.workspace_id, &list_key(post)));
    if let Some(at) = post.due_at() {
        item.extend(due(post.id.as_str(), at));
    }
    Ok(item)
}

/// A delivery as a whole item, with its place in the due index.
pub(crate) fn delivery_item(delivery: &Delivery) -> Result<Item, Error> {
    let mut item = write(delivery)?;
    item.extend(self::delivery(&delivery.post_id, &delivery.id));
    if let Some(at) = delivery.due_at() {
        item.extend(due(delivery.id.as_str(), at));
    }
    if delivery.status() == DeliveryStatus::Unconfirmed {
        item.insert("list_pk".to_owned(), text(unconfirmed(&delivery.id)));
        item.insert("list_sk".to_owned(), text(delivery.id.as_str()));
    }
    Ok(item)
}

/// A frozen payload as a whole item, which the table drops some time after the attempt.
pub(crate) fn payload_item(delivery: &Delivery, payload: &str, now: Timestamp) -> Item {
    let mut item = self::payload(delivery);
    item.insert("payload".to_owned(), text(payload));
    item.insert("expires_at".to_owned(), number(now.seconds() + PAYLOAD_KEPT_S));
    item
}

/// A place in the list of a workspace.
pub(crate) fn listed(workspace: &WorkspaceId, list_sk: &str) -> Item {
    [("list_pk".to_owned(), text(workspace.as_str())), ("list_sk".to_owned(), text(list_sk))].into()
}

/// Where a post stands in its workspace's list: at its time, or at its creation if it has none.
pub(crate) fn list_key(post: &Post) -> String {
    let at = post.when().map_or(post.created_at, |when| when.scheduled_at);
    timed(at, post.id.as_str())
}

/// A place in the due index.
pub(crate) fn due(id: &str, at: Timestamp) -> Item {
    [("due_pk".to_owned(), text(shard(shard_of(id)))), ("due_sk".to_owned(), text(timed(at, id)))]
        .into()
}

/// The partition of a shard of the due index.
pub(crate) fn shard(shard: u8) -> String {
    format!("D#{shard}")
}

/// A time and an id as a sortable text.
pub(crate) fn timed(at: Timestamp, id: &str) -> String {
    format!("{:015}#{id}", at.ms())
}

fn shard_of(id: &str) -> u8 {
    Sha256::digest(id.as_bytes())[0] % SHARDS
}

fn key(pk: &str, sk: &str) -> Item {
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use posts::{DeliveryState, Lease, Worker, delivery_id, idem_key};

    use super::*;

    /// The size that a write is billed by. Source: DynamoDB's item sizes.
    fn size(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len() / 2 + 2,
            AttributeValue::M(fields) => {
                3 + fields.iter().map(|(k, v)| k.len() + size(v) + 1).sum::<usize>()
            }
            AttributeValue::L(list) => 3 + list.iter().map(|v| size(v) + 1).sum::<usize>(),
            _ => 1,
        }
    }

    #[test]
    fn a_delivery_in_flight_costs_one_write_unit() {
        let (post_id, account_id) =
            (PostId::from_number(u128::MAX), AccountId::from_number(u128::MAX));
        let id = delivery_id(&post_id, &account_id, 1);
        let now = Timestamp::from_ms(1_795_161_600_000);
        let name = "f".repeat(16);
        let lease = Lease { owner: Worker { process: name.clone(), run: name }, until: now };
        let delivery = Delivery {
            idem_key: idem_key(&id, 0),
            id,
            post_id,
            workspace_id: WorkspaceId::parse("w".repeat(36)).unwrap(),
            account_id,
            platform: "webhook".to_owned(),
            scheduled_at: now,
            publish_by: Some(now),
            generation: 0,
            attempt: 1,
            claims: 1,
            version: 1_000,
            first_armed_at: Some(now),
            maybe_sent: false,
            looks: Default::default(),
            prepared: None,
            state: DeliveryState::Armed { lease, armed_at: now },
            last_error: None,
        };
        let bytes: usize =
            delivery_item(&delivery).unwrap().iter().map(|(name, v)| name.len() + size(v)).sum();
        assert!(bytes < 1_024, "{bytes} bytes");
    }

    #[test]
    fn keys_sort_by_time_and_are_read_back() {
        let at = |ms| timed(Timestamp::from_ms(ms), "x");
        assert!(at(9) < at(10) && at(999_999_999_999) < at(1_000_000_000_000));
        let (post_id, id) = (PostId::parse("a#b/ü").unwrap(), DeliveryId::parse("d#1").unwrap());
        let key = delivery(&post_id, &id);
        assert_eq!(post_of(crate::item::text_of(&key, "pk")), Some(post_id.clone()));
        assert_eq!(delivery_of(crate::item::text_of(&key, "sk")), Some(id));
        assert_eq!(delivery_of(crate::item::text_of(&post(&post_id), "sk")), None);
    }
}
