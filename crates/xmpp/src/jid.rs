//! XMPP addresses, RFC 7622.

use std::fmt;
use std::str::FromStr;

/// Bytes in each part; RFC 7622 §3.
pub const MOST_PART: usize = 1023;

/// Why a text is no XMPP address here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an XMPP address: name@domain/resource is expected, {0}")]
pub struct BadJid(&'static str);

/// `local@domain/resource`.
///
/// Shape: local part and domain are ASCII in lower case (the addresses of this server are, and ASCII is
/// the part of RFC 7622 §3.2 and §3.3 that needs no tables); the resource is any text without control
/// characters, compared byte by byte, not normalised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid {
    /// What stands before `@`.
    pub local: Option<String>,
    /// The domain, never empty.
    pub domain: String,
    /// What stands after `/`: a device, or a nick in a room.
    pub resource: Option<String>,
}

impl Jid {
    /// Without the resource, as text.
    pub fn bare(&self) -> String {
        match &self.local {
            Some(local) => format!("{local}@{}", self.domain),
            None => self.domain.clone(),
        }
    }

    /// Whether there is no resource.
    pub fn is_bare(&self) -> bool {
        self.resource.is_none()
    }

    /// The same address with this resource.
    #[must_use]
    pub fn with_resource(&self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self.clone() }
    }
}

impl FromStr for Jid {
    type Err = BadJid;

    fn from_str(text: &str) -> Result<Self, BadJid> {
        // RFC 7622 §3.1: the resource is cut off first, it may hold '@' and '/'.
        let (bare, resource) = text.split_once('/').map_or((text, None), |(bare, r)| (bare, Some(r)));
        let (local, domain) = bare.split_once('@').map_or((None, bare), |(l, d)| (Some(l), d));
        // RFC 7622 §3.2: a trailing dot is the same domain.
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let local_ok =
            |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '&' | '\'' | '/' | ':' | '<' | '>' | '@');
        let domain_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '[' | ']' | ':');
        let fits = |part: &str| (1..=MOST_PART).contains(&part.len());
        if !fits(domain) || !local.is_none_or(fits) || !resource.is_none_or(fits) {
            return Err(BadJid("each part with 1 to 1023 bytes"));
        }
        if !local.is_none_or(|l| l.chars().all(local_ok)) || !domain.chars().all(domain_ok) {
            return Err(BadJid("name and domain in plain ASCII"));
        }
        if domain.split('.').any(str::is_empty) {
            return Err(BadJid("a domain without empty parts between its dots"));
        }
        if !resource.is_none_or(|r| r.chars().all(resource_ok)) {
            return Err(BadJid("no control character in the resource"));
        }
        Ok(Self {
            local: local.map(str::to_ascii_lowercase),
            domain: domain.to_ascii_lowercase(),
            resource: resource.map(str::to_owned),
        })
    }
}

fn resource_ok(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(local) = &self.local {
            write!(f, "{local}@")?;
        }
        f.write_str(&self.domain)?;
        match &self.resource {
            Some(resource) => write!(f, "/{resource}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let jid: Jid = "Accueil@Rooms.Demo.localhost/Mme Petit @ l'étage/2".parse().unwrap();
        assert_eq!(jid.bare(), "accueil@rooms.demo.localhost");
        assert_eq!(jid.resource.as_deref(), Some("Mme Petit @ l'étage/2"));
        assert_eq!(jid.to_string().parse(), Ok(jid));
        assert_eq!("demo.localhost.".parse::<Jid>().unwrap().to_string(), "demo.localhost");
        let long = "a".repeat(1024);
        for bad in [
            "",
            "@demo",
            "a@",
            "a@demo/",
            "a b@demo",
            "é@demo",
            "a@dé",
            "a@b@c",
            "a@demo/\u{1}",
            "<@a",
            "demo..localhost",
            "demo.localhost..",
            &long,
        ] {
            assert!(bad.parse::<Jid>().is_err(), "{bad}");
        }
    }
}
