//! Dangerous acts that wait for a second person (ID16): what was asked for, who decided, what was done.
//!
//! An approval does exactly what was asked for, in its own transaction, or opens a right that whoever asked
//! uses once. It does nothing when the request is over, when whoever asked is no longer who they were, or when
//! what it is about is no longer as they saw it.

use crate::accounts::{ACCOUNT_COLUMNS, account_columns, account_of, read_account};
use crate::administration::{administration_of, passkey_makers_of};
use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy};
use crate::labels::label_of;
use crate::sql::{Row, Tx, Value};
use crate::tenants::touch;
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    Account, AccountId, Dangerous, LabelChange, Micros, Reason, RequestId, Role, SessionId, TenantId,
};
use beffroi_policy::{
    Acting, AskPermit, DecideRequests, ManageFourEyes, REQUEST_US, RIGHT_US, ReadAudit, ReadRequests,
    TenantPermit, Who,
};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody decided yet; over when its time is.
    Waiting,
    /// Somebody said yes.
    Approved,
    /// Somebody said no.
    Refused,
}

impl RequestState {
    fn read(word: &str) -> Result<Self> {
        match word {
            "waiting" => Ok(Self::Waiting),
            "approved" => Ok(Self::Approved),
            "refused" => Ok(Self::Refused),
            _ => Err(damaged("the state of a request")),
        }
    }
}

/// A dangerous act that somebody asked for.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// Exactly what will be done.
    pub act: Dangerous,
    /// Why, in the words of whoever asks.
    pub reason: String,
    /// Who asks.
    pub asked_by: Account,
    /// Their technical role when they asked.
    pub asked_role: Role,
    /// When.
    pub asked: Micros,
    /// When nobody can decide any more.
    pub expires: Micros,
    /// What became of it.
    pub state: RequestState,
    /// Who decided: address and name; nothing while it waits, and for the operator at the machine.
    pub decided_by: Option<(String, String)>,
    /// When.
    pub decided: Option<Micros>,
    /// Until when the right that it opened can be used.
    pub right_until: Option<Micros>,
    /// When it was used.
    pub used: Option<Micros>,
    /// What it is about, as it was.
    seen: String,
}

/// Requests of a body that wait at once: whoever decides must still be able to read them.
const MOST_WAITING: i64 = 50;
/// Requests shown, waiting ones first.
const SHOWN: i64 = 100;

const CHANGED: StoreError = StoreError::Refused(
    "what this is about was changed since it was asked for; ask again for what is wanted now",
);

macro_rules! requests {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            account_columns!(),
            ", r.id, r.act, r.parameters, r.seen, r.reason, r.asked_role, r.asked_us, r.expires_us, r.state,
               r.decided_us, r.right_until_us, r.used_us, d.address, d.name
              FROM request r JOIN account a ON a.id = r.asked_by LEFT JOIN account d ON d.id = r.decided_by ",
            $rest
        )
    };
}

fn read_request(row: &Row) -> Result<RequestRow> {
    const C: usize = ACCOUNT_COLUMNS;
    let id = RequestId(row.int(C)?);
    let bad = || damaged(format!("request {id}"));
    Ok(RequestRow {
        id,
        act: Dangerous::read(&row.text(C + 1)?, &row.text(C + 2)?).ok_or_else(bad)?,
        seen: row.text(C + 3)?,
        reason: row.text(C + 4)?,
        asked_by: read_account(row, 0)?,
        asked_role: Role::from_word(&row.text(C + 5)?).ok_or_else(bad)?,
        asked: row.int(C + 6)?,
        expires: row.int(C + 7)?,
        state: RequestState::read(&row.text(C + 8)?)?,
        decided: row.opt_int(C + 9)?,
        right_until: row.opt_int(C + 10)?,
        used: row.opt_int(C + 11)?,
        decided_by: row.opt_text(C + 12)?.zip(row.opt_text(C + 13)?),
    })
}

async fn request_of(tx: &mut Tx, tenant: TenantId, id: RequestId) -> Result<RequestRow> {
    const SQL: &str = requests!("WHERE r.id = $1 AND r.tenant = $2");
    tx.row(SQL, &[Value::Int(id.0), Value::Int(tenant.0)], read_request)
        .await?
        .ok_or(StoreError::Gone { what: "request" })
}

async fn four_eyes_of(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    const SQL: &str = "SELECT four_eyes FROM tenant WHERE id = $1";
    tx.row(SQL, &[Value::Int(tenant.0)], |row| row.bool(0)).await?.ok_or(StoreError::Gone { what: "tenant" })
}

/// What an act is about, as it is now. A label is written as this version of the program writes it: a request
/// that waits across an upgrade may have to be asked again.
async fn seen(tx: &mut Tx, tenant: TenantId, act: &Dangerous) -> Result<String> {
    match act {
        Dangerous::Retention { label, .. } => Ok(format!("{:?}", label_of(tx, tenant, label).await?)),
        Dangerous::Export => Ok(String::new()),
        Dangerous::FourEyes { .. } => Ok(four_eyes_of(tx, tenant).await?.to_string()),
        Dangerous::Administration(_) => Ok(administration_of(tx, tenant).await?.to_string()),
        Dangerous::PasskeyMakers { .. } => passkey_makers_of(tx, tenant).await,
        Dangerous::Impersonation { whom } => {
            let account = account_of(tx, tenant, *whom).await?;
            Ok(format!("{} {}", account.role.word(), account.enabled))
        }
    }
}

/// The act in the words of the log.
async fn told(tx: &mut Tx, tenant: TenantId, act: &Dangerous) -> Result<String> {
    Ok(match act {
        Dangerous::Impersonation { whom } => {
            format!("{} {}", act.word(), account_of(tx, tenant, *whom).await?.address)
        }
        Dangerous::PasskeyMakers { told, .. } => format!("{} {told}", act.word()),
        _ => format!("{} {}", act.word(), act.parameters()).trim_end().to_owned(),
    })
}

impl Store {
    /// Whether dangerous acts of a body wait for a second person.
    ///
    /// # Errors
    /// The database.
    pub async fn four_eyes(&self, tenant: TenantId) -> Result<bool> {
        const SQL: &str = "SELECT four_eyes FROM tenant WHERE id = $1";
        self.db()
            .row(SQL, &[Value::Int(tenant.0)], |row| row.bool(0))
            .await?
            .ok_or(StoreError::Gone { what: "tenant" })
    }

    /// Says so, at the machine. Inside the body it is asked for like every dangerous act.
    ///
    /// # Errors
    /// `Gone` when there is no such tenant.
    pub async fn set_four_eyes(
        &self,
        permit: &TenantPermit<ManageFourEyes>,
        on: bool,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, permit.tenant()).await?;
        self.four_eyes_in(&mut tx, permit.tenant(), permit.acting(), on, now).await?;
        tx.commit().await
    }

    async fn four_eyes_in(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        acting: Acting,
        on: bool,
        now: Micros,
    ) -> Result<()> {
        let before = four_eyes_of(tx, tenant).await?;
        if before == on {
            return Ok(());
        }
        const SET: &str = "UPDATE tenant SET four_eyes = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(tenant.0), Value::Bool(on)]).await?;
        let word = |on: bool| if on { "on" } else { "off" };
        let told = format!("{} → {}", word(before), word(on));
        let entry = NewEntry::done("four-eyes.change", Subject::by(acting)).saying(&told);
        audit::append(tx, self.keys(), tenant, entry, now).await
    }

    /// Puts a dangerous act down, to wait for a second person for a day.
    ///
    /// # Errors
    /// `Gone` for what is not there; `Refused` when the same waits already, or too much does.
    pub async fn ask(&self, permit: &AskPermit, reason: &Reason, now: Micros) -> Result<RequestId> {
        let (tenant, act) = (permit.tenant(), permit.act());
        let Who::Account(asker) = permit.who() else { return Err(StoreError::Gone { what: "account" }) };
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let seen = seen(&mut tx, tenant, act).await?;
        let parameters = act.parameters();
        const WAITING: &str = "
            SELECT COUNT(*), COALESCE(SUM(CASE WHEN act = $3 AND parameters = $4 AND asked_by = $5 THEN 1 ELSE 0 END), 0)
              FROM request WHERE tenant = $1 AND state = 'waiting' AND expires_us > $2";
        let values = [
            Value::Int(tenant.0),
            Value::Int(now),
            Value::Text(act.word()),
            Value::Text(&parameters),
            Value::Int(asker.0),
        ];
        let (waiting, same) =
            tx.row(WAITING, &values, |row| Ok((row.int(0)?, row.int(1)?))).await?.unwrap_or((0, 0));
        if same > 0 {
            return Err(StoreError::Refused("you asked for this already, and it waits for a second person"));
        }
        if waiting >= MOST_WAITING {
            return Err(StoreError::Refused(
                "50 requests wait already; have some of them decided, then ask again",
            ));
        }
        let id = RequestId::mint(now, entropy());
        const ADD: &str = "
            INSERT INTO request (id, tenant, act, parameters, seen, reason, asked_by, asked_role, asked_us,
                                 expires_us, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting')";
        let values = [
            Value::Int(id.0),
            Value::Int(tenant.0),
            Value::Text(act.word()),
            Value::Text(&parameters),
            Value::Text(&seen),
            Value::Text(reason.as_str()),
            Value::Int(asker.0),
            Value::Text(permit.role().word()),
            Value::Int(now),
            Value::Int(now + REQUEST_US),
        ];
        tx.execute(ADD, &values).await?;
        let told = format!("{} ({id}): {reason}", told(&mut tx, tenant, act).await?);
        let entry = NewEntry::done("request.ask", Subject::by(permit.acting())).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The requests of a body, those that wait first, then the latest.
    ///
    /// # Errors
    /// The database.
    pub async fn requests(
        &self,
        permit: &TenantPermit<ReadRequests>,
        now: Micros,
    ) -> Result<Vec<RequestRow>> {
        const SQL: &str = requests!(
            "WHERE r.tenant = $1
             ORDER BY CASE WHEN r.state = 'waiting' AND r.expires_us > $2 THEN 0 ELSE 1 END, r.id DESC LIMIT $3"
        );
        let values = [Value::Int(permit.tenant().0), Value::Int(now), Value::Int(SHOWN)];
        self.db().rows(SQL, &values, read_request).await
    }

    /// A request, for whoever is about to decide.
    ///
    /// # Errors
    /// The database.
    pub async fn request(&self, tenant: TenantId, id: RequestId) -> Result<Option<RequestRow>> {
        const SQL: &str = requests!("WHERE r.id = $1 AND r.tenant = $2");
        self.db().row(SQL, &[Value::Int(id.0), Value::Int(tenant.0)], read_request).await
    }

    /// A request of any body, for the operator at the machine.
    ///
    /// # Errors
    /// The database.
    pub async fn request_anywhere(&self, id: RequestId) -> Result<Option<RequestRow>> {
        const SQL: &str = requests!("WHERE r.id = $1");
        self.db().row(SQL, &[Value::Int(id.0)], read_request).await
    }

    /// How many people could decide about what somebody of this role asks.
    ///
    /// # Errors
    /// The database.
    pub async fn approvers(&self, tenant: TenantId, asker: AccountId, role: Role) -> Result<i64> {
        const SQL: &str = "
            SELECT COUNT(*) FROM account
             WHERE tenant = $1 AND id <> $2 AND enabled = $3 AND (role = 'security-officer' OR role = $4)";
        let also = if role == Role::SecurityOfficer { Role::Administrator } else { Role::SecurityOfficer };
        let values = [Value::Int(tenant.0), Value::Int(asker.0), Value::Bool(true), Value::Text(also.word())];
        Ok(self.db().row(SQL, &values, |row| row.int(0)).await?.unwrap_or(0))
    }

    /// A request that waits, whose time is not over, and that somebody else asked for.
    async fn open_request(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<DecideRequests>,
        id: RequestId,
        now: Micros,
    ) -> Result<RequestRow> {
        // Two who decide at once: the second finds it decided.
        touch(tx, permit.tenant()).await?;
        let row = request_of(tx, permit.tenant(), id).await?;
        if row.state != RequestState::Waiting {
            return Err(StoreError::Refused("somebody decided about this already"));
        }
        if row.expires <= now {
            return Err(StoreError::Refused(
                "the day for deciding is over; whoever still wants it asks again",
            ));
        }
        if permit.who() == Who::Account(row.asked_by.id) {
            return Err(StoreError::Refused("nobody decides about what they asked for"));
        }
        Ok(row)
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<DecideRequests>,
        row: &RequestRow,
        state: &'static str,
        right_until: Option<Micros>,
        now: Micros,
    ) -> Result<()> {
        let Who::Account(decider) = permit.who() else { return Err(StoreError::Gone { what: "account" }) };
        const SET: &str = "
            UPDATE request SET state = $2, decided_by = $3, decided_us = $4, right_until_us = $5 WHERE id = $1";
        let values = [
            Value::Int(row.id.0),
            Value::Text(state),
            Value::Int(decider.0),
            Value::Int(now),
            Value::OptInt(right_until),
        ];
        tx.execute(SET, &values).await?;
        let told = format!("{} ({}): {}", told(tx, permit.tenant(), &row.act).await?, row.id, row.reason);
        let act = if state == "approved" { "request.approve" } else { "request.refuse" };
        let entry = NewEntry::done(act, Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(row.asked_by.id)))
            .saying(&told);
        audit::append(tx, self.keys(), permit.tenant(), entry, now).await
    }

    /// Says no.
    ///
    /// # Errors
    /// `Gone`; `Refused` when it was decided already or its time is over.
    pub async fn refuse_request(
        &self,
        permit: &TenantPermit<DecideRequests>,
        id: RequestId,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        let row = self.open_request(&mut tx, permit, id, now).await?;
        self.decide(&mut tx, permit, &row, "refused", None, now).await?;
        tx.commit().await
    }

    /// Says yes: does what was asked for, exactly so, or opens the right to it, in the same transaction.
    ///
    /// # Errors
    /// `Gone`; `Refused` when it was decided already, its time is over, whoever asked is no longer who they were,
    /// or what it is about was changed. Then nothing is done, and it still waits.
    pub async fn approve_request(
        &self,
        permit: &TenantPermit<DecideRequests>,
        id: RequestId,
        now: Micros,
    ) -> Result<Dangerous> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        let row = self.open_request(&mut tx, permit, id, now).await?;
        if !row.asked_by.enabled || row.asked_by.role != row.asked_role {
            return Err(StoreError::Refused(
                "whoever asked for this has left or has another role by now; it is not theirs to ask any more",
            ));
        }
        match seen(&mut tx, tenant, &row.act).await {
            Ok(now_seen) if now_seen == row.seen => {}
            Ok(_) | Err(StoreError::Gone { .. }) => return Err(CHANGED),
            Err(error) => return Err(error),
        }
        let right = match &row.act {
            Dangerous::Retention { .. }
            | Dangerous::FourEyes { .. }
            | Dangerous::Administration(_)
            | Dangerous::PasskeyMakers { .. } => None,
            Dangerous::Export | Dangerous::Impersonation { .. } => Some(now + RIGHT_US),
        };
        self.decide(&mut tx, permit, &row, "approved", right, now).await?;
        let both = format!("asked by {} ({id})", row.asked_by.address);
        match &row.act {
            Dangerous::Retention { label, days } => {
                let before = label_of(&mut tx, tenant, label).await?;
                let change = LabelChange { retention_days: Some(Some(*days)), ..LabelChange::default() };
                let after = before.changed(&change).map_err(|_| CHANGED)?;
                const SET: &str = "UPDATE label SET retention_days = $3 WHERE tenant = $1 AND slug = $2";
                let values = [Value::Int(tenant.0), Value::Text(label), Value::Int(i64::from(*days))];
                tx.execute(SET, &values).await?;
                let told = format!("{}; {both}", before.differences(&after).join("; "));
                let entry = NewEntry::done("label.change", Subject::by(permit.acting()))
                    .on(Subject::Text(label.clone()))
                    .saying(&told);
                audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
            }
            Dangerous::FourEyes { on } => {
                self.four_eyes_in(&mut tx, tenant, permit.acting(), *on, now).await?;
            }
            Dangerous::Administration(rules) => {
                let why = format!("; {both}");
                self.administration_in(&mut tx, tenant, permit.acting(), rules, &why, now).await?;
            }
            Dangerous::PasskeyMakers { told, pem } => {
                let told = format!("{told}; {both}");
                self.passkey_makers_in(&mut tx, tenant, permit.acting(), pem, &told, now).await?;
            }
            Dangerous::Export | Dangerous::Impersonation { .. } => {}
        }
        tx.commit().await?;
        Ok(row.act)
    }

    /// Whether this session may take the log out: uses the right that an approval opened, once, for as long as
    /// it lasts and for no other session.
    ///
    /// # Errors
    /// `Gone` when the session is over, and the database: then it may not.
    pub async fn use_export(
        &self,
        tenant: TenantId,
        account: AccountId,
        session: SessionId,
        now: Micros,
    ) -> Result<bool> {
        const FIND: &str = "
            SELECT id, used_session FROM request
             WHERE tenant = $1 AND act = 'export' AND asked_by = $2 AND state = 'approved'
               AND right_until_us > $3 AND (used_session IS NULL OR used_session = $4)
             ORDER BY CASE WHEN used_session IS NULL THEN 1 ELSE 0 END, id LIMIT 1";
        let values = || [Value::Int(tenant.0), Value::Int(account.0), Value::Int(now), Value::Int(session.0)];
        let read = |row: &Row| Ok((RequestId(row.int(0)?), row.opt_int(1)?));
        match self.db().row(FIND, &values(), read).await? {
            None => return Ok(false),
            Some((_, Some(_))) => return Ok(true),
            Some((_, None)) => {}
        }
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let id = match tx.row(FIND, &values(), read).await? {
            None => return Ok(false),
            Some((_, Some(_))) => return Ok(true),
            Some((id, None)) => id,
        };
        self.note_use(&mut tx, tenant, account, id, session, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that this session takes the log out where one person may do so alone: once in the time that an
    /// approval would have opened, not for each tile.
    ///
    /// # Errors
    /// The database: then it may not.
    pub async fn note_export(
        &self,
        permit: &TenantPermit<ReadAudit>,
        session: SessionId,
        now: Micros,
    ) -> Result<()> {
        const BEGIN: &str = "
            UPDATE session SET exported_us = $2 WHERE id = $1 AND (exported_us IS NULL OR exported_us <= $3)";
        const SINCE: &str = "SELECT exported_us FROM session WHERE id = $1 AND exported_us > $2";
        let since = [Value::Int(session.0), Value::Int(now - RIGHT_US)];
        // Most tiles are of an export that is noted, and nothing must be written to know it.
        if self.db().row(SINCE, &since, |row| row.int(0)).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        let values = [Value::Int(session.0), Value::Int(now), Value::Int(now - RIGHT_US)];
        if tx.execute(BEGIN, &values).await? == 0 {
            // Somebody noted it at the same moment, or the session is over: then nothing leaves unnoted.
            let noted = tx.row(SINCE, &since, |row| row.int(0)).await?;
            return noted.map(drop).ok_or(StoreError::Gone { what: "session" });
        }
        let entry = NewEntry::done("audit.export", Subject::by(permit.acting()));
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await
    }

    pub(crate) async fn note_use(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        account: AccountId,
        id: RequestId,
        session: SessionId,
        now: Micros,
    ) -> Result<()> {
        const USE: &str = "UPDATE request SET used_us = $2, used_session = $3 WHERE id = $1";
        tx.execute(USE, &[Value::Int(id.0), Value::Int(now), Value::Int(session.0)]).await?;
        let row = request_of(tx, tenant, id).await?;
        let by = row.decided_by.as_ref().map_or("machine", |(address, _)| address);
        let told = format!("{} ({id}), approved by {by}: {}", told(tx, tenant, &row.act).await?, row.reason);
        let entry = NewEntry::done("request.use", Subject::by(Who::Account(account))).saying(&told);
        audit::append(tx, self.keys(), tenant, entry, now).await
    }
}
