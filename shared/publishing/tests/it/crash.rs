//! A worker stops between two writes; a later run goes on. The oracle is the ledger: one row for a delivery.

use std::time::Duration;

use data::Claim;
use posts::{
    Class, Delivery, DeliveryClaim, DeliveryStatus, FailReason, Jitter, Outcome, Post, PostClaim,
    PostStatus, Request, Secret, Settings, Stage, Timestamp, Worker, limits,
};
use publishing::{PublishTo, TickReport};

use crate::world::{NOW, World, after, new_post};

/// When the lease of a worker that stopped at [`NOW`] is surely over.
fn lapsed() -> Timestamp {
    NOW.plus(limits::LEASE + limits::LEASE_SLACK + Duration::from_secs(1))
}

fn claim(before: &Post, after: &Post, deliveries: &[Delivery]) -> Claim {
    Claim { before: before.clone(), after: after.clone(), deliveries: deliveries.to_vec() }
}

fn dead() -> Worker {
    Worker { process: "dead".to_owned(), run: "1".to_owned() }
}

/// The worker that stops.
struct Dying {
    world: World,
    account: posts::Account,
    settings: Settings,
    class: Class,
}

impl Dying {
    async fn new(alone: bool) -> Self {
        Self::named("one", alone).await
    }

    async fn named(account: &str, alone: bool) -> Self {
        Self::of(account, alone, Class::Idempotent).await
    }

    async fn of(account: &str, alone: bool, class: Class) -> Self {
        let settings = Settings { alone, ..Settings::default() };
        let world = World::with(class, settings).await;
        let account = world.connect(account).await;
        world.schedule(&[&account], NOW).await;
        Self { world, account, settings, class }
    }

    /// Stops at a row of the crash table.
    async fn die_at(&self, row: usize) {
        match row {
            0 => {}
            1 => drop(self.claim_post().await),
            2 => drop(self.claim_delivery(&self.claim_post().await, NOW).await),
            3 => drop(self.arm().await),
            4 => drop(self.send().await),
            5 => self.settle().await,
            6 => self.roll_up().await,
            // As a process does that is alone: with the post it has its deliveries, then it stores what they send.
            7 => drop(self.reserve().await),
            _ => self.freeze_ahead().await,
        }
    }

    async fn post(&self) -> (Post, Vec<Delivery>) {
        let listed =
            self.world.server.list_posts(&self.world.me, Default::default()).await.unwrap();
        self.world.data.get_post(&listed.posts[0].post.id).await.unwrap()
    }

    async fn claim_post(&self) -> Delivery {
        let (before, _) = self.post().await;
        let PostClaim::Taken(after, deliveries) = before.claim(NOW, &self.settings) else {
            panic!("not due")
        };
        self.world.data.claim_posts(&[claim(&before, &after, &deliveries)]).await.unwrap();
        deliveries[0].clone()
    }

    async fn reserve(&self) -> (Post, Vec<Delivery>) {
        let (before, _) = self.post().await;
        let PostClaim::Taken(after, deliveries) = before.claim(NOW, &self.settings) else {
            panic!("not due")
        };
        let deliveries: Vec<_> =
            deliveries.into_iter().map(|it| it.reserved(&dead(), NOW)).collect();
        self.world.data.claim_posts(&[claim(&before, &after, &deliveries)]).await.unwrap();
        (after, deliveries)
    }

    async fn freeze_ahead(&self) {
        let (post, deliveries) = self.reserve().await;
        let payload = self.world.ledger.freeze("ledger", &post, &deliveries[0].id);
        self.world.data.freeze_payloads(&[(&deliveries[0], &payload)], NOW).await.unwrap();
    }

    async fn claim_delivery(&self, before: &Delivery, now: Timestamp) -> Delivery {
        let dead = dead();
        // A real worker has the account's lease too.
        self.world.data.lease_account(&self.account.id, &dead, now, &self.settings).await.unwrap();
        let claim = before.claim(&dead, self.class, now, &self.settings);
        let DeliveryClaim::Taken(mine) = claim else { panic!("{claim:?}") };
        self.world.data.replace_delivery(before, &mine).await.unwrap();
        mine
    }

    async fn arm(&self) -> (Delivery, String) {
        let mine = self.claim_delivery(&self.claim_post().await, NOW).await;
        let (post, _) = self.post().await;
        let payload = self.world.ledger.freeze("ledger", &post, &mine.id);
        let armed = mine.arm(NOW).unwrap();
        self.world.data.arm_first(&mine, &armed, &payload, NOW).await.unwrap();
        (armed, payload)
    }

    async fn send(&self) -> (Delivery, Outcome) {
        let (armed, payload) = self.arm().await;
        let secret = Secret::new("s3cret");
        let (key, attempt) = (armed.idem_key.as_str(), armed.attempt);
        let (account, at_s) = (&self.account, NOW.seconds());
        let request = Request {
            account,
            secret: &secret,
            idem_key: key,
            payload: &payload,
            attempt,
            at_s,
            since_s: at_s,
            prepared: None,
            media: &[],
        };
        let outcome = self.world.ledger.publish(request).await.outcome;
        (armed, outcome)
    }

    async fn settle(&self) {
        let (armed, outcome) = self.send().await;
        let jitter = Jitter::from_unit(0.5);
        let after = armed.settle(outcome, self.class, jitter, NOW, &self.settings).unwrap();
        self.world.data.replace_delivery(&armed, &after).await.unwrap();
    }

    async fn roll_up(&self) {
        self.settle().await;
        let (post, deliveries) = self.post().await;
        let done = post.roll_up(&deliveries, NOW).unwrap();
        self.world.data.replace_post(&post, &done).await.unwrap();
    }

    /// A later run publishes, and everything is as if nothing had happened.
    async fn recovers(&self, at: Timestamp, calls: usize) {
        let later = self.world.another_server();
        later.resume(at).await;
        let (post, deliveries) = self.post().await;
        assert_eq!(post.status(), PostStatus::Published, "{deliveries:?}");
        assert_eq!((self.world.ledger.rows(), self.world.ledger.calls().len()), (1, calls));
        assert_eq!(self.world.heard.of("post:published").len(), 1);
        assert_eq!(later.tick(at.plus(Duration::from_secs(3600))).await, TickReport::default());
        assert_eq!(self.world.heard.of("post:published").len(), 1, "nothing is told again later");
    }
}

#[tokio::test]
async fn before_the_post_is_claimed() {
    Dying::new(false).await.recovers(NOW, 1).await;
}

#[tokio::test]
async fn after_the_post_is_claimed() {
    let dying = Dying::new(false).await;
    dying.claim_post().await;
    dying.recovers(NOW, 1).await;
}

#[tokio::test]
async fn after_the_delivery_is_claimed() {
    let dying = Dying::new(false).await;
    dying.claim_delivery(&dying.claim_post().await, NOW).await;
    assert_eq!(dying.world.server.tick(after(100)).await, TickReport::default(), "the lease holds");
    dying.recovers(lapsed(), 1).await;
}

#[tokio::test]
async fn after_the_attempt_began_before_it_was_sent() {
    let dying = Dying::new(false).await;
    dying.arm().await;
    assert_eq!(dying.world.server.tick(after(100)).await, TickReport::default(), "the lease holds");
    dying.recovers(lapsed(), 1).await;
    assert_eq!(dying.world.ledger.calls()[0].attempt, 2);
}

#[tokio::test]
async fn after_it_was_sent_before_the_answer_was_stored() {
    let dying = Dying::new(false).await;
    dying.send().await;
    dying.recovers(lapsed(), 2).await;
    let calls = dying.world.ledger.calls();
    assert_eq!((&calls[0].key, &calls[0].payload), (&calls[1].key, &calls[1].payload));
}

#[tokio::test]
async fn after_the_answer_was_stored_before_the_post_ended() {
    let dying = Dying::new(false).await;
    dying.settle().await;
    assert_eq!(dying.world.server.tick(after(299)).await, TickReport::default());
    dying.recovers(NOW.plus(limits::ROLL_UP_AGAIN), 1).await;
}

#[tokio::test]
async fn after_the_post_ended_before_it_was_told() {
    let dying = Dying::new(false).await;
    dying.roll_up().await;
    assert!(dying.world.heard.of("post:published").is_empty());
    dying.recovers(NOW.plus(limits::ANNOUNCE_AGAIN), 1).await;
    let told = dying.world.heard.all().pop().unwrap();
    let (post, deliveries) = dying.post().await;
    assert_eq!(
        Some(told),
        posts::news::finished(&post, &deliveries),
        "told again it is the same event"
    );
}

#[tokio::test]
async fn a_process_that_is_alone_waits_for_no_lease() {
    for step in 0..5 {
        let dying = Dying::new(true).await;
        let calls = match step {
            0 => dying.claim_delivery(&dying.claim_post().await, NOW).await.attempt as usize + 1,
            1 => dying.arm().await.0.attempt as usize,
            2 => dying.send().await.0.attempt as usize + 1,
            3 => {
                dying.settle().await;
                1
            }
            _ => {
                dying.roll_up().await;
                1
            }
        };
        dying.recovers(after(1), calls).await;
    }
}

/// The first ticks of a process may lease an account before its resuming run comes to it. What an
/// earlier process left there must not wait for the end of that one's lease all the same.
#[tokio::test]
async fn a_resuming_run_waits_its_turn_at_a_busy_account() {
    let mut dying = Dying::named("slow", true).await;
    dying.arm().await;
    let second = dying.world.schedule(&[&dying.account], NOW).await;
    let server = std::sync::Arc::clone(&dying.world.server);
    let tick = tokio::spawn(async move { server.tick(after(1)).await });
    dying.world.begun.recv().await.unwrap();
    let server = std::sync::Arc::clone(&dying.world.server);
    let resume = tokio::spawn(async move { server.resume(after(1)).await });
    // The gate opens only once the resuming run has read what is due and found the account taken.
    dying.world.heard.until(2, "post:publishing").await;
    dying.world.ledger.open_gate(2);
    assert_eq!(tick.await.unwrap().published + resume.await.unwrap().published, 2);
    assert_eq!(dying.world.ledger.rows(), 2);
    assert_eq!(dying.world.get(&second.post.id).await.post.status(), PostStatus::Published);
}

#[tokio::test]
async fn a_delivery_that_kills_its_workers_is_given_up() {
    let dying = Dying::new(false).await;
    let mut delivery = dying.claim_post().await;
    let mut now = NOW;
    for _ in 0..limits::CLAIMS {
        delivery = dying.claim_delivery(&delivery, now).await;
        now = now.plus(limits::LEASE + limits::LEASE_SLACK + Duration::from_secs(1));
    }
    assert_eq!(dying.world.server.tick(now).await.failed, 1);
    let (post, deliveries) = dying.post().await;
    assert_eq!(
        (post.status(), deliveries[0].status()),
        (PostStatus::Failed, DeliveryStatus::Failed)
    );
    assert_eq!(deliveries[0].last_error.as_ref().unwrap().code, "poison");
    assert!(dying.world.ledger.calls().is_empty());
}

#[tokio::test]
async fn a_stop_of_three_hours_ends_in_missed_or_unconfirmed_never_in_a_late_post() {
    let three_hours = after(3 * 3600);
    let dying = Dying::new(false).await;
    dying.claim_post().await;
    dying.world.server.tick(three_hours).await;
    assert!(matches!(dying.post().await.0.stage, Stage::Failed { reason: FailReason::Missed, .. }));
    let dying = Dying::new(false).await;
    dying.send().await;
    dying.world.server.tick(three_hours).await;
    assert!(matches!(
        dying.post().await.0.stage,
        Stage::Failed { reason: FailReason::Unconfirmed, .. }
    ));
    assert_eq!(dying.world.ledger.calls().len(), 1);
}

/// Every row of the crash table for every class: the ledger decides. Nothing is there twice, nothing that is there
/// is called failed, and only what may be there without anybody's knowledge is left to a person.
#[tokio::test]
async fn every_row_of_the_crash_table_for_every_class() {
    const ARMED: usize = 3;
    const SENT: usize = 4;
    let window = Class::IdempotentFor(Duration::from_secs(55 * 60));
    for class in [Class::Idempotent, window, Class::Verifiable, Class::Opaque] {
        for row in 0..9 {
            for alone in [false, true] {
                let dying = Dying::of("one", alone, class).await;
                dying.die_at(row).await;
                let later = dying.world.another_server();
                later.resume(after(1)).await;
                for minute in 1..60 {
                    later.tick(after(minute * 60)).await;
                }
                let (post, deliveries) = dying.post().await;
                let rows = dying.world.ledger.rows();
                let case = format!("{class:?}, row {row}, alone {alone}: {deliveries:?}");
                let unknown = class == Class::Opaque && (row == ARMED || row == SENT);
                let expected = if unknown { PostStatus::Failed } else { PostStatus::Published };
                assert_eq!(post.status(), expected, "{case}");
                assert_eq!(rows, usize::from(!(unknown && row == ARMED)), "{case}");
                let told = dying.world.heard.of("post:published").len();
                assert_eq!(told, usize::from(!unknown), "{case}");
                if unknown {
                    assert_eq!(deliveries[0].status(), DeliveryStatus::Unconfirmed, "{case}");
                }
            }
        }
    }
}

/// Three hours without a tick while a post falls due each minute: what is too late is missed, the rest goes out once, in
/// order, and an account gets one at a time.
#[tokio::test]
async fn after_three_hours_without_a_tick_posts_go_out_in_order_or_are_missed() {
    const MINUTES: u64 = 180;
    for (alone, late) in [(false, limits::LATE), (true, limits::LATE), (true, limits::LATE_AT_MOST)]
    {
        let settings = Settings { late, alone };
        let world = World::with(Class::Opaque, settings).await;
        let accounts = [world.connect("one").await, world.connect("two").await];
        for minute in 0..MINUTES {
            let account = &accounts[usize::try_from(minute % 2).unwrap()];
            let new =
                new_post(&format!("minute {minute:03}"), &[account], Some(after(60 * minute)));
            world.server.create_post(&world.me, new, NOW, None).await.unwrap();
        }
        // Half a minute before the next one, so that a slow machine's clock passes no limit meanwhile.
        let now = after(60 * MINUTES - 30);
        for _ in 0..3 {
            world.server.tick(now).await;
        }
        let calls = world.ledger.calls();
        let first = MINUTES.saturating_sub(late.as_secs() / 60);
        assert_eq!(calls.len() as u64, MINUTES - first, "alone: {alone}, {late:?}");
        for account in &accounts {
            let mine = calls.iter().filter(|call| call.account == account.id);
            let texts: Vec<_> = mine.map(|call| call.payload.as_str()).collect();
            let minute = |payload: &str| payload.split("minute ").nth(1).unwrap()[..3].to_owned();
            assert!(texts.is_sorted_by_key(|payload| minute(payload)), "{texts:?}");
            assert!(texts.iter().all(|it| minute(it).parse::<u64>().unwrap() >= first));
        }
        let ends = world.heard.of("post:published").len() + world.heard.of("post:failed").len();
        assert_eq!(ends as u64, MINUTES, "each has one end");
    }
}
