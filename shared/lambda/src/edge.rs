//! The edge: CloudFront in front of both APIs. It proves itself by a header, and says for whom it asks. Whoever finds API
//! Gateway's own host names does not get past it: a web ACL and limits per address stand there.

use std::net::IpAddr;

use auth::Secret;
use config::{Deployed, Proxies};
use http::HeaderMap;

/// What CloudFront adds to what it hands on (the template: `OriginCustomHeaders`). It replaces what a client writes there.
const EDGE: &str = "x-pushbridge-edge";

/// What stands between clients and API Gateway.
#[derive(Clone, Copy)]
pub(crate) struct Edge<'a> {
    key: Option<&'a Secret>,
    proxies: &'a Proxies,
}

impl<'a> Edge<'a> {
    /// As the stack was deployed.
    pub(crate) fn of(deployed: &'a Deployed) -> Self {
        Self { key: deployed.edge_key.as_ref(), proxies: &deployed.settings.visitors.proxies }
    }

    /// Whether a handshake or request may come in: there is no edge, or it came that way.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let told = headers.get(EDGE).map(|it| it.as_bytes());
        self.key.is_none_or(|key| told.is_some_and(|told| key.is(told)))
    }

    /// The client of a handshake or request that may come in.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        match self.key {
            Some(_) => self.proxies.client_behind(peer, headers),
            None => self.proxies.client(peer, headers),
        }
    }
}
