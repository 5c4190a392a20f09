//! Randomness for those above who may have none of their own.
use crate::Store;
use zeroize::Zeroizing;

impl Store {
    /// 32 random bits, for minting an id.
    pub fn entropy(&self) -> u32 {
        u32::from_ne_bytes(random())
    }

    /// Random bytes for those who have no source of their own.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        random()
    }

    /// A salt for a password hash.
    pub fn salt(&self) -> [u8; 16] {
        random()
    }

    /// 32 random bytes, for a password that nobody chooses.
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(random())
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works, or nothing here is safe");
    bytes
}
