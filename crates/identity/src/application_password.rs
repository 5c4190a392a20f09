//! Passwords for applications: made here from entropy, shown once, kept as SCRAM-SHA-256 verifiers.
//!
//! A person's own password never leaves the web page. An application gets one of these instead: 24
//! characters that nobody chose, good for one protocol, revoked without touching anything else.
//!
//! With SCRAM the application hashes what was typed before we see any of it, so nothing can be forgiven
//! afterwards. What a hand does to 24 characters on a telephone is known, though: dashes left out or typed
//! as spaces, capitals throughout or on the first letter. A verifier holds the keys of each of these
//! [`SPELLINGS`], made once, when the password is.

use aws_lc_rs::{digest, hmac, pbkdf2};
use secrecy::{ExposeSecret, SecretString};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Application passwords of one person, at most: a bound on the work of one try.
pub const MOST: usize = 25;

/// 31 digits and letters; not among them `0`, `1`, `i`, `l`, `o`, which are copied wrongly.
const DIGITS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Six groups of four: 31^24 is 118 bits.
const GROUPS: usize = 6;
const GROUP: usize = 4;

/// Ways of typing one password, all of which open: with dashes, without, with spaces, each in small
/// letters, with a capital first (as telephones do) and in capitals.
pub const SPELLINGS: usize = 9;

/// Rounds of PBKDF2. 4,096 is what RFC 7677 §4 asks at least, and enough here: rounds make a guess dearer,
/// and nobody guesses 118 bits. They are the client's to compute at each connection, on a telephone.
pub const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("it is not zero");

/// Bytes of a salt.
pub const SALT: usize = 16;

/// What is kept of one spelling (RFC 5802 §3): from neither can the password be found, nor can anyone
/// sign in with them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// H(ClientKey): tells the right proof.
    pub stored: [u8; 32],
    /// Proves to the client that we are who has it.
    pub server: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// A new password as it is shown, once: `k7mq-29xh-…`. Entropy is used whole.
pub fn shown(entropy: &Zeroizing<[u8; 32]>) -> SecretString {
    let mut text = String::with_capacity(GROUPS * (GROUP + 1));
    for half in entropy.chunks_exact(16) {
        // 31^12 is below 2^60: what 128 bits are too many for an even choice is one part in 2^68.
        let mut rest = u128::from_le_bytes(half.try_into().expect("a chunk has 16 bytes"));
        for place in 0..GROUPS / 2 * GROUP {
            if place % GROUP == 0 && !text.is_empty() {
                text.push('-');
            }
            text.push(char::from(DIGITS[(rest % 31) as usize]));
            rest /= 31;
        }
    }
    SecretString::from(text)
}

/// The keys of every spelling of a password as it was shown. About 15 ms: for a pool, not for a network
/// thread.
pub fn keys(shown: &SecretString, salt: [u8; SALT], iterations: NonZeroU32) -> Vec<Keys> {
    let mut all = Vec::with_capacity(SPELLINGS);
    for joint in ["-", "", " "] {
        let small = Zeroizing::new(shown.expose_secret().replace('-', joint));
        let capital = Zeroizing::new(small[..1].to_ascii_uppercase() + &small[1..]);
        let capitals = Zeroizing::new(small.to_ascii_uppercase());
        all.extend([small, capital, capitals].map(|text| keys_of(text.as_bytes(), &salt, iterations)));
    }
    all
}

/// RFC 5802 §3, with SHA-256 (RFC 7677). Normalising (SASLprep) leaves ASCII as it is, and a password of
/// ours is ASCII.
pub(crate) fn keys_of(password: &[u8], salt: &[u8], iterations: NonZeroU32) -> Keys {
    let mut salted = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password, salted.as_mut_slice());
    Keys {
        stored: sha256(&mac(salted.as_slice(), b"Client Key")),
        server: mac(salted.as_slice(), b"Server Key"),
    }
}

pub(crate) fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// The keys as one row keeps them, and back; `None` for what no row of ours holds.
pub fn packed(keys: &[Keys]) -> Vec<u8> {
    keys.iter().flat_map(|keys| keys.stored.into_iter().chain(keys.server)).collect()
}

/// See [`packed`].
pub fn unpacked(bytes: &[u8]) -> Option<Vec<Keys>> {
    if bytes.len() != SPELLINGS * 64 {
        return None;
    }
    let (pairs, _) = bytes.as_chunks::<64>();
    let half = |bytes: &[u8]| bytes.try_into().expect("half of 64 bytes is 32");
    Some(pairs.iter().map(|pair| Keys { stored: half(&pair[..32]), server: half(&pair[32..]) }).collect())
}

/// The salt of an address, whether anybody has it or not: from the server's secret, so that an unknown
/// address always has the same one, as a known one would.
pub fn salt(secret: &[u8; 32], address: &str) -> [u8; SALT] {
    let whole = mac(secret, address.as_bytes());
    whole[..SALT].try_into().expect("16 bytes are a half of 32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn password(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn every_usual_way_of_typing_it_has_its_keys() {
        let all = keys(&password("k7mq-29xh"), [7; SALT], ITERATIONS);
        assert_eq!(all.len(), SPELLINGS);
        for typed in ["k7mq-29xh", "k7mq29xh", "k7mq 29xh", "K7mq-29xh", "K7MQ29XH", "K7MQ 29XH"] {
            assert!(all.contains(&keys_of(typed.as_bytes(), &[7; SALT], ITERATIONS)), "{typed}");
        }
        assert!(!all.contains(&keys_of(b"k7mq-29xj", &[7; SALT], ITERATIONS)));
    }

    #[test]
    fn keys_read_back_and_nothing_else_does() {
        let all = keys(&password("k7mq-29xh"), [7; SALT], ITERATIONS);
        assert_eq!(unpacked(&packed(&all)), Some(all.clone()));
        assert_eq!(unpacked(&packed(&all[1..])), None);
        assert_eq!(unpacked(b""), None);
        assert_eq!(format!("{:?}", all[0]), "Keys(…)");
    }

    #[test]
    fn a_salt_belongs_to_an_address_and_to_a_server() {
        let of = |secret, address| salt(&[secret; 32], address);
        assert_eq!(of(1, "alice@demo.localhost"), of(1, "alice@demo.localhost"));
        assert_ne!(of(1, "alice@demo.localhost"), of(1, "bob@demo.localhost"));
        assert_ne!(of(1, "alice@demo.localhost"), of(2, "alice@demo.localhost"));
    }

    proptest! {
        #[test]
        fn a_password_is_six_groups_that_a_hand_can_copy(entropy in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
            let text = shown(&Zeroizing::new(entropy));
            let groups: Vec<_> = text.expose_secret().split('-').collect();
            prop_assert_eq!(groups.len(), 6);
            for group in groups {
                prop_assert!(group.len() == 4 && group.bytes().all(|b| DIGITS.contains(&b)), "{}", group);
            }
            prop_assert!(entropy == other || text.expose_secret() != shown(&Zeroizing::new(other)).expose_secret());
        }
    }
}
