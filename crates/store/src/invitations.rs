//! Invitations and resets: links of one hour and one use.

use crate::accounts::{ACCOUNT_COLUMNS, account_columns, account_of, read_account};
use crate::applications;
use crate::audit::{self, NewEntry, Subject};
use crate::browsers::forget_browsers;
use crate::crypto::{entropy, new_token, token_hash};
use crate::directory;
use crate::factors::forget_factors;
use crate::mail::Purpose;
use crate::sessions::end_sessions;
use crate::sql::{Row, Tx, Value};
use crate::tenants::open_door;
use crate::{Letter, Result, Store};
use beffroi_domain::{Account, AccountId, InvitationId, Micros, SessionId, TenantId};
use beffroi_policy::{ManageAccounts, TenantPermit, Who};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationKind {
    /// The first password of a new account.
    Invitation,
    /// Another password.
    Reset,
}

impl InvitationKind {
    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// A link that still opens.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// For whom.
    pub account: Account,
    /// What for.
    pub kind: InvitationKind,
    /// Until when.
    pub expires: Micros,
}

/// How long a link opens.
const LIFE_US: Micros = 3_600_000_000;

/// Closes the links of an account that still open; says how many there were.
pub(crate) async fn close_links(tx: &mut Tx, account: AccountId, now: Micros) -> Result<u64> {
    const SPEND: &str = "UPDATE invitation SET spent_us = $2 WHERE account = $1 AND spent_us IS NULL";
    tx.execute(SPEND, &[Value::Int(account.0), Value::Int(now)]).await
}

/// How long a link opens that comes with an account by mail: people read it after the weekend.
pub(crate) const INVITED_US: Micros = 72 * LIFE_US;

/// A link of somebody who was just added, to be written to them; gives its token and its end.
pub(crate) async fn for_letter(tx: &mut Tx, account: AccountId, now: Micros) -> Result<(String, Micros)> {
    let (token, kept) = new_token();
    let until = now + INVITED_US;
    // Hundreds are made in the same moment: the number is the account's, which is one of its own.
    add_as(tx, InvitationId(account.0), account, InvitationKind::Invitation, &kept, now, until).await?;
    Ok((token, until))
}

/// A link of three days for somebody who is to be the first of a body, in the place of the former ones.
pub(crate) async fn first_link(tx: &mut Tx, account: AccountId, now: Micros) -> Result<(String, Micros)> {
    let (token, kept) = new_token();
    close_links(tx, account, now).await?;
    add(tx, account, InvitationKind::Invitation, &kept, now, now + INVITED_US).await?;
    Ok((token, now + INVITED_US))
}

async fn make_link(
    tx: &mut Tx,
    account: AccountId,
    kind: InvitationKind,
    now: Micros,
) -> Result<(String, Micros)> {
    let (token, kept) = new_token();
    close_links(tx, account, now).await?;
    add(tx, account, kind, &kept, now, now + LIFE_US).await?;
    Ok((token, now + LIFE_US))
}

impl Store {
    /// Makes a link and closes the former ones of this account; gives its token and when it expires.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account.
    pub async fn invite(
        &self,
        permit: &TenantPermit<ManageAccounts>,
        account: AccountId,
        kind: InvitationKind,
        now: Micros,
    ) -> Result<(String, Micros)> {
        let mut tx = self.db().begin().await?;
        account_of(&mut tx, permit.tenant(), account).await?;
        let link = make_link(&mut tx, account, kind, now).await?;
        let entry = NewEntry::done("account.invite", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .saying(kind.word());
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Somebody lost what they sign in with and was recognised by other means: their factors, their password
    /// and their application passwords open nothing any more, their sessions end, and a link lets them choose
    /// another password. Until then the account is closed to whoever found the telephone and knew the
    /// password. Gives the link's token, when it expires, and the sessions that ended.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account.
    pub async fn replace_lost_keys(
        &self,
        permit: &TenantPermit<ManageAccounts>,
        account: AccountId,
        now: Micros,
    ) -> Result<(String, Micros, Vec<SessionId>)> {
        let mut tx = self.db().begin().await?;
        account_of(&mut tx, permit.tenant(), account).await?;
        // Sessions first: those of applications point to their passwords.
        let ended = end_sessions(&mut tx, Who::Account(account)).await?;
        forget_browsers(&mut tx, account).await?;
        let keys = forget_factors(&mut tx, account).await?;
        let applications = applications::revoke_all(&mut tx, account).await?;
        tx.execute("UPDATE account SET password = NULL WHERE id = $1", &[Value::Int(account.0)]).await?;
        directory::follow(&mut tx, account.0).await?;
        let (token, expires) = make_link(&mut tx, account, InvitationKind::Reset, now).await?;
        let told =
            format!("keys: {keys}; application passwords: {applications}; sessions ended: {}", ended.len());
        let entry = NewEntry::done("factor.forget", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .saying(&told);
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        let entry = NewEntry::done("account.invite", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .saying(InvitationKind::Reset.word());
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await?;
        Ok((token, expires, ended))
    }

    /// Mails a link to somebody who says that they forgot their password; `write` is given its token and end.
    /// Links that they have already stay open: whoever asks may be a stranger. `false` when they got enough mail
    /// this hour; nothing was done then.
    ///
    /// # Errors
    /// The database.
    pub async fn mail_reset(
        &self,
        account: &Account,
        origin: &str,
        write: impl FnOnce(&str, Micros) -> Letter,
        now: Micros,
    ) -> Result<bool> {
        let (token, kept) = new_token();
        let mut tx = self.db().begin().await?;
        if !self.post(&mut tx, account.id, Purpose::Reset, &write(&token, now + LIFE_US), now).await? {
            return Ok(false);
        }
        add(&mut tx, account.id, InvitationKind::Reset, &kept, now, now + LIFE_US).await?;
        let asked =
            NewEntry::done("password.forgotten", Subject::Machine).on(Subject::Who(Who::Account(account.id)));
        let entry = NewEntry { origin, ..asked };
        audit::append(&mut tx, self.keys(), account.tenant, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Mails somebody who says that they forgot their password that no link comes by mail; `false` when they got
    /// enough mail this hour.
    ///
    /// # Errors
    /// The database.
    pub async fn mail_no_reset(
        &self,
        account: &Account,
        origin: &str,
        letter: &Letter,
        now: Micros,
    ) -> Result<bool> {
        let mut tx = self.db().begin().await?;
        if !self.post(&mut tx, account.id, Purpose::Reset, letter, now).await? {
            return Ok(false);
        }
        let asked = NewEntry::done("password.forgotten", Subject::Machine)
            .on(Subject::Who(Who::Account(account.id)))
            .saying("no link: codes by mail");
        let entry = NewEntry { origin, ..asked };
        audit::append(&mut tx, self.keys(), account.tenant, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The link of a token, unless it was used, replaced or is over.
    ///
    /// # Errors
    /// The database.
    pub async fn invitation(&self, token: &str, now: Micros) -> Result<Option<Invitation>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        const SQL: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", i.kind, i.expires_us FROM invitation i JOIN account a ON a.id = i.account
              WHERE i.token = $1 AND i.spent_us IS NULL AND i.expires_us > $2 AND a.enabled = $3"
        );
        let read = |row: &Row| {
            let reset = row.text(ACCOUNT_COLUMNS)? == "reset";
            Ok(Invitation {
                account: read_account(row, 0)?,
                kind: if reset { InvitationKind::Reset } else { InvitationKind::Invitation },
                expires: row.int(ACCOUNT_COLUMNS + 1)?,
            })
        };
        self.db().row(SQL, &[Value::Bytes(&kept), Value::Int(now), Value::Bool(true)], read).await
    }

    /// Uses a link: sets the password and ends all sessions and application passwords of the account, at once
    /// or not at all: who asks for a reset may not be the only one who was in.
    /// `None` when it no longer opens.
    ///
    /// # Errors
    /// The database.
    pub async fn accept_invitation(&self, token: &str, phc: &str, now: Micros) -> Result<Option<AccountId>> {
        let Some(kept) = token_hash(token) else { return Ok(None) };
        let mut tx = self.db().begin().await?;
        // The update is the test: of two that come at once, one finds it spent.
        const SPEND: &str = "
            UPDATE invitation SET spent_us = $2
             WHERE token = $1 AND spent_us IS NULL AND expires_us > $2
               AND EXISTS (SELECT 1 FROM account a WHERE a.id = account AND a.enabled = $3)
            RETURNING account, kind";
        let values = [Value::Bytes(&kept), Value::Int(now), Value::Bool(true)];
        let spent = tx.row(SPEND, &values, |row| Ok((AccountId(row.int(0)?), row.text(1)?))).await?;
        let Some((account, kind)) = spent else { return Ok(None) };
        const SET: &str = "UPDATE account SET password = $2 WHERE id = $1 RETURNING tenant";
        let tenant = tx
            .row(SET, &[Value::Int(account.0), Value::Text(phc)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(crate::StoreError::Gone { what: "account" })?;
        // A link that opens nothing is not spent.
        open_door(&mut tx, tenant).await?;
        directory::follow(&mut tx, account.0).await?;
        // What else is open for them was asked for before this password, by whomever.
        close_links(&mut tx, account, now).await?;
        end_sessions(&mut tx, Who::Account(account)).await?;
        forget_browsers(&mut tx, account).await?;
        applications::revoke_all(&mut tx, account).await?;
        let entry = NewEntry::done("invitation.accept", Subject::by(Who::Account(account))).saying(&kind);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(Some(account))
    }
}

async fn add(
    tx: &mut Tx,
    account: AccountId,
    kind: InvitationKind,
    kept: &[u8],
    now: Micros,
    until: Micros,
) -> Result<()> {
    add_as(tx, InvitationId::mint(now, entropy()), account, kind, kept, now, until).await
}

async fn add_as(
    tx: &mut Tx,
    id: InvitationId,
    account: AccountId,
    kind: InvitationKind,
    kept: &[u8],
    now: Micros,
    until: Micros,
) -> Result<()> {
    const ADD: &str = "
        INSERT INTO invitation (id, token, account, kind, created_us, expires_us)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        Value::Int(id.0),
        Value::Bytes(kept),
        Value::Int(account.0),
        Value::Text(kind.word()),
        Value::Int(now),
        Value::Int(until),
    ];
    tx.execute(ADD, &values).await.map(drop)
}
