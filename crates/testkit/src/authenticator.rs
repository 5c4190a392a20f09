//! A security key and the browser around it, for tests that need fresh answers, and wrong ones.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The root certificate (PEM) of the maker whose word [`Authenticator::attests`] gives.
pub const MAKER: &str = include_str!("../attestation/root.pem");
/// The model that this authenticator says it is.
pub const MODEL: &str = "0bef0123-4567-89ab-cdef-0123456789ab";

/// A security key in a browser whose page is at one origin: makes passkeys and proves them (WebAuthn level 3).
///
/// Written for tests alone, and apart from what reads its answers: it shares no code with the server, which is
/// also tested with the answers of a real browser. Its fields change how it behaves from then on.
#[derive(Debug)]
pub struct Authenticator {
    /// What the browser says the page is.
    pub origin: String,
    /// Whether it checks who touches it (UV).
    pub verifies: bool,
    /// Whether it counts its signatures; those that copy themselves do not.
    pub counts: bool,
    /// Whether its passkeys can be copied to other devices (BE), and are (BS).
    pub copyable: bool,
    /// Whether it says who made it, when asked.
    pub attests: bool,
    /// Whether it tells whose passkey it used.
    pub tells_account: bool,
    /// The name it claims to act for, instead of the one in the options.
    pub rp_id: Option<String>,
    /// What the browser adds to what the page said, such as `crossOrigin`.
    pub client_data: Value,
    held: Vec<Held>,
}

#[derive(Clone)]
struct Held {
    rp_id: String,
    id: Vec<u8>,
    handle: Vec<u8>,
    key: Vec<u8>,
    counter: u32,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({}, {})", self.rp_id, self.counter)
    }
}

impl Authenticator {
    /// A new key, for a page at `origin` (`https://beffroi.valmont.be`, no slash at the end).
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            verifies: true,
            counts: true,
            copyable: false,
            attests: true,
            tells_account: true,
            rp_id: None,
            client_data: json!({"crossOrigin": false}),
            held: vec![],
        }
    }

    /// A copy with the same keys and counters: what no honest key can do.
    #[must_use]
    pub fn cloned(&self) -> Self {
        Self {
            origin: self.origin.clone(),
            rp_id: self.rp_id.clone(),
            client_data: self.client_data.clone(),
            held: self.held.clone(),
            ..*self
        }
    }

    /// Answers `navigator.credentials.create()`: makes a passkey and keeps it.
    ///
    /// # Panics
    /// When the options are none.
    pub fn register(&mut self, options: &Value) -> Value {
        let rp_id = self.rp_id.clone().unwrap_or_else(|| text(&options["rp"]["id"]).to_owned());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        let key = pkcs8.expect("a key can be made").as_ref().to_vec();
        let mut id = vec![0; 32];
        fill(&mut id).expect("there is entropy");
        let held = Held {
            rp_id,
            id: id.clone(),
            handle: bytes(&options["user"]["id"]),
            key,
            counter: u32::from(self.counts),
        };
        let (point, client_data) = (signing(&held.key), self.client_data("webauthn.create", options));
        let mut data = self.authenticator_data(&held, 0x40);
        data.extend(hex(MODEL));
        data.extend(u16::try_from(id.len()).expect("32").to_be_bytes());
        data.extend(&id);
        data.extend(cose(point.public_key().as_ref()));
        let object = self.attestation(&data, &client_data, options["attestation"] == "direct");
        self.held.push(held);
        json!({
            "id": encode(&id), "rawId": encode(&id), "type": "public-key", "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": encode(&client_data), "attestationObject": encode(&object),
                "transports": ["usb", "nfc", "smoke-signals"],
            },
        })
    }

    /// Answers `navigator.credentials.get()`, with the latest passkey that the options allow.
    ///
    /// # Panics
    /// When it holds none of those, or the options are none.
    pub fn prove(&mut self, options: &Value) -> Value {
        let rp_id = text(&options["rpId"]);
        let allowed: Vec<_> = options["allowCredentials"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| bytes(&one["id"]))
            .collect();
        let fits =
            |held: &&mut Held| held.rp_id == rp_id && (allowed.is_empty() || allowed.contains(&held.id));
        let held = self.held.iter_mut().rev().find(fits).expect("it holds a passkey that the options allow");
        held.counter += u32::from(self.counts);
        let mut held = held.clone();
        if let Some(other) = &self.rp_id {
            held.rp_id.clone_from(other);
        }
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(&held, 0);
        let signature = signed(&signing(&held.key), &data, &client_data);
        let mut answer = json!({
            "id": encode(&held.id), "rawId": encode(&held.id), "type": "public-key",
            "authenticatorAttachment": "cross-platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&client_data), "authenticatorData": encode(&data),
                "signature": encode(&signature),
            },
        });
        if self.tells_account {
            answer["response"]["userHandle"] = encode(&held.handle).into();
        }
        answer
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut said = json!({"type": kind, "challenge": options["challenge"], "origin": self.origin});
        for (key, value) in self.client_data.as_object().into_iter().flatten() {
            said[key] = value.clone();
        }
        said.to_string().into_bytes()
    }

    /// WebAuthn §6.1: the name's hash, the flags, the counter.
    fn authenticator_data(&self, held: &Held, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, held.rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags | 0x01 | if self.verifies { 0x04 } else { 0 } | if self.copyable { 0x18 } else { 0 });
        data.extend(held.counter.to_be_bytes());
        data
    }

    /// `{fmt, attStmt, authData}`, with the maker's word (WebAuthn §8.2) or without any (§8.7).
    fn attestation(&self, data: &[u8], client_data: &[u8], asked: bool) -> Vec<u8> {
        let mut object = head(5, 3);
        object.extend(word("fmt"));
        if asked && self.attests {
            let signature = signed(&signing(include_bytes!("../attestation/batch.pk8")), data, client_data);
            object.extend([word("packed"), word("attStmt"), head(5, 3), word("alg"), head(1, 6)].concat());
            object.extend([word("sig"), blob(&signature), word("x5c"), head(4, 1)].concat());
            object.extend(blob(include_bytes!("../attestation/batch.der")));
        } else {
            object.extend([word("none"), word("attStmt"), head(5, 0)].concat());
        }
        object.extend([word("authData"), blob(data)].concat());
        object
    }
}

fn signing(pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).expect("a P-256 key in PKCS #8")
}

fn signed(key: &EcdsaKeyPair, data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let message = [data, digest(&SHA256, client_data).as_ref()].concat();
    key.sign(&SystemRandom::new(), &message).expect("a key signs").as_ref().to_vec()
}

/// An uncompressed point as a COSE key: EC2, ES256, P-256 (RFC 9053 §7.1).
fn cose(point: &[u8]) -> Vec<u8> {
    let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
    key.extend(blob(&point[1..33]));
    key.push(0x22);
    key.extend(blob(&point[33..65]));
    key
}

/// The head of a CBOR item (RFC 8949 §3): its major type and its number or length.
fn head(major: u8, value: usize) -> Vec<u8> {
    let major = major << 5;
    match value {
        0..=23 => vec![major | u8::try_from(value).expect("small")],
        24..=255 => vec![major | 24, u8::try_from(value).expect("small")],
        _ => {
            let [high, low] = u16::try_from(value).expect("nothing here is longer").to_be_bytes();
            vec![major | 25, high, low]
        }
    }
}

fn word(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.into()].concat()
}

fn blob(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len()), bytes.into()].concat()
}

fn hex(uuid: &str) -> Vec<u8> {
    let digits: Vec<_> = uuid.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("options hold text here, not {value}"))
}

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text(value)).expect("base64url")
}
