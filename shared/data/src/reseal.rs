//! Everything that is sealed in the table of accounts, page by page, to be sealed anew.

use aws_sdk_dynamodb::types::AttributeValue;
use posts::AccountId;

use crate::credentials::stored;
use crate::item::{Item, text, text_of};
use crate::{Data, Error, Kept, keys};

/// Items that one page looks through. Ours: a request of an operator does one page, well within its time.
const PAGE: i32 = 200;
/// Parts a cursor's two keys: no key has it.
const BETWEEN: char = '\u{1}';

/// A sealed text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAt {
    /// What it belongs to.
    pub of: SealedOf,
    /// How it is kept.
    pub kept: Kept,
    pk: String,
    sk: String,
}

/// What a sealed text belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedOf {
    /// The credentials of an account.
    Account {
        /// Which one.
        id: AccountId,
        /// The version of the credentials.
        token_ver: u64,
    },
    /// What registering with an instance gave, by its hash.
    Registration(String),
}

/// A page of sealed texts, in no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPage {
    /// The texts.
    pub texts: Vec<SealedAt>,
    /// Where the next page begins; nothing on the last one.
    pub next: Option<String>,
}

impl Data {
    /// Reads a page of what is sealed. What is gone in minutes, requests for access, is left out. A cursor that is not one
    /// of ours begins at the beginning.
    pub async fn sealed_page(&self, cursor: Option<&str>) -> Result<SealedPage, Error> {
        let scan = self.client.scan().table_name(&self.tables.accounts).limit(PAGE);
        let scan = scan.consistent_read(true).filter_expression("sk IN (:secret, :client)");
        let scan = scan.expression_attribute_values(":secret", text("secret"));
        let scan = scan.expression_attribute_values(":client", text("client"));
        let scan = scan.set_exclusive_start_key(cursor.and_then(start));
        let page = scan.send().await?;
        let next = page.last_evaluated_key.map(|key| {
            let whole = format!("{}{BETWEEN}{}", text_of(&key, "pk"), text_of(&key, "sk"));
            hex::encode(whole)
        });
        let texts = page.items.unwrap_or_default().iter().filter_map(sealed_at).collect();
        Ok(SealedPage { texts, next })
    }

    /// Puts another sealed text in the place of one that was read, of the same secret: its version stays, and a renewal that
    /// is under way does not notice. Fails with `Conflict` if it is another one by now.
    pub async fn replace_sealed(&self, at: &SealedAt, sealed: &str) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.tables.accounts);
        let update = update.set_key(Some(at.key())).update_expression("SET sealed = :after");
        let update = update.condition_expression("sealed = :before");
        let update = update.expression_attribute_values(":before", at.before());
        update.expression_attribute_values(":after", text(sealed)).send().await?;
        Ok(())
    }

    /// Drops a sealed text that nobody can open. Fails with `Conflict` if it is another one by now.
    pub async fn drop_sealed(&self, at: &SealedAt) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.tables.accounts);
        let delete = delete.set_key(Some(at.key())).condition_expression("sealed = :before");
        delete.expression_attribute_values(":before", at.before()).send().await?;
        Ok(())
    }
}

impl SealedAt {
    fn key(&self) -> Item {
        keys::whole(&self.pk, &self.sk)
    }

    fn before(&self) -> AttributeValue {
        match &self.kept {
            Kept::Sealed(sealed) => text(sealed),
            // What is not sealed is not equal to anything that is.
            Kept::Plain(_) => text(""),
        }
    }
}

fn sealed_at(item: &Item) -> Option<SealedAt> {
    let (pk, sk) = (text_of(item, "pk"), text_of(item, "sk"));
    let found = stored(item);
    let of = match keys::account_of(pk) {
        Some(id) => SealedOf::Account { id, token_ver: found.token_ver },
        None => SealedOf::Registration(keys::registered(pk)?.to_owned()),
    };
    Some(SealedAt { of, kept: found.kept, pk: pk.to_owned(), sk: sk.to_owned() })
}

fn start(cursor: &str) -> Option<Item> {
    let whole = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
    let (pk, sk) = whole.split_once(BETWEEN)?;
    Some(keys::whole(pk, sk))
}
