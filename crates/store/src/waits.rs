//! The growing wait after failed sign-ins, kept across restarts.
use crate::{Result, Store, later};
use beffroi_domain::{AccountId, Micros};

impl Store {
    /// The counters of `keys`, in their order: failures, and when the last one was. Zero when unknown.
    ///
    /// # Errors
    /// The database.
    pub async fn wait_counters(&self, _keys: &[String]) -> Result<Vec<(u32, Micros)>> {
        later()
    }
    /// Writes counters; zero failures forgets the key.
    ///
    /// # Errors
    /// The database.
    pub async fn save_wait_counters(&self, _counters: &[(String, u32, Micros)]) -> Result<()> {
        later()
    }
    /// Forgets counters whose last failure, and places whose last sign-in, is older.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_waits(&self, _before: Micros) -> Result<()> {
        later()
    }
    /// Whether this account signed in from this block of addresses before.
    ///
    /// # Errors
    /// The database.
    pub async fn is_known_place(&self, _account: AccountId, _block: &str) -> Result<bool> {
        later()
    }
    /// Remembers a block of addresses from which an account signed in.
    ///
    /// # Errors
    /// The database.
    pub async fn remember_place(&self, _account: AccountId, _block: &str, _now: Micros) -> Result<()> {
        later()
    }
}
