//! Passkeys: adding one, signing in with one, proving once more with one.
//!
//! What lies between a question and its answer is kept here for who is signed in. At the door, where anybody may
//! ask, it travels sealed with the question and comes back with the answer: asking costs no row, and only an
//! answer that a passkey signed leaves a mark, so that it is good once.

use crate::factors::{Confirmed, Proved};
use crate::{App, Caller, Error, Origin, SignedIn};
use beffroi_domain::{Account, AccountId, Factor, FactorName, Micros, Tenant, TenantId};
use beffroi_identity::passkey::{
    ANSWER_WITHIN_US, Begun, Claim, Handle, Makers, Passkey, PasskeyError, Person, RelyingParty,
};
use beffroi_store::{CeremonyKind, FactorKind, NewFactor, PasskeyRow};

/// A question for a browser's passkey dialogue.
#[derive(Debug)]
pub struct Question {
    /// What ends it, with the answer.
    pub token: String,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`, as JSON text.
    pub options: String,
}

const PROVED: Proved = Proved { factor: Factor::Passkey, by: "passkey" };

/// How authenticators name an account: its id, which says nothing about the person.
fn handle(account: AccountId) -> Handle {
    Handle::new(&account.0.to_be_bytes()).expect("an id is eight bytes")
}

fn named(handle: &Handle) -> Option<AccountId> {
    handle.as_bytes().try_into().ok().map(|bytes| AccountId(i64::from_be_bytes(bytes)))
}

/// What is wrong with an answer. A damaged row is ours; the rest is a passkey that opens nothing.
fn wrong(error: PasskeyError) -> Error {
    match error {
        PasskeyError::TooMany | PasskeyError::NoneHere { .. } | PasskeyError::AlreadyHere => {
            Error::Conflict(error.to_string())
        }
        PasskeyError::Stored { .. } => {
            Error::Store(beffroi_store::StoreError::Damaged { what: "a passkey".into() })
        }
        PasskeyError::NotAttested | PasskeyError::UnknownMaker { .. } => {
            Error::ForeignPasskey(error.to_string())
        }
        error => Error::WrongPasskey(error.to_string()),
    }
}

fn late() -> Error {
    Error::NotFound("passkey dialogue under way; try again")
}

impl App {
    /// Someone's passkeys, with their rows.
    async fn held(&self, account: AccountId) -> Result<Vec<(PasskeyRow, Passkey)>, Error> {
        let rows = self.store.passkeys_of(account).await?;
        // One damaged row takes nobody's other keys away.
        let read = |row: PasskeyRow| match Passkey::from_bytes(&row.record) {
            Ok(passkey) => Some((row, passkey)),
            Err(_) => {
                tracing::error!(key = %row.id, "a passkey is damaged; its owner must add another");
                None
            }
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The makers whose passkeys a body takes; none when it takes anybody's. What cannot be read is an error,
    /// never a yes.
    async fn makers(&self, tenant: TenantId) -> Result<Option<Makers>, Error> {
        let pem = self.store.passkey_makers(tenant).await?;
        if pem.is_empty() {
            return Ok(None);
        }
        let damaged = |_| beffroi_store::StoreError::Damaged { what: "list of makers".into() };
        Ok(Some(Makers::from_pem(&pem).map_err(damaged)?))
    }

    /// Begins to add a passkey to the caller's account.
    ///
    /// # Errors
    /// `Denied`; `Conflict` when there are enough.
    pub async fn begin_passkey(
        &self,
        caller: &Caller,
        place: &RelyingParty,
        now: Micros,
    ) -> Result<Question, Error> {
        let permit = self.own(caller, now).await?;
        let existing: Vec<_> =
            self.held(permit.account()).await?.into_iter().map(|(_, passkey)| passkey).collect();
        let (address, handle) = (caller.address(), handle(permit.account()));
        let person = Person { handle: &handle, address: &address, name: caller.name() };
        let attested = self.makers(permit.tenant()).await?.is_some();
        let begun = place
            .begin_registration(&person, &existing, attested, self.store.random(), now)
            .map_err(wrong)?;
        self.kept(CeremonyKind::AddPasskey, permit.account(), begun, now).await
    }

    async fn kept(
        &self,
        kind: CeremonyKind,
        account: AccountId,
        begun: Begun,
        now: Micros,
    ) -> Result<Question, Error> {
        let (token, _) = self.store.begin_ceremony(kind, Some(account), &begun.state, now).await?;
        Ok(Question { token, options: begun.options.to_string() })
    }

    /// Adds the passkey that the browser made.
    ///
    /// # Errors
    /// `Denied`, `WrongPasskey`, `NotFound` when it is too late, `Conflict` when it is somebody's already.
    pub async fn confirm_passkey(
        &self,
        caller: &Caller,
        place: &RelyingParty,
        (token, answer): (&str, &[u8]),
        name: &FactorName,
        agent: &str,
        now: Micros,
    ) -> Result<Confirmed, Error> {
        let permit = self.own(caller, now).await?;
        let account = permit.account();
        // Taken before the answer is read: a state is good for one.
        let begun = self.store.end_ceremony(CeremonyKind::AddPasskey, token, now).await?;
        let begun = begun.filter(|begun| begun.account == Some(account)).ok_or_else(late)?;
        let makers = self.makers(permit.tenant()).await?;
        let passkey = place
            .finish_registration(&begun.state, &handle(account), answer, makers.as_ref(), now)
            .map_err(wrong)?;
        let new = NewFactor {
            kind: FactorKind::Passkey,
            name,
            secret: &passkey.to_bytes(),
            credential: Some(passkey.id()),
            counter: passkey.counter().into(),
            origin: caller.origin.as_str(),
        };
        let factor = self.store.add_factor(&permit, new, now).await?;
        self.added(caller, &permit, factor, PROVED, agent, now).await
    }

    /// Begins a sign-in with a passkey of whoever answers, at the door of a body, or of several that share an
    /// address.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_passkey_sign_in(
        &self,
        tenant: Option<&Tenant>,
        place: &RelyingParty,
        now: Micros,
    ) -> Result<Question, Error> {
        let begun = place.begin_sign_in(self.store.random(), now);
        let token = self.store.hand_out(tenant.map(|tenant| tenant.id), &begun.state).await?;
        Ok(Question { token, options: begun.options.to_string() })
    }

    /// Signs in whoever's passkey answered. At a door of several bodies the credential says which account it is
    /// of, the account its body, and the signature that it was made for this very address.
    ///
    /// # Errors
    /// `WrongPasskey`, also for a passkey that is known nowhere; `NotFound` for a question that was answered.
    pub async fn passkey_sign_in(
        &self,
        tenant: Option<&Tenant>,
        place: &RelyingParty,
        (token, answer): (&str, &[u8]),
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        let state = self.store.take_back(tenant.map(|tenant| tenant.id), token).await?.ok_or_else(late)?;
        let claim = Claim::read(answer).map_err(wrong)?;
        let unknown = || wrong(PasskeyError::Unknown);
        let owner = self.store.account_of_passkey(claim.id()).await?.ok_or_else(unknown)?;
        if claim.account().as_ref().and_then(named) != Some(owner) {
            return Err(unknown());
        }
        let account = self.store.account(owner).await?;
        let account =
            account.filter(|a| a.enabled && tenant.is_none_or(|t| t.id == a.tenant)).ok_or_else(unknown)?;
        if let Err(refused) = self.checked(&account, place, &state, &claim, now).await {
            self.refused_entry(&account, origin, "passkey", now).await?;
            return Err(refused);
        }
        if !self.store.spend(token, now + ANSWER_WITHIN_US).await? {
            return Err(late());
        }
        self.open_session(&account, PROVED, origin, agent, now).await
    }

    /// Whether a claim holds; notes the passkey's use.
    async fn checked(
        &self,
        account: &Account,
        place: &RelyingParty,
        state: &[u8],
        claim: &Claim,
        now: Micros,
    ) -> Result<(), Error> {
        let held = self.held(account.id).await?;
        let found = held.iter().find(|(row, _)| row.credential == claim.id());
        let (row, passkey) = found.ok_or_else(|| wrong(PasskeyError::Unknown))?;
        let proof = place.finish(state, claim, &handle(account.id), passkey, now).map_err(wrong)?;
        let (record, counter) = (proof.passkey.to_bytes(), proof.passkey.counter().into());
        if self.store.passkey_used(row, &record, counter, now).await? {
            Ok(())
        } else {
            Err(wrong(PasskeyError::CounterWentBack))
        }
    }

    /// Begins a proof by the caller with one of their passkeys.
    ///
    /// # Errors
    /// `Conflict` when they have none here.
    pub async fn begin_passkey_proof(
        &self,
        caller: &Caller,
        place: &RelyingParty,
        now: Micros,
    ) -> Result<Question, Error> {
        let account = caller.account()?.id;
        let existing: Vec<_> = self.held(account).await?.into_iter().map(|(_, passkey)| passkey).collect();
        let begun =
            place.begin_proof(&handle(account), &existing, self.store.random(), now).map_err(wrong)?;
        self.kept(CeremonyKind::PasskeyProof, account, begun, now).await
    }

    /// The caller proved once more who they are, with a passkey.
    ///
    /// # Errors
    /// `WrongPasskey`, `NotFound` when it is too late.
    pub async fn passkey_proof(
        &self,
        caller: &Caller,
        place: &RelyingParty,
        (token, answer): (&str, &[u8]),
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        let account = caller.account()?;
        let begun = self.store.end_ceremony(CeremonyKind::PasskeyProof, token, now).await?;
        let begun = begun.filter(|begun| begun.account == Some(account.id)).ok_or_else(late)?;
        let claim = Claim::read(answer).map_err(wrong)?;
        if let Err(refused) = self.checked(account, place, &begun.state, &claim, now).await {
            self.refused_proof(caller, "passkey", now).await?;
            return Err(refused);
        }
        self.proved(caller, PROVED, agent, now).await
    }
}
