//! The posts of a workspace, page by page.

use data::Cursor;
use posts::{Caller, FieldError, PostView};

use crate::{Announcer, ListPosts, Page, PublishTo, Publishing, Refusal};

/// Posts of a page, unless the caller says how many.
const USUAL: u32 = 25;
/// Most posts of a page. Ours.
const MOST: u32 = 100;

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Lists posts, those due last first.
    pub async fn list_posts(&self, caller: &Caller, ask: ListPosts) -> Result<Page, Refusal> {
        if ask.workspace_id.as_ref().is_some_and(|named| !caller.may_enter(named)) {
            return Err(Refusal::NotFound);
        }
        let (workspace, limit, cursor) = check(caller, &ask).map_err(Refusal::Invalid)?;
        let listed = self.data.list_posts(&workspace, ask.status, cursor, limit).await?;
        let posts = listed
            .posts
            .into_iter()
            .map(|(post, deliveries)| PostView::new(post, &deliveries))
            .collect();
        Ok(Page { posts, next_cursor: listed.next.map(|cursor| cursor.opaque()) })
    }
}

fn check(
    caller: &Caller,
    ask: &ListPosts,
) -> Result<(posts::WorkspaceId, usize, Option<Cursor>), Vec<FieldError>> {
    let mut errors = Vec::new();
    let limit = ask.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        errors.push(FieldError::new(
            "limit",
            "out_of_range",
            format!("Ask for 1 to {MOST} posts."),
        ));
    }
    let cursor = ask.cursor.as_deref().map(Cursor::parse);
    if cursor == Some(None) {
        let message = "This is no cursor. Use the next_cursor of the page before, or none.";
        errors.push(FieldError::new("cursor", "malformed", message));
    }
    match caller.workspace(ask.workspace_id.as_ref()) {
        Ok(workspace) if errors.is_empty() => Ok((workspace, limit as usize, cursor.flatten())),
        Ok(_) => Err(errors),
        Err(error) => Err([error].into_iter().chain(errors).collect()),
    }
}
