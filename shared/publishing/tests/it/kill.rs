//! `kill -9` while publishing, then a new start on the same files.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use data::Data;
use posts::{
    Account, Answer, Class, DeliveryId, FieldError, NewAccount, Outcome, Post, PostStatus, Request,
    Secret, Settings,
};
use publishing::{PublishTo, Publishing};
use vault::{Keys, LocalKeys, Vault};

use crate::world::{Heard, NOW, after, caller, new_post};

/// Set for the copy of this program that publishes until it is killed.
const DIR: &str = "PUBLISHING_KILL_DIR";
const POSTS: usize = 60;

/// A platform whose ledger is a file: the key of each call is a line.
struct OnDisk(PathBuf);

impl PublishTo for OnDisk {
    fn class(&self, _: &str) -> Option<Class> {
        Some(Class::Idempotent)
    }

    fn check(&self, _: &NewAccount) -> Vec<FieldError> {
        Vec::new()
    }

    fn freeze(&self, _: &str, post: &Post, _: &DeliveryId) -> String {
        post.text.clone()
    }

    async fn publish(&self, request: Request<'_>) -> Answer {
        let line = format!("{}\n", request.idem_key);
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        file.write_all(line.as_bytes()).unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "called").unwrap();
        out.flush().unwrap();
        Outcome::Published { remote_id: None, remote_url: None }.into()
    }
}

fn server(dir: &Path) -> Publishing<OnDisk, Heard> {
    let data = Data::new(embedded::open(&dir.join("data")).unwrap());
    let keys = LocalKeys::open(&dir.join("accounts.key")).unwrap();
    let vault = Arc::new(Vault::new(Keys::Local(keys)));
    let settings = Settings { alone: true, ..Settings::default() };
    Publishing::new(data, vault, OnDisk(dir.join("ledger")), Heard::default(), settings)
}

async fn schedule_all(dir: &Path) -> Vec<posts::PostId> {
    let client = embedded::open(&dir.join("data")).unwrap();
    Data::new(client.clone()).create_tables_if_missing().await.unwrap();
    drop(client);
    let (server, me) = (server(dir), caller("ann", &["w"]));
    let mut accounts: Vec<Account> = Vec::new();
    for n in 0..4 {
        let new = NewAccount {
            remote_id: String::new(),
            workspace_id: None,
            platform: "disk".to_owned(),
            name: n.to_string(),
            url: String::new(),
            secret: Secret::new("none"),
        };
        accounts.push(server.connect_account(&me, new, NOW).await.unwrap());
    }
    let mut ids = Vec::new();
    for n in 0..POSTS {
        let new = new_post("Hello", &[&accounts[n % 4]], Some(NOW));
        ids.push(server.create_post(&me, new, NOW, None).await.unwrap().post.id);
    }
    ids
}

/// Starts the copy and kills it after some calls.
fn run_and_kill(dir: &Path, calls: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::a_kill_loses_and_repeats_nothing", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Open until the copy is dead: it must not see its output break.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let seen = lines.by_ref().filter(|line| line.contains("called")).take(calls).count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(seen, calls, "the copy ended early");
}

#[tokio::test]
async fn a_kill_loses_and_repeats_nothing() {
    if let Some(dir) = std::env::var_os(DIR) {
        server(dir.as_ref()).resume(after(1)).await;
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ids = schedule_all(dir.path()).await;
    for calls in [1, 7, 13] {
        run_and_kill(dir.path(), calls);
    }
    // One start is enough: what the dead ones held is void at once. It is later than their clocks came, whose
    // machine may be slow, and earlier than their leases end.
    let (server, me) = (server(dir.path()), caller("ann", &["w"]));
    server.resume(after(30)).await;
    for id in &ids {
        let view = server.get_post(&me, id).await.unwrap();
        assert_eq!(view.post.status(), PostStatus::Published, "{view:?}");
    }
    let ledger = std::fs::read_to_string(dir.path().join("ledger")).unwrap();
    let keys: BTreeSet<&str> = ledger.lines().collect();
    assert_eq!(keys.len(), POSTS, "one row for each post");
    // At each kill, each of the four accounts can have one call whose answer was not stored.
    assert!(ledger.lines().count() <= POSTS + 3 * 4, "{} calls", ledger.lines().count());
}
