//! Codes of an authenticator application: six digits, thirty seconds (RFC 6238).
//!
//! SHA-1, six digits and thirty seconds because that is what every application reads; HMAC does not lean on
//! what SHA-1 lost (RFC 4226 appendix B.2). A code is accepted for the step it belongs to and one to either
//! side, for clocks that differ, and each step once (§5.2): the caller keeps the last one accepted.

use std::fmt::Write as _;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

/// Bytes of a seed; RFC 4226 §4 recommends 160 bits.
pub const SEED: usize = 20;

/// Seconds of a step.
const STEP_S: i64 = 30;

/// The alphabet of RFC 4648 §6, which authenticator applications read.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn generator(seed: &[u8; SEED]) -> Totp {
    Builder::new()
        .with_secret(*seed)
        .build()
        .expect("six digits, thirty seconds and 160 bits are RFC 4226's own")
}

/// The step of `code` at `now_us`, when it is one of `seed`'s and younger than `last`, the last step that was
/// accepted. Spaces in the code are forgiven, as applications show them.
pub fn check(seed: &[u8; SEED], code: &str, last: i64, now_us: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(7).collect();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now_us.div_euclid(1_000_000)).ok()?;
    let step = i64::try_from(generator(seed).check(&code, seconds)?).ok()?;
    (step > last).then_some(step)
}

/// The code of `seed` at `now_us`: what an application shows.
pub fn code(seed: &[u8; SEED], now_us: i64) -> String {
    generator(seed).generate(u64::try_from(now_us.div_euclid(1_000_000)).unwrap_or(0)).to_string()
}

/// The seed as people type it: base 32 in groups of four.
pub fn shown(seed: &[u8; SEED]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(40));
    for (n, five) in seed.chunks(5).flat_map(digits).enumerate() {
        if n > 0 && n % 4 == 0 {
            text.push(' ');
        }
        text.push(five);
    }
    text
}

/// Eight base 32 digits of five bytes.
fn digits(bytes: &[u8]) -> impl Iterator<Item = char> + use<> {
    let value = bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    (0..8).rev().map(move |place| char::from(BASE32[(value >> (place * 5) & 31) as usize]))
}

/// The address that an application reads from a QR code (`otpauth`, Key URI Format). `issuer` is the body,
/// `account` the person's address.
pub fn address(seed: &[u8; SEED], issuer: &str, account: &str) -> Zeroizing<String> {
    let secret: Zeroizing<String> = Zeroizing::new(shown(seed).chars().filter(|c| *c != ' ').collect());
    let (issuer, account) = (escaped(issuer), escaped(account));
    Zeroizing::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_S}",
        *secret
    ))
}

/// Percent-encoded, but for RFC 3986's unreserved characters.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // writing to a String does not fail
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6238 appendix B, the last six of its eight digits.
    const RFC: &[u8; SEED] = b"12345678901234567890";
    const S: i64 = 1_000_000;

    #[test]
    fn the_codes_of_the_rfc() {
        for (second, expected) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code(RFC, second * S), expected);
            assert_eq!(check(RFC, expected, 0, second * S), Some(second / STEP_S));
        }
    }

    #[test]
    fn a_code_opens_once_and_not_long_before_or_after() {
        let now = 1_790_000_010 * S;
        let six = code(RFC, now);
        let step = check(RFC, &six, 0, now).unwrap();
        assert_eq!(check(RFC, &six, step, now), None, "replayed");
        assert_eq!(check(RFC, &six, step - 1, now + 30 * S), Some(step), "a clock that is slow");
        assert_eq!(check(RFC, &six, 0, now + 60 * S), None);
        assert_eq!(check(RFC, &six, 0, now - 60 * S), None);
    }

    #[test]
    fn what_is_typed_is_forgiven_its_spaces_and_nothing_else() {
        let now = 59 * S;
        assert!(check(RFC, " 287 082 ", 0, now).is_some());
        for wrong in ["", "28708", "2870820", "28708２", "-87082", "287082 1"] {
            assert_eq!(check(RFC, wrong, 0, now), None, "{wrong}");
        }
    }

    #[test]
    fn the_address_is_what_applications_read() {
        let uri = address(RFC, "Mairie d’Ici", "alice@demo.localhost");
        assert_eq!(
            *uri,
            "otpauth://totp/Mairie%20d%E2%80%99Ici:alice%40demo.localhost?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Mairie%20d%E2%80%99Ici&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(*shown(RFC), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(seed in any::<[u8; SEED]>(), typed in ".{0,40}", last in any::<i64>(), now in any::<i64>()) {
            let _ = check(&seed, &typed, last, now);
        }
    }
}
