//! Links for guests, and who came by them.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy, new_token, token_hash};
use crate::labels::label_columns;
use crate::rooms::{ROOM_COLUMNS, from_room, read_room, room_columns};
use crate::sql::{Row, Value};
use crate::tenants::open_door;
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, Guest, GuestId, LinkId, Micros, PersonName, Room, RoomId, TenantId};
use beffroi_policy::{InviteGuest, Permit, RoomAct as _, Who};

/// An open link.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// Its id.
    pub id: LinkId,
    /// When it was made.
    pub created: Micros,
    /// Until when it opens.
    pub expires: Micros,
    /// Who made it.
    pub by: AccountId,
}

const HOUR_US: Micros = 3_600_000_000;

fn read_guest(row: &Row) -> Result<Guest> {
    let id = GuestId(row.int(0)?);
    Ok(Guest {
        id,
        tenant: TenantId(row.int(1)?),
        room: RoomId(row.int(2)?),
        link: LinkId(row.int(3)?),
        name: row.text(4)?.parse().map_err(|_| damaged(format!("guest {id}")))?,
    })
}

impl Store {
    /// Makes a link that opens for so many hours (1 to 168); gives its token, kept as SHA-256 only,
    /// and when it expires.
    ///
    /// # Errors
    /// `Refused` for other hours. Nothing was kept.
    pub async fn open_link(
        &self,
        permit: &Permit<InviteGuest>,
        by: AccountId,
        hours: u32,
        now: Micros,
    ) -> Result<(LinkId, String, Micros)> {
        if !(1..=168).contains(&hours) {
            return Err(StoreError::Refused("a link opens for 1 to 168 hours; choose a number in between"));
        }
        let (id, (token, kept)) = (LinkId::mint(now, entropy()), new_token());
        let expires = now + i64::from(hours) * HOUR_US;
        let mut tx = self.db().begin().await?;
        const ADD: &str = "
            INSERT INTO guest_link (id, token, room, account, created_us, expires_us)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            Value::Int(id.0),
            Value::Bytes(&kept),
            Value::Int(permit.room().0),
            Value::Int(by.0),
            Value::Int(now),
            Value::Int(expires),
        ];
        tx.execute(ADD, &values).await?;
        let told = format!("link {id}, {hours} h");
        let entry = NewEntry::done(InviteGuest::NAME, Subject::by(permit.acting()))
            .within(permit.room())
            .saying(&told);
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await?;
        Ok((id, token, expires))
    }

    /// The links of the room that open now.
    ///
    /// # Errors
    /// The database.
    pub async fn links(&self, permit: &Permit<InviteGuest>, now: Micros) -> Result<Vec<LinkRow>> {
        const SQL: &str = "
            SELECT id, created_us, expires_us, account FROM guest_link
             WHERE room = $1 AND closed_us IS NULL AND expires_us > $2 ORDER BY created_us, id";
        let read = |row: &Row| {
            Ok(LinkRow {
                id: LinkId(row.int(0)?),
                created: row.int(1)?,
                expires: row.int(2)?,
                by: AccountId(row.int(3)?),
            })
        };
        self.db().rows(SQL, &[Value::Int(permit.room().0), Value::Int(now)], read).await
    }

    /// Closes a link; `false` when it was closed already.
    ///
    /// # Errors
    /// `Gone` when the room has no such link.
    pub async fn close_link(&self, permit: &Permit<InviteGuest>, link: LinkId, now: Micros) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        const FIND: &str = "SELECT closed_us FROM guest_link WHERE id = $1 AND room = $2";
        let values = [Value::Int(link.0), Value::Int(permit.room().0)];
        match tx.row(tx.locking(FIND), &values, |row| row.opt_int(0)).await? {
            None => return Err(StoreError::Gone { what: "link" }),
            Some(Some(_)) => return Ok(false),
            Some(None) => {}
        }
        const CLOSE: &str = "UPDATE guest_link SET closed_us = $2 WHERE id = $1";
        tx.execute(CLOSE, &[Value::Int(link.0), Value::Int(now)]).await?;
        let told = format!("link {link} closed");
        let entry =
            NewEntry::done("guest.close", Subject::by(permit.acting())).within(permit.room()).saying(&told);
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The link of a token and its room, while it opens.
    ///
    /// # Errors
    /// The database.
    pub async fn link_by_token(&self, token: &str, now: Micros) -> Result<Option<(LinkId, Room)>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        const SQL: &str = concat!(
            "SELECT ",
            room_columns!(),
            ", k.id",
            from_room!(),
            "JOIN guest_link k ON k.room = r.id
              WHERE k.token = $1 AND k.closed_us IS NULL AND k.expires_us > $2"
        );
        let read = |row: &Row| Ok((LinkId(row.int(ROOM_COLUMNS)?), read_room(row, 0)?));
        self.db().row(SQL, &[Value::Bytes(&kept), Value::Int(now)], read).await
    }

    /// Someone came by a link.
    ///
    /// # Errors
    /// `Gone` when it no longer opens.
    pub async fn add_guest(&self, link: LinkId, name: &PersonName, now: Micros) -> Result<Guest> {
        let mut tx = self.db().begin().await?;
        const LINK: &str = "
            SELECT r.tenant, r.id FROM guest_link k JOIN room r ON r.id = k.room
             WHERE k.id = $1 AND k.closed_us IS NULL AND k.expires_us > $2";
        let (tenant, room) = tx
            .row(LINK, &[Value::Int(link.0), Value::Int(now)], |row| {
                Ok((TenantId(row.int(0)?), RoomId(row.int(1)?)))
            })
            .await?
            .ok_or(StoreError::Gone { what: "link" })?;
        open_door(&mut tx, tenant).await?;
        let guest = Guest { id: GuestId::mint(now, entropy()), tenant, room, link, name: name.clone() };
        const ADD: &str =
            "INSERT INTO guest (id, tenant, room, link, name, created_us) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            Value::Int(guest.id.0),
            Value::Int(tenant.0),
            Value::Int(room.0),
            Value::Int(link.0),
            Value::Text(name.as_str()),
            Value::Int(now),
        ];
        tx.execute(ADD, &values).await?;
        let told = format!("{name}, link {link}");
        let entry =
            NewEntry::done("guest.come", Subject::Who(Who::Guest(guest.id))).within(room).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(guest)
    }

    /// A guest by id.
    ///
    /// # Errors
    /// The database.
    pub async fn guest(&self, id: GuestId) -> Result<Option<Guest>> {
        const SQL: &str = "SELECT id, tenant, room, link, name FROM guest WHERE id = $1";
        self.db().row(SQL, &[Value::Int(id.0)], read_guest).await
    }

    /// Everyone who came by a link.
    ///
    /// # Errors
    /// The database.
    pub async fn guests_of_link(&self, link: LinkId) -> Result<Vec<Guest>> {
        const SQL: &str = "SELECT id, tenant, room, link, name FROM guest WHERE link = $1 ORDER BY id";
        self.db().rows(SQL, &[Value::Int(link.0)], read_guest).await
    }
}
