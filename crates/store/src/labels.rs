//! The labels of a body: what they demand, what was declared for them, what stands under them.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::damaged;
use crate::sql::{Row, Tx, Value};
use crate::tenants::touch;
use crate::{Result, Store, StoreError};
use beffroi_domain::{Accreditation, Day, Guests, Label, LabelChange, Micros, Posture, Rank, TenantId};
use beffroi_policy::{ManageLabels, ReadOrganisation, TenantPermit};

/// The columns of a label `l`, in the order that [`read_label`] reads.
macro_rules! label_columns {
    () => {
        "l.slug, l.name, l.rank, l.reserved_by, l.accreditation_reference, l.accreditation_authority, \
         l.accreditation_until_us, l.guests, l.federation, l.recording, l.download, l.second_factor, \
         l.managed_device, l.end_to_end, l.retention_days, l.meeting_minutes, l.lock_minutes, \
         l.posture, l.proof_hours"
    };
}
pub(crate) use label_columns;

/// How many columns [`label_columns`] are.
pub(crate) const LABEL_COLUMNS: usize = 19;

/// Reads [`label_columns`] from `column` on.
pub(crate) fn read_label(row: &Row, column: usize) -> Result<Label> {
    let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let slug = row.text(column)?;
    let declared = (row.opt_text(column + 4)?, row.opt_text(column + 5)?, row.opt_int(column + 6)?);
    let accreditation = match declared {
        (Some(reference), Some(authority), Some(until)) => {
            let bad = || damaged(format!("the accreditation of the label {slug}"));
            Some(Accreditation {
                reference: reference.parse().map_err(|_| bad())?,
                authority: authority.parse().map_err(|_| bad())?,
                until: Day::of(until - 1),
            })
        }
        // Half a declaration is none: what is protected stays closed.
        _ => None,
    };
    Ok(Label {
        slug,
        name: row.text(column + 1)?,
        rank: Rank(u8::try_from(row.int(column + 2)?).map_err(|_| damaged("the rank of a label"))?),
        reserved_by: row.opt_text(column + 3)?,
        accreditation,
        guests: Guests::from_word(&row.text(column + 7)?).ok_or_else(|| damaged("a label"))?,
        federation: row.bool(column + 8)?,
        recording: row.bool(column + 9)?,
        download: row.bool(column + 10)?,
        second_factor: row.bool(column + 11)?,
        managed_device: row.bool(column + 12)?,
        posture: Posture::from_words(row.text(column + 17)?.split_whitespace())
            .ok_or_else(|| damaged("the posture of a label"))?,
        end_to_end: row.bool(column + 13)?,
        retention_days: row.opt_int(column + 14)?.map(small),
        meeting_minutes: row.opt_int(column + 15)?.map(small),
        lock_minutes: row.opt_int(column + 16)?.map(small),
        proof_hours: row.opt_int(column + 18)?.map(small),
    })
}

/// A label of the tenant, held until the end of the transaction.
pub(crate) async fn label_of(tx: &mut Tx, tenant: TenantId, slug: &str) -> Result<Label> {
    const SQL: &str =
        concat!("SELECT ", label_columns!(), " FROM label l WHERE l.tenant = $1 AND l.slug = $2");
    tx.row(SQL, &[Value::Int(tenant.0), Value::Text(slug)], |row| read_label(row, 0))
        .await?
        .ok_or(StoreError::Gone { what: "label" })
}

/// What stands under a label, and what a shorter retention would take from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Rooms that carry it, those of two included.
    pub rooms: i64,
    /// Events in them written before the moment asked for.
    pub events: i64,
    /// Files in them put there before.
    pub files: i64,
}

impl Store {
    /// The labels of a tenant, least sensitive first.
    ///
    /// # Errors
    /// The database.
    pub async fn labels(&self, tenant: TenantId) -> Result<Vec<Label>> {
        const SQL: &str =
            concat!("SELECT ", label_columns!(), " FROM label l WHERE l.tenant = $1 ORDER BY l.rank, l.slug");
        self.db().rows(SQL, &[Value::Int(tenant.0)], |row| read_label(row, 0)).await
    }

    /// Declares the accreditation that a protective mark asks for, in the place of the former one.
    ///
    /// # Errors
    /// `Gone` when there is no such label.
    pub async fn accredit(
        &self,
        permit: &TenantPermit<ManageLabels>,
        slug: &str,
        declared: &Accreditation,
        now: Micros,
    ) -> Result<()> {
        self.set_accreditation(permit, slug, Some(declared), now).await
    }

    /// Takes an accreditation back: what carries the mark is closed.
    ///
    /// # Errors
    /// `Gone` when there is no such label, or nothing was declared for it.
    pub async fn withdraw(&self, permit: &TenantPermit<ManageLabels>, slug: &str, now: Micros) -> Result<()> {
        self.set_accreditation(permit, slug, None, now).await
    }

    async fn set_accreditation(
        &self,
        permit: &TenantPermit<ManageLabels>,
        slug: &str,
        declared: Option<&Accreditation>,
        now: Micros,
    ) -> Result<()> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let before = label_of(&mut tx, tenant, slug).await?.accreditation;
        if before.is_none() && declared.is_none() {
            return Err(StoreError::Gone { what: "accreditation" });
        }
        const SQL: &str = "
            UPDATE label SET accreditation_reference = $3, accreditation_authority = $4,
                             accreditation_until_us = $5
             WHERE tenant = $1 AND slug = $2";
        let values = [
            Value::Int(tenant.0),
            Value::Text(slug),
            Value::OptText(declared.map(|one| one.reference.as_str())),
            Value::OptText(declared.map(|one| one.authority.as_str())),
            Value::OptInt(declared.map(|one| one.until.end())),
        ];
        tx.execute(SQL, &values).await?;
        let said = |one: Option<&Accreditation>| one.map_or_else(|| "none".to_owned(), ToString::to_string);
        let told = format!("{} → {}", said(before.as_ref()), said(declared));
        let act = if declared.is_some() { "label.accredit" } else { "label.withdraw" };
        let entry = NewEntry::done(act, Subject::by(permit.acting()))
            .on(Subject::Text(slug.to_owned()))
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// Changes what a label demands and allows, and gives it as it is then. `seen` is the label that the
    /// change was decided about.
    ///
    /// # Errors
    /// `Gone` when there is no such label; `Refused` when it is not `seen` any more, or the change does not fit.
    pub async fn change_label(
        &self,
        permit: &TenantPermit<ManageLabels>,
        slug: &str,
        change: &LabelChange,
        seen: &Label,
        now: Micros,
    ) -> Result<Label> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let before = label_of(&mut tx, tenant, slug).await?;
        // What was decided about is what is changed: who changed it in between is not overwritten unseen.
        if before != *seen {
            return Err(StoreError::Refused(
                "somebody changed this label a moment ago; look at it again, then repeat your change",
            ));
        }
        let after = before.changed(change).map_err(|_| StoreError::Refused("this change does not fit"))?;
        if after == before {
            return Ok(before);
        }
        const SET: &str = "
            UPDATE label SET name = $3, guests = $4, federation = $5, recording = $6, download = $7,
                             second_factor = $8, managed_device = $9, retention_days = $10,
                             meeting_minutes = $11, lock_minutes = $12, posture = $13,
                             proof_hours = $14
             WHERE tenant = $1 AND slug = $2";
        let posture = after.posture.words().join(" ");
        let values = [
            Value::Int(tenant.0),
            Value::Text(slug),
            Value::Text(&after.name),
            Value::Text(after.guests.word()),
            Value::Bool(after.federation),
            Value::Bool(after.recording),
            Value::Bool(after.download),
            Value::Bool(after.second_factor),
            Value::Bool(after.managed_device),
            Value::OptInt(after.retention_days.map(i64::from)),
            Value::OptInt(after.meeting_minutes.map(i64::from)),
            Value::OptInt(after.lock_minutes.map(i64::from)),
            Value::Text(&posture),
            Value::OptInt(after.proof_hours.map(i64::from)),
        ];
        tx.execute(SET, &values).await?;
        let told = before.differences(&after).join("; ");
        let entry = NewEntry::done("label.change", Subject::by(permit.acting()))
            .on(Subject::Text(slug.to_owned()))
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// How many rooms carry each label, by slug; labels that nothing carries are left out.
    ///
    /// # Errors
    /// The database.
    pub async fn rooms_by_label(
        &self,
        permit: &TenantPermit<ReadOrganisation>,
    ) -> Result<Vec<(String, i64)>> {
        const SQL: &str = "SELECT label, COUNT(*) FROM room WHERE tenant = $1 GROUP BY label";
        self.db().rows(SQL, &[Value::Int(permit.tenant().0)], |row| Ok((row.text(0)?, row.int(1)?))).await
    }

    /// What stands under a label, and how much of it was written before a moment.
    ///
    /// # Errors
    /// The database.
    pub async fn weight_before(
        &self,
        permit: &TenantPermit<ReadOrganisation>,
        slug: &str,
        before: Micros,
    ) -> Result<Weight> {
        const SQL: &str = "
            SELECT (SELECT COUNT(*) FROM room WHERE tenant = $1 AND label = $2),
                   (SELECT COUNT(*) FROM event
                     WHERE room IN (SELECT id FROM room WHERE tenant = $1 AND label = $2) AND at_us < $3),
                   (SELECT COUNT(*) FROM file
                     WHERE room IN (SELECT id FROM room WHERE tenant = $1 AND label = $2) AND at_us < $3)";
        let values = [Value::Int(permit.tenant().0), Value::Text(slug), Value::Int(before)];
        let read = |row: &Row| Ok(Weight { rooms: row.int(0)?, events: row.int(1)?, files: row.int(2)? });
        Ok(self.db().row(SQL, &values, read).await?.unwrap_or_default())
    }
}

pub(crate) async fn add_label(tx: &mut Tx, tenant: TenantId, label: &Label) -> Result<()> {
    const SQL: &str = "
        INSERT INTO label (tenant, slug, name, rank, reserved_by, guests, federation, recording, download,
                           second_factor, managed_device, end_to_end, retention_days, meeting_minutes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let values = [
        Value::Int(tenant.0),
        Value::Text(&label.slug),
        Value::Text(&label.name),
        Value::Int(label.rank.0.into()),
        Value::OptText(label.reserved_by.as_deref()),
        Value::Text(label.guests.word()),
        Value::Bool(label.federation),
        Value::Bool(label.recording),
        Value::Bool(label.download),
        Value::Bool(label.second_factor),
        Value::Bool(label.managed_device),
        Value::Bool(label.end_to_end),
        Value::OptInt(label.retention_days.map(i64::from)),
        Value::OptInt(label.meeting_minutes.map(i64::from)),
    ];
    tx.execute(SQL, &values).await.map(drop)
}
