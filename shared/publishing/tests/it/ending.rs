//! Tokens of 60 days that nobody uses.

use std::time::Duration;

use posts::{AccountStatus, Credentials, Refreshed, Secret, Timestamp};

use crate::world::{World, after};

/// Tokens given at `now` that end in 60 days.
pub(crate) fn long_tokens(access: &str, now: Timestamp) -> Credentials {
    Credentials::Tokens {
        access: Secret::new(access),
        refresh: None,
        issued_at: now,
        expires_at: Some(now.plus(Duration::from_secs(60 * 24 * 3600))),
    }
}

fn day(day: u64) -> Timestamp {
    after(day * 24 * 3600)
}

/// Ticks once a day: the first run plans, later ones do.
async fn live(world: &World, days: std::ops::RangeInclusive<u64>) {
    for at in days {
        world.server.tick(day(at)).await;
    }
}

#[tokio::test]
async fn idle_tokens_are_renewed_before_they_end() {
    let world = World::new().await;
    let account = world.connect("sixty days").await;
    world.connect("tokens").await;
    world.connect("a key").await;
    live(&world, 0..=49).await;
    assert_eq!(world.ledger.renewed(), 0);
    // The platform has trouble on the first day, and renews on the second.
    world.ledger.next_renewal(Refreshed::Unavailable { message: "Trouble.".into() });
    world.ledger.next_renewal(Refreshed::Renewed(long_tokens("new", day(51))));
    live(&world, 50..=100).await;
    assert_eq!(world.ledger.renewed(), 2);
    let account = world.server.get_account(&world.me, &account.id).await.unwrap();
    assert_eq!(account.status, AccountStatus::Connected);
    assert!(world.heard.of("notification:received").is_empty());
    // The new ones live 60 days too.
    world.ledger.next_renewal(Refreshed::Renewed(long_tokens("newer", day(103))));
    live(&world, 101..=110).await;
    assert_eq!(world.ledger.renewed(), 3);
}

#[tokio::test]
async fn who_must_connect_an_account_again_hears_it_a_week_and_a_day_before() {
    let world = World::new().await;
    let account = world.connect("sixty days").await;
    let told = || {
        let all = world.heard.of("notification:received");
        all.iter().map(|it| it["data"]["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    live(&world, 0..=52).await;
    assert!(told().is_empty());
    live(&world, 53..=58).await;
    assert_eq!(told(), ["Connect sixty days again within 7 days"]);
    live(&world, 59..=59).await;
    assert_eq!(told().last().unwrap(), "Connect sixty days again within a day");
    let status = async || world.server.get_account(&world.me, &account.id).await.unwrap().status;
    assert_eq!((told().len(), status().await), (2, AccountStatus::Connected));
    live(&world, 60..=65).await;
    assert_eq!(status().await, AccountStatus::NeedsReauth);
    assert_eq!(told().last().unwrap(), "Connect sixty days again");
    assert_eq!((told().len(), world.heard.of("account:status-changed").len()), (3, 1));
}
