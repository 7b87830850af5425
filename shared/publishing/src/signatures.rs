//! The verbs.

use posts::{
    Account, AccountId, Caller, NewAccount, NewPost, PatchPost, PostId, PostView, Timestamp,
    WorkspaceId,
};

use crate::{Announcer, ListPosts, Page, PublishTo, Publishing, Refusal, TickReport};

#[allow(unused_variables, clippy::unused_async, missing_docs)]
impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    pub async fn create_post(
        &self,
        caller: &Caller,
        new: NewPost,
        now: Timestamp,
        except_socket: Option<&str>,
    ) -> Result<PostView, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn get_post(&self, caller: &Caller, id: &PostId) -> Result<PostView, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn list_posts(&self, caller: &Caller, ask: ListPosts) -> Result<Page, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn edit_post(
        &self,
        caller: &Caller,
        id: &PostId,
        patch: PatchPost,
        now: Timestamp,
        except_socket: Option<&str>,
    ) -> Result<PostView, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn cancel_post(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn publish_now(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<PostView, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn delete_post(
        &self,
        caller: &Caller,
        id: &PostId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn connect_account(
        &self,
        caller: &Caller,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<Account, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn list_accounts(
        &self,
        caller: &Caller,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Vec<Account>, Refusal> {
        Err(Refusal::Unavailable)
    }
    pub async fn disconnect_account(
        &self,
        caller: &Caller,
        id: &AccountId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        Err(Refusal::Unavailable)
    }
    /// Publishes what is due at `now`. Safe to run twice at once. Returns when all its work is done.
    pub async fn tick(&self, now: Timestamp) -> TickReport {
        TickReport::default()
    }
    /// The first run after a start: also looks at what an earlier process left behind.
    pub async fn resume(&self, now: Timestamp) -> TickReport {
        TickReport::default()
    }
}
