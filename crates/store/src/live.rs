//! Which sessions there are, whoever opened or ended them.
use crate::sql::Value;
use crate::{Result, Store};
use beffroi_domain::{Micros, SessionId};
use beffroi_policy::HELP_US;

impl Store {
    /// Every session that was not ended, with when it was opened and last used. Streams whose session is
    /// no longer among them must close; another process may have ended it.
    ///
    /// # Errors
    /// The database.
    pub async fn live_sessions(&self, now: Micros) -> Result<Vec<(SessionId, Micros, Micros)>> {
        // Acting in somebody's name ends sooner than any session.
        const SQL: &str = "
            SELECT id, created_us, last_used_us FROM session WHERE impersonated_by IS NULL OR created_us > $1";
        self.db()
            .rows(SQL, &[Value::Int(now - HELP_US)], |row| {
                Ok((SessionId(row.int(0)?), row.int(1)?, row.int(2)?))
            })
            .await
    }
}
