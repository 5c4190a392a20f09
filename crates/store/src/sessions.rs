//! Signed-in browsers.

use crate::crypto::{damaged, entropy, new_token, token_hash};
use crate::sql::{Row, Tx, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, ApplicationId, Factor, GuestId, Micros, SessionId, TenantId};
use beffroi_policy::Who;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub who: Who,
    /// Their tenant.
    pub tenant: TenantId,
    /// What was proved.
    pub factor: Factor,
    /// The browser, as it named itself.
    pub agent: String,
    /// When it was opened.
    pub created: Micros,
    /// When it was last used.
    pub last_used: Micros,
    /// The application password that opened it, when no browser did.
    pub application: Option<ApplicationId>,
}

/// Characters kept of what a browser calls itself.
const AGENT: usize = 200;

pub(crate) fn factor_word(factor: Factor) -> &'static str {
    match factor {
        Factor::Password => "password",
        Factor::Second => "second",
    }
}

fn read_session(row: &Row) -> Result<SessionRow> {
    let id = SessionId(row.int(0)?);
    let who = match (row.opt_int(1)?, row.opt_int(2)?) {
        (Some(account), None) => Who::Account(AccountId(account)),
        (None, Some(guest)) => Who::Guest(GuestId(guest)),
        _ => return Err(damaged(format!("session {id}"))),
    };
    Ok(SessionRow {
        id,
        who,
        tenant: TenantId(row.int(3)?),
        factor: if row.text(4)? == "second" { Factor::Second } else { Factor::Password },
        agent: row.text(5)?,
        created: row.int(6)?,
        last_used: row.int(7)?,
        application: row.opt_int(8)?.map(ApplicationId),
    })
}

fn split(who: Who) -> (Option<i64>, Option<i64>) {
    match who {
        Who::Account(id) => (Some(id.0), None),
        Who::Guest(id) => (None, Some(id.0)),
    }
}

/// Ends all sessions of someone, in the transaction of what demands it.
pub(crate) async fn end_sessions(tx: &mut Tx, who: Who) -> Result<Vec<SessionId>> {
    const ACCOUNT: &str = "DELETE FROM session WHERE account = $1 RETURNING id";
    const GUEST: &str = "DELETE FROM session WHERE guest = $1 RETURNING id";
    let (sql, id) = match who {
        Who::Account(id) => (ACCOUNT, id.0),
        Who::Guest(id) => (GUEST, id.0),
    };
    tx.rows(sql, &[Value::Int(id)], |row| row.int(0).map(SessionId)).await
}

impl Store {
    /// Opens a session; the token (32 random bytes in base64url) is given once and kept as SHA-256.
    ///
    /// # Errors
    /// `Gone` when the person no longer exists or is disabled.
    pub async fn open_session(
        &self,
        who: Who,
        tenant: TenantId,
        factor: Factor,
        agent: &str,
        now: Micros,
    ) -> Result<(SessionId, String)> {
        let id = SessionId::mint(now, entropy());
        let (token, kept) = new_token();
        let (account, guest) = split(who);
        let agent: String = agent.chars().filter(|c| !c.is_control()).take(AGENT).collect();
        let mut tx = self.db().begin().await?;
        if let Some(account) = account {
            const USED: &str =
                "UPDATE account SET last_used_us = $3 WHERE id = $1 AND tenant = $2 AND enabled = $4";
            let values = [Value::Int(account), Value::Int(tenant.0), Value::Int(now), Value::Bool(true)];
            if tx.execute(USED, &values).await? == 0 {
                return Err(StoreError::Gone { what: "account" });
            }
        }
        const ADD: &str = "
            INSERT INTO session (id, token, tenant, account, guest, factor, agent, created_us, last_used_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
        let values = [
            Value::Int(id.0),
            Value::Bytes(&kept),
            Value::Int(tenant.0),
            Value::OptInt(account),
            Value::OptInt(guest),
            Value::Text(factor_word(factor)),
            Value::Text(&agent),
            Value::Int(now),
        ];
        tx.execute(ADD, &values).await?;
        tx.commit().await?;
        Ok((id, token))
    }

    /// The session of a token, if it was not ended. Limits are the caller's.
    ///
    /// # Errors
    /// The database.
    pub async fn session_by_token(&self, token: &str) -> Result<Option<SessionRow>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        const SQL: &str = "
            SELECT id, account, guest, tenant, factor, agent, created_us, last_used_us, application
              FROM session WHERE token = $1";
        self.db().row(SQL, &[Value::Bytes(&kept)], read_session).await
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// The database.
    pub async fn touch_session(&self, session: SessionId, now: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const SESSION: &str = "UPDATE session SET last_used_us = $2 WHERE id = $1 AND last_used_us < $2 RETURNING account, application";
        let values = [Value::Int(session.0), Value::Int(now)];
        let used = tx.row(SESSION, &values, |row| Ok((row.opt_int(0)?, row.opt_int(1)?))).await?;
        let (account, application) = used.unwrap_or((None, None));
        if let Some(account) = account {
            const ACCOUNT: &str = "UPDATE account SET last_used_us = $2 WHERE id = $1";
            tx.execute(ACCOUNT, &[Value::Int(account), Value::Int(now)]).await?;
        }
        if let Some(application) = application {
            const APPLICATION: &str = "UPDATE application_password SET last_used_us = $2 WHERE id = $1";
            tx.execute(APPLICATION, &[Value::Int(application), Value::Int(now)]).await?;
        }
        tx.commit().await
    }

    /// Someone's sessions, last used first.
    ///
    /// # Errors
    /// The database.
    pub async fn sessions_of(&self, account: AccountId) -> Result<Vec<SessionRow>> {
        const SQL: &str = "
            SELECT id, account, guest, tenant, factor, agent, created_us, last_used_us, application
              FROM session WHERE account = $1 ORDER BY last_used_us DESC, id DESC";
        self.db().rows(SQL, &[Value::Int(account.0)], read_session).await
    }

    /// Ends a session; `false` when it was over already. The caller notes in the log who ended it.
    ///
    /// # Errors
    /// The database.
    pub async fn end_session(&self, session: SessionId, _now: Micros) -> Result<bool> {
        const SQL: &str = "DELETE FROM session WHERE id = $1";
        Ok(self.db().execute(SQL, &[Value::Int(session.0)]).await? > 0)
    }

    /// Ends all sessions of someone and gives them. The caller notes in the log why.
    ///
    /// # Errors
    /// The database.
    pub async fn end_sessions_of(&self, who: Who, _now: Micros) -> Result<Vec<SessionId>> {
        let mut tx = self.db().begin().await?;
        let ended = end_sessions(&mut tx, who).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends the sessions not used since `idle_before` or opened before `opened_before`, and gives them.
    ///
    /// # Errors
    /// The database.
    pub async fn end_expired(&self, idle_before: Micros, opened_before: Micros) -> Result<Vec<SessionId>> {
        const FIND: &str = "SELECT COUNT(*) FROM session WHERE last_used_us < $1 OR created_us < $2";
        let values = || [Value::Int(idle_before), Value::Int(opened_before)];
        // Most times there is none, and nothing must be written to know it.
        if self.db().row(FIND, &values(), |row| row.int(0)).await? == Some(0) {
            return Ok(vec![]);
        }
        const END: &str = "DELETE FROM session WHERE last_used_us < $1 OR created_us < $2 RETURNING id";
        let mut tx = self.db().begin().await?;
        let ended = tx.rows(END, &values(), |row| row.int(0).map(SessionId)).await?;
        tx.commit().await?;
        Ok(ended)
    }
}
