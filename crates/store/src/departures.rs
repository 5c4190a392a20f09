//! Somebody leaves: everything of theirs ends at once, what only they decided about goes to a colleague.

use crate::accounts::{account_of, leave_an_administrator};
use crate::applications;
use crate::audit::{self, NewEntry, Subject};
use crate::browsers::forget_browsers;
use crate::business_roles::{Moved, end_roles};
use crate::devices::forget_devices;
use crate::directory;
use crate::event;
use crate::factors::forget_factors;
use crate::invitations::close_links;
use crate::labels::label_columns;
use crate::rooms::{add_membership, author_of, from_room, read_room, room_columns};
use crate::sessions::end_sessions;
use crate::sql::{Row, Tx, Value};
use crate::tenants::hold;
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    AccountId, Content, Event, LinkId, MemberRank, Micros, Room, RoomId, SessionId, TenantId,
};
use beffroi_policy::{ManageAccounts, ManageMembers, RoomAct as _, TenantPermit, Who};

/// What of somebody would end if they left now.
#[derive(Clone, Debug)]
pub struct Belongings {
    /// Their open sessions, in browsers and in applications.
    pub sessions: i64,
    /// Their passwords for applications.
    pub applications: i64,
    /// Their keys and code applications.
    pub keys: i64,
    /// Links for guests that they opened and that still open.
    pub guest_links: i64,
    /// Rooms of which they are the only owner who may enter, by name.
    pub rooms: Vec<Room>,
}

/// What ended.
#[derive(Debug)]
pub struct Departed {
    /// Their sessions.
    pub sessions: Vec<SessionId>,
    /// The links for guests that were closed.
    pub guest_links: Vec<(RoomId, LinkId)>,
    /// The rooms that were handed over, or that a role brought to them until now.
    pub rooms: Vec<RoomId>,
    /// The colleague's arrival in those of them that they did not belong to; their own going where only a role
    /// had brought them.
    pub events: Vec<Event>,
}

/// An owner whose account is closed decides about nothing: they do not count.
const ONLY_OWNER: &str = concat!(
    "SELECT ",
    room_columns!(),
    from_room!(),
    "JOIN member m ON m.room = r.id AND m.account = $1 AND m.rank = 'owner'
      WHERE r.tenant = $2 AND r.kind = 'group'
        AND NOT EXISTS (SELECT 1 FROM member o JOIN account a ON a.id = o.account
                         WHERE o.room = r.id AND o.account <> $1 AND o.rank = 'owner' AND a.enabled = $3)
      ORDER BY r.name, r.id"
);

const OPEN_LINKS: &str = "
    SELECT k.room, k.id FROM guest_link k JOIN room r ON r.id = k.room
     WHERE k.account = $1 AND r.tenant = $2 AND k.closed_us IS NULL AND k.expires_us > $3
     ORDER BY k.id";

async fn count(tx: &mut Tx, sql: &'static str, account: AccountId) -> Result<i64> {
    Ok(tx.row(sql, &[Value::Int(account.0)], |row| row.int(0)).await?.unwrap_or(0))
}

async fn only_owner(tx: &mut Tx, tenant: TenantId, account: AccountId) -> Result<Vec<Room>> {
    let values = [Value::Int(account.0), Value::Int(tenant.0), Value::Bool(true)];
    tx.rows(ONLY_OWNER, &values, |row| read_room(row, 0)).await
}

async fn open_links(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    now: Micros,
) -> Result<Vec<(RoomId, LinkId)>> {
    let values = [Value::Int(account.0), Value::Int(tenant.0), Value::Int(now)];
    tx.rows(OPEN_LINKS, &values, |row: &Row| Ok((RoomId(row.int(0)?), LinkId(row.int(1)?)))).await
}

impl Store {
    /// What of somebody would end, and what would need a colleague; nothing is changed.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account.
    pub async fn belongings(
        &self,
        permit: &TenantPermit<ManageAccounts>,
        account: AccountId,
        now: Micros,
    ) -> Result<Belongings> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        account_of(&mut tx, tenant, account).await?;
        const SESSIONS: &str = "SELECT COUNT(*) FROM session WHERE account = $1";
        const APPLICATIONS: &str = "SELECT COUNT(*) FROM application_password WHERE account = $1";
        const KEYS: &str = "SELECT COUNT(*) FROM factor WHERE account = $1";
        let guest_links = open_links(&mut tx, tenant, account, now).await?.len();
        Ok(Belongings {
            sessions: count(&mut tx, SESSIONS, account).await?,
            applications: count(&mut tx, APPLICATIONS, account).await?,
            keys: count(&mut tx, KEYS, account).await?,
            guest_links: i64::try_from(guest_links).unwrap_or(i64::MAX),
            rooms: only_owner(&mut tx, tenant, account).await?,
        })
    }

    /// Somebody leaves, in one transaction: the account closes; sessions, application passwords, keys, links
    /// for a password and links for guests end; the rooms that only they owned go to `colleague`, for whom
    /// the policy was asked about exactly these `rooms`.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account; `Refused` for the last administrator, and when the rooms
    /// are others by now.
    pub async fn depart(
        &self,
        permit: &TenantPermit<ManageAccounts>,
        account: AccountId,
        colleague: Option<AccountId>,
        rooms: &[RoomId],
        now: Micros,
    ) -> Result<Departed> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        hold(&mut tx, tenant).await?;
        let leaves = account_of(&mut tx, tenant, account).await?;
        leave_an_administrator(&mut tx, &leaves).await?;
        let owned: Vec<RoomId> =
            only_owner(&mut tx, tenant, account).await?.iter().map(|room| room.id).collect();
        if owned != rooms {
            return Err(StoreError::Refused(
                "the rooms of this person changed meanwhile; look at them again",
            ));
        }
        let mut events = vec![];
        if !owned.is_empty() {
            let to = colleague.ok_or(StoreError::Refused(
                "this person is the only owner of rooms; name the colleague who takes them over",
            ))?;
            for room in &owned {
                events.extend(self.hand_over(&mut tx, permit, *room, account, to, now).await?);
            }
        }
        // Roles bring no room to who left, nor to who would come back to the same account one day.
        let mut changed = owned.clone();
        for moved in end_roles(&mut tx, self, permit, account, now).await? {
            changed.push(moved.room());
            if let Moved::Added(event) | Moved::Removed(event, _) = moved {
                events.push(event);
            }
        }
        const CLOSE: &str = "UPDATE account SET enabled = $2 WHERE id = $1";
        tx.execute(CLOSE, &[Value::Int(account.0), Value::Bool(false)]).await?;
        directory::follow(&mut tx, account.0).await?;
        let sessions = end_sessions(&mut tx, Who::Account(account)).await?;
        forget_browsers(&mut tx, account).await?;
        let applications = applications::revoke_all(&mut tx, account).await?;
        let keys = forget_factors(&mut tx, account).await?;
        let devices = forget_devices(&mut tx, account).await?;
        let invitations = close_links(&mut tx, account, now).await?;
        let guest_links = open_links(&mut tx, tenant, account, now).await?;
        for (room, link) in &guest_links {
            const CLOSE: &str = "UPDATE guest_link SET closed_us = $2 WHERE id = $1";
            tx.execute(CLOSE, &[Value::Int(link.0), Value::Int(now)]).await?;
            let told = format!("link {link} closed");
            let entry =
                NewEntry::done("guest.close", Subject::by(permit.acting())).within(*room).saying(&told);
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        }
        let told = format!(
            "sessions: {}; application passwords: {applications}; keys: {keys}; devices: {devices}; links for a password: {invitations}; links for guests: {}; rooms handed over: {}",
            sessions.len(),
            guest_links.len(),
            owned.len(),
        );
        let entry = NewEntry::done("account.depart", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(Departed { sessions, guest_links, rooms: changed, events })
    }

    /// Makes `to` an owner and the one who leaves a member; tells the room when `to` is new there.
    async fn hand_over(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<ManageAccounts>,
        room: RoomId,
        from: AccountId,
        to: AccountId,
        now: Micros,
    ) -> Result<Option<Event>> {
        let tenant = permit.tenant();
        let heir = account_of(tx, tenant, to).await?;
        if !heir.enabled || to == from {
            return Err(StoreError::Gone { what: "colleague" });
        }
        const THERE: &str = "SELECT 1 FROM member WHERE room = $1 AND account = $2";
        let there = tx.row(THERE, &[Value::Int(room.0), Value::Int(to.0)], |row| row.int(0)).await?;
        add_membership(tx, room, to, MemberRank::Owner, now).await?;
        add_membership(tx, room, from, MemberRank::Member, now).await?;
        let entry = NewEntry::done(ManageMembers::NAME, Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(to)))
            .within(room)
            .saying(MemberRank::Owner.word());
        audit::append(tx, self.keys(), tenant, entry, now).await?;
        if there.is_some() {
            return Ok(None);
        }
        let Who::Account(by) = permit.who() else { return Ok(None) };
        let author = author_of(tx, tenant, by).await?;
        let content = Content::MemberAdded(heir.address, heir.name);
        event::append(tx, self.db(), self.keys(), room, author, content, now).await.map(Some)
    }
}
