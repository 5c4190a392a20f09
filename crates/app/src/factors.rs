//! What a person can prove beside their password: adding it, taking it away, and using it, at the door and once
//! more inside.

use crate::mail_codes::Bound;
use crate::sign_in::shortened;
use crate::{App, Caller, Error, Origin, Secret, SignedIn, entry};
use beffroi_domain::{Account, AccountId, Factor, FactorId, FactorName, Micros};
use beffroi_identity::{recovery, totp};
use beffroi_policy::{Holder, OwnPermit, own_proof};
use beffroi_store::{AuditEntry, CeremonyKind, FactorKind, FactorRow, NewEntry, NewFactor, Outcome};
use zeroize::Zeroizing;

/// What somebody may prove, in the order in which it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A passkey.
    Passkey,
    /// A code of an authenticator application.
    Totp,
    /// A code from the paper.
    Recovery,
    /// A code that is sent by mail.
    Email,
}

impl Way {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::Recovery => "recovery",
            Self::Email => "email",
        }
    }
}

/// Something typed as a proof.
#[derive(Debug)]
pub enum Code {
    /// Six digits of an application.
    Totp(String),
    /// A code from the paper.
    Recovery(String),
    /// Six digits that came by mail.
    Email(String),
    /// The password once more; only from who holds nothing else.
    Password(Secret),
}

/// What was proved, and by what means, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proved {
    pub(crate) factor: Factor,
    pub(crate) by: &'static str,
}

impl Proved {
    pub(crate) const PASSWORD: Self = Self { factor: Factor::Password, by: "password" };
    pub(crate) const TOTP: Self = Self { factor: Factor::Second, by: "totp" };
    pub(crate) const EMAIL: Self = Self { factor: Factor::Second, by: "email" };
    pub(crate) const RECOVERY: Self = Self { factor: Factor::Second, by: "recovery" };
}

/// A person's factors as « My security » shows them.
#[derive(Debug)]
pub struct Factors {
    /// Keys and applications.
    pub held: Vec<FactorRow>,
    /// Recovery codes that still open.
    pub recovery_left: i64,
    /// Whether codes by mail may be added.
    pub mail: bool,
}

/// A seed on its way to an application.
#[derive(Debug)]
pub struct NewTotp {
    /// What confirms it, with a first code.
    pub token: String,
    /// The seed, to be typed.
    pub seed: Zeroizing<String>,
    /// The same as the address in a QR code.
    pub address: Zeroizing<String>,
    /// When it is too late.
    pub expires: Micros,
}

/// A factor was added.
#[derive(Debug)]
pub struct Confirmed {
    /// The factor.
    pub factor: FactorRow,
    /// With the first one, the recovery codes: shown once.
    pub codes: Option<Vec<Zeroizing<String>>>,
    /// The session with its new token.
    pub signed_in: SignedIn,
}

/// A sign-in of one's own, as the log has it.
#[derive(Debug)]
pub struct SignInRow {
    /// When.
    pub at: Micros,
    /// Whether it succeeded.
    pub done: bool,
    /// By what means (`password`, `totp`, `passkey`…), or the rule that refused it.
    pub by: String,
    /// What the browser calls itself; empty when it was refused.
    pub agent: String,
    /// From which address block.
    pub place: String,
}

/// Sign-ins shown at most.
const MOST_SIGN_INS: u32 = 50;

impl App {
    /// What this person may be asked for beside their password.
    pub(crate) async fn ways(&self, account: AccountId) -> Result<Vec<Way>, Error> {
        let held = self.store.factors_of(account).await?;
        let has = |kind| held.iter().any(|factor| factor.kind == kind);
        let paper = !held.is_empty() && self.store.recovery_codes_left(account).await? > 0;
        let ways = [
            (Way::Passkey, has(FactorKind::Passkey)),
            (Way::Totp, has(FactorKind::Totp)),
            (Way::Email, has(FactorKind::Email) && self.rules.mail),
            (Way::Recovery, paper),
        ];
        Ok(ways.into_iter().filter(|(_, there)| *there).map(|(way, _)| way).collect())
    }

    /// What the caller may be asked for to prove once more who they are.
    ///
    /// # Errors
    /// The store's; `NotFound` for guests.
    pub async fn own_ways(&self, caller: &Caller) -> Result<Vec<Way>, Error> {
        self.ways(caller.account()?.id).await
    }

    /// Ends a sign-in with a code.
    ///
    /// # Errors
    /// `NotFound` when the first step is too long ago, `Wait`, `WrongCode`.
    pub async fn second_step(
        &self,
        token: &str,
        code: &Code,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        let begun = self.store.ceremony(CeremonyKind::SecondStep, token, now).await?;
        let account = match begun.and_then(|begun| begun.account) {
            Some(id) => self.store.account(id).await?.filter(|account| account.enabled),
            None => None,
        };
        let account = account.ok_or(Error::NotFound("sign-in under way; type your password again"))?;
        let proved = match self.check_code(&account, code, Bound::SignIn(token), origin, now).await {
            Err(Error::WrongCode) => {
                self.refused_entry(&account, origin, "code", now).await?;
                return Err(Error::WrongCode);
            }
            other => other?,
        };
        // Of two right answers at once, one opens a session.
        self.store
            .end_ceremony(CeremonyKind::SecondStep, token, now)
            .await?
            .ok_or(Error::NotFound("sign-in under way; type your password again"))?;
        self.open_session(&account, proved, origin, agent, now).await
    }

    /// Proves once more who one is, with a code; the session is worth more and has a new token.
    ///
    /// # Errors
    /// `Wait`, `WrongCode`, `WrongCredentials`; `Invalid` for a password from who holds more.
    pub async fn prove(
        &self,
        caller: &Caller,
        code: Code,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        self.oneself(caller, "session.prove", now).await?;
        let account = caller.account()?;
        let proved = match code {
            Code::Password(password) => {
                if !self.store.factors_of(account.id).await?.is_empty() {
                    return Err(Error::Invalid(
                        "this account holds more than a password; prove one of its keys or codes".into(),
                    ));
                }
                match self.check_password(account, password, &caller.origin, now).await {
                    Err(Error::WrongCredentials) => {
                        self.refused_proof(caller, "credentials", now).await?;
                        return Err(Error::WrongCredentials);
                    }
                    other => other.map(|()| Proved::PASSWORD)?,
                }
            }
            code => match self
                .check_code(account, &code, Bound::Session(caller.session), &caller.origin, now)
                .await
            {
                Err(Error::WrongCode) => {
                    self.refused_proof(caller, "code", now).await?;
                    return Err(Error::WrongCode);
                }
                other => other?,
            },
        };
        self.proved(caller, proved, agent, now).await
    }

    /// Notes that a proof within a session was refused: guessing from a stolen one leaves its trace.
    pub(crate) async fn refused_proof(
        &self,
        caller: &Caller,
        rule: &'static str,
        now: Micros,
    ) -> Result<(), Error> {
        let act = if caller.passage().locked { "session.unlock" } else { "session.prove" };
        let failed = entry(act, Outcome::Denied, caller.who(), &caller.origin);
        Ok(self.store.note(caller.tenant.id, NewEntry { rule: Some(rule), ..failed }, now).await?)
    }

    /// Ends the other browser sessions of the caller: what they were opened with is no longer what it was.
    pub(crate) async fn end_others(&self, caller: &Caller, now: Micros) -> Result<(), Error> {
        let own = self.store.sessions_of(caller.account()?.id).await?;
        for other in own.iter().filter(|s| s.id != caller.session && s.application.is_none()) {
            self.end_session(caller, other.id, now).await?;
        }
        Ok(())
    }

    /// Writes down a proof within a session.
    pub(crate) async fn proved(
        &self,
        caller: &Caller,
        proved: Proved,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        self.oneself(caller, "session.prove", now).await?;
        let detail = format!("{} · {}", proved.by, shortened(agent));
        // A proof opens what is locked.
        let act = if caller.passage().locked { "session.unlock" } else { "session.prove" };
        let noted = entry(act, Outcome::Done, caller.who(), &caller.origin);
        let noted = NewEntry { detail: &detail, ..noted };
        let renews = proved.factor >= own_proof(&caller.actor(None, now), self.holder(caller, now).await?);
        let token = self.store.prove_session(caller.session, (proved.factor, renews), noted, now).await?;
        Ok(SignedIn { session: caller.session, token, browser: None })
    }

    /// Whether a code is right, counted by the growing wait; a right one is used up.
    pub(crate) async fn check_code(
        &self,
        account: &Account,
        code: &Code,
        bound: Bound<'_>,
        origin: &Origin,
        now: Micros,
    ) -> Result<Proved, Error> {
        let tries = self.tries("code ", account.address.as_str(), Some(account.id), origin).await?;
        self.count(&tries, now).await?;
        let right = match code {
            Code::Totp(typed) => self.use_totp(account.id, typed, now).await?.then_some(Proved::TOTP),
            Code::Recovery(typed) => match recovery::read(typed) {
                Some(code) => {
                    let spent = self.store.spend_recovery_code(account.id, &code, now).await?;
                    spent.then_some(Proved::RECOVERY)
                }
                None => None,
            },
            Code::Email(typed) => {
                self.use_mail_code(account.id, typed, bound, now).await?.then_some(Proved::EMAIL)
            }
            Code::Password(_) => None,
        };
        let proved = right.ok_or(Error::WrongCode)?;
        self.forgive(&tries, now).await?;
        Ok(proved)
    }

    async fn use_totp(&self, account: AccountId, typed: &str, now: Micros) -> Result<bool, Error> {
        for held in self.store.totp_of(account).await? {
            let seed: &[u8; totp::SEED] =
                held.seed.as_slice().try_into().map_err(|_| Error::NotFound("key"))?;
            if let Some(step) = totp::check(seed, typed, held.step, now) {
                return Ok(self.store.accept_step(held.id, step, now).await?);
            }
        }
        Ok(false)
    }

    /// Proof that the caller may change how they sign in.
    ///
    /// # Errors
    /// `Denied` (`stale`, `own-passkey`) when they must prove once more who they are; it is in the log.
    pub(crate) async fn own(&self, caller: &Caller, now: Micros) -> Result<OwnPermit, Error> {
        let holder = self.holder(caller, now).await?;
        match beffroi_policy::decide_own(&caller.actor(None, now), holder) {
            Ok(permit) => Ok(permit),
            Err(denied) => Err(self.denied(caller, "factor.manage", None, denied, now).await),
        }
    }

    async fn holder(&self, caller: &Caller, now: Micros) -> Result<Holder, Error> {
        let held = self.store.factors_of(caller.account()?.id).await?;
        Ok(Holder {
            factor: caller.factor,
            holds_factor: !held.is_empty(),
            holds_passkey: held.iter().any(|factor| factor.kind == FactorKind::Passkey),
            fresh: caller.fresh(now),
        })
    }

    /// The caller's factors.
    ///
    /// # Errors
    /// `NotFound` for guests.
    pub async fn factors(&self, caller: &Caller) -> Result<Factors, Error> {
        let account = caller.account()?.id;
        let held = self.store.factors_of(account).await?;
        let recovery_left = self.store.recovery_codes_left(account).await?;
        Ok(Factors { held, recovery_left, mail: self.rules.mail })
    }

    /// A new seed, to be put into an application and confirmed with its first code.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn begin_totp(&self, caller: &Caller, now: Micros) -> Result<NewTotp, Error> {
        let permit = self.own(caller, now).await?;
        let seed: Zeroizing<[u8; totp::SEED]> = Zeroizing::new(self.store.random());
        let sealed = self.store.seal_for(permit.account(), &*seed).await?;
        let kind = CeremonyKind::AddTotp;
        let (token, expires) = self.store.begin_ceremony(kind, Some(permit.account()), &sealed, now).await?;
        let address = totp::address(&seed, &caller.tenant.name, &caller.address());
        Ok(NewTotp { token, seed: totp::shown(&seed), address, expires })
    }

    /// Adds the application whose first code this is.
    ///
    /// # Errors
    /// `Denied`, `WrongCode` (another may be tried), `NotFound` when it is too late.
    pub async fn confirm_totp(
        &self,
        caller: &Caller,
        token: &str,
        typed: &str,
        name: &FactorName,
        agent: &str,
        now: Micros,
    ) -> Result<Confirmed, Error> {
        let permit = self.own(caller, now).await?;
        let late = || Error::NotFound("application being added; begin again");
        let own = |begun: &beffroi_store::Ceremony| begun.account == Some(permit.account());
        let kind = CeremonyKind::AddTotp;
        let begun = self.store.ceremony(kind, token, now).await?.filter(own).ok_or_else(late)?;
        let seed = self.store.open_for(permit.account(), &begun.state).await?;
        let seed: &[u8; totp::SEED] = seed.as_slice().try_into().map_err(|_| late())?;
        let step = totp::check(seed, typed, 0, now).ok_or(Error::WrongCode)?;
        self.store.end_ceremony(kind, token, now).await?.ok_or_else(late)?;
        let new = NewFactor {
            kind: FactorKind::Totp,
            name,
            secret: seed,
            credential: None,
            counter: step,
            origin: caller.origin.as_str(),
        };
        let factor = self.store.add_factor(&permit, new, now).await?;
        self.added(caller, &permit, factor, Proved::TOTP, agent, now).await
    }

    /// After a factor was added: recovery codes with the first one, and a session that is worth what was proved.
    pub(crate) async fn added(
        &self,
        caller: &Caller,
        permit: &OwnPermit,
        factor: FactorRow,
        proved: Proved,
        agent: &str,
        now: Micros,
    ) -> Result<Confirmed, Error> {
        let none_left = self.store.recovery_codes_left(permit.account()).await? == 0;
        let codes = match none_left {
            true => Some(self.renew_recovery(permit, caller, now).await?),
            false => None,
        };
        // The first factor shuts out whoever came in by the password alone.
        if self.store.factors_of(permit.account()).await?.len() == 1 {
            self.end_others(caller, now).await?;
        }
        let signed_in = self.proved(caller, proved, agent, now).await?;
        Ok(Confirmed { factor, codes, signed_in })
    }

    async fn renew_recovery(
        &self,
        permit: &OwnPermit,
        caller: &Caller,
        now: Micros,
    ) -> Result<Vec<Zeroizing<String>>, Error> {
        let codes: Vec<_> = (0..recovery::CODES).map(|_| recovery::code(self.store.random())).collect();
        let kept: Vec<_> = codes.iter().filter_map(|code| recovery::read(code)).collect();
        self.store.set_recovery_codes(permit, &kept, caller.origin.as_str(), now).await?;
        Ok(codes)
    }

    /// Ten new recovery codes; the former ones open nothing any more.
    ///
    /// # Errors
    /// `Denied`; `Conflict` for who holds no factor that they would replace.
    pub async fn new_recovery_codes(
        &self,
        caller: &Caller,
        now: Micros,
    ) -> Result<Vec<Zeroizing<String>>, Error> {
        let permit = self.own(caller, now).await?;
        if self.store.factors_of(permit.account()).await?.is_empty() {
            return Err(Error::Conflict(
                "recovery codes stand in for a key or an application; add one of these first".into(),
            ));
        }
        self.renew_recovery(&permit, caller, now).await
    }

    /// Gives a factor another name.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn rename_factor(
        &self,
        caller: &Caller,
        factor: FactorId,
        name: &FactorName,
        now: Micros,
    ) -> Result<(), Error> {
        self.oneself(caller, "factor.manage", now).await?;
        Ok(self.store.rename_factor(caller.account()?.id, factor, name).await?)
    }

    /// Takes a factor away.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn remove_factor(&self, caller: &Caller, factor: FactorId, now: Micros) -> Result<(), Error> {
        let permit = self.own(caller, now).await?;
        self.store.remove_factor(&permit, factor, caller.origin.as_str(), now).await?;
        // A session that a lost key opened ends with it.
        self.end_others(caller, now).await
    }

    /// The caller's own sign-ins and refusals, latest first.
    ///
    /// # Errors
    /// `NotFound` for guests.
    pub async fn sign_ins(&self, caller: &Caller) -> Result<Vec<SignInRow>, Error> {
        let account = caller.account()?;
        let entries = self.store.sign_ins_of(account.tenant, account.id, MOST_SIGN_INS).await?;
        Ok(entries.into_iter().map(sign_in_row).collect())
    }
}

/// What the log says of a sign-in; entries older than this form have no detail.
fn sign_in_row(entry: AuditEntry) -> SignInRow {
    let (by, agent) = match entry.outcome {
        Outcome::Denied => (entry.rule.as_str(), ""),
        Outcome::Done => entry.detail.split_once(" · ").unwrap_or(("password", "")),
    };
    SignInRow {
        at: entry.at,
        done: entry.outcome == Outcome::Done,
        by: by.to_owned(),
        agent: agent.to_owned(),
        place: entry.origin,
    }
}
