//! Codes on paper, for the day when the phone is gone: ten of them, each opens once.

use zeroize::Zeroizing;

/// How many are given at once.
pub const CODES: usize = 10;

/// Random bytes that one code takes.
pub const ENTROPY: usize = 7;

/// Crockford's base 32: nothing in it looks like something else.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code as it is shown, such as `7K2QD-M0WAT`: 50 bits. Enough, because a code is tried through the growing wait,
/// and what is kept of it is keyed (rules-and-bricks: CNIL asks 50 bits where tries are restricted).
pub fn code(entropy: [u8; ENTROPY]) -> Zeroizing<String> {
    let value = entropy.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let mut text = Zeroizing::new(String::with_capacity(11));
    for place in 0..10 {
        if place == 5 {
            text.push('-');
        }
        text.push(char::from(DIGITS[(value >> (place * 5) & 31) as usize]));
    }
    text
}

/// What was typed, as it is kept: ten characters without separators, the letters that look like digits read
/// as those (Crockford). `None` when it cannot be a code.
pub fn read(typed: &str) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(10));
    for c in typed.chars().take(40).filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '‑')) {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        if !DIGITS.contains(&u8::try_from(c).ok()?) || text.len() == 10 {
            return None;
        }
        text.push(c);
    }
    (text.len() == 10).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_copied_from_paper_is_read() {
        assert_eq!(read("o1234-abcde").unwrap().as_str(), "01234ABCDE");
        assert_eq!(read(" 0I234 ABCDE ").unwrap().as_str(), "01234ABCDE");
        for wrong in ["", "01234", "01234-ABCDEF", "01234-ABCDU", "01234-ABCDÉ"] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_code_reads_back(entropy in any::<[u8; ENTROPY]>()) {
            let shown = code(entropy);
            prop_assert_eq!(shown.replace('-', ""), read(&shown).unwrap().to_string());
            prop_assert_eq!(read(&shown.to_lowercase()).unwrap(), read(&shown).unwrap());
        }

        #[test]
        fn nothing_typed_panics(typed in ".{0,60}") {
            let _ = read(&typed);
        }
    }
}
