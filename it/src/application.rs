//! An authenticator application: RFC 6238 once more, written apart from the server's.

use aws_lc_rs::hmac;
use std::time::{SystemTime, UNIX_EPOCH};

/// An application that holds one seed.
#[derive(Clone, Debug)]
pub struct Application {
    seed: Vec<u8>,
}

impl Application {
    /// With the seed that the server shows, base 32 with spaces.
    ///
    /// # Panics
    /// When that is no base 32.
    pub fn holding(shown: &str) -> Self {
        let mut seed = vec![];
        let (mut held, mut bits) = (0_u32, 0);
        for letter in shown.bytes().filter(|b| *b != b' ') {
            let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|d| *d == letter);
            held = held << 5 | u32::try_from(digit.expect("base 32")).expect("below 32");
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                seed.push((held >> bits & 0xff) as u8);
            }
        }
        Self { seed }
    }

    /// The code that it shows, `steps` of thirty seconds from now. The server takes one step to either side, and
    /// each once: -1, 0, 1 are three codes without waiting.
    ///
    /// # Panics
    /// When the clock is before 1970.
    pub fn code(&self, steps: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
        let step = i64::try_from(now / 30).expect("the clock is sane") + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let four: [u8; 4] = tag[at..at + 4].try_into().expect("twenty bytes hold four at fifteen");
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}
