//! Signed-in browsers.

use crate::audit::{self, NewEntry};
use crate::crypto::{damaged, entropy, new_token, token_hash};
use crate::lock::unlocked;
use crate::sql::{Row, Tx, Value};
use crate::tenants::open_door;
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, ApplicationId, DeviceId, Factor, GuestId, Micros, SessionId, TenantId};
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
    /// When it was last proved.
    pub proved: Micros,
    /// When its person last proved, in whatever way, that it is them.
    pub identified: Micros,
    /// The address block it was opened from; empty for sessions older than this column.
    pub place: String,
    /// The browser, as it named itself.
    pub agent: String,
    /// When it was opened.
    pub created: Micros,
    /// When it was last used.
    pub last_used: Micros,
    /// The application password that opened it, when no browser did.
    pub application: Option<ApplicationId>,
    /// Since when it is locked, if it is.
    pub locked: Option<Micros>,
    /// Whether its page said that it is on a desk.
    pub desk: bool,
    /// The fewest idle minutes that a label opened since the last unlock leaves.
    pub label_minutes: Option<u32>,
    /// Whether a PIN opens it when it is locked.
    pub pin: bool,
    /// The version of the charter that its person has yet to accept.
    pub charter: Option<i64>,
    /// The administrator who acts in this person's name.
    pub helper: Option<AccountId>,
    /// The device that proved its key to it.
    pub device: Option<DeviceId>,
}

/// How a session is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    /// What was proved.
    pub factor: Factor,
    /// The address block it comes from.
    pub place: &'a str,
    /// What the browser calls itself.
    pub agent: &'a str,
}

/// Characters kept of what a browser calls itself.
const AGENT: usize = 200;

/// The columns of a session `s` and where they come from, in the order that [`read_session`] reads.
macro_rules! session_columns {
    () => {
        "s.id, s.account, s.guest, s.tenant, s.factor, s.agent, s.created_us, s.last_used_us, s.proved_us, s.place, \
         s.application, s.locked_us, s.desk, \
         (SELECT MIN(l.lock_minutes) FROM session_label o JOIN label l ON l.tenant = o.tenant AND l.slug = o.label \
           WHERE o.session = s.id), \
         CASE WHEN s.pin IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END, \
         CASE WHEN a.charter < t.charter THEN t.charter ELSE 0 END, s.impersonated_by, s.device, \
         s.identified_us \
         FROM session s JOIN tenant t ON t.id = s.tenant LEFT JOIN account a ON a.id = s.account"
    };
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
        factor: Factor::from_word(&row.text(4)?).ok_or_else(|| damaged(format!("session {id}")))?,
        agent: row.text(5)?,
        created: row.int(6)?,
        last_used: row.int(7)?,
        proved: row.int(8)?,
        place: row.text(9)?,
        application: row.opt_int(10)?.map(ApplicationId),
        locked: row.opt_int(11)?,
        desk: row.int(12)? != 0,
        label_minutes: row.opt_int(13)?.map(|minutes| u32::try_from(minutes).unwrap_or(1)),
        pin: row.int(14)? != 0,
        charter: Some(row.int(15)?).filter(|version| *version > 0),
        helper: row.opt_int(16)?.map(AccountId),
        device: row.opt_int(17)?.map(DeviceId),
        identified: row.int(18)?,
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
    // Also those in which they act in somebody's name.
    const ACCOUNT: &str = "DELETE FROM session WHERE account = $1 OR impersonated_by = $1 RETURNING id";
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
    /// `Gone` when the person no longer exists or is disabled, or their body is closed.
    pub async fn open_session(
        &self,
        who: Who,
        tenant: TenantId,
        opened: Opened<'_>,
        now: Micros,
    ) -> Result<(SessionId, String)> {
        let id = SessionId::mint(now, entropy());
        let (token, kept) = new_token();
        let (account, guest) = split(who);
        let Opened { factor, place, agent } = opened;
        let agent: String = agent.chars().filter(|c| !c.is_control()).take(AGENT).collect();
        let mut tx = self.db().begin().await?;
        open_door(&mut tx, tenant).await?;
        if let Some(account) = account {
            const USED: &str =
                "UPDATE account SET last_used_us = $3 WHERE id = $1 AND tenant = $2 AND enabled = $4";
            let values = [Value::Int(account), Value::Int(tenant.0), Value::Int(now), Value::Bool(true)];
            if tx.execute(USED, &values).await? == 0 {
                return Err(StoreError::Gone { what: "account" });
            }
        }
        const ADD: &str = "
            INSERT INTO session (id, token, tenant, account, guest, factor, agent, created_us, last_used_us,
                                 proved_us, identified_us, place)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $8, $9)";
        let values = [
            Value::Int(id.0),
            Value::Bytes(&kept),
            Value::Int(tenant.0),
            Value::OptInt(account),
            Value::OptInt(guest),
            Value::Text(factor.word()),
            Value::Text(&agent),
            Value::Int(now),
            Value::Text(place),
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
        const SQL: &str = concat!("SELECT ", session_columns!(), " WHERE s.token = $1");
        self.db().row(SQL, &[Value::Bytes(&kept)], read_session).await
    }

    /// The person behind a session proved who they are once more: notes it, raises what the session is
    /// worth, unlocks it, and gives it another token, so that one seen before the proof is worth nothing after it.
    /// A proof that is too weak for whoever it is `renews` nothing: what was proved is as long ago as before.
    ///
    /// # Errors
    /// `Gone` when the session is over.
    pub async fn prove_session(
        &self,
        session: SessionId,
        (factor, renews): (Factor, bool),
        entry: NewEntry<'_>,
        now: Micros,
    ) -> Result<String> {
        let (token, kept) = new_token();
        let mut tx = self.db().begin().await?;
        const FIND: &str = "SELECT factor, tenant, proved_us FROM session WHERE id = $1";
        let read = |row: &Row| Ok((Factor::from_word(&row.text(0)?), TenantId(row.int(1)?), row.int(2)?));
        let (before, tenant, proved) = tx
            .row(tx.locking(FIND), &[Value::Int(session.0)], read)
            .await?
            .ok_or(StoreError::Gone { what: "session" })?;
        let factor = before.map_or(factor, |before| before.max(factor));
        const SET: &str = "UPDATE session SET token = $2, factor = $3, proved_us = $5, last_used_us = $4, identified_us = $4 WHERE id = $1";
        let values = [
            Value::Int(session.0),
            Value::Bytes(&kept),
            Value::Text(factor.word()),
            Value::Int(now),
            Value::Int(if renews { now } else { proved }),
        ];
        tx.execute(SET, &values).await?;
        unlocked(&mut tx, session).await?;
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Whether a session was not ended and its body is open. Its limits are looked at by who opens a door.
    ///
    /// # Errors
    /// The database.
    pub async fn session_stands(&self, session: SessionId) -> Result<bool> {
        const SQL: &str = "
            SELECT s.id FROM session s JOIN tenant t ON t.id = s.tenant WHERE s.id = $1 AND t.closed_us IS NULL";
        Ok(self.db().row(SQL, &[Value::Int(session.0)], |row| row.int(0)).await?.is_some())
    }

    /// When the person of a session last proved who they are; nothing when it is over, and for an application, which
    /// proves what it holds and never who is there.
    ///
    /// # Errors
    /// The database.
    pub async fn identified(&self, session: SessionId) -> Result<Option<Micros>> {
        const SQL: &str = "SELECT identified_us FROM session WHERE id = $1 AND application IS NULL";
        self.db().row(SQL, &[Value::Int(session.0)], |row| row.int(0)).await
    }

    /// Notes that a session was used; a locked one is not.
    ///
    /// # Errors
    /// The database.
    pub async fn touch_session(&self, session: SessionId, now: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const SESSION: &str = "UPDATE session SET last_used_us = $2 WHERE id = $1 AND last_used_us < $2 AND locked_us IS NULL RETURNING account, application";
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
        const SQL: &str = concat!(
            "SELECT ",
            session_columns!(),
            " WHERE s.account = $1 ORDER BY s.last_used_us DESC, s.id DESC"
        );
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
