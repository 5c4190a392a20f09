//! Rooms.

use crate::accounts::{ACCOUNT_COLUMNS, account_columns, account_of, read_account};
use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy};
use crate::event;
use crate::keys::new_room_key;
use crate::labels::{LABEL_COLUMNS, label_columns, label_of, read_label};
use crate::own;
use crate::sql::{Db, Row, Tx, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    Account, AccountId, Author, Content, Event, Label, MemberRank, Micros, Room, RoomId, RoomKind, RoomName,
    Slug, TenantId,
};
use beffroi_policy::{
    CreateRoom, Permit, ReadPeople, ReadRooms, Relabel, Rename, RoomAct as _, TenantAct as _, TenantPermit,
    Who,
};

/// A room as its member's list shows it.
#[derive(Clone, Debug)]
pub struct RoomRow {
    /// The room.
    pub room: Room,
    /// The reader's rank.
    pub rank: MemberRank,
    /// Number of the last event, 0 in an empty room.
    pub last_seq: i64,
    /// Number up to which the reader read.
    pub read_seq: i64,
    /// What others said or shared after that, and their calls that were missed; counted up to 100.
    pub unread: i64,
    /// When the last event was written, or the room made.
    pub last_us: Micros,
    /// People in it.
    pub member_count: i64,
    /// In a room of two, the other.
    pub peer: Option<Account>,
}

/// The columns of a room `r` with its label `l`, in the order that [`read_room`] reads.
macro_rules! room_columns {
    () => {
        concat!("r.id, r.tenant, r.slug, r.name, r.topic, r.kind, ", label_columns!())
    };
}
pub(crate) use room_columns;

/// How many columns [`room_columns`] are.
pub(crate) const ROOM_COLUMNS: usize = 6 + LABEL_COLUMNS;

/// A room `r` with its label `l`.
macro_rules! from_room {
    () => {
        " FROM room r JOIN label l ON l.tenant = r.tenant AND l.slug = r.label "
    };
}
pub(crate) use from_room;

/// Reads [`room_columns`] from `column` on.
pub(crate) fn read_room(row: &Row, column: usize) -> Result<Room> {
    let id = RoomId(row.int(column)?);
    let bad = || damaged(format!("room {id}"));
    Ok(Room {
        id,
        tenant: TenantId(row.int(column + 1)?),
        slug: row.text(column + 2)?.parse().map_err(|_| bad())?,
        name: row.text(column + 3)?.parse().map_err(|_| bad())?,
        topic: row.text(column + 4)?,
        kind: if row.text(column + 5)? == "direct" { RoomKind::Direct } else { RoomKind::Group },
        label: read_label(row, column + 6)?,
    })
}

/// A rank as stored.
pub(crate) fn read_rank(word: &str) -> Result<MemberRank> {
    MemberRank::from_word(word).ok_or_else(|| damaged("the rank of a member"))
}

/// The two of a direct room, whoever asks.
fn pair(a: AccountId, b: AccountId) -> String {
    format!("{}:{}", a.min(b), a.max(b))
}

/// Characters of a topic at most.
const TOPIC: usize = 1_000;

fn topic_fits(topic: &str) -> Result<()> {
    if topic.chars().count() > TOPIC {
        return Err(StoreError::Refused("a topic has at most 1000 characters; shorten it"));
    }
    Ok(())
}

/// Makes a room row with its key and its empty timeline.
async fn add_room(tx: &mut Tx, store: &Store, room: &Room, pair: Option<&str>, now: Micros) -> Result<()> {
    let key = store.keys().tenant_key_in(tx, room.tenant).await?;
    const ROOM: &str = "
        INSERT INTO room (id, tenant, slug, name, topic, kind, label, pair, created_us, key_wrapped)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = [
        Value::Int(room.id.0),
        Value::Int(room.tenant.0),
        Value::Text(room.slug.as_str()),
        Value::Text(room.name.as_str()),
        Value::Text(&room.topic),
        Value::Text(if room.kind == RoomKind::Direct { "direct" } else { "group" }),
        Value::Text(&room.label.slug),
        Value::OptText(pair),
        Value::Int(now),
        Value::Bytes(&new_room_key(&key, room.id)),
    ];
    tx.execute(ROOM, &values).await?;
    const TAIL: &str = "INSERT INTO room_tail (room, last_seq, last_us) VALUES ($1, 0, $2)";
    tx.execute(TAIL, &[Value::Int(room.id.0), Value::Int(now)]).await.map(drop)
}

/// Writes a membership that somebody gave by hand.
pub(crate) async fn add_membership(
    tx: &mut Tx,
    room: RoomId,
    account: AccountId,
    rank: MemberRank,
    now: Micros,
) -> Result<()> {
    const SQL: &str = "
        INSERT INTO member (room, account, rank, by_hand, since_us) VALUES ($1, $2, $3, $3, $4)
            ON CONFLICT (room, account) DO UPDATE SET rank = excluded.rank, by_hand = excluded.by_hand";
    let values = [Value::Int(room.0), Value::Int(account.0), Value::Text(rank.word()), Value::Int(now)];
    tx.execute(SQL, &values).await.map(drop)
}

/// The slug with the lowest number that nobody in the tenant has.
async fn free_slug(tx: &mut Tx, tenant: TenantId, name: &str) -> Result<Slug> {
    let wanted = Slug::suggested(name);
    const SQL: &str = "SELECT slug FROM room WHERE tenant = $1 AND (slug = $2 OR slug LIKE $3)";
    let like = format!("{}-%", wanted.as_str());
    let values = [Value::Int(tenant.0), Value::Text(wanted.as_str()), Value::Text(&like)];
    let taken: std::collections::HashSet<String> =
        tx.rows(SQL, &values, |row| row.text(0)).await?.into_iter().collect();
    let free = (1..).map(|n| wanted.numbered(n)).find(|slug| !taken.contains(slug.as_str()));
    Ok(free.expect("there are more numbers than rooms"))
}

/// The author that an account of the tenant is.
pub(crate) async fn author_of(tx: &mut Tx, tenant: TenantId, account: AccountId) -> Result<Author> {
    if account == AccountId(0) {
        return Ok(Author::Server);
    }
    let account = account_of(tx, tenant, account).await?;
    Ok(Author::Account(account.id, account.address, account.name))
}

async fn find_room(db: &Db, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Room>> {
    db.row(sql, values, |row| read_room(row, 0)).await
}

impl Store {
    /// Makes a room with a slug of its own.
    ///
    /// # Errors
    /// `Gone` for a label or an account that the tenant does not have.
    #[allow(clippy::too_many_arguments)] // a room is made of all of these at once
    pub async fn create_room(
        &self,
        permit: &TenantPermit<CreateRoom>,
        name: &RoomName,
        topic: &str,
        label: &str,
        owner: AccountId,
        members: &[AccountId],
        now: Micros,
    ) -> Result<Room> {
        topic_fits(topic)?;
        let tenant = permit.tenant();
        let mut tries = 0;
        loop {
            let mut tx = self.db().begin().await?;
            let room = Room {
                id: RoomId::mint(now, entropy()),
                tenant,
                slug: free_slug(&mut tx, tenant, name.as_str()).await?,
                name: name.clone(),
                topic: topic.to_owned(),
                kind: RoomKind::Group,
                label: label_of(&mut tx, tenant, label).await?,
            };
            match add_room(&mut tx, self, &room, None, now).await {
                // On PostgreSQL someone else may have taken the slug since it was read.
                Err(e) if e.is_duplicate() && tries < 5 => {
                    tries += 1;
                    continue;
                }
                made => made?,
            }
            account_of(&mut tx, tenant, owner).await?;
            add_membership(&mut tx, room.id, owner, MemberRank::Owner, now).await?;
            for member in members.iter().filter(|m| **m != owner) {
                account_of(&mut tx, tenant, *member).await?;
                add_membership(&mut tx, room.id, *member, MemberRank::Member, now).await?;
            }
            let entry =
                NewEntry::done(CreateRoom::NAME, Subject::by(permit.acting())).within(room.id).saying(label);
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
            tx.commit().await?;
            return Ok(room);
        }
    }

    /// The room of these two, made if it was not there; the flag says that it is new.
    ///
    /// # Errors
    /// `Gone` when one is not of the tenant, `Refused` when both are the same.
    pub async fn direct_room(
        &self,
        permit: &TenantPermit<ReadPeople>,
        a: AccountId,
        b: AccountId,
        now: Micros,
    ) -> Result<(Room, bool)> {
        if a == b {
            return Err(StoreError::Refused("a conversation of two takes two people"));
        }
        if let Some(room) = self.direct_between(a, b).await? {
            if room.tenant != permit.tenant() {
                return Err(StoreError::Gone { what: "account" });
            }
            return Ok((room, false));
        }
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        let (first, second) = (account_of(&mut tx, tenant, a).await?, account_of(&mut tx, tenant, b).await?);
        let id = RoomId::mint(now, entropy());
        let name = format!("{} · {}", first.name, second.name);
        let name: String = name.chars().take(200).collect();
        let room = Room {
            id,
            tenant,
            slug: Slug::suggested(&format!("direct-{id}")),
            name: name.parse().map_err(|_| damaged("the names of these two"))?,
            topic: String::new(),
            kind: RoomKind::Direct,
            label: label_of(&mut tx, tenant, Label::DEFAULT).await?,
        };
        if let Err(e) = add_room(&mut tx, self, &room, Some(&pair(a, b)), now).await {
            drop(tx);
            // The other wrote at the same moment: theirs is the room.
            return match self.direct_between(a, b).await? {
                Some(room) if e.is_duplicate() => Ok((room, false)),
                _ => Err(e),
            };
        }
        for account in [a, b] {
            add_membership(&mut tx, id, account, MemberRank::Owner, now).await?;
            own::begin(&mut tx, account).await?;
        }
        let entry = NewEntry::done("room.direct", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(if permit.who() == Who::Account(b) { a } else { b })))
            .within(id);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok((room, true))
    }

    /// The room of these two, if there is one.
    ///
    /// # Errors
    /// The database.
    pub async fn direct_between(&self, a: AccountId, b: AccountId) -> Result<Option<Room>> {
        const SQL: &str = concat!("SELECT ", room_columns!(), from_room!(), "WHERE r.pair = $1");
        find_room(self.db(), SQL, &[Value::Text(&pair(a, b))]).await
    }

    /// A room by id: facts for the policy, no content.
    ///
    /// # Errors
    /// The database.
    pub async fn room(&self, id: RoomId) -> Result<Option<Room>> {
        const SQL: &str = concat!("SELECT ", room_columns!(), from_room!(), "WHERE r.id = $1");
        find_room(self.db(), SQL, &[Value::Int(id.0)]).await
    }

    /// A room by the name in its address.
    ///
    /// # Errors
    /// The database.
    pub async fn room_by_slug(&self, tenant: TenantId, slug: &str) -> Result<Option<Room>> {
        const SQL: &str =
            concat!("SELECT ", room_columns!(), from_room!(), "WHERE r.tenant = $1 AND r.slug = $2");
        find_room(self.db(), SQL, &[Value::Int(tenant.0), Value::Text(slug)]).await
    }

    /// Someone's rooms, last spoken first.
    ///
    /// # Errors
    /// The database.
    pub async fn rooms_of(&self, account: AccountId) -> Result<Vec<RoomRow>> {
        const SQL: &str = concat!(
            "SELECT ",
            room_columns!(),
            ", m.rank, t.last_seq, COALESCE(k.seq, 0), t.last_us,
              (SELECT COUNT(*) FROM member c WHERE c.room = r.id),
              (SELECT COUNT(*) FROM (
                SELECT 1 FROM event e
                 WHERE e.room = r.id AND e.seq > COALESCE(k.seq, 0) AND (e.kind <= 1 OR e.kind = 8)
                   AND NOT (e.author_kind = 1 AND e.author = m.account)
                 LIMIT 100) u)",
            from_room!(),
            "JOIN member m ON m.room = r.id
             JOIN room_tail t ON t.room = r.id
             LEFT JOIN read_mark k ON k.room = r.id AND k.account = m.account
            WHERE m.account = $1 ORDER BY t.last_us DESC, r.id DESC"
        );
        let read = |row: &Row| {
            const C: usize = ROOM_COLUMNS;
            Ok(RoomRow {
                room: read_room(row, 0)?,
                rank: read_rank(&row.text(C)?)?,
                last_seq: row.int(C + 1)?,
                read_seq: row.int(C + 2)?,
                last_us: row.int(C + 3)?,
                member_count: row.int(C + 4)?,
                unread: row.int(C + 5)?,
                peer: None,
            })
        };
        let mut rooms = self.db().rows(SQL, &[Value::Int(account.0)], read).await?;
        const PEERS: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", r.id FROM member mine
              JOIN room r ON r.id = mine.room AND r.kind = 'direct'
              JOIN member other ON other.room = r.id AND other.account <> mine.account
              JOIN account a ON a.id = other.account
             WHERE mine.account = $1"
        );
        if rooms.iter().any(|row| row.room.kind == RoomKind::Direct) {
            let peers = self
                .db()
                .rows(PEERS, &[Value::Int(account.0)], |row| {
                    Ok((RoomId(row.int(ACCOUNT_COLUMNS)?), read_account(row, 0)?))
                })
                .await?;
            let mut peers: std::collections::HashMap<_, _> = peers.into_iter().collect();
            for row in &mut rooms {
                row.peer = peers.remove(&row.room.id);
            }
        }
        Ok(rooms)
    }

    /// All group rooms of the tenant, by name, with their number of members.
    ///
    /// # Errors
    /// The database.
    pub async fn rooms(&self, permit: &TenantPermit<ReadRooms>) -> Result<Vec<(Room, i64)>> {
        const SQL: &str = concat!(
            "SELECT ",
            room_columns!(),
            ", (SELECT COUNT(*) FROM member c WHERE c.room = r.id)",
            from_room!(),
            "WHERE r.tenant = $1 AND r.kind = 'group' ORDER BY r.name, r.id"
        );
        let read = |row: &Row| Ok((read_room(row, 0)?, row.int(ROOM_COLUMNS)?));
        self.db().rows(SQL, &[Value::Int(permit.tenant().0)], read).await
    }

    /// Gives the room another label.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such label.
    pub async fn relabel(
        &self,
        permit: &Permit<Relabel>,
        slug: &str,
        by: AccountId,
        now: Micros,
    ) -> Result<Event> {
        let (room, tenant) = (permit.room(), permit.tenant());
        let mut tx = self.db().begin().await?;
        label_of(&mut tx, tenant, slug).await?;
        const FROM: &str = "SELECT label FROM room WHERE id = $1";
        let from = tx
            .row(tx.locking(FROM), &[Value::Int(room.0)], |row| row.text(0))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        const SET: &str = "UPDATE room SET label = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(room.0), Value::Text(slug)]).await?;
        let author = author_of(&mut tx, tenant, by).await?;
        let told = format!("{from} → {slug}");
        let content = Content::LabelChanged { from, to: slug.to_owned() };
        let event = event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?;
        let entry = NewEntry::done(Relabel::NAME, Subject::by(permit.acting())).within(room).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// Gives the room another name; its address stays.
    ///
    /// # Errors
    /// The database.
    pub async fn rename(
        &self,
        permit: &Permit<Rename>,
        name: &RoomName,
        by: AccountId,
        now: Micros,
    ) -> Result<Event> {
        let (room, tenant) = (permit.room(), permit.tenant());
        let mut tx = self.db().begin().await?;
        const FROM: &str = "SELECT name FROM room WHERE id = $1";
        let from = tx
            .row(tx.locking(FROM), &[Value::Int(room.0)], |row| row.text(0))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        const SET: &str = "UPDATE room SET name = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(room.0), Value::Text(name.as_str())]).await?;
        let author = author_of(&mut tx, tenant, by).await?;
        let content = Content::Renamed { from, to: name.as_str().to_owned() };
        let event = event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?;
        let entry = NewEntry::done(Rename::NAME, Subject::by(permit.acting())).within(room);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// Gives the room another topic; no event.
    ///
    /// # Errors
    /// `Refused` when it is too long.
    pub async fn set_topic(&self, permit: &Permit<Rename>, topic: &str, now: Micros) -> Result<()> {
        topic_fits(topic)?;
        let mut tx = self.db().begin().await?;
        const SET: &str = "UPDATE room SET topic = $2 WHERE id = $1";
        if tx.execute(SET, &[Value::Int(permit.room().0), Value::Text(topic)]).await? == 0 {
            return Err(StoreError::Gone { what: "room" });
        }
        let entry = NewEntry::done("room.topic", Subject::by(permit.acting())).within(permit.room());
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await
    }
}
