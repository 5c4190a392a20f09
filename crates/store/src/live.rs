//! Which sessions there are, whoever opened or ended them.
use crate::lock::LiveSession;
use crate::sql::{Row, Value};
use crate::{Result, Store};
use beffroi_domain::{AccountId, LockRules, Micros, SessionId, TenantId};
use beffroi_policy::HELP_US;

impl Store {
    /// Every session that was not ended, with what its limits and its lock are reckoned from. Streams whose
    /// session is no longer among them must close; another process may have ended it.
    ///
    /// # Errors
    /// The database.
    pub async fn live_sessions(&self, now: Micros) -> Result<Vec<LiveSession>> {
        // Acting in somebody's name ends sooner than any session.
        const SQL: &str = "
            SELECT s.id, s.account, s.tenant, s.created_us, s.last_used_us, s.application, s.locked_us, s.desk,
                   (SELECT MIN(l.lock_minutes)
                      FROM session_label o JOIN label l ON l.tenant = o.tenant AND l.slug = o.label
                     WHERE o.session = s.id),
                   t.lock_phone_minutes, t.lock_desk_minutes,
                   CASE WHEN a.charter < t.charter THEN t.charter ELSE 0 END, s.identified_us, h.hours
              FROM session s JOIN tenant t ON t.id = s.tenant LEFT JOIN account a ON a.id = s.account
              LEFT JOIN (SELECT tenant, MIN(proof_hours) AS hours FROM label GROUP BY tenant) h ON h.tenant = s.tenant
             WHERE t.closed_us IS NULL AND (s.impersonated_by IS NULL OR s.created_us > $1)";
        let minutes = |n: i64| u32::try_from(n).unwrap_or(1);
        let read = |row: &Row| {
            Ok(LiveSession {
                id: SessionId(row.int(0)?),
                account: row.opt_int(1)?.map(AccountId),
                tenant: TenantId(row.int(2)?),
                created: row.int(3)?,
                last_used: row.int(4)?,
                page: row.opt_int(5)?.is_none(),
                identified: match row.opt_int(5)? {
                    Some(_) => None,
                    None => Some(row.int(12)?),
                },
                locked: row.opt_int(6)?,
                desk: row.int(7)? != 0,
                label_minutes: row.opt_int(8)?.map(minutes),
                rules: LockRules { phone_minutes: minutes(row.int(9)?), desk_minutes: minutes(row.int(10)?) },
                proof_hours: row.opt_int(13)?.map(minutes),
                charter: Some(row.int(11)?).filter(|version| *version > 0),
            })
        };
        self.db().rows(SQL, &[Value::Int(now - HELP_US)], read).await
    }
}
