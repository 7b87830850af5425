//! Which addresses a request that a user asked for may reach. Pure.
//!
//! Without this, anyone who may add a webhook could make the server call its own network, for instance a cloud's
//! metadata service (SSRF). The ranges are those of the IANA special-purpose address registries (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Longest address that is read, in bytes. Ours, the length browsers are known to handle.
const URL_BYTES: usize = 2_048;

/// Which addresses are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Public ones only, by `https` at port 443.
    Public,
    /// Also those of this machine and of private networks, also by `http`, at any port.
    AlsoPrivate,
}

/// Why an address is not open. Fit to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a URL, or too long.
    #[error("This is not a web address; write it like https://example.com/hook.")]
    NotUrl,
    /// Another scheme.
    #[error("The address must begin with https://.")]
    Scheme,
    /// Another port.
    #[error("The address must use the port of https, 443.")]
    Port,
    /// A user name or password stands in it.
    #[error(
        "The address must not contain a user name or password; the signature proves who calls."
    )]
    Credentials,
    /// It leads to a range that is closed.
    #[error("The address leads to {0}, which this server does not call.")]
    Range(&'static str),
}

/// A range of addresses that are not public.
struct Range<A> {
    first: A,
    bits: u32,
    name: &'static str,
    /// Whether [`Addresses::AlsoPrivate`] opens it.
    opens: bool,
}

const fn v4(a: u8, b: u8, c: u8, bits: u32, name: &'static str, opens: bool) -> Range<Ipv4Addr> {
    Range { first: Ipv4Addr::new(a, b, c, 0), bits, name, opens }
}

const V4: [Range<Ipv4Addr>; 15] = [
    v4(0, 0, 0, 8, "an unspecified address", false),
    v4(10, 0, 0, 8, "a private network", true),
    v4(100, 64, 0, 10, "a carrier's private network", true),
    v4(127, 0, 0, 8, "the server itself", true),
    v4(169, 254, 0, 16, "a link-local address", false),
    v4(172, 16, 0, 12, "a private network", true),
    v4(192, 0, 0, 24, "a reserved address", false),
    v4(192, 0, 2, 24, "a documentation address", false),
    v4(192, 88, 99, 24, "a relay's address", false),
    v4(192, 168, 0, 16, "a private network", true),
    v4(198, 18, 0, 15, "a benchmark network", false),
    v4(198, 51, 100, 24, "a documentation address", false),
    v4(203, 0, 113, 24, "a documentation address", false),
    v4(224, 0, 0, 4, "a multicast address", false),
    // With 255.255.255.255, the broadcast address.
    v4(240, 0, 0, 4, "a reserved address", false),
];

const fn v6(a: u16, b: u16, bits: u32, name: &'static str, opens: bool) -> Range<Ipv6Addr> {
    Range { first: Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits, name, opens }
}

/// The parts of 2000::/3 that are not public, and what private networks use.
const V6: [Range<Ipv6Addr>; 8] = [
    Range { first: Ipv6Addr::LOCALHOST, bits: 128, name: "the server itself", opens: true },
    v6(0xfc00, 0, 7, "a private network", true),
    v6(0xfe80, 0, 10, "a link-local address", false),
    v6(0xff00, 0, 8, "a multicast address", false),
    // Teredo, benchmarks, identifiers.
    v6(0x2001, 0, 23, "a reserved address", false),
    v6(0x2001, 0xdb8, 32, "a documentation address", false),
    // 6to4 carries an IPv4 address.
    v6(0x2002, 0, 16, "a tunnel's address", false),
    v6(0x3fff, 0, 20, "a documentation address", false),
];

/// Whether a number may be called.
///
/// # Errors
/// The range that is closed.
pub fn check_ip(ip: IpAddr, open: Addresses) -> Result<(), Refusal> {
    let range = match ip {
        IpAddr::V4(ip) => {
            V4.iter().find(|range| in_v4(ip, range)).map(|range| (range.name, range.opens))
        }
        IpAddr::V6(ip) => match V6.iter().find(|range| in_v6(ip, range)) {
            Some(range) => Some((range.name, range.opens)),
            None if ip.segments()[0] & 0xe000 == 0x2000 => None,
            // Among them the forms that carry an IPv4 address: mapped, compatible, NAT64.
            None => Some(("an address that is not public", false)),
        },
    };
    match range {
        Some((_, true)) if open == Addresses::AlsoPrivate => Ok(()),
        Some((name, _)) => Err(Refusal::Range(name)),
        None => Ok(()),
    }
}

fn in_v4(ip: Ipv4Addr, range: &Range<Ipv4Addr>) -> bool {
    (ip.to_bits() ^ range.first.to_bits()) >> (32 - range.bits) == 0
}

fn in_v6(ip: Ipv6Addr, range: &Range<Ipv6Addr>) -> bool {
    (ip.to_bits() ^ range.first.to_bits()) >> (128 - range.bits) == 0
}

/// Reads an address. A number in it is checked here; a name is checked when it is resolved.
///
/// # Errors
/// What the author has to change.
pub fn check_url(text: &str, open: Addresses) -> Result<Url, Refusal> {
    if text.len() > URL_BYTES {
        return Err(Refusal::NotUrl);
    }
    let url = Url::parse(text).map_err(|_| Refusal::NotUrl)?;
    match (url.scheme(), open) {
        ("https", _) | ("http", Addresses::AlsoPrivate) => {}
        _ => return Err(Refusal::Scheme),
    }
    if open == Addresses::Public && url.port_or_known_default() != Some(443) {
        return Err(Refusal::Port);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    match url.host() {
        None => Err(Refusal::NotUrl),
        Some(Host::Domain(_)) => Ok(url),
        Some(Host::Ipv4(ip)) => check_ip(ip.into(), open).map(|()| url),
        Some(Host::Ipv6(ip)) => check_ip(ip.into(), open).map(|()| url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Addresses::{AlsoPrivate, Public};

    #[test]
    fn ranges() {
        let table = [
            // address, open to the public policy, open to the private one
            ("93.184.215.14", true, true),
            ("1.1.1.1", true, true),
            ("223.255.255.255", true, true),
            ("172.15.255.255", true, true),
            ("172.32.0.0", true, true),
            ("100.63.255.255", true, true),
            ("100.128.0.0", true, true),
            ("127.0.0.1", false, true),
            ("127.255.255.255", false, true),
            ("10.0.0.1", false, true),
            ("172.16.0.1", false, true),
            ("172.31.255.255", false, true),
            ("192.168.1.1", false, true),
            ("100.64.0.1", false, true),
            ("100.127.255.255", false, true),
            ("0.0.0.0", false, false),
            ("169.254.169.254", false, false),
            ("192.0.0.8", false, false),
            ("192.0.2.1", false, false),
            ("192.88.99.1", false, false),
            ("198.18.0.1", false, false),
            ("198.19.255.255", false, false),
            ("198.51.100.1", false, false),
            ("203.0.113.1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("2606:4700::1111", true, true),
            ("2a00:1450:4001::1", true, true),
            ("::1", false, true),
            ("fc00::1", false, true),
            ("fd12:3456::1", false, true),
            ("::", false, false),
            ("fe80::1", false, false),
            ("febf::1", false, false),
            ("ff02::1", false, false),
            ("2001::1", false, false),
            ("2001:db8::1", false, false),
            ("2002:7f00:1::", false, false),
            ("3fff::1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("::ffff:93.184.215.14", false, false),
            ("::127.0.0.1", false, false),
            ("64:ff9b::7f00:1", false, false),
            ("64:ff9b:1::1", false, false),
            ("fec0::1", false, false),
        ];
        for (text, public, private) in table {
            let ip = text.parse().unwrap();
            assert_eq!(check_ip(ip, Public).is_ok(), public, "{text}");
            assert_eq!(check_ip(ip, AlsoPrivate).is_ok(), private, "{text} with private addresses");
        }
    }

    #[test]
    fn urls() {
        let table = [
            ("https://example.com/hook?a=b", Ok(()), Ok(())),
            ("https://example.com:443/", Ok(()), Ok(())),
            ("https://93.184.215.14/", Ok(()), Ok(())),
            ("http://example.com/", Err(Refusal::Scheme), Ok(())),
            ("https://example.com:8443/", Err(Refusal::Port), Ok(())),
            ("ftp://example.com/", Err(Refusal::Scheme), Err(Refusal::Scheme)),
            ("file:///etc/passwd", Err(Refusal::Scheme), Err(Refusal::Scheme)),
            ("https://user@example.com/", Err(Refusal::Credentials), Err(Refusal::Credentials)),
            ("https://:pass@example.com/", Err(Refusal::Credentials), Err(Refusal::Credentials)),
            ("https://", Err(Refusal::NotUrl), Err(Refusal::NotUrl)),
            ("example.com", Err(Refusal::NotUrl), Err(Refusal::NotUrl)),
            ("", Err(Refusal::NotUrl), Err(Refusal::NotUrl)),
            // The many ways to write 127.0.0.1 and the metadata service.
            ("https://127.0.0.1/", Err(Refusal::Range("the server itself")), Ok(())),
            ("https://2130706433/", Err(Refusal::Range("the server itself")), Ok(())),
            ("https://0x7f.1/", Err(Refusal::Range("the server itself")), Ok(())),
            ("https://[::1]/", Err(Refusal::Range("the server itself")), Ok(())),
            (
                "https://169.254.169.254/",
                Err(Refusal::Range("a link-local address")),
                Err(Refusal::Range("a link-local address")),
            ),
            (
                "https://[::ffff:a9fe:a9fe]/",
                Err(Refusal::Range("an address that is not public")),
                Err(Refusal::Range("an address that is not public")),
            ),
        ];
        for (text, public, private) in table {
            assert_eq!(check_url(text, Public).map(|_| ()), public, "{text}");
            assert_eq!(
                check_url(text, AlsoPrivate).map(|_| ()),
                private,
                "{text} with private addresses"
            );
        }
        let long = format!("https://example.com/{}", "a".repeat(URL_BYTES));
        assert_eq!(check_url(&long, Public), Err(Refusal::NotUrl));
    }
}
