//! What a real Chromium and its own authenticators answered to our options, recorded once by
//! `web/tools/record-passkeys.mjs`: nothing on that side is ours.

use beffroi_identity::passkey::{
    Begun, Claim, Handle, Makers, Passkey, PasskeyError, Person, Proof, RelyingParty, place,
};
use serde_json::Value;

const NOW: i64 = 1_800_000_000_000_000;

fn recorded(name: &str) -> (Value, Vec<u8>) {
    let all: Value = serde_json::from_str(include_str!("passkey/chromium.json")).expect("recorded JSON");
    let one = &all[name];
    (one["options"].clone(), one["answer"].to_string().into_bytes())
}

fn us() -> RelyingParty {
    RelyingParty::new(place("http://demo.localhost:8440", "demo.localhost").expect("a name"), "Valmont")
}

fn alice() -> Handle {
    Handle::new(b"alice: 16 bytes.").expect("16 bytes")
}

/// The recordings' challenges are one byte, 32 times.
fn begun(byte: u8, attested: bool) -> Begun {
    let alice = alice();
    let person = Person { handle: &alice, address: "alice@demo.localhost", name: "Alice Martin" };
    us().begin_registration(&person, &[], attested, [byte; 32], NOW).expect("she has none")
}

fn make(name: &str, byte: u8) -> Result<Passkey, PasskeyError> {
    let (options, answer) = recorded(name);
    let begun = begun(byte, false);
    assert_eq!(begun.options, options, "{name}: record again, the options have changed");
    us().finish_registration(&begun.state, &alice(), &answer, None, NOW)
}

fn finish(name: &str, begun: &Begun, passkey: &Passkey) -> Result<Proof, PasskeyError> {
    let (_, answer) = recorded(name);
    let claim = Claim::read(&answer).expect("a browser's answer");
    assert_eq!(claim.id(), passkey.id());
    us().finish(&begun.state, &claim, &alice(), passkey, NOW)
}

#[test]
fn a_security_key_is_made_signs_in_and_proves() {
    let passkey = make("made", 1).unwrap();
    assert_eq!((passkey.transports(), passkey.copyable()), (&["usb".to_owned()][..], false));
    let begun = us().begin_sign_in([2; 32], NOW);
    assert_eq!(begun.options, recorded("signed_in").0);
    let proof = finish("signed_in", &begun, &passkey).unwrap();
    assert!(proof.passkey.counter() > passkey.counter());
    let begun = us().begin_proof(&alice(), std::slice::from_ref(&proof.passkey), [3; 32], NOW).unwrap();
    assert_eq!(begun.options, recorded("proven").0);
    let after = finish("proven", &begun, &proof.passkey).unwrap().passkey;
    // The same answer once more, as a copied key would give it: the counter stands still.
    assert!(matches!(finish("proven", &begun, &after), Err(PasskeyError::CounterWentBack)));
}

#[test]
fn a_passkey_of_a_phone_signs_in_and_says_that_it_is_copied() {
    let passkey = make("copyable", 7).unwrap();
    assert_eq!((passkey.copyable(), passkey.backed_up()), (true, true));
    assert_eq!(passkey.transports(), ["internal"]);
    finish("copyable_signed_in", &us().begin_sign_in([8; 32], NOW), &passkey).unwrap();
}

#[test]
fn a_touch_without_pin_proves_nothing() {
    let passkey = make("recognised_before", 4).unwrap();
    let begun = us().begin_proof(&alice(), std::slice::from_ref(&passkey), [12; 32], NOW).unwrap();
    assert!(matches!(finish("not_recognised", &begun, &passkey), Err(PasskeyError::NotVerified)));
}

#[test]
fn a_page_beside_ours_makes_nothing_for_us() {
    assert!(matches!(make("sibling", 9), Err(PasskeyError::OtherPage { .. })));
}

#[test]
fn chromium_refuses_a_strangers_page_and_a_second_passkey_by_itself() {
    let (_, stranger) = recorded("stranger");
    assert_eq!(stranger, br#""SecurityError""#);
    let (options, twice) = recorded("twice");
    assert_eq!(twice, br#""InvalidStateError""#);
    let passkey = make("made", 1).unwrap();
    let alice = alice();
    let person = Person { handle: &alice, address: "alice@demo.localhost", name: "Alice Martin" };
    let begun = us().begin_registration(&person, &[passkey], false, [5; 32], NOW).unwrap();
    assert_eq!(begun.options, options);
}

#[test]
fn an_attested_key_of_an_unknown_maker_is_refused() {
    let begun = begun(6, true);
    let (options, answer) = recorded("attested");
    assert_eq!(begun.options, options);
    let makers = Makers::from_pem(include_str!("passkey/another-maker.pem")).unwrap();
    let refused = us().finish_registration(&begun.state, &alice(), &answer, Some(&makers), NOW);
    assert!(
        matches!(refused, Err(PasskeyError::UnknownMaker { .. } | PasskeyError::NotAttested)),
        "{refused:?}"
    );
}
