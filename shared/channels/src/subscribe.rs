//! Subscribe: a signature, a policy or nothing opens a channel; presence channels show a roster.

use std::sync::Arc;

use auth::verify_channel;
use protocol::limits::{CHANNELS_PER_CONNECTION, USER_ID_CHARS};
use protocol::{ChannelName, Code, Fault, Member, Roster, ServerFrame, Subscribe, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::unsubscribe::{Departed, gone};
use crate::{App, Cached, Connection, Effect, Hook};

/// A subscription that may be made: the change for the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// The channel.
    pub channel: ChannelName,
    /// Who joins, on presence channels.
    pub member: Option<Member>,
}

/// What the check came to.
#[derive(Debug, PartialEq)]
pub enum Checked {
    /// The subscription may be made.
    Open(Join),
    /// A signed-in user asks without a signature: the policy decides.
    AskPolicy(Join),
}

/// What the store made of a [`Join`].
#[derive(Debug)]
pub enum Joined {
    /// A new subscription.
    New {
        /// The channel had no subscriber before, and nobody was waited for.
        occupied: bool,
        /// How many subscriptions there are now.
        subscriptions: usize,
        /// On presence channels.
        presence: Option<Presence>,
    },
    /// It stood already; nothing changed.
    Already,
    /// The presence channel has as many members as it may have; nothing changed.
    Full,
    /// The connection has as many subscriptions as it may have; nothing changed.
    TooMany,
    /// The connection is gone; nothing changed.
    Gone,
    /// The client has asked to leave since; nothing changed.
    Overtaken,
    /// It was made and taken back, and others came or went in between: what they were told only adds up with both.
    Passing {
        /// Why it was taken back.
        why: Passed,
        /// The channel had no subscriber before it came, and nobody was waited for.
        occupied: bool,
        /// It came as the user's first connection.
        first_of_user: bool,
        /// What ended when it went.
        departed: Departed,
    },
}

/// Why a subscription was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// The connection is gone.
    Gone,
    /// The connection has as many as it may have.
    TooMany,
}

impl Joined {
    /// What is to be told of a subscription that was taken back.
    pub fn passing(why: Passed, occupied: bool, first_of_user: bool, departed: Departed) -> Self {
        let told = occupied != departed.vacated || first_of_user != departed.user.is_some();
        match why {
            _ if told => Self::Passing { why, occupied, first_of_user, departed },
            Passed::Gone => Self::Gone,
            Passed::TooMany => Self::TooMany,
        }
    }
}

/// The presence side of a new subscription.
#[derive(Debug)]
pub struct Presence {
    /// It is the user's first connection on this channel, and the user was not waited for.
    pub first_of_user: bool,
    /// Who is there, the newcomer included.
    pub roster: Roster,
}

/// A refused subscription: the connection goes on, the channel learns why.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    channel: String,
    message: String,
    kind: &'static str,
    status: u16,
}

impl Refused {
    fn auth(channel: &str, message: impl Into<String>) -> Self {
        Self {
            channel: channel.into(),
            message: message.into(),
            kind: "AuthError",
            status: UNSIGNED,
        }
    }

    fn name(channel: &str, message: String) -> Self {
        Self { channel: channel.into(), message, kind: "InvalidChannel", status: 400 }
    }

    fn limit(channel: &str, message: impl Into<String>) -> Self {
        Self {
            channel: channel.into(),
            message: message.into(),
            kind: "LimitReached",
            status: 4004,
        }
    }

    /// Subscriptions are asked for faster than they may.
    pub(crate) fn rate(channel: &str, message: String) -> Self {
        let status = Code::ClientEventRate.number();
        Self { channel: channel.into(), message, kind: "LimitReached", status }
    }

    /// Whether the signature was wrong or missing.
    pub fn is_authorization(&self) -> bool {
        self.status == UNSIGNED
    }

    /// The policy's no.
    pub fn forbidden(channel: &ChannelName) -> Self {
        let message = format!("Not allowed to subscribe to {channel}");
        Self { channel: channel.as_str().into(), message, kind: "AuthError", status: 403 }
    }

    /// Two frames: Pusher's error text, and an event that applications can bind on the channel.
    /// An existing subscription gets the text only: an error event would mark the live channel as failed.
    pub fn effects(&self, connection: &Connection) -> Vec<Effect> {
        let send = |frame: ServerFrame<'_>| Effect::Send {
            to: connection.id.clone(),
            frame: frame.encode(),
        };
        let text = send(ServerFrame::Error(&Fault::note(&self.message)));
        let event = ServerFrame::SubscriptionError {
            channel: &self.channel,
            kind: self.kind,
            error: &self.message,
            status: self.status,
        };
        if self.status == EXISTS { vec![text] } else { vec![text, send(event)] }
    }
}

/// The status of a subscription whose signature is wrong or missing.
const UNSIGNED: u16 = 401;
/// The status of a second subscribe on a live subscription.
const EXISTS: u16 = 409;

/// Checks name, signature and member data.
///
/// # Errors
/// With Pusher's texts (collected from its users' reports).
pub fn check(app: &App, connection: &Connection, ask: &Subscribe) -> Result<Checked, Refused> {
    let channel =
        ChannelName::parse(&ask.channel).map_err(|e| Refused::name(&ask.channel, e.to_string()))?;
    if let Some(user) = channel.own_user() {
        let signed_in = connection.user.as_ref().is_some_and(|it| it.id.as_str() == user);
        let refused = Refused::forbidden(&channel);
        return if signed_in {
            Ok(Checked::Open(Join { channel, member: None }))
        } else {
            Err(refused)
        };
    }
    if !channel.kind().needs_auth() {
        return Ok(Checked::Open(Join { channel, member: None }));
    }
    let auth = ask.auth.as_deref().filter(|auth| !auth.is_empty());
    match (auth, &connection.user) {
        (Some(auth), _) => {
            let data = ask.channel_data.as_deref();
            verify_channel(&app.keys, connection.socket_id, channel.as_str(), data, auth)
                .map_err(|e| Refused::auth(channel.as_str(), e.to_string()))?;
            let member = member(app, connection, &channel, data)?;
            Ok(Checked::Open(Join { channel, member }))
        }
        (None, Some(_)) => {
            let member = member(app, connection, &channel, None)?;
            Ok(Checked::AskPolicy(Join { channel, member }))
        }
        (None, None) => {
            let message = format!("Auth info required to subscribe to {channel}");
            Err(Refused::auth(channel.as_str(), message))
        }
    }
}

#[derive(Deserialize)]
struct ChannelData {
    user_id: Id,
    #[serde(default)]
    user_info: Option<Box<RawValue>>,
}

/// A user id as applications write it: numbers become strings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

fn member(
    app: &App,
    connection: &Connection,
    channel: &ChannelName,
    data: Option<&str>,
) -> Result<Option<Member>, Refused> {
    if !channel.is_presence() {
        return Ok(None);
    }
    let refuse = |message: String| Refused::auth(channel.as_str(), message);
    let member = match (data, &connection.user) {
        (Some(text), _) => from_channel_data(text).map_err(|()| {
            refuse(format!(
                "Invalid channel_data for {channel}: expected a JSON object with a 'user_id'"
            ))
        })?,
        (None, Some(user)) => from_user(user),
        (None, None) => {
            return Err(refuse(format!("channel_data is required to subscribe to {channel}")));
        }
    };
    if connection.user.as_ref().is_some_and(|user| user.id != member.user_id) {
        return Err(refuse(format!(
            "user_id in channel_data for {channel} is not the signed-in user"
        )));
    }
    within_limits(app, channel, &member)?;
    Ok(Some(member))
}

fn from_channel_data(text: &str) -> Result<Member, ()> {
    let data: ChannelData = serde_json::from_str(text).map_err(drop)?;
    let user_id = match data.user_id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    };
    let user_info = data.user_info.filter(|raw| raw.get() != "null").map(Arc::from);
    Ok(Member { user_id: UserId::new(user_id), user_info })
}

fn from_user(user: &identity::User) -> Member {
    let info = user.info.as_ref().and_then(|info| serde_json::value::to_raw_value(info).ok());
    Member { user_id: user.id.clone(), user_info: info.map(Arc::from) }
}

fn within_limits(app: &App, channel: &ChannelName, member: &Member) -> Result<(), Refused> {
    let id_chars = member.user_id.as_str().chars().count();
    if id_chars == 0 || id_chars > USER_ID_CHARS {
        let message = format!("user_id must have 1 to {USER_ID_CHARS} characters");
        return Err(Refused::limit(channel.as_str(), message));
    }
    let info_bytes = member.user_info.as_ref().map_or(0, |raw| raw.get().len());
    if info_bytes > app.limits.user_info_bytes {
        let most = app.limits.user_info_bytes;
        let message = format!("user_info is too large: at most {most} bytes are allowed");
        return Err(Refused::limit(channel.as_str(), message));
    }
    Ok(())
}

/// Turns the store's answer into what everyone is told.
///
/// # Errors
/// When the store made no subscription.
pub fn welcome(
    connection: &Connection,
    join: &Join,
    joined: &Joined,
) -> Result<Vec<Effect>, Refused> {
    let channel = &join.channel;
    let (occupied, presence) = match joined {
        Joined::New { occupied, presence, .. } => (*occupied, presence.as_ref()),
        Joined::Already => {
            let message = format!("Existing subscription to channel {channel}");
            return Err(Refused { status: EXISTS, ..Refused::auth(channel.as_str(), message) });
        }
        Joined::Full => {
            let most = connection.app.limits.presence_members;
            let message = format!("{channel} is full: at most {most} members are allowed");
            return Err(Refused::limit(channel.as_str(), message));
        }
        Joined::TooMany => return Err(too_many(channel)),
        Joined::Gone | Joined::Overtaken => return Ok(Vec::new()),
        Joined::Passing { why, occupied, first_of_user, departed } => {
            let mut effects = news(connection, join, *occupied, *first_of_user);
            effects.extend(gone(&connection.app, channel, departed));
            if *why == Passed::TooMany {
                effects.extend(too_many(channel).effects(connection));
            }
            return Ok(effects);
        }
    };
    let roster = presence.map(|presence| &presence.roster);
    let frame = ServerFrame::SubscriptionSucceeded { channel, roster }.encode();
    let first_of_user = presence.is_some_and(|it| it.first_of_user);
    let mut effects = vec![Effect::Send { to: connection.id.clone(), frame }];
    effects.extend(news(connection, join, occupied, first_of_user));
    Ok(effects)
}

fn too_many(channel: &ChannelName) -> Refused {
    let message =
        format!("Too many subscriptions: at most {CHANNELS_PER_CONNECTION} per connection");
    Refused::limit(channel.as_str(), message)
}

/// What others are told of a new subscription: who shares the channel, and the application's server.
fn news(connection: &Connection, join: &Join, occupied: bool, first_of_user: bool) -> Vec<Effect> {
    let (app, channel) = (&connection.app.id, &join.channel);
    let (mut effects, mut hooks) = (Vec::new(), Vec::new());
    if occupied {
        hooks.push(Hook::ChannelOccupied { channel: channel.clone() });
    }
    if let (Some(member), true) = (&join.member, first_of_user) {
        effects.push(Effect::Broadcast {
            app: app.clone(),
            channel: channel.clone(),
            frame: ServerFrame::MemberAdded(channel, member).encode(),
            except: Some(connection.socket_id),
        });
        let user_id = member.user_id.clone();
        hooks.push(Hook::MemberAdded { channel: channel.clone(), user_id });
    }
    if connection.app.hooks {
        effects.extend(hooks.into_iter().map(|hook| Effect::Hook { app: app.clone(), hook }));
    }
    effects
}

/// What a newcomer of a cache channel gets: the last event, or the news that there is none.
/// `news`: nobody has been told so since there was one.
pub fn recall(
    connection: &Connection,
    channel: &ChannelName,
    cached: Option<&Cached>,
    news: bool,
) -> Vec<Effect> {
    let send = |frame| Effect::Send { to: connection.id.clone(), frame };
    let Some(cached) = cached else {
        let mut effects = vec![send(ServerFrame::CacheMiss(channel).encode())];
        if news && connection.app.hooks {
            let hook = Hook::CacheMiss { channel: channel.clone() };
            effects.push(Effect::Hook { app: connection.app.id.clone(), hook });
        }
        return effects;
    };
    vec![send(cached.event.frame(channel))]
}

#[cfg(test)]
mod tests;
