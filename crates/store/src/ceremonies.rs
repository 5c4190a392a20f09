//! What takes two messages: a sign-in between its steps, a passkey between question and answer.

use crate::crypto::{damaged, new_token, token_hash};
use crate::sql::{Row, Value};
use crate::{Result, Store};
use beffroi_domain::{AccountId, Micros};

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyKind {
    /// The password was right; something else is asked for.
    SecondStep,
    /// A seed was shown; the first code is asked for.
    AddTotp,
    /// A new passkey was asked for.
    AddPasskey,
    /// Somebody signs in with a passkey.
    PasskeySignIn,
    /// Somebody signed in proves once more who they are, with a passkey.
    PasskeyProof,
}

impl CeremonyKind {
    fn word(self) -> &'static str {
        match self {
            Self::SecondStep => "second-step",
            Self::AddTotp => "add-totp",
            Self::AddPasskey => "add-passkey",
            Self::PasskeySignIn => "passkey-sign-in",
            Self::PasskeyProof => "passkey-proof",
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
