//! Where posts meet the push core: what is announced becomes events, and the policy asks about posts.

use std::sync::Arc;

use channels::{Info, Publish};
use data::Data;
use identity::{Facts, PostFacts, WorkspaceId};
use posts::{Announcement, PostId};
use protocol::{ChannelName, EventName, UserId};
use publishing::Announcer;
use service::Service;
use store::Store;

use crate::jobs::now_ms;
use crate::sockets::Sockets;

/// The push core as one machine runs it, on either store.
pub(crate) type Core<S> = Service<S, Sockets, Directory>;

/// What the policy may know about posts.
#[derive(Clone)]
pub(crate) struct Directory(pub(crate) Data);

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

/// Sends announcements to the channels of the first app.
pub(crate) struct News<S>(pub(crate) Arc<Core<S>>);

impl<S: Store> Announcer for News<S> {
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
