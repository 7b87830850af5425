//! What is sealed opens in its place only.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn vault() -> Vault {
    Vault::new(Keys::Local(LocalKeys::passing().unwrap()))
}

#[tokio::test]
async fn what_is_sealed_opens_in_its_place_only() {
    let vault = vault();
    let sealed = vault.seal("w", "a|webhook|1", "s3cret").await.unwrap();
    assert!(!sealed.contains("s3cret"));
    assert_eq!(vault.open("w", "a|webhook|1", &sealed).await.unwrap(), "s3cret");
    for (workspace, place) in [("w2", "a|webhook|1"), ("w", "b|webhook|1"), ("w", "a|webhook|2")] {
        let opened = vault.open(workspace, place, &sealed).await;
        assert!(matches!(opened, Err(VaultError::Damaged)), "{workspace} {place}");
    }
    let again = vault.seal("w", "a|webhook|1", "s3cret").await.unwrap();
    assert_ne!(sealed, again, "each has a nonce of its own");
}

#[tokio::test]
async fn a_changed_text_does_not_open() {
    let vault = vault();
    let sealed = vault.seal("w", "p", "s3cret").await.unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(vault.open("w", "p", &changed).await.is_err(), "{changed}");
    }
    for bad in ["", "v1", "v1..", "v2.a.b", "s3cret", "v1.!.!"] {
        assert!(vault.open("w", "p", bad).await.is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn the_key_file_is_private_and_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("accounts.key");
    let open = || Vault::new(Keys::Local(LocalKeys::open(&path).unwrap()));
    let sealed = open().seal("w", "p", "s3cret").await.unwrap();
    assert_eq!(open().open("w", "p", &sealed).await.unwrap(), "s3cret");
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    open();
    assert_eq!(mode(), 0o600);
    std::fs::write(&path, "short").unwrap();
    assert!(matches!(LocalKeys::open(&path), Err(VaultError::KeyFile { .. })));
}

#[tokio::test]
async fn nothing_of_it_is_shown() {
    let vault = vault();
    vault.seal("w", "p", "s3cret").await.unwrap();
    let shown = format!("{vault:?}");
    assert!(shown.contains("DataKey(..)") && shown.contains("LocalKeys(..)"), "{shown}");
}

#[tokio::test]
async fn one_key_takes_the_place_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old.key"), dir.path().join("new.key"));
    assert!(LocalKeys::open_if_there(&old).unwrap().is_none());
    let keys = |path| Keys::Local(LocalKeys::open(path).unwrap());
    let before = Vault::new(keys(&old)).seal("w", "p", "s3cret").await.unwrap();
    assert!(matches!(
        Vault::new(keys(&new)).open("w", "p", &before).await,
        Err(VaultError::Damaged)
    ));

    let both = Vault::new(keys(&new)).opening_also(vec![keys(&old)]);
    assert_eq!(both.open("w", "p", &before).await.unwrap(), "s3cret");
    let after = both.reseal("w", "p", &before).await.unwrap().unwrap();
    assert_eq!(both.reseal("w", "p", &after).await.unwrap(), None, "once is enough");
    // What was kept of the old key does not count for the new one.
    assert!(both.reseal("w", "p", &before).await.unwrap().is_some());
    assert_eq!(Vault::new(keys(&new)).open("w", "p", &after).await.unwrap(), "s3cret");
    assert!(matches!(
        Vault::new(keys(&old)).open("w", "p", &after).await,
        Err(VaultError::Damaged)
    ));
    for (workspace, place) in [("w2", "p"), ("w", "q")] {
        let opened = both.reseal(workspace, place, &before).await;
        assert!(matches!(opened, Err(VaultError::Damaged)), "{workspace} {place}");
    }
}
