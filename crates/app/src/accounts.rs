//! Administration of people, and the audit log.

use crate::{App, Caller, Error};
use beffroi_domain::{Account, Address, Micros, PersonName, Rank, Role, one_script};
use beffroi_policy::{ManageAccounts, ReadAudit, ReadRooms, TenantAct, TenantPermit, decide_touching};
use beffroi_store::{
    AuditFilter, AuditPage, InvitationKind, NewAccount, Notice, PeopleFilter, PeoplePage, Tile,
};

/// What a new account is cleared for: everything but the protective marks.
pub(crate) const USUAL_CLEARANCE: Rank = Rank(2);

impl App {
    /// A page of the people of the tenant; what is searched for is read there.
    ///
    /// # Errors
    /// `Denied`; `NotFound` when it goes on after somebody who is not there.
    pub async fn accounts(
        &self,
        caller: &Caller,
        filter: &PeopleFilter,
        now: Micros,
    ) -> Result<PeoplePage, Error> {
        let permit = self.authorise_in_tenant::<ReadRooms>(caller, now).await?;
        Ok(self.store.accounts(&permit, filter).await?)
    }

    /// Adds a person and gives the link's secret with which they choose their password.
    ///
    /// # Errors
    /// `Denied`; `Invalid` for an address of another domain; `Conflict` when it is taken.
    pub async fn invite(
        &self,
        caller: &Caller,
        address: Address,
        name: PersonName,
        role: Role,
        now: Micros,
    ) -> Result<(String, Micros), Error> {
        let permit = self.touching::<ManageAccounts>(caller, role, now).await?;
        self.may_hold(caller, ManageAccounts::NAME, role, now).await?;
        if address.domain() != caller.tenant.domain.as_str() {
            return Err(Error::Invalid(format!(
                "{address} is not an address of {}; people of other bodies come as guests",
                caller.tenant.domain
            )));
        }
        one_script(name.as_str()).map_err(|mixed| Error::Invalid(mixed.to_string()))?;
        let new = NewAccount { address, name, role, clearance: USUAL_CLEARANCE, password: None };
        let account = self.store.add_account(&permit, new, now).await?;
        self.announce(Notice::PeopleChanged(account.id));
        Ok(self.store.invite(&permit, account.id, InvitationKind::Invitation, now).await?)
    }

    /// A link with which someone chooses a new password.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn reset(
        &self,
        caller: &Caller,
        address: &Address,
        now: Micros,
    ) -> Result<(String, Micros), Error> {
        // Who may not do it at all does not learn who is here.
        self.authorise_in_tenant::<ManageAccounts>(caller, now).await?;
        let account = self.of_tenant(caller, address).await?;
        let permit = self.touching::<ManageAccounts>(caller, account.role, now).await?;
        Ok(self.store.invite(&permit, account.id, InvitationKind::Reset, now).await?)
    }

    /// Disables or enables someone. Disabled: their sessions and streams end at once (ID11).
    ///
    /// # Errors
    /// `Denied`, `NotFound`; `Conflict` for oneself.
    pub async fn set_enabled(
        &self,
        caller: &Caller,
        address: &Address,
        enabled: bool,
        now: Micros,
    ) -> Result<(), Error> {
        self.authorise_in_tenant::<ManageAccounts>(caller, now).await?;
        let account = self.of_tenant(caller, address).await?;
        let permit = self.touching::<ManageAccounts>(caller, account.role, now).await?;
        if account.id == caller.account()?.id && !enabled {
            return Err(Error::Conflict(
                "nobody disables their own account; ask another administrator".into(),
            ));
        }
        if !enabled && let Err(denied) = self.leaves(&account).await? {
            return Err(self.denied(caller, ManageAccounts::NAME, None, denied, now).await);
        }
        self.store.set_enabled(&permit, account.id, enabled, now).await?;
        if !enabled {
            self.announce(Notice::AccountDisabled(account.id));
        }
        self.announce(Notice::PeopleChanged(account.id));
        Ok(())
    }

    /// Asks the policy about an account of this technical role, there or to be made.
    async fn touching<A: TenantAct>(
        &self,
        caller: &Caller,
        role: Role,
        now: Micros,
    ) -> Result<TenantPermit<A>, Error> {
        match decide_touching::<A>(&caller.actor(None, now), role) {
            Ok(permit) => Ok(permit),
            Err(denied) => Err(self.denied(caller, A::NAME, None, denied, now).await),
        }
    }

    pub(crate) async fn of_tenant(&self, caller: &Caller, address: &Address) -> Result<Account, Error> {
        let found = self.store.account_by_address(address).await?.map(|(account, _)| account);
        found.filter(|a| a.tenant == caller.tenant.id).ok_or(Error::NotFound("person"))
    }

    /// A page of the audit log.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        now: Micros,
    ) -> Result<AuditPage, Error> {
        let permit = self.authorise_in_tenant::<ReadAudit>(caller, now).await?;
        Ok(self.store.audit(&permit, filter).await?)
    }

    /// The signed checkpoint of the audit log.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn audit_checkpoint(&self, caller: &Caller, now: Micros) -> Result<String, Error> {
        let permit = self.authorise_in_tenant::<ReadAudit>(caller, now).await?;
        Ok(self.store.audit_checkpoint(&permit).await?)
    }

    /// A tile of the audit log; `None` is one that nobody could name.
    ///
    /// # Errors
    /// `Denied`, before anything else; `NotFound` when the log has no such tile.
    pub async fn audit_tile(
        &self,
        caller: &Caller,
        tile: Option<&Tile>,
        now: Micros,
    ) -> Result<Vec<u8>, Error> {
        let permit = self.authorise_in_tenant::<ReadAudit>(caller, now).await?;
        self.may_export(caller, &permit, now).await?;
        let tile = tile.ok_or(Error::NotFound("tile"))?;
        self.store.audit_tile(&permit, tile).await?.ok_or(Error::NotFound("tile"))
    }
}
