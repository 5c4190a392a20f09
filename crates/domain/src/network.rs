//! Networks, as administrators write them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses, `192.0.2.0/24` or `2001:db8::/32` (RFC 4632 §3.1, RFC 4291 §2.3).
/// Invariant: `prefix` is at most 32 for IPv4 and 128 for IPv6, and the bits after it are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no network; write an address and the length of its prefix, such as 192.0.2.0/24 or 2001:db8::/32"
)]
pub struct BadNetwork(pub String);

/// 128 bits of an address; IPv4 as the last 32 of `::ffff:0:0/96`.
fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Network {
    /// Bits that every address of it shares, of 128.
    fn shared(self) -> u32 {
        u32::from(self.prefix) + if self.first.is_ipv4() { 96 } else { 0 }
    }

    /// Whether every address of `other` is in this one.
    pub fn holds(self, other: Self) -> bool {
        let (mine, theirs) = (self.shared(), other.shared());
        let differ = bits(self.first) ^ bits(other.first);
        mine <= theirs && differ.leading_zeros() >= mine
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.chars().take(60).collect());
        let text = text.trim();
        let (ip, prefix) = match text.split_once('/') {
            Some((ip, prefix)) => (ip, Some(prefix)),
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| bad())?;
        // An IPv4 address written as IPv6 is the IPv4 one; its prefix counts from the IPv6 start.
        let (ip, before) = match ip {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or((ip, 0), |v4| (IpAddr::V4(v4), 96)),
            IpAddr::V4(_) => (ip, 0),
        };
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(digits) if digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                let written: u8 = digits.parse().map_err(|_| bad())?;
                written.checked_sub(before).filter(|p| *p <= most).ok_or_else(bad)?
            }
            Some(_) => return Err(bad()),
        };
        let shared = u32::from(prefix) + if ip.is_ipv4() { 96 } else { 0 };
        let mask = u128::MAX.checked_shl(128 - shared).unwrap_or(0);
        let first = Ipv6Addr::from_bits(bits(ip) & mask);
        let first =
            if ip.is_ipv4() { first.to_ipv4_mapped().map_or(ip, IpAddr::V4) } else { IpAddr::V6(first) };
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_read_and_hold_their_addresses() {
        for (outer, inner, holds) in [
            ("192.0.2.0/24", "192.0.2.7", true),
            ("192.0.2.9/24", "192.0.2.7/32", true),
            ("192.0.2.0/24", "192.0.3.7", false),
            ("192.0.2.0/25", "192.0.2.0/24", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:1:2::/64", true),
            ("2001:db8::/32", "2001:db9::/64", false),
            ("::ffff:192.0.2.0/120", "192.0.2.200", true),
        ] {
            assert_eq!(network(outer).holds(network(inner)), holds, "{outer} {inner}");
        }
        assert_eq!(network(" 192.0.2.77/24 ").to_string(), "192.0.2.0/24");
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for text in [
            "",
            "town",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "1.2.3/8",
            "::ffff:1.2.3.4/8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(BadNetwork(text.into())), "{text}");
        }
    }
}
