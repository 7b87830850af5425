//! More is due than a run does itself: other processes get it, account by account.
//!
//! A message is a hint and owns nothing: what is in it stays due in the store, where any run finds it, and whoever works on it
//! takes the account's lease and claims each delivery. So messages may come twice, late, or never. A note on the account keeps
//! runs from handing it over again while a message is under way.

use data::Error;
use futures::{StreamExt, stream};
use posts::{Parcel, Share};

use crate::tick::Run;
use crate::{Announcer, HandOver, PublishTo, Publishing};

/// Most notes that are written at once. Ours, as many as claims.
const NOTES_AT_ONCE: usize = 64;

/// What became of shares.
#[derive(Default)]
pub(crate) struct Handed {
    /// Deliveries that others have now.
    pub(crate) deliveries: u64,
    /// What nobody took.
    pub(crate) kept: Vec<Share>,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Hands shares over in the name `by`, but for those of accounts that were handed over before.
    pub(crate) async fn hand_over(
        &self,
        shares: Vec<Share>,
        by: &str,
        run: &Run,
        others: &impl HandOver,
    ) -> Handed {
        if shares.is_empty() {
            return Handed::default();
        }
        let noted = stream::iter(shares).map(|share| self.note(share, by, run));
        let noted: Vec<_> = noted.buffered(NOTES_AT_ONCE).collect().await;
        let shares: Vec<_> = noted.into_iter().flatten().collect();
        let count =
            |of: &[Share]| of.iter().map(|share| share.deliveries.len() as u64).sum::<u64>();
        let all = count(&shares);
        let refused = others.hand_over(Parcel::pack(shares, by)).await;
        let kept: Vec<_> = refused.into_iter().flat_map(|parcel| parcel.shares).collect();
        for share in &kept {
            self.handed_back(share, by).await;
        }
        Handed { deliveries: all - count(&kept), kept }
    }

    /// The share, unless another message has its account.
    async fn note(&self, share: Share, by: &str, run: &Run) -> Option<Share> {
        match self.data.hand_over(&share.account, by, run.clock.now()).await {
            Ok(()) => Some(share),
            Err(Error::Conflict) => None,
            Err(error) => {
                tracing::error!(account = %share.account, cause = ?error, "an account is not handed over; the next run tries again");
                None
            }
        }
    }

    /// What is due of the account may be handed over again.
    pub(crate) async fn handed_back(&self, share: &Share, by: &str) {
        if let Err(error) = self.data.handed_back(&share.account, by).await {
            tracing::warn!(account = %share.account, cause = ?error, "an account is not handed over again for minutes");
        }
    }
}
