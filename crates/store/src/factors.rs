//! What people can prove beside a password: seeds of authenticator applications, passkeys, codes on paper.
//!
//! Seeds and passkeys are sealed under the person's own key (the one of their fields in the audit log), which
//! a rotation rewraps and an erasure destroys.

use crate::audit::{self, NewEntry, Subject, person_secret};
use crate::crypto::{Sealer, Secret, about, damaged, derived, entropy};
use crate::invitations::close_links;
use crate::keys::tenant_key_columns;
use crate::mail_codes::forget_mail_codes;
use crate::sql::{Row, Tx, Value};
use crate::{Result, Store, StoreError};
use aws_lc_rs::hmac;
use beffroi_domain::{AccountId, FactorId, FactorName, Micros, TenantId};
use beffroi_policy::OwnPermit;
use zeroize::Zeroizing;

/// What a factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorKind {
    /// Codes of an authenticator application.
    Totp,
    /// A passkey.
    Passkey,
    /// Codes that are sent to the account's own address.
    Email,
}

impl FactorKind {
    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Email => "email",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Totp, Self::Passkey, Self::Email].into_iter().find(|kind| kind.word() == word)
    }
}

/// A factor as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorRow {
    /// Its id.
    pub id: FactorId,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created: Micros,
    /// When it last opened something.
    pub last_used: Option<Micros>,
}

/// A factor to add.
#[derive(Debug)]
pub struct NewFactor<'a> {
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: &'a FactorName,
    /// The seed, or the passkey as `identity` wrote it.
    pub secret: &'a [u8],
    /// Of a passkey: how the browser names it.
    pub credential: Option<&'a [u8]>,
    /// The step or the count at which it stands.
    pub counter: i64,
    /// The address block that it is added from, for the log.
    pub origin: &'a str,
}

/// The seed of an authenticator application.
#[derive(Debug)]
pub struct TotpRow {
    /// The factor.
    pub id: FactorId,
    /// The seed.
    pub seed: Zeroizing<Vec<u8>>,
    /// The last step that was accepted.
    pub step: i64,
}

/// A passkey.
#[derive(Clone, Debug)]
pub struct PasskeyRow {
    /// The factor.
    pub id: FactorId,
    /// Whose.
    pub account: AccountId,
    /// How the browser names it.
    pub credential: Vec<u8>,
    /// Its public half and its facts, as `identity` wrote them.
    pub record: Vec<u8>,
}

/// Factors that one person may hold: a phone, a spare, a few keys.
const MOST: i64 = 20;

/// Recovery codes are kept as this of them.
fn recovery_key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, derived(secret, "recovery codes").as_slice())
}

fn sealer(secret: &Secret) -> Sealer {
    Sealer::new(&derived(secret, "factors"))
}

fn about_factor(account: AccountId, id: FactorId) -> Vec<u8> {
    about("factor", &[account.0, id.0])
}

/// Takes all factors of somebody away, recovery codes too; says how many keys they held.
pub(crate) async fn forget_factors(tx: &mut Tx, account: AccountId) -> Result<u64> {
    let held = tx.execute("DELETE FROM factor WHERE account = $1", &[Value::Int(account.0)]).await?;
    tx.execute("DELETE FROM recovery_code WHERE account = $1", &[Value::Int(account.0)]).await?;
    forget_mail_codes(tx, account).await?;
    // A proof under way would be one of a key that is gone.
    tx.execute("DELETE FROM ceremony WHERE account = $1", &[Value::Int(account.0)]).await?;
    Ok(held)
}

impl Store {
    /// The person's own key and their tenant.
    pub(crate) async fn secret_of(&self, tx: &mut Tx, account: AccountId) -> Result<(Secret, TenantId)> {
        const TENANT: &str = "SELECT tenant FROM account WHERE id = $1";
        let tenant = tx
            .row(TENANT, &[Value::Int(account.0)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(StoreError::Gone { what: "account" })?;
        let key = self.keys().tenant_key_in(tx, tenant).await?;
        Ok((person_secret(tx, &key, tenant, account.0).await?, tenant))
    }

    /// The person's own key, only read: the one connection that writes stays free. `None` before anything was
    /// kept about them.
    pub(crate) async fn read_secret(&self, account: AccountId) -> Result<Option<Secret>> {
        const SQL: &str = concat!(
            "SELECT p.key_wrapped, ",
            tenant_key_columns!(),
            " FROM account a JOIN tenant t ON t.id = a.tenant
                JOIN person_key p ON p.tenant = a.tenant AND p.person = a.id WHERE a.id = $1"
        );
        let read =
            |row: &Row| self.keys().tenant_key(row, 1)?.unwrap_key("person", account.0, &row.bytes(0)?);
        self.db().row(SQL, &[Value::Int(account.0)], read).await
    }

    /// What opens someone's factors.
    async fn opener(&self, account: AccountId) -> Result<Sealer> {
        let secret = self.read_secret(account).await?;
        secret.as_ref().map(sealer).ok_or_else(|| damaged(format!("the key of account {account}")))
    }

    /// Someone's factors, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn factors_of(&self, account: AccountId) -> Result<Vec<FactorRow>> {
        const SQL: &str =
            "SELECT id, kind, name, created_us, last_used_us FROM factor WHERE account = $1 ORDER BY id";
        let read = |row: &Row| {
            Ok(FactorRow {
                id: FactorId(row.int(0)?),
                kind: FactorKind::from_word(&row.text(1)?).ok_or_else(|| damaged("the kind of a key"))?,
                name: row.text(2)?,
                created: row.int(3)?,
                last_used: row.opt_int(4)?,
            })
        };
        self.db().rows(SQL, &[Value::Int(account.0)], read).await
    }

    /// Adds a factor; its secret is sealed.
    ///
    /// # Errors
    /// `Refused` when there are 20, `Taken` for a passkey that is somebody's already.
    pub async fn add_factor(&self, permit: &OwnPermit, new: NewFactor<'_>, now: Micros) -> Result<FactorRow> {
        let NewFactor { kind, name, secret, credential, counter, origin } = new;
        let account = permit.account();
        let id = FactorId::mint(now, entropy());
        let mut tx = self.db().begin().await?;
        tx.hold(&format!("factors {account}")).await?;
        const COUNT: &str = "SELECT COUNT(*) FROM factor WHERE account = $1";
        let held = tx.row(COUNT, &[Value::Int(account.0)], |row| row.int(0)).await?.unwrap_or(0);
        if held >= MOST {
            return Err(StoreError::Refused("there are 20 keys already; remove one that is no longer used"));
        }
        if kind == FactorKind::Email {
            const HELD: &str = "SELECT id FROM factor WHERE account = $1 AND kind = 'email'";
            if tx.row(HELD, &[Value::Int(account.0)], |row| row.int(0)).await?.is_some() {
                return Err(StoreError::Refused("codes by mail were added already"));
            }
            // A link to another password that is in this mailbox already would make it both proofs at once.
            close_links(&mut tx, account, now).await?;
        }
        let (key, tenant) = self.secret_of(&mut tx, account).await?;
        const ADD: &str = "
            INSERT INTO factor (id, account, kind, name, credential, secret, counter, created_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let sealed = sealer(&key).seal(&about_factor(account, id), secret);
        let values = [
            Value::Int(id.0),
            Value::Int(account.0),
            Value::Text(kind.word()),
            Value::Text(name.as_str()),
            Value::OptBytes(credential),
            Value::Bytes(&sealed),
            Value::Int(counter),
            Value::Int(now),
        ];
        tx.execute(ADD, &values).await.map_err(|e| e.or_taken("passkey"))?;
        let detail = format!("{} {name}", kind.word());
        let entry = NewEntry::done("factor.add", Subject::by(permit.acting())).saying(&detail);
        let entry = NewEntry { origin, ..entry };
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        let name = name.as_str().to_owned();
        Ok(FactorRow { id, kind, name, created: now, last_used: None })
    }

    /// Gives a factor another name.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn rename_factor(&self, account: AccountId, id: FactorId, name: &FactorName) -> Result<()> {
        const SQL: &str = "UPDATE factor SET name = $3 WHERE id = $1 AND account = $2";
        let values = [Value::Int(id.0), Value::Int(account.0), Value::Text(name.as_str())];
        match self.db().execute(SQL, &values).await? {
            0 => Err(StoreError::Gone { what: "key" }),
            _ => Ok(()),
        }
    }

    /// Takes a factor away. With the last one go the recovery codes, which would stand for nothing.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn remove_factor(
        &self,
        permit: &OwnPermit,
        id: FactorId,
        origin: &str,
        now: Micros,
    ) -> Result<()> {
        let account = permit.account();
        let mut tx = self.db().begin().await?;
        const REMOVE: &str = "DELETE FROM factor WHERE id = $1 AND account = $2 RETURNING kind, name";
        let detail = tx
            .row(REMOVE, &[Value::Int(id.0), Value::Int(account.0)], |row| {
                Ok(format!("{} {}", row.text(0)?, row.text(1)?))
            })
            .await?
            .ok_or(StoreError::Gone { what: "key" })?;
        if detail.starts_with("email ") {
            forget_mail_codes(&mut tx, account).await?;
        }
        const LAST: &str = "
            DELETE FROM recovery_code WHERE account = $1
               AND NOT EXISTS (SELECT 1 FROM factor f WHERE f.account = $1)";
        tx.execute(LAST, &[Value::Int(account.0)]).await?;
        let entry = NewEntry::done("factor.remove", Subject::by(permit.acting())).saying(&detail);
        let entry = NewEntry { origin, ..entry };
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await
    }

    /// Someone's seeds.
    ///
    /// # Errors
    /// `Damaged` when one does not open.
    pub async fn totp_of(&self, account: AccountId) -> Result<Vec<TotpRow>> {
        const SQL: &str =
            "SELECT id, secret, counter FROM factor WHERE account = $1 AND kind = 'totp' ORDER BY id";
        let rows = self
            .db()
            .rows(SQL, &[Value::Int(account.0)], |row| {
                Ok((FactorId(row.int(0)?), row.bytes(1)?, row.int(2)?))
            })
            .await?;
        if rows.is_empty() {
            return Ok(vec![]);
        }
        let sealer = self.opener(account).await?;
        rows.into_iter()
            .map(|(id, sealed, step)| {
                let seed = sealer.open(&about_factor(account, id), &sealed);
                Ok(TotpRow { id, seed: seed.ok_or_else(|| damaged(format!("key {id}")))?, step })
            })
            .collect()
    }

    /// Accepts a code's step; `false` when this one or a later one was accepted already.
    ///
    /// # Errors
    /// The database.
    pub async fn accept_step(&self, id: FactorId, step: i64, now: Micros) -> Result<bool> {
        // The update is the test: of two that come at once with one code, one finds it used.
        const SQL: &str = "UPDATE factor SET counter = $2, last_used_us = $3 WHERE id = $1 AND counter < $2";
        Ok(self.db().execute(SQL, &[Value::Int(id.0), Value::Int(step), Value::Int(now)]).await? > 0)
    }

    /// Someone's passkeys.
    ///
    /// # Errors
    /// `Damaged` when one does not open.
    pub async fn passkeys_of(&self, account: AccountId) -> Result<Vec<PasskeyRow>> {
        const SQL: &str =
            "SELECT id, credential, secret FROM factor WHERE account = $1 AND kind = 'passkey' ORDER BY id";
        let rows = self
            .db()
            .rows(SQL, &[Value::Int(account.0)], |row| {
                Ok((FactorId(row.int(0)?), row.bytes(1)?, row.bytes(2)?))
            })
            .await?;
        if rows.is_empty() {
            return Ok(vec![]);
        }
        let sealer = self.opener(account).await?;
        rows.into_iter()
            .map(|(id, credential, sealed)| {
                let record = sealer.open(&about_factor(account, id), &sealed);
                let record = record.ok_or_else(|| damaged(format!("key {id}")))?.to_vec();
                Ok(PasskeyRow { id, account, credential, record })
            })
            .collect()
    }

    /// Whose passkey this is.
    ///
    /// # Errors
    /// The database.
    pub async fn account_of_passkey(&self, credential: &[u8]) -> Result<Option<AccountId>> {
        const SQL: &str = "SELECT account FROM factor WHERE credential = $1";
        self.db().row(SQL, &[Value::Bytes(credential)], |row| row.int(0).map(AccountId)).await
    }

    /// Notes that a passkey was used, with what it says of itself now. `false` when its counter went on in
    /// the meantime: of two answers with one count, one is a copy's.
    ///
    /// # Errors
    /// `Gone` when it was taken away.
    pub async fn passkey_used(
        &self,
        passkey: &PasskeyRow,
        record: &[u8],
        counter: i64,
        now: Micros,
    ) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let sealer = sealer(&self.secret_of(&mut tx, passkey.account).await?.0);
        // Authenticators that keep no count say 0 for ever (WebAuthn §6.1.1).
        const SQL: &str = "
            UPDATE factor SET secret = $2, counter = $3, last_used_us = $4
             WHERE id = $1 AND (counter < $3 OR (counter = 0 AND $3 = 0))";
        let sealed = sealer.seal(&about_factor(passkey.account, passkey.id), record);
        let values = [Value::Int(passkey.id.0), Value::Bytes(&sealed), Value::Int(counter), Value::Int(now)];
        let noted = tx.execute(SQL, &values).await? > 0;
        tx.commit().await?;
        Ok(noted)
    }

    /// Replaces someone's recovery codes, given without separators.
    ///
    /// # Errors
    /// The database.
    pub async fn set_recovery_codes(
        &self,
        permit: &OwnPermit,
        codes: &[Zeroizing<String>],
        origin: &str,
        now: Micros,
    ) -> Result<()> {
        let account = permit.account();
        let mut tx = self.db().begin().await?;
        let key = recovery_key(&self.secret_of(&mut tx, account).await?.0);
        tx.execute("DELETE FROM recovery_code WHERE account = $1", &[Value::Int(account.0)]).await?;
        for code in codes {
            const ADD: &str = "INSERT INTO recovery_code (account, code) VALUES ($1, $2)";
            let kept = hmac::sign(&key, code.as_bytes());
            tx.execute(ADD, &[Value::Int(account.0), Value::Bytes(kept.as_ref())]).await?;
        }
        let entry = NewEntry::done("recovery.renew", Subject::by(permit.acting()));
        let entry = NewEntry { origin, ..entry };
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await
    }

    /// Recovery codes that still open.
    ///
    /// # Errors
    /// The database.
    pub async fn recovery_codes_left(&self, account: AccountId) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM recovery_code WHERE account = $1 AND spent_us IS NULL";
        Ok(self.db().row(SQL, &[Value::Int(account.0)], |row| row.int(0)).await?.unwrap_or(0))
    }

    /// Uses a recovery code, given without separators; `false` when it is none, or was used.
    ///
    /// # Errors
    /// The database.
    pub async fn spend_recovery_code(&self, account: AccountId, code: &str, now: Micros) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        let kept = hmac::sign(&recovery_key(&self.secret_of(&mut tx, account).await?.0), code.as_bytes());
        const SQL: &str =
            "UPDATE recovery_code SET spent_us = $3 WHERE account = $1 AND code = $2 AND spent_us IS NULL";
        let values = [Value::Int(account.0), Value::Bytes(kept.as_ref()), Value::Int(now)];
        let spent = tx.execute(SQL, &values).await? > 0;
        tx.commit().await?;
        Ok(spent)
    }

    /// Seals something about a person that is kept between two messages.
    ///
    /// # Errors
    /// The database.
    pub async fn seal_for(&self, account: AccountId, plain: &[u8]) -> Result<Vec<u8>> {
        let mut tx = self.db().begin().await?;
        let sealer = sealer(&self.secret_of(&mut tx, account).await?.0);
        tx.commit().await?;
        Ok(sealer.seal(&about("ceremony", &[account.0]), plain))
    }

    /// Opens what [`Store::seal_for`] sealed.
    ///
    /// # Errors
    /// `Damaged` when it was changed, or is about somebody else.
    pub async fn open_for(&self, account: AccountId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.opener(account)
            .await?
            .open(&about("ceremony", &[account.0]), sealed)
            .ok_or_else(|| damaged("a ceremony"))
    }
}
