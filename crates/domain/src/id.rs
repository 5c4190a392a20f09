//! Ids are made by the program, not by the database: 43 bits of milliseconds, then 20 random bits, so
//! they sort by age, fit a `BIGINT`, and are the same on every engine. They are not secrets.

use crate::Micros;
use std::fmt;
use std::str::FromStr;

/// Crockford's base 32, lower case: no `i`, `l`, `o`, `u`, so an id survives being read aloud.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 13;

/// The text is not an id: 13 characters of Crockford's base 32 are expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id: 13 characters among 0-9 and a-z without i, l, o, u are expected")]
pub struct BadId;

fn write(value: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [b'0'; LENGTH];
    let mut rest = value as u64;
    for place in text.iter_mut().rev() {
        *place = DIGITS[(rest & 31) as usize];
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&text).expect("the digits are ASCII"))
}

fn read(text: &str) -> Result<i64, BadId> {
    if text.len() != LENGTH {
        return Err(BadId);
    }
    let mut value: u64 = 0;
    for byte in text.bytes() {
        let digit = DIGITS.iter().position(|d| *d == byte).ok_or(BadId)? as u64;
        value = value.checked_mul(32).and_then(|v| v.checked_add(digit)).ok_or(BadId)?;
    }
    i64::try_from(value).map_err(|_| BadId)
}

macro_rules! ids { ($($(#[doc = $doc:literal])+ $name:ident,)+) => { $(
    $(#[doc = $doc])+
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct $name(pub i64);

    impl $name {
        /// A new id from the time and 20 bits of `entropy` (more are ignored).
        pub fn mint(now: Micros, entropy: u32) -> Self {
            Self(((now / 1000) & 0x7ff_ffff_ffff) << 20 | i64::from(entropy & 0xf_ffff))
        }
    }
    impl fmt::Display for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write(self.0, f) }
    }
    impl FromStr for $name {
        type Err = BadId;
        fn from_str(text: &str) -> Result<Self, BadId> { read(text).map(Self) }
    }
)+ } }

ids! {
    /// A public body hosted here.
    TenantId,
    /// A person of a tenant.
    AccountId,
    /// Someone let in by link, for one room.
    GuestId,
    /// A room.
    RoomId,
    /// A file of a room.
    FileId,
    /// A file on its way in.
    UploadId,
    /// A signed-in browser.
    SessionId,
    /// A link that lets guests knock.
    LinkId,
    /// An invitation or a password reset.
    InvitationId,
    /// A browser or an application with a key of its own.
    DeviceId,
    /// A meeting of a room.
    MeetingId,
    /// Something that a person can prove beside their password.
    FactorId,
    /// A password for one application of one person.
    ApplicationId,
    /// A mail on its way out.
    MailId,
    /// A file of people that somebody is about to add.
    ImportId,
    /// A role that a body made for itself.
    BusinessRoleId,
    /// A dangerous act that waits for a second person.
    RequestId,
    /// Something in the audit log that was told.
    AlertId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_sort_by_age() {
        let (old, new) =
            (RoomId::mint(1_700_000_000_000_000, u32::MAX), RoomId::mint(1_700_000_000_001_000, 0));
        assert!(old < new && old.to_string() < new.to_string());
        assert_eq!(new.to_string().parse(), Ok(new));
        for bad in ["", "0", "zzzzzzzzzzzzz", "000000000000i", "0000000000000a", "é00000000000"] {
            assert_eq!(bad.parse::<RoomId>(), Err(BadId), "{bad}");
        }
    }
}
