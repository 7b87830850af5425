//! Durable tables on DynamoDB: posts, deliveries, accounts, webhooks, apps.
//!
//! A table each, on demand. A post, its deliveries and their frozen payloads are one partition of `posts`; an
//! account, its secret, its lease and the note that it was handed over are one partition of `accounts`. Who uses a picture is a partition of `posts` too. Every write is conditional: a writer
//! that lost the race gets [`Error::Conflict`] and has changed nothing. The sparse index `due` has what the
//! ticker must look at, the index `list` has the posts of a workspace in order.

mod accounts;
mod apps;
mod arm_delivery;
mod chores;
mod claim_post;
mod connecting;
mod create_post;
mod credentials;
mod delete_post;
mod due;
mod error;
mod find_delivery;
mod freeze_payloads;
mod gates;
mod get_post;
mod hand_over;
mod item;
mod jobs;
mod keys;
mod lease_account;
mod list_posts;
mod look_again;
mod media;
mod notifications;
mod own_remote;
mod reopen_post;
mod replace_delivery;
mod replace_post;
mod reseal;
mod series;
mod tables;
mod webhooks;
mod workspaces;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

pub use accounts::Known;
pub use apps::AppRow;
pub use chores::Chore;
pub use claim_post::{Claim, TRANSACTION_ITEMS};
pub use credentials::{Kept, Sealed, Stored};
pub use due::Due;
pub use error::{Cause, Error};
pub use freeze_payloads::BATCH as PAYLOADS;
pub use list_posts::{Cursor, Listed};
pub use media::MediaUser;
pub use reopen_post::Audit;
pub use reseal::{SealedAt, SealedOf, SealedPage};
pub use webhooks::{DueHook, HOOK_WRITE_BYTES, HOOK_WRITES, HookWrite};

/// The tables, reached through a client.
#[derive(Debug, Clone)]
pub struct Data {
    client: Client,
    tables: Arc<Tables>,
}

/// What the tables are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Posts with their deliveries and payloads.
    pub posts: String,
    /// Accounts with their secrets and leases.
    pub accounts: String,
    /// Deliveries of webhooks.
    pub webhooks: String,
    /// Apps that the configuration does not name.
    pub apps: String,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            posts: "pushbridge-posts".to_owned(),
            accounts: "pushbridge-accounts".to_owned(),
            webhooks: "pushbridge-webhooks".to_owned(),
            apps: "pushbridge-apps".to_owned(),
        }
    }
}

impl Data {
    /// The tables under their usual names.
    pub fn new(client: Client) -> Self {
        Self::named(client, Tables::default())
    }

    /// The tables under other names.
    pub fn named(client: Client, tables: Tables) -> Self {
        Self { client, tables: Arc::new(tables) }
    }
}
