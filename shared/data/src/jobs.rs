//! Jobs with their rows: what is accepted is stored whole before it is begun.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use posts::{Job, JobId, Post};

use crate::error::Cause;
use crate::item::{Item, number, read, text, write};
use crate::{Data, Error, keys};

/// Most items of one batch write. Source: BatchWriteItem.
const BATCH: usize = 25;
/// How often work that the service puts off is offered again.
const OFFERS: usize = 8;
/// How long the rows of a job are kept, in seconds: seven days.
const ROWS_KEPT_S: u64 = 7 * 24 * 3600;

impl Data {
    /// Stores a job: its posts first, then the job itself, which the ticker finds. A stop in between leaves rows that
    /// expire.
    pub async fn create_job(&self, job: &Job, posts: &[Post]) -> Result<(), Error> {
        let mut writes = Vec::with_capacity(posts.len());
        for (nth, post) in posts.iter().enumerate() {
            let mut row = write(post)?;
            row.extend(keys::job_row(&job.id, nth));
            let expires = job.created_at.seconds() + ROWS_KEPT_S;
            row.insert("expires_at".to_owned(), number(expires));
            let put = PutRequest::builder().set_item(Some(row)).build()?;
            writes.push(WriteRequest::builder().put_request(put).build());
        }
        self.write_in_batches(writes).await?;
        let put = self.client.put_item().table_name(&self.tables.posts);
        let put = put.set_item(Some(item(job)?));
        match put.condition_expression("attribute_not_exists(pk)").send().await.map_err(Error::from)
        {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes to the table of posts, as many at once as the service takes.
    pub(crate) async fn write_in_batches(&self, writes: Vec<WriteRequest>) -> Result<(), Error> {
        for some in writes.chunks(BATCH) {
            self.write_all(some.to_vec()).await?;
        }
        Ok(())
    }

    async fn write_all(&self, writes: Vec<WriteRequest>) -> Result<(), Error> {
        let mut rest = HashMap::from([(self.tables.posts.clone(), writes)]);
        for _ in 0..OFFERS {
            let write = self.client.batch_write_item().set_request_items(Some(rest));
            rest = write.send().await?.unprocessed_items.unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
        }
        Err(Error::Unavailable(Cause::Unprocessed))
    }

    /// Reads a job. Fails with `NotFound`.
    pub async fn get_job(&self, id: &JobId) -> Result<Job, Error> {
        let get = self.client.get_item().table_name(&self.tables.posts).consistent_read(true);
        let found = get.set_key(Some(keys::job(id))).send().await?;
        read(&found.item.ok_or(Error::NotFound)?)
    }

    /// Stores `after` in the place of `before`. Fails with `Conflict` if `before` is not what is stored.
    pub async fn replace_job(&self, before: &Job, after: &Job) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.posts);
        let put = put.set_item(Some(item(after)?));
        let put = put
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }

    /// Reads at most `limit` posts of a job from the n-th on.
    pub async fn job_posts(&self, id: &JobId, from: usize, limit: i32) -> Result<Vec<Post>, Error> {
        let first = keys::job_row(id, from);
        let query = self.client.query().table_name(&self.tables.posts).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last");
        let query = query.set_expression_attribute_values(Some(
            [
                (":pk".to_owned(), first["pk"].clone()),
                (":first".to_owned(), first["sk"].clone()),
                (":last".to_owned(), text(keys::JOB_ROWS_END)),
            ]
            .into(),
        ));
        let page = query.limit(limit).send().await?;
        page.items.unwrap_or_default().iter().map(read).collect()
    }
}

fn item(job: &Job) -> Result<Item, Error> {
    let mut item = write(job)?;
    item.extend(keys::job(&job.id));
    if let Some(at) = job.due_at() {
        item.extend(keys::due(job.id.as_str(), at));
    }
    Ok(item)
}
