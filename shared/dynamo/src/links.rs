//! The links of a connection: which channels it is subscribed to, beside its own row in one partition.

use protocol::{ChannelName, ConnectionId, UserId};

use crate::item::{Item, is_live, number, number_of, text, text_of};
use crate::keys::{LINK, OWN};
use crate::{DynamoStore, Error, keys};

/// What sorts after every link.
const AFTER_LINKS: &str = "S/\u{10ffff}";

/// A connection and its links, as of one read.
pub(crate) struct Links {
    /// Whether the connection is open.
    pub(crate) open: bool,
    /// Whether it is a user's.
    pub(crate) signed_in: bool,
    /// The channels.
    pub(crate) channels: Vec<ChannelName>,
}

/// One link.
pub(crate) struct Link {
    /// The shard of the channel that has the member.
    pub(crate) shard: u32,
    /// As whom, on presence channels.
    pub(crate) user: Option<UserId>,
}

impl DynamoStore {
    /// Notes a subscription; whether there was none.
    pub(crate) async fn put_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
        link: &Link,
    ) -> Result<bool, Error> {
        let mut row = keys::link(id, channel);
        row.insert("k".to_owned(), number(link.shard));
        row.insert("x".to_owned(), number(self.expires_s()));
        if let Some(user) = &link.user {
            row.insert("u".to_owned(), text(user.as_str()));
        }
        self.table.put_new(row).await
    }

    /// One link, if it is there.
    pub(crate) async fn link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
    ) -> Result<Option<Link>, Error> {
        let row = self.table.get(keys::link(id, channel)).await?;
        Ok(row.filter(|row| is_live(row, self.now_s())).as_ref().map(read))
    }

    /// Deletes a link and answers it, if it was there.
    pub(crate) async fn take_link(
        &self,
        id: &ConnectionId,
        channel: &ChannelName,
    ) -> Result<Option<Link>, Error> {
        Ok(self.table.take(keys::link(id, channel)).await?.as_ref().map(read))
    }

    /// A connection with all its links.
    pub(crate) async fn links(&self, id: &ConnectionId) -> Result<Links, Error> {
        let pk = keys::connection_partition(id);
        let now_s = self.now_s();
        let mut links = Links { open: false, signed_in: false, channels: Vec::new() };
        for row in self.table.range(pk, OWN, AFTER_LINKS).await? {
            match text_of(&row, "sk") {
                Some(OWN) => {
                    links.open = is_live(&row, now_s);
                    links.signed_in = row.contains_key("u");
                }
                Some(sk) => {
                    let name = sk.strip_prefix(LINK).and_then(|it| ChannelName::parse(it).ok());
                    links.channels.extend(name);
                }
                None => {}
            }
        }
        Ok(links)
    }
}

fn read(row: &Item) -> Link {
    Link { shard: number_of(row, "k"), user: text_of(row, "u").map(UserId::new) }
}
