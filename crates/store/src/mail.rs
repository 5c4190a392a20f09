//! Mail on its way out: written in the transaction of what causes it, handed over afterwards.
//!
//! A letter is sealed under the key of whom it is for, and gone once it was handed over or is of no use any
//! more. After a power cut between handing over and writing that down, it is handed over once more.

use crate::crypto::{Sealer, about, damaged, derived, entropy};
use crate::sql::{Tx, Value};
use crate::{Result, Store};
use beffroi_domain::{AccountId, Address, Alarm, MailId, Micros};
use zeroize::Zeroizing;

/// What somebody is written.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The subject, one line.
    pub subject: &'static str,
    /// The text, plain.
    pub text: Zeroizing<String>,
    /// When it is of no use any more.
    pub until: Micros,
}

/// A letter to hand over.
#[derive(Debug)]
pub struct MailRow {
    /// Its number.
    pub id: MailId,
    /// To whom.
    pub address: Address,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: Zeroizing<String>,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is of no use any more.
    pub until: Micros,
}

/// What a letter is for. Each has a bound of its own, so that none keeps another from being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A forgotten password.
    Reset,
    /// An account that was just made.
    Invitation,
    /// A code to sign in with; its sender counts too.
    Code,
    /// Something suspicious, for who keeps the body safe.
    Alert,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Invitation => "invitation",
            Self::Code => "code",
            Self::Alert => "alert",
        }
    }

    /// Letters to one person within an hour. Who forgets a password and mistypes it a few times needs fewer than
    /// six, and whoever asks in their name cannot flood them. Codes: five from known places, five from others,
    /// and those of a factor that is being added.
    fn most_an_hour(self) -> i64 {
        match self {
            Self::Reset | Self::Invitation => 6,
            Self::Code => 10,
            // One letter of each kind in ten minutes.
            Self::Alert => Alarm::ALL.len() as i64 * 6,
        }
    }
}

const HOUR: Micros = 3_600_000_000;
/// Nothing is tried for longer than a day.
const LONGEST: Micros = 24 * HOUR;
/// Letters handed over in one go.
const BATCH: i64 = 20;

fn about_letter(account: AccountId, id: MailId) -> Vec<u8> {
    about("letter", &[account.0, id.0])
}

impl Store {
    /// Writes a letter, to be sent once this transaction is kept; `false` when this person got enough of them.
    pub(crate) async fn post(
        &self,
        tx: &mut Tx,
        account: AccountId,
        purpose: Purpose,
        letter: &Letter,
        now: Micros,
    ) -> Result<bool> {
        self.post_as(tx, MailId::mint(now, entropy()), account, purpose, letter, now).await
    }

    /// The same under a number that is known to be free.
    pub(crate) async fn post_as(
        &self,
        tx: &mut Tx,
        id: MailId,
        account: AccountId,
        purpose: Purpose,
        letter: &Letter,
        now: Micros,
    ) -> Result<bool> {
        // Holding the row, two letters at once are counted one after the other.
        const HOLD: &str = "SELECT id FROM account WHERE id = $1";
        tx.row(tx.locking(HOLD), &[Value::Int(account.0)], |row| row.int(0)).await?;
        const COUNT: &str =
            "SELECT COUNT(*) FROM mail WHERE account = $1 AND created_us > $2 AND purpose = $3";
        let recent = [Value::Int(account.0), Value::Int(now - HOUR), Value::Text(purpose.word())];
        if tx.row(COUNT, &recent, |row| row.int(0)).await?.unwrap_or(0) >= purpose.most_an_hour() {
            return Ok(false);
        }
        let sealer = Sealer::new(&derived(&self.secret_of(tx, account).await?.0, "letters"));
        let plain = Zeroizing::new(format!("{}\n{}", letter.subject, *letter.text));
        let sealed = sealer.seal(&about_letter(account, id), plain.as_bytes());
        const ADD: &str = "
            INSERT INTO mail (id, account, letter, tries, created_us, next_us, until_us, purpose)
            VALUES ($1, $2, $3, 0, $4, $4, $5, $6)";
        let values = [
            Value::Int(id.0),
            Value::Int(account.0),
            Value::Bytes(&sealed),
            Value::Int(now),
            Value::Int(letter.until.min(now + LONGEST)),
            Value::Text(purpose.word()),
        ];
        tx.execute(ADD, &values).await?;
        Ok(true)
    }

    /// Letters whose time has come, the longest waiting first. One that does not open is given up.
    ///
    /// # Errors
    /// The database.
    pub async fn due_mail(&self, now: Micros) -> Result<Vec<MailRow>> {
        const DUE: &str = "
            SELECT m.id, m.account, m.letter, m.tries, m.until_us, a.address
              FROM mail m JOIN account a ON a.id = m.account
             WHERE m.letter IS NOT NULL AND m.next_us <= $1 ORDER BY m.next_us LIMIT $2";
        let found = self
            .db()
            .rows(DUE, &[Value::Int(now), Value::Int(BATCH)], |row| {
                let (id, account) = (MailId(row.int(0)?), AccountId(row.int(1)?));
                let address = row.text(5)?.parse().map_err(|_| damaged(format!("account {account}")))?;
                let tries = u32::try_from(row.int(3)?).unwrap_or(u32::MAX);
                Ok((
                    account,
                    row.bytes(2)?,
                    MailRow {
                        id,
                        address,
                        subject: String::new(),
                        text: Zeroizing::default(),
                        tries,
                        until: row.int(4)?,
                    },
                ))
            })
            .await?;
        let mut due = vec![];
        for (account, sealed, mut row) in found {
            let mut tx = self.db().begin().await?;
            let secret = self.secret_of(&mut tx, account).await?.0;
            tx.commit().await?;
            let plain =
                Sealer::new(&derived(&secret, "letters")).open(&about_letter(account, row.id), &sealed);
            let text = plain.and_then(|plain| String::from_utf8(plain.to_vec()).ok()).map(Zeroizing::new);
            match text.as_ref().and_then(|text| text.split_once('\n')) {
                Some((subject, text)) => {
                    row.subject = subject.to_owned();
                    row.text = Zeroizing::new(text.to_owned());
                    due.push(row);
                }
                None => {
                    tracing::error!(mail = %row.id, "a letter does not open; it is given up");
                    self.mail_done(row.id).await?;
                }
            }
        }
        Ok(due)
    }

    /// A letter was handed over, or given up: what it said is forgotten.
    ///
    /// # Errors
    /// The database.
    pub async fn mail_done(&self, id: MailId) -> Result<()> {
        self.db().execute("UPDATE mail SET letter = NULL WHERE id = $1", &[Value::Int(id.0)]).await.map(drop)
    }

    /// A letter could not be handed over; it is tried again at `next`.
    ///
    /// # Errors
    /// The database.
    pub async fn mail_failed(&self, id: MailId, next: Micros) -> Result<()> {
        const SQL: &str = "UPDATE mail SET tries = tries + 1, next_us = $2 WHERE id = $1";
        self.db().execute(SQL, &[Value::Int(id.0), Value::Int(next)]).await.map(drop)
    }

    /// Forgets letters that are done with and count no longer.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_mail(&self, now: Micros) -> Result<()> {
        const SQL: &str = "DELETE FROM mail WHERE letter IS NULL AND created_us <= $1";
        self.db().execute(SQL, &[Value::Int(now - HOUR)]).await.map(drop)
    }
}
