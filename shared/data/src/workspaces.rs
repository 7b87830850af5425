//! What workspaces decide about their posts.

use posts::{Workspace, WorkspaceId};

use crate::item::{read, write};
use crate::{Data, Error, keys};

impl Data {
    /// Reads a workspace's settings, which may be a moment old; nothing if it never set any. Posts are claimed by them, so a
    /// read costs half of a strong one.
    pub async fn get_workspace(&self, id: &WorkspaceId) -> Result<Option<Workspace>, Error> {
        let get = self.client.get_item().table_name(&self.tables.posts);
        let found = get.set_key(Some(keys::workspace(id))).send().await?;
        found.item.as_ref().map(read).transpose()
    }

    /// Stores a workspace's settings, whatever they were: the request says all of them.
    pub async fn put_workspace(&self, workspace: &Workspace) -> Result<(), Error> {
        let mut item = write(workspace)?;
        item.extend(keys::workspace(&workspace.workspace_id));
        let put = self.client.put_item().table_name(&self.tables.posts);
        put.set_item(Some(item)).send().await?;
        Ok(())
    }
}
