//! What an administrator does about somebody else's account: lost keys, roles, departures.

use crate::{App, Caller, Error};
use beffroi_domain::{Account, AccountId, Address, Micros, Role, SessionId};
use beffroi_policy::{Denied, ManageAccounts, ManageRoles, TenantAct, TenantPermit, decide_about};
use beffroi_store::{Belongings, Notice};
use std::sync::Arc;

impl App {
    /// Takes away what somebody signed in with, who lost it and was recognised by other means, and gives a
    /// link's secret with which they choose another password. Their sessions and streams end at once.
    ///
    /// # Errors
    /// `Denied`, for oneself too; `NotFound`.
    pub async fn replace_lost_keys(
        &self,
        caller: &Caller,
        address: &Address,
        now: Micros,
    ) -> Result<(String, Micros), Error> {
        let (permit, account) = self.about::<ManageAccounts>(caller, address, now).await?;
        let (token, expires, ended) = self.store.replace_lost_keys(&permit, account.id, now).await?;
        self.over(ended);
        Ok((token, expires))
    }

    /// Gives somebody another technical role. Their sessions and streams end at once: they come back with the
    /// rights of the new one, and nothing opened before keeps the old.
    ///
    /// # Errors
    /// `Denied`, for oneself and for the last administrator too; `NotFound`.
    pub async fn set_role(
        &self,
        caller: &Caller,
        address: &Address,
        role: Role,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, account) = self.about::<ManageRoles>(caller, address, now).await?;
        self.may_hold(caller, ManageRoles::NAME, role, now).await?;
        if role != Role::Administrator
            && let Err(denied) = self.leaves(&account).await?
        {
            return Err(self.denied(caller, ManageRoles::NAME, None, denied, now).await);
        }
        self.over(self.store.set_role(&permit, account.id, role, now).await?);
        self.announce(Notice::PeopleChanged(account.id));
        Ok(())
    }

    /// What of somebody would end if they left, and which rooms would need a colleague; nothing is changed.
    ///
    /// # Errors
    /// `Denied`, for oneself too; `NotFound`.
    pub async fn belongings(
        &self,
        caller: &Caller,
        address: &Address,
        now: Micros,
    ) -> Result<Belongings, Error> {
        let (permit, account) = self.about::<ManageAccounts>(caller, address, now).await?;
        Ok(self.store.belongings(&permit, account.id, now).await?)
    }

    /// Somebody leaves: everything of theirs ends at once, the rooms that only they owned go to a colleague.
    ///
    /// # Errors
    /// `Denied`, for oneself, for the last administrator, and for a colleague who may not see one of the rooms;
    /// `NotFound`; `Invalid` when a colleague is needed and none is named, or cannot be.
    pub async fn depart(
        &self,
        caller: &Caller,
        address: &Address,
        colleague: Option<&Address>,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, account) = self.about::<ManageAccounts>(caller, address, now).await?;
        if let Err(denied) = self.leaves(&account).await? {
            return Err(self.denied(caller, ManageAccounts::NAME, None, denied, now).await);
        }
        let colleague = match colleague {
            Some(address) => Some(self.of_tenant(caller, address).await?),
            None => None,
        };
        if colleague.as_ref().is_some_and(|one| one.id == account.id || !one.enabled) {
            return Err(Error::Invalid(
                "name a colleague whose account is open to take the rooms over".into(),
            ));
        }
        let rooms = self.store.belongings(&permit, account.id, now).await?.rooms;
        if let Some(colleague) = &colleague {
            for room in &rooms {
                if let Err(denied) = beffroi_policy::may_take_over(&room.label, colleague.clearance) {
                    return Err(self.denied(caller, ManageAccounts::NAME, Some(room), denied, now).await);
                }
            }
        }
        let ids: Vec<_> = rooms.iter().map(|room| room.id).collect();
        let heir = colleague.map(|one| one.id);
        let departed = self.store.depart(&permit, account.id, heir, &ids, now).await?;
        self.announce(Notice::AccountDisabled(account.id));
        self.over(departed.sessions);
        for (room, link) in departed.guest_links {
            self.announce(Notice::LinkClosed { room, link });
        }
        for event in departed.events {
            self.announce(Notice::Event(Arc::new(event)));
        }
        for room in departed.rooms {
            self.tell_members(room).await?;
        }
        self.announce(Notice::PeopleChanged(account.id));
        Ok(())
    }

    /// Gives somebody another technical role, at the machine. A running server ends their streams within two
    /// seconds.
    ///
    /// # Errors
    /// `Invalid` when nobody has this address, `Denied` for the last administrator.
    pub async fn operator_set_role(&self, address: &Address, role: Role, now: Micros) -> Result<(), Error> {
        let account = self.operator_account(address).await?;
        let tenant = self.hosted(address.domain()).await?;
        if let Err(denied) = beffroi_policy::may_hold(role, tenant.operates) {
            return Err(self.machine_denied(&tenant, ManageRoles::NAME, denied, now).await);
        }
        if role != Role::Administrator
            && let Err(denied) = self.leaves(&account).await?
        {
            return Err(self.machine_denied(&tenant, ManageRoles::NAME, denied, now).await);
        }
        let permit = beffroi_policy::operator(account.tenant, AccountId(0));
        self.over(self.store.set_role(&permit, account.id, role, now).await?);
        self.announce(Notice::PeopleChanged(account.id));
        Ok(())
    }

    /// Takes away what somebody lost, at the machine: the way back for the only administrator. Gives the secret of
    /// a link with which they choose another password.
    ///
    /// # Errors
    /// `Invalid` when nobody has this address.
    pub async fn operator_replace_lost_keys(&self, address: &Address, now: Micros) -> Result<String, Error> {
        let account = self.operator_account(address).await?;
        let permit = beffroi_policy::operator(account.tenant, AccountId(0));
        let (token, _, ended) = self.store.replace_lost_keys(&permit, account.id, now).await?;
        self.over(ended);
        Ok(token)
    }

    /// Asks the policy about the account of somebody else.
    pub(crate) async fn about<A: TenantAct>(
        &self,
        caller: &Caller,
        address: &Address,
        now: Micros,
    ) -> Result<(TenantPermit<A>, Account), Error> {
        // Who may not do it at all does not learn who is here.
        self.authorise_in_tenant::<A>(caller, now).await?;
        let account = self.of_tenant(caller, address).await?;
        match decide_about::<A>(&caller.actor(None, now), account.id, account.role) {
            Ok(permit) => Ok((permit, account)),
            Err(denied) => Err(self.denied(caller, A::NAME, None, denied, now).await),
        }
    }

    /// Whether somebody may stop administering.
    pub(crate) async fn leaves(&self, account: &Account) -> Result<Result<(), Denied>, Error> {
        if !account.enabled || account.role != Role::Administrator {
            return Ok(Ok(()));
        }
        let others = self.store.other_administrators(account.tenant, account.id).await?;
        Ok(beffroi_policy::someone_administers(others))
    }

    fn over(&self, sessions: Vec<SessionId>) {
        for session in sessions {
            self.announce(Notice::SessionEnded(session));
        }
    }
}
