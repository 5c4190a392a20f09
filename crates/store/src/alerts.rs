//! Alerts out of the audit log (LG5): how far it was looked at, what waits to be told, to whom, and what was.
//!
//! The mark and what waits move in one transaction, and only from where the caller read: over a restart or beside
//! another node nothing is alerted twice, and nothing is missed.

use crate::accounts::{account_columns, read_account};
use crate::audit::{self, AuditEntry, NewEntry, Subject, entry_columns, read_entry};
use crate::crypto::{Sealer, entropy};
use crate::keys::tenant_key_columns;
use crate::mail::Purpose;
use crate::sql::{Row, Tx, Value};
use crate::{Letter, Result, Store};
use beffroi_domain::{Account, AccountId, Alarm, AlertId, Micros, TenantId};
use beffroi_policy::{ReadAudit, TenantPermit};
use std::collections::{BTreeSet, HashMap};

/// A log to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwatched {
    /// Whose.
    pub tenant: TenantId,
    /// The last entry that was looked at; none: nobody ever looked, and what is past is not alerted.
    pub mark: Option<i64>,
    /// The last entry there is.
    pub size: i64,
}

/// Something to tell, and the entries that it speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its kind.
    pub alarm: Alarm,
    /// The entries; those that were told for this kind before count no more.
    pub entries: &'a BTreeSet<i64>,
    /// The last entry that called for it.
    pub latest: i64,
    /// When that was.
    pub latest_us: Micros,
}

/// An alert that waits to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The alert.
    pub id: AlertId,
    /// Its kind.
    pub alarm: String,
    /// How many entries it speaks of.
    pub entries: i64,
    /// The last entry that called for it.
    pub latest: i64,
}

/// An alert, as somebody who may read the log sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// The alert.
    pub id: AlertId,
    /// Its kind.
    pub alarm: String,
    /// How many entries it speaks of.
    pub entries: i64,
    /// When the last of them was written.
    pub latest_us: Micros,
    /// That entry; nothing when somebody took it out of the log.
    pub latest: Option<AuditEntry>,
}

/// Alerts of one kind: one is told in ten minutes, and what comes meanwhile is told with the next.
const QUIET: Micros = 600_000_000;
/// Entries that are looked at in one go, and refusals before them that count with them.
const MOST: i64 = 1000;
/// Alerts of one page.
const PAGE: i64 = 20;

/// The statements that read entries, with the keys of those whom they are about.
macro_rules! entries_where {
    ($which:literal) => {
        (
            concat!(
                "WITH page AS (SELECT actor_ref, subject_ref FROM audit_entry WHERE ",
                $which,
                ") SELECT p.person, p.key_wrapped, ",
                tenant_key_columns!(),
                " FROM person_key p JOIN tenant t ON t.id = p.tenant WHERE p.tenant = $1
                   AND p.person IN (SELECT actor_ref FROM page UNION SELECT subject_ref FROM page)"
            ),
            concat!("SELECT ", entry_columns!(), " FROM audit_entry WHERE ", $which),
        )
    };
}
type Entries = (&'static str, &'static str);

/// An alert without its latest entry.
fn read_alert(row: &Row) -> Result<(AlertRow, i64)> {
    let (id, alarm, entries) = (AlertId(row.int(0)?), row.text(1)?, row.int(2)?);
    Ok((AlertRow { id, alarm, entries, latest_us: row.int(4)?, latest: None }, row.int(3)?))
}

impl Store {
    /// The logs that grew, or of which something waits to be told.
    ///
    /// # Errors
    /// The database.
    pub async fn unwatched(&self, now: Micros) -> Result<Vec<Unwatched>> {
        const SQL: &str = "
            SELECT l.tenant, m.seq, l.size FROM audit_log l LEFT JOIN alert_mark m ON m.tenant = l.tenant
             WHERE m.seq IS NULL OR m.seq < l.size OR EXISTS
                   (SELECT 1 FROM alert a WHERE a.tenant = l.tenant AND a.told_us IS NULL AND NOT EXISTS
                     (SELECT 1 FROM alert b WHERE b.tenant = a.tenant AND b.alarm = a.alarm AND b.told_us > $1))";
        let read = |row: &Row| {
            Ok(Unwatched { tenant: TenantId(row.int(0)?), mark: row.opt_int(1)?, size: row.int(2)? })
        };
        self.db().rows(SQL, &[Value::Int(now - QUIET)], read).await
    }

    /// How far the log of one body was looked at.
    ///
    /// # Errors
    /// The database.
    pub async fn watched_to(&self, tenant: TenantId) -> Result<Option<Unwatched>> {
        const SQL: &str = "
            SELECT m.seq, l.size FROM audit_log l LEFT JOIN alert_mark m ON m.tenant = l.tenant
             WHERE l.tenant = $1";
        let read = |row: &Row| Ok(Unwatched { tenant, mark: row.opt_int(0)?, size: row.int(1)? });
        self.db().row(SQL, &[Value::Int(tenant.0)], read).await
    }

    /// The entries to look at, and the refused sign-ins of the `window` before them, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn entries_to_watch(
        &self,
        tenant: TenantId,
        mark: i64,
        window: Micros,
    ) -> Result<Vec<AuditEntry>> {
        const NEW: Entries = entries_where!("tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq");
        let new = [Value::Int(tenant.0), Value::Int(mark), Value::Int(mark.saturating_add(MOST))];
        let mut entries = self.entries(NEW, tenant, &new).await?;
        let Some(first) = entries.first() else { return Ok(entries) };
        const BEFORE: Entries = entries_where!(
            "tenant = $1 AND seq <= $2 AND at_us > $3 AND outcome = 'denied'
               AND act IN ('session.open', 'session.prove') ORDER BY seq DESC LIMIT $4"
        );
        let before =
            [Value::Int(tenant.0), Value::Int(mark), Value::Int(first.at - window), Value::Int(MOST)];
        let mut all = self.entries(BEFORE, tenant, &before).await?;
        all.reverse();
        all.append(&mut entries);
        Ok(all)
    }

    /// One entry.
    ///
    /// # Errors
    /// The database.
    pub async fn audit_entry(&self, tenant: TenantId, seq: i64) -> Result<Option<AuditEntry>> {
        const ONE: Entries = entries_where!("tenant = $1 AND seq = $2");
        Ok(self.entries(ONE, tenant, &[Value::Int(tenant.0), Value::Int(seq)]).await?.pop())
    }

    async fn entries(
        &self,
        (keys, entries): Entries,
        tenant: TenantId,
        values: &[Value<'_>],
    ) -> Result<Vec<AuditEntry>> {
        let mut tx = self.db().snapshot().await?;
        let entries = self.entries_in(&mut tx, (keys, entries), tenant, values).await?;
        tx.commit().await?;
        Ok(entries)
    }

    async fn entries_in(
        &self,
        tx: &mut Tx,
        (keys, entries): Entries,
        tenant: TenantId,
        values: &[Value<'_>],
    ) -> Result<Vec<AuditEntry>> {
        let read = |row: &Row| {
            let person = row.int(0)?;
            let key = self.keys().tenant_key(row, 2)?.unwrap_key("person", person, &row.bytes(1)?)?;
            Ok((person, Sealer::new(&key)))
        };
        let keys: HashMap<_, _> = tx.rows(keys, values, read).await?.into_iter().collect();
        tx.rows(entries, values, |row| read_entry(row, tenant, &keys)).await
    }

    /// Moves the mark from where it was read to `to`, with what was found between; `false` when somebody else did.
    ///
    /// # Errors
    /// The database.
    pub async fn watched(&self, seen: Unwatched, to: i64, found: &[Found<'_>], now: Micros) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let moved = match seen.mark {
            None => {
                const FIRST: &str = "
                    INSERT INTO alert_mark (tenant, seq, verified_us) VALUES ($1, $2, $3)
                        ON CONFLICT (tenant) DO NOTHING";
                tx.execute(FIRST, &[Value::Int(seen.tenant.0), Value::Int(to), Value::Int(now)]).await?
            }
            Some(mark) => {
                const MOVE: &str = "UPDATE alert_mark SET seq = $3 WHERE tenant = $1 AND seq = $2";
                tx.execute(MOVE, &[Value::Int(seen.tenant.0), Value::Int(mark), Value::Int(to)]).await?
            }
        };
        if moved == 0 {
            return Ok(false);
        }
        for one in found {
            raise(&mut tx, seen.tenant, one, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// What waits to be told now.
    ///
    /// # Errors
    /// The database.
    pub async fn waiting_alerts(&self, tenant: TenantId, now: Micros) -> Result<Vec<Waiting>> {
        const SQL: &str = "
            SELECT a.id, a.alarm, a.entries, a.latest FROM alert a
             WHERE a.tenant = $1 AND a.told_us IS NULL AND NOT EXISTS
                   (SELECT 1 FROM alert b WHERE b.tenant = $1 AND b.alarm = a.alarm AND b.told_us > $2)
             ORDER BY a.id";
        let read = |row: &Row| {
            Ok(Waiting {
                id: AlertId(row.int(0)?),
                alarm: row.text(1)?,
                entries: row.int(2)?,
                latest: row.int(3)?,
            })
        };
        self.db().rows(SQL, &[Value::Int(tenant.0), Value::Int(now - QUIET)], read).await
    }

    /// Who is told: the administrators and security officers of a body.
    ///
    /// # Errors
    /// The database.
    pub async fn guardians(&self, tenant: TenantId) -> Result<Vec<Account>> {
        const SQL: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM account a WHERE a.tenant = $1 AND a.enabled = $2
               AND a.role IN ('administrator', 'security-officer') ORDER BY a.id"
        );
        self.db().rows(SQL, &[Value::Int(tenant.0), Value::Bool(true)], |row| read_account(row, 0)).await
    }

    /// Closes an alert with the letters about it, if there are any; `false` when it was told, or grew, in the
    /// meantime.
    ///
    /// # Errors
    /// The database.
    pub async fn tell_alert(
        &self,
        tenant: TenantId,
        alert: &Waiting,
        letters: &[(AccountId, Letter)],
        now: Micros,
    ) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        const TOLD: &str = "
            UPDATE alert SET told_us = $4 WHERE tenant = $1 AND id = $2 AND entries = $3 AND told_us IS NULL";
        let values =
            [Value::Int(tenant.0), Value::Int(alert.id.0), Value::Int(alert.entries), Value::Int(now)];
        if tx.execute(TOLD, &values).await? == 0 {
            return Ok(false);
        }
        for (account, letter) in letters {
            self.post(&mut tx, *account, Purpose::Alert, letter, now).await?;
        }
        if !letters.is_empty() {
            let detail =
                format!("{} ({}): {}; letters: {}", alert.alarm, alert.id, alert.entries, letters.len());
            let entry = NewEntry::done("alert.raise", Subject::Machine).saying(&detail);
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The alerts since then, latest first, a page at a time; `next` is the `before` of the next page.
    ///
    /// # Errors
    /// The database.
    pub async fn alerts(
        &self,
        permit: &TenantPermit<ReadAudit>,
        since: Micros,
        before: Option<AlertId>,
    ) -> Result<(Vec<AlertRow>, Option<AlertId>)> {
        let tenant = permit.tenant();
        let before = before.map_or(i64::MAX, |id| id.0);
        let values = || [Value::Int(tenant.0), Value::Int(before), Value::Int(since), Value::Int(PAGE)];
        const ALERTS: &str = "
            SELECT id, alarm, entries, latest, latest_us FROM alert
             WHERE tenant = $1 AND id < $2 AND latest_us >= $3 ORDER BY id DESC LIMIT $4";
        const LATEST: Entries = entries_where!(
            "tenant = $1 AND seq IN (SELECT a.latest FROM alert a WHERE a.tenant = $1 AND a.id < $2
                                      AND a.latest_us >= $3 ORDER BY a.id DESC LIMIT $4)"
        );
        // At one moment: an alert that begins between the two would take the place of the last one's entry, which
        // would look taken out of the log.
        let mut tx = self.db().snapshot().await?;
        let found = tx.rows(ALERTS, &values(), read_alert).await?;
        let entries = self.entries_in(&mut tx, LATEST, tenant, &values()).await?;
        tx.commit().await?;
        let next = if found.len() as i64 == PAGE { found.last().map(|(alert, _)| alert.id) } else { None };
        let with = |(alert, latest): (AlertRow, i64)| {
            let latest = entries.iter().find(|entry| entry.seq == latest).cloned();
            AlertRow { latest, ..alert }
        };
        Ok((found.into_iter().map(with).collect(), next))
    }

    /// One alert.
    ///
    /// # Errors
    /// The database.
    pub async fn alert(&self, permit: &TenantPermit<ReadAudit>, id: AlertId) -> Result<Option<AlertRow>> {
        let tenant = permit.tenant();
        const SQL: &str = "
            SELECT id, alarm, entries, latest, latest_us FROM alert WHERE tenant = $1 AND id = $2";
        let found = self.db().row(SQL, &[Value::Int(tenant.0), Value::Int(id.0)], read_alert).await?;
        let Some((alert, latest)) = found else { return Ok(None) };
        Ok(Some(AlertRow { latest: self.audit_entry(tenant, latest).await?, ..alert }))
    }

    /// The entries of the log that an alert speaks of, latest first: `limit` of them, before that number.
    ///
    /// # Errors
    /// The database.
    pub async fn alert_entries(
        &self,
        permit: &TenantPermit<ReadAudit>,
        id: AlertId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        const ITS: Entries = entries_where!(
            "tenant = $1 AND seq IN (SELECT e.seq FROM alert_entry e WHERE e.tenant = $1 AND e.alert = $2
                                      AND e.seq < $3 ORDER BY e.seq DESC LIMIT $4) ORDER BY seq DESC"
        );
        let values = [
            Value::Int(permit.tenant().0),
            Value::Int(id.0),
            Value::Int(before.unwrap_or(i64::MAX)),
            Value::Int(limit.into()),
        ];
        self.entries(ITS, permit.tenant(), &values).await
    }

    /// Forgets the alerts of before; what they spoke of stays in the log.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_alerts(&self, before: Micros) -> Result<()> {
        const SQL: &str = "DELETE FROM alert WHERE latest_us < $1 AND told_us IS NOT NULL";
        self.db().execute(SQL, &[Value::Int(before)]).await.map(drop)
    }
}

/// Takes what was found into the alert of its kind that waits, or begins one.
async fn raise(tx: &mut Tx, tenant: TenantId, found: &Found<'_>, now: Micros) -> Result<()> {
    let alarm = found.alarm.word();
    const GROW: &str = "
        UPDATE alert SET latest = $3, latest_us = $4
         WHERE tenant = $1 AND alarm = $2 AND told_us IS NULL RETURNING id";
    let values =
        [Value::Int(tenant.0), Value::Text(alarm), Value::Int(found.latest), Value::Int(found.latest_us)];
    let id = match tx.row(GROW, &values, |row| row.int(0)).await? {
        Some(id) => id,
        None => {
            const BEGIN: &str = "
                INSERT INTO alert (id, tenant, alarm, latest, latest_us, entries) VALUES ($1, $2, $3, $4, $5, 0)";
            let id = AlertId::mint(now, entropy()).0;
            let values = [
                Value::Int(id),
                Value::Int(tenant.0),
                Value::Text(alarm),
                Value::Int(found.latest),
                Value::Int(found.latest_us),
            ];
            tx.execute(BEGIN, &values).await?;
            id
        }
    };
    let mut new = 0;
    for seq in found.entries {
        const ADD: &str = "
            INSERT INTO alert_entry (tenant, alarm, seq, alert) VALUES ($1, $2, $3, $4)
                ON CONFLICT (tenant, alarm, seq) DO NOTHING";
        let values = [Value::Int(tenant.0), Value::Text(alarm), Value::Int(*seq), Value::Int(id)];
        new += tx.execute(ADD, &values).await?;
    }
    const COUNT: &str = "UPDATE alert SET entries = entries + $2 WHERE id = $1";
    tx.execute(COUNT, &[Value::Int(id), Value::Int(new as i64)]).await.map(drop)
}
