//! Where the fuzzer comes in.

use crate::element::{Element, MOST_BYTES};
use crate::stream::{AuthFailure, Step, Stream};

/// Takes any text through everything that reads text from outside: as the first frame of a connection,
/// as SASL, as a bind request, as a stanza of someone signed in.
///
/// # Panics
/// When something that must hold does not: what is read can be written and read again as the same; every
/// frame sent is one well-formed element; a stream that failed says so once and is closed.
pub fn fuzz_frame(frame: &str) {
    if let Ok(element) = Element::parse(frame) {
        let written = element.to_string();
        if written.len() <= MOST_BYTES {
            assert_eq!(Element::parse(&written), Ok(element), "written as {written}");
        }
    }
    for frames_before in 0..=4 {
        let ids = || ["one".into(), "two".into()];
        let served = vec!["demo.localhost".into()];
        let (session, application) =
            (Stream::new("demo.localhost", ids()), Stream::of_application("host", served, ids()));
        for stream in [session, application] {
            one(stream, frames_before, frame);
        }
    }
}

fn one(mut stream: Stream, frames_before: usize, frame: &str) {
    for before in BEFORE.iter().take(frames_before) {
        let steps = stream.handle_frame(before);
        answer(&mut stream, &steps);
    }
    let steps = stream.handle_frame(frame);
    let followed = answer(&mut stream, &steps);
    for step in steps.iter().chain(&followed) {
        if let Step::Send(sent) = step {
            // An answer can name the address it was asked for, so it may pass the limit by a little.
            assert!(sent.len() > MOST_BYTES || Element::parse(sent).is_ok(), "sent {sent}");
        }
    }
    let ends = steps.iter().filter(|step| matches!(step, Step::Close)).count();
    assert!(ends <= 1 && (ends == 0 || steps.last() == Some(&Step::Close)), "{steps:?}");
}

/// The frames of a sign-in.
const BEFORE: [&str; 4] = [
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='demo.localhost' version='1.0'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>",
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='demo.localhost' version='1.0'/>",
    "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
];

fn answer(stream: &mut Stream, steps: &[Step]) -> Vec<Step> {
    match steps.last() {
        Some(Step::Authenticate { authzid: Some(who) }) if who != "alice@demo.localhost" => {
            stream.authenticated(Err(AuthFailure::InvalidAuthzid))
        }
        Some(Step::Authenticate { .. }) => stream.authenticated(Ok("alice@demo.localhost")),
        Some(Step::Scram { first: true, .. }) => stream.challenge(b"r=nonce,s=salt,i=4096"),
        Some(Step::Scram { message, .. }) if message.is_empty() => {
            stream.authenticated(Err(AuthFailure::NotAuthorized))
        }
        Some(Step::Scram { .. }) => stream.proved("alice@demo.localhost", b"v=proof"),
        Some(Step::Bind { resource }) => stream.bound(resource.as_deref().unwrap_or("web")),
        _ => vec![],
    }
}
