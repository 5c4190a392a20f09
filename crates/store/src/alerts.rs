//! Alerts out of the audit log (LG5): how far it was looked at, what waits to be told, and to whom.
//!
//! The mark and what waits move in one transaction, and only from where the caller read: over a restart or beside
//! another node nothing is alerted twice, and nothing is missed.

use crate::accounts::{account_columns, read_account};
use crate::audit::{self, AuditEntry, NewEntry, Subject, entry_columns, read_entry};
use crate::crypto::Sealer;
use crate::keys::tenant_key_columns;
use crate::mail::Purpose;
use crate::sql::{Row, Value};
use crate::{Letter, Result, Store};
use beffroi_domain::{Account, AccountId, Micros, TenantId};
use std::collections::HashMap;

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

/// An alert that waits to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its kind, as `identity` calls it.
    pub alarm: String,
    /// How many there were since the last letter.
    pub count: i64,
    /// The latest entry that called for it.
    pub seq: i64,
}

/// Letters of one kind: one in ten minutes, with a count.
const QUIET: Micros = 600_000_000;
/// Entries that are looked at in one go, and how many before them count with them.
const MOST: i64 = 1000;

impl Store {
    /// The logs that grew, or of which something waits to be told.
    ///
    /// # Errors
    /// The database.
    pub async fn unwatched(&self, now: Micros) -> Result<Vec<Unwatched>> {
        const SQL: &str = "
            SELECT l.tenant, m.seq, l.size FROM audit_log l LEFT JOIN alert_mark m ON m.tenant = l.tenant
             WHERE m.seq IS NULL OR m.seq < l.size OR EXISTS
                   (SELECT 1 FROM alert a WHERE a.tenant = l.tenant AND a.waiting > 0 AND a.letter_us <= $1)";
        let read = |row: &Row| {
            Ok(Unwatched { tenant: TenantId(row.int(0)?), mark: row.opt_int(1)?, size: row.int(2)? })
        };
        self.db().rows(SQL, &[Value::Int(now - QUIET)], read).await
    }

    /// The entries to look at and those before them that count with them, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn entries_to_watch(&self, tenant: TenantId, mark: i64) -> Result<Vec<AuditEntry>> {
        self.entries_between(tenant, mark - MOST, mark + MOST).await
    }

    /// One entry.
    ///
    /// # Errors
    /// The database.
    pub async fn audit_entry(&self, tenant: TenantId, seq: i64) -> Result<Option<AuditEntry>> {
        Ok(self.entries_between(tenant, seq - 1, seq).await?.pop())
    }

    async fn entries_between(&self, tenant: TenantId, after: i64, to: i64) -> Result<Vec<AuditEntry>> {
        let values = [Value::Int(tenant.0), Value::Int(after), Value::Int(to)];
        const KEYS: &str = concat!(
            "SELECT p.person, p.key_wrapped, ",
            tenant_key_columns!(),
            " FROM person_key p JOIN tenant t ON t.id = p.tenant WHERE p.tenant = $1 AND p.person IN
                (SELECT e.actor_ref FROM audit_entry e WHERE e.tenant = $1 AND e.seq > $2 AND e.seq <= $3
                  UNION
                 SELECT e.subject_ref FROM audit_entry e WHERE e.tenant = $1 AND e.seq > $2 AND e.seq <= $3)"
        );
        let read = |row: &Row| {
            let person = row.int(0)?;
            let key = self.keys().tenant_key(row, 2)?.unwrap_key("person", person, &row.bytes(1)?)?;
            Ok((person, Sealer::new(&key)))
        };
        let keys: HashMap<_, _> = self.db().rows(KEYS, &values, read).await?.into_iter().collect();
        const ENTRIES: &str = concat!(
            "SELECT ",
            entry_columns!(),
            " FROM audit_entry WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq"
        );
        self.db().rows(ENTRIES, &values, |row| read_entry(row, tenant, &keys)).await
    }

    /// Moves the mark from where it was read to `to`, with what was found between; `false` when somebody else did.
    ///
    /// # Errors
    /// The database.
    pub async fn watched(&self, seen: Unwatched, to: i64, found: &[(&str, i64)]) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let moved = match seen.mark {
            None => {
                const FIRST: &str =
                    "INSERT INTO alert_mark (tenant, seq) VALUES ($1, $2) ON CONFLICT (tenant) DO NOTHING";
                tx.execute(FIRST, &[Value::Int(seen.tenant.0), Value::Int(to)]).await?
            }
            Some(mark) => {
                const MOVE: &str = "UPDATE alert_mark SET seq = $3 WHERE tenant = $1 AND seq = $2";
                tx.execute(MOVE, &[Value::Int(seen.tenant.0), Value::Int(mark), Value::Int(to)]).await?
            }
        };
        if moved == 0 {
            return Ok(false);
        }
        for (alarm, seq) in found {
            const ADD: &str = "
                INSERT INTO alert (tenant, alarm, waiting, seq, letter_us) VALUES ($1, $2, 1, $3, 0)
                    ON CONFLICT (tenant, alarm) DO UPDATE SET waiting = alert.waiting + 1, seq = excluded.seq";
            tx.execute(ADD, &[Value::Int(seen.tenant.0), Value::Text(alarm), Value::Int(*seq)]).await?;
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
            SELECT alarm, waiting, seq FROM alert
             WHERE tenant = $1 AND waiting > 0 AND letter_us <= $2 ORDER BY alarm";
        let read = |row: &Row| Ok(Waiting { alarm: row.text(0)?, count: row.int(1)?, seq: row.int(2)? });
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
               AND a.role IN ('administrator', 'security-officer') ORDER BY a.id LIMIT 50"
        );
        self.db().rows(SQL, &[Value::Int(tenant.0), Value::Bool(true)], |row| read_account(row, 0)).await
    }

    /// Writes the letters of an alert; none when it was told, or grew, in the meantime.
    ///
    /// # Errors
    /// The database.
    pub async fn tell_alert(
        &self,
        tenant: TenantId,
        alert: &Waiting,
        letters: &[(AccountId, Letter)],
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const TOLD: &str = "
            UPDATE alert SET waiting = 0, letter_us = $4 WHERE tenant = $1 AND alarm = $2 AND waiting = $3";
        let values =
            [Value::Int(tenant.0), Value::Text(&alert.alarm), Value::Int(alert.count), Value::Int(now)];
        if tx.execute(TOLD, &values).await? == 0 {
            return Ok(());
        }
        for (account, letter) in letters {
            self.post(&mut tx, *account, Purpose::Alert, letter, now).await?;
        }
        let detail = format!("{} × {}; letters: {}", alert.count, alert.alarm, letters.len());
        let entry = NewEntry::done("alert.raise", Subject::Machine).saying(&detail);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }
}
