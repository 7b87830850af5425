//! Measures what the store costs: due posts to one account of a platform that answers at once, on a file.
//!
//! `cargo run --release -p publishing --example due_posts -- 100`

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::time::Instant;

use data::Data;
use posts::{
    Announcement, Caller, Class, DeliveryId, FieldError, NewAccount, NewPost, Outcome, Post,
    Request, Secret, Settings, Timestamp, UserId, WorkspaceId,
};
use publishing::{Announcer, PublishTo, Publishing};

const NOW: Timestamp = Timestamp::from_ms(1_795_161_600_000);

/// Publishes everything at once, nowhere.
struct Instantly;

impl PublishTo for Instantly {
    fn class(&self, _: &str) -> Option<Class> {
        Some(Class::Idempotent)
    }

    fn check(&self, _: &NewAccount) -> Vec<FieldError> {
        Vec::new()
    }

    fn check_text(&self, _: &str, _: &str) -> Option<FieldError> {
        None
    }

    fn freeze(&self, _: &str, post: &Post, _: &DeliveryId) -> String {
        post.text.clone()
    }

    async fn publish(&self, _: Request<'_>) -> Outcome {
        Outcome::Published { remote_id: None, remote_url: None }
    }
}

struct Nobody;

impl Announcer for Nobody {
    async fn announce(&self, _: Announcement) {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count: u32 = std::env::args().nth(1).map_or(Ok(100), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let data = Data::new(embedded::open(dir.path())?);
    data.create_tables_if_missing().await?;
    let server = Publishing::new(data, Instantly, Nobody, Settings::default());
    let me = Caller { user_id: UserId::parse("me")?, workspaces: vec![WorkspaceId::parse("w")?] };
    let new = NewAccount {
        workspace_id: None,
        platform: "instant".to_owned(),
        name: "one".to_owned(),
        url: "https://example.com".to_owned(),
        secret: Secret::new("none"),
    };
    let refused = |refusal| format!("{refusal:?}");
    let account = server.connect_account(&me, new, NOW).await.map_err(refused)?;
    let began = Instant::now();
    for n in 0..count {
        let accounts = vec![account.id.clone()];
        let new = NewPost {
            text: format!("Post {n}"),
            accounts,
            scheduled_at: Some(NOW),
            ..NewPost::default()
        };
        server.create_post(&me, new, NOW, None).await.map_err(refused)?;
    }
    println!("create: {:?} per post", began.elapsed() / count.max(1));
    let began = Instant::now();
    let report = server.tick(NOW).await;
    println!("publish: {:?} per post, {report:?}", began.elapsed() / count.max(1));
    let began = Instant::now();
    server.tick(NOW).await;
    println!("a run with nothing due: {:?}", began.elapsed());
    Ok(())
}
