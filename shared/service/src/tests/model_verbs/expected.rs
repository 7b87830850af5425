//! The model: what must be true, and what follows from each step.

use std::collections::{BTreeMap, BTreeSet};

use channels::Job;
use protocol::limits::{CACHE_TTL_S, DENIED_S};

use super::{CHANNELS, Frames, LOG, Step, USERS, name, user};
use crate::tests::world::id;

/// What everyone hears of a step.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) frames: Frames,
    pub(super) hooks: Vec<String>,
}

impl Heard {
    fn say(&mut self, n: u64, words: String) {
        self.frames.entry(id(n).to_string()).or_default().push(words);
    }
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) open: BTreeSet<u64>,
    user: BTreeMap<u64, u8>,
    watches: BTreeMap<u64, u8>,
    denied_until_ms: BTreeMap<u8, u64>,
    /// Subscriptions, on presence channels as whom.
    on: BTreeMap<(usize, u64), Option<u8>>,
    /// Members who are waited for, and with which connection each was lost.
    away: BTreeMap<(usize, u8), u64>,
    /// Channels that a lost connection emptied.
    emptied: BTreeMap<usize, u64>,
    /// Users who are waited for.
    offline: BTreeMap<u8, u64>,
    /// Until when a channel's last event is kept.
    cached_until_ms: BTreeMap<usize, u64>,
    /// Serials with the time of each.
    pub(super) log: Vec<(u64, u64)>,
    /// The history has one more event, whose serial is not known yet.
    pub(super) is_logged: bool,
}

impl Model {
    pub(super) fn subscribers(&self, channel: usize) -> impl Iterator<Item = u64> {
        self.on.keys().filter(move |(c, _)| *c == channel).map(|(_, n)| *n)
    }

    /// Who is on a presence channel or waited for.
    pub(super) fn members(&self, channel: usize) -> BTreeSet<String> {
        let on = self.on.iter().filter(|((c, _), _)| *c == channel).filter_map(|(_, u)| *u);
        let away = self.away.keys().filter(|(c, _)| *c == channel).map(|(_, u)| *u);
        on.chain(away).map(user).collect()
    }

    pub(super) fn is_cached(&self, channel: usize, now_ms: u64) -> bool {
        self.cached_until_ms.get(&channel).is_some_and(|until| *until > now_ms)
    }

    pub(super) fn apply(&mut self, step: &Step, now_ms: u64) -> Heard {
        let mut heard = Heard::default();
        match *step {
            Step::Connect(n) if self.open.insert(n) => heard.say(n, "established".into()),
            Step::SignIn(n, u, watches) if self.open.contains(&n) => {
                self.sign_in(n, u, watches, now_ms, &mut heard);
            }
            Step::Subscribe(n, c, u) if self.open.contains(&n) => {
                self.subscribe(n, c, u, now_ms, &mut heard);
            }
            Step::Unsubscribe(n, c) if self.open.contains(&n) => {
                self.unsubscribe(n, c, &mut heard);
            }
            Step::Say(n, c) if self.open.contains(&n) => {
                let may = name(c).kind().takes_client_events() && self.on.contains_key(&(c, n));
                if may {
                    self.deliver("client-x", c, Some(n), &mut heard);
                } else {
                    heard.say(n, "error".into());
                }
            }
            Step::Publish(c, except) => {
                self.deliver("e", c, except, &mut heard);
                if name(c).is_cached() {
                    self.cached_until_ms.insert(c, now_ms + CACHE_TTL_S * 1_000);
                }
            }
            Step::Close(n) => self.end(n),
            Step::Terminate(u) => {
                self.denied_until_ms.insert(u, now_ms + DENIED_S * 1_000);
                let theirs: Vec<u64> =
                    self.user.iter().filter(|(_, it)| **it == u).map(|(n, _)| *n).collect();
                theirs.into_iter().for_each(|n| self.end(n));
            }
            _ => {}
        }
        heard
    }

    fn deliver(&mut self, event: &str, c: usize, except: Option<u64>, heard: &mut Heard) {
        for n in self.subscribers(c).filter(|n| Some(*n) != except) {
            heard.say(n, format!("{event} {}", CHANNELS[c]));
        }
        self.is_logged |= c == LOG;
    }

    fn sign_in(&mut self, n: u64, u: u8, watches: u8, now_ms: u64, heard: &mut Heard) {
        if self.user.get(&n).is_some_and(|it| *it != u) {
            return heard.say(n, "error".into());
        }
        if self.denied_until_ms.get(&u).is_some_and(|until| *until > now_ms) {
            return self.end(n);
        }
        let is_news = !self.is_online(u);
        let tell: Vec<u64> = self.watchers(u).filter(|it| is_news && *it != n).collect();
        self.user.insert(n, u);
        self.watches.insert(n, watches);
        self.offline.remove(&u);
        heard.say(n, "signed in".into());
        let watched = (0..USERS).filter(|it| watches & (1 << it) != 0);
        let (online, offline): (Vec<u8>, Vec<u8>) = watched.partition(|it| self.is_online(*it));
        if watches != 0 {
            heard.say(n, watchlist(&online, &offline));
        }
        for watcher in tell {
            heard.say(watcher, watchlist(&[u], &[]));
        }
    }

    fn is_online(&self, u: u8) -> bool {
        self.user.values().any(|it| *it == u) || self.offline.contains_key(&u)
    }

    fn watchers(&self, u: u8) -> impl Iterator<Item = u64> {
        self.watches.iter().filter(move |(_, bits)| **bits & (1 << u) != 0).map(|(n, _)| *n)
    }

    fn subscribe(&mut self, n: u64, c: usize, u: u8, now_ms: u64, heard: &mut Heard) {
        let (channel, is_presence) = (CHANNELS[c], name(c).is_presence());
        let signed_in = self.user.get(&n).copied();
        let is_own = name(c).own_user().is_none_or(|it| signed_in.map(user).as_deref() == Some(it));
        if !is_own || (is_presence && signed_in.is_some_and(|it| it != u)) {
            heard.say(n, "error".into());
            return heard.say(n, format!("refused {channel}"));
        }
        if self.on.contains_key(&(c, n)) {
            return heard.say(n, "error".into());
        }
        let is_occupied = self.subscribers(c).next().is_none() && !self.emptied.contains_key(&c);
        let is_first = is_presence && !self.members(c).contains(&user(u));
        let others: Vec<u64> = self.subscribers(c).collect();
        self.on.insert((c, n), is_presence.then_some(u));
        self.away.remove(&(c, u));
        self.emptied.remove(&c);
        let roster: Vec<String> = self.members(c).into_iter().collect();
        heard.say(n, format!("joined {channel} {}", roster.join(",")));
        if is_first {
            for other in others {
                heard.say(other, format!("added {channel} {}", user(u)));
            }
        }
        if name(c).is_cached() {
            let is_there = self.is_cached(c, now_ms);
            let words = if is_there { format!("e {channel}") } else { format!("miss {channel}") };
            heard.say(n, words);
        }
        heard.hooks.extend(is_occupied.then(|| format!("occupied {channel}")));
        heard.hooks.extend(is_first.then(|| format!("added {channel} {}", user(u))));
    }

    fn unsubscribe(&mut self, n: u64, c: usize, heard: &mut Heard) {
        let Some(seat) = self.on.remove(&(c, n)) else { return heard.say(n, "error".into()) };
        if let Some(u) = seat.filter(|u| !self.members(c).contains(&user(*u))) {
            self.remove(c, u, heard);
        }
        if self.subscribers(c).next().is_none() {
            heard.hooks.push(format!("vacated {}", CHANNELS[c]));
        }
    }

    fn remove(&self, c: usize, u: u8, heard: &mut Heard) {
        let words = format!("removed {} {}", CHANNELS[c], user(u));
        for other in self.subscribers(c) {
            heard.say(other, words.clone());
        }
        heard.hooks.push(words);
    }

    /// A connection is lost with all it had.
    fn end(&mut self, n: u64) {
        self.open.remove(&n);
        self.watches.remove(&n);
        if let Some(u) = self.user.remove(&n)
            && !self.is_online(u)
            && self.watchers(u).next().is_some()
        {
            self.offline.insert(u, n);
        }
        for c in 0..CHANNELS.len() {
            let Some(seat) = self.on.remove(&(c, n)) else { continue };
            if let Some(u) = seat.filter(|u| !self.members(c).contains(&user(*u))) {
                self.away.insert((c, u), n);
            }
            if self.subscribers(c).next().is_none() {
                self.emptied.insert(c, n);
            }
        }
    }

    /// What follows when something is looked at again.
    pub(super) fn confirm(&mut self, job: &Job) -> Heard {
        let mut heard = Heard::default();
        match job {
            Job::ConfirmLeave { channel, absence, .. } => {
                let of = CHANNELS.iter().position(|it| *it == channel.as_str());
                let c = of.expect("one of the channels");
                let left = (0..USERS).find(|u| {
                    absence.user.as_ref().is_some_and(|it| it.as_str() == user(*u))
                        && self.away.get(&(c, *u)).map(|n| id(*n)).as_ref()
                            == Some(&absence.connection)
                });
                if let Some(u) = left {
                    self.away.remove(&(c, u));
                    self.remove(c, u, &mut heard);
                }
                if self.emptied.get(&c).map(|n| id(*n)).as_ref() == Some(&absence.connection) {
                    self.emptied.remove(&c);
                    heard.hooks.push(format!("vacated {channel}"));
                }
            }
            Job::ConfirmOffline { user: who, connection, .. } => {
                let u = (0..USERS).find(|u| user(*u) == who.as_str()).expect("one of the users");
                if self.offline.get(&u).map(|n| id(*n)).as_ref() == Some(connection) {
                    self.offline.remove(&u);
                    for watcher in self.watchers(u).collect::<Vec<_>>() {
                        heard.say(watcher, watchlist(&[], &[u]));
                    }
                }
            }
            Job::Authorize { .. } | Job::TellCount { .. } => {}
        }
        heard
    }
}

fn watchlist(online: &[u8], offline: &[u8]) -> String {
    let names = |users: &[u8]| users.iter().map(|it| user(*it)).collect::<Vec<_>>().join(",");
    format!("online {} offline {}", names(online), names(offline))
}

/// A frame in the model's words.
pub(super) fn words(frame: &serde_json::Value) -> String {
    let channel = frame["channel"].as_str().unwrap_or_default();
    let data: serde_json::Value =
        frame["data"].as_str().and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
    let texts = |list: &serde_json::Value| {
        let list = list.as_array().cloned().unwrap_or_default();
        let mut list: Vec<String> =
            list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
        list.sort();
        list.join(",")
    };
    let user = || data["user_id"].as_str().unwrap_or_default().to_owned();
    match frame["event"].as_str().unwrap_or_default() {
        "pusher:connection_established" => "established".into(),
        "pusher:signin_success" => "signed in".into(),
        "pusher:error" => "error".into(),
        "pusher:subscription_error" => format!("refused {channel}"),
        "pusher:cache_miss" => format!("miss {channel}"),
        "pusher_internal:subscription_succeeded" => {
            format!("joined {channel} {}", texts(&data["presence"]["ids"]))
        }
        "pusher_internal:member_added" => format!("added {channel} {}", user()),
        "pusher_internal:member_removed" => format!("removed {channel} {}", user()),
        "pusher_internal:watchlist_events" => {
            let of = |name: &str| {
                let events = frame["data"]["events"].as_array().cloned().unwrap_or_default();
                let one = events.into_iter().find(|it| it["name"] == name);
                one.map(|it| texts(&it["user_ids"])).unwrap_or_default()
            };
            format!("online {} offline {}", of("online"), of("offline"))
        }
        event => format!("{event} {channel}"),
    }
}
