//! The posts of a workspace, page by page.

use futures::StreamExt;
use futures::stream;
use posts::{Delivery, Post, PostId, PostStatus, WorkspaceId};

use crate::item::{Item, text, text_of};
use crate::{Data, Error, keys};

/// How many posts of a page are read at once.
const AT_ONCE: usize = 16;
/// Most index pages that one call reads to find posts of a stage; the caller goes on with the cursor.
const PAGES: usize = 10;
/// Entries of one index page.
const PAGE: i32 = 200;

/// Where a page ended. Opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// A page of posts with their deliveries, those due last first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The posts.
    pub posts: Vec<(Post, Vec<Delivery>)>,
    /// Where the next page begins; nothing on the last one.
    pub next: Option<Cursor>,
}

/// Entries of the list index.
#[derive(Debug)]
struct Found {
    ids: Vec<PostId>,
    next: Option<Cursor>,
}

impl Cursor {
    /// Reads a cursor that a caller sends back. Nothing if it is not one of ours.
    pub fn parse(opaque: &str) -> Option<Self> {
        let key = String::from_utf8(hex::decode(opaque).ok()?).ok()?;
        let (ms, id) = key.split_once('#')?;
        let ours =
            ms.len() == 15 && ms.bytes().all(|b| b.is_ascii_digit()) && PostId::parse(id).is_ok();
        ours.then_some(Self(key))
    }

    /// The text to hand out.
    pub fn opaque(&self) -> String {
        hex::encode(&self.0)
    }

    fn start(&self, workspace: &WorkspaceId) -> Option<Item> {
        let (_, id) = self.0.split_once('#')?;
        let mut key = keys::post(&PostId::parse(id).ok()?);
        key.extend(keys::listed(workspace, &self.0));
        Some(key)
    }
}

impl Data {
    /// Lists at most `limit` posts of a workspace after `cursor`, only those in `status` if given.
    pub async fn list_posts(
        &self,
        workspace: &WorkspaceId,
        status: Option<PostStatus>,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Listed, Error> {
        let found = self.find_posts(workspace, status, cursor, limit).await?;
        let reads = stream::iter(found.ids).map(|id| async move { self.get_post(&id).await });
        let reads: Vec<_> = reads.buffered(AT_ONCE).collect().await;
        let mut posts = Vec::with_capacity(reads.len());
        for read in reads {
            match read {
                // The index lags behind: what moved on or went away meanwhile is left out.
                Ok((post, _)) if status.is_some_and(|status| status != post.status()) => {}
                Ok(found) => posts.push(found),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Listed { posts, next: found.next })
    }

    async fn find_posts(
        &self,
        workspace: &WorkspaceId,
        status: Option<PostStatus>,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Found, Error> {
        let mut ids = Vec::new();
        let mut next = cursor;
        for _ in 0..PAGES {
            let (items, more) = self.list_page(workspace, status, next.as_ref()).await?;
            for item in items {
                if ids.len() == limit {
                    return Ok(Found { ids, next });
                }
                next = Some(Cursor(text_of(&item, "list_sk").to_owned()));
                ids.extend(keys::post_of(text_of(&item, "pk")));
            }
            next = more;
            if next.is_none() {
                break;
            }
        }
        Ok(Found { ids, next })
    }

    async fn list_page(
        &self,
        workspace: &WorkspaceId,
        status: Option<PostStatus>,
        cursor: Option<&Cursor>,
    ) -> Result<(Vec<Item>, Option<Cursor>), Error> {
        let query = self.client.query().table_name(&self.tables.posts).index_name(keys::LIST_INDEX);
        let query =
            query.key_condition_expression("list_pk = :workspace").scan_index_forward(false);
        let query =
            query.expression_attribute_values(":workspace", text(workspace.as_str())).limit(PAGE);
        let query =
            query.set_exclusive_start_key(cursor.and_then(|cursor| cursor.start(workspace)));
        let query = match status {
            None => query,
            Some(status) => query
                .filter_expression("#status = :status")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", text(status.as_str())),
        };
        let page = query.send().await?;
        let more = page.last_evaluated_key.map(|key| Cursor(text_of(&key, "list_sk").to_owned()));
        Ok((page.items.unwrap_or_default(), more))
    }
}
