//! Series: posts that come again and again.

use posts::{Series, SeriesId, WorkspaceId};

use crate::item::{Item, number, read, text, text_of, write};
use crate::{Data, Error, keys};

/// Most series of a workspace that are listed. Ours.
const LISTED: i32 = 100;

impl Data {
    /// Stores a new series. Storing it twice is fine. Its first post is stored before: a stop in between leaves
    /// a post without a series, which a person can cancel.
    pub async fn create_series(&self, series: &Series) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.posts);
        let put = put.set_item(Some(item(series)?));
        match put.condition_expression("attribute_not_exists(pk)").send().await.map_err(Error::from)
        {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads a series. Fails with `NotFound`.
    pub async fn get_series(&self, id: &SeriesId) -> Result<Series, Error> {
        let get = self.client.get_item().table_name(&self.tables.posts).consistent_read(true);
        let found = get.set_key(Some(keys::series(id))).send().await?;
        read(&found.item.ok_or(Error::NotFound)?)
    }

    /// Stores `after` in the place of `before`. Fails with `Conflict` if `before` is not what is stored.
    pub async fn replace_series(&self, before: &Series, after: &Series) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.posts);
        let put = put.set_item(Some(item(after)?));
        let put = put
            .condition_expression(keys::SAME_VERSION)
            .expression_attribute_names("#version", "version");
        put.expression_attribute_values(":before", number(before.version)).send().await?;
        Ok(())
    }

    /// Lists the series of a workspace, the newest first, at most 100.
    pub async fn list_series(&self, workspace: &WorkspaceId) -> Result<Vec<Series>, Error> {
        let query = self.client.query().table_name(&self.tables.posts).index_name(keys::LIST_INDEX);
        let query = query.key_condition_expression("list_pk = :series").scan_index_forward(false);
        let query = query.expression_attribute_values(":series", text(keys::series_of(workspace)));
        let page = query.limit(LISTED).send().await?;
        let mut found = Vec::new();
        for item in page.items.unwrap_or_default() {
            let Some(id) = keys::series_in(text_of(&item, "pk")) else { continue };
            match self.get_series(&id).await {
                Ok(series) => found.push(series),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

fn item(series: &Series) -> Result<Item, Error> {
    let mut item = write(series)?;
    item.extend(keys::series(&series.id));
    let (pk, sk) =
        (keys::series_of(&series.workspace_id), keys::timed(series.created_at, series.id.as_str()));
    item.extend([("list_pk".to_owned(), text(pk)), ("list_sk".to_owned(), text(sk))]);
    if let Some(at) = series.due_at() {
        item.extend(keys::due(series.id.as_str(), at));
    }
    Ok(item)
}
