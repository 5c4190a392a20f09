//! Everything short that people and programs send us: addresses, names, ids, times, passwords.
//! What reads, writes itself as something that reads as the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use beffroi_domain::{Accent, Address, Domain, PersonName, RoomId, RoomName, Slug};
use beffroi_identity::application_password::ITERATIONS;
use beffroi_identity::rules::{PasswordRules, check};
use beffroi_identity::scram;
use beffroi_xmpp::{Jid, time};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

fuzz_target!(|text: &str| {
    again::<Address>(text);
    again::<Domain>(text);
    again::<Slug>(text);
    again::<PersonName>(text);
    again::<RoomName>(text);
    again::<RoomId>(text);
    let _ = text.parse::<Accent>();
    again::<Jid>(text);
    if let Some(at) = time::read(text) {
        assert_eq!(time::read(&time::write(at)), Some(at), "{text:?}");
    }
    if let Ok(first) = scram::first(text.as_bytes()) {
        let _ = first.challenge(vec![], b"sixteen bytes ok", ITERATIONS, "ours");
    }
    let known = scram::first(b"n,,n=a,r=b").expect("this is one");
    let (exchange, _) = known.challenge(vec![], b"sixteen bytes ok", ITERATIONS, "c");
    assert!(exchange.finish(text.as_bytes()).is_err(), "nobody is proved by {text:?}");
    let (password, name) = text.split_at(text.char_indices().nth(20).map_or(text.len(), |(at, _)| at));
    let _ = check(&PasswordRules::default(), true, &SecretString::from(password), "zoe@demo.localhost", name);
});

fn again<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert!(value.to_string().parse::<T>().is_ok_and(|again| again == value), "{text:?} is {value:?}");
    }
}
