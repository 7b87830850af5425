//! Credentials sealed under another key, while everything goes on.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use data::Kept;
use posts::{Credentials, Refreshed};
use publishing::{Publishing, ResealReport};
use vault::{Keys, LocalKeys, Vault};

use crate::world::{NOW, Server, World, after, tokens};

fn keys(file: &Path) -> Keys {
    Keys::Local(LocalKeys::open(file).unwrap())
}

/// A process that seals under a key file, and opens what is sealed under others.
fn server(world: &World, seals: &Path, opens: &[&Path]) -> Arc<Server> {
    let also = opens.iter().map(|file| keys(file)).collect();
    let vault = Arc::new(Vault::new(keys(seals)).opening_also(also));
    let (data, parts) = (world.data.clone(), (world.ledger.clone(), world.heard.clone()));
    Arc::new(Publishing::new(data, vault, parts.0, parts.1, world.settings))
}

async fn all(server: &Server) -> ResealReport {
    let mut all = ResealReport::default();
    loop {
        let page = server.reseal(all.next_cursor.as_deref()).await.unwrap();
        all.resealed += page.resealed;
        all.already += page.already;
        all.unreadable.extend(page.unreadable);
        all.next_cursor = page.next_cursor;
        if all.next_cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn from_one_key_file_to_another_with_a_stop_in_between() {
    let (mut world, dir) = (World::new().await, tempfile::tempdir().unwrap());
    let (old, new) = (dir.path().join("old.key"), dir.path().join("new.key"));
    world.server = server(&world, &old, &[]);
    // More than a page: each account is two items and more.
    let mut accounts = Vec::new();
    for nth in 0..130 {
        accounts.push(world.connect(&format!("account {nth}")).await);
    }
    let both = server(&world, &new, &[&old]);
    let first = both.reseal(None).await.unwrap();
    assert!((1..130).contains(&first.resealed) && first.next_cursor.is_some(), "{first:?}");
    // It stops there, and is begun again.
    let rest = all(&both).await;
    assert_eq!((rest.resealed + rest.already, rest.already), (130, first.resealed));
    assert_eq!(all(&both).await, ResealReport { already: 130, ..ResealReport::default() });

    // The old key is gone, and everything is published.
    let alone = server(&world, &new, &[]);
    for account in &accounts[..3] {
        world.schedule(&[account], NOW).await;
    }
    assert_eq!(alone.tick(NOW).await.published, 3);
    let lost = all(&server(&world, &dir.path().join("third.key"), &[])).await;
    assert_eq!((lost.unreadable.len(), lost.resealed), (130, 0));
}

/// The worker that renews holds the only copy of new tokens: sealing the old ones anew meanwhile must not make it lose.
#[tokio::test]
async fn whoever_renews_meanwhile_is_not_disturbed() {
    let (mut world, dir) = (World::new().await, tempfile::tempdir().unwrap());
    let (old, new) = (dir.path().join("old.key"), dir.path().join("new.key"));
    world.server = server(&world, &old, &[]);
    let account = world.connect("tokens").await;
    let both = server(&world, &new, &[&old]);
    // A renewal is under way.
    let me = posts::Worker { process: "p".into(), run: "r".into() };
    world.data.lease_renewal(&account.id, 1, &me, NOW).await.unwrap();
    assert_eq!(all(&both).await.resealed, 1);
    let stored = world.data.get_credentials(&account.id).await.unwrap();
    assert_eq!(stored.token_ver, 1, "they are the same credentials");
    let sealed = data::Sealed::from("new tokens");
    world.data.replace_credentials(&account.id, 1, &sealed, Some(&me)).await.unwrap();

    // And the other way round: what was read is renewed before it is replaced.
    let page = world.data.sealed_page(None).await.unwrap();
    world
        .data
        .replace_credentials(&account.id, 2, &data::Sealed::from("newer"), None)
        .await
        .unwrap();
    let lost = world.data.replace_sealed(&page.texts[0], "sealed anew").await;
    assert!(matches!(lost, Err(data::Error::Conflict)), "{lost:?}");
    let stored = world.data.get_credentials(&account.id).await.unwrap();
    assert_eq!(stored.kept, Kept::Sealed("newer".into()));
}

#[tokio::test]
async fn tokens_that_end_are_renewed_while_both_keys_open() {
    let (mut world, dir) = (World::new().await, tempfile::tempdir().unwrap());
    let (old, new) = (dir.path().join("old.key"), dir.path().join("new.key"));
    world.server = server(&world, &old, &[]);
    let account = world.connect("tokens").await;
    let both = server(&world, &new, &[&old]);
    world.ledger.next_renewal(Refreshed::Renewed(tokens("fresh", after(7200))));
    let post = world.schedule(&[&account], after(7200)).await.post;
    assert_eq!(both.tick(after(7200)).await.published, 1, "{:?}", world.get(&post.id).await);
    // What was sealed on the way is under the new key already.
    assert_eq!(all(&both).await, ResealReport { already: 1, ..ResealReport::default() });
}

#[tokio::test]
async fn plain_keys_and_registrations_are_sealed_too() {
    let (mut world, dir) = (World::new().await, tempfile::tempdir().unwrap());
    let (old, new) = (dir.path().join("old.key"), dir.path().join("new.key"));
    world.server = server(&world, &old, &[]);
    let account = world.connect("one").await;
    // As a version before the vault left it.
    let text = |text: &str| AttributeValue::S(text.into());
    let item = [
        ("pk", format!("account#{}", account.id)),
        ("sk", "secret".into()),
        ("secret", "whsec".into()),
    ];
    let item = item.map(|(name, value)| (name.to_owned(), text(&value)));
    let put = world.client.put_item().table_name("pushbridge-accounts");
    put.set_item(Some(item.into())).send().await.unwrap();
    let vault = Vault::new(keys(&old));
    for (hash, sealed) in [
        ("good", vault.seal("connecting", "good", "client").await.unwrap()),
        ("bad", "v1.AA.AA".into()),
    ] {
        world.data.put_registration(hash, &sealed).await.unwrap();
    }
    let both = server(&world, &new, &[&old]);
    assert_eq!(all(&both).await, ResealReport { resealed: 2, ..ResealReport::default() });
    let after = Vault::new(keys(&new));
    let stored = world.data.registration("good").await.unwrap().unwrap();
    assert_eq!(after.open("connecting", "good", &stored).await.unwrap(), "client");
    assert_eq!(world.data.registration("bad").await.unwrap(), None, "it can be made anew");
    let stored = world.data.get_credentials(&account.id).await.unwrap();
    let Kept::Sealed(sealed) = &stored.kept else { panic!("{stored:?}") };
    let place = Credentials::binding(&account, stored.token_ver);
    let opened = after.open(account.workspace_id.as_str(), &place, sealed).await.unwrap();
    assert!(opened.contains("whsec"));
}
