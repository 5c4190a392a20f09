//! Passwords for applications, and signing in with one by SCRAM.

use crate::entry;
use crate::{App, Caller, Error, Origin, Secret};
use beffroi_domain::{Account, Address, ApplicationId, ApplicationName, Micros, SessionId};
use beffroi_identity::application_password::{self as passwords, Keys};
use beffroi_identity::scram::{self, Exchange, Refused};
use beffroi_policy::{UseApplications, Who};
use beffroi_store::{ApplicationRow, NewApplication, NewEntry, Notice, Outcome, Protocol, Subject, Verifier};
use std::num::NonZeroU32;

/// A try at signing in that waits for the client's proof.
#[derive(Debug)]
pub struct ApplicationTry {
    exchange: Exchange,
    /// Whom the client says it is, when that can be an address.
    claimed: Option<Address>,
    account: Option<Account>,
    /// The passwords that are tried, in the order in which the exchange has them.
    ids: Vec<ApplicationId>,
    /// Whether the client wants to act as somebody else than it says it is.
    as_another: bool,
}

impl ApplicationTry {
    /// Whether the client wants to act as somebody else, which nobody may.
    pub fn wants_to_be_another(&self) -> bool {
        self.as_another
    }
}

impl App {
    /// The caller's own application passwords, latest first.
    ///
    /// # Errors
    /// `Denied` for guests.
    pub async fn applications(&self, caller: &Caller, now: Micros) -> Result<Vec<ApplicationRow>, Error> {
        let permit = self.authorise_in_tenant::<UseApplications>(caller, now).await?;
        Ok(self.store.applications(&permit).await?)
    }

    /// Makes one and gives it; it is shown this once and kept nowhere.
    ///
    /// # Errors
    /// `Denied` for guests, `Store` (refused) beyond [`passwords::MOST`], `Busy`.
    pub async fn add_application(
        &self,
        caller: &Caller,
        name: ApplicationName,
        now: Micros,
    ) -> Result<(ApplicationRow, Secret), Error> {
        // A password that opens a door is made by who just proved who they are.
        self.own(caller, now).await?;
        let permit = self.authorise_in_tenant::<UseApplications>(caller, now).await?;
        let salt = passwords::salt(&self.store.salt_secret().await?, &caller.address());
        let shown = passwords::shown(&self.store.secret());
        let keys = self.hashing.application_keys(shown.clone(), salt).await?;
        let (protocol, iterations) = (Protocol::Xmpp, passwords::ITERATIONS.get());
        let new = NewApplication { name, protocol, salt, iterations, keys: passwords::packed(&keys) };
        let origin = caller.origin.as_str();
        let row = self.store.add_application(&permit, new, passwords::MOST, origin, now).await?;
        Ok((row, shown))
    }

    /// Revokes one of the caller's; what it signed in is out at once.
    ///
    /// # Errors
    /// `Denied` for guests, `Store` (gone) when it is not theirs.
    pub async fn revoke_application(
        &self,
        caller: &Caller,
        id: ApplicationId,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<UseApplications>(caller, now).await?;
        for session in self.store.revoke_application(&permit, id, caller.origin.as_str(), now).await? {
            self.announce(Notice::SessionEnded(session));
        }
        Ok(())
    }

    /// Takes the first message of SCRAM of somebody of `domain`; gives our challenge. `nonce` is our half,
    /// used once.
    ///
    /// # Errors
    /// `Invalid` for a message that is none. Nobody is told from somebody.
    pub async fn begin_scram(
        &self,
        domain: &str,
        message: &[u8],
        nonce: &str,
    ) -> Result<(ApplicationTry, String), Error> {
        let first = scram::first(message).map_err(|refused| Error::Invalid(refused.to_string()))?;
        // Clients send the local part; some send the whole address.
        let name = first.username.trim();
        let address = if name.contains('@') { name.to_owned() } else { format!("{name}@{domain}") };
        let claimed = address.parse::<Address>().ok().filter(|a| a.domain().eq_ignore_ascii_case(domain));
        let as_another = first.authzid.as_ref().is_some_and(|authzid| {
            authzid.parse::<Address>().ok().is_none_or(|authzid| Some(authzid) != claimed)
        });
        let account = match &claimed {
            Some(address) => self.store.account_by_address(address).await?.map(|(account, _)| account),
            None => None,
        };
        let mut kept = self.store.verifiers(account.as_ref().map(|a| a.id), Protocol::Xmpp).await?;
        let named = claimed.as_ref().map_or(address.as_str(), Address::as_str);
        let fresh = passwords::salt(&self.store.salt_secret().await?, named);
        // What was kept counts, should the secret or the rounds ever be others: one salt is all that can be
        // sent, the latest password's.
        let salt = kept.first().map_or_else(|| fresh.to_vec(), |latest| latest.salt.clone());
        let rounds = kept.first().and_then(|latest| NonZeroU32::new(latest.iterations));
        let rounds = rounds.unwrap_or(passwords::ITERATIONS);
        kept.retain(|one| one.salt == salt && one.iterations == rounds.get());
        let (ids, keys) = kept.iter().filter_map(read_keys).unzip();
        let (exchange, challenge) = first.challenge(keys, &salt, rounds, nonce);
        Ok((ApplicationTry { exchange, claimed, account, ids, as_another }, challenge))
    }

    /// Takes the client's proof; opens a session for the length of its stream. Gives our last message too.
    ///
    /// # Errors
    /// `Invalid` for a message that is none; `Wait` after failures; `WrongCredentials` for a proof that
    /// opens nothing, for nobody, and for a disabled account alike and after the same work.
    pub async fn finish_scram(
        &self,
        tried: ApplicationTry,
        message: &[u8],
        origin: &Origin,
        now: Micros,
    ) -> Result<(Caller, String), Error> {
        let ApplicationTry { exchange, claimed, account, ids, .. } = tried;
        let named = claimed.as_ref().map_or("?", Address::as_str);
        let place = format!("application {}", origin.as_str());
        // Nobody guesses 118 bits: the wait is for what a flood costs us. It has counters of its own, so that
        // an application with an old password never makes its owner wait at the door of the web page.
        let id = account.as_ref().map(|account| account.id);
        let tries = self.tries_at("application ", named, id, origin, &place).await?;
        let proof = self.judge(&tries, now, || exchange.finish(message)).await?;
        let opened = match (proof, account) {
            (Err(Refused::Malformed), _) => return Err(Error::Invalid(Refused::Malformed.to_string())),
            (Ok(proof), Some(account)) => ids.get(proof.which).map(|id| (proof.last, account, *id)),
            (_, account) => {
                self.note_failure(named, account, origin, now).await?;
                None
            }
        };
        let Some((last, account, id)) = opened else { return Err(Error::WrongCredentials) };
        if !tries.known {
            self.store.remember_place(account.id, &place, now).await?;
        }
        // The application cannot show why; the log of the body says it.
        match self.enter_body(&account, origin, now).await {
            Err(Error::Denied(_)) => return Err(Error::WrongCredentials),
            open => open?,
        }
        let session = self.store.open_application_session(id, &account, origin.as_str(), now).await;
        let (session, replaced) = session.map_err(|error| match error {
            // Revoked or disabled since the challenge.
            beffroi_store::StoreError::Gone { .. } => Error::WrongCredentials,
            other => other.into(),
        })?;
        for former in replaced {
            self.announce(Notice::SessionReplaced(former));
        }
        let caller = self.caller_of(session, origin, now).await?.ok_or(Error::WrongCredentials)?;
        // The charter is accepted on the page, which an application cannot show.
        if let Err(before) = self.admit(&caller, beffroi_policy::Asked::Anything) {
            self.store.end_session(caller.session, now).await?;
            return Err(before);
        }
        Ok((caller, last))
    }

    /// The stream of an application is over, and its session with it.
    ///
    /// # Errors
    /// The store's; the session then ends at its idle limit.
    pub async fn end_application_session(&self, session: SessionId, now: Micros) -> Result<(), Error> {
        self.store.end_session(session, now).await?;
        Ok(())
    }

    /// A failure is in the log of its tenant, whoever was meant: writing takes time, which must not tell who
    /// is here. Of nobody no name is kept, people type passwords into the wrong field.
    async fn note_failure(
        &self,
        named: &str,
        account: Option<Account>,
        origin: &Origin,
        now: Micros,
    ) -> Result<(), Error> {
        let domain = named.rsplit_once('@').map_or("", |(_, domain)| domain);
        let (tenant, actor) = match account {
            Some(account) => (account.tenant, Subject::Who(Who::Account(account.id))),
            None => match self.store.tenant_by_domain(domain).await? {
                Some(tenant) => (tenant.id, Subject::Text(String::new())),
                None => return Ok(()),
            },
        };
        let nobody = Who::Account(beffroi_domain::AccountId(0));
        let failed = entry("application.use", Outcome::Denied, nobody, origin);
        self.store.note(tenant, NewEntry { actor, rule: Some("credentials"), ..failed }, now).await?;
        Ok(())
    }
}

/// A password and its keys; a row that cannot be read opens nothing.
fn read_keys(kept: &Verifier) -> Option<(ApplicationId, Vec<Keys>)> {
    let keys = passwords::unpacked(&kept.keys);
    if keys.is_none() {
        tracing::error!(application = %kept.id, "the keys of an application password are damaged; its owner must make another");
    }
    Some((kept.id, keys?))
}
