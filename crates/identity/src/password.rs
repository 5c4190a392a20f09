//! Passwords as they are stored: Argon2id in PHC strings, never anything that can be read back.
//!
//! Parameters: m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet), about 50 ms of one core.
//! That is deliberate work: callers run it on a bounded pool of threads, never on a network thread.

use crate::imported::{self, BadHash};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as PhcError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Memory of one hash, in KiB: 19 MiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes: one, because a lane more is a thread more and a login is one of many.
const LANES: u32 = 1;

/// The longest password taken, in bytes of UTF-8, so that nobody buys hashing time by the megabyte.
pub const MAX_BYTES: usize = 1024;

/// A hash nobody has the password of, made with the parameters above from 32 random bytes thrown away.
///
/// Checking against it costs what a real check costs: an unknown account answers in the same time.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$KaOSP96qjH64demCYFHm4g$weh7YJOJefDH0XDCtraPruV8wo6qSuh5I6HRkdF3v5c";

/// Why a password could be neither hashed nor compared; never "the password is wrong", which is an answer.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// More than [`MAX_BYTES`].
    #[error("this password weighs {bytes} bytes and the limit is {MAX_BYTES}; choose a shorter one")]
    TooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// The stored text is not an Argon2 PHC string.
    #[error("the stored password of this account cannot be read; send its owner a reset link")]
    Unreadable {
        /// What the reader of PHC strings said.
        #[source]
        cause: PhcError,
    },
    /// The stored text is a hash of another program that opens nothing here.
    #[error("the stored password of this account cannot be used; send its owner a reset link")]
    Foreign {
        /// Why it cannot.
        #[source]
        cause: BadHash,
    },
    /// The 19 MiB of a hash were not to be had.
    #[error(
        "no memory for hashing a password ({MEMORY_KIB} KiB); allow fewer sign-ins at once or add memory"
    )]
    OutOfMemory,
}

/// The PHC string to store for `password`, with 16 fresh random bytes as `salt`.
///
/// # Errors
/// [`PasswordError::TooLong`], [`PasswordError::OutOfMemory`]. The rules for a good password are
/// [`crate::rules::check`]'s concern, before this.
pub fn hash(password: &SecretString, salt: [u8; 16]) -> Result<String, PasswordError> {
    let prepared = prepare(password)?;
    match current().hash_password_with_salt(prepared.as_bytes(), &salt) {
        Ok(phc) => Ok(phc.to_string()),
        Err(PhcError::OutOfMemory) => Err(PasswordError::OutOfMemory),
        Err(cause) => Err(PasswordError::Unreadable { cause }),
    }
}

/// Whether `password` is the one behind the stored `phc`; the comparison takes the same time either way.
///
/// The parameters are those written in `phc`, so a hash made with older ones still opens.
///
/// # Errors
/// [`PasswordError`]: an error is not a no, and certainly not a yes.
pub fn verify(password: &SecretString, phc: &str) -> Result<bool, PasswordError> {
    let prepared = prepare(password)?;
    let stored = PasswordHash::new(phc).map_err(|cause| PasswordError::Unreadable { cause: cause.into() })?;
    match current().verify_password(prepared.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(PhcError::PasswordInvalid) => Ok(false),
        Err(PhcError::OutOfMemory) => Err(PasswordError::OutOfMemory),
        Err(cause) => Err(PasswordError::Unreadable { cause }),
    }
}

/// What an account keeps of its password, or what stands in for it where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A stored hash, ours or of another program.
    Hash(String),
    /// A hash of nobody ([`decoy_like`]): its work is done, and the answer is no.
    Decoy(String),
}

impl Kept {
    /// A decoy that costs what a hash of today costs.
    pub fn decoy() -> Self {
        Self::Decoy(DECOY.to_owned())
    }
    /// The hash that the work is done on.
    pub fn text(&self) -> &str {
        match self {
            Self::Hash(text) | Self::Decoy(text) => text,
        }
    }
}

/// [`verify`] for an account that may not exist or may have no password: the same work is done against a decoy
/// and answers `false`, so neither the answer nor its time tells who has an account.
///
/// # Errors
/// As [`verify`].
pub fn verify_kept(password: &SecretString, kept: &Kept) -> Result<bool, PasswordError> {
    let stored = kept.text();
    // Hashed elsewhere: it takes the time that it says itself, until the first right password.
    let right =
        if imported::is_ours(stored) { verify(password, stored) } else { imported::verify(password, stored) };
    Ok(right? && matches!(kept, Kept::Hash(_)))
}

/// A hash of the same kind and cost as `stored`, which nobody has the password of: what an address that nobody has
/// is checked against, so that it takes as long as one of those that somebody has. Equal for equal kinds and costs.
/// Nothing when `stored` cannot be read.
pub fn decoy_like(stored: &str) -> Option<String> {
    if !imported::is_ours(stored) {
        return imported::decoy_like(stored);
    }
    // "", algorithm, version and parameters; then the salt and the hash, which are somebody's.
    PasswordHash::new(stored).ok()?;
    let cost: Vec<_> = stored.split('$').take(4).collect();
    let nobodys: Vec<_> = DECOY.split('$').skip(4).collect();
    Some([cost, nobodys].concat().join("$"))
}

fn current() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("19 MiB, 2, 1 are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The bytes that are hashed: the OpaqueString profile's mapping (RFC 8265 §4.2.2), so that an accent
/// typed on two keyboards, or a no-break space, is the same password.
fn prepare(password: &SecretString) -> Result<Zeroizing<String>, PasswordError> {
    let bytes = password.expose_secret().len();
    if bytes > MAX_BYTES {
        return Err(PasswordError::TooLong { bytes });
    }
    Ok(normalise(password.expose_secret()))
}

/// NFC, with every space separator (Unicode Zs) as U+0020.
pub(crate) fn normalise(text: &str) -> Zeroizing<String> {
    let spaced = |c: char| match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        other => other,
    };
    // NFC of 1024 bytes stays under 3072 (UAX #15): reserved at once, no half-copy is left in memory.
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 3));
    out.extend(text.chars().map(spaced).nfc());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] = *b"sixteen bytes ok";

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_hash_opens_for_its_password_and_no_other() {
        let phc = hash(&secret("vingt-deux hérons"), SALT).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify(&secret("vingt-deux hérons"), &phc).unwrap());
        assert!(!verify(&secret("vingt-deux herons"), &phc).unwrap());
    }

    #[test]
    fn an_accent_and_a_no_break_space_are_the_same_on_every_keyboard() {
        let phc = hash(&secret("h\u{e9}ron cendr\u{e9}"), SALT).unwrap();
        assert!(verify(&secret("he\u{301}ron\u{a0}cendre\u{301}"), &phc).unwrap());
    }

    #[test]
    fn the_decoy_does_the_work_of_a_real_hash_and_never_opens() {
        let fresh = hash(&secret("any"), SALT).unwrap();
        let cost = |phc: &str| phc.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(DECOY), cost(&fresh), "the decoy must cost what a hash of today costs");
        assert!(!verify_kept(&secret("anything"), &Kept::decoy()).unwrap());
        assert!(!verify_kept(&secret(""), &Kept::decoy()).unwrap());
        assert_eq!(decoy_like(&fresh).as_deref(), Some(DECOY));
        // Even with the right password a decoy is nobody's.
        assert!(!verify_kept(&secret("any"), &Kept::Decoy(fresh.clone())).unwrap());
        assert!(verify_kept(&secret("any"), &Kept::Hash(fresh)).unwrap());
        let former = DECOY.replace("m=19456,t=2", "m=8192,t=1");
        assert_eq!(decoy_like(&former), Some(former));
        assert_eq!(decoy_like("$argon2id$v=19$damaged"), None);
    }

    #[test]
    fn a_hash_made_with_other_parameters_still_opens() {
        let weaker = Params::new(8 * 1024, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, weaker);
        let phc = argon2.hash_password_with_salt(b"vingt-deux", &SALT).unwrap().to_string();
        assert!(verify(&secret("vingt-deux"), &phc).unwrap());
        assert!(!verify(&secret("vingt-trois"), &phc).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_not_a_no() {
        assert!(matches!(verify(&secret("x"), "damaged"), Err(PasswordError::Unreadable { .. })));
        let long = "é".repeat(MAX_BYTES / 2 + 1);
        assert!(matches!(hash(&secret(&long), SALT), Err(PasswordError::TooLong { bytes: 1026 })));
        assert!(matches!(verify(&secret(&long), DECOY), Err(PasswordError::TooLong { .. })));
    }
}
