//! The PIN that opens a locked page: digits for one browser's session, never a way to sign in.
//!
//! The CNIL asks 13 bits of a code that unlocks one's own device, where tries are limited (délibération
//! 2022-100); six digits without the usual ones hold more than 19, and ten wrong ones end everything.

use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use zeroize::Zeroizing;

/// Digits at least.
pub const LEAST: usize = 6;
/// Digits at most.
pub const MOST: usize = 12;

/// A PIN that reads as one.
pub struct Pin(Zeroizing<String>);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Why a PIN cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPin {
    /// Not 6 to 12 digits.
    #[error("a PIN has {LEAST} to {MOST} digits and nothing else")]
    Digits,
    /// One that everybody tries first.
    #[error("this PIN is among the first that anybody tries; avoid runs, repetitions and patterns")]
    Usual,
}

impl WeakPin {
    /// A stable word for the client's catalogues.
    pub fn code(self) -> &'static str {
        match self {
            Self::Digits => "pin-digits",
            Self::Usual => "pin-usual",
        }
    }
}

/// Patterns of the keypad and dates of the calendar that stand on every list.
const LISTED: &[&str] = &[
    "123321", "321123", "112233", "223344", "332211", "147258", "258147", "147852", "159753", "159357",
    "357159", "753951", "951753", "102030", "010203", "246810", "135790", "100000", "000001", "007007",
    "142536", "456123",
];

impl Pin {
    /// Reads a PIN as it was typed; spaces between groups count for nothing.
    pub fn typed(text: &SecretString) -> Option<Self> {
        let digits: Zeroizing<String> =
            Zeroizing::new(text.expose_secret().chars().filter(|c| !c.is_whitespace()).collect());
        let fits = (LEAST..=MOST).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then_some(Self(digits))
    }

    /// Reads a PIN that somebody chooses.
    ///
    /// # Errors
    /// [`WeakPin`].
    pub fn chosen(text: &SecretString) -> Result<Self, WeakPin> {
        let pin = Self::typed(text).ok_or(WeakPin::Digits)?;
        if usual(&pin.0) { Err(WeakPin::Usual) } else { Ok(pin) }
    }

    /// The digits, to be hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn usual(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    let mut seen = [false; 10];
    for byte in bytes {
        seen[usize::from(byte - b'0')] = true;
    }
    // 111111, 121212, 112112.
    let few = seen.iter().filter(|seen| **seen).count() <= 2;
    // 123456, 890123, 654321.
    let run = |step: u8| bytes.windows(2).all(|pair| (pair[0] - b'0' + step) % 10 == pair[1] - b'0');
    // 123123, 12341234.
    let halves = bytes.len().is_multiple_of(2) && bytes[..bytes.len() / 2] == bytes[bytes.len() / 2..];
    few || run(1) || run(9) || halves || LISTED.contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), WeakPin> {
        Pin::chosen(&SecretString::from(text)).map(drop)
    }

    #[test]
    fn what_everybody_tries_first_is_no_pin() {
        for usual in [
            "000000", "111111", "123456", "654321", "012345", "890123", "121212", "123123", "112233",
            "159753",
        ] {
            assert_eq!(check(usual), Err(WeakPin::Usual), "{usual}");
        }
        for short in ["", "12345", "1234567890123", "12345a", "１２３４５６"] {
            assert_eq!(check(short), Err(WeakPin::Digits), "{short}");
        }
        for good in ["271828", "27 18 28", "418295", "40718263"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(format!("{:?}", Pin::typed(&SecretString::from("271828"))), "Some(Pin(…))");
    }

    /// CNIL: 13 bits. What is left of the million is worth more than 19.
    #[test]
    fn six_digits_hold_more_bits_than_asked() {
        let left = (0..1_000_000).filter(|n| !usual(&format!("{n:06}"))).count();
        assert!(left > 1 << 19, "{left}");
    }
}
