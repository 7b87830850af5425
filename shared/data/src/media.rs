//! Which posts and series use a copy of a picture. A note is written before what it speaks of, and is a hint: whoever
//! wants to remove the copy looks whether the post or series is there and still needs it.

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use posts::{MediaKey, PostId, SeriesId};

use crate::item::{Item, text, text_of};
use crate::{Data, Error, keys};

/// Who uses a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaUser {
    /// A post.
    Post(PostId),
    /// A series.
    Series(SeriesId),
}

impl Data {
    /// Notes that each of these users uses each of these copies.
    pub async fn note_media<'a>(
        &self,
        uses: impl IntoIterator<Item = (&'a MediaKey, MediaUser)> + Send,
    ) -> Result<(), Error> {
        let mut items: Vec<Item> =
            uses.into_iter().map(|(key, user)| keys::media_user(key, &user)).collect();
        // A batch must not name an item twice.
        items.sort_by_key(|it| (text_of(it, "pk").to_owned(), text_of(it, "sk").to_owned()));
        items.dedup();
        let mut writes = Vec::with_capacity(items.len());
        for item in items {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            writes.push(WriteRequest::builder().put_request(put).build());
        }
        self.write_in_batches(writes).await
    }

    /// Who is noted to use a copy.
    pub async fn media_users(&self, key: &MediaKey) -> Result<Vec<MediaUser>, Error> {
        let query = self.client.query().table_name(&self.tables.posts).consistent_read(true);
        let query = query.key_condition_expression("pk = :copy");
        let query = query.expression_attribute_values(":copy", text(keys::media_partition(key)));
        let mut pages = query.into_paginator().send();
        let mut users = Vec::new();
        while let Some(page) = pages.next().await {
            let items = page?.items.unwrap_or_default();
            users.extend(items.iter().filter_map(|item| keys::media_user_in(text_of(item, "sk"))));
        }
        Ok(users)
    }

    /// Removes notes about a copy that is gone.
    pub async fn forget_media(&self, key: &MediaKey, users: &[MediaUser]) -> Result<(), Error> {
        let mut writes = Vec::with_capacity(users.len());
        for user in users {
            let item = keys::media_user(key, user);
            let gone = DeleteRequest::builder().set_key(Some(item)).build()?;
            writes.push(WriteRequest::builder().delete_request(gone).build());
        }
        self.write_in_batches(writes).await
    }
}
