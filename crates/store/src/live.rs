//! Which sessions there are, whoever opened or ended them.
use crate::sql::Value;
use crate::{Result, Store};
use beffroi_domain::{Micros, SessionId};

impl Store {
    /// Every session that was not ended, with when it was opened and last used. Streams whose session is
    /// no longer among them must close; another process may have ended it.
    ///
    /// # Errors
    /// The database.
    pub async fn live_sessions(&self) -> Result<Vec<(SessionId, Micros, Micros)>> {
        const SQL: &str = "SELECT id, created_us, last_used_us FROM session";
        let none: [Value<'_>; 0] = [];
        self.db().rows(SQL, &none, |row| Ok((SessionId(row.int(0)?), row.int(1)?, row.int(2)?))).await
    }
}
