//! Roles that a body makes for itself, and the memberships that they bring.
//!
//! A membership holds the highest of what somebody gave by hand (`by_hand`) and what the roles of the person
//! bring. Whatever changes a role asks [`settle`] about each pair of room and person that it touches, in its own
//! transaction; the tenant's row is held meanwhile, and its revision moves, so that streams opened at other
//! processes are asked again too.

use crate::accounts::{account_columns, account_of, read_account};
use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy};
use crate::event;
use crate::labels::label_columns;
use crate::rooms::{ROOM_COLUMNS, author_of, from_room, read_rank, read_room, room_columns};
use crate::sql::{Row, Tx, Value};
use crate::tenants::touch;
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    Account, AccountId, BusinessRole, BusinessRoleId, Content, Event, MemberRank, Micros, RoleName, Room,
    RoomId, TenantId,
};
use beffroi_policy::{
    Acting, ManageAccounts, ManageBusinessRoles, ManageMembers, ReadBusinessRoles, RoomAct as _,
    TenantPermit, Who,
};

/// A role with what stands under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessRoleRow {
    /// The role.
    pub role: BusinessRole,
    /// People who hold it.
    pub holders: i64,
    /// Rooms that it brings.
    pub rooms: i64,
}

/// What happened to somebody in a room because of a role.
#[derive(Clone, Debug)]
pub enum Moved {
    /// They belong to it now.
    Added(Event),
    /// They no longer do.
    Removed(Event, AccountId),
    /// They have another rank.
    Ranked(RoomId),
}

impl Moved {
    /// In which room.
    pub fn room(&self) -> RoomId {
        match self {
            Self::Added(event) | Self::Removed(event, _) => event.room,
            Self::Ranked(room) => *room,
        }
    }
}

/// The columns of a role `b`, in the order that [`read_role`] reads.
macro_rules! role_columns {
    () => {
        "b.id, b.tenant, b.name, b.description"
    };
}

fn read_role(row: &Row) -> Result<BusinessRole> {
    let id = BusinessRoleId(row.int(0)?);
    Ok(BusinessRole {
        id,
        tenant: TenantId(row.int(1)?),
        name: row.text(2)?.parse().map_err(|_| damaged(format!("role {id}")))?,
        description: row.text(3)?,
    })
}

/// A role `b` with its numbers.
macro_rules! counted_roles {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            role_columns!(),
            ", (SELECT COUNT(*) FROM business_role_holder h WHERE h.role = b.id),
               (SELECT COUNT(*) FROM business_role_room r WHERE r.role = b.id)
              FROM business_role b ",
            $rest
        )
    };
}

fn read_counted(row: &Row) -> Result<BusinessRoleRow> {
    Ok(BusinessRoleRow { role: read_role(row)?, holders: row.int(4)?, rooms: row.int(5)? })
}

/// A role of the tenant, held until the end of the transaction by the tenant's row.
async fn role_of(tx: &mut Tx, tenant: TenantId, id: BusinessRoleId) -> Result<BusinessRole> {
    const SQL: &str =
        concat!("SELECT ", role_columns!(), " FROM business_role b WHERE b.id = $1 AND b.tenant = $2");
    tx.row(SQL, &[Value::Int(id.0), Value::Int(tenant.0)], read_role)
        .await?
        .ok_or(StoreError::Gone { what: "role" })
}

async fn count(tx: &mut Tx, sql: &'static str, id: i64) -> Result<i64> {
    Ok(tx.row(sql, &[Value::Int(id)], |row| row.int(0)).await?.unwrap_or(0))
}

async fn holders_of(tx: &mut Tx, role: BusinessRoleId) -> Result<Vec<AccountId>> {
    const SQL: &str = "SELECT account FROM business_role_holder WHERE role = $1 ORDER BY account";
    tx.rows(SQL, &[Value::Int(role.0)], |row| row.int(0).map(AccountId)).await
}

async fn rooms_of(tx: &mut Tx, role: BusinessRoleId) -> Result<Vec<RoomId>> {
    const SQL: &str = "SELECT room FROM business_role_room WHERE role = $1 ORDER BY room";
    tx.rows(SQL, &[Value::Int(role.0)], |row| row.int(0).map(RoomId)).await
}

/// What acts on memberships: who, on behalf of which role.
struct Settling<'a> {
    store: &'a Store,
    tenant: TenantId,
    acting: Acting,
    role: &'a str,
    now: Micros,
}

impl Settling<'_> {
    /// Makes the membership of somebody in a room what by hand and by roles it should be.
    async fn settle(&self, tx: &mut Tx, room: RoomId, account: AccountId) -> Result<Option<Moved>> {
        // Whoever changes a membership by hand holds this row too.
        const HOLD: &str = "SELECT id FROM room WHERE id = $1 AND tenant = $2";
        let values = [Value::Int(room.0), Value::Int(self.tenant.0)];
        tx.row(tx.locking(HOLD), &values, |row| row.int(0))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        const BROUGHT: &str = "
            SELECT r.rank FROM business_role_room r JOIN business_role_holder h ON h.role = r.role
             WHERE r.room = $1 AND h.account = $2";
        let pair = [Value::Int(room.0), Value::Int(account.0)];
        let brought = tx.rows(BROUGHT, &pair, |row| read_rank(&row.text(0)?)).await?.into_iter().max();
        const THERE: &str = "SELECT rank, by_hand FROM member WHERE room = $1 AND account = $2";
        let read = |row: &Row| {
            Ok((read_rank(&row.text(0)?)?, row.opt_text(1)?.as_deref().map(read_rank).transpose()?))
        };
        let there = tx.row(THERE, &pair, read).await?;
        let (before, by_hand) = there.unzip();
        let after = by_hand.flatten().max(brought);
        if before == after {
            return Ok(None);
        }
        match after {
            Some(rank) => {
                const SET: &str = "
                    INSERT INTO member (room, account, rank, since_us) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (room, account) DO UPDATE SET rank = excluded.rank";
                let values = [
                    Value::Int(room.0),
                    Value::Int(account.0),
                    Value::Text(rank.word()),
                    Value::Int(self.now),
                ];
                tx.execute(SET, &values).await?;
            }
            None => {
                const END: &str = "DELETE FROM member WHERE room = $1 AND account = $2";
                tx.execute(END, &pair).await?;
            }
        }
        let told = format!(
            "{} → {} (role {})",
            before.map_or("none", MemberRank::word),
            after.map_or("none", MemberRank::word),
            self.role
        );
        let entry = NewEntry::done(ManageMembers::NAME, Subject::by(self.acting))
            .on(Subject::Who(Who::Account(account)))
            .within(room)
            .saying(&told);
        audit::append(tx, self.store.keys(), self.tenant, entry, self.now).await?;
        let content = match (before, after) {
            (None, Some(_)) | (Some(_), None) => {
                let who = account_of(tx, self.tenant, account).await?;
                if after.is_some() {
                    Content::MemberAdded(who.address, who.name)
                } else {
                    Content::MemberRemoved(who.address, who.name)
                }
            }
            _ => return Ok(Some(Moved::Ranked(room))),
        };
        let Who::Account(by) = self.acting.who else { return Err(StoreError::Gone { what: "account" }) };
        let author = author_of(tx, self.tenant, by).await?;
        let event =
            event::append(tx, self.store.db(), self.store.keys(), room, author, content, self.now).await?;
        Ok(Some(if after.is_some() { Moved::Added(event) } else { Moved::Removed(event, account) }))
    }

    async fn settle_all(&self, tx: &mut Tx, rooms: &[RoomId], accounts: &[AccountId]) -> Result<Vec<Moved>> {
        let mut moved = vec![];
        for room in rooms {
            for account in accounts {
                moved.extend(self.settle(tx, *room, *account).await?);
            }
        }
        Ok(moved)
    }
}

/// Takes every role away from somebody who leaves.
pub(crate) async fn end_roles(
    tx: &mut Tx,
    store: &Store,
    permit: &TenantPermit<ManageAccounts>,
    account: AccountId,
    now: Micros,
) -> Result<Vec<Moved>> {
    const ROLES: &str = concat!(
        "SELECT ",
        role_columns!(),
        " FROM business_role b JOIN business_role_holder h ON h.role = b.id WHERE h.account = $1 ORDER BY b.id"
    );
    let roles = tx.rows(ROLES, &[Value::Int(account.0)], read_role).await?;
    let mut moved = vec![];
    for role in roles {
        const TAKE: &str = "DELETE FROM business_role_holder WHERE role = $1 AND account = $2";
        tx.execute(TAKE, &[Value::Int(role.id.0), Value::Int(account.0)]).await?;
        let settling = Settling {
            store,
            tenant: permit.tenant(),
            acting: permit.acting(),
            role: role.name.as_str(),
            now,
        };
        let rooms = rooms_of(tx, role.id).await?;
        moved.extend(settling.settle_all(tx, &rooms, &[account]).await?);
    }
    Ok(moved)
}

impl Store {
    /// The roles of a body, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn business_roles(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
    ) -> Result<Vec<BusinessRoleRow>> {
        const SQL: &str = counted_roles!("WHERE b.tenant = $1 ORDER BY b.name, b.id");
        self.db().rows(SQL, &[Value::Int(permit.tenant().0)], read_counted).await
    }

    /// A role of the body.
    ///
    /// # Errors
    /// The database.
    pub async fn business_role(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
        role: BusinessRoleId,
    ) -> Result<Option<BusinessRoleRow>> {
        const SQL: &str = counted_roles!("WHERE b.tenant = $1 AND b.id = $2");
        self.db().row(SQL, &[Value::Int(permit.tenant().0), Value::Int(role.0)], read_counted).await
    }

    /// The roles that somebody holds, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn business_roles_of(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
        account: AccountId,
    ) -> Result<Vec<BusinessRoleRow>> {
        const SQL: &str = counted_roles!(
            "JOIN business_role_holder mine ON mine.role = b.id AND mine.account = $2
             WHERE b.tenant = $1 ORDER BY b.name, b.id"
        );
        self.db().rows(SQL, &[Value::Int(permit.tenant().0), Value::Int(account.0)], read_counted).await
    }

    /// Who holds a role, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn business_role_holders(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
        role: BusinessRoleId,
    ) -> Result<Vec<Account>> {
        const SQL: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM business_role_holder h JOIN account a ON a.id = h.account
             WHERE h.role = $1 AND a.tenant = $2 ORDER BY a.name, a.address"
        );
        self.db()
            .rows(SQL, &[Value::Int(role.0), Value::Int(permit.tenant().0)], |row| read_account(row, 0))
            .await
    }

    /// The rooms that a role brings, by name, and as what.
    ///
    /// # Errors
    /// The database.
    pub async fn business_role_rooms(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
        role: BusinessRoleId,
    ) -> Result<Vec<(Room, MemberRank)>> {
        const SQL: &str = concat!(
            "SELECT ",
            room_columns!(),
            ", x.rank",
            from_room!(),
            "JOIN business_role_room x ON x.room = r.id WHERE x.role = $1 AND r.tenant = $2 ORDER BY r.name, r.id"
        );
        let read = |row: &Row| Ok((read_room(row, 0)?, read_rank(&row.text(ROOM_COLUMNS)?)?));
        self.db().rows(SQL, &[Value::Int(role.0), Value::Int(permit.tenant().0)], read).await
    }

    /// How many memberships would end if a role were deleted: those that came only by it.
    ///
    /// # Errors
    /// The database.
    pub async fn memberships_only_by(
        &self,
        permit: &TenantPermit<ReadBusinessRoles>,
        role: BusinessRoleId,
    ) -> Result<i64> {
        const SQL: &str = "
            SELECT COUNT(*) FROM member m
              JOIN business_role_holder h ON h.account = m.account AND h.role = $1
              JOIN business_role_room r ON r.room = m.room AND r.role = $1
              JOIN business_role b ON b.id = $1 AND b.tenant = $2
             WHERE m.by_hand IS NULL
               AND NOT EXISTS (SELECT 1 FROM business_role_room r2
                                 JOIN business_role_holder h2 ON h2.role = r2.role
                                WHERE r2.room = m.room AND h2.account = m.account AND r2.role <> $1)";
        let values = [Value::Int(role.0), Value::Int(permit.tenant().0)];
        Ok(self.db().row(SQL, &values, |row| row.int(0)).await?.unwrap_or(0))
    }

    /// Makes a role; nobody holds it and it brings no room.
    ///
    /// # Errors
    /// `Taken` when another has this name; `Refused` beyond so many.
    pub async fn add_business_role(
        &self,
        permit: &TenantPermit<ManageBusinessRoles>,
        name: &RoleName,
        description: &str,
        now: Micros,
    ) -> Result<BusinessRole> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        const COUNT: &str = "SELECT COUNT(*) FROM business_role WHERE tenant = $1";
        if count(&mut tx, COUNT, tenant.0).await? >= BusinessRole::MOST {
            return Err(StoreError::Refused("a body has at most 200 roles; delete one that is not used"));
        }
        let role = BusinessRole {
            id: BusinessRoleId::mint(now, entropy()),
            tenant,
            name: name.clone(),
            description: description.to_owned(),
        };
        const ADD: &str = "
            INSERT INTO business_role (id, tenant, name, description, created_us) VALUES ($1, $2, $3, $4, $5)";
        let values = [
            Value::Int(role.id.0),
            Value::Int(tenant.0),
            Value::Text(name.as_str()),
            Value::Text(description),
            Value::Int(now),
        ];
        tx.execute(ADD, &values).await.map_err(|e| e.or_taken("name"))?;
        self.note_role(&mut tx, permit, "business-role.add", &role, "", now).await?;
        tx.commit().await?;
        Ok(role)
    }

    /// Gives a role another name or description.
    ///
    /// # Errors
    /// `Gone`; `Taken` when another has this name.
    pub async fn change_business_role(
        &self,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: BusinessRoleId,
        name: Option<&RoleName>,
        description: Option<&str>,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, permit.tenant()).await?;
        let before = role_of(&mut tx, permit.tenant(), role).await?;
        let after = BusinessRole {
            name: name.unwrap_or(&before.name).clone(),
            description: description.unwrap_or(&before.description).to_owned(),
            ..before.clone()
        };
        if after == before {
            return Ok(());
        }
        const SET: &str = "UPDATE business_role SET name = $2, description = $3 WHERE id = $1";
        let values = [Value::Int(role.0), Value::Text(after.name.as_str()), Value::Text(&after.description)];
        tx.execute(SET, &values).await.map_err(|e| e.or_taken("name"))?;
        let told: Vec<_> = [
            ("name", before.name.as_str(), after.name.as_str()),
            ("description", &*before.description, &*after.description),
        ]
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(fact, from, to)| format!("{fact}: {from} → {to}"))
        .collect();
        self.note_role(&mut tx, permit, "business-role.change", &before, &told.join("; "), now).await?;
        tx.commit().await
    }

    /// Deletes a role: the memberships that came only by it end.
    ///
    /// # Errors
    /// `Gone`.
    pub async fn delete_business_role(
        &self,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: BusinessRoleId,
        now: Micros,
    ) -> Result<Vec<Moved>> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, permit.tenant()).await?;
        let before = role_of(&mut tx, permit.tenant(), role).await?;
        let (rooms, holders) = (rooms_of(&mut tx, role).await?, holders_of(&mut tx, role).await?);
        const HOLDERS: &str = "DELETE FROM business_role_holder WHERE role = $1";
        const ROOMS: &str = "DELETE FROM business_role_room WHERE role = $1";
        const ROLE: &str = "DELETE FROM business_role WHERE id = $1";
        for sql in [HOLDERS, ROOMS, ROLE] {
            tx.execute(sql, &[Value::Int(role.0)]).await?;
        }
        let told = format!("holders: {}; rooms: {}", holders.len(), rooms.len());
        self.note_role(&mut tx, permit, "business-role.delete", &before, &told, now).await?;
        let moved = self.settling(permit, &before, now).settle_all(&mut tx, &rooms, &holders).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Gives a role to somebody: they belong to its rooms.
    ///
    /// # Errors
    /// `Gone` for a role or an account that the tenant does not have, or whose account is closed; `Refused` beyond
    /// so many.
    pub async fn give_business_role(
        &self,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: BusinessRoleId,
        account: AccountId,
        now: Micros,
    ) -> Result<Vec<Moved>> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, permit.tenant()).await?;
        let given = role_of(&mut tx, permit.tenant(), role).await?;
        if !account_of(&mut tx, permit.tenant(), account).await?.enabled {
            return Err(StoreError::Gone { what: "person" });
        }
        const COUNT: &str = "SELECT COUNT(*) FROM business_role_holder WHERE role = $1";
        if count(&mut tx, COUNT, role.0).await? >= BusinessRole::MOST_HOLDERS {
            return Err(StoreError::Refused("a role is held by at most 2000 people; make another one"));
        }
        const GIVE: &str = "
            INSERT INTO business_role_holder (role, account, since_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        if tx.execute(GIVE, &[Value::Int(role.0), Value::Int(account.0), Value::Int(now)]).await? == 0 {
            return Ok(vec![]);
        }
        self.note_holder(&mut tx, permit, &given, account, true, now).await?;
        let rooms = rooms_of(&mut tx, role).await?;
        let moved = self.settling(permit, &given, now).settle_all(&mut tx, &rooms, &[account]).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Takes a role from somebody: they leave the rooms to which only it brought them.
    ///
    /// # Errors
    /// `Gone` when they do not hold it.
    pub async fn take_business_role(
        &self,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: BusinessRoleId,
        account: AccountId,
        now: Micros,
    ) -> Result<Vec<Moved>> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, permit.tenant()).await?;
        let taken = role_of(&mut tx, permit.tenant(), role).await?;
        const TAKE: &str = "DELETE FROM business_role_holder WHERE role = $1 AND account = $2";
        if tx.execute(TAKE, &[Value::Int(role.0), Value::Int(account.0)]).await? == 0 {
            return Err(StoreError::Gone { what: "holder" });
        }
        self.note_holder(&mut tx, permit, &taken, account, false, now).await?;
        let rooms = rooms_of(&mut tx, role).await?;
        let moved = self.settling(permit, &taken, now).settle_all(&mut tx, &rooms, &[account]).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Says that a role brings a room, at this rank (`Some`) or no longer (`None`), to all who hold it at once.
    ///
    /// # Errors
    /// `Gone` for a role or a room that the tenant does not have; `Refused` in a room of two, for owners, beyond so
    /// many.
    pub async fn set_business_role_room(
        &self,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: BusinessRoleId,
        room: RoomId,
        rank: Option<MemberRank>,
        now: Micros,
    ) -> Result<Vec<Moved>> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let changed = role_of(&mut tx, tenant, role).await?;
        const KIND: &str = "SELECT kind FROM room WHERE id = $1 AND tenant = $2";
        let kind = tx
            .row(tx.locking(KIND), &[Value::Int(room.0), Value::Int(tenant.0)], |row| row.text(0))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        if kind == "direct" {
            return Err(StoreError::Refused(
                "a conversation of two stays one of two; make a room to be more",
            ));
        }
        const BEFORE: &str = "SELECT rank FROM business_role_room WHERE role = $1 AND room = $2";
        let pair = [Value::Int(role.0), Value::Int(room.0)];
        let before = tx.row(BEFORE, &pair, |row| read_rank(&row.text(0)?)).await?;
        match rank {
            None if before.is_none() => return Err(StoreError::Gone { what: "room of this role" }),
            None => {
                const END: &str = "DELETE FROM business_role_room WHERE role = $1 AND room = $2";
                tx.execute(END, &pair).await?;
            }
            Some(rank @ (MemberRank::Member | MemberRank::Moderator)) => {
                const COUNT: &str = "SELECT COUNT(*) FROM business_role_room WHERE role = $1";
                if before.is_none() && count(&mut tx, COUNT, role.0).await? >= BusinessRole::MOST_ROOMS {
                    return Err(StoreError::Refused("a role brings at most 50 rooms; make another one"));
                }
                const SET: &str = "
                    INSERT INTO business_role_room (role, room, rank) VALUES ($1, $2, $3)
                        ON CONFLICT (role, room) DO UPDATE SET rank = excluded.rank";
                tx.execute(SET, &[Value::Int(role.0), Value::Int(room.0), Value::Text(rank.word())]).await?;
            }
            Some(_) => {
                return Err(StoreError::Refused("a role makes members and moderators, never owners"));
            }
        }
        if before == rank {
            return Ok(vec![]);
        }
        let told = format!(
            "{}: {} → {}",
            changed.name,
            before.map_or("none", MemberRank::word),
            rank.map_or("none", MemberRank::word)
        );
        let entry = NewEntry::done("business-role.room", Subject::by(permit.acting()))
            .on(Subject::Text(changed.name.to_string()))
            .within(room)
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        let holders = holders_of(&mut tx, role).await?;
        let moved = self.settling(permit, &changed, now).settle_all(&mut tx, &[room], &holders).await?;
        tx.commit().await?;
        Ok(moved)
    }

    fn settling<'a>(
        &'a self,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: &'a BusinessRole,
        now: Micros,
    ) -> Settling<'a> {
        Settling {
            store: self,
            tenant: permit.tenant(),
            acting: permit.acting(),
            role: role.name.as_str(),
            now,
        }
    }

    async fn note_role(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<ManageBusinessRoles>,
        act: &str,
        role: &BusinessRole,
        told: &str,
        now: Micros,
    ) -> Result<()> {
        let entry = NewEntry::done(act, Subject::by(permit.acting()))
            .on(Subject::Text(role.name.to_string()))
            .saying(told);
        audit::append(tx, self.keys(), permit.tenant(), entry, now).await
    }

    /// What somebody held before and holds after.
    async fn note_holder(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<ManageBusinessRoles>,
        role: &BusinessRole,
        account: AccountId,
        given: bool,
        now: Micros,
    ) -> Result<()> {
        const HELD: &str = concat!(
            "SELECT ",
            role_columns!(),
            " FROM business_role b JOIN business_role_holder h ON h.role = b.id
             WHERE h.account = $1 ORDER BY b.name, b.id"
        );
        let held = tx.rows(HELD, &[Value::Int(account.0)], read_role).await?;
        let after: Vec<_> = held.iter().map(|one| one.name.as_str()).collect();
        let mut before: Vec<_> =
            held.iter().filter(|one| one.id != role.id).map(|one| one.name.as_str()).collect();
        if !given {
            before.push(role.name.as_str());
            before.sort_unstable();
        }
        let said = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let told = format!("{} → {}", said(&before), said(&after));
        let act = if given { "business-role.give" } else { "business-role.take" };
        let entry = NewEntry::done(act, Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .saying(&told);
        audit::append(tx, self.keys(), permit.tenant(), entry, now).await
    }
}
