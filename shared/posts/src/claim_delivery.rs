//! A worker takes a delivery, or ends one that must not go on.

use crate::{
    AfterUnknown, Class, Delivery, DeliveryError, DeliveryState, ErrorClass, Lease, Looks,
    Settings, Timestamp, Worker, limits,
};

/// What a claim comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryClaim {
    /// It is over, not due, or someone else's.
    NotDue,
    /// It is the worker's now.
    Taken(Delivery),
    /// It may not go on and is over now.
    Over(Delivery),
    /// It goes on later: the platform needs time to settle.
    Later(Delivery),
}

/// A write that does not fit the delivery's state: someone else moved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery is in another state")]
pub struct WrongState;

impl Delivery {
    /// Claims the delivery for `me` if it is due at `now`. `class` is its platform's.
    pub fn claim(
        &self,
        me: &Worker,
        class: Class,
        now: Timestamp,
        settings: &Settings,
    ) -> DeliveryClaim {
        let idle = |lease: &Lease| !lease.holds(me, now, settings);
        let ready = match &self.state {
            DeliveryState::Queued { next_attempt_at }
            | DeliveryState::RetryWait { next_attempt_at }
            | DeliveryState::Processing { next_attempt_at }
            | DeliveryState::Unknown { next_attempt_at } => *next_attempt_at <= now,
            DeliveryState::WaitingAccount { until } => *until < now,
            DeliveryState::Preparing { lease } => idle(lease),
            // The worker died with the request perhaps out: nobody knows what came of it.
            DeliveryState::Armed { lease, armed_at } if idle(lease) => {
                return self.recover(me, class, *armed_at, now, settings);
            }
            _ => false,
        };
        if ready { self.take(me, class, now, settings) } else { DeliveryClaim::NotDue }
    }

    /// The new delivery as the own of the worker that claimed its post: it need not be claimed by a write of its own.
    /// That is not counted as a claim, since nothing begins with it: whoever finds it after a crash counts.
    pub fn reserved(self, me: &Worker, now: Timestamp) -> Self {
        let lease = Lease { owner: me.clone(), until: now.plus(limits::LEASE) };
        Self { state: DeliveryState::Preparing { lease }, ..self }
    }

    /// Whether a worker has it that has not come to it.
    pub fn is_reserved(&self) -> bool {
        self.claims == 0 && matches!(self.state, DeliveryState::Preparing { .. })
    }

    /// Begins with a delivery that was reserved for this process: as it is while enough of its lease is left, else
    /// with a claim like any other.
    pub fn begin(
        &self,
        me: &Worker,
        class: Class,
        now: Timestamp,
        settings: &Settings,
    ) -> DeliveryClaim {
        match &self.state {
            DeliveryState::Preparing { lease } if self.is_reserved() => {
                let fits = lease.lasts(now) && !self.too_late(now, settings);
                if fits {
                    DeliveryClaim::Taken(self.clone())
                } else {
                    self.take(me, class, now, settings)
                }
            }
            _ => self.claim(me, class, now, settings),
        }
    }

    fn recover(
        &self,
        me: &Worker,
        class: Class,
        armed_at: Timestamp,
        now: Timestamp,
        settings: &Settings,
    ) -> DeliveryClaim {
        let lost = self.lost("The server stopped while publishing, so the outcome is not known.");
        let settled_at = armed_at.plus(limits::UNKNOWN_WAIT);
        if lost.may_resend(class, now, settings) {
            lost.take(me, class, now, settings)
        } else if !lost.can_be_read(class, now) {
            lost.over(now)
        } else if settled_at > now {
            let state = DeliveryState::Unknown { next_attempt_at: settled_at };
            DeliveryClaim::Later(lost.moved(state))
        } else {
            lost.take(me, class, now, settings)
        }
    }

    /// The delivery after an attempt of which nobody knows what came.
    pub(crate) fn lost(&self, message: &str) -> Self {
        // What was seen before that attempt says nothing about it.
        let looks = Looks { resent: self.looks.resent, ..Looks::default() };
        Self { maybe_sent: true, last_error: Some(unknown(message)), looks, ..self.clone() }
    }

    /// Whether looking at the platform is what follows an unknown outcome.
    pub(crate) fn can_be_read(&self, class: Class, now: Timestamp) -> bool {
        class.after_unknown(self.first_armed_at.unwrap_or(now), now) == AfterUnknown::ReadBack
    }

    /// Whether the next step is a look at the platform, not an attempt.
    pub fn must_look(&self, class: Class, now: Timestamp) -> bool {
        self.maybe_sent && self.can_be_read(class, now) && !self.looks.allow_resend()
    }

    /// Whether an unknown outcome may be answered by sending again.
    pub(crate) fn may_resend(&self, class: Class, now: Timestamp, settings: &Settings) -> bool {
        let first = self.first_armed_at.unwrap_or(now);
        class.after_unknown(first, now) == AfterUnknown::Resend
            && self.attempt < limits::ATTEMPTS
            && !self.too_late(now, settings)
    }

    fn take(
        &self,
        me: &Worker,
        class: Class,
        now: Timestamp,
        settings: &Settings,
    ) -> DeliveryClaim {
        let late = self.too_late(now, settings);
        // To look is never too late.
        let no_more = late && !self.must_look(class, now);
        if self.maybe_sent && (no_more || self.claims >= limits::CLAIMS) {
            return self.over(now);
        }
        if late && !self.maybe_sent {
            return self.with_error(ErrorClass::Missed, "missed", self.missed()).over(now);
        }
        if self.claims >= limits::CLAIMS {
            let poison = "Publishing stopped again and again before it began. Tell the operator.";
            return self.with_error(ErrorClass::Internal, "poison", poison).over(now);
        }
        let lease = Lease { owner: me.clone(), until: now.plus(limits::LEASE) };
        let claims = self.claims + 1;
        DeliveryClaim::Taken(Self { claims, ..self.moved(DeliveryState::Preparing { lease }) })
    }

    fn missed(&self) -> &'static str {
        match self.state {
            DeliveryState::WaitingAccount { .. } => {
                "The account was not connected again in time. Connect it, then publish again."
            }
            _ => "It fell due while the server was not running, and is too late to publish now.",
        }
    }

    fn over(&self, now: Timestamp) -> DeliveryClaim {
        DeliveryClaim::Over(self.give_up(now))
    }

    /// Begins an attempt: only after this is stored may the request go out. Fails if it is not being prepared.
    pub fn arm(&self, now: Timestamp) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { lease } = &self.state else { return Err(WrongState) };
        // A lease that lasts stays as it is, and with it the place in the due index, which costs writes to move.
        let until = if lease.lasts(now) { lease.until } else { now.plus(limits::LEASE) };
        let lease = Lease { owner: lease.owner.clone(), until };
        let resent = self.looks.resent || self.looks.allow_resend();
        Ok(Self {
            looks: Looks { resent, ..self.looks.clone() },
            attempt: self.attempt + 1,
            claims: 0,
            first_armed_at: self.first_armed_at.or(Some(now)),
            ..self.moved(DeliveryState::Armed { lease, armed_at: now })
        })
    }

    /// Gives a delivery back that was not begun, for any worker. Fails if it is not being prepared.
    pub fn release(&self, now: Timestamp) -> Result<Self, WrongState> {
        let DeliveryState::Preparing { .. } = self.state else { return Err(WrongState) };
        let next_attempt_at = now;
        let state = if self.maybe_sent {
            DeliveryState::Unknown { next_attempt_at }
        } else if self.attempt > 0 {
            DeliveryState::RetryWait { next_attempt_at }
        } else {
            // It keeps its place among those of its account.
            DeliveryState::Queued { next_attempt_at: self.scheduled_at }
        };
        Ok(Self { claims: self.claims.saturating_sub(1), ..self.moved(state) })
    }

    /// Ends the delivery: failed, or unconfirmed if an attempt may have worked.
    pub(crate) fn give_up(&self, now: Timestamp) -> Self {
        if self.maybe_sent {
            self.moved(DeliveryState::Unconfirmed { unconfirmed_at: now })
        } else {
            self.moved(DeliveryState::Failed { failed_at: now })
        }
    }

    pub(crate) fn with_error(&self, class: ErrorClass, code: &str, message: &str) -> Self {
        let error = DeliveryError {
            class,
            code: code.to_owned(),
            message: shorten(message),
            http_status: None,
        };
        Self { last_error: Some(error), ..self.clone() }
    }
}

impl Lease {
    /// Whether enough is left for an attempt with all that goes with it.
    fn lasts(&self, now: Timestamp) -> bool {
        self.until >= now.plus(limits::LEASE_LEFT)
    }

    /// Whether the lease still keeps `me` away. In a process that is alone, leases of other processes are void.
    fn holds(&self, me: &Worker, now: Timestamp, settings: &Settings) -> bool {
        let dead = settings.alone && self.owner.process != me.process;
        !dead && self.until.plus(limits::LEASE_SLACK) >= now
    }
}

pub(crate) fn unknown(message: &str) -> DeliveryError {
    let (class, code) = (ErrorClass::Unconfirmed, "unknown_outcome".to_owned());
    DeliveryError { class, code, message: shorten(message), http_status: None }
}

pub(crate) fn shorten(message: &str) -> String {
    message.chars().take(limits::MESSAGE_CHARS).collect()
}
