use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AttestationCaList, AuthenticatorAttestationResponseRaw, AuthenticatorTransport, Credential,
};

use super::{PasskeyError, base64};

/// Raised when what is stored changes its meaning.
const VERSION: u8 = 1;

/// A passkey as it is stored: a public key and what is known of the device. Nothing in it is secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct Passkey {
    v: u8,
    rp_id: String,
    aaguid: [u8; 16],
    attested: bool,
    transports: Vec<String>,
    credential: Credential,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passkey(…)")
    }
}

impl Passkey {
    pub(super) fn new(
        credential: Credential,
        response: &AuthenticatorAttestationResponseRaw,
        rp_id: &str,
        attested: bool,
    ) -> Result<Self, PasskeyError> {
        let transports = response.transports.iter().flatten().filter_map(word).map(str::to_owned);
        let mut transports: Vec<String> = transports.collect();
        transports.sort();
        transports.dedup();
        let aaguid = aaguid(&response.attestation_object).ok_or(PasskeyError::Unreadable { cause: None })?;
        Ok(Self { v: VERSION, rp_id: rp_id.to_owned(), aaguid, attested, transports, credential })
    }

    /// The passkey that [`Passkey::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`PasskeyError::Stored`]: a damaged row is not a wrong passkey.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PasskeyError> {
        let passkey: Self =
            serde_json::from_slice(bytes).map_err(|cause| PasskeyError::Stored { cause: Some(cause) })?;
        if passkey.v == VERSION { Ok(passkey) } else { Err(PasskeyError::Stored { cause: None }) }
    }

    /// What to store: half a KiB, and the maker's certificates when it came with some.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys, text and numbers are JSON")
    }

    /// Its id, unique among all accounts; up to 1023 bytes.
    pub fn id(&self) -> &[u8] {
        &self.credential.cred_id
    }

    /// The name of ours that it is bound to, and useless elsewhere.
    pub fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// The model of the device, as its maker numbers it (`ee882879-721c-4913-9775-3dfcce97072a`); only zeros
    /// when it does not say. Believe it when [`Passkey::attested`].
    pub fn aaguid(&self) -> String {
        let hex: String = self.aaguid.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Whether a trusted maker's certificate vouched for it when it was made.
    pub fn attested(&self) -> bool {
        self.attested
    }

    /// Whether it can be copied to other devices of its owner (a phone's or a password safe's passkey), rather
    /// than living in one piece of hardware. Fixed when it is made.
    pub fn copyable(&self) -> bool {
        self.credential.backup_eligible
    }

    /// Whether it was copied, when last used.
    pub fn backed_up(&self) -> bool {
        self.credential.backup_state
    }

    /// How the device can be reached: `usb`, `nfc`, `ble`, `internal`, `hybrid`; in alphabetical order.
    pub fn transports(&self) -> &[String] {
        &self.transports
    }

    /// How often it signed, by its own count; 0 for those that do not count.
    pub fn counter(&self) -> u32 {
        self.credential.counter
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// How options name it.
    pub(super) fn descriptor(&self) -> Value {
        if self.transports.is_empty() {
            json!({"type": "public-key", "id": base64(self.id())})
        } else {
            json!({"type": "public-key", "id": base64(self.id()), "transports": self.transports})
        }
    }

    /// The passkey after a proof, and whether that is another one to store.
    pub(super) fn after(&self, counter: u32, backed_up: bool) -> (Self, bool) {
        let mut after = self.clone();
        after.credential.counter = counter;
        after.credential.backup_state = backed_up;
        (after, counter != self.counter() || backed_up != self.backed_up())
    }
}

fn word(transport: &AuthenticatorTransport) -> Option<&'static str> {
    match transport {
        AuthenticatorTransport::Usb => Some("usb"),
        AuthenticatorTransport::Nfc => Some("nfc"),
        AuthenticatorTransport::Ble => Some("ble"),
        AuthenticatorTransport::Internal => Some("internal"),
        AuthenticatorTransport::Hybrid => Some("hybrid"),
        AuthenticatorTransport::Test | AuthenticatorTransport::Unknown => None,
    }
}

/// The model, from where the authenticator signed it: the library tells it for two kinds of attestation only.
fn aaguid(attestation_object: &[u8]) -> Option<[u8; 16]> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow, rename = "authData")]
        auth_data: &'a [u8],
    }
    let object: Object<'_> = serde_cbor_2::from_slice(attestation_object).ok()?;
    // WebAuthn §6.1: hash of the relying party id (32), flags (1), counter (4), then the attested data.
    object.auth_data.get(37..53)?.try_into().ok()
}

/// One certificate of a maker, as people tell it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    /// SHA-256 of the certificate, in hexadecimal.
    pub id: String,
    /// The common name of its subject, or its organisation; in one line of at most 80 characters.
    pub name: String,
    /// When it ends, in microseconds.
    pub ends_us: i64,
    /// The certificate.
    pub pem: String,
}

/// The makers whose word on a device is taken: root certificates of their attestation.
#[derive(Clone, Debug)]
pub struct Makers(AttestationCaList);

impl Makers {
    /// Certificates that a body may name.
    pub const MOST: usize = 200;

    /// The certificates of a PEM file, 1 to [`Makers::MOST`] of them.
    ///
    /// # Errors
    /// [`PasskeyError::BadMakers`].
    pub fn from_pem(pem: &str) -> Result<Self, PasskeyError> {
        let mut all = AttestationCaList::default();
        for one in certificates(pem) {
            all.union(&list_of(&one?)?);
        }
        if all.is_empty() { Err(PasskeyError::BadMakers) } else { Ok(Self(all)) }
    }

    /// The same, one by one and each once, in the order of the file.
    ///
    /// # Errors
    /// [`PasskeyError::BadMakers`].
    pub fn each(pem: &str) -> Result<Vec<Maker>, PasskeyError> {
        let mut each: Vec<Maker> = vec![];
        for one in certificates(pem) {
            let pem = one?;
            for (id, maker) in list_of(&pem)?.cas() {
                let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
                let certificate = maker.ca().tbs_certificate();
                let ends = certificate.validity().not_after.to_unix_duration().as_micros();
                let said: Vec<_> = certificate.subject().iter().map(ToString::to_string).collect();
                let named = |key: &str| said.iter().find_map(|part| part.strip_prefix(key));
                let name = named("CN=").or_else(|| named("O=")).unwrap_or(&id);
                let name = name.replace('\\', "").chars().filter(|c| !c.is_control()).take(80).collect();
                if !each.iter().any(|maker| maker.id == id) {
                    each.push(Maker {
                        id,
                        name,
                        ends_us: i64::try_from(ends).unwrap_or(i64::MAX),
                        pem: pem.clone(),
                    });
                }
            }
        }
        if each.is_empty() { Err(PasskeyError::BadMakers) } else { Ok(each) }
    }

    pub(super) fn list(&self) -> &AttestationCaList {
        &self.0
    }
}

/// The certificates of a PEM file as they are written, and nothing around them.
fn certificates(pem: &str) -> Vec<Result<String, PasskeyError>> {
    const END: &str = "-----END CERTIFICATE-----";
    let parts = pem.split_inclusive(END).filter(|part| part.ends_with(END));
    let cut = |part: &str| {
        let begin = part.find("-----BEGIN CERTIFICATE-----").ok_or(PasskeyError::BadMakers)?;
        Ok(format!("{}\n", &part[begin..]))
    };
    let found: Vec<_> = parts.map(cut).collect();
    if found.len() > Makers::MOST { vec![Err(PasskeyError::BadMakers)] } else { found }
}

fn list_of(pem: &str) -> Result<AttestationCaList, PasskeyError> {
    AttestationCaList::try_from(pem.as_bytes()).map_err(|_| PasskeyError::BadMakers)
}
