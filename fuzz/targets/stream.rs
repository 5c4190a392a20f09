//! A client that says anything, a frame per line, in any state of its connection. Whatever we answer
//! is itself a frame that we would accept.
#![no_main]

use beffroi_xmpp::{Element, Step, Stream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frames: &str| {
    let ids = || ["first".to_owned(), "second".to_owned()];
    talk(Stream::new("demo.localhost", ids()), frames);
    talk(Stream::of_application("host", vec!["demo.localhost".to_owned()], ids()), frames);
});

fn talk(mut stream: Stream, frames: &str) {
    for frame in frames.split('\n') {
        let mut steps = stream.handle_frame(frame);
        while !steps.is_empty() {
            let mut next = Vec::new();
            for step in steps {
                match step {
                    Step::Send(frame) => {
                        assert!(Element::parse(&frame).is_ok(), "{frame}");
                    }
                    Step::Authenticate { .. } => {
                        next.extend(stream.authenticated(Ok("alice@demo.localhost")))
                    }
                    Step::Scram { first: true, .. } => next.extend(stream.challenge(b"r=nonce,s=salt,i=4096")),
                    Step::Scram { .. } => next.extend(stream.proved("alice@demo.localhost", b"v=proof")),
                    Step::Bind { resource } => {
                        // As the server does: what a client asks for is cleaned before it is an address.
                        let asked = resource.filter(|text| text.chars().all(char::is_alphanumeric));
                        next.extend(stream.bound(asked.as_deref().unwrap_or("web")));
                    }
                    Step::Stanza(_) | Step::Close => {}
                }
            }
            steps = next;
        }
    }
}
