//! Where posts meet the push core: what is announced becomes events, and the policy asks about posts.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use channels::{Info, Publish};
use data::Data;
use identity::{Facts, PostFacts, WorkspaceId};
use posts::{Announcement, PostId};
use protocol::{ChannelName, EventName, UserId};
use publishing::Announcer;
use service::{Outbox, Service};
use store::Store;

/// What the policy may know about posts.
#[derive(Debug, Clone)]
pub struct Directory(pub Data);

impl Facts for Directory {
    async fn post(&self, id: &str) -> Option<PostFacts> {
        // An id that is none names no post.
        let id = PostId::parse(id).ok()?;
        match self.0.get_post(&id).await {
            Ok((post, _)) => Some(PostFacts {
                author: UserId::new(post.author_id.as_str()),
                workspace: Some(WorkspaceId::new(post.workspace_id.as_str())),
            }),
            Err(data::Error::NotFound) => None,
            Err(error) => {
                tracing::error!(%error, "a post could not be looked up");
                None
            }
        }
    }
}

/// The push core of a host: its store, and its way out.
pub type Core<S, O> = Service<S, O, Directory>;

/// Sends announcements to the channels of the first app.
pub struct News<S, O>(pub Arc<Core<S, O>>);

impl<S: Store, O: Outbox> Announcer for News<S, O> {
    async fn announce(&self, announcement: Announcement) {
        let Ok(event) = EventName::parse(&announcement.event) else { return };
        // An id that is no legal part of a channel name has no channel, and so no subscribers.
        let channels =
            announcement.channels.iter().filter_map(|name| ChannelName::parse(name).ok());
        let publish = Publish {
            channels: channels.collect(),
            event,
            data: announcement.data,
            except: announcement.except_socket.and_then(|text| text.parse().ok()),
            info: Info::default(),
        };
        if let Err(error) = self.0.publish(self.0.apps().first(), &publish, now_ms()).await {
            tracing::error!(%error, event = announcement.event, "an event was not delivered");
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
