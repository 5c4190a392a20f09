//! Logs verified by the server itself, once a day, beside everything else that it does.
//!
//! No transaction is held over a whole log, because on SQLite it would keep the write-ahead log from being
//! shortened: entries up to a head never change, so they are read in parts, with rests in between.

use crate::audit::{self, NewEntry, Subject};
use crate::sql::{Row, Tx, Value};
use crate::verify::{Check, Log, expect_subtrees, read, read_log, stored_columns};
use crate::{Finding, Result, Store, StoreError};
use aws_lc_rs::digest;
use beffroi_domain::{Micros, TenantId};
use std::collections::HashSet;
use std::time::Duration;

/// A log that nobody verified for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// Whose.
    pub tenant: TenantId,
    /// When it was verified last; 0: never.
    verified: Micros,
    /// What was wrong with it then: a [`mark`] of each finding.
    broken: String,
}

/// Findings that are known from day to day, the first ones; a log with more of them is lost.
const KNOWN: usize = 4096;
const DAY: Micros = 86_400_000_000;
/// Entries of one part: ten milliseconds of signatures.
const PART: i64 = 200;
/// The rest after each: a log takes a third of one core, however long it is.
const REST: Duration = Duration::from_millis(20);

impl Store {
    /// The logs that nobody verified for a day.
    ///
    /// # Errors
    /// The database.
    pub async fn unverified(&self, now: Micros) -> Result<Vec<Unverified>> {
        const SQL: &str =
            "SELECT tenant, verified_us, broken FROM alert_mark WHERE verified_us <= $1 ORDER BY verified_us";
        let read = |row: &Row| {
            Ok(Unverified { tenant: TenantId(row.int(0)?), verified: row.int(1)?, broken: row.text(2)? })
        };
        self.db().rows(SQL, &[Value::Int(now - DAY)], read).await
    }

    /// Reads one log from its first entry to where its head is now, while others write on. What was put in
    /// behind the head meanwhile, and hashes kept for tiles beyond it, are seen the next day.
    ///
    /// # Errors
    /// The database: then nothing can be said.
    pub async fn verify_beside(&self, tenant: TenantId) -> Result<Vec<Finding>> {
        // The head and the last entry in one statement: they were so at one moment.
        const HEAD: &str = "
            SELECT t.id, t.domain, l.size, l.frontier, l.checkpoint, l.public_key,
                   COALESCE((SELECT MAX(e.seq) FROM audit_entry e WHERE e.tenant = t.id), 0)
              FROM tenant t LEFT JOIN audit_log l ON l.tenant = t.id WHERE t.id = $1";
        let head = |row: &Row| Ok((read_log(row)?, row.int(6)?));
        let Some((log, last)) = self.db().row(HEAD, &[Value::Int(tenant.0)], head).await? else {
            return Ok(vec![]);
        };
        let mut findings = vec![];
        let log = match log {
            Ok(log) => log,
            Err(domain) => return Ok(vec![Finding::headless(domain)]),
        };
        let ended = self.walk(&log, last, &mut findings).await?;
        if let Some(ended) = ended {
            const SUBTREES: &str =
                "SELECT level, number, root FROM audit_subtree WHERE tenant = $1 ORDER BY level, number";
            let read = |row: &Row| Ok(((row.int(0)?, row.int(1)?), row.bytes(2)?));
            let mut kept = self.db().rows(SUBTREES, &[Value::Int(tenant.0)], read).await?;
            // The log grew meanwhile, and its tiles with it.
            kept.retain(|((level, number), _)| {
                let known = usize::try_from(level - 1).ok().and_then(|level| ended.get(level));
                usize::try_from(*number).is_ok_and(|number| known.is_some_and(|known| number < known.len()))
            });
            expect_subtrees(&log, &ended, kept, &mut findings);
        }
        Ok(findings)
    }

    /// Gives the roots of the tiles when the entries are those that were signed.
    async fn walk(
        &self,
        log: &Log,
        last: i64,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Vec<Vec<crate::merkle::Hash>>>> {
        const SQL: &str = concat!(
            "SELECT ",
            stored_columns!(),
            " FROM audit_entry WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4"
        );
        let mut check = Check::new(log, vec![], findings);
        let mut ended = vec![];
        let mut after = i64::MIN;
        loop {
            let values = [Value::Int(log.tenant.0), Value::Int(after), Value::Int(last), Value::Int(PART)];
            let entries = self.db().rows(SQL, &values, read).await?;
            let Some(entry) = entries.last() else { break };
            after = entry.seq;
            for entry in &entries {
                check.entry(entry, &mut ended);
            }
            tokio::time::sleep(REST).await;
        }
        Ok(check.end().then_some(ended))
    }

    /// Notes that a log was verified and what was wrong with it. Of what was not known yet the first goes into the
    /// log itself, and from there to who keeps the body safe. `false` when somebody else noted it in the meantime.
    ///
    /// # Errors
    /// The database. A log that takes no entry, because its head is gone or damaged: it was noted all the same, so
    /// that it is next in a day and keeps nobody from the others.
    pub async fn verified(&self, seen: &Unverified, findings: &[Finding], now: Micros) -> Result<bool> {
        let marks: Vec<_> = findings.iter().take(KNOWN).map(mark).collect();
        let known: HashSet<_> = seen.broken.split(' ').collect();
        let new = marks.iter().position(|mark| !known.contains(mark.as_str()));
        let broken = marks.join(" ");
        let mut tx = self.db().begin().await?;
        if !note(&mut tx, seen, &broken, now).await? {
            return Ok(false);
        }
        if let Some(new) = new {
            let entry = NewEntry::done("audit.broken", Subject::Machine).saying(&findings[new].text);
            match audit::append(&mut tx, self.keys(), seen.tenant, entry, now).await {
                Ok(()) => {}
                Err(cause @ (StoreError::Database(_) | StoreError::DiskFull)) => return Err(cause),
                Err(cause) => {
                    drop(tx);
                    let mut tx = self.db().begin().await?;
                    if note(&mut tx, seen, &broken, now).await? {
                        tx.commit().await?;
                    }
                    return Err(cause);
                }
            }
        }
        tx.commit().await?;
        Ok(true)
    }
}

async fn note(tx: &mut Tx, seen: &Unverified, broken: &str, now: Micros) -> Result<bool> {
    const NOTE: &str = "
        UPDATE alert_mark SET verified_us = $3, broken = $4 WHERE tenant = $1 AND verified_us = $2";
    let values = [Value::Int(seen.tenant.0), Value::Int(seen.verified), Value::Int(now), Value::Text(broken)];
    Ok(tx.execute(NOTE, &values).await? > 0)
}

/// What a finding is known by the next day: its place, where the log may have grown in its sentence.
fn mark(finding: &Finding) -> String {
    let place = match finding.entry {
        Some(entry) => format!("{entry} {}", finding.field.as_deref().unwrap_or_default()),
        None => finding.text.clone(),
    };
    let hash = digest::digest(&digest::SHA256, place.as_bytes());
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
