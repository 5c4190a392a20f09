//! The key of a device: ECDSA on P-256 with SHA-256, as WebCrypto makes and uses it (W3C WebCrypto §23).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};

/// Bytes of a public key: an uncompressed point (SEC 1 §2.3.3).
pub const KEY: usize = 65;
/// Bytes of a signature: r and s (IEEE P1363).
pub const SIGNATURE: usize = 64;
/// How long a code that enrols a device is good for: ten minutes.
pub const CODE_LIFE_US: i64 = 10 * crate::MINUTE_US;

/// Crockford's base 32: a code survives being read aloud.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code that enrols a device, from 60 random bits: `7K2M-QX4T-9BDF`. It is used once within ten minutes, and
/// who guessed one would have enrolled a device that opens nothing without signing in.
pub fn code(entropy: [u8; 12]) -> String {
    let digits: Vec<char> = entropy.iter().map(|byte| char::from(DIGITS[usize::from(byte & 31)])).collect();
    digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A code as somebody typed it: any case, with or without the lines, `O` for zero, `I` and `L` for one.
pub fn read_code(typed: &str) -> Option<String> {
    let mut digits = String::new();
    for letter in typed.chars().filter(|c| !matches!(c, '-' | ' ')) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if digits.len() == 12 || !u8::try_from(letter).is_ok_and(|byte| DIGITS.contains(&byte)) {
            return None;
        }
        digits.push(letter);
    }
    (digits.len() == 12).then(|| format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..]))
}

/// What a device signs to be enrolled: that it holds the key, for this code, here.
pub fn enrolment(domain: &str, code: &str) -> Vec<u8> {
    format!("beffroi-enrol\0{domain}\0{code}").into_bytes()
}

/// What a device signs for a session.
pub fn proof(domain: &str, device: &str, challenge: &str) -> Vec<u8> {
    format!("beffroi-device\0{domain}\0{device}\0{challenge}").into_bytes()
}

/// Whether `key` can be a device's.
pub fn is_key(key: &[u8]) -> bool {
    key.len() == KEY && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).is_ok()
}

/// Whether the holder of `key` signed this.
pub fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    signature.len() == SIGNATURE
        && ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
            .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let made = code([7, 19, 2, 20, 0, 1, 31, 30, 255, 32, 33, 8]);
        assert_eq!(made, "7K2M-01ZY-Z018");
        for typed in ["7K2M-01ZY-Z018", "7k2m01zyz018", " 7k2m olzy zoi8 "] {
            assert_eq!(read_code(typed), Some(made.clone()), "{typed}");
        }
        for wrong in ["", "7K2M-01ZY-Z01", "7K2M-01ZY-Z0188", "7K2M-01ZY-Z01U", "7K2M-01ZY-Z01é"] {
            assert_eq!(read_code(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_holder_of_the_key_signs_and_only_this() {
        let pair = |()| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (own, other) = (pair(()), pair(()));
        let message = proof("mairie.test", "0000000000001", "abc");
        let signed = own.sign(&SystemRandom::new(), &message).unwrap();
        let key = own.public_key().as_ref();
        assert!(is_key(key) && verify(key, &message, signed.as_ref()));
        assert!(!verify(other.public_key().as_ref(), &message, signed.as_ref()));
        for changed in [
            proof("mairie.test", "0000000000001", "abd"),
            proof("mairie.test", "0000000000002", "abc"),
            proof("autre.test", "0000000000001", "abc"),
            enrolment("mairie.test", "abc"),
        ] {
            assert!(!verify(key, &changed, signed.as_ref()));
        }
        assert!(!verify(key, &message, &signed.as_ref()[..63]) && !verify(b"key", &message, signed.as_ref()));
        assert!(!is_key(&[4; KEY]) && !is_key(&key[..64]));
    }
}
