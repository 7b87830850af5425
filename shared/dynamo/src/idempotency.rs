//! Publications that may be sent again: a row each, written when work begins and once more when it is answered. A plain
//! publication has none.

use aws_sdk_dynamodb::types::ReturnValue;
use store::idempotency::{ANSWER_KEPT_MS, WORK_MS};
use store::{Begun, Claim};

use crate::item::{Item, number, text, text_of};
use crate::table::Change;
use crate::{DynamoStore, Error, keys};

/// How long a row outlives what it says, seconds: `x` counts whole seconds.
const ROUNDED_S: u64 = 1;

impl DynamoStore {
    pub(crate) async fn begin_work(&self, claim: &Claim, now_ms: u64) -> Result<Begun, Error> {
        let until = now_ms.saturating_add(WORK_MS);
        let values = [
            (":f", text(hex::encode(claim.digest))),
            (":n", number(claim.attempt)),
            (":t", number(until)),
            (":x", number(until / 1_000 + ROUNDED_S)),
            (":now", number(now_ms)),
        ];
        let change = Change {
            set: "SET f = :f, n = :n, t = :t, x = :x REMOVE v",
            only_if: "attribute_not_exists(pk) OR t <= :now",
            values: &values,
            answer: ReturnValue::None,
        };
        let begun = self.table.attempt(keys::work(&claim.app, &claim.key), change).await?;
        Ok(begun.map_or_else(|row| known(&row, claim), |_| Begun::Now))
    }

    pub(crate) async fn finish_work(
        &self,
        claim: &Claim,
        answer: &str,
        now_ms: u64,
    ) -> Result<(), Error> {
        let until = now_ms.saturating_add(ANSWER_KEPT_MS);
        let values = [
            (":v", text(answer)),
            (":n", number(claim.attempt)),
            (":t", number(until)),
            (":x", number(until / 1_000 + ROUNDED_S)),
        ];
        let change = Change {
            set: "SET v = :v, t = :t, x = :x",
            only_if: "n = :n",
            values: &values,
            answer: ReturnValue::None,
        };
        self.table.update(keys::work(&claim.app, &claim.key), change).await.map(drop)
    }

    pub(crate) async fn give_up_work(&self, claim: &Claim) -> Result<(), Error> {
        let ours = "n = :n AND attribute_not_exists(v)";
        let key = keys::work(&claim.app, &claim.key);
        self.table.delete_if(key, ours, &[(":n", number(claim.attempt))]).await.map(drop)
    }
}

/// What the row of a work says to whoever asks for it. An attempt that finds itself was written, and the answer was lost.
fn known(row: &Item, claim: &Claim) -> Begun {
    if text_of(row, "f") != Some(hex::encode(claim.digest).as_str()) {
        return Begun::OtherRequest;
    }
    match text_of(row, "v") {
        Some(answer) => Begun::Answered(answer.to_owned()),
        None if row.get("n") == Some(&number(claim.attempt)) => Begun::Now,
        None => Begun::UnderWay,
    }
}
