//! Calls to platforms. Each comes to an end: a panic and a call without end too.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use posts::{
    Answer, Delivery, ErrorClass, Look, Outcome, Prepared, ReadBack, Remote, Request, Timestamp,
};

use crate::media::Pictures;
use crate::reach::Connected;
use crate::tick::PATIENCE;
use crate::{Announcer, PublishTo, Publishing};

/// What is said when an adapter has a bug.
pub(crate) const PANICKED: &str = "Publishing failed inside the server. Tell the operator.";

/// Why a call gave nothing.
enum Broken {
    Panicked,
    TooSlow,
}

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// What must be ready before the call.
    pub(crate) async fn prepare(
        &self,
        mine: &Delivery,
        payload: &str,
        pictures: &Pictures,
        to: &Connected,
        now: Timestamp,
    ) -> Prepared {
        let call = self.platforms.prepare(request(mine, payload, pictures, to, now));
        self.bounded(mine, call).await.unwrap_or_else(|broken| {
            let message = "The platform did not answer in time.".to_owned();
            let class = ErrorClass::PlatformUnavailable;
            Prepared::Failed(match broken {
                Broken::Panicked => panicked().into(),
                Broken::TooSlow => Outcome::NotSent { class, message, retry_after_s: None }.into(),
            })
        })
    }

    /// The one irreversible call.
    pub(crate) async fn attempt(
        &self,
        armed: &Delivery,
        payload: &str,
        pictures: &Pictures,
        to: &Connected,
        now: Timestamp,
    ) -> Answer {
        let call = self.platforms.publish(request(armed, payload, pictures, to, now));
        self.bounded(armed, call).await.unwrap_or_else(|broken| match broken {
            Broken::Panicked => panicked().into(),
            Broken::TooSlow => {
                let message = "The platform did not answer in time.".to_owned();
                Outcome::Unknown { message }.into()
            }
        })
    }

    /// Looks whether the delivery is there. What belongs to another delivery is not it.
    pub(crate) async fn look(
        &self,
        mine: &Delivery,
        payload: &str,
        to: &Connected,
        now: Timestamp,
    ) -> Result<Look, data::Error> {
        // What is there is known by its text, not by its pictures.
        let none = Pictures::default();
        let call = self.platforms.read_back(request(mine, payload, &none, to, now));
        match self.bounded(mine, call).await {
            Ok(ReadBack::Found(remotes)) => {
                for remote in remotes {
                    if self.data.own_remote(&mine.account_id, &remote.id, &mine.id).await? {
                        return Ok(Look::Found(remote));
                    }
                }
                Ok(Look::NotThere)
            }
            Ok(ReadBack::NotThere) => Ok(Look::NotThere),
            Ok(ReadBack::Unreadable { message }) => {
                tracing::warn!(delivery = %mine.id, message, "a platform cannot be read back");
                Ok(Look::Unreadable)
            }
            Err(_) => Ok(Look::Unreadable),
        }
    }

    /// Notes whose a new post of the platform is, so that no look takes it for another delivery's.
    pub(crate) async fn note_owner(&self, armed: &Delivery, outcome: &Outcome) {
        let Outcome::Published { remote_id: Some(id), .. } = outcome else { return };
        let remote = Remote { id: id.clone(), url: None };
        if let Err(cause) = self.data.own_remote(&armed.account_id, &remote.id, &armed.id).await {
            tracing::error!(delivery = %armed.id, ?cause, "the owner of a post was not noted");
        }
    }

    async fn bounded<T>(
        &self,
        delivery: &Delivery,
        call: impl Future<Output = T>,
    ) -> Result<T, Broken> {
        match tokio::time::timeout(PATIENCE, AssertUnwindSafe(call).catch_unwind()).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => {
                tracing::error!(delivery = %delivery.id, platform = delivery.platform, "the platform's adapter panicked");
                Err(Broken::Panicked)
            }
            Err(_) => Err(Broken::TooSlow),
        }
    }
}

fn request<'a>(
    delivery: &'a Delivery,
    payload: &'a str,
    pictures: &'a Pictures,
    to: &'a Connected,
    now: Timestamp,
) -> Request<'a> {
    Request {
        account: &to.account,
        secret: &to.secret,
        idem_key: &delivery.idem_key,
        payload,
        attempt: delivery.attempt,
        at_s: now.seconds(),
        since_s: delivery.first_armed_at.unwrap_or(now).seconds(),
        prepared: delivery.prepared.as_deref(),
        media: &pictures.attachments,
    }
}

fn panicked() -> Outcome {
    let message = PANICKED.to_owned();
    Outcome::Refused { class: ErrorClass::Internal, message, http_status: None }
}
