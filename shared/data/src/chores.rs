//! Work that comes again, whatever posts there are: when each is due, and who does it.

use posts::Timestamp;

use crate::item::{Item, number, text, text_of};
use crate::{Data, Error, keys};

/// Work that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chore {
    /// Copies of pictures that nothing needs are removed.
    SweepMedia,
    /// Tokens that end within days are renewed.
    RenewTokens,
}

impl Chore {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::SweepMedia, Self::RenewTokens];

    /// The name in storage.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SweepMedia => "sweep-media",
            Self::RenewTokens => "renew-tokens",
        }
    }
}

impl Data {
    /// Makes a chore due at `at` for the first time. One that is planned already stays as it is.
    pub async fn plan_chore(&self, chore: Chore, at: Timestamp) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.posts);
        let put = put.set_item(Some(item(chore, at)));
        match put.condition_expression("attribute_not_exists(pk)").send().await.map_err(Error::from)
        {
            Ok(_) | Err(Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a chore that is due at `now`, and makes it due again at `next`: whoever stops in between leaves the rest to
    /// that run. Fails with `Conflict` if another worker took it, or it is not due.
    pub async fn take_chore(
        &self,
        chore: Chore,
        now: Timestamp,
        next: Timestamp,
    ) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.tables.posts);
        let put = put.set_item(Some(item(chore, next)));
        let put = put.condition_expression("next_at <= :now");
        put.expression_attribute_values(":now", number(now.ms())).send().await?;
        Ok(())
    }
}

fn item(chore: Chore, at: Timestamp) -> Item {
    let mut item = keys::chore(chore);
    item.insert("next_at".to_owned(), number(at.ms()));
    // The index needs a workspace to show; a chore has none.
    item.insert("workspace_id".to_owned(), text("-"));
    item.extend(keys::due(text_of(&keys::chore(chore), "pk"), at));
    item
}
