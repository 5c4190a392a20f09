//! People of tenants.
use crate::{Result, Store, later};
use beffroi_domain::{Account, AccountId, Address, Micros, PersonName, Rank, Role};
use beffroi_policy::{ManageAccounts, ReadPeople, ReadRooms, TenantPermit};

/// Someone to add.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// E-mail address; its domain is the tenant's.
    pub address: Address,
    /// Shown name.
    pub name: PersonName,
    /// Technical role.
    pub role: Role,
    /// The highest label they may see.
    pub clearance: Rank,
    /// Argon2id in PHC form; `None` until an invitation is accepted.
    pub password: Option<String>,
}

/// An account as the administration lists it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The account.
    pub account: Account,
    /// When it was made.
    pub created: Micros,
    /// When one of its sessions was last used.
    pub last_used: Option<Micros>,
}

impl Store {
    /// Adds someone.
    ///
    /// # Errors
    /// `Taken` when the address has an account, `Refused` when it is of another domain.
    pub async fn add_account(
        &self,
        _permit: &TenantPermit<ManageAccounts>,
        _new: NewAccount,
        _now: Micros,
    ) -> Result<Account> {
        later()
    }
    /// An account by id.
    ///
    /// # Errors
    /// The database.
    pub async fn account(&self, _id: AccountId) -> Result<Option<Account>> {
        later()
    }
    /// An account and its password (PHC) by address.
    ///
    /// # Errors
    /// The database.
    pub async fn account_by_address(&self, _address: &Address) -> Result<Option<(Account, Option<String>)>> {
        later()
    }
    /// Everyone enabled in the tenant, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn people(&self, _permit: &TenantPermit<ReadPeople>) -> Result<Vec<Account>> {
        later()
    }
    /// All accounts of the tenant, by address.
    ///
    /// # Errors
    /// The database.
    pub async fn accounts(&self, _permit: &TenantPermit<ReadRooms>) -> Result<Vec<AccountRow>> {
        later()
    }
    /// Replaces a password; sessions stay.
    ///
    /// # Errors
    /// `Gone` when there is no such account.
    pub async fn set_password(&self, _account: AccountId, _phc: &str, _now: Micros) -> Result<()> {
        later()
    }
    /// Disables (and ends all sessions, in the same transaction) or enables. Gives the sessions ended.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account.
    pub async fn set_enabled(
        &self,
        _permit: &TenantPermit<ManageAccounts>,
        _account: AccountId,
        _enabled: bool,
        _now: Micros,
    ) -> Result<Vec<beffroi_domain::SessionId>> {
        later()
    }
}
