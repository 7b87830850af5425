//! Attributes of rows. Names are short, because every byte of a member is read at each publish:
//!
//! | name | on | what |
//! |---|---|---|
//! | `x` | all | the second after which the row counts as gone |
//! | `a`, `o`, `u`, `i`, `q` | connections | app, socket id, user as JSON, the user's id, whether it counts against a quota |
//! | `p`, `wl`, `z` | connections | how many its user may have, whom it watches, whether it is closed |
//! | `f` | connections | the client's address |
//! | `g` | connections | key of the index, of those with a user or a place in a quota |
//! | `w`, `ev` | connections | start of the window of client events, and how many there were in it |
//! | `k`, `u`, `a` | links | the channel's shard that the member is in; the presence user; the app |
//! | `j` | links, members | when its join was asked for; on members only if `t` is later |
//! | `d`, `t` | links | it was left, and when that was asked for |
//! | `t`, `o`, `u` | members | when it was asked for, the hash of the socket id, the presence user |
//! | `n`, `m`, `s`, `l`, `h`, `g` | channels | subscriptions, users, shards, who was lost last, count held, key of the index |
//! | `f`, `n`, `t`, `v` | works | what is asked for, the attempt, until when it counts in milliseconds, the answer |
//! | `w` | rates | when all room is there again, in microseconds |
//! | `w`, `r` | channels | when somebody came or went, whether the numbers are in doubt |
//! | `c`, `k`, `e`, `t` | notes of sweeps | the channel, the shard and the member to go on behind, the minute it began |
//! | `cs`, `i`, `l` | users | connections, `user_info` as JSON or empty, which lost one was the last |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// A row, or a part of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A text attribute.
pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A set of one text.
pub(crate) fn set_of(one: impl Into<String>) -> AttributeValue {
    AttributeValue::Ss(vec![one.into()])
}

/// Reads a text attribute.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Reads a number; one that is missing is zero.
pub(crate) fn number_of<T: std::str::FromStr + Default>(item: &Item, name: &str) -> T {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Whether a row is still there: DynamoDB deletes what is out of date days later.
pub(crate) fn is_live(item: &Item, now_s: u64) -> bool {
    number_of::<u64>(item, "x") > now_s
}
