//! Connect: may this client in, and what is it told first?

use std::net::IpAddr;
use std::sync::Arc;

use identity::User;
use protocol::limits::{ACTIVITY_TIMEOUT_S, PROTOCOL_VERSIONS};
use protocol::{AppKey, ChannelName, Code, ConnectionId, Fault, ServerFrame, SocketId};

use crate::{App, Apps, Effect, Join};

/// Most characters of an origin in an error. Ours: an error stays smaller than a frame.
const ORIGIN_SHOWN: usize = 100;

/// An admitted connection, as the store remembers it.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The transport's name for it.
    pub id: ConnectionId,
    /// The protocol's name for it.
    pub socket_id: SocketId,
    /// The app it belongs to.
    pub app: Arc<App>,
    /// Who it is, if it came with a token.
    pub user: Option<Arc<User>>,
    /// The client's address, if the transport knows it.
    pub from: Option<IpAddr>,
}

/// What a client asks for: the last segment of `/app/{key}`, the `protocol` parameter, the page it runs in.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The app's key.
    pub key: &'a str,
    /// The protocol version, as written.
    pub protocol: Option<&'a str>,
    /// The origin of the page, if it is a page, and of another host than the one that is asked.
    pub origin: Option<&'a str>,
}

/// Finds the app, checks the version, and whether the page may connect.
///
/// # Errors
/// 4001 and 4003 for the app, 4006, 4007 and 4008 for the version, 4009 for the page (Pusher's error codes).
pub fn admit(apps: &Apps, ask: Ask<'_>) -> Result<Arc<App>, Fault> {
    let Some(app) = apps.by_key(&AppKey::new(ask.key)) else {
        return Err(Fault::new(
            Code::NoSuchApp,
            "App key is not known: check the key and the host",
        ));
    };
    if !app.enabled {
        return Err(disabled());
    }
    let Some(version) = ask.protocol else {
        return Err(Fault::new(Code::NoVersion, "No protocol version supplied: add '?protocol=7'"));
    };
    let Ok(version) = version.parse::<u32>() else {
        return Err(Fault::new(
            Code::BadVersion,
            "The protocol version must be a number, such as 7",
        ));
    };
    if !PROTOCOL_VERSIONS.contains(&version) {
        let (low, high) = (PROTOCOL_VERSIONS.start(), PROTOCOL_VERSIONS.end());
        return Err(Fault::new(
            Code::UnsupportedVersion,
            format!("Protocol version {version} is not supported: use {low} to {high}"),
        ));
    }
    check_page(app, ask.origin)?;
    Ok(Arc::clone(app))
}

/// Programs that are no browsers name no origin, and could name any: the list keeps other people's pages away.
fn check_page(app: &App, origin: Option<&str>) -> Result<(), Fault> {
    match origin {
        Some(origin) if !app.allowed_origins.is_empty() && !app.allows_page(origin) => {
            let shown: String = origin.chars().take(ORIGIN_SHOWN).collect();
            let message = format!(
                "Pages of {shown} may not connect to this app: add the origin to its allowed_origins"
            );
            Err(Fault::new(Code::Unauthorized, message))
        }
        _ => Ok(()),
    }
}

/// What a client of an app that is switched off is told.
pub fn disabled() -> Fault {
    Fault::new(Code::AppDisabled, "This app is disabled")
}

/// The refusal when the app has as many connections as it may have.
pub fn over_quota() -> Fault {
    Fault::new(Code::OverQuota, "This app has reached its limit of connections")
}

/// The first frame of an admitted connection.
pub fn greet(connection: &Connection) -> Effect {
    let frame = ServerFrame::ConnectionEstablished {
        socket_id: connection.socket_id,
        activity_timeout_s: ACTIVITY_TIMEOUT_S,
    };
    Effect::Send { to: connection.id.clone(), frame: frame.encode() }
}

/// The channel that a connection with a token is joined to without asking: its user's own.
/// A user id that is no legal part of a channel name has none.
pub fn own_channel(connection: &Connection) -> Option<Join> {
    let user = connection.user.as_ref()?;
    let channel = ChannelName::parse(&format!("private-user-{}", user.id)).ok()?;
    Some(Join { channel, member: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{app, connection, user};

    fn code(key: &str, protocol: Option<&str>) -> Option<u16> {
        let mut off = app();
        off.id = protocol::AppId::new("2");
        off.enabled = false;
        off.keys[0].key = AppKey::new("off");
        let apps = Apps::new(vec![app(), off]).unwrap();
        admit(&apps, Ask { key, protocol, origin: None })
            .err()
            .and_then(|fault| fault.code)
            .map(Code::number)
    }

    #[test]
    fn the_handshake_table() {
        for version in ["5", "6", "7"] {
            assert_eq!(code("pb-key", Some(version)), None, "{version}");
        }
        for (key, version, expected) in [
            ("nope", Some("7"), 4001),
            ("", Some("7"), 4001),
            ("off", Some("7"), 4003),
            ("pb-key", Some("x"), 4006),
            ("pb-key", Some(""), 4006),
            ("pb-key", Some("7.0"), 4006),
            ("pb-key", Some("4"), 4007),
            ("pb-key", Some("8"), 4007),
            ("pb-key", None, 4008),
        ] {
            assert_eq!(code(key, version), Some(expected), "{key} {version:?}");
        }
    }

    #[test]
    fn an_app_with_a_list_lets_only_those_pages_in() {
        let list = vec!["https://a.example".to_owned()];
        let apps = Apps::new(vec![App { allowed_origins: list, ..app() }]).unwrap();
        let open = Apps::new(vec![app()]).unwrap();
        let admit = |apps: &Apps, origin| {
            let ask = Ask { key: "pb-key", protocol: Some("7"), origin };
            admit(apps, ask).map(drop).map_err(|fault| (fault.code, fault.message))
        };
        for origin in [None, Some("https://a.example")] {
            assert_eq!(admit(&apps, origin), Ok(()));
        }
        for origin in
            ["https://b.example", "http://a.example", "https://a.example:8443", "null", ""]
        {
            let message = format!(
                "Pages of {origin} may not connect to this app: add the origin to its allowed_origins"
            );
            assert_eq!(admit(&apps, Some(origin)), Err((Some(Code::Unauthorized), message)));
            assert_eq!(admit(&open, Some(origin)), Ok(()));
        }
    }

    #[test]
    fn a_token_joins_its_own_channel() {
        let mut connection = connection("c1");
        assert_eq!(own_channel(&connection), None);
        connection.user = Some(user("u1"));
        let join = own_channel(&connection).unwrap();
        assert_eq!(join.channel.as_str(), "private-user-u1");
        connection.user = Some(user("ü/1"));
        assert_eq!(own_channel(&connection), None);
    }
}
