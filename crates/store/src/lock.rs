//! The lock of a session: falling, opening, and the PIN that opens it (ID5, ID6).

use crate::audit::{self, NewEntry, Outcome, Subject};
use crate::crypto::{derived, new_token};
use crate::sql::{Row, Tx, Value};
use crate::{Result, Store, StoreError};
use aws_lc_rs::hmac;
use beffroi_domain::{AccountId, Micros, SessionId, TenantId};
use beffroi_policy::{OwnPermit, Who};

/// A session as those who look after its lock need it.
#[derive(Clone, Copy, Debug)]
pub struct LiveSession {
    /// Its id.
    pub id: SessionId,
    /// Whose; nothing for a guest.
    pub account: Option<AccountId>,
    /// Their tenant.
    pub tenant: TenantId,
    /// When it was opened.
    pub created: Micros,
    /// When it was last used.
    pub last_used: Micros,
    /// Whether a page holds it, rather than an application.
    pub page: bool,
    /// When its person last proved who they are; nothing for an application.
    pub identified: Option<Micros>,
    /// The fewest hours for which a proof opens rooms of any label of its tenant.
    pub proof_hours: Option<u32>,
    /// Since when it is locked, if it is.
    pub locked: Option<Micros>,
    /// Whether its page said that it is on a desk.
    pub desk: bool,
    /// The fewest idle minutes that a label opened in it leaves.
    pub label_minutes: Option<u32>,
    /// What its tenant says.
    pub rules: beffroi_domain::LockRules,
    /// The version of the charter that its person has yet to accept.
    pub charter: Option<i64>,
}

/// What became of a try at a PIN.
#[derive(Debug)]
pub enum PinTry {
    /// It was right: the session is open, under this token.
    Right(String),
    /// It was wrong.
    Wrong,
    /// It was wrong once too often: the session is over.
    Wiped,
    /// Too early after the last wrong one; it was not looked at.
    TooSoon,
    /// There is no PIN here, or nothing to open.
    None,
}

/// How the tries at a PIN are counted; the rules are `identity`'s.
#[derive(Clone, Copy, Debug)]
pub struct PinRules {
    /// Whether a try may be made after so many failures, the last at that moment.
    pub may_try: fn(failures: u32, last: Micros, now: Micros) -> bool,
    /// Failures that end the session.
    pub most: u32,
}

/// A session opens: what was opened in it before counts no more, nor do wrong PINs.
pub(crate) async fn unlocked(tx: &mut Tx, session: SessionId) -> Result<()> {
    const SET: &str = "UPDATE session SET locked_us = NULL, pin_failures = 0, pin_last_us = 0 WHERE id = $1";
    tx.execute(SET, &[Value::Int(session.0)]).await?;
    const LABELS: &str = "DELETE FROM session_label WHERE session = $1";
    tx.execute(LABELS, &[Value::Int(session.0)]).await.map(drop)
}

impl Store {
    /// Locks a session; `false` when it was locked or over already.
    ///
    /// # Errors
    /// The database.
    pub async fn lock_session(
        &self,
        session: SessionId,
        tenant: TenantId,
        entry: NewEntry<'_>,
        now: Micros,
    ) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        const LOCK: &str = "UPDATE session SET locked_us = $2 WHERE id = $1 AND locked_us IS NULL";
        if tx.execute(LOCK, &[Value::Int(session.0), Value::Int(now)]).await? == 0 {
            return Ok(false);
        }
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Locks a session that nobody used since `used`; `false` when somebody did meanwhile.
    ///
    /// # Errors
    /// The database.
    pub async fn lock_idle(&self, session: SessionId, used: Micros, now: Micros) -> Result<bool> {
        const LOCK: &str = "
            UPDATE session SET locked_us = $3 WHERE id = $1 AND locked_us IS NULL AND last_used_us <= $2
            RETURNING account, tenant";
        let mut tx = self.db().begin().await?;
        let values = [Value::Int(session.0), Value::Int(used), Value::Int(now)];
        let read = |row: &Row| Ok((row.opt_int(0)?, row.int(1)?));
        let Some((Some(account), tenant)) = tx.row(LOCK, &values, read).await? else { return Ok(false) };
        let who = Subject::Who(Who::Account(AccountId(account)));
        let entry = NewEntry::done("session.lock", who).saying("idle");
        audit::append(&mut tx, self.keys(), TenantId(tenant), entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Says what kind of screen a session's page is on.
    ///
    /// # Errors
    /// The database.
    pub async fn set_screen(&self, session: SessionId, desk: bool) -> Result<()> {
        const SET: &str = "UPDATE session SET desk = $2 WHERE id = $1 AND desk <> $2";
        self.db().execute(SET, &[Value::Int(session.0), Value::Int(desk.into())]).await.map(drop)
    }

    /// Notes that a session opened a room of this label, which locks sooner; once until the next unlock.
    ///
    /// # Errors
    /// The database.
    pub async fn opened_label(&self, session: SessionId, tenant: TenantId, label: &str) -> Result<()> {
        const THERE: &str = "SELECT COUNT(*) FROM session_label WHERE session = $1 AND label = $2";
        let there = [Value::Int(session.0), Value::Text(label)];
        // Most times it is, and nothing must be written to know it.
        if self.db().row(THERE, &there, |row| row.int(0)).await? == Some(1) {
            return Ok(());
        }
        const ADD: &str = "
            INSERT INTO session_label (tenant, session, label)
            SELECT s.tenant, s.id, $3 FROM session s WHERE s.id = $2 AND s.tenant = $1
            ON CONFLICT (session, label) DO NOTHING";
        let values = [Value::Int(tenant.0), Value::Int(session.0), Value::Text(label)];
        self.db().execute(ADD, &values).await.map(drop)
    }

    /// What is kept of a PIN for this session.
    async fn pin_hash(
        &self,
        tx: &mut Tx,
        account: AccountId,
        session: SessionId,
        pin: &[u8],
    ) -> Result<hmac::Tag> {
        let secret = self.secret_of(tx, account).await?.0;
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived(&secret, "session pin").as_slice());
        Ok(hmac::sign(&key, &[&session.0.to_be_bytes(), pin].concat()))
    }

    /// Sets the PIN of a session, or takes it away.
    ///
    /// # Errors
    /// `Gone` when the session is not theirs, or over.
    pub async fn set_pin(
        &self,
        permit: &OwnPermit,
        session: SessionId,
        pin: Option<&[u8]>,
        origin: &str,
        now: Micros,
    ) -> Result<()> {
        let account = permit.account();
        let mut tx = self.db().begin().await?;
        let kept = match pin {
            Some(pin) => Some(self.pin_hash(&mut tx, account, session, pin).await?),
            None => None,
        };
        const SET: &str = "
            UPDATE session SET pin = $3, pin_failures = 0, pin_last_us = 0 WHERE id = $1 AND account = $2";
        const NONE: &str = "
            UPDATE session SET pin = NULL, pin_failures = 0, pin_last_us = 0 WHERE id = $1 AND account = $2";
        let changed = match &kept {
            Some(kept) => {
                let values = [Value::Int(session.0), Value::Int(account.0), Value::Bytes(kept.as_ref())];
                tx.execute(SET, &values).await?
            }
            None => tx.execute(NONE, &[Value::Int(session.0), Value::Int(account.0)]).await?,
        };
        if changed == 0 {
            return Err(StoreError::Gone { what: "session" });
        }
        let act = if kept.is_some() { "pin.set" } else { "pin.remove" };
        let entry = NewEntry { origin, ..NewEntry::done(act, Subject::Who(Who::Account(account))) };
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await
    }

    /// Tries a PIN on a locked session. Looking, counting and what follows are one transaction: of guesses
    /// sent at once each meets the count of the one before.
    ///
    /// # Errors
    /// The database.
    pub async fn try_pin(
        &self,
        account: AccountId,
        session: SessionId,
        pin: Option<&[u8]>,
        rules: PinRules,
        (origin, agent): (&str, &str),
        now: Micros,
    ) -> Result<PinTry> {
        let mut tx = self.db().begin().await?;
        const FIND: &str = "
            SELECT pin, pin_failures, pin_last_us, tenant FROM session
             WHERE id = $1 AND account = $2 AND pin IS NOT NULL AND locked_us IS NOT NULL";
        let values = [Value::Int(session.0), Value::Int(account.0)];
        let read = |row: &Row| Ok((row.bytes(0)?, row.int(1)?, row.int(2)?, TenantId(row.int(3)?)));
        let found = tx.row(tx.locking(FIND), &values, read).await?;
        let Some((kept, failures, last, tenant)) = found else { return Ok(PinTry::None) };
        let failures = u32::try_from(failures).unwrap_or(u32::MAX);
        if !(rules.may_try)(failures, last, now) {
            return Ok(PinTry::TooSoon);
        }
        let right = match pin {
            Some(pin) => {
                let tried = self.pin_hash(&mut tx, account, session, pin).await?;
                aws_lc_rs::constant_time::verify_slices_are_equal(tried.as_ref(), &kept).is_ok()
            }
            None => false,
        };
        let who = || Subject::Who(Who::Account(account));
        if right {
            let (token, hash) = new_token();
            const SET: &str = "UPDATE session SET token = $2, last_used_us = $3 WHERE id = $1";
            tx.execute(SET, &[Value::Int(session.0), Value::Bytes(&hash), Value::Int(now)]).await?;
            unlocked(&mut tx, session).await?;
            let detail = format!("pin · {agent}");
            let entry = NewEntry { origin, detail: &detail, ..NewEntry::done("session.unlock", who()) };
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
            tx.commit().await?;
            return Ok(PinTry::Right(token));
        }
        let refused = NewEntry {
            origin,
            outcome: Outcome::Denied,
            rule: Some("pin"),
            ..NewEntry::done("session.unlock", who())
        };
        audit::append(&mut tx, self.keys(), tenant, refused, now).await?;
        let over = failures.saturating_add(1) >= rules.most;
        if over {
            tx.execute("DELETE FROM session WHERE id = $1", &[Value::Int(session.0)]).await?;
            let entry = NewEntry { origin, ..NewEntry::done("session.wipe", who()) };
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        } else {
            const COUNT: &str =
                "UPDATE session SET pin_failures = pin_failures + 1, pin_last_us = $2 WHERE id = $1";
            tx.execute(COUNT, &[Value::Int(session.0), Value::Int(now)]).await?;
        }
        tx.commit().await?;
        Ok(if over { PinTry::Wiped } else { PinTry::Wrong })
    }

    /// Wrong PINs of a session in a row, and when the last one was.
    ///
    /// # Errors
    /// The database.
    pub async fn pin_failures(&self, session: SessionId) -> Result<(u32, Micros)> {
        const SQL: &str = "SELECT pin_failures, pin_last_us FROM session WHERE id = $1";
        let read = |row: &Row| Ok((u32::try_from(row.int(0)?).unwrap_or(u32::MAX), row.int(1)?));
        Ok(self.db().row(SQL, &[Value::Int(session.0)], read).await?.unwrap_or_default())
    }
}
