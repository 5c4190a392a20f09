//! Answers of a browser's passkey dialogue, as JSON whose base64 hides CBOR, COSE keys and certificates.
#![no_main]

use beffroi_identity::passkey::{Claim, Handle, Makers, Passkey, Person, RelyingParty, place};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static US: LazyLock<RelyingParty> = LazyLock::new(|| {
    RelyingParty::new(place("http://demo.localhost:8440", "demo.localhost").unwrap(), "Valmont")
});
static MAKERS: LazyLock<Makers> =
    LazyLock::new(|| Makers::from_pem(include_str!("../../crates/testkit/attestation/root.pem")).unwrap());

// The first byte chooses the challenge of one of the recordings, which are the seeds.
fuzz_target!(|bytes: &[u8]| {
    let Some((&challenge, answer)) = bytes.split_first() else { return };
    let alice = Handle::new(b"alice: 16 bytes.").unwrap();
    let person = Person { handle: &alice, address: "alice@demo.localhost", name: "Alice" };
    let challenge = [challenge.wrapping_sub(b'0'); 32];
    for attested in [false, true] {
        let begun = US.begin_registration(&person, &[], attested, challenge, 0).unwrap();
        if let Ok(made) = US.finish_registration(&begun.state, &alice, answer, Some(&MAKERS), 0) {
            assert_eq!(Passkey::from_bytes(&made.to_bytes()).unwrap().id(), made.id());
        }
    }
    if let Ok(claim) = Claim::read(answer) {
        let _ = claim.account();
    }
    let _ = Passkey::from_bytes(answer);
});
