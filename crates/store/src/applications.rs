//! Passwords for applications, and the sessions that they open.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy, new_token, random};
use crate::sql::{Row, Tx, Value};
use crate::tenants::open_door;
use crate::{Result, SessionRow, Store, StoreError};
use beffroi_domain::{
    Account, AccountId, ApplicationId, ApplicationName, Factor, Micros, SessionId, TenantId,
};
use beffroi_policy::{TenantPermit, UseApplications, Who};

/// What an application password opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Conversations.
    Xmpp,
}

impl Protocol {
    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Xmpp => "xmpp",
        }
    }
    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Xmpp].into_iter().find(|one| one.word() == word)
    }
}

/// An application password as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRow {
    /// Its id.
    pub id: ApplicationId,
    /// What its owner calls it.
    pub name: ApplicationName,
    /// What it opens.
    pub protocol: Protocol,
    /// When it was made.
    pub created: Micros,
    /// When it was last used, to the minute, and from which address block.
    pub last_use: Option<(Micros, String)>,
}

/// What a proof is held against (RFC 5802 §3).
#[derive(Clone, Debug)]
pub struct Verifier {
    /// Of which password.
    pub id: ApplicationId,
    /// Its salt.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// The keys, as `identity` packs them.
    pub keys: Vec<u8>,
}

/// An application password to keep.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// What its owner calls it.
    pub name: ApplicationName,
    /// What it opens.
    pub protocol: Protocol,
    /// Its salt.
    pub salt: [u8; 16],
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// The keys, as `identity` packs them.
    pub keys: Vec<u8>,
}

/// Use is written down at most this often.
const NOTED: Micros = 60_000_000;

fn read_application(row: &Row) -> Result<ApplicationRow> {
    let id = ApplicationId(row.int(0)?);
    let name = row.text(1)?.parse().map_err(|_| damaged(format!("application password {id}")))?;
    let protocol = Protocol::from_word(&row.text(2)?);
    let protocol = protocol.ok_or_else(|| damaged(format!("application password {id}")))?;
    let last_use = row.opt_int(4)?.zip(row.opt_text(5)?);
    Ok(ApplicationRow { id, name, protocol, created: row.int(3)?, last_use })
}

/// Whose they are: nobody but an account is given the permit.
fn owner(permit: &TenantPermit<UseApplications>) -> Result<AccountId> {
    match permit.who() {
        Who::Account(id) => Ok(id),
        Who::Guest(_) => Err(StoreError::Gone { what: "account" }),
    }
}

/// Forgets all application passwords of someone, in the transaction of what demands it. Their sessions
/// must be over.
pub(crate) async fn revoke_all(tx: &mut Tx, account: AccountId) -> Result<u64> {
    tx.execute("DELETE FROM application_password WHERE account = $1", &[Value::Int(account.0)]).await
}

/// Holds an enabled account until the end of the transaction. Whatever touches application passwords begins
/// here: two that come at once, an addition to the last free place or a session opened while its password is
/// revoked, come one after the other.
async fn hold(tx: &mut Tx, account: AccountId, tenant: TenantId) -> Result<()> {
    const SQL: &str = "SELECT id FROM account WHERE id = $1 AND tenant = $2 AND enabled = $3";
    let values = [Value::Int(account.0), Value::Int(tenant.0), Value::Bool(true)];
    let found = tx.row(tx.locking(SQL), &values, |row| row.int(0)).await?;
    found.map(drop).ok_or(StoreError::Gone { what: "account" })
}

impl Store {
    /// The secret from which salts are made, so that an address nobody has keeps its salt like one that
    /// somebody has. Whoever reads the database knows who is here anyway: it needs no seal.
    ///
    /// # Errors
    /// The database.
    pub async fn salt_secret(&self) -> Result<[u8; 32]> {
        self.kept_secret("salts").await
    }

    /// The secret that says which decoy stands in for an address that nobody has. It is not the one of the salts,
    /// which are told to whoever asks.
    ///
    /// # Errors
    /// The database.
    pub async fn decoy_secret(&self) -> Result<[u8; 32]> {
        self.kept_secret("decoys").await
    }

    async fn kept_secret(&self, name: &str) -> Result<[u8; 32]> {
        const READ: &str = "SELECT value FROM meta WHERE name = $1";
        let read = async |db: &crate::sql::Db| db.row(READ, &[Value::Text(name)], |row| row.bytes(0)).await;
        let mut found = read(self.db()).await?;
        if found.is_none() {
            const KEEP: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            self.db().execute(KEEP, &[Value::Text(name), Value::Bytes(&random::<32>())]).await?;
            // Of two that come at once, both take what the first kept.
            found = read(self.db()).await?;
        }
        found
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| damaged(format!("the secret of the {name}")))
    }

    /// One's own application passwords, latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn applications(&self, permit: &TenantPermit<UseApplications>) -> Result<Vec<ApplicationRow>> {
        const SQL: &str = "
            SELECT id, name, protocol, created_us, last_used_us, last_place
              FROM application_password WHERE account = $1 AND tenant = $2 ORDER BY id DESC";
        let values = [Value::Int(owner(permit)?.0), Value::Int(permit.tenant().0)];
        self.db().rows(SQL, &values, read_application).await
    }

    /// Keeps a new one, unless its owner has `most` already.
    ///
    /// # Errors
    /// `Refused` beyond `most`; `Gone` when the account is disabled.
    pub async fn add_application(
        &self,
        permit: &TenantPermit<UseApplications>,
        new: NewApplication,
        most: usize,
        origin: &str,
        now: Micros,
    ) -> Result<ApplicationRow> {
        let (account, tenant) = (owner(permit)?, permit.tenant());
        let id = ApplicationId::mint(now, entropy());
        let mut tx = self.db().begin().await?;
        hold(&mut tx, account, tenant).await?;
        const COUNT: &str = "SELECT COUNT(*) FROM application_password WHERE account = $1";
        let there = tx.row(COUNT, &[Value::Int(account.0)], |row| row.int(0)).await?.unwrap_or(0);
        if usize::try_from(there).is_ok_and(|there| there >= most) {
            return Err(StoreError::Refused(
                "you have as many application passwords as one person may; revoke one that you no longer use",
            ));
        }
        const ADD: &str = "
            INSERT INTO application_password
                   (id, tenant, account, name, protocol, salt, iterations, keys, created_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = [
            Value::Int(id.0),
            Value::Int(tenant.0),
            Value::Int(account.0),
            Value::Text(new.name.as_str()),
            Value::Text(new.protocol.word()),
            Value::Bytes(&new.salt),
            Value::Int(new.iterations.into()),
            Value::Bytes(&new.keys),
            Value::Int(now),
        ];
        tx.execute(ADD, &values).await?;
        let entry = NewEntry { origin, ..NewEntry::done("application.add", Subject::by(permit.acting())) };
        audit::append(&mut tx, self.keys(), tenant, entry.saying(new.name.as_str()), now).await?;
        tx.commit().await?;
        Ok(ApplicationRow { id, name: new.name, protocol: new.protocol, created: now, last_use: None })
    }

    /// Revokes one of one's own and ends its sessions, which are given.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn revoke_application(
        &self,
        permit: &TenantPermit<UseApplications>,
        id: ApplicationId,
        origin: &str,
        now: Micros,
    ) -> Result<Vec<SessionId>> {
        let (account, tenant) = (owner(permit)?, permit.tenant());
        let mut tx = self.db().begin().await?;
        hold(&mut tx, account, tenant).await?;
        const FIND: &str = "SELECT name FROM application_password WHERE id = $1 AND account = $2";
        let values = [Value::Int(id.0), Value::Int(account.0)];
        let name = tx.row(FIND, &values, |row| row.text(0)).await?;
        let name = name.ok_or(StoreError::Gone { what: "application password" })?;
        const SESSIONS: &str = "DELETE FROM session WHERE application = $1 RETURNING id";
        let ended = tx.rows(SESSIONS, &[Value::Int(id.0)], |row| row.int(0).map(SessionId)).await?;
        tx.execute("DELETE FROM application_password WHERE id = $1", &[Value::Int(id.0)]).await?;
        let entry = NewEntry { origin, ..NewEntry::done("application.revoke", Subject::by(permit.acting())) };
        audit::append(&mut tx, self.keys(), tenant, entry.saying(&name), now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// What proofs for an account are held against, latest first. Nobody (`None`) is looked for like
    /// somebody.
    ///
    /// # Errors
    /// The database.
    pub async fn verifiers(&self, account: Option<AccountId>, protocol: Protocol) -> Result<Vec<Verifier>> {
        const SQL: &str = "
            SELECT p.id, p.salt, p.iterations, p.keys
              FROM application_password p JOIN account a ON a.id = p.account
             WHERE p.account = $1 AND p.protocol = $2 AND a.enabled = $3 ORDER BY p.id DESC";
        let values =
            [Value::Int(account.map_or(0, |id| id.0)), Value::Text(protocol.word()), Value::Bool(true)];
        let read = |row: &Row| {
            Ok(Verifier {
                id: ApplicationId(row.int(0)?),
                salt: row.bytes(1)?,
                iterations: u32::try_from(row.int(2)?).unwrap_or(0),
                keys: row.bytes(3)?,
            })
        };
        self.db().rows(SQL, &values, read).await
    }

    /// Opens a session for a stream that proved it has an application password, and gives those that it replaces: one
    /// password is one device. Its use is noted, in the log too, at most once a minute, a telephone on a bad line
    /// comes back often; that it comes from another place than before is noted always, for its owner to see.
    ///
    /// # Errors
    /// `Gone` when it was revoked, or the account disabled or the body closed meanwhile.
    pub async fn open_application_session(
        &self,
        id: ApplicationId,
        account: &Account,
        place: &str,
        now: Micros,
    ) -> Result<(SessionRow, Vec<SessionId>)> {
        let mut tx = self.db().begin().await?;
        open_door(&mut tx, account.tenant).await?;
        hold(&mut tx, account.id, account.tenant).await?;
        const FIND: &str =
            "SELECT name, last_used_us, last_place FROM application_password WHERE id = $1 AND account = $2";
        let values = [Value::Int(id.0), Value::Int(account.id.0)];
        let found =
            tx.row(FIND, &values, |row| Ok((row.text(0)?, row.opt_int(1)?, row.opt_text(2)?))).await?;
        let (name, last, before) = found.ok_or(StoreError::Gone { what: "application password" })?;
        const CHARTER: &str = "
            SELECT CASE WHEN a.charter < t.charter THEN t.charter ELSE 0 END
              FROM account a JOIN tenant t ON t.id = a.tenant WHERE a.id = $1";
        let charter = tx.row(CHARTER, &[Value::Int(account.id.0)], |row| row.int(0)).await?.unwrap_or(0);
        let session = SessionRow {
            helper: None,
            id: SessionId::mint(now, entropy()),
            who: Who::Account(account.id),
            tenant: account.tenant,
            factor: Factor::Password,
            agent: name,
            created: now,
            last_used: now,
            proved: now,
            identified: 0,
            place: place.to_owned(),
            application: Some(id),
            locked: None,
            desk: false,
            label_minutes: None,
            pin: false,
            charter: Some(charter).filter(|version| *version > 0),
            device: None,
        };
        const ADD: &str = "
            INSERT INTO session (id, token, tenant, account, factor, agent, created_us, last_used_us, application,
                                 proved_us, place)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $7, $9)";
        const REPLACED: &str = "DELETE FROM session WHERE application = $1 RETURNING id";
        let replaced = tx.rows(REPLACED, &[Value::Int(id.0)], |row| row.int(0).map(SessionId)).await?;
        // The token itself is thrown away: no cookie opens this session.
        let (_, token) = new_token();
        let values = [
            Value::Int(session.id.0),
            Value::Bytes(&token),
            Value::Int(session.tenant.0),
            Value::Int(account.id.0),
            Value::Text(session.factor.word()),
            Value::Text(&session.agent),
            Value::Int(now),
            Value::Int(id.0),
            Value::Text(place),
        ];
        tx.execute(ADD, &values).await?;
        let moved = before.filter(|before| before != place);
        if moved.is_some() || last.is_none_or(|last| now - last >= NOTED) {
            const USED: &str =
                "UPDATE application_password SET last_used_us = $2, last_place = $3 WHERE id = $1";
            tx.execute(USED, &[Value::Int(id.0), Value::Int(now), Value::Text(place)]).await?;
            const ACCOUNT: &str = "UPDATE account SET last_used_us = $2 WHERE id = $1";
            tx.execute(ACCOUNT, &[Value::Int(account.id.0), Value::Int(now)]).await?;
            let entry = NewEntry {
                origin: place,
                detail: &session.agent,
                ..NewEntry::done("application.use", Subject::Who(session.who))
            };
            audit::append(&mut tx, self.keys(), session.tenant, entry, now).await?;
        }
        if moved.is_some() {
            let detail = format!("application · {}", session.agent);
            let entry = NewEntry {
                origin: place,
                detail: &detail,
                ..NewEntry::done("application.move", Subject::Who(session.who))
            };
            audit::append(&mut tx, self.keys(), session.tenant, entry, now).await?;
        }
        tx.commit().await?;
        Ok((session, replaced))
    }
}
