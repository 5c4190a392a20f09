//! Clients: which are too old to be served.

use crate::Denied;

/// The version of a client: `2`, `2.1` or `2.1.0`; what is not said is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientVersion([u32; 3]);

/// The text is not a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is one to three numbers with dots between, such as 1.4 or 1.4.2")]
pub struct BadVersion;

impl ClientVersion {
    /// Older than every other.
    pub const NONE: Self = Self([0; 3]);
}

impl std::str::FromStr for ClientVersion {
    type Err = BadVersion;
    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let mut numbers = [0; 3];
        let mut places = numbers.iter_mut();
        for part in text.split('.') {
            let digits =
                !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
            let place = places.next().filter(|_| digits).ok_or(BadVersion)?;
            *place = part.parse().map_err(|_| BadVersion)?;
        }
        Ok(Self(numbers))
    }
}

impl std::fmt::Display for ClientVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// May a client of this version be served, where `least` is asked for? Who names no version is no client of
/// ours: applications and programs have their own.
///
/// # Errors
/// `ClientVersion` for an older one.
pub fn decide_client(has: Option<ClientVersion>, least: Option<ClientVersion>) -> Result<(), Denied> {
    match (has, least) {
        (Some(has), Some(least)) if has < least => Err(Denied::ClientVersion { has, least }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_client_is_refused_and_only_that() {
        for (has, least, fine) in [
            (Some("1.2.3"), Some("1.2.3"), true),
            (Some("1.2.3"), Some("1.2.4"), false),
            (Some("1.10"), Some("1.9.9"), true),
            (Some("0.9"), Some("1"), false),
            (None, Some("1"), true),
            (Some("0.1"), None, true),
        ] {
            let read = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            assert_eq!(decide_client(read(has), read(least)).is_ok(), fine, "{has:?} {least:?}");
        }
        for wrong in ["", "1.", ".1", "1.2.3.4", "1.a", "+1", "1.9999999999"] {
            assert_eq!(wrong.parse::<ClientVersion>(), Err(BadVersion), "{wrong}");
        }
    }
}
