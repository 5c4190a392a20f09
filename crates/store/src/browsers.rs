//! What browsers are known by to the growing wait: a token of their own, for one account each.

use crate::crypto::{new_token, token_hash};
use crate::sql::{Tx, Value};
use crate::{Result, Store};
use beffroi_domain::{AccountId, Micros, SessionId};

/// Browsers that an account is known by at most; with the next one the longest unused is forgotten.
const MOST: i64 = 20;

impl Store {
    /// Whose browser shows this token, and the session that it opened last.
    ///
    /// # Errors
    /// The database.
    pub async fn known_browser(&self, token: &str) -> Result<Option<(AccountId, SessionId)>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        const SQL: &str = "SELECT account, session FROM known_browser WHERE token = $1";
        let read = |row: &crate::sql::Row| Ok((AccountId(row.int(0)?), SessionId(row.int(1)?)));
        self.db().row(SQL, &[Value::Bytes(&kept)], read).await
    }

    /// The browser that opened `session` is known to `account` by the token that this gives, once, and no longer by
    /// what it was known by before.
    ///
    /// # Errors
    /// The database.
    pub async fn remember_browser(
        &self,
        account: AccountId,
        session: SessionId,
        before: Option<SessionId>,
        now: Micros,
    ) -> Result<String> {
        let (token, kept) = new_token();
        let mut tx = self.db().begin().await?;
        if let Some(before) = before {
            forget(&mut tx, before).await?;
        }
        const ADD: &str =
            "INSERT INTO known_browser (token, account, session, last_us) VALUES ($1, $2, $3, $4)";
        let values = [Value::Bytes(&kept), Value::Int(account.0), Value::Int(session.0), Value::Int(now)];
        tx.execute(ADD, &values).await?;
        const TOO_MANY: &str = "
            DELETE FROM known_browser WHERE account = $1 AND token NOT IN
             (SELECT k.token FROM known_browser k WHERE k.account = $1 ORDER BY k.last_us DESC, k.session DESC LIMIT $2)";
        tx.execute(TOO_MANY, &[Value::Int(account.0), Value::Int(MOST)]).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The browsers that opened these sessions are strangers again: their owner, or who administers, sent them out.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_browsers_of(&self, sessions: &[SessionId]) -> Result<()> {
        let mut tx = self.db().begin().await?;
        for session in sessions {
            forget(&mut tx, *session).await?;
        }
        tx.commit().await
    }

    /// Forgets browsers from which nobody signed in since.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_browsers(&self, before: Micros) -> Result<()> {
        const SQL: &str = "DELETE FROM known_browser WHERE last_us < $1";
        self.db().execute(SQL, &[Value::Int(before)]).await.map(drop)
    }
}

async fn forget(tx: &mut Tx, session: SessionId) -> Result<()> {
    tx.execute("DELETE FROM known_browser WHERE session = $1", &[Value::Int(session.0)]).await.map(drop)
}

/// No browser is known to this account any more, in the transaction of what demands it.
pub(crate) async fn forget_browsers(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute("DELETE FROM known_browser WHERE account = $1", &[Value::Int(account.0)]).await.map(drop)
}
