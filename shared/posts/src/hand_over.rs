//! What a run does itself of what is due, and what it leaves to others: whole accounts, so that each account keeps its order.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{AccountId, DeliveryId, PostId, Timestamp, WorkspaceId, limits};

/// A delivery that is due. They are ordered as they must go out to an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DueDelivery {
    /// When its post was due.
    pub scheduled_at: Timestamp,
    /// Of which post.
    pub post: PostId,
    /// Which one.
    pub delivery: DeliveryId,
}

/// An account with its deliveries that are due, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The account.
    pub account: AccountId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What is due.
    pub deliveries: Vec<DueDelivery>,
}

/// Shares that a worker gets in one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Who handed them over, for the notes of that on the accounts.
    pub by: String,
    /// What is to be done.
    pub shares: Vec<Share>,
}

/// What is due, divided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Divided {
    /// What the run does itself.
    pub own: Vec<Share>,
    /// What others do, in the order in which they should begin.
    pub others: Vec<Share>,
}

impl Share {
    /// A share in order, each delivery once, and no more than one message takes: what is left out stays due.
    pub fn new(
        account: AccountId,
        workspace: WorkspaceId,
        mut deliveries: Vec<DueDelivery>,
    ) -> Self {
        deliveries.sort_unstable();
        deliveries.dedup();
        deliveries.truncate(limits::SHARE);
        let mut share = Self { account, workspace, deliveries };
        while share.bytes() > limits::PARCEL_BYTES && share.deliveries.len() > 1 {
            let half = share.deliveries.len().div_ceil(2);
            share.deliveries.truncate(half);
        }
        share
    }

    /// How long it is in a message, with what parts it from the next one.
    fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(usize::MAX, |text| text.len() + 1)
    }
}

impl Divided {
    /// Divides shares among the run, which does up to [`limits::OWN`] deliveries, and others. The workspaces take turns, so
    /// that one's bulk does not delay the rest, and in each the account with the oldest delivery comes first.
    pub fn of(shares: Vec<Share>) -> Self {
        let (mut divided, mut own) = (Self::default(), 0);
        for share in in_turn(shares) {
            if own + share.deliveries.len() <= limits::OWN {
                own += share.deliveries.len();
                divided.own.push(share);
            } else {
                divided.others.push(share);
            }
        }
        divided
    }
}

impl Parcel {
    /// Packs shares in their order into messages: a worker does one in its time, and ten fit into one call of the queue.
    pub fn pack(shares: Vec<Share>, by: &str) -> Vec<Self> {
        let mut parcels: Vec<Self> = Vec::new();
        let (mut deliveries, mut bytes) = (0, 0);
        for share in shares {
            deliveries += share.deliveries.len();
            bytes += share.bytes();
            let fits = deliveries <= limits::PARCEL && bytes <= limits::PARCEL_BYTES;
            match parcels.last_mut().filter(|_| fits) {
                Some(parcel) => parcel.shares.push(share),
                None => {
                    (deliveries, bytes) = (share.deliveries.len(), share.bytes());
                    parcels.push(Self { by: by.to_owned(), shares: vec![share] });
                }
            }
        }
        parcels
    }
}

fn in_turn(mut shares: Vec<Share>) -> Vec<Share> {
    shares.sort_by(|a, b| {
        (a.deliveries.first(), &a.account).cmp(&(b.deliveries.first(), &b.account))
    });
    let mut queues: BTreeMap<WorkspaceId, VecDeque<Share>> = BTreeMap::new();
    for share in shares {
        queues.entry(share.workspace.clone()).or_default().push_back(share);
    }
    let mut ordered = Vec::new();
    while !queues.is_empty() {
        ordered.extend(queues.values_mut().filter_map(VecDeque::pop_front));
        queues.retain(|_, queue| !queue.is_empty());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(n: usize) -> DueDelivery {
        DueDelivery {
            scheduled_at: Timestamp::from_ms(1_795_161_600_000 + n as i64),
            post: PostId::from_number(n as u128),
            delivery: DeliveryId::derived(format!("d{n}")),
        }
    }

    /// An account's share of so many deliveries, the first of them the n-th of all.
    fn share(workspace: &str, account: &str, first: usize, how_many: usize) -> Share {
        let deliveries = (first..first + how_many).map(due).collect();
        let (account, workspace) = (AccountId::parse(account), WorkspaceId::parse(workspace));
        Share::new(account.unwrap(), workspace.unwrap(), deliveries)
    }

    fn names(shares: &[Share]) -> Vec<&str> {
        shares.iter().map(|share| share.account.as_str()).collect()
    }

    #[test]
    fn a_share_is_in_order_and_has_each_delivery_once() {
        let deliveries = [3, 1, 2, 1].map(due).to_vec();
        let (account, workspace) = (AccountId::parse("a"), WorkspaceId::parse("w"));
        let share = Share::new(account.unwrap(), workspace.unwrap(), deliveries);
        assert_eq!(share.deliveries, [1, 2, 3].map(due));
        // Of two at the same time the post's id decides.
        let (a, b) = (due(1), DueDelivery { scheduled_at: due(2).scheduled_at, ..due(1) });
        assert!(a < b && b < due(2));
    }

    /// Shares by workspace, account and size; what the run does; what others do.
    type Row = (
        &'static [(&'static str, &'static str, usize)],
        &'static [&'static str],
        &'static [&'static str],
    );

    #[test]
    fn a_run_does_what_it_may_and_workspaces_take_turns() {
        let table: [Row; 5] = [
            (&[], &[], &[]),
            (&[("w", "a", 1), ("w", "b", 100), ("w", "c", 99)], &["a", "b", "c"], &[]),
            (&[("w", "a", 100), ("w", "b", 100), ("w", "c", 1)], &["a", "b"], &["c"]),
            // What does not fit whole leaves room for less.
            (
                &[("w", "a", 100), ("w", "b", 90), ("w", "c", 90), ("x", "s", 5)],
                &["a", "s", "b"],
                &["c"],
            ),
            (
                &[("v", "a", 99), ("v", "b", 99), ("v", "c", 99), ("w", "d", 99), ("w", "e", 9)],
                &["a", "d"],
                &["b", "e", "c"],
            ),
        ];
        for (shares, own, others) in table {
            let mut first = 0;
            let shares = shares.iter().map(|(workspace, account, many)| {
                first += 1_000;
                share(workspace, account, first, *many)
            });
            let divided = Divided::of(shares.collect());
            assert_eq!(
                (names(&divided.own), names(&divided.others)),
                (own.to_vec(), others.to_vec())
            );
        }
    }

    #[test]
    fn in_a_workspace_the_oldest_comes_first() {
        let divided = Divided::of(vec![share("w", "late", 9, 3), share("w", "early", 1, 9)]);
        assert_eq!(names(&divided.own), ["early", "late"]);
    }

    #[test]
    fn a_message_has_no_more_than_a_worker_does_and_a_call_takes() {
        let of = |many: &[usize]| {
            let shares = many.iter().enumerate();
            shares.map(|(n, many)| share("w", &format!("a{n}"), n * 1_000, *many)).collect()
        };
        let sizes = |parcels: &[Parcel]| -> Vec<usize> {
            parcels.iter().map(|parcel| parcel.shares.len()).collect()
        };
        let table: [(&[usize], &[usize]); 4] = [
            (&[], &[]),
            (&[100, 100, 1], &[2, 1]),
            (&[100, 99, 1, 100], &[3, 1]),
            (&[limits::SHARE + 50, 100, 100], &[2, 1]),
        ];
        for (many, expected) in table {
            let parcels = Parcel::pack(of(many), "run");
            assert_eq!(sizes(&parcels), expected, "{many:?}");
        }
        let small = Parcel::pack(of(&[1; 1_000]), "run");
        let accounts: Vec<_> = small.iter().flat_map(|parcel| names(&parcel.shares)).collect();
        assert_eq!(accounts.len(), 1_000, "each once");
        for parcel in small {
            assert!(serde_json::to_vec(&parcel).unwrap().len() < limits::PARCEL_BYTES + 100);
        }
    }

    /// 10,000 posts to two of 2,000 accounts each.
    #[test]
    fn the_burst_that_is_planned_for_is_some_messages() {
        let shares = (0..2_000).map(|n| {
            let deliveries = (0..10).map(|k| {
                let post = PostId::from_number(n * 10 + k);
                let account = AccountId::from_number(n);
                let delivery = crate::delivery_id(&post, &account, 1);
                DueDelivery { scheduled_at: Timestamp::from_ms(1_795_161_600_000), post, delivery }
            });
            let workspace = WorkspaceId::parse(format!("workspace-{}", n % 100)).unwrap();
            Share::new(AccountId::from_number(n), workspace, deliveries.collect())
        });
        let divided = Divided::of(shares.collect());
        assert_eq!((divided.own.len(), divided.others.len()), (20, 1_980));
        assert_eq!(Parcel::pack(divided.others, "0123456789abcdef").len(), 117);
    }

    #[test]
    fn names_of_any_length_fit_into_a_message() {
        let long = DueDelivery {
            post: PostId::parse("\"".repeat(limits::ID_BYTES)).unwrap(),
            delivery: DeliveryId::parse("\"".repeat(limits::ID_BYTES)).unwrap(),
            ..due(1)
        };
        let deliveries = (0..limits::SHARE as i64)
            .map(|ms| DueDelivery { scheduled_at: Timestamp::from_ms(ms), ..long.clone() })
            .collect();
        let share = Share::new(
            AccountId::parse("a").unwrap(),
            WorkspaceId::parse("w").unwrap(),
            deliveries,
        );
        assert!(share.bytes() <= limits::PARCEL_BYTES && share.deliveries.len() > 10);
        assert_eq!(share.deliveries[0].scheduled_at, Timestamp::from_ms(0), "the oldest stay");
    }
}
