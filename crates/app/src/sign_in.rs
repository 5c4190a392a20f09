//! Signing in by address and password, with the growing wait of ID4.

use crate::entry;
use crate::{App, Error, Secret};
use beffroi_domain::{Account, Address, Factor, Micros, SessionId};
use beffroi_identity::session::{Session, State};
use beffroi_identity::wait::{self, Block, Counter, Counters};
use beffroi_policy::Who;
use beffroi_store::{NewEntry, Notice, Outcome};
use std::net::IpAddr;

/// Where a request comes from: an address block, which is all that is kept of an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The block of an IP address.
    pub fn of(ip: IpAddr) -> Self {
        Self(Block::from(ip).to_string())
    }
    /// The operator at the machine itself.
    pub fn machine() -> Self {
        Self("machine".into())
    }
    /// As kept in counters and in the audit log.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Someone who just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// What the cookie holds; never stored, never logged.
    pub token: String,
}

impl App {
    /// Opens a session for who knows the password of `address`.
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
    ) -> Result<SignedIn, Error> {
        let parsed = address.parse::<Address>().ok();
        // An unknown address has its counters too, or the wait would tell which exist.
        let named = parsed.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        let found = match &parsed {
            Some(address) => self.store.account_by_address(address).await?,
            None => None,
        };
        let keys = [
            format!("account {named}"),
            format!("block {}", origin.as_str()),
            format!("pair {named} {}", origin.as_str()),
        ];
        let known = match &found {
            Some((account, _)) => self.store.is_known_place(account.id, origin.as_str()).await?,
            None => false,
        };
        // Counted before the password is looked at, one try after the other: guesses sent at once meet a
        // counter that already grew.
        let counting = self.counting.lock().await;
        let before = self.counters(&keys, known).await?;
        if let Some(until) = wait::wait_until(&before, now) {
            return Err(Error::Wait(wait::seconds_left(until, now).unsigned_abs()));
        }
        self.save(&keys, &wait::after_failure(&before, now)).await?;
        drop(counting);
        let usable = found.as_ref().filter(|(account, _)| account.enabled);
        let phc = usable.and_then(|(_, phc)| phc.clone());
        let right = self.hashing.verify(password, phc.clone()).await?;
        let Some((account, _)) = usable.filter(|_| right && phc.is_some()) else {
            if let Some((account, _)) = &found {
                let failed = entry("session.open", Outcome::Denied, Who::Account(account.id), origin);
                self.store
                    .note(account.tenant, NewEntry { rule: Some("credentials"), ..failed }, now)
                    .await?;
            }
            return Err(Error::WrongCredentials);
        };
        let counting = self.counting.lock().await;
        let grown = self.counters(&keys, known).await?;
        self.save(&keys, &wait::after_success(&grown, now)).await?;
        drop(counting);
        self.store.remember_place(account.id, origin.as_str(), now).await?;
        self.open_session(account, origin, agent, now).await
    }

    pub(crate) async fn open_session(
        &self,
        account: &Account,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        let agent: String = agent.chars().filter(|c| !c.is_control()).take(200).collect();
        let (session, token) = self
            .store
            .open_session(Who::Account(account.id), account.tenant, Factor::Password, &agent, now)
            .await?;
        self.store
            .note(account.tenant, entry("session.open", Outcome::Done, Who::Account(account.id), origin), now)
            .await?;
        Ok(SignedIn { session, token })
    }

    async fn counters(&self, keys: &[String; 3], known: bool) -> Result<Counters, Error> {
        let read = self.store.wait_counters(keys).await?;
        let counter = |n: usize| {
            read.get(n).map_or_else(Counter::default, |(failures, last_us)| Counter {
                failures: *failures,
                last_us: *last_us,
            })
        };
        Ok(Counters { account: counter(0), block: counter(1), pair: counter(2), known })
    }

    async fn save(&self, keys: &[String; 3], counters: &Counters) -> Result<(), Error> {
        let of = |key: &String, c: Counter| (key.clone(), c.failures, c.last_us);
        let rows =
            [of(&keys[0], counters.account), of(&keys[1], counters.block), of(&keys[2], counters.pair)];
        Ok(self.store.save_wait_counters(&rows).await?)
    }

    /// The sessions that are worth something now.
    ///
    /// # Errors
    /// The store's.
    pub async fn live_sessions(&self, now: Micros) -> Result<Vec<SessionId>, Error> {
        let limits = self.rules.sessions;
        let rows = self.store.live_sessions().await?;
        let live = |(_, created_us, last_used_us): &(SessionId, Micros, Micros)| {
            let session = Session { created_us: *created_us, last_used_us: *last_used_us };
            matches!(session.state(limits, now), State::Live { .. })
        };
        Ok(rows.into_iter().filter(live).map(|(id, ..)| id).collect())
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
            let account = caller.account()?;
            let own = self.store.sessions_of(account.id).await?;
            own.iter().find(|s| s.id == session).ok_or(Error::NotFound("session"))?;
        }
        self.store.end_session(session, now).await?;
        self.announce(Notice::SessionEnded(session));
        Ok(())
    }

    /// Changes one's own password: every other session of theirs ends.
    ///
    /// # Errors
    /// `WrongCredentials` for a wrong old password, `WeakPassword`.
    pub async fn change_password(
        &self,
        caller: &crate::Caller,
        old: Secret,
        new: Secret,
        now: Micros,
    ) -> Result<(), Error> {
        let account = caller.account()?;
        let (_, phc) =
            self.store.account_by_address(&account.address).await?.ok_or(Error::NotFound("account"))?;
        if phc.is_none() || !self.hashing.verify(old, phc).await? {
            return Err(Error::WrongCredentials);
        }
        let phc = self.hash_new(account, new).await?;
        for other in self.store.sessions_of(account.id).await?.iter().filter(|s| s.id != caller.session) {
            self.end_session(caller, other.id, now).await?;
        }
        Ok(self.store.set_password(account.id, &phc, now).await?)
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
            return Err(Error::WeakPassword(weak.iter().map(|w| (w.code(), w.to_string())).collect()));
        }
        self.hashing.hash(password, self.store.salt()).await
    }
}
