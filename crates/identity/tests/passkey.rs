//! Passkeys made and proven with an authenticator that shares no code with what reads its answers, and what
//! happens when anything about them is wrong. `passkey_in_chromium.rs` holds a real browser's answers.

use beffroi_identity::passkey::{
    ANSWER_WITHIN_US, Begun, Claim, Handle, MAX_ANSWER_BYTES, MOST_PASSKEYS, Makers, Passkey, PasskeyError,
    Person, Proof, RelyingParty, place,
};
use beffroi_testkit::{Authenticator, MAKER, MODEL};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000_000_000;
const ORIGIN: &str = "https://beffroi.valmont.be";

/// Where states lie, as the store must keep them: taken by the first answer, whatever it says.
#[derive(Default)]
struct Drawer(Vec<Option<Vec<u8>>>);

impl Drawer {
    fn put(&mut self, begun: &Begun) -> usize {
        self.0.push(Some(begun.state.clone()));
        self.0.len() - 1
    }

    fn take(&mut self, at: usize) -> Result<Vec<u8>, PasskeyError> {
        self.0[at].take().ok_or(PasskeyError::OtherExchange)
    }
}

fn us() -> RelyingParty {
    RelyingParty::new(place(ORIGIN, "valmont.be").expect("a name"), "Ville de Valmont")
}

fn alice() -> Handle {
    Handle::new(b"alice: 16 bytes.").expect("16 bytes")
}

fn bob() -> Handle {
    Handle::new(b"bob too: 16 byte").expect("16 bytes")
}

fn person(handle: &Handle) -> Person<'_> {
    Person { handle, address: "alice@valmont.be", name: "Alice Martin" }
}

/// Fresh every time, as entropy is.
fn entropy() -> [u8; 32] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

fn text(answer: &Value) -> Vec<u8> {
    answer.to_string().into_bytes()
}

fn make(key: &mut Authenticator, owner: &Handle) -> Result<Passkey, PasskeyError> {
    let begun = us().begin_registration(&person(owner), &[], false, entropy(), NOW)?;
    let answer = key.register(&begun.options);
    us().finish_registration(&begun.state, owner, &text(&answer), None, NOW)
}

fn sign_in(key: &mut Authenticator, owner: &Handle, passkey: &Passkey) -> Result<Proof, PasskeyError> {
    let begun = us().begin_sign_in(entropy(), NOW);
    let claim = Claim::read(&text(&key.prove(&begun.options)))?;
    us().finish(&begun.state, &claim, owner, passkey, NOW)
}

#[test]
fn a_passkey_is_made_kept_and_signs_in_without_an_address() {
    let mut key = Authenticator::new(ORIGIN);
    let begun = us().begin_registration(&person(&alice()), &[], false, entropy(), NOW).unwrap();
    assert_eq!(begun.options["rp"], json!({"id": "valmont.be", "name": "Ville de Valmont"}));
    assert_eq!(begun.options["user"]["displayName"], "Alice Martin");
    assert_eq!(begun.options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(begun.options["authenticatorSelection"]["residentKey"], "required");
    let answer = key.register(&begun.options);
    let made = us().finish_registration(&begun.state, &alice(), &text(&answer), None, NOW).unwrap();
    assert_eq!((made.rp_id(), made.aaguid().as_str(), made.counter()), ("valmont.be", MODEL, 1));
    assert_eq!((made.attested(), made.copyable(), made.backed_up()), (false, false, false));
    assert_eq!(made.transports(), ["nfc", "usb"], "and no transport that nobody knows");

    let kept = Passkey::from_bytes(&made.to_bytes()).unwrap();
    assert_eq!(kept.id(), made.id());
    let begun = us().begin_sign_in(entropy(), NOW);
    assert_eq!(begun.options["allowCredentials"], json!([]));
    let claim = Claim::read(&text(&key.prove(&begun.options))).unwrap();
    assert_eq!((claim.id(), claim.account()), (kept.id(), Some(alice())));
    let proof = us().finish(&begun.state, &claim, &alice(), &kept, NOW + ANSWER_WITHIN_US - 1).unwrap();
    assert_eq!((proof.account, proof.changed, proof.passkey.counter()), (alice(), true, 2));
}

#[test]
fn a_known_account_shows_its_second_factor() {
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    key.tells_account = false; // a second factor need not say whose it is: the session did
    let begun = us().begin_proof(&alice(), std::slice::from_ref(&passkey), entropy(), NOW).unwrap();
    assert_eq!(begun.options["allowCredentials"][0]["transports"], json!(["nfc", "usb"]));
    let claim = Claim::read(&text(&key.prove(&begun.options))).unwrap();
    let proof = us().finish(&begun.state, &claim, &alice(), &passkey, NOW).unwrap();
    assert_eq!(proof.passkey.counter(), 2);
    // At a sign-in nobody else said it.
    assert!(matches!(sign_in(&mut key, &alice(), &passkey), Err(PasskeyError::OtherAccount)));
}

#[test]
fn who_was_only_there_and_not_recognised_is_refused() {
    let mut key = Authenticator::new(ORIGIN);
    key.verifies = false;
    assert!(matches!(make(&mut key, &alice()), Err(PasskeyError::NotVerified)));
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    key.verifies = false;
    assert!(matches!(sign_in(&mut key, &alice(), &passkey), Err(PasskeyError::NotVerified)));
}

#[test]
fn another_page_another_site_and_a_frame_are_refused() {
    let check = |change: &dyn Fn(&mut Authenticator)| {
        let mut key = Authenticator::new(ORIGIN);
        let passkey = make(&mut key, &alice()).unwrap();
        change(&mut key);
        let proven = sign_in(&mut key, &alice(), &passkey).unwrap_err();
        (make(&mut key, &alice()).unwrap_err(), proven)
    };
    for origin in [
        "https://beffr0i.example",
        "https://www.valmont.be",
        "http://beffroi.valmont.be",
        "https://beffroi.valmont.be:8443",
        "https://valmont.be",
        "null",
    ] {
        let refused = check(&|key| key.origin = origin.into());
        let fits = matches!(
            refused,
            (
                PasskeyError::OtherPage { .. } | PasskeyError::Refused { .. },
                PasskeyError::OtherPage { .. } | PasskeyError::Refused { .. }
            )
        );
        assert!(fits, "{origin}: {refused:?}");
    }
    let refused = check(&|key| key.rp_id = Some("beffroi.valmont.be".into()));
    assert!(
        matches!(refused, (PasskeyError::OtherSite { .. }, PasskeyError::OtherSite { .. })),
        "{refused:?}"
    );
    for framed in [json!({"crossOrigin": true}), json!({"topOrigin": "https://evil.example"})] {
        let refused = check(&|key| key.client_data = framed.clone());
        assert!(matches!(refused, (PasskeyError::Framed, PasskeyError::Framed)), "{framed}: {refused:?}");
    }
}

#[test]
fn an_answer_is_good_once_for_its_own_question_and_for_five_minutes() {
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    let mut drawer = Drawer::default();
    let begun = us().begin_sign_in(entropy(), NOW);
    let at = drawer.put(&begun);
    let claim = Claim::read(&text(&key.prove(&begun.options))).unwrap();
    let once = drawer.take(at).and_then(|state| us().finish(&state, &claim, &alice(), &passkey, NOW));
    assert!(once.is_ok());
    // Replayed to the same question: it is gone. To another one: the challenge differs.
    let again = drawer.take(at).and_then(|state| us().finish(&state, &claim, &alice(), &passkey, NOW));
    assert!(matches!(again, Err(PasskeyError::OtherExchange)));
    let other = us().begin_sign_in(entropy(), NOW);
    let replayed = us().finish(&other.state, &claim, &alice(), &passkey, NOW);
    assert!(matches!(replayed, Err(PasskeyError::OtherExchange)));

    let late = us().finish(&begun.state, &claim, &alice(), &passkey, NOW + ANSWER_WITHIN_US);
    assert!(matches!(late, Err(PasskeyError::TooLate)));
    let before = us().finish(&begun.state, &claim, &alice(), &passkey, NOW - 1);
    assert!(matches!(before, Err(PasskeyError::TooLate)), "a clock set back");
    let begun = us().begin_registration(&person(&alice()), &[], false, entropy(), NOW).unwrap();
    let answer = text(&key.register(&begun.options));
    let late = us().finish_registration(&begun.state, &alice(), &answer, None, NOW + ANSWER_WITHIN_US);
    assert!(matches!(late, Err(PasskeyError::TooLate)));
}

#[test]
fn a_state_serves_its_purpose_its_account_and_its_site_only() {
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    let making = us().begin_registration(&person(&alice()), &[], false, entropy(), NOW).unwrap();
    let proving = us().begin_proof(&alice(), std::slice::from_ref(&passkey), entropy(), NOW).unwrap();
    let claim = Claim::read(&text(&key.prove(&proving.options))).unwrap();
    let made = text(&key.register(&making.options));

    let crossed = us().finish(&making.state, &claim, &alice(), &passkey, NOW);
    assert!(matches!(crossed, Err(PasskeyError::OtherExchange)));
    let crossed = us().finish_registration(&proving.state, &alice(), &made, None, NOW);
    assert!(matches!(crossed, Err(PasskeyError::OtherExchange)));
    let stolen = us().finish_registration(&making.state, &bob(), &made, None, NOW);
    assert!(matches!(stolen, Err(PasskeyError::OtherAccount)));
    let stolen = us().finish(&proving.state, &claim, &bob(), &passkey, NOW);
    assert!(matches!(stolen, Err(PasskeyError::OtherAccount)));
    let next_door = RelyingParty::new(place("https://beffroi.agglo.be", "agglo.be").unwrap(), "Agglo");
    let elsewhere = next_door.finish(&proving.state, &claim, &alice(), &passkey, NOW);
    assert!(matches!(elsewhere, Err(PasskeyError::OtherExchange)));
    // A passkey of the server's former name is neither asked for nor good.
    let none = next_door.begin_proof(&alice(), std::slice::from_ref(&passkey), entropy(), NOW);
    assert!(matches!(none, Err(PasskeyError::NoneHere { .. })));
    for broken in [&b""[..], b"{}", b"null", &proving.state[..proving.state.len() - 1]] {
        let read = us().finish(broken, &claim, &alice(), &passkey, NOW);
        assert!(matches!(read, Err(PasskeyError::OtherExchange)));
    }
}

#[test]
fn a_passkey_of_somebody_else_opens_nothing() {
    let (mut hers, mut his) = (Authenticator::new(ORIGIN), Authenticator::new(ORIGIN));
    let (alices, bobs) = (make(&mut hers, &alice()).unwrap(), make(&mut his, &bob()).unwrap());
    // Bob signs in, and the row looked up says that it is Alice's.
    assert!(matches!(sign_in(&mut his, &alice(), &bobs), Err(PasskeyError::OtherAccount)));
    // Bob answers Alice's step-up: his passkey is not among those asked for.
    let begun = us().begin_proof(&alice(), std::slice::from_ref(&alices), entropy(), NOW).unwrap();
    let mut asked = begun.options.clone();
    asked["allowCredentials"] = json!([]);
    let claim = Claim::read(&text(&his.prove(&asked))).unwrap();
    assert!(matches!(us().finish(&begun.state, &claim, &alice(), &bobs, NOW), Err(PasskeyError::Unknown)));
    // The id of hers with a signature of his.
    let mut forged = his.prove(&asked);
    let hers_says = hers.prove(&begun.options);
    forged["id"] = hers_says["id"].clone();
    forged["rawId"] = hers_says["rawId"].clone();
    forged["response"]["userHandle"] = hers_says["response"]["userHandle"].clone();
    let claim = Claim::read(&text(&forged)).unwrap();
    assert!(matches!(
        us().finish(&begun.state, &claim, &alice(), &alices, NOW),
        Err(PasskeyError::Signature)
    ));
    // The wrong row for this id.
    let claim = Claim::read(&text(&hers_says)).unwrap();
    assert!(matches!(us().finish(&begun.state, &claim, &alice(), &bobs, NOW), Err(PasskeyError::Unknown)));
}

#[test]
fn a_copied_key_is_found_by_its_counter() {
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    let mut copy = key.cloned();
    let after = sign_in(&mut key, &alice(), &passkey).unwrap().passkey;
    assert!(
        matches!(sign_in(&mut copy, &alice(), &after), Err(PasskeyError::CounterWentBack)),
        "the same count"
    );
    let after = sign_in(&mut key, &alice(), &after).unwrap().passkey;
    assert_eq!(after.counter(), 3);
    let mut older = key.cloned();
    let after = sign_in(&mut key, &alice(), &after).unwrap().passkey;
    older.counts = false;
    assert!(
        matches!(sign_in(&mut older, &alice(), &after), Err(PasskeyError::CounterWentBack)),
        "an older one"
    );
}

#[test]
fn a_passkey_that_is_copied_between_devices_does_not_count_and_says_so() {
    let mut key = Authenticator::new(ORIGIN);
    (key.counts, key.copyable) = (false, true);
    let passkey = make(&mut key, &alice()).unwrap();
    assert_eq!((passkey.copyable(), passkey.backed_up(), passkey.counter()), (true, true, 0));
    let proof = sign_in(&mut key, &alice(), &passkey).unwrap();
    assert!(!proof.changed, "nothing to write");
    key.copyable = false;
    assert!(matches!(sign_in(&mut key, &alice(), &passkey), Err(PasskeyError::Altered)));
}

#[test]
fn a_device_says_who_made_it_when_it_must() {
    let makers = Makers::from_pem(MAKER).unwrap();
    let check = |key: &mut Authenticator, makers: Option<&Makers>| {
        let begun = us().begin_registration(&person(&alice()), &[], true, entropy(), NOW).unwrap();
        assert_eq!(begun.options["attestation"], "direct");
        let answer = text(&key.register(&begun.options));
        us().finish_registration(&begun.state, &alice(), &answer, makers, NOW)
    };
    let mut key = Authenticator::new(ORIGIN);
    let passkey = check(&mut key, Some(&makers)).unwrap();
    assert!(passkey.attested());
    let kept = Passkey::from_bytes(&passkey.to_bytes()).unwrap();
    assert!(sign_in(&mut key, &alice(), &kept).is_ok());
    let strangers = Makers::from_pem(include_str!("passkey/another-maker.pem")).unwrap();
    assert!(matches!(check(&mut key, Some(&strangers)), Err(PasskeyError::UnknownMaker { .. })));
    assert!(matches!(check(&mut key, None), Err(PasskeyError::NoMakers)));
    let early = us().begin_registration(&person(&alice()), &[], true, entropy(), 0).unwrap();
    let answer = text(&key.register(&early.options));
    let in_1970 = us().finish_registration(&early.state, &alice(), &answer, Some(&makers), 1);
    assert!(matches!(in_1970, Err(PasskeyError::UnknownMaker { .. })), "the clock is the caller's, here too");
    key.attests = false;
    assert!(matches!(check(&mut key, Some(&makers)), Err(PasskeyError::NotAttested)));
    assert!(
        Makers::from_pem(&format!("# two\n{MAKER}\n{}", include_str!("passkey/another-maker.pem"))).is_ok()
    );
    for bad in
        ["", "x", "-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
    {
        assert!(matches!(Makers::from_pem(bad), Err(PasskeyError::BadMakers)), "{bad:?}");
    }
}

#[test]
fn one_device_makes_one_passkey_and_an_account_has_twenty_at_most() {
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    let begun = us()
        .begin_registration(&person(&alice()), std::slice::from_ref(&passkey), false, entropy(), NOW)
        .unwrap();
    assert_eq!(begun.options["excludeCredentials"][0]["type"], "public-key");
    let many = vec![passkey; MOST_PASSKEYS];
    let refused = us().begin_registration(&person(&alice()), &many, false, entropy(), NOW);
    assert!(matches!(refused, Err(PasskeyError::TooMany)));
    assert!(many[0].id().len() == 32 && begun.state.len() < 64 * 1024);
}

#[test]
fn what_is_no_answer_is_refused_before_anything_else() {
    let mut key = Authenticator::new(ORIGIN);
    let begun = us().begin_registration(&person(&alice()), &[], false, entropy(), NOW).unwrap();
    let good = key.register(&begun.options);
    let finish = |answer: &[u8]| us().finish_registration(&begun.state, &alice(), answer, None, NOW);
    let deep = "[".repeat(MAX_ANSWER_BYTES - 1);
    for garbage in ["", "null", "{}", "[]", "\"x\"", "{\"id\":\"AA\"}", deep.as_str()] {
        assert!(matches!(finish(garbage.as_bytes()), Err(PasskeyError::Unreadable { .. })), "{garbage:.20}");
        assert!(
            matches!(Claim::read(garbage.as_bytes()), Err(PasskeyError::Unreadable { .. })),
            "{garbage:.20}"
        );
    }
    let large = vec![b' '; MAX_ANSWER_BYTES + 1];
    assert!(matches!(finish(&large), Err(PasskeyError::TooLarge { .. })));
    assert!(matches!(Claim::read(&large), Err(PasskeyError::TooLarge { .. })));
    for (field, value) in [("id", json!("AAAA")), ("type", json!("password")), ("rawId", json!("AAAA"))] {
        let mut other = good.clone();
        other[field] = value;
        assert!(matches!(finish(&text(&other)), Err(PasskeyError::Unreadable { .. })), "{field}");
    }
    // CBOR that nests for ever, and CBOR that promises 2^60 bytes.
    for object in ["gYGBgYGBgYGBgYGBgYGBgYGB".repeat(1000), "WxAAAAAAAAAA".to_owned(), String::new()] {
        let mut other = good.clone();
        other["response"]["attestationObject"] = object.into();
        assert!(finish(&text(&other)).is_err());
    }
    for damaged in [&b""[..], b"{}", b"null"] {
        assert!(matches!(Passkey::from_bytes(damaged), Err(PasskeyError::Stored { .. })));
    }
    for bytes in [0, 7, 65] {
        assert!(matches!(Handle::new(&vec![1; bytes]), Err(PasskeyError::Handle { .. })));
    }
}

#[test]
fn nothing_about_a_person_is_in_a_debug_text() {
    let mut key = Authenticator::new(ORIGIN);
    let passkey = make(&mut key, &alice()).unwrap();
    let proof = sign_in(&mut key, &alice(), &passkey).unwrap();
    assert_eq!(format!("{proof:?}"), "Proof { account: Handle(…), passkey: Passkey(…), changed: true }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever bit of an answer is turned, it proves nothing.
    #[test]
    fn a_changed_answer_proves_nothing(at in 0usize..4096, bit in 0u8..8) {
        let mut key = Authenticator::new(ORIGIN);
        let passkey = make(&mut key, &alice()).unwrap();
        let begun = us().begin_sign_in(entropy(), NOW);
        let answer = key.prove(&begun.options);
        let field = ["clientDataJSON", "authenticatorData", "signature", "userHandle"][at % 4];
        let mut bytes = decode(answer["response"][field].as_str().unwrap());
        let place = (at / 4) % bytes.len();
        bytes[place] ^= 1 << bit;
        let mut changed = answer.clone();
        changed["response"][field] = encode(&bytes).into();
        let outcome = Claim::read(&text(&changed))
            .and_then(|claim| us().finish(&begun.state, &claim, &alice(), &passkey, NOW));
        prop_assert!(outcome.is_err(), "{} at {}", field, place);
    }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
