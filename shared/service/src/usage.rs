//! Keeps clients and apps to their rates: exactly in this process, and close to it together with others on the same store.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use channels::usage::{Act, Over, Whose, rate};
use channels::{App, Connection};
use identity::Facts;
use protocol::{AppId, ConnectionId, UserId};
use store::Store;
use throttle::{Count, Meters, Rate, Verdict};

use crate::{Named, Outbox, Service, Tally};

/// Most users and connections whose acts are remembered. Ours: about 20 MB; beyond that those who
/// did least are forgotten.
const USERS: usize = 100_000;
/// Most apps whose acts are remembered.
const APPS: usize = 10_000;

/// What is told of a limit that is not a rate: the first time, and then now and then.
const ONE: Rate = Rate::per_minute(NonZeroU32::MIN);

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    App,
    User(UserId),
    Connection(ConnectionId),
}

/// What somebody of an app does.
type Does = (AppId, Who, Act);

/// Ids may have any character, so the length of the one that comes first is told.
impl Named for Does {
    fn name(&self) -> String {
        let (app, who, act) = self;
        let act = act.as_str();
        match who {
            Who::App => format!("a/{act}/{app}"),
            Who::User(user) => format!("u/{act}/{}/{app}/{user}", app.as_str().len()),
            Who::Connection(id) => format!("c/{act}/{}/{app}/{id}", app.as_str().len()),
        }
    }
}

/// What everyone did lately.
pub(crate) struct Usage {
    apps: Tally<Does>,
    users: Tally<Does>,
    /// Who was told to have too many connections.
    full: Mutex<Meters<(AppId, Who)>>,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            apps: Tally::new(APPS),
            users: Tally::new(USERS),
            full: Mutex::new(Meters::new(APPS)),
        }
    }
}

impl Usage {
    /// Writes to the audit log, now and then, that a user or a whole app has as many connections as it may have.
    pub(crate) fn over_connections(&self, app: &AppId, user: Option<&UserId>, now_ms: u64) {
        let who = user.map_or(Who::App, |user| Who::User(user.clone()));
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = full.count((app.clone(), who), ONE, now_ms);
        drop(full);
        if matches!(verdict, Verdict::Pass | Verdict::Over { tell: true, .. }) {
            let of = user.map_or(Whose::App, |_| Whose::User).as_str();
            let user = user.map(UserId::as_str);
            tracing::warn!(target: "audit", %app, limit = "connections", of, user, "over a limit");
        }
    }
}

/// Makes a refusal of a verdict, and the audit log's entry of both.
fn judge(
    verdict: Verdict,
    over: impl Fn(bool) -> Over,
    app: &App,
    by: Option<&Connection>,
) -> Result<(), Over> {
    let Verdict::Over { tell, abuse, .. } = verdict else { return Ok(()) };
    let over = over(abuse);
    if tell || over.abuse {
        tracing::warn!(
            target: "audit",
            app = %app.id,
            limit = over.act.as_str(),
            of = over.whose.as_str(),
            per_second = over.rate.count(),
            connection = by.map(|by| by.id.as_str()),
            user = by.and_then(|by| by.user.as_ref()).map(|user| user.id.as_str()),
            closed = over.abuse,
            "over a limit"
        );
    }
    Err(over)
}

impl<S: Store, O: Outbox, F: Facts + 'static> Service<S, O, F> {
    /// Counts an act of a client: first against its user's rate, then against its app's.
    pub(crate) async fn count_act(
        &self,
        by: &Connection,
        act: Act,
        now_ms: u64,
    ) -> Result<(), Over> {
        if let Some(rate) = rate(&by.app, Whose::User, act) {
            let who = match &by.user {
                Some(user) => Who::User(user.id.clone()),
                None => Who::Connection(by.id.clone()),
            };
            let does = (by.app.id.clone(), who, act);
            let verdict =
                self.tally(&self.usage.users, does, (rate, Count::WhatFits), now_ms).await;
            let over = |abuse| Over { act, whose: Whose::User, rate, abuse };
            judge(verdict, over, &by.app, Some(by))?;
        }
        self.count_app(&by.app, act, Some(by), now_ms).await
    }

    /// Counts an act of an app. Nobody is to blame for the sum of what all do: it never counts as abuse.
    async fn count_app(
        &self,
        app: &App,
        act: Act,
        by: Option<&Connection>,
        now_ms: u64,
    ) -> Result<(), Over> {
        let Some(rate) = rate(app, Whose::App, act) else { return Ok(()) };
        let does = (app.id.clone(), Who::App, act);
        let verdict = self.tally(&self.usage.apps, does, (rate, Count::WhatFits), now_ms).await;
        judge(verdict, |_| Over { act, whose: Whose::App, rate, abuse: false }, app, by)
    }

    /// Counts a signed request of an app. `now_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the app makes more than it may; nothing is to be done for it then.
    pub async fn count_request(&self, app: &App, now_ms: u64) -> Result<(), Over> {
        self.count_app(app, Act::Request, None, now_ms).await
    }
}
