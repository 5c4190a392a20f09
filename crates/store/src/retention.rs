//! What a label says is kept for so many days, and no longer.
use crate::audit::{NewEntry, Outcome, Subject, append};
use crate::sql::Value;
use crate::{Result, Store, blob};
use beffroi_domain::{FileId, Micros, TenantId};

const DAY: Micros = 86_400_000_000;

impl Store {
    /// Forgets events and files older than the label of their room keeps them; gives how many of both.
    ///
    /// The rows, and with them the keys of files, go in one transaction with the audit entry; the
    /// encrypted bytes on disk, which nothing opens any more, are removed after it.
    ///
    /// # Errors
    /// The database; what was done for other labels stays done.
    pub async fn forget_past(&self, now: Micros) -> Result<u64> {
        const LABELS: &str =
            "SELECT tenant, slug, retention_days FROM label WHERE retention_days IS NOT NULL";
        let labels =
            self.db().rows(LABELS, &[], |row| Ok((TenantId(row.int(0)?), row.text(1)?, row.int(2)?))).await?;
        let mut forgotten = 0;
        for (tenant, slug, days) in labels {
            forgotten += self.forget_before(tenant, &slug, now - days * DAY, now).await?;
        }
        Ok(forgotten)
    }

    async fn forget_before(&self, tenant: TenantId, slug: &str, before: Micros, now: Micros) -> Result<u64> {
        const ANY: &str = "
            SELECT COUNT(*) FROM event
             WHERE room IN (SELECT id FROM room WHERE tenant = $1 AND label = $2) AND at_us < $3";
        const FILES: &str = "
            DELETE FROM file
             WHERE room IN (SELECT id FROM room WHERE tenant = $1 AND label = $2) AND at_us < $3
            RETURNING id";
        const EVENTS: &str = "
            DELETE FROM event
             WHERE room IN (SELECT id FROM room WHERE tenant = $1 AND label = $2) AND at_us < $3";
        let values = [Value::Int(tenant.0), Value::Text(slug), Value::Int(before)];
        // Most times there is nothing, and nothing must be written to know it.
        let events = self.db().row(ANY, &values, |row| row.int(0)).await?.unwrap_or(0);
        if events == 0 {
            return Ok(0);
        }
        let mut tx = self.db().begin().await?;
        let files = tx.rows(FILES, &values, |row| row.int(0).map(FileId)).await?;
        tx.execute(EVENTS, &values).await?;
        let detail = format!("label {slug}: {events} events, {} files", files.len());
        let entry = NewEntry {
            act: "retention.forget",
            outcome: Outcome::Done,
            actor: Subject::Machine,
            subject: None,
            room: None,
            rule: None,
            detail: &detail,
            origin: "",
        };
        append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        for file in &files {
            if let Err(error) = blob::remove(self.blobs(), *file) {
                tracing::warn!(%file, error = &error as &dyn std::error::Error, "forgotten contents could not be removed from the disk; they cannot be opened any more");
            }
        }
        Ok(events.unsigned_abs())
    }
}
