//! The few things asked of cryptography: seal, open, derive, hash, be random.

use crate::StoreError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, rand};
use zeroize::Zeroizing;

/// 32 secret bytes, wiped when dropped.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Bytes of a nonce.
pub(crate) const NONCE: usize = NONCE_LEN;

/// Bytes that sealing adds: nonce before, tag after.
pub(crate) const SEAL: usize = NONCE_LEN + 16;

/// An AES-256-GCM key (NIST SP 800-38D) with a random nonce for every message; one key seals far fewer
/// than the 2^32 messages that §8.3 allows.
pub(crate) struct Sealer(LessSafeKey);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes")))
    }

    /// Nonce, ciphertext, tag.
    pub(crate) fn seal(&self, about: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + SEAL);
        self.seal_onto(&mut sealed, about, plain);
        sealed
    }

    /// The same at the end of a buffer.
    pub(crate) fn seal_onto(&self, out: &mut Vec<u8>, about: &[u8], plain: &[u8]) {
        let nonce: [u8; NONCE_LEN] = random();
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(plain);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(about),
                &mut out[start..],
            )
            .expect("GCM seals up to 64 GiB, and nothing here is longer than 64 KiB or a message");
        out.extend_from_slice(tag.as_ref());
    }

    /// What was sealed about the same, in place; `None` when the bytes, the key or the subject differ.
    pub(crate) fn open_in_place<'a>(&self, about: &[u8], sealed: &'a mut [u8]) -> Option<&'a mut [u8]> {
        if sealed.len() < SEAL {
            return None;
        }
        let (nonce, rest) = sealed.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        self.0.open_in_place(nonce, Aad::from(about), rest).ok()
    }

    /// What was sealed about the same.
    pub(crate) fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let length = self.open_in_place(about, &mut bytes)?.len();
        bytes.copy_within(NONCE_LEN..NONCE_LEN + length, 0);
        bytes.truncate(length);
        Some(bytes)
    }

    /// A key that was sealed.
    pub(crate) fn open_key(&self, about: &[u8], sealed: &[u8]) -> Option<Secret> {
        let bytes = self.open(about, sealed)?;
        Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
    }
}

/// Random bytes from the system's generator.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system has a random generator; without one nothing here is safe");
    bytes
}

/// A new key.
pub(crate) fn new_secret() -> Secret {
    Zeroizing::new(random())
}

/// Entropy for an id.
pub(crate) fn entropy() -> u32 {
    u32::from_le_bytes(random())
}

/// A key for one purpose from another key: HKDF-SHA-256 (RFC 5869), without salt, as the input is
/// uniform already.
pub(crate) fn derived(key: &[u8; 32], purpose: &str) -> Secret {
    let mut out = Zeroizing::new([0; 32]);
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key)
        .expand(&[b"beffroi ", purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .expect("HKDF-SHA-256 gives up to 8160 bytes");
    out
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// A token for a link or a cookie: 32 random bytes in base64url, and what is kept of it.
pub(crate) fn new_token() -> (String, [u8; 32]) {
    use base64::Engine as _;
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<32>());
    let kept = sha256(token.as_bytes());
    (token, kept)
}

/// What is kept of a token; `None` for what cannot be one, so that no look-up is spent on it.
pub(crate) fn token_hash(token: &str) -> Option<[u8; 32]> {
    let fits =
        token.len() == 43 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| sha256(token.as_bytes()))
}

pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Damaged { what: what.into() }
}

/// `about` texts are built from numbers so that no two subjects read the same.
pub(crate) fn about(kind: &str, numbers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(kind.len() + 1 + numbers.len() * 8);
    bytes.extend_from_slice(kind.as_bytes());
    bytes.push(0);
    for number in numbers {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes
}
