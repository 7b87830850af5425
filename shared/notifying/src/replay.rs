//! Dead letters: listed, shown, replayed.

use posts::Timestamp;
use protocol::AppId;
use webhooks::{Delivery, DeliveryId, DeliveryState};

use crate::Notifier;

/// Most dead letters that one list shows. Ours.
const LISTED: i32 = 100;

/// Why a verb changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of this name.
    #[error("There is no such dead letter: list them to see which there are")]
    NotFound,
    /// The store does not answer; the log says why.
    #[error("The server cannot do this right now: try again in a moment")]
    Unavailable,
}

impl From<data::Error> for Refusal {
    fn from(error: data::Error) -> Self {
        match error {
            data::Error::NotFound | data::Error::Conflict => Self::NotFound,
            data::Error::Unavailable(cause) => {
                tracing::error!(?cause, "a dead letter cannot be read or written");
                Self::Unavailable
            }
        }
    }
}

impl Notifier {
    /// The dead letters of an app, the youngest first, at most 100.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list_dead(&self, app: &AppId) -> Result<Vec<Delivery>, Refusal> {
        Ok(self.data.list_dead_hooks(app, LISTED).await?)
    }

    /// One dead letter with its events.
    ///
    /// # Errors
    /// When there is no such dead letter, or the store does not answer.
    pub async fn show_dead(&self, id: &DeliveryId) -> Result<Delivery, Refusal> {
        let found = self.data.get_hook(id).await?;
        let dead = matches!(found.state, DeliveryState::Dead { .. });
        if dead { Ok(found) } else { Err(Refusal::NotFound) }
    }

    /// Puts a dead letter back: the next tick sends it, and tries for another five minutes.
    ///
    /// # Errors
    /// When there is no such dead letter, or the store does not answer.
    pub async fn replay(&self, id: &DeliveryId, now: Timestamp) -> Result<Delivery, Refusal> {
        let dead = self.show_dead(id).await?;
        let anew = dead.replay(now).ok_or(Refusal::NotFound)?;
        self.data.replace_hook(&dead, &anew).await?;
        Ok(anew)
    }
}
