//! Which web origins may call from a browser.

use gateway::Origins;
use url::{Host, Url};

use crate::file::File;
use crate::{ConfigError, Env};

const EXAMPLE: &str = "https://app.example.com";

/// Whether a host is this machine by its name or number.
pub(crate) fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The server's origins, if any are named.
pub(crate) fn read(env: &Env, file: &File) -> Result<Option<Origins>, ConfigError> {
    if let Some(text) = env.get("PUSHBRIDGE_ALLOWED_ORIGINS") {
        return parse("PUSHBRIDGE_ALLOWED_ORIGINS", text.split(',').map(str::trim)).map(Some);
    }
    let Some(list) = &file.server.allowed_origins else { return Ok(None) };
    parse("server.allowed_origins", list).map(Some)
}

/// Reads a list of origins; `*` alone means any.
pub(crate) fn parse(
    field: &str,
    texts: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<Origins, ConfigError> {
    let mut list = Vec::new();
    for text in texts {
        let text = text.as_ref();
        if text == "*" {
            return Ok(Origins::Any);
        }
        let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        // A browser sends the origin without path and default port: anything else would never match.
        match origin.map(|url| url.origin().ascii_serialization()) {
            Some(origin) if origin == text => list.push(origin),
            _ => {
                let why = format!("{text:?} is not scheme://host or scheme://host:port");
                return Err(ConfigError::malformed(field, why, EXAMPLE));
            }
        }
    }
    Ok(Origins::Only(list))
}
