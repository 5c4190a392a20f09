//! Codes by mail: the second factor of who has neither key nor telephone at work.

use crate::letters::{self, About};
use crate::{App, Caller, Code, Confirmed, Error, Origin};
use beffroi_domain::{Account, AccountId, FactorName, Micros, SessionId};
use beffroi_identity::wait;
use beffroi_store::{Asking, CeremonyKind, FactorKind, NewFactor, Posted};

/// The one thing that a code sent by mail is good for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound<'a> {
    /// A sign-in under way, by its token.
    SignIn(&'a str),
    /// Proving once more within a session.
    Session(SessionId),
    /// Adding the mailbox as a factor, by the token of that.
    Adding(&'a str),
}

impl Bound<'_> {
    fn text(self) -> String {
        match self {
            Self::SignIn(token) => format!("sign-in {token}"),
            Self::Session(session) => format!("session {session}"),
            Self::Adding(token) => format!("adding {token}"),
        }
    }
}

/// A mailbox that is being added: the first code is on its way.
#[derive(Debug)]
pub struct NewEmail {
    /// What confirms it, with that code.
    pub token: String,
    /// When it is too late.
    pub expires: Micros,
}

impl App {
    /// Sends a code for a sign-in under way.
    ///
    /// # Errors
    /// `NotFound` when the first step is too long ago or the account has no codes by mail; `Wait` when one was
    /// sent a moment ago, or many were within the hour; `Conflict` when this server sends no mail.
    pub async fn send_sign_in_code(
        &self,
        token: &str,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<(), Error> {
        let over = || Error::NotFound("sign-in under way; type your password again");
        let kind = CeremonyKind::SecondStep;
        let id =
            self.store.ceremony(kind, token, now).await?.and_then(|begun| begun.account).ok_or_else(over)?;
        let account = self.store.account(id).await?.filter(|account| account.enabled).ok_or_else(over)?;
        self.with_email(account.id).await?;
        let until = self.send_code(&account, Bound::SignIn(token), origin, agent, now).await?;
        Ok(self.store.prolong_ceremony(kind, token, until).await?)
    }

    /// Sends a code with which the caller proves once more who they are.
    ///
    /// # Errors
    /// `NotFound` for who has no codes by mail, `Wait`, `Conflict`.
    pub async fn send_proof_code(&self, caller: &Caller, agent: &str, now: Micros) -> Result<(), Error> {
        let account = caller.account()?;
        self.oneself(caller, "session.prove", now).await?;
        self.with_email(account.id).await?;
        self.send_code(account, Bound::Session(caller.session), &caller.origin, agent, now).await.map(drop)
    }

    /// Begins to add codes by mail: a first one is sent.
    ///
    /// # Errors
    /// `Denied`, `Wait`; `Conflict` when they were added already, or this server sends no mail.
    pub async fn begin_email(&self, caller: &Caller, agent: &str, now: Micros) -> Result<NewEmail, Error> {
        let permit = self.own(caller, now).await?;
        if self.with_email(permit.account()).await.is_ok() {
            return Err(Error::Conflict("codes by mail were added already".into()));
        }
        let kind = CeremonyKind::AddEmail;
        let (token, _) = self.store.begin_ceremony(kind, Some(permit.account()), &[], now).await?;
        let account = caller.account()?;
        let expires = self.send_code(account, Bound::Adding(&token), &caller.origin, agent, now).await?;
        self.store.prolong_ceremony(kind, &token, expires).await?;
        Ok(NewEmail { token, expires })
    }

    /// Adds codes by mail, with the first that was sent.
    ///
    /// # Errors
    /// `Denied`, `WrongCode` (another may be tried), `Wait`, `NotFound` when it is too late.
    pub async fn confirm_email(
        &self,
        caller: &Caller,
        token: &str,
        typed: &str,
        name: &FactorName,
        agent: &str,
        now: Micros,
    ) -> Result<Confirmed, Error> {
        let permit = self.own(caller, now).await?;
        let late = || Error::NotFound("code being added; begin again");
        let kind = CeremonyKind::AddEmail;
        let own = |begun: &beffroi_store::Ceremony| begun.account == Some(permit.account());
        self.store.ceremony(kind, token, now).await?.filter(own).ok_or_else(late)?;
        let code = Code::Email(typed.to_owned());
        let proved =
            self.check_code(caller.account()?, &code, Bound::Adding(token), &caller.origin, now).await?;
        self.store.end_ceremony(kind, token, now).await?.ok_or_else(late)?;
        let new = NewFactor {
            kind: FactorKind::Email,
            name,
            secret: &[],
            credential: None,
            counter: 0,
            origin: caller.origin.as_str(),
        };
        let factor = self.store.add_factor(&permit, new, now).await?;
        self.added(caller, &permit, factor, proved, agent, now).await
    }

    /// Whether this is a code that was sent for `bound`; a right one is used up.
    pub(crate) async fn use_mail_code(
        &self,
        account: AccountId,
        typed: &str,
        bound: Bound<'_>,
        now: Micros,
    ) -> Result<bool, Error> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).take(7).collect();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(false);
        }
        Ok(self.store.spend_mail_code(account, &bound.text(), &digits, now).await?)
    }

    async fn with_email(&self, account: AccountId) -> Result<(), Error> {
        let held = self.store.factors_of(account).await?;
        let email = held.iter().any(|factor| factor.kind == FactorKind::Email);
        if email { Ok(()) } else { Err(Error::NotFound("code by mail on this account")) }
    }

    /// Writes the letter; says until when its code opens.
    async fn send_code(
        &self,
        account: &Account,
        bound: Bound<'_>,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<Micros, Error> {
        if !self.rules.mail {
            return Err(Error::Conflict("this server sends no mail; prove yourself in another way".into()));
        }
        let tenant = self.store.tenant(account.tenant).await?.ok_or(Error::NotFound("account"))?;
        let bound = bound.text();
        let known = self.known_browser(Some(account.id), origin).await?.is_some()
            || self.store.is_known_place(account.id, origin.as_str()).await?;
        let asking = Asking { bound: &bound, origin: origin.as_str(), known };
        let write = |code: &str, until| {
            letters::code(&About::of(account, &tenant), code, agent, origin.as_str(), until)
        };
        match self.store.mail_code(account, asking, write, now).await? {
            Posted::Until(until) => Ok(until),
            Posted::NotBefore(next) => Err(Error::Wait(wait::seconds_left(next, now).unsigned_abs())),
        }
    }
}
