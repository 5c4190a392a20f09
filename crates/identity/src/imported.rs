//! Passwords that other programs hashed: Django's PBKDF2 and bcrypt, plain bcrypt, SCRAM-SHA-256 as PostgreSQL and
//! RFC 5803 keep it. They open once; the right password is then hashed as ours are, and this module has done its part.
//!
//! A hash says itself how much work it is. What asks for more than a sign-in may cost is refused when it is
//! imported, and again when it is checked.

use crate::application_password::{mac, sha256};
use crate::password::{MAX_BYTES, PasswordError, normalise};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Rounds of PBKDF2: fewer protect nobody, more keep a core busy for over a second (Django 6 uses 1,200,000).
const ROUNDS: RangeInclusive<u32> = 1_000..=2_000_000;
/// The cost of bcrypt, of which each one more doubles the work: 14 is about a second of one core.
const COSTS: RangeInclusive<u32> = 4..=14;
/// Characters of a stored hash at most.
const MOST_CHARACTERS: usize = 512;
/// What bcrypt looks at of a password.
const BCRYPT_BYTES: usize = 72;

/// Why a stored hash of another program is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    /// None of the forms that are read.
    #[error(
        "this is none of pbkdf2_sha256$…, pbkdf2_sha1$…, bcrypt$…, bcrypt_sha256$…, $2b$… and SCRAM-SHA-256$…; leave it empty and the person chooses a password"
    )]
    Form,
    /// Too little work, or too much.
    #[error(
        "its cost is {cost} and goes from {least} to {most}; leave it empty and the person chooses a password"
    )]
    Cost {
        /// Rounds, or bcrypt's cost.
        cost: u32,
        /// The least taken.
        least: u32,
        /// The most taken.
        most: u32,
    },
}

/// A stored hash of another program, read.
enum Kept<'a> {
    Pbkdf2 { algorithm: pbkdf2::Algorithm, rounds: NonZeroU32, salt: Vec<u8>, hash: Vec<u8> },
    Bcrypt { text: &'a str, digested: bool },
    Scram { rounds: NonZeroU32, salt: Vec<u8>, stored_key: Vec<u8> },
}

/// Whether this is a hash of ours, which needs nothing of this.
pub fn is_ours(stored: &str) -> bool {
    stored.starts_with("$argon2")
}

/// Whether a hash of another program can be taken over.
///
/// # Errors
/// `BadHash` says why not.
pub fn acceptable(stored: &str) -> Result<(), BadHash> {
    read(stored).map(drop)
}

/// A hash of the same kind and cost as `stored`, of nobody: checking against it takes as long. Nothing when `stored`
/// cannot be read.
pub(crate) fn decoy_like(stored: &str) -> Option<String> {
    let nobody = |length: usize| STANDARD.encode(vec![0; length]);
    let (kind, rest) = stored.split_once('$')?;
    Some(match read(stored).ok()? {
        Kept::Pbkdf2 { rounds, hash, .. } => format!("{kind}${rounds}$leurre${}", nobody(hash.len())),
        Kept::Bcrypt { text, .. } => {
            // The version and the cost, then a salt and a hash of zeros.
            let before = if kind.is_empty() { "" } else { stored.strip_suffix(rest)? };
            format!("{before}{}{}", text.get(..7)?, ".".repeat(53))
        }
        Kept::Scram { rounds, .. } => {
            format!("{kind}${rounds}:{}${}:{}", nobody(16), nobody(32), nobody(32))
        }
    })
}

fn within(cost: u32, bounds: RangeInclusive<u32>) -> Result<u32, BadHash> {
    let (least, most) = bounds.into_inner();
    if (least..=most).contains(&cost) { Ok(cost) } else { Err(BadHash::Cost { cost, least, most }) }
}

fn rounds(text: &str) -> Result<NonZeroU32, BadHash> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // So many digits that they fit no number are a cost too: an absurd one.
    let cost = if digits { text.parse().unwrap_or(u32::MAX) } else { return Err(BadHash::Form) };
    NonZeroU32::new(within(cost, ROUNDS)?).ok_or(BadHash::Form)
}

fn bytes(text: &str, length: RangeInclusive<usize>) -> Result<Vec<u8>, BadHash> {
    let bytes = STANDARD.decode(text).map_err(|_| BadHash::Form)?;
    if length.contains(&bytes.len()) { Ok(bytes) } else { Err(BadHash::Form) }
}

fn read(stored: &str) -> Result<Kept<'_>, BadHash> {
    if stored.len() > MOST_CHARACTERS {
        return Err(BadHash::Form);
    }
    let (kind, rest) = stored.split_once('$').ok_or(BadHash::Form)?;
    match kind {
        "pbkdf2_sha256" => django(pbkdf2::PBKDF2_HMAC_SHA256, 32, rest),
        "pbkdf2_sha1" => django(pbkdf2::PBKDF2_HMAC_SHA1, 20, rest),
        "bcrypt" => bcrypt(rest, false),
        "bcrypt_sha256" => bcrypt(rest, true),
        "" => bcrypt(stored, false),
        "SCRAM-SHA-256" => scram(rest),
        _ => Err(BadHash::Form),
    }
}

/// `rounds$salt$hash`; the salt is text as it stands.
fn django(algorithm: pbkdf2::Algorithm, length: usize, rest: &str) -> Result<Kept<'_>, BadHash> {
    let mut parts = rest.split('$');
    let (Some(times), Some(salt), Some(hash), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(BadHash::Form);
    };
    if salt.is_empty() {
        return Err(BadHash::Form);
    }
    let hash = bytes(hash, length..=length)?;
    Ok(Kept::Pbkdf2 { algorithm, rounds: rounds(times)?, salt: salt.as_bytes().to_vec(), hash })
}

/// `$2b$12$` and 53 characters.
fn bcrypt(text: &str, digested: bool) -> Result<Kept<'_>, BadHash> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| text.strip_prefix(version));
    let (cost, hash) = rest.and_then(|rest| rest.split_once('$')).ok_or(BadHash::Form)?;
    let digits = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit());
    let fits = hash.len() == 53 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/');
    if !digits || !fits {
        return Err(BadHash::Form);
    }
    within(cost.parse().map_err(|_| BadHash::Form)?, COSTS)?;
    // What the library cannot read (bits that no salt has) would be an error at each sign-in.
    bcrypt::HashParts::from_str(text).map_err(|_| BadHash::Form)?;
    Ok(Kept::Bcrypt { text, digested })
}

/// `rounds:salt$StoredKey:ServerKey`.
fn scram(rest: &str) -> Result<Kept<'_>, BadHash> {
    let (head, keys) = rest.split_once('$').ok_or(BadHash::Form)?;
    let (times, salt) = head.split_once(':').ok_or(BadHash::Form)?;
    let (stored_key, server_key) = keys.split_once(':').ok_or(BadHash::Form)?;
    bytes(server_key, 32..=32)?;
    Ok(Kept::Scram {
        rounds: rounds(times)?,
        salt: bytes(salt, 1..=256)?,
        stored_key: bytes(stored_key, 32..=32)?,
    })
}

/// Whether `password` is the one behind a hash of another program.
///
/// They hashed the bytes that were typed; an accent may have been typed in two ways, so the composed way is tried
/// when what came is not that already. SCRAM prepares passwords itself (RFC 4013).
///
/// # Errors
/// `TooLong`; `Foreign` when the hash cannot be read.
pub(crate) fn verify(password: &SecretString, stored: &str) -> Result<bool, PasswordError> {
    let typed = password.expose_secret();
    if typed.len() > MAX_BYTES {
        return Err(PasswordError::TooLong { bytes: typed.len() });
    }
    let kept = read(stored).map_err(|cause| PasswordError::Foreign { cause })?;
    let mut ways = vec![Zeroizing::new(typed.to_owned())];
    let other = match kept {
        Kept::Scram { .. } => prepared(typed),
        _ => normalise(typed),
    };
    if *other != *ways[0] {
        ways.insert(0, other);
    }
    Ok(ways.iter().any(|way| opens(&kept, way.as_bytes())))
}

/// SASLprep's mapping (RFC 4013 §2.1, §2.2): spaces are spaces, soft hyphens are nothing, compatibility forms are one.
fn prepared(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 3));
    out.extend(
        normalise(text)
            .chars()
            .filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}'))
            .nfkc(),
    );
    out
}

fn opens(kept: &Kept<'_>, password: &[u8]) -> bool {
    match kept {
        Kept::Pbkdf2 { algorithm, rounds, salt, hash } => {
            pbkdf2::verify(*algorithm, *rounds, salt, password, hash).is_ok()
        }
        Kept::Bcrypt { text, digested } => {
            let digest;
            let given = if *digested {
                digest = hex(&sha256(password));
                digest.as_bytes()
            } else {
                &password[..password.len().min(BCRYPT_BYTES)]
            };
            // The hash was read above: what is left to fail is a password that bcrypt cannot take, which opens nothing.
            bcrypt::verify(given, text).unwrap_or(false)
        }
        Kept::Scram { rounds, salt, stored_key } => {
            let mut salted = Zeroizing::new([0; 32]);
            pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, *rounds, salt, password, &mut *salted);
            let stored = sha256(&mac(&*salted, b"Client Key"));
            verify_slices_are_equal(&stored, stored_key).is_ok()
        }
    }
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{Kept as Stored, decoy_like, verify_kept};

    /// Made by the programs themselves, of « Vingt-deux hérons ».
    ///
    /// Django 5.2.19 with bcrypt 5.0.0: `make_password(p, "sel", "pbkdf2_sha256")`,
    /// `get_hasher(NAME).encode(p, "sel", 20000)`, and with `rounds = 6` `get_hasher(NAME).encode(p, salt())`;
    /// `bcrypt.hashpw(p.encode(), bcrypt.gensalt(6))`; PostgreSQL 15: `CREATE ROLE v PASSWORD 'p'`, then
    /// `SELECT rolpassword FROM pg_authid`.
    const MADE: [&str; 7] = [
        "pbkdf2_sha256$1000000$sel$13QOTks+5lX9cKZH8mcrxRnt6lrzIVsY1zztPAM95Ww=",
        "pbkdf2_sha256$20000$sel$vkDaMQjIbJ4eTo+75psPbxo6DEFbyE2rFd+2fPzMuYc=",
        "pbkdf2_sha1$20000$sel$wojGTcKB0UX72iTrg46xBgw4z/E=",
        "bcrypt$$2b$06$ooAmAVxj5BQ7ar3L0eqnYezAiiuDGNe4iP7JN1b5vtiJrZrX9RfW.",
        "bcrypt_sha256$$2b$06$2oAQHrcYceVQDmhl7hzBn.r07tyCiN1lur1fioHQkuNQo3FcUXpDa",
        "$2b$06$5aa42fdypZDHvf5GS/2RB.lVTcawFiGjGZHN4XUgtujjwIURvLn9S",
        "SCRAM-SHA-256$4096:1Wr+z/18aeT2i89lsb71Xw==$O9IeC2q9M7p5mXNlLXNRsc6VoqkzgTzOxb2iXud/lVI=:+5cIPrVNJTR+UHpgsk8OGbP7wdiptn8M6fhq5CbOyFE=",
    ];

    fn opens_with(password: &str, stored: &str) -> bool {
        verify_kept(&SecretString::from(password), &Stored::Hash(stored.to_owned())).unwrap()
    }

    #[test]
    fn what_django_bcrypt_and_postgresql_made_opens_for_its_password_and_no_other() {
        for stored in MADE {
            assert_eq!(acceptable(stored), Ok(()), "{stored}");
            assert!(!is_ours(stored));
            assert!(opens_with("Vingt-deux hérons", stored), "{stored}");
            assert!(opens_with("Vingt-deux he\u{301}rons", stored), "an accent of its own: {stored}");
            for wrong in ["Vingt-deux herons", "vingt-deux hérons", "Vingt-deux hérons ", "", stored] {
                assert!(!opens_with(wrong, stored), "{wrong:?} {stored}");
            }
        }
    }

    /// What work a stored hash is, in words.
    fn work(stored: &str) -> String {
        match read(stored).unwrap() {
            Kept::Pbkdf2 { rounds, hash, .. } => format!("pbkdf2 {rounds} {}", hash.len()),
            Kept::Bcrypt { text, digested } => format!("bcrypt {} {digested}", &text[..7]),
            Kept::Scram { rounds, .. } => format!("scram {rounds}"),
        }
    }

    #[test]
    fn a_decoy_is_the_same_work_and_has_nothing_of_anybody() {
        for stored in MADE {
            let decoy = decoy_like(stored).unwrap();
            assert_eq!(work(&decoy), work(stored));
            for part in stored.split(['$', ':']).filter(|part| part.len() > 10 && !part.contains("crypt")) {
                assert!(
                    part.starts_with("SCRAM") || part.starts_with("pbkdf2") || !decoy.contains(part),
                    "{decoy}"
                );
            }
            assert_eq!(decoy_like(&decoy).as_ref(), Some(&decoy), "one decoy for each kind and cost");
            assert!(!verify_kept(&SecretString::from("x"), &Stored::Decoy(decoy)).unwrap());
            assert!(
                !verify_kept(&SecretString::from("Vingt-deux hérons"), &Stored::Decoy(stored.into()))
                    .unwrap()
            );
        }
        assert_eq!(decoy_like("damaged"), None);
    }

    proptest::proptest! {
        /// Whatever stands in the column: taken or refused, and no panic.
        #[test]
        fn any_text_is_taken_or_refused(which in 0..MADE.len(), at in 0usize..100, put in "\\PC{0,3}") {
            let made: Vec<char> = MADE[which].chars().collect();
            let (before, after) = made.split_at(at.min(made.len()));
            let text: String = before.iter().copied().chain(put.chars()).chain(after.iter().skip(1).copied()).collect();
            let _ = acceptable(&text);
            let _ = acceptable(&put);
        }
    }

    #[test]
    fn bcrypt_looks_at_72_bytes_and_its_digested_form_at_all() {
        let long = "x".repeat(72);
        let text = bcrypt::hash_with_salt(&long, 4, *b"sixteen bytes ok").unwrap().to_string();
        assert!(opens_with(&format!("{long}y"), &text));
        let digest = hex(&sha256(format!("{long}y").as_bytes()));
        let text = bcrypt::hash_with_salt(&*digest, 4, *b"sixteen bytes ok").unwrap().to_string();
        assert!(opens_with(&format!("{long}y"), &format!("bcrypt_sha256${text}")));
        assert!(!opens_with(&format!("{long}z"), &format!("bcrypt_sha256${text}")));
    }

    #[test]
    fn what_would_keep_a_core_busy_or_is_no_hash_is_not_taken() {
        let costs = |cost, (least, most)| Err(BadHash::Cost { cost, least, most });
        let hash = "vkDaMQjIbJ4eTo+75psPbxo6DEFbyE2rFd+2fPzMuYc=";
        let pbkdf2 = |rounds: &str| acceptable(&format!("pbkdf2_sha256${rounds}$sel${hash}"));
        let rounds = (1_000, 2_000_000);
        assert_eq!(pbkdf2("2000001"), costs(2_000_001, rounds));
        assert_eq!(pbkdf2("999"), costs(999, rounds));
        assert_eq!(pbkdf2("0"), costs(0, rounds));
        assert_eq!(pbkdf2("99999999999999999999"), costs(u32::MAX, rounds));
        let tail = &MADE[5][7..];
        assert_eq!(acceptable(&format!("$2b$15${tail}")), costs(15, (4, 14)));
        assert_eq!(acceptable(&format!("bcrypt$$2b$31${tail}")), costs(31, (4, 14)));
        let scram = MADE[6].replace("$4096:", "$4000000000:");
        assert_eq!(acceptable(&scram), costs(4_000_000_000, rounds));
        let not_digits = pbkdf2("-1");
        assert_eq!(not_digits, Err(BadHash::Form));
        for none in [
            "",
            "$",
            "secret",
            "md5$sel$abc",
            "pbkdf2_sha256$20000$sel$c2hvcnQ=",
            "pbkdf2_sha256$20000$$AAAA",
            "$2b$06$court",
            "$2x$06$5aa42fdypZDHvf5GS/2RB.lVTcawFiGjGZHN4XUgtujjwIURvLn9S",
            "SCRAM-SHA-256$4096:c2Vs$YQ==:YQ==",
            "!unusable",
            "$argon2id$v=19$m=4194304,t=1,p=1$c2VsIGRlIGxh$aGFzaGhhc2hoYXNoaGFzaA",
        ] {
            assert_eq!(acceptable(none), Err(BadHash::Form), "{none}");
        }
        assert_eq!(acceptable(&format!("$2b$06${}", "é".repeat(300))), Err(BadHash::Form));
        assert!(verify(&SecretString::from("x"), "secret").is_err(), "an error is not a no");
    }
}
