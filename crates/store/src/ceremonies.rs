//! What takes two messages: a sign-in between its steps, a passkey between question and answer.

use crate::crypto::{damaged, new_token, sha256, token_hash};
use crate::keys::TenantKey;
use crate::sql::{Row, Value};
use crate::{Result, Store, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beffroi_domain::{AccountId, Micros, TenantId};
use std::sync::Arc;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyKind {
    /// The password was right; something else is asked for.
    SecondStep,
    /// A seed was shown; the first code is asked for.
    AddTotp,
    /// A first code was sent by mail.
    AddEmail,
    /// A new passkey was asked for.
    AddPasskey,
    /// Somebody signed in proves once more who they are, with a passkey.
    PasskeyProof,
    /// A device proves its key to a session.
    DeviceProof,
}

impl CeremonyKind {
    fn word(self) -> &'static str {
        match self {
            Self::SecondStep => "second-step",
            Self::AddTotp => "add-totp",
            Self::AddEmail => "add-email",
            Self::AddPasskey => "add-passkey",
            Self::PasskeyProof => "passkey-proof",
            Self::DeviceProof => "device-proof",
        }
    }
}

/// One of them, as it was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// Whose; nobody's before a passkey says who.
    pub account: Option<AccountId>,
    /// What it needs to go on.
    pub state: Vec<u8>,
}

/// How long one takes at most: five minutes, enough to find a phone.
const LIFE_US: Micros = 5 * 60 * 1_000_000;

/// Characters of what is handed out, at most.
const MOST_HANDED: usize = 8192;

impl Store {
    /// Begins one; gives the token that ends it and when it is too late.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_ceremony(
        &self,
        kind: CeremonyKind,
        account: Option<AccountId>,
        state: &[u8],
        now: Micros,
    ) -> Result<(String, Micros)> {
        let (token, kept) = new_token();
        let expires = now + LIFE_US;
        if let Some(account) = account {
            // What is over goes, and of too many the oldest: one of several windows never cancels another.
            const TIDY: &str = "
                DELETE FROM ceremony WHERE account = $1 AND kind = $2 AND (expires_us <= $3 OR token NOT IN
                    (SELECT c.token FROM ceremony c WHERE c.account = $1 AND c.kind = $2
                      ORDER BY c.expires_us DESC LIMIT 9))";
            let values = [Value::Int(account.0), Value::Text(kind.word()), Value::Int(now)];
            self.db().execute(TIDY, &values).await?;
        }
        const ADD: &str =
            "INSERT INTO ceremony (token, kind, account, state, expires_us) VALUES ($1, $2, $3, $4, $5)";
        let values = [
            Value::Bytes(&kept),
            Value::Text(kind.word()),
            Value::OptInt(account.map(|a| a.0)),
            Value::Bytes(state),
            Value::Int(expires),
        ];
        self.db().execute(ADD, &values).await?;
        Ok((token, expires))
    }

    /// One that is under way, and stays so.
    ///
    /// # Errors
    /// The database.
    pub async fn ceremony(&self, kind: CeremonyKind, token: &str, now: Micros) -> Result<Option<Ceremony>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        const FIND: &str =
            "SELECT account, state FROM ceremony WHERE token = $1 AND kind = $2 AND expires_us > $3";
        let values = [Value::Bytes(&kept), Value::Text(kind.word()), Value::Int(now)];
        self.db().row(FIND, &values, read_ceremony).await
    }

    /// One that is under way goes on until `until` at least: a letter takes longer than a telephone.
    ///
    /// # Errors
    /// The database.
    pub async fn prolong_ceremony(&self, kind: CeremonyKind, token: &str, until: Micros) -> Result<()> {
        let Some(kept) = token_hash(token) else { return Ok(()) };
        const SQL: &str =
            "UPDATE ceremony SET expires_us = $3 WHERE token = $1 AND kind = $2 AND expires_us < $3";
        let values = [Value::Bytes(&kept), Value::Text(kind.word()), Value::Int(until)];
        self.db().execute(SQL, &values).await.map(drop)
    }

    /// One that was under way: whoever takes it first has it, nobody has it twice.
    ///
    /// # Errors
    /// The database.
    pub async fn end_ceremony(
        &self,
        kind: CeremonyKind,
        token: &str,
        now: Micros,
    ) -> Result<Option<Ceremony>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        const TAKE: &str = "
            DELETE FROM ceremony WHERE token = $1 AND kind = $2 AND expires_us > $3 RETURNING account, state";
        let values = [Value::Bytes(&kept), Value::Text(kind.word()), Value::Int(now)];
        let mut tx = self.db().begin().await?;
        let taken = tx.row(TAKE, &values, read_ceremony).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Seals what goes out with a question and comes back with its answer, so that nothing is kept meanwhile. At
    /// a door of several bodies, nobody's yet: under the key of the oldest, and good at such a door alone.
    ///
    /// # Errors
    /// The database.
    pub async fn hand_out(&self, tenant: Option<TenantId>, plain: &[u8]) -> Result<String> {
        let (key, what) = self.question_key(tenant).await?;
        Ok(URL_SAFE_NO_PAD.encode(key.seal(what, plain)))
    }

    async fn question_key(&self, tenant: Option<TenantId>) -> Result<(Arc<TenantKey>, &'static str)> {
        if let Some(tenant) = tenant {
            return Ok((self.keys().tenant_key_of(self.db(), tenant).await?, "question"));
        }
        const OLDEST: &str = "SELECT id FROM tenant ORDER BY created_us, id LIMIT 1";
        let oldest = self.db().row(OLDEST, &[], |row| row.int(0).map(TenantId)).await?;
        let oldest = oldest.ok_or(StoreError::Gone { what: "organisation" })?;
        Ok((self.keys().tenant_key_of(self.db(), oldest).await?, "question of several"))
    }

    /// Opens what [`Store::hand_out`] sealed; `None` for anything else.
    ///
    /// # Errors
    /// The database.
    pub async fn take_back(&self, tenant: Option<TenantId>, token: &str) -> Result<Option<Vec<u8>>> {
        let Some(sealed) = URL_SAFE_NO_PAD.decode(token).ok().filter(|_| token.len() < MOST_HANDED) else {
            return Ok(None);
        };
        let (key, what) = self.question_key(tenant).await?;
        Ok(key.open(what, &sealed))
    }

    /// Marks a question as answered until `expires`; `false` when it was already.
    ///
    /// # Errors
    /// The database.
    pub async fn spend(&self, token: &str, expires: Micros) -> Result<bool> {
        const ADD: &str = "
            INSERT INTO ceremony (token, kind, state, expires_us) VALUES ($1, $2, $3, $4)
                ON CONFLICT (token) DO NOTHING";
        let values = [
            Value::Bytes(&sha256(token.as_bytes())),
            Value::Text("answered"),
            Value::Bytes(&[]),
            Value::Int(expires),
        ];
        Ok(self.db().execute(ADD, &values).await? > 0)
    }

    /// Forgets those that nobody ended in time.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_ceremonies(&self, now: Micros) -> Result<()> {
        self.db().execute("DELETE FROM ceremony WHERE expires_us <= $1", &[Value::Int(now)]).await.map(drop)
    }
}

fn read_ceremony(row: &Row) -> Result<Ceremony> {
    let state = row.bytes(1).map_err(|_| damaged("a ceremony"))?;
    Ok(Ceremony { account: row.opt_int(0)?.map(AccountId), state })
}
