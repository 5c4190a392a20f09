//! Who belongs to rooms.

use crate::accounts::{ACCOUNT_COLUMNS, account_columns, account_of, read_account};
use crate::audit::{self, NewEntry, Subject};
use crate::event;
use crate::rooms::{add_membership, author_of, read_rank};
use crate::sql::{Row, Tx, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::{Account, AccountId, Content, Event, MemberRank, Micros, Rank, Role, RoomId};
use beffroi_policy::{ManageMembers, Permit, ReadRoom, RoomAct as _, Who};

/// The rank of someone in the room, when it may be changed: not in a room of two, and never so that
/// nobody is left to decide.
async fn changeable(tx: &mut Tx, room: RoomId, account: AccountId) -> Result<Option<MemberRank>> {
    const KIND: &str = "SELECT kind FROM room WHERE id = $1";
    let kind = tx
        .row(tx.locking(KIND), &[Value::Int(room.0)], |row| row.text(0))
        .await?
        .ok_or(StoreError::Gone { what: "room" })?;
    if kind == "direct" {
        return Err(StoreError::Refused("a conversation of two stays one of two; make a room to be more"));
    }
    const RANK: &str = "SELECT rank FROM member WHERE room = $1 AND account = $2";
    let values = [Value::Int(room.0), Value::Int(account.0)];
    tx.row(RANK, &values, |row| read_rank(&row.text(0)?)).await
}

async fn another_owner(tx: &mut Tx, room: RoomId, account: AccountId) -> Result<()> {
    const OWNERS: &str = "SELECT COUNT(*) FROM member WHERE room = $1 AND account <> $2 AND rank = 'owner'";
    let others = tx.row(OWNERS, &[Value::Int(room.0), Value::Int(account.0)], |row| row.int(0)).await?;
    match others {
        Some(1..) => Ok(()),
        _ => Err(StoreError::Refused("this is the last owner of the room; make someone else an owner first")),
    }
}

/// What an account may lean on in a room, at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their technical role.
    pub role: Role,
    /// The highest label they may see.
    pub clearance: Rank,
    /// Their rank in the room, if they belong to it.
    pub membership: Option<MemberRank>,
}

impl Store {
    /// The rank of an account in a room, for the policy.
    ///
    /// # Errors
    /// The database.
    pub async fn membership(&self, room: RoomId, account: AccountId) -> Result<Option<MemberRank>> {
        const SQL: &str = "SELECT rank FROM member WHERE room = $1 AND account = $2";
        let values = [Value::Int(room.0), Value::Int(account.0)];
        self.db().row(SQL, &values, |row| read_rank(&row.text(0)?)).await
    }

    /// Everyone in the room, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn members(&self, permit: &Permit<ReadRoom>) -> Result<Vec<(Account, MemberRank)>> {
        const SQL: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", m.rank FROM member m JOIN account a ON a.id = m.account
              WHERE m.room = $1 ORDER BY a.name, a.address"
        );
        let read = |row: &Row| Ok((read_account(row, 0)?, read_rank(&row.text(ACCOUNT_COLUMNS)?)?));
        self.db().rows(SQL, &[Value::Int(permit.room().0)], read).await
    }

    /// Ids of everyone in the room, for telling them.
    ///
    /// # Errors
    /// The database.
    pub async fn member_ids(&self, room: RoomId) -> Result<Vec<AccountId>> {
        const SQL: &str = "SELECT account FROM member WHERE room = $1";
        self.db().rows(SQL, &[Value::Int(room.0)], |row| row.int(0).map(AccountId)).await
    }

    /// Adds someone, or changes their rank; `None` when nothing changed for the room to see.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account, `Refused` in a room of two or for the last owner.
    pub async fn add_member(
        &self,
        permit: &Permit<ManageMembers>,
        account: AccountId,
        rank: MemberRank,
        by: AccountId,
        now: Micros,
    ) -> Result<Option<Event>> {
        if rank == MemberRank::Guest {
            return Err(StoreError::Refused("a person of the tenant is never a guest; guests come by link"));
        }
        let (room, tenant) = (permit.room(), permit.tenant());
        let mut tx = self.db().begin().await?;
        let who = account_of(&mut tx, tenant, account).await?;
        let before = changeable(&mut tx, room, account).await?;
        if before == Some(rank) {
            return Ok(None);
        }
        if before == Some(MemberRank::Owner) {
            another_owner(&mut tx, room, account).await?;
        }
        add_membership(&mut tx, room, account, rank, now).await?;
        let event = if before.is_none() {
            let author = author_of(&mut tx, tenant, by).await?;
            let content = Content::MemberAdded(who.address, who.name);
            Some(event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?)
        } else {
            None
        };
        let told = format!("{} → {}", before.map_or("none", MemberRank::word), rank.word());
        let entry = NewEntry::done(ManageMembers::NAME, Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .within(room)
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// Removes someone.
    ///
    /// # Errors
    /// `Gone` when they do not belong, `Refused` in a room of two or for the last owner.
    pub async fn remove_member(
        &self,
        permit: &Permit<ManageMembers>,
        account: AccountId,
        by: AccountId,
        now: Micros,
    ) -> Result<Event> {
        let (room, tenant) = (permit.room(), permit.tenant());
        let mut tx = self.db().begin().await?;
        let who = account_of(&mut tx, tenant, account).await?;
        match changeable(&mut tx, room, account).await? {
            None => return Err(StoreError::Gone { what: "member" }),
            Some(MemberRank::Owner) => another_owner(&mut tx, room, account).await?,
            Some(_) => {}
        }
        const SQL: &str = "DELETE FROM member WHERE room = $1 AND account = $2";
        tx.execute(SQL, &[Value::Int(room.0), Value::Int(account.0)]).await?;
        let author = author_of(&mut tx, tenant, by).await?;
        let content = Content::MemberRemoved(who.address, who.name);
        let event = event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?;
        let entry = NewEntry::done(ManageMembers::NAME, Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .within(room)
            .saying("removed");
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }
}
