//! What follows from a look at the platform, after an outcome that nobody knows.

use crate::{Delivery, DeliveryState, Looks, Remote, Settings, Timestamp, WrongState, limits};

/// What a look at the platform came to, with what belongs to other deliveries left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It is there.
    Found(Remote),
    /// It is not there.
    NotThere,
    /// The platform did not let us look.
    Unreadable,
}

impl Delivery {
    /// The delivery after a look. Two looks a minute apart that see nothing allow one more attempt.
    /// Fails if it is not being prepared.
    pub fn looked(
        &self,
        look: Look,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { .. } = self.state else { return Err(WrongState) };
        let not_there = self.looks.not_there + u32::from(look == Look::NotThere);
        let looks = Looks { tries: self.looks.tries + 1, not_there, resent: self.looks.resent };
        let looked = Self { looks, claims: 0, ..self.clone() };
        Ok(match look {
            Look::Found(remote) => looked.published(Some(remote.id), remote.url, true, now),
            Look::NotThere if looked.looks.allow_resend() => looked.send_once_more(now, settings),
            // It was sent once more already: a third attempt would be a guess.
            Look::NotThere if not_there >= limits::LOOKS_NOT_THERE => looked.give_up(now),
            Look::NotThere | Look::Unreadable => looked.look_again(now),
        })
    }

    fn send_once_more(&self, now: Timestamp, settings: &Settings) -> Self {
        if self.attempt >= limits::ATTEMPTS || self.too_late(now, settings) {
            return self.give_up(now);
        }
        self.moved(DeliveryState::Unknown { next_attempt_at: now })
    }

    fn look_again(&self, now: Timestamp) -> Self {
        let next_attempt_at = now.plus(limits::UNKNOWN_WAIT);
        let looked_for = now.since(self.first_armed_at.unwrap_or(now));
        // A negative look wants its second one, however late the first was.
        let enough = self.looks.not_there == 0 && looked_for >= limits::LOOK_FOR;
        if self.looks.tries >= limits::LOOKS || enough {
            return self.give_up(now);
        }
        self.moved(DeliveryState::Unknown { next_attempt_at })
    }
}
