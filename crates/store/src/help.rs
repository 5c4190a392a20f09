//! An administrator acts in the name of an agent for a while, to help them: approved by a second person, told to
//! the agent, kept beside the request.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{entropy, new_token};
use crate::sessions::Opened;
use crate::sql::{Row, Tx, Value};
use crate::tenants::{open_door, touch};
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, Factor, Micros, RequestId, SessionId, TenantId};
use beffroi_policy::{HELP_US, Impersonate, TenantPermit, Who};

/// A time during which somebody acted in one's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpRow {
    /// Address and name of whoever did.
    pub by: (String, String),
    /// Since when.
    pub from: Micros,
    /// Until when at the latest.
    pub to: Micros,
    /// Why, in their words.
    pub reason: String,
}

/// Times shown, latest first.
const SHOWN: i64 = 50;

impl Store {
    /// Uses an approved right to act in somebody's name: opens a session of theirs, marked, worth a password and no
    /// more. `None` when there is no such right, or it was used.
    ///
    /// # Errors
    /// `Gone` when the person's account is closed.
    pub async fn open_help(
        &self,
        permit: &TenantPermit<Impersonate>,
        whom: AccountId,
        back_to: SessionId,
        opened: Opened<'_>,
        now: Micros,
    ) -> Result<Option<(SessionId, String)>> {
        let (tenant, Who::Account(helper)) = (permit.tenant(), permit.who()) else {
            return Err(StoreError::Gone { what: "account" });
        };
        let mut tx = self.db().begin().await?;
        // Two windows that use the right at once: the second finds it used.
        touch(&mut tx, tenant).await?;
        open_door(&mut tx, tenant).await?;
        const FIND: &str = "
            SELECT id FROM request
             WHERE tenant = $1 AND act = 'impersonation' AND parameters = $2 AND asked_by = $3
               AND state = 'approved' AND right_until_us > $4 AND used_us IS NULL ORDER BY id LIMIT 1";
        let parameters = whom.to_string();
        let values = [Value::Int(tenant.0), Value::Text(&parameters), Value::Int(helper.0), Value::Int(now)];
        let Some(request) = tx.row(FIND, &values, |row| row.int(0).map(RequestId)).await? else {
            return Ok(None);
        };
        const OPEN: &str =
            "SELECT id FROM account WHERE id = $1 AND tenant = $2 AND enabled = $3 AND role = 'agent'";
        let values = [Value::Int(whom.0), Value::Int(tenant.0), Value::Bool(true)];
        tx.row(OPEN, &values, |row| row.int(0)).await?.ok_or(StoreError::Gone { what: "person" })?;
        let id = SessionId::mint(now, entropy());
        let (token, kept) = new_token();
        // Nothing was proved by the person: what asks for a proof of a moment ago gets none.
        const ADD: &str = "
            INSERT INTO session (id, token, tenant, account, factor, agent, created_us, last_used_us, proved_us,
                                 place, impersonated_by, back_to)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, $8, $9, $10)";
        let agent: String = opened.agent.chars().filter(|c| !c.is_control()).take(200).collect();
        let values = [
            Value::Int(id.0),
            Value::Bytes(&kept),
            Value::Int(tenant.0),
            Value::Int(whom.0),
            Value::Text(Factor::Password.word()),
            Value::Text(&agent),
            Value::Int(now),
            Value::Text(opened.place),
            Value::Int(helper.0),
            Value::Int(back_to.0),
        ];
        tx.execute(ADD, &values).await?;
        self.note_use(&mut tx, tenant, helper, request, id, now).await?;
        let told = format!("request {request}");
        let entry = NewEntry::done("impersonation.open", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(whom)))
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(Some((id, token)))
    }

    /// Ends it; gives another token of the helper's own session, when that is still there.
    ///
    /// # Errors
    /// `Gone` when it is over.
    pub async fn end_help(&self, session: SessionId, now: Micros) -> Result<Option<String>> {
        let mut tx = self.db().begin().await?;
        const END: &str = "
            DELETE FROM session WHERE id = $1 AND impersonated_by IS NOT NULL
            RETURNING tenant, account, impersonated_by, back_to";
        let read = |row: &Row| {
            Ok((TenantId(row.int(0)?), AccountId(row.int(1)?), AccountId(row.int(2)?), row.opt_int(3)?))
        };
        let (tenant, whom, helper, back_to) =
            tx.row(END, &[Value::Int(session.0)], read).await?.ok_or(StoreError::Gone { what: "session" })?;
        const ENDED: &str = "UPDATE request SET ended_us = $2 WHERE used_session = $1";
        tx.execute(ENDED, &[Value::Int(session.0), Value::Int(now)]).await?;
        let token = self.back(&mut tx, helper, back_to, now).await?;
        let entry = NewEntry::done("impersonation.close", Subject::by(Who::Account(helper)))
            .on(Subject::Who(Who::Account(whom)));
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Another token for the session that the helper came from.
    async fn back(
        &self,
        tx: &mut Tx,
        helper: AccountId,
        back_to: Option<i64>,
        now: Micros,
    ) -> Result<Option<String>> {
        let Some(back_to) = back_to else { return Ok(None) };
        let (token, kept) = new_token();
        const BACK: &str = "
            UPDATE session SET token = $2, last_used_us = $3
             WHERE id = $1 AND account = $4 AND impersonated_by IS NULL";
        let values = [Value::Int(back_to), Value::Bytes(&kept), Value::Int(now), Value::Int(helper.0)];
        Ok((tx.execute(BACK, &values).await? > 0).then_some(token))
    }

    /// When somebody acted in this person's name, latest first. To be shown to that person.
    ///
    /// # Errors
    /// The database.
    pub async fn helps_of(&self, tenant: TenantId, account: AccountId) -> Result<Vec<HelpRow>> {
        const SQL: &str = "
            SELECT h.address, h.name, r.used_us, COALESCE(r.ended_us, r.used_us + $3), r.reason
              FROM request r JOIN account h ON h.id = r.asked_by
             WHERE r.tenant = $1 AND r.act = 'impersonation' AND r.parameters = $2 AND r.used_us IS NOT NULL
             ORDER BY r.used_us DESC LIMIT $4";
        let parameters = account.to_string();
        let values = [Value::Int(tenant.0), Value::Text(&parameters), Value::Int(HELP_US), Value::Int(SHOWN)];
        let read = |row: &Row| {
            Ok(HelpRow {
                by: (row.text(0)?, row.text(1)?),
                from: row.int(2)?,
                to: row.int(3)?,
                reason: row.text(4)?,
            })
        };
        self.db().rows(SQL, &values, read).await
    }

    /// Who acts in this person's name at this moment.
    ///
    /// # Errors
    /// The database.
    pub async fn helped_now(&self, account: AccountId, now: Micros) -> Result<Option<(String, String)>> {
        const SQL: &str = "
            SELECT h.address, h.name FROM session s JOIN account h ON h.id = s.impersonated_by
             WHERE s.account = $1 AND s.created_us > $2 ORDER BY s.created_us DESC LIMIT 1";
        let values = [Value::Int(account.0), Value::Int(now - HELP_US)];
        self.db().row(SQL, &values, |row| Ok((row.text(0)?, row.text(1)?))).await
    }
}
