//! What the operator does at the machine itself: no permission of a tenant is asked, everything is audited.

use crate::accounts::USUAL_CLEARANCE;
use crate::{App, Error, Secret};
use beffroi_domain::{
    Account, AccountId, Address, Domain, Micros, PersonName, Role, Room, RoomName, Tenant, one_script,
};
use beffroi_policy::{ManageAccounts, ReadAudit, TenantAct as _, TenantPermit, operator};
use beffroi_store::{InvitationKind, NewAccount, Notice, Tile};

/// Someone to add.
#[derive(Debug)]
pub struct NewPerson {
    /// Their address; its domain says the tenant.
    pub address: Address,
    /// What they are called.
    pub name: PersonName,
    /// Their technical role.
    pub role: Role,
    /// Their password; without one they are invited.
    pub password: Option<Secret>,
}

/// Entries made by the operator name no account.
pub(crate) const NOBODY: AccountId = AccountId(0);

impl App {
    /// Adds an account; without a password, gives the secret of an invitation link.
    ///
    /// # Errors
    /// `Invalid` with the command that adds the domain when nobody hosts it, `WeakPassword`, `Conflict`.
    pub async fn operator_add_account(
        &self,
        person: NewPerson,
        now: Micros,
    ) -> Result<Option<String>, Error> {
        let tenant = self.hosted(person.address.domain()).await?;
        if let Err(denied) = beffroi_policy::may_hold(person.role, tenant.operates) {
            return Err(self.machine_denied(&tenant, ManageAccounts::NAME, denied, now).await);
        }
        one_script(person.name.as_str()).map_err(|mixed| Error::Invalid(mixed.to_string()))?;
        if self.store.account_by_address(&person.address).await?.is_some() {
            return Err(Error::Conflict(format!("{} is already there", person.address)));
        }
        let permit = operator(tenant.id, NOBODY);
        let phc = match person.password {
            Some(password) => {
                let shown = Account {
                    id: NOBODY,
                    tenant: tenant.id,
                    address: person.address.clone(),
                    name: person.name.clone(),
                    role: person.role,
                    clearance: USUAL_CLEARANCE,
                    enabled: true,
                };
                Some(self.hash_new(&shown, password).await?)
            }
            None => None,
        };
        let invited = phc.is_none();
        let new = NewAccount {
            address: person.address,
            name: person.name,
            role: person.role,
            clearance: USUAL_CLEARANCE,
            password: phc,
        };
        let account = self.store.add_account(&permit, new, now).await?;
        if invited {
            let (token, _) = self.store.invite(&permit, account.id, InvitationKind::Invitation, now).await?;
            return Ok(Some(token));
        }
        Ok(None)
    }

    /// The tenant of a domain.
    ///
    /// # Errors
    /// `Invalid` with the command that adds it.
    pub async fn operator_tenant(&self, domain: &Domain) -> Result<Tenant, Error> {
        self.store.tenant_by_domain(domain.as_str()).await?.ok_or_else(|| {
            Error::Invalid(format!(
                "{domain} is not hosted here; first: beffroi tenant add {domain} --name \"NAME\""
            ))
        })
    }

    /// Disables an account. A running server notices within two seconds.
    ///
    /// # Errors
    /// `Invalid` when nobody has this address, `Denied` for the last administrator.
    pub async fn operator_disable_account(&self, address: &Address, now: Micros) -> Result<(), Error> {
        let account = self.known(address).await?;
        if let Err(denied) = self.leaves(&account).await? {
            let tenant = self.hosted(address.domain()).await?;
            return Err(self.machine_denied(&tenant, ManageAccounts::NAME, denied, now).await);
        }
        self.store.set_enabled(&operator(account.tenant, NOBODY), account.id, false, now).await?;
        self.store.announce(Notice::AccountDisabled(account.id));
        Ok(())
    }

    /// Makes a room.
    ///
    /// # Errors
    /// `NotFound` for people or a label that are not there, `Denied` for a protective mark.
    pub async fn operator_add_room(
        &self,
        name: RoomName,
        label: &str,
        owner: &Address,
        members: &[Address],
        now: Micros,
    ) -> Result<Room, Error> {
        let owner = self.known(owner).await?;
        let mut ids = vec![];
        for address in members {
            let member = self.known(address).await?;
            if member.tenant != owner.tenant {
                return Err(Error::Invalid(format!(
                    "{address} is not of {}'s body; people of other bodies come as guests",
                    owner.address
                )));
            }
            if member.id != owner.id {
                ids.push(member.id);
            }
        }
        let tenant = self.hosted(owner.address.domain()).await?;
        let chosen = self.operator_label(&tenant, label).await?;
        if let Err(denied) = beffroi_policy::label_open(&chosen, now) {
            return Err(self.machine_denied(&tenant, "room.create", denied, now).await);
        }
        Ok(self
            .store
            .create_room(&operator(owner.tenant, owner.id), &name, "", label, owner.id, &ids, now)
            .await?)
    }

    pub(crate) async fn hosted(&self, domain: &str) -> Result<Tenant, Error> {
        self.store.tenant_by_domain(domain).await?.ok_or_else(|| {
            Error::Invalid(format!(
                "nobody of {domain} is hosted here; first: beffroi tenant add {domain} --name \"NAME\""
            ))
        })
    }

    async fn known(&self, address: &Address) -> Result<Account, Error> {
        self.hosted(address.domain()).await?;
        let found = self.store.account_by_address(address).await?.map(|(account, _)| account);
        found.ok_or_else(|| {
            Error::Invalid(format!(
                "{address} is not known here; first: beffroi account add {address} --name \"NAME\" --invite"
            ))
        })
    }
}

impl App {
    /// The checkpoint of a log that the operator's settings publish, for bodies that witness it.
    ///
    /// # Errors
    /// `NotFound` for every other log, hosted here or not.
    pub async fn published_checkpoint(&self, domain: &str) -> Result<String, Error> {
        Ok(self.store.audit_checkpoint(&self.published(domain).await?).await?)
    }

    /// A tile of such a log.
    ///
    /// # Errors
    /// `NotFound`, also when the log has no such tile.
    pub async fn published_tile(&self, domain: &str, tile: &Tile) -> Result<Vec<u8>, Error> {
        let permit = self.published(domain).await?;
        self.store.audit_tile(&permit, tile).await?.ok_or(Error::NotFound("tile"))
    }

    async fn published(&self, domain: &str) -> Result<TenantPermit<ReadAudit>, Error> {
        if !self.rules.published_logs.contains(domain) {
            return Err(Error::NotFound("log"));
        }
        let tenant = self.store.tenant_by_domain(domain).await?.ok_or(Error::NotFound("log"))?;
        Ok(operator(tenant.id, NOBODY))
    }
}

impl App {
    /// Puts words of somebody into a room, for the demonstration's little history: asked of the policy
    /// like anybody's.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn operator_say(
        &self,
        account: &Account,
        room: beffroi_domain::RoomId,
        payload: String,
        now: Micros,
    ) -> Result<(), Error> {
        let facts = self.store.room(room).await?.ok_or(Error::NotFound("room"))?;
        let actor = beffroi_policy::Actor {
            who: beffroi_policy::Who::Account(account.id),
            tenant: account.tenant,
            role: account.role,
            clearance: account.clearance,
            factor: beffroi_domain::Factor::Password,
            helper: None,
            administration: beffroi_policy::Administration {
                factor: beffroi_domain::Factor::Passkey,
                inside: false,
            },
            managed_device: None,
            identified: None,
            membership: self.store.membership(room, account.id).await?,
            now,
        };
        let permit = beffroi_policy::decide::<beffroi_policy::Speak>(&actor, &facts)?;
        let author =
            beffroi_domain::Author::Account(account.id, account.address.clone(), account.name.clone());
        let speech = beffroi_domain::Speech { origin: format!("demo-{now}"), meeting: None, payload };
        self.store.say(&permit, author, speech, now).await?;
        Ok(())
    }

    /// An account by its address, for the operator.
    ///
    /// # Errors
    /// `Invalid` with the command that adds it.
    pub async fn operator_account(&self, address: &Address) -> Result<Account, Error> {
        self.known(address).await
    }
}
