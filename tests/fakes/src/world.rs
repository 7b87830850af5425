//! What a fake remembers.

use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::mastodon::Instance;
use crate::oauth::Code;
use crate::wire::Request;
use crate::{REFRESH, TOKEN};

/// A post that a fake committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The fake's id of it.
    pub id: String,
    /// The account it stands on.
    pub account: String,
    /// The key that it was sent under, where the platform has keys.
    pub key: Option<String>,
    /// What it says, as the platform keeps it.
    pub text: String,
    /// How many pictures it has.
    pub pictures: usize,
    /// When it was committed, in milliseconds since 1970 UTC.
    pub at_ms: u64,
}

/// A container of Instagram or Threads.
pub(crate) struct Container {
    pub(crate) text: String,
    pub(crate) pictures: usize,
    /// How many more looks find it in progress.
    pub(crate) looks: u32,
    pub(crate) published: bool,
    /// It was not published within its day.
    pub(crate) expired: bool,
}

pub(crate) struct World {
    pub(crate) ledger: Vec<Row>,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) containers: BTreeMap<String, Container>,
    /// Records of Bluesky by key, ids of uploads.
    pub(crate) kept: BTreeMap<String, Value>,
    pub(crate) token: String,
    pub(crate) refresh: String,
    /// How many looks find a new container or upload in progress.
    pub(crate) looks: u32,
    /// Whether a post that says the same as the one before is refused.
    pub(crate) guards: bool,
    /// Codes that were given and not used yet.
    pub(crate) codes: BTreeMap<String, Code>,
    /// Whether people who are asked for access deny it.
    pub(crate) denies: bool,
    /// How often servers registered here.
    pub(crate) registered: u32,
    /// How much of a day's quota is used, of 50.
    pub(crate) quota_used: u64,
    /// How many containers that are made from now on have expired at once.
    pub(crate) short_lived: usize,
    /// Whether the next one that is to be published expires just then.
    pub(crate) expires_at_publish: bool,
    /// What a server of Mastodon says that it takes.
    pub(crate) instance: Instance,
    /// The calls that came, by method and path.
    pub(crate) calls: Vec<String>,
    /// The fake's own address.
    pub(crate) url: String,
    next: u64,
}

impl World {
    pub(crate) fn new(url: String) -> Self {
        Self {
            ledger: Vec::new(),
            faults: VecDeque::new(),
            containers: BTreeMap::new(),
            kept: BTreeMap::new(),
            token: TOKEN.to_owned(),
            refresh: REFRESH.to_owned(),
            looks: 0,
            guards: false,
            codes: BTreeMap::new(),
            denies: false,
            registered: 0,
            quota_used: 0,
            short_lived: 0,
            expires_at_publish: false,
            instance: Instance::default(),
            calls: Vec::new(),
            url,
            next: 1000,
        }
    }

    pub(crate) fn id(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }

    pub(crate) fn knows(&self, request: &Request) -> bool {
        request.bearer() == self.token
    }

    pub(crate) fn commit(
        &mut self,
        account: &str,
        key: Option<&str>,
        text: &str,
        pictures: usize,
    ) -> String {
        let id = self.id();
        self.ledger.push(Row {
            id: id.clone(),
            account: account.to_owned(),
            key: key.map(str::to_owned),
            text: text.to_owned(),
            pictures,
            at_ms: now_ms(),
        });
        id
    }

    /// Whether the platform's guard, if it is on, finds that the account's last post says the same.
    pub(crate) fn repeats(&self, account: &str, text: &str) -> bool {
        if !self.guards {
            return false;
        }
        self.ledger
            .iter()
            .rev()
            .find(|row| row.account == account)
            .is_some_and(|row| row.text == text)
    }

    /// The account's posts, the latest first.
    pub(crate) fn of(&self, account: &str) -> Vec<&Row> {
        self.ledger.iter().rev().filter(|row| row.account == account).collect()
    }

    /// Gives new tokens for the refresh token, once.
    pub(crate) fn rotate(&mut self, refresh: &str) -> Option<Value> {
        if refresh != self.refresh {
            return None;
        }
        let id = self.id();
        (self.token, self.refresh) = (format!("token-{id}"), format!("refresh-{id}"));
        Some(json!({
            "access_token": self.token, "refresh_token": self.refresh, "expires_in": 7200,
            "token_type": "bearer",
        }))
    }
}

pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// A time as most APIs write it, of milliseconds since 1970 UTC.
pub(crate) fn iso(at_ms: u64) -> String {
    let (days, ms) = (at_ms / 86_400_000, at_ms % 86_400_000);
    // Civil date of a day count (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + u64::from(month <= 2);
    let s = ms / 1000;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        s / 3600,
        s / 60 % 60,
        s % 60,
        ms % 1000
    )
}
