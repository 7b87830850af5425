//! What an attempt sends, frozen at the first one, if the place still takes it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use data::Error;
use posts::{Delivery, ErrorClass};

use crate::attempt::PANICKED;
use crate::deliver::Work;
use crate::reach::Connected;
use crate::tick::Run;
use crate::{Announcer, PublishTo, Publishing};

/// What an attempt sends.
pub(crate) enum Payload {
    Of {
        payload: String,
        stored: bool,
    },
    /// Nothing: the delivery ended so.
    None(Box<Delivery>),
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// What the attempt sends: what an earlier one froze, or else what is frozen now.
    pub(crate) async fn payload(
        &self,
        work: &Work<'_>,
        mine: &Delivery,
        to: &Connected,
        run: &Run,
    ) -> Result<Payload, Error> {
        if mine.first_armed_at.is_some() {
            return Ok(Payload::Of { payload: self.data.get_payload(mine).await?, stored: true });
        }
        // Limits may have changed since the post was scheduled.
        let place = (mine.platform.as_str(), to.account.server_limits());
        if let Some(wrong) = self.wrong_for(work.post, place).into_iter().next() {
            let media = wrong.field.starts_with("media");
            let class = if media { ErrorClass::Media } else { ErrorClass::Invalid };
            let after = self.abandon(mine, class, &wrong.message, run.clock.now()).await?;
            return Ok(Payload::None(Box::new(after)));
        }
        if let Some(payload) = work.task.fresh.as_ref().and_then(|fresh| fresh.payload.clone()) {
            return Ok(Payload::Of { payload, stored: true });
        }
        let freeze = || self.platforms.freeze(&mine.platform, work.post, &mine.id);
        let Ok(payload) = catch_unwind(AssertUnwindSafe(freeze)) else {
            tracing::error!(delivery = %mine.id, platform = mine.platform, "the platform's adapter panicked");
            let now = run.clock.now();
            let after = self.abandon(mine, ErrorClass::Internal, PANICKED, now).await?;
            return Ok(Payload::None(Box::new(after)));
        };
        Ok(Payload::Of { payload, stored: false })
    }
}
