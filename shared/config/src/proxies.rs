//! Whose address a request comes from: the peer's, or the one that a trusted proxy names.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// What proxies add to say for whom they ask; each appends the address of its own peer.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies in front of this server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads addresses and networks.
    ///
    /// # Errors
    /// The text that is none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let net = |text: &'a str| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse()).map_err(|_| text.to_owned())
        };
        texts.into_iter().map(net).collect::<Result<_, _>>().map(Self)
    }

    /// The client's address. Whoever is no trusted proxy may write what it likes into the header; so the
    /// last address in it counts that is not a trusted proxy's own, and none if the peer is not trusted.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        Self::named(peer, headers, |address| self.trust(address))
    }

    /// The client's address behind a peer that proved to be a proxy of ours, at whatever address it is.
    pub fn client_behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        Self::named(peer, headers, |address| address == peer.to_canonical() || self.trust(address))
    }

    fn named(peer: IpAddr, headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<_> =
            headers.get_all(FORWARDED_FOR).iter().filter_map(|it| it.to_str().ok()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops {
            if !trusted(client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }

    /// Whether an address is that of one of them.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let proxies = Proxies::parse(trusted.iter().copied()).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_name_a_client() {
        let (peer, far) = ("10.0.0.9", "203.0.113.7");
        for (trusted, lines, expected) in [
            (&[][..], &[far][..], peer),
            (&["10.0.0.8"], &[far], peer),
            (&["10.0.0.9"], &[far], far),
            (&["10.0.0.0/8"], &[far], far),
            (&["10.0.0.0/8"], &[], peer),
            // What the client itself wrote comes first.
            (&["10.0.0.0/8"], &["1.2.3.4, 203.0.113.7"], far),
            (&["10.0.0.0/8"], &["1.2.3.4", far], far),
            // Two proxies in a row, both trusted.
            (&["10.0.0.0/8"], &["1.2.3.4, 203.0.113.7, 10.0.0.5"], far),
            (&["10.0.0.0/8"], &["nonsense"], peer),
            (&["10.0.0.0/8"], &["1.2.3.4, nonsense, 10.0.0.5"], "10.0.0.5"),
            (&["10.0.0.0/8"], &["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(client(trusted, peer, lines), expected, "{trusted:?} {lines:?}");
        }
        assert_eq!(client(&["10.0.0.9"], "::ffff:10.0.0.9", &[far]), far);
    }

    #[test]
    fn a_peer_that_proved_itself_names_a_client_from_anywhere() {
        let behind = |lines: &str| {
            let headers = [(FORWARDED_FOR.parse().unwrap(), HeaderValue::from_str(lines).unwrap())];
            let proxies = Proxies::parse(["10.0.0.0/8"]).unwrap();
            let peer = "198.51.100.7".parse().unwrap();
            proxies.client_behind(peer, &HeaderMap::from_iter(headers)).to_string()
        };
        assert_eq!(behind("1.2.3.4, 203.0.113.7"), "203.0.113.7");
        // The gateway may append the peer, and another proxy may stand before it.
        assert_eq!(behind("1.2.3.4, 203.0.113.7, 198.51.100.7"), "203.0.113.7");
        assert_eq!(behind("203.0.113.7, 10.0.0.5"), "203.0.113.7");
        assert_eq!(behind("nonsense"), "198.51.100.7");
    }

    #[test]
    fn what_is_no_address_is_named() {
        assert_eq!(Proxies::parse(["10.0.0.0/8", "proxy.local"]), Err("proxy.local".into()));
        assert_eq!(Proxies::parse(["10.0.0.0/99"]), Err("10.0.0.0/99".into()));
    }
}
