//! What the ticker must look at.

use futures::future::try_join_all;
use posts::{AccountId, DeliveryId, JobId, PostId, SeriesId, Timestamp, WorkspaceId};

use crate::item::{Item, read, text, text_of};
use crate::{Chore, Data, Error, keys};

/// Most entries that one look takes from a shard, oldest first: with fewer, the many posts of one workspace would hide
/// those of the others. What is more is there at the next look.
const PER_SHARD: usize = 2_000;
/// Most entries of one page. A query holds up other calls on one machine's engine.
const PAGE: i32 = 250;

/// One entry of the due index. It may be stale: the claim decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// A post.
    Post {
        /// Which one.
        post: PostId,
        /// Whose it is.
        workspace: WorkspaceId,
    },
    /// A series whose post falls due.
    Series(SeriesId),
    /// A job.
    Job(JobId),
    /// A chore.
    Chore(Chore),
    /// A delivery.
    Delivery {
        /// Of which post.
        post: PostId,
        /// Whose it is.
        workspace: WorkspaceId,
        /// Which one.
        delivery: DeliveryId,
        /// To which account.
        account: AccountId,
        /// When its post was due.
        scheduled_at: Timestamp,
    },
}

#[derive(serde::Deserialize)]
struct Entry {
    workspace_id: WorkspaceId,
    account_id: Option<AccountId>,
    scheduled_at: Option<Timestamp>,
}

impl Data {
    /// What is due at `now`, and was not at `seen`: at most 2,000 entries of each of the 16 shards, the oldest of each; by
    /// time, and of the same time by id, so that an account's posts are claimed in the order in which they go out.
    pub async fn due(&self, seen: Option<Timestamp>, now: Timestamp) -> Result<Vec<Due>, Error> {
        let shards = (0..keys::SHARDS).map(|shard| self.due_of(shard, seen, now));
        let mut found: Vec<_> = try_join_all(shards).await?.into_iter().flatten().collect();
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found.into_iter().map(|(_, due)| due).collect())
    }

    /// The instants after `from` and up to `to` at which something falls due, as far as each shard's first 250 entries tell.
    pub async fn due_times(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Timestamp>, Error> {
        let shards = (0..keys::SHARDS).map(|shard| self.times_of(shard, from, to));
        let mut times: Vec<_> = try_join_all(shards).await?.into_iter().flatten().collect();
        times.sort_unstable();
        times.dedup();
        Ok(times)
    }

    async fn times_of(
        &self,
        shard: u8,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Timestamp>, Error> {
        let query = self.client.query().table_name(&self.tables.posts).index_name(keys::DUE_INDEX);
        let query = query
            .key_condition_expression("due_pk = :shard AND due_sk BETWEEN :from AND :to")
            .limit(PAGE);
        let query = query.expression_attribute_values(":shard", text(keys::shard(shard)));
        let bound = |at: Timestamp| text(format!("{:015}", at.ms() + 1));
        let query = query.expression_attribute_values(":from", bound(from));
        let page = query.expression_attribute_values(":to", bound(to)).send().await?;
        let time = |item: &Item| text_of(item, "due_sk").get(..15)?.parse().ok();
        let times = page.items.unwrap_or_default();
        Ok(times.iter().filter_map(time).map(Timestamp::from_ms).collect())
    }

    async fn due_of(
        &self,
        shard: u8,
        seen: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<(String, Due)>, Error> {
        let query = self.client.query().table_name(&self.tables.posts).index_name(keys::DUE_INDEX);
        let query = query
            .key_condition_expression("due_pk = :shard AND due_sk BETWEEN :from AND :to")
            .limit(PAGE);
        let query = query.expression_attribute_values(":shard", text(keys::shard(shard)));
        // Everything of a millisecond sorts before the next one.
        let bound = |at: Timestamp| text(format!("{:015}", at.ms() + 1));
        let from = seen.map_or_else(|| text("0"), bound);
        let query = query.expression_attribute_values(":from", from);
        let query = query.expression_attribute_values(":to", bound(now));
        let mut pages = query.into_paginator().send();
        let mut found = Vec::new();
        while found.len() < PER_SHARD
            && let Some(page) = pages.next().await
        {
            for item in page?.items.unwrap_or_default() {
                let due = entry(&item)?;
                found.extend(due.map(|due| (text_of(&item, "due_sk").to_owned(), due)));
            }
        }
        Ok(found)
    }
}

fn entry(item: &Item) -> Result<Option<Due>, Error> {
    let pk = text_of(item, "pk");
    let Some(post) = keys::post_of(pk) else {
        let series = keys::series_in(pk).map(Due::Series);
        let job = || keys::job_in(pk).map(Due::Job);
        return Ok(series.or_else(job).or_else(|| keys::chore_in(pk).map(Due::Chore)));
    };
    let entry: Entry = read(item)?;
    let delivery = keys::delivery_of(text_of(item, "sk"));
    Ok(match (delivery, entry.account_id, entry.scheduled_at) {
        (Some(delivery), Some(account), Some(scheduled_at)) => {
            let workspace = entry.workspace_id;
            Some(Due::Delivery { post, workspace, delivery, account, scheduled_at })
        }
        (Some(_), _, _) => None,
        (None, _, _) => Some(Due::Post { post, workspace: entry.workspace_id }),
    })
}
