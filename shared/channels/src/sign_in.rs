//! Sign-in: the application vouches for a user on a connection, who may watch others come and go.

use std::sync::Arc;

use auth::verify_user;
use identity::User;
use protocol::limits::{DENIED_S, USER_ID_CHARS};
use protocol::{Code, ConnectionId, Fault, ServerFrame, UserId};
use serde::Deserialize;

use crate::{CONFIRM_LEAVE, Connection, Effect, Job};

/// A sign-in that may be made: the change for the store.
#[derive(Debug, Clone, PartialEq)]
pub struct SignIn {
    /// Who.
    pub user: Arc<User>,
    /// Whom the connection wants to see come and go, each once.
    pub watchlist: Vec<UserId>,
}

/// What the store made of a [`SignIn`].
#[derive(Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The connection is the user's, and watches whom it asked for.
    Yes {
        /// Who watches the user, if this is the first connection and the user was not waited for.
        tell: Vec<ConnectionId>,
        /// Who of the watchlist is online.
        online: Vec<UserId>,
    },
    /// The connection is another user's; nothing changed.
    OtherUser,
    /// The user's connections were terminated a moment ago; nothing changed.
    Denied,
    /// The user has as many connections as one may have; nothing changed.
    OverQuota,
    /// The connection is gone; nothing changed.
    Gone,
    /// The connection is gone, and was the user's last one for a moment: the user is to be missed as after any other.
    Passing(UserId),
}

/// What the check came to.
#[derive(Debug, PartialEq)]
pub struct Checked {
    /// The change.
    pub sign_in: SignIn,
    /// The watchlist was longer than the app allows; the rest is left out.
    pub cut: bool,
}

/// `user_data`, as the application signed it. Unknown fields are the application's own.
#[derive(Deserialize)]
struct UserData {
    id: String,
    #[serde(default)]
    user_info: Option<serde_json::Value>,
    #[serde(default)]
    watchlist: Vec<String>,
}

/// Checks signature and user data.
///
/// # Errors
/// 4009, after which the connection ends (docs, user authentication).
pub fn check(connection: &Connection, ask: &protocol::SignIn) -> Result<Checked, Fault> {
    let refuse = |message: String| Fault::new(Code::Unauthorized, message);
    let keys = &connection.app.keys;
    verify_user(keys, connection.socket_id, &ask.user_data, &ask.auth)
        .map_err(|e| refuse(e.to_string()))?;
    let data: UserData = serde_json::from_str(&ask.user_data).map_err(|_| {
        refuse("Invalid user_data: expected a JSON object with a string 'id'".into())
    })?;
    if !is_id(&data.id) {
        let message = format!("Invalid user_data: 'id' must have 1 to {USER_ID_CHARS} characters");
        return Err(refuse(message));
    }
    let most = connection.app.limits.watchlist;
    let cut = data.watchlist.len() > most;
    // An id that no user can have is nobody's, and always offline: it need not be remembered.
    let watched = data.watchlist.into_iter().take(most).filter(|id| is_id(id));
    let mut watchlist: Vec<UserId> = watched.map(UserId::new).collect();
    watchlist.sort();
    watchlist.dedup();
    let user = User { id: UserId::new(data.id), info: data.user_info, workspaces: Vec::new() };
    Ok(Checked { sign_in: SignIn { user: Arc::new(user), watchlist }, cut })
}

fn is_id(id: &str) -> bool {
    (1..=USER_ID_CHARS).contains(&id.chars().count())
}

/// The sign-in of a connection that came with a token; nothing if it came without.
pub fn of_token(connection: &Connection) -> Option<SignIn> {
    let user = connection.user.as_ref()?;
    Some(SignIn { user: Arc::clone(user), watchlist: Vec::new() })
}

/// Tells the client what it watches, and those who watch that the user is there.
///
/// # Errors
/// When the store made no sign-in.
pub fn welcome(
    connection: &Connection,
    sign_in: &SignIn,
    signed_in: SignedIn,
) -> Result<Vec<Effect>, Refused> {
    let (tell, online) = match signed_in {
        SignedIn::Yes { tell, online } => (tell, online),
        SignedIn::OtherUser => {
            return Err(Refused::Note(Fault::note(
                "Already signed in as another user: open a connection of its own for each",
            )));
        }
        SignedIn::Denied => {
            return Err(Refused::Close(Fault::new(
                Code::Unauthorized,
                format!("This user's connections were terminated less than {DENIED_S} s ago"),
            )));
        }
        SignedIn::OverQuota => {
            let message = "This user has reached the limit of connections: close another one";
            return Err(Refused::Close(Fault::new(Code::OverQuota, message)));
        }
        SignedIn::Gone => return Ok(Vec::new()),
        SignedIn::Passing(user) => return Ok(vec![lost(connection, user)]),
    };
    let mut effects = Vec::new();
    if !sign_in.watchlist.is_empty() {
        let is_offline = |user: &&UserId| !online.contains(user);
        let offline: Vec<UserId> = sign_in.watchlist.iter().filter(is_offline).cloned().collect();
        let frame = ServerFrame::WatchlistEvents { online: &online, offline: &offline }.encode();
        effects.push(Effect::Send { to: connection.id.clone(), frame });
    }
    effects.extend(came(&sign_in.user.id, tell));
    Ok(effects)
}

/// The answer to a client that signed in: its own words, which it checks.
pub fn success(connection: &Connection, ask: &protocol::SignIn) -> Effect {
    let frame = ServerFrame::SigninSuccess { user_data: &ask.user_data }.encode();
    Effect::Send { to: connection.id.clone(), frame }
}

/// Tells a client that its watchlist was cut.
pub fn cut(connection: &Connection) -> Effect {
    let most = connection.app.limits.watchlist;
    let message = format!("The watchlist is too long: the first {most} users are watched");
    let fault = Fault::new(Code::WatchlistTooLong, message);
    Effect::Send { to: connection.id.clone(), frame: ServerFrame::Error(&fault).encode() }
}

/// Why nobody was signed in.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The connection goes on as it was.
    Note(Fault),
    /// The connection ends.
    Close(Fault),
}

/// What follows when a user's last connection was lost and somebody watches the user.
pub fn lost(connection: &Connection, user: UserId) -> Effect {
    let (app, connection) = (connection.app.id.clone(), connection.id.clone());
    Effect::Later { after: CONFIRM_LEAVE, job: Job::ConfirmOffline { app, user, connection } }
}

/// Tells who watches a user that the user is there.
fn came(user: &UserId, tell: Vec<ConnectionId>) -> Vec<Effect> {
    if tell.is_empty() {
        return Vec::new();
    }
    let online = std::slice::from_ref(user);
    let frame = ServerFrame::WatchlistEvents { online, offline: &[] }.encode();
    tell.into_iter().map(|to| Effect::Send { to, frame: frame.clone() }).collect()
}

/// Tells who watches a user that the user is gone.
pub fn went(user: &UserId, tell: Vec<ConnectionId>) -> Vec<Effect> {
    if tell.is_empty() {
        return Vec::new();
    }
    let offline = std::slice::from_ref(user);
    let frame = ServerFrame::WatchlistEvents { online: &[], offline }.encode();
    tell.into_iter().map(|to| Effect::Send { to, frame: frame.clone() }).collect()
}

#[cfg(test)]
mod tests;
