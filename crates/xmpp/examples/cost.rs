//! What a message costs in this crate, as JSON: reading it, and writing it for its receivers.
//!
//! `cargo run --release -p beffroi-xmpp --example cost`

use beffroi_domain::{AccountId, Author, Content, Event, Label, RoomId, Speech};
use beffroi_xmpp::{Element, MessageAct, Place, RoomLook, Stanza, Step, Stream, room};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 200_000;

fn nanoseconds(mut work: impl FnMut()) -> u128 {
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| work());
    start.elapsed().as_nanos() / u128::from(ROUNDS)
}

fn main() {
    let stanza = "<message xmlns='jabber:client' type='groupchat' id='9f1c2a7e-6a0b-4f0e-9c1d-2b7a1c0d3e4f' \
        to='equipe-technique@rooms.demo.localhost'><body>Bonjour à tous, le conseil de mardi est avancé à 14 h ; merci \
        de relire l&apos;ordre du jour avant midi.</body><origin-id xmlns='urn:xmpp:sid:0' \
        id='9f1c2a7e-6a0b-4f0e-9c1d-2b7a1c0d3e4f'/><active xmlns='http://jabber.org/protocol/chatstates'/></message>";
    let mut stream = Stream::new("demo.localhost", ["1".into(), "2".into()]);
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='demo.localhost' version='1.0'/>";
    stream.handle_frame(open);
    stream.handle_frame("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
    stream.authenticated(Ok("alice@demo.localhost"));
    stream.handle_frame(open);
    stream.handle_frame(
        "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    );
    stream.bound("web");

    let steps = stream.handle_frame(stanza);
    let payload = match steps.as_slice() {
        [Step::Stanza(stanza)] => match &**stanza {
            Stanza::Message(message) => match &message.act {
                MessageAct::Speech { payload, .. } => payload.clone(),
                other => panic!("the stanza says something, not {other:?}"),
            },
            other => panic!("the stanza is a message, not {other:?}"),
        },
        other => panic!("the frame is a stanza, not {other:?}"),
    };
    let label = Label::shipped().remove(1);
    let look = RoomLook {
        place: Place::Room("equipe-technique@rooms.demo.localhost"),
        label: &label,
        domain: "demo.localhost",
    };
    let address = "alice@demo.localhost".parse().expect("an address");
    let author = Author::Account(AccountId(1), address, "Alice Martin".parse().expect("a name"));
    let speech = Speech { origin: "9f1c2a7e".into(), meeting: None, payload };
    let event = Event { room: RoomId(1), seq: 42, at: 0, author, content: Content::Speech(speech) };
    let prepared = room::event(&event, &look, None);

    let parse = nanoseconds(|| drop(black_box(Element::parse(black_box(stanza)))));
    let frame = nanoseconds(|| drop(black_box(stream.handle_frame(black_box(stanza)))));
    let write = nanoseconds(|| drop(black_box(room::event(black_box(&event), &look, None))));
    let fill = nanoseconds(|| drop(black_box(prepared.to(black_box("bob@demo.localhost/web-8f2a")))));
    let bytes = stanza.len();
    println!(
        "{{\"bytes\":{bytes},\"parse_ns\":{parse},\"frame_to_stanza_ns\":{frame},\"event_to_frame_ns\":{write},\
         \"per_receiver_ns\":{fill}}}"
    );
}
