//! The body's own roles: made, given, taken away, with the rooms that they bring.

use crate::{App, Caller, Error};
use beffroi_domain::{
    Account, Address, BusinessRole, BusinessRoleId, Domain, MemberRank, Micros, RoleName, Room, RoomId,
    RoomKind,
};
use beffroi_policy::{ManageBusinessRoles, ReadBusinessRoles, TenantPermit, operator};
use beffroi_store::{BusinessRoleRow, Moved, Notice};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Entries made by the operator name no account.
const NOBODY: beffroi_domain::AccountId = beffroi_domain::AccountId(0);

/// A role with everything about it.
#[derive(Clone, Debug)]
pub struct BusinessRoleView {
    /// The role.
    pub row: BusinessRoleRow,
    /// Who holds it, by name.
    pub holders: Vec<Account>,
    /// The rooms that it brings, by name, and as what.
    pub rooms: Vec<(Room, MemberRank)>,
    /// Memberships that would end with it, because nothing else brought them.
    pub only_by_it: i64,
}

impl App {
    /// The roles of the caller's body.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn business_roles(&self, caller: &Caller, now: Micros) -> Result<Vec<BusinessRoleRow>, Error> {
        let permit = self.authorise_in_tenant::<ReadBusinessRoles>(caller, now).await?;
        Ok(self.store.business_roles(&permit).await?)
    }

    /// One of them, with who holds it and what it brings.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn business_role(
        &self,
        caller: &Caller,
        role: BusinessRoleId,
        now: Micros,
    ) -> Result<BusinessRoleView, Error> {
        let permit = self.authorise_in_tenant::<ReadBusinessRoles>(caller, now).await?;
        let row = self.store.business_role(&permit, role).await?.ok_or(Error::NotFound("role"))?;
        Ok(BusinessRoleView {
            row,
            holders: self.store.business_role_holders(&permit, role).await?,
            rooms: self.store.business_role_rooms(&permit, role).await?,
            only_by_it: self.store.memberships_only_by(&permit, role).await?,
        })
    }

    /// The roles that somebody holds.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn business_roles_of(
        &self,
        caller: &Caller,
        address: &Address,
        now: Micros,
    ) -> Result<Vec<BusinessRoleRow>, Error> {
        let permit = self.authorise_in_tenant::<ReadBusinessRoles>(caller, now).await?;
        let account = self.of_tenant(caller, address).await?;
        Ok(self.store.business_roles_of(&permit, account.id).await?)
    }

    /// Makes a role.
    ///
    /// # Errors
    /// `Denied`; a name that another role has.
    pub async fn add_business_role(
        &self,
        caller: &Caller,
        name: &RoleName,
        description: &str,
        now: Micros,
    ) -> Result<BusinessRole, Error> {
        let permit = self.authorise_in_tenant::<ManageBusinessRoles>(caller, now).await?;
        let description = described(description)?;
        Ok(self.store.add_business_role(&permit, name, &description, now).await?)
    }

    /// Gives a role another name or description.
    ///
    /// # Errors
    /// `Denied`, `NotFound`; a name that another role has.
    pub async fn change_business_role(
        &self,
        caller: &Caller,
        role: BusinessRoleId,
        name: Option<&RoleName>,
        description: Option<&str>,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<ManageBusinessRoles>(caller, now).await?;
        let description = description.map(described).transpose()?;
        Ok(self.store.change_business_role(&permit, role, name, description.as_deref(), now).await?)
    }

    /// Deletes a role: who came to a room only by it leaves the room at once.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn delete_business_role(
        &self,
        caller: &Caller,
        role: BusinessRoleId,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<ManageBusinessRoles>(caller, now).await?;
        let moved = self.store.delete_business_role(&permit, role, now).await?;
        self.tell_moved(moved).await
    }

    /// Gives a role to somebody, or takes it away.
    ///
    /// # Errors
    /// `Denied`, for oneself too, and for whoever manages people when the person holds a technical role;
    /// `NotFound`.
    pub async fn hold_business_role(
        &self,
        caller: &Caller,
        role: BusinessRoleId,
        address: &Address,
        holds: bool,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, account) = self.about::<ManageBusinessRoles>(caller, address, now).await?;
        let moved = if holds {
            self.store.give_business_role(&permit, role, account.id, now).await?
        } else {
            self.store.take_business_role(&permit, role, account.id, now).await?
        };
        self.tell_moved(moved).await
    }

    /// Says that a role brings a room, as what, or no longer.
    ///
    /// # Errors
    /// `Denied`, `NotFound`; `Invalid` for owners and for a room of two.
    pub async fn set_business_role_room(
        &self,
        caller: &Caller,
        role: BusinessRoleId,
        room: RoomId,
        rank: Option<MemberRank>,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<ManageBusinessRoles>(caller, now).await?;
        let moved = self.store.set_business_role_room(&permit, role, room, rank, now).await?;
        self.tell_moved(moved).await
    }

    /// What a membership by hand tells is told here too: whoever lost a room stops reading it at once.
    async fn tell_moved(&self, moved: Vec<Moved>) -> Result<(), Error> {
        let rooms: BTreeSet<RoomId> = moved.iter().map(Moved::room).collect();
        for one in moved {
            match one {
                Moved::Added(event) => self.announce(Notice::Event(Arc::new(event))),
                Moved::Removed(event, account) => {
                    let room = event.room;
                    self.announce(Notice::Event(Arc::new(event)));
                    self.announce(Notice::MemberRemoved { room, account });
                    self.announce(Notice::RoomsChanged { room, accounts: vec![account].into() });
                }
                Moved::Ranked(_) => {}
            }
        }
        for room in rooms {
            self.tell_members(room).await?;
        }
        Ok(())
    }
}

fn described(text: &str) -> Result<String, Error> {
    beffroi_domain::topic(text).map_err(|wrong| Error::Invalid(wrong.to_string()))
}

/// The operator at the machine.
impl App {
    /// Makes a role of a body.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain; a name that another role has.
    pub async fn operator_add_business_role(
        &self,
        domain: &Domain,
        name: &RoleName,
        description: &str,
        now: Micros,
    ) -> Result<BusinessRole, Error> {
        let tenant = self.operator_tenant(domain).await?;
        let description = described(description)?;
        Ok(self.store.add_business_role(&operator(tenant.id, NOBODY), name, &description, now).await?)
    }

    /// Gives a role to somebody, or takes it away. A running server notices within two seconds.
    ///
    /// # Errors
    /// `Invalid` when nobody has this address, or their body no such role.
    pub async fn operator_hold_business_role(
        &self,
        name: &RoleName,
        address: &Address,
        holds: bool,
        now: Micros,
    ) -> Result<(), Error> {
        let account = self.operator_account(address).await?;
        let tenant = self.hosted(address.domain()).await?;
        let role = self.operator_business_role(&operator(tenant.id, NOBODY), name, address.domain()).await?;
        let permit = operator(tenant.id, NOBODY);
        let moved = if holds {
            self.store.give_business_role(&permit, role.id, account.id, now).await?
        } else {
            self.store.take_business_role(&permit, role.id, account.id, now).await?
        };
        self.tell_moved(moved).await
    }

    /// Says that a role brings a room: `SLUG@rooms.DOMAIN`.
    ///
    /// # Errors
    /// `Invalid` for a room or a role that is not there, and for a room of two.
    pub async fn operator_set_business_role_room(
        &self,
        name: &RoleName,
        room: &str,
        rank: MemberRank,
        now: Micros,
    ) -> Result<Room, Error> {
        let unknown =
            || Error::Invalid(format!("there is no room `{room}`; say its address, SLUG@rooms.DOMAIN"));
        let (slug, domain) = room.split_once("@rooms.").ok_or_else(unknown)?;
        let tenant = self.hosted(domain).await?;
        let found = self.store.room_by_slug(tenant.id, slug).await?;
        let found = found.filter(|one| one.kind == RoomKind::Group).ok_or_else(unknown)?;
        let role = self.operator_business_role(&operator(tenant.id, NOBODY), name, domain).await?;
        let permit = operator(tenant.id, NOBODY);
        let moved = self.store.set_business_role_room(&permit, role.id, found.id, Some(rank), now).await?;
        self.tell_moved(moved).await?;
        Ok(found)
    }

    async fn operator_business_role(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
        name: &RoleName,
        domain: &str,
    ) -> Result<BusinessRole, Error> {
        let roles = self.store.business_roles(permit).await?;
        let found = roles.into_iter().find(|row| row.role.name == *name).map(|row| row.role);
        found.ok_or_else(|| {
            Error::Invalid(format!(
                "there is no role `{name}` in {domain}; first: beffroi role add \"{name}\" --tenant {domain}"
            ))
        })
    }
}
