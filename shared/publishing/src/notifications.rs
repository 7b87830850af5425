//! Notifications: stored for a person, told to open pages, listed and read.

use posts::{Caller, Notification, Timestamp, notifications_read};

use crate::{Announcer, Notifications, PublishTo, Publishing, Refusal};

impl<P: PublishTo, A: Announcer> Publishing<P, A> {
    /// Lists the caller's notifications, the newest first, at most 100.
    pub async fn list_notifications(&self, caller: &Caller) -> Result<Notifications, Refusal> {
        let notifications = self.data.list_notifications(&caller.user_id).await?;
        Ok(Notifications { unread_count: unread(&notifications), notifications })
    }

    /// Marks notifications of the caller as read; all of them if none is named. Unknown ones are passed over.
    pub async fn read_notifications(
        &self,
        caller: &Caller,
        ids: &[String],
        now: Timestamp,
    ) -> Result<Notifications, Refusal> {
        let mut notifications = self.data.list_notifications(&caller.user_id).await?;
        let mut read = Vec::new();
        for note in notifications.iter_mut().filter(|note| !note.read) {
            if ids.is_empty() || ids.contains(&note.id) {
                self.data.read_notification(note).await?;
                note.read = true;
                read.push((note.id.clone(), note.workspace_id.clone()));
            }
        }
        let unread_count = unread(&notifications);
        if let Some((_, workspace)) = read.first() {
            let ids: Vec<_> = read.iter().map(|(id, _)| id.clone()).collect();
            let told = notifications_read(&caller.user_id, workspace, &ids, unread_count, now);
            self.announce([told]).await;
        }
        Ok(Notifications { unread_count, notifications })
    }

    /// Stores a notification and tells it, once for each cause. Trouble is logged: it must not fail the work.
    pub(crate) async fn notify(&self, note: Notification) {
        let stored = async {
            if !self.data.put_notification(&note).await? {
                return Ok(None);
            }
            let all = self.data.list_notifications(&note.user_id).await?;
            Ok::<_, data::Error>(Some(unread(&all)))
        };
        match stored.await {
            Ok(Some(unread)) => self.announce([note.received(unread)]).await,
            Ok(None) => {}
            Err(cause) => tracing::error!(?cause, "a notification was not stored"),
        }
    }
}

fn unread(notifications: &[Notification]) -> usize {
    notifications.iter().filter(|note| !note.read).count()
}
