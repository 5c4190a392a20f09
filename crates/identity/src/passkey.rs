//! Passkeys (WebAuthn, level 3): made, kept and proven, as a calculation.
//!
//! Two exchanges with a browser, each in two halves. **Making** a passkey: [`RelyingParty::begin_registration`]
//! gives the options for `navigator.credentials.create()`, [`RelyingParty::finish_registration`] reads its
//! answer and gives the [`Passkey`] to store. **Proving** one: [`RelyingParty::begin_sign_in`] (nobody typed
//! an address) or [`RelyingParty::begin_proof`] (a known account shows its second factor) gives the options for
//! `navigator.credentials.get()`; [`Claim::read`] says which passkey is claimed, the caller looks it up, and
//! [`RelyingParty::finish`] gives the [`Proof`].
//!
//! The challenge (`entropy`) and the clock (`now_us`) are arguments, and between the halves everything lies in
//! [`Begun::state`]. **A state is good for one answer**: the caller takes it out of where it is kept *before* it
//! reads the answer, whatever comes of it. That is what makes a replayed answer worthless; nothing here can, for
//! nothing here remembers. A state stays on the server: a browser that chose it would choose the challenge.
//!
//! The user is always verified (fingerprint, face, PIN): a passkey is two factors in one, or it is refused.
//! Cryptography and attestation are `webauthn-rs-core`; the rules of this house are in this file.

mod error;
mod kept;
mod place;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::attestation::verify_attestation_ca_chain;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AuthenticationState, PublicKeyCredential, RegisterPublicKeyCredential, RegistrationState,
};

pub use error::PasskeyError;
pub use kept::{Maker, Makers, Passkey};
pub use place::{Place, PlaceError, place};

use crate::MINUTE_US;

/// The most bytes of an answer. A real one weighs 1 to 6 KiB, with a chain of certificates up to 10.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The most passkeys of one account: a list that a person can still read, and that options can carry.
pub const MOST_PASSKEYS: usize = 20;
/// How long an answer may take, from the half that begins to the one that finishes.
pub const ANSWER_WITHIN_US: i64 = 5 * MINUTE_US;

/// COSE names of the signatures taken, best first: ES256, which every maker has, and RS256 for the TPM of
/// older Windows machines.
const ALGORITHMS: [(&str, i64); 2] = [("ES256", -7), ("RS256", -257)];
/// The longest id of a passkey, in bytes (WebAuthn §5.8.3).
const MAX_ID_BYTES: usize = 1023;
/// Raised when what a state holds changes its meaning; an older one is then begun again.
const STATE_VERSION: u8 = 1;

/// How an authenticator names an account: opaque bytes that it shows to nobody and gives back at sign-in.
///
/// 8 to 64 bytes, the same for the account's whole life, and nothing about the person: never an address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Handle(Vec<u8>);

impl Handle {
    /// A handle from its bytes.
    ///
    /// # Errors
    /// [`PasskeyError::Handle`]: fewer than 8 bytes or more than 64.
    pub fn new(bytes: &[u8]) -> Result<Self, PasskeyError> {
        if (8..=64).contains(&bytes.len()) {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(PasskeyError::Handle { bytes: bytes.len() })
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle(…)")
    }
}

/// Who makes a passkey; `address` and `name` are what their device will show.
#[derive(Clone)]
pub struct Person<'a> {
    /// The account, for the authenticator.
    pub handle: &'a Handle,
    /// Their address.
    pub address: &'a str,
    /// Their name.
    pub name: &'a str,
}

/// The first half of an exchange.
#[derive(Clone)]
pub struct Begun {
    /// For the browser: `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
    /// To keep on the server, at most 64 KiB, for one answer within [`ANSWER_WITHIN_US`].
    pub state: Vec<u8>,
}

/// Someone proved that they hold a passkey and were verified by it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Whose it is.
    pub account: Handle,
    /// The passkey with its new counter and backup state, to store again when `changed`.
    pub passkey: Passkey,
    /// Whether `passkey` differs from what was stored.
    pub changed: bool,
}

/// A passkey claimed by an answer; nothing is proven yet.
pub struct Claim(PublicKeyCredential);

impl Claim {
    /// Reads the answer of `navigator.credentials.get()`, to look up whose passkey it claims to be.
    ///
    /// # Errors
    /// [`PasskeyError::TooLarge`], [`PasskeyError::Unreadable`].
    pub fn read(answer: &[u8]) -> Result<Self, PasskeyError> {
        let answer: PublicKeyCredential = read(answer)?;
        named(&answer.id, &answer.raw_id, &answer.type_)?;
        Ok(Self(answer))
    }

    /// The id of the passkey.
    pub fn id(&self) -> &[u8] {
        &self.0.raw_id
    }

    /// The account that the authenticator knows it by, when it says so: always at [`RelyingParty::begin_sign_in`].
    pub fn account(&self) -> Option<Handle> {
        self.0.response.user_handle.as_deref().and_then(|bytes| Handle::new(bytes).ok())
    }
}

/// What lies between the two halves.
#[derive(Serialize, Deserialize)]
struct State {
    v: u8,
    purpose: Purpose,
    begun_us: i64,
    rp_id: String,
    challenge: String,
    /// Base64url; none at a sign-in, where nobody typed an address.
    account: Option<String>,
    /// Ids in base64url: what must not be made again, or what may prove.
    ids: Vec<String>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, Clone, Copy)]
enum Purpose {
    Registration,
    AttestedRegistration,
    SignIn,
    Proof,
}

/// Us, as browsers and authenticators know us: one name (the relying party id), one origin.
#[derive(Clone)]
pub struct RelyingParty {
    core: WebauthnCore,
    place: Place,
    name: String,
}

impl RelyingParty {
    /// The tenant, at its [`place()`]; devices show `name` beside the passkey.
    pub fn new(place: Place, name: &str) -> Self {
        let core = WebauthnCore::new_unsafe_experts_only(
            name,
            &place.rp_id,
            vec![place.origin.clone()],
            timeout(),
            Some(false),
            Some(false),
        );
        Self { core, place, name: name.to_owned() }
    }

    /// The relying party id: every passkey made here is bound to it.
    pub fn id(&self) -> &str {
        &self.place.rp_id
    }

    /// Begins a passkey for `person`, who has the passkeys `existing`; `entropy` are 32 fresh random bytes.
    ///
    /// `attested`: the authenticator must say who made it, with a certificate that
    /// [`RelyingParty::finish_registration`] holds against the [`Makers`] trusted. This shuts out passkeys
    /// that phones and password safes copy between devices, which never say it.
    ///
    /// # Errors
    /// [`PasskeyError::TooMany`].
    pub fn begin_registration(
        &self,
        person: &Person<'_>,
        existing: &[Passkey],
        attested: bool,
        entropy: [u8; 32],
        now_us: i64,
    ) -> Result<Begun, PasskeyError> {
        if existing.len() >= MOST_PASSKEYS {
            return Err(PasskeyError::TooMany);
        }
        let parameters: Vec<_> =
            ALGORITHMS.iter().map(|(_, alg)| json!({"type": "public-key", "alg": alg})).collect();
        let here: Vec<_> = existing.iter().filter(|one| one.rp_id() == self.id()).collect();
        let options = json!({
            "rp": {"id": self.id(), "name": self.name},
            "user": {
                "id": base64(person.handle.as_bytes()),
                "name": person.address,
                "displayName": if person.name.is_empty() { person.address } else { person.name },
            },
            "challenge": base64(&entropy),
            "pubKeyCredParams": parameters,
            "timeout": timeout().as_millis() as u64,
            "excludeCredentials": here.iter().map(|one| one.descriptor()).collect::<Vec<_>>(),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": if attested { "direct" } else { "none" },
            "extensions": {"credProps": true},
        });
        let purpose = if attested { Purpose::AttestedRegistration } else { Purpose::Registration };
        let ids = here.iter().map(|one| base64(one.id())).collect();
        Ok(Begun { options, state: self.state(purpose, Some(person.handle), ids, entropy, now_us) })
    }

    /// The passkey that `answer` brings, to store for `account`, whose registration `state` began.
    ///
    /// `makers` are needed when the registration was begun as attested, and not looked at otherwise. That no
    /// other account has this id already is for the store's unique key to say.
    ///
    /// # Errors
    /// [`PasskeyError`]: each says what to do.
    pub fn finish_registration(
        &self,
        state: &[u8],
        account: &Handle,
        answer: &[u8],
        makers: Option<&Makers>,
        now_us: i64,
    ) -> Result<Passkey, PasskeyError> {
        let state =
            self.resume(state, &[Purpose::Registration, Purpose::AttestedRegistration], account, now_us)?;
        let answer: RegisterPublicKeyCredential = read(answer)?;
        named(&answer.id, &answer.raw_id, &answer.type_)?;
        own_page(&answer.response.client_data_json)?;
        let begun: RegistrationState = library(json!({
            "policy": "required",
            "exclude_credentials": state.ids,
            "challenge": state.challenge,
            "credential_algorithms": ALGORITHMS.map(|(name, _)| name),
            "require_resident_key": true,
            "authenticator_attachment": null,
            "extensions": {"credProps": true},
            "allow_synchronised_authenticators": true,
        }))?;
        // The list of makers is not given here but held against the chain below: the library would read the
        // system's clock, and ours is an argument.
        let credential = self.core.register_credential(&answer, &begun, None).map_err(|cause| {
            // The library says "altered algorithm" for an id of its exclude list too; this one is ours to tell apart.
            let known = state.ids.contains(&base64(&answer.raw_id));
            if known { PasskeyError::AlreadyHere } else { self.refusal(cause) }
        })?;
        if credential.cred_id != answer.raw_id || credential.cred_id.len() > MAX_ID_BYTES {
            return Err(PasskeyError::Unreadable { cause: None });
        }
        let attested = match (state.purpose, makers) {
            (Purpose::AttestedRegistration, None) => return Err(PasskeyError::NoMakers),
            (Purpose::AttestedRegistration, Some(makers)) => {
                let now = SystemTime::UNIX_EPOCH + Duration::from_micros(now_us.max(0).unsigned_abs());
                match verify_attestation_ca_chain(&credential.attestation.data, makers.list(), now) {
                    Ok(Some(_)) => true,
                    Ok(None) => return Err(PasskeyError::NotAttested),
                    Err(cause) => return Err(PasskeyError::UnknownMaker { cause: Box::new(cause) }),
                }
            }
            _ => false,
        };
        Passkey::new(credential, &answer.response, self.id(), attested)
    }

    /// Begins a sign-in where nobody typed an address: the authenticator offers the passkeys that it has for
    /// this place, and its answer says whose. For a button and for a browser's own suggestions alike.
    pub fn begin_sign_in(&self, entropy: [u8; 32], now_us: i64) -> Begun {
        Begun {
            options: self.request(&entropy, &[]),
            state: self.state(Purpose::SignIn, None, vec![], entropy, now_us),
        }
    }

    /// Begins a proof by a known account with the passkeys `existing`: a second factor, or a step-up.
    ///
    /// # Errors
    /// [`PasskeyError::NoneHere`]: there is none, or all belong to another name of this server.
    pub fn begin_proof(
        &self,
        account: &Handle,
        existing: &[Passkey],
        entropy: [u8; 32],
        now_us: i64,
    ) -> Result<Begun, PasskeyError> {
        let here: Vec<_> =
            existing.iter().filter(|one| one.rp_id() == self.id()).take(MOST_PASSKEYS).collect();
        if here.is_empty() {
            return Err(PasskeyError::NoneHere { rp_id: self.id().to_owned() });
        }
        let descriptors: Vec<_> = here.iter().map(|one| one.descriptor()).collect();
        let ids = here.iter().map(|one| base64(one.id())).collect();
        Ok(Begun {
            options: self.request(&entropy, &descriptors),
            state: self.state(Purpose::Proof, Some(account), ids, entropy, now_us),
        })
    }

    /// Holds a claim against the `passkey` that is stored under its id and belongs to `owner`.
    ///
    /// An id that is stored nowhere is the caller's [`PasskeyError::Unknown`].
    ///
    /// # Errors
    /// [`PasskeyError`]: each says what to do.
    pub fn finish(
        &self,
        state: &[u8],
        claim: &Claim,
        owner: &Handle,
        passkey: &Passkey,
        now_us: i64,
    ) -> Result<Proof, PasskeyError> {
        let state = self.resume(state, &[Purpose::SignIn, Purpose::Proof], owner, now_us)?;
        let answer = &claim.0;
        let among = state.purpose == Purpose::SignIn || state.ids.contains(&base64(&answer.raw_id));
        if !among || answer.raw_id != passkey.id() || passkey.rp_id() != self.id() {
            return Err(PasskeyError::Unknown);
        }
        // At a sign-in the authenticator must say whose it is; whenever it says so, it must be true.
        match &answer.response.user_handle {
            Some(handle) if handle == owner.as_bytes() => {}
            None if state.purpose == Purpose::Proof => {}
            _ => return Err(PasskeyError::OtherAccount),
        }
        own_page(&answer.response.client_data_json)?;
        let begun: AuthenticationState = library(json!({
            "credentials": [],
            "policy": "required",
            "challenge": state.challenge,
            "appid": null,
            "allow_backup_eligible_upgrade": false,
        }))?;
        let result = self
            .core
            .authenticate_single_credential(answer, &begun, passkey.credential())
            .map_err(|cause| self.refusal(cause))?;
        let (after, changed) = passkey.after(result.counter(), result.backup_state());
        Ok(Proof { account: owner.clone(), passkey: after, changed })
    }

    fn request(&self, challenge: &[u8], allowed: &[Value]) -> Value {
        json!({
            "challenge": base64(challenge),
            "timeout": timeout().as_millis() as u64,
            "rpId": self.id(),
            "allowCredentials": allowed,
            "userVerification": "required",
        })
    }

    fn state(
        &self,
        purpose: Purpose,
        account: Option<&Handle>,
        ids: Vec<String>,
        entropy: [u8; 32],
        now_us: i64,
    ) -> Vec<u8> {
        let state = State {
            v: STATE_VERSION,
            purpose,
            begun_us: now_us,
            rp_id: self.id().to_owned(),
            challenge: base64(&entropy),
            account: account.map(|handle| base64(handle.as_bytes())),
            ids,
        };
        serde_json::to_vec(&state).expect("text and numbers are JSON")
    }

    /// The state again, when it is of this purpose, this account and this place, and not too old.
    fn resume(
        &self,
        state: &[u8],
        purposes: &[Purpose],
        account: &Handle,
        now_us: i64,
    ) -> Result<State, PasskeyError> {
        let state: State = serde_json::from_slice(state).map_err(|_| PasskeyError::OtherExchange)?;
        if state.v != STATE_VERSION || !purposes.contains(&state.purpose) || state.rp_id != self.id() {
            return Err(PasskeyError::OtherExchange);
        }
        // A clock that was set back counts as elapsed: an exchange never lives longer than it should.
        if !(0..ANSWER_WITHIN_US).contains(&now_us.saturating_sub(state.begun_us)) {
            return Err(PasskeyError::TooLate);
        }
        match &state.account {
            Some(begun) if *begun != base64(account.as_bytes()) => Err(PasskeyError::OtherAccount),
            _ => Ok(state),
        }
    }

    fn refusal(&self, cause: WebauthnError) -> PasskeyError {
        error::refusal(cause, &self.place)
    }
}

fn timeout() -> Duration {
    Duration::from_micros(ANSWER_WITHIN_US.unsigned_abs())
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read<T: for<'a> Deserialize<'a>>(answer: &[u8]) -> Result<T, PasskeyError> {
    if answer.len() > MAX_ANSWER_BYTES {
        return Err(PasskeyError::TooLarge { bytes: answer.len() });
    }
    serde_json::from_slice(answer).map_err(|cause| PasskeyError::Unreadable { cause: Some(cause) })
}

/// `id`, `rawId` and `type` say the same thing thrice, and must.
fn named(id: &str, raw_id: &[u8], kind: &str) -> Result<(), PasskeyError> {
    let agree = id == base64(raw_id) && kind == "public-key" && (1..=MAX_ID_BYTES).contains(&raw_id.len());
    if agree { Ok(()) } else { Err(PasskeyError::Unreadable { cause: None }) }
}

/// The browser says whether the page was framed by another; ours never is. The library looks at this when a
/// passkey is made, not when it is proven.
fn own_page(client_data: &[u8]) -> Result<(), PasskeyError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Framing {
        cross_origin: Option<bool>,
        top_origin: Option<Value>,
    }
    let said: Framing = serde_json::from_slice(client_data)
        .map_err(|cause| PasskeyError::Unreadable { cause: Some(cause) })?;
    if said.cross_origin == Some(true) || said.top_origin.is_some_and(|origin| !origin.is_null()) {
        return Err(PasskeyError::Framed);
    }
    Ok(())
}

/// The library's own state, which it reads from JSON: it has no other constructor that leaves the challenge to
/// us. Whether these are still its fields, every test that makes or proves a passkey says.
fn library<T: for<'a> Deserialize<'a>>(state: Value) -> Result<T, PasskeyError> {
    serde_json::from_value(state).map_err(|_| PasskeyError::OtherExchange)
}
