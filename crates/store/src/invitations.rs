//! Invitations and resets: links of one hour and one use.
use crate::{Result, Store, later};
use beffroi_domain::{Account, AccountId, Micros};
use beffroi_policy::{ManageAccounts, TenantPermit};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationKind {
    /// The first password of a new account.
    Invitation,
    /// Another password.
    Reset,
}

/// A link that still opens.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// For whom.
    pub account: Account,
    /// What for.
    pub kind: InvitationKind,
    /// Until when.
    pub expires: Micros,
}

impl Store {
    /// Makes a link and closes the former ones of this account; gives its token and when it expires.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account.
    pub async fn invite(
        &self,
        _permit: &TenantPermit<ManageAccounts>,
        _account: AccountId,
        _kind: InvitationKind,
        _now: Micros,
    ) -> Result<(String, Micros)> {
        later()
    }
    /// The link of a token, unless it was used, replaced or is over.
    ///
    /// # Errors
    /// The database.
    pub async fn invitation(&self, _token: &str, _now: Micros) -> Result<Option<Invitation>> {
        later()
    }
    /// Uses a link: sets the password and ends all sessions of the account, at once or not at all.
    /// `None` when it no longer opens.
    ///
    /// # Errors
    /// The database.
    pub async fn accept_invitation(
        &self,
        _token: &str,
        _phc: &str,
        _now: Micros,
    ) -> Result<Option<AccountId>> {
        later()
    }
}
