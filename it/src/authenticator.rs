//! The security key of a [`crate::Browser`], for passkeys over HTTP: options in, answer out, both JSON.

pub use beffroi_testkit::{Authenticator, MAKER, MODEL};

impl crate::Browser {
    /// A security key at this browser's page; a copy of it ([`Authenticator::cloned`]) is a copied key.
    pub fn authenticator(&self) -> Authenticator {
        Authenticator::new(&format!("http://{}", self.host))
    }
}
