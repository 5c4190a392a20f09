//! Codes sent by mail: good for one sign-in or session, once, for ten minutes.
//!
//! Only an HMAC under the person's own key is kept, over the code and what it is good for: a stolen database has
//! nothing to try them against, and a code that belongs to another sign-in is simply wrong.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{Secret, derived, entropy, sha256};
use crate::mail::Purpose;
use crate::sql::{Tx, Value};
use crate::{Letter, Result, Store};
use aws_lc_rs::hmac;
use beffroi_domain::{Account, AccountId, MailId, Micros};
use beffroi_policy::Who;
use zeroize::Zeroizing;

/// How long a code opens.
const LIFE: Micros = 10 * MINUTE;
const MINUTE: Micros = 60 * 1_000_000;
const HOUR: Micros = 60 * MINUTE;
/// Codes within an hour, from places that the account is known by and from all others, counted apart: whoever
/// found the password elsewhere cannot use up what its owner needs at their desk.
const MOST_AN_HOUR: usize = 5;

/// What became of asking for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is on its way, and opens until then.
    Until(Micros),
    /// Too many were asked for; the next may be at this time.
    NotBefore(Micros),
}

/// Who asks for a code, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What it will be good for, with its secret.
    pub bound: &'a str,
    /// The address block.
    pub origin: &'a str,
    /// Whether the account is known by it.
    pub known: bool,
}

fn kept(secret: &Secret, bound: &[u8], code: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, derived(secret, "mail codes").as_slice());
    hmac::sign(&key, &[bound, code.as_bytes()].concat()).as_ref().to_vec()
}

/// When the next may be asked for, given when the former ones were, latest first; `None`: now.
fn next_at(sent: &[Micros], now: Micros) -> Option<Micros> {
    let soon = sent.first().map(|last| last + MINUTE);
    let many = sent.get(MOST_AN_HOUR - 1).map(|first| first + HOUR);
    soon.max(many).filter(|next| *next > now)
}

impl Store {
    /// Sends somebody a code; `write` makes the letter of it. One that was sent for the same before opens no more.
    ///
    /// # Errors
    /// The database.
    pub async fn mail_code(
        &self,
        account: &Account,
        asking: Asking<'_>,
        write: impl FnOnce(&str, Micros) -> Letter,
        now: Micros,
    ) -> Result<Posted> {
        let bound = sha256(asking.bound.as_bytes());
        let mut tx = self.db().begin().await?;
        // Holding the row, two at once are counted one after the other.
        const HOLD: &str = "SELECT id FROM account WHERE id = $1";
        tx.row(tx.locking(HOLD), &[Value::Int(account.id.0)], |row| row.int(0)).await?;
        const SENT: &str = "
            SELECT created_us FROM mail_code WHERE account = $1 AND known = $2 AND created_us > $3
             ORDER BY created_us DESC LIMIT 5";
        let recent = [Value::Int(account.id.0), Value::Bool(asking.known), Value::Int(now - HOUR)];
        let sent = tx.rows(SENT, &recent, |row| row.int(0)).await?;
        if let Some(next) = next_at(&sent, now) {
            return Ok(Posted::NotBefore(next));
        }
        let code = Zeroizing::new(six_digits());
        let (secret, tenant) = self.secret_of(&mut tx, account.id).await?;
        const FORMER: &str = "UPDATE mail_code SET code = NULL WHERE account = $1 AND bound = $2";
        tx.execute(FORMER, &[Value::Int(account.id.0), Value::Bytes(&bound)]).await?;
        const ADD: &str = "
            INSERT INTO mail_code (id, account, bound, code, known, created_us, expires_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = [
            Value::Int(MailId::mint(now, entropy()).0),
            Value::Int(account.id.0),
            Value::Bytes(&bound),
            Value::Bytes(&kept(&secret, &bound, &code)),
            Value::Bool(asking.known),
            Value::Int(now),
            Value::Int(now + LIFE),
        ];
        tx.execute(ADD, &values).await?;
        if !self.post(&mut tx, account.id, Purpose::Code, &write(&code, now + LIFE), now).await? {
            return Ok(Posted::NotBefore(now + MINUTE));
        }
        let entry = NewEntry::done("code.send", Subject::by(Who::Account(account.id)));
        let entry = NewEntry { origin: asking.origin, ..entry };
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(Posted::Until(now + LIFE))
    }

    /// Uses a code that was sent for `bound`; `false` when it is none, is over, or was used.
    ///
    /// # Errors
    /// The database.
    pub async fn spend_mail_code(
        &self,
        account: AccountId,
        bound: &str,
        code: &str,
        now: Micros,
    ) -> Result<bool> {
        let bound = sha256(bound.as_bytes());
        let mut tx = self.db().begin().await?;
        let kept = kept(&self.secret_of(&mut tx, account).await?.0, &bound, code);
        // The update is the test: of two that come at once, one finds it used.
        const SPEND: &str = "
            UPDATE mail_code SET code = NULL WHERE account = $1 AND bound = $2 AND code = $3 AND expires_us > $4";
        let values = [Value::Int(account.0), Value::Bytes(&bound), Value::Bytes(&kept), Value::Int(now)];
        let spent = tx.execute(SPEND, &values).await? > 0;
        if spent {
            const USED: &str = "UPDATE factor SET last_used_us = $2 WHERE account = $1 AND kind = 'email'";
            tx.execute(USED, &[Value::Int(account.0), Value::Int(now)]).await?;
        }
        tx.commit().await?;
        Ok(spent)
    }

    /// Forgets codes that are over and count no longer.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_mail_codes(&self, now: Micros) -> Result<()> {
        const SQL: &str = "DELETE FROM mail_code WHERE created_us <= $1";
        self.db().execute(SQL, &[Value::Int(now - HOUR)]).await.map(drop)
    }
}

/// Takes away what was sent to somebody: the mailbox proves nothing any more.
pub(crate) async fn forget_mail_codes(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute("UPDATE mail_code SET code = NULL WHERE account = $1", &[Value::Int(account.0)])
        .await
        .map(drop)
}

/// Six digits, each as likely as any other: 2^64 is so much more than a million that the rest does not show.
fn six_digits() -> String {
    format!("{:06}", u64::from_le_bytes(crate::crypto::random()) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_minute_and_five_an_hour() {
        assert_eq!(next_at(&[], 0), None);
        assert_eq!(next_at(&[0], MINUTE - 1), Some(MINUTE));
        assert_eq!(next_at(&[0], MINUTE), None);
        let five = [40 * MINUTE, 30 * MINUTE, 20 * MINUTE, 10 * MINUTE, 0];
        assert_eq!(next_at(&five[1..], 50 * MINUTE), None);
        assert_eq!(next_at(&five, 50 * MINUTE), Some(HOUR));
        assert_eq!(next_at(&five, HOUR), None);
    }

    #[test]
    fn a_code_is_six_digits() {
        assert!((0..100).all(|_| {
            let code = six_digits();
            code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())
        }));
    }
}
