//! The charters that a body published, and who accepted the one in force (MS14).

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, sha256};
use crate::sql::{Row, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, Address, CharterWords, Micros, NewCharter, TenantId};
use beffroi_policy::{ManageOrganisation, ReadOrganisation, TenantPermit, Who};

/// A charter as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterRow {
    /// Its number, from 1.
    pub version: i64,
    /// What it says.
    pub words: NewCharter,
    /// SHA-256 of [`NewCharter::hashed`].
    pub sha256: Vec<u8>,
    /// When it was published.
    pub published: Micros,
}

/// How many accepted the charter in force, and some of those who did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// Enabled accounts.
    pub people: i64,
    /// Those who accepted it.
    pub accepted: i64,
    /// Those who have yet to, by name; at most [`Acceptance::SHOWN`].
    pub missing: Vec<(Address, String)>,
}

impl Acceptance {
    /// People shown at most of those who have yet to accept.
    pub const SHOWN: i64 = 200;
}

macro_rules! charter_columns {
    () => {
        "c.version, c.title, c.body, c.title_en, c.body_en, c.sha256, c.published_us"
    };
}

fn read_charter(row: &Row) -> Result<CharterRow> {
    let version = row.int(0)?;
    let bad = || damaged(format!("the charter {version}"));
    let words = |title: String, text: String| -> Result<CharterWords> {
        Ok(CharterWords { title: title.parse().map_err(|_| bad())?, text: text.parse().map_err(|_| bad())? })
    };
    let english = match (row.opt_text(3)?, row.opt_text(4)?) {
        (Some(title), Some(text)) => Some(words(title, text)?),
        _ => None,
    };
    let words = NewCharter { french: words(row.text(1)?, row.text(2)?)?, english };
    Ok(CharterRow { version, words, sha256: row.bytes(5)?, published: row.int(6)? })
}

/// How the log names a version.
fn named(version: i64, sha256: &[u8]) -> String {
    let hex: String = sha256.iter().map(|b| format!("{b:02x}")).collect();
    format!("version {version} sha256 {hex}")
}

impl Store {
    /// Publishes a charter; everybody is asked to accept it. What was published before stays as it was.
    ///
    /// # Errors
    /// `Refused` when it says what the one in force says.
    pub async fn publish_charter(
        &self,
        permit: &TenantPermit<ManageOrganisation>,
        new: &NewCharter,
        origin: &str,
        now: Micros,
    ) -> Result<CharterRow> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        crate::tenants::touch(&mut tx, tenant).await?;
        const LAST: &str = concat!(
            "SELECT ",
            charter_columns!(),
            " FROM charter c WHERE c.tenant = $1 ORDER BY c.version DESC LIMIT 1"
        );
        let last = tx.row(LAST, &[Value::Int(tenant.0)], read_charter).await?;
        if last.as_ref().is_some_and(|last| last.words == *new) {
            return Err(StoreError::Refused(
                "this is word for word the charter in force; nothing was published",
            ));
        }
        let version = last.map_or(1, |last| last.version + 1);
        let sha256 = sha256(new.hashed().as_bytes());
        const ADD: &str = "
            INSERT INTO charter (tenant, version, title, body, title_en, body_en, sha256, published_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let english = new.english.as_ref();
        let values = [
            Value::Int(tenant.0),
            Value::Int(version),
            Value::Text(new.french.title.as_str()),
            Value::Text(new.french.text.as_str()),
            Value::OptText(english.map(|words| words.title.as_str())),
            Value::OptText(english.map(|words| words.text.as_str())),
            Value::Bytes(&sha256),
            Value::Int(now),
        ];
        tx.execute(ADD, &values).await?;
        const FORCE: &str = "UPDATE tenant SET charter = $2 WHERE id = $1";
        tx.execute(FORCE, &[Value::Int(tenant.0), Value::Int(version)]).await?;
        let detail = named(version, &sha256);
        let entry = NewEntry { origin, ..NewEntry::done("charter.publish", Subject::by(permit.who())) };
        audit::append(&mut tx, self.keys(), tenant, entry.saying(&detail), now).await?;
        tx.commit().await?;
        Ok(CharterRow { version, words: new.clone(), sha256: sha256.to_vec(), published: now })
    }

    /// The charter in force.
    ///
    /// # Errors
    /// The database.
    pub async fn charter(&self, tenant: TenantId) -> Result<Option<CharterRow>> {
        const SQL: &str = concat!(
            "SELECT ",
            charter_columns!(),
            " FROM charter c JOIN tenant t ON t.id = c.tenant AND t.charter = c.version WHERE c.tenant = $1"
        );
        self.db().row(SQL, &[Value::Int(tenant.0)], read_charter).await
    }

    /// Every charter that was published, latest first; at most 100.
    ///
    /// # Errors
    /// The database.
    pub async fn charters(&self, permit: &TenantPermit<ReadOrganisation>) -> Result<Vec<CharterRow>> {
        const SQL: &str = concat!(
            "SELECT ",
            charter_columns!(),
            " FROM charter c WHERE c.tenant = $1 ORDER BY c.version DESC LIMIT 100"
        );
        self.db().rows(SQL, &[Value::Int(permit.tenant().0)], read_charter).await
    }

    /// Somebody accepts the charter in force, which they saw as `version` with this SHA-256.
    ///
    /// # Errors
    /// `Refused` when it is another by now; `Gone` for somebody who left.
    pub async fn accept_charter(
        &self,
        account: AccountId,
        version: i64,
        seen: &[u8],
        origin: &str,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const FIND: &str = "
            SELECT a.tenant, a.charter, c.sha256
              FROM account a JOIN tenant t ON t.id = a.tenant
              JOIN charter c ON c.tenant = t.id AND c.version = t.charter
             WHERE a.id = $1 AND c.version = $2";
        let values = [Value::Int(account.0), Value::Int(version)];
        let read = |row: &Row| Ok((TenantId(row.int(0)?), row.int(1)?, row.bytes(2)?));
        let found = tx.row(FIND, &values, read).await?.filter(|(.., sha256)| sha256 == seen);
        let (tenant, before, sha256) = found.ok_or(StoreError::Refused(
            "the charter is another since you read it; read it again, then accept it",
        ))?;
        if before >= version {
            return Ok(());
        }
        const SET: &str = "UPDATE account SET charter = $2 WHERE id = $1 AND charter < $2";
        if tx.execute(SET, &values).await? == 0 {
            return Ok(());
        }
        let detail = named(version, &sha256);
        let who = Subject::Who(Who::Account(account));
        let entry = NewEntry { origin, ..NewEntry::done("charter.accept", who) }.saying(&detail);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// Who accepted the charter in force; nobody is asked when there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn charter_acceptance(&self, permit: &TenantPermit<ReadOrganisation>) -> Result<Acceptance> {
        let tenant = Value::Int(permit.tenant().0);
        const COUNT: &str = "
            SELECT COUNT(*), COALESCE(SUM(CASE WHEN a.charter >= t.charter THEN 1 ELSE 0 END), 0)
              FROM account a JOIN tenant t ON t.id = a.tenant
             WHERE a.tenant = $1 AND a.enabled = $2";
        let both = [Value::Int(permit.tenant().0), Value::Bool(true)];
        let counted = self.db().row(COUNT, &both, |row| Ok((row.int(0)?, row.int(1)?))).await?;
        let (people, accepted) = counted.unwrap_or_default();
        const MISSING: &str = "
            SELECT a.address, a.name FROM account a JOIN tenant t ON t.id = a.tenant
             WHERE a.tenant = $1 AND a.enabled = $2 AND a.charter < t.charter ORDER BY a.name, a.id LIMIT $3";
        let read = |row: &Row| {
            let address = row.text(0)?.parse().map_err(|_| damaged("the address of an account"))?;
            Ok((address, row.text(1)?))
        };
        let values = [tenant, Value::Bool(true), Value::Int(Acceptance::SHOWN)];
        Ok(Acceptance { people, accepted, missing: self.db().rows(MISSING, &values, read).await? })
    }
}
