//! Signing in by address and password, with the growing wait of ID4.

use crate::entry;
use crate::factors::{Proved, Way};
use crate::{App, Error, Secret};
use beffroi_domain::{Account, Address, Micros, Network, SessionId, Tenant};
use beffroi_identity::password::Kept;
use beffroi_identity::wait::Block;
use beffroi_policy::Who;
use beffroi_store::{CeremonyKind, NewEntry, Notice, Opened, Outcome};
use std::net::IpAddr;

/// Where a request comes from: an address block, which is all that is kept of an IP address, and what the browser
/// shows to be known by.
#[derive(Clone, Debug)]
pub struct Origin {
    block: String,
    browser: Option<Secret>,
}

impl Origin {
    /// The block of an IP address.
    pub fn of(ip: IpAddr) -> Self {
        Self { block: Block::from(ip).to_string(), browser: None }
    }
    /// The operator at the machine itself.
    pub fn machine() -> Self {
        Self { block: "machine".into(), browser: None }
    }
    /// From a browser that shows this; what it is worth is asked when it matters.
    #[must_use]
    pub fn showing(self, browser: Option<Secret>) -> Self {
        Self { browser, ..self }
    }
    /// What the browser shows to be known by.
    pub(crate) fn browser(&self) -> Option<&Secret> {
        self.browser.as_ref()
    }
    /// The block as a network; nothing at the machine itself.
    pub fn network(&self) -> Option<Network> {
        self.block.parse().ok()
    }
    /// As kept in counters and in the audit log.
    pub fn as_str(&self) -> &str {
        &self.block
    }
}

/// What a browser calls itself, as the log keeps it.
pub(crate) fn shortened(agent: &str) -> String {
    agent.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// A session that was just opened, or whose person just proved once more who they are.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// What the cookie holds; never stored, never logged.
    pub token: String,
    /// What the browser shows from now on to be known by, after a sign-in.
    pub browser: Option<Secret>,
}

/// What a right password leads to.
#[derive(Debug)]
pub enum Entered {
    /// In.
    In(SignedIn),
    /// Their account holds more than a password: one more step.
    Second(SecondStep),
}

/// The second step of a sign-in.
#[derive(Debug)]
pub struct SecondStep {
    /// What ends it, with a code or a passkey.
    pub token: String,
    /// What would do.
    pub ways: Vec<Way>,
    /// When it is too late.
    pub expires: Micros,
}

impl App {
    /// Checks the password of `address`; opens a session when nothing else is asked for.
    ///
    /// # Errors
    /// `Wait` after failures, `WrongCredentials` for an unknown or disabled account and a wrong password
    /// alike and after the same work, `Busy`.
    pub async fn sign_in(
        &self,
        address: &str,
        password: Secret,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<Entered, Error> {
        let parsed = address.parse::<Address>().ok();
        // An unknown address has its counters too, or the wait would tell which exist.
        let named = parsed.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        let found = match &parsed {
            Some(address) => self.store.account_by_address(address).await?,
            None => None,
        };
        let tries = self.tries("", &named, found.as_ref().map(|(account, _)| account.id), origin).await?;
        self.count(&tries, now).await?;
        let tenant = match &parsed {
            Some(address) => self.store.tenant_by_domain(address.domain()).await?,
            None => None,
        };
        let phc = found.as_ref().and_then(|(_, phc)| phc.clone());
        let kept = self.kept_or_decoy(tenant.as_ref(), &named, phc.clone(), now).await?;
        let right = self.hashing.verify(password.clone(), kept).await?;
        let Some((account, _)) = found.as_ref().filter(|(account, _)| right && account.enabled) else {
            match &found {
                Some((account, _)) => self.refused_entry(account, origin, "credentials", now).await?,
                None => self.refused_nobody(tenant.as_ref(), origin, now).await?,
            }
            return Err(Error::WrongCredentials);
        };
        if let Some(foreign) = phc.filter(|phc| !beffroi_identity::imported::is_ours(phc)) {
            let phc = self.hashing.hash(password, self.store.salt()).await?;
            self.store.upgrade_password(account, &foreign, &phc, now).await?;
        }
        self.forgive(&tries, now).await?;
        self.enter(account, origin, agent, now).await
    }

    /// Notes a try at an address that nobody has: writing takes time, which must not tell who is here. No name is
    /// kept, people type passwords into the wrong field.
    async fn refused_nobody(
        &self,
        tenant: Option<&Tenant>,
        origin: &Origin,
        now: Micros,
    ) -> Result<(), Error> {
        let Some(tenant) = tenant else { return Ok(()) };
        let failed = NewEntry {
            actor: beffroi_store::Subject::Text(String::new()),
            rule: Some("credentials"),
            ..entry("session.open", Outcome::Denied, Who::Account(beffroi_domain::AccountId(0)), origin)
        };
        Ok(self.store.note(tenant.id, failed, now).await?)
    }

    /// Notes that somebody was not let in.
    pub(crate) async fn refused_entry(
        &self,
        account: &Account,
        origin: &Origin,
        rule: &'static str,
        now: Micros,
    ) -> Result<(), Error> {
        let failed = entry("session.open", Outcome::Denied, Who::Account(account.id), origin);
        Ok(self.store.note(account.tenant, NewEntry { rule: Some(rule), ..failed }, now).await?)
    }

    /// Goes on after a first proof, a password or a link: in, or to the second step.
    pub(crate) async fn enter(
        &self,
        account: &Account,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<Entered, Error> {
        let ways = self.ways(account.id).await?;
        if ways.is_empty() {
            // Whoever added codes by mail is never let in by the password alone because mail was switched off.
            if !self.store.factors_of(account.id).await?.is_empty() {
                self.refused_entry(account, origin, "no-mail", now).await?;
                return Err(Error::Conflict(
                    "this account is proved by codes by mail, and this server sends no mail now; ask your \
                     administrator to take them away or to switch mail on"
                        .into(),
                ));
            }
            return self.open_session(account, Proved::PASSWORD, origin, agent, now).await.map(Entered::In);
        }
        // Nobody is asked for more to find a closed door.
        self.enter_body(account, origin, now).await?;
        let (token, expires) =
            self.store.begin_ceremony(CeremonyKind::SecondStep, Some(account.id), &[], now).await?;
        Ok(Entered::Second(SecondStep { token, ways, expires }))
    }

    pub(crate) async fn open_session(
        &self,
        account: &Account,
        proved: Proved,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        self.enter_body(account, origin, now).await?;
        let opened = Opened { factor: proved.factor, place: origin.as_str(), agent };
        // Who administers from somewhere else than ever is looked at (LG5); whoever comes in for the first time
        // comes from somewhere.
        let stranger = account.role != beffroi_domain::Role::Agent
            && !self.store.is_known_place(account.id, origin.as_str()).await?
            && self.store.ever_signed_in(account.tenant, account.id).await?;
        let (session, token) =
            self.store.open_session(Who::Account(account.id), account.tenant, opened, now).await?;
        let detail = format!("{} · {}", proved.by, shortened(agent));
        let opened = entry("session.open", Outcome::Done, Who::Account(account.id), origin);
        self.store.note(account.tenant, NewEntry { detail: &detail, ..opened }, now).await?;
        if stranger {
            let new = entry("place.new", Outcome::Done, Who::Account(account.id), origin);
            self.store.note(account.tenant, new, now).await?;
        }
        self.store.remember_place(account.id, origin.as_str(), now).await?;
        let browser = self.remember_browser(account.id, session, origin, now).await?;
        Ok(SignedIn { session, token, browser: Some(browser) })
    }

    /// Ends the caller's own session, or another of theirs.
    ///
    /// # Errors
    /// `NotFound` when it is not theirs.
    pub async fn end_session(
        &self,
        caller: &crate::Caller,
        session: SessionId,
        now: Micros,
    ) -> Result<(), Error> {
        if session != caller.session {
            self.oneself(caller, "session.end", now).await?;
            let account = caller.account()?;
            let own = self.store.sessions_of(account.id).await?;
            own.iter().find(|s| s.id == session).ok_or(Error::NotFound("session"))?;
            // Whoever is sent out is no longer known; whoever leaves by themselves comes back.
            self.store.forget_browsers_of(&[session]).await?;
        }
        if session == caller.session && caller.helper.is_some() {
            return self.end_help(caller, now).await.map(drop);
        }
        self.store.end_session(session, now).await?;
        self.announce(Notice::SessionEnded(session));
        Ok(())
    }

    /// Changes one's own password: every other session of theirs ends, and no other browser is known to them. Gives
    /// what this one shows from now on.
    ///
    /// # Errors
    /// `WrongCredentials` for a wrong old password, `WeakPassword`.
    pub async fn change_password(
        &self,
        caller: &crate::Caller,
        old: Secret,
        new: Secret,
        now: Micros,
    ) -> Result<Secret, Error> {
        self.oneself(caller, "password.change", now).await?;
        let account = caller.account()?;
        self.check_password(account, old, &caller.origin, now).await?;
        let phc = self.hash_new(account, new).await?;
        for other in self.store.sessions_of(account.id).await?.iter().filter(|s| s.id != caller.session) {
            self.end_session(caller, other.id, now).await?;
        }
        self.store.set_password(account.id, &phc, now).await?;
        self.remember_browser(account.id, caller.session, &caller.origin, now).await
    }

    /// Whether this is the password of somebody who is signed in already.
    ///
    /// # Errors
    /// `WrongCredentials`; `Wait` after too many: a session left open is no way to guess.
    pub(crate) async fn check_password(
        &self,
        account: &Account,
        password: Secret,
        origin: &Origin,
        now: Micros,
    ) -> Result<(), Error> {
        let tries = self.tries("proof ", account.address.as_str(), Some(account.id), origin).await?;
        self.count(&tries, now).await?;
        let (_, phc) =
            self.store.account_by_address(&account.address).await?.ok_or(Error::NotFound("account"))?;
        let kept = phc.map_or_else(Kept::decoy, Kept::Hash);
        if !self.hashing.verify(password, kept).await? {
            return Err(Error::WrongCredentials);
        }
        self.forgive(&tries, now).await
    }

    /// Checks a new password against the rules and hashes it.
    pub(crate) async fn hash_new(&self, account: &Account, password: Secret) -> Result<String, Error> {
        let admin = account.role != beffroi_domain::Role::Agent;
        let tenant = self.store.tenant(account.tenant).await?.ok_or(Error::NotFound("account"))?;
        if let Err(weak) = beffroi_identity::rules::check(
            &crate::password_rules(&tenant),
            admin,
            &password,
            account.address.as_str(),
            account.name.as_str(),
        ) {
            return Err(Error::WeakPassword(
                weak.iter().map(|w| (w.code(), w.to_string(), w.least())).collect(),
            ));
        }
        self.hashing.hash(password, self.store.salt()).await
    }
}
