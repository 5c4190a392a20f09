//! No name, text or number that comes from outside breaks out of its place in what is sent.

#![allow(clippy::unwrap_used)] // A test that cannot go on, stops.

use beffroi_domain::{
    AccountId, Author, Content, Event, FileId, FileShared, Label, MeetingId, MemberRank, RoomId, Speech,
};
use beffroi_xmpp::meeting::{Slot, SlotKind, View};
use beffroi_xmpp::muc::Occupant;
use beffroi_xmpp::{
    Availability, Condition, Element, Place, RoomLook, Show, StanzaError, StreamError, carbons, disco, im,
    iq, mam, meeting, muc, room,
};
use proptest::prelude::*;

/// Text that would like to be markup.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "'",
            "\"",
            "<",
            ">",
            "&",
            "/>",
            "]]>",
            "<x>",
            "</message>",
            "' to='",
            "&lt;",
            "&#0;",
            "<!--",
            "\u{0}",
            "\r\n",
            "\t",
            "\u{ffff}",
            "\u{202e}",
            "é",
            " ",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// The text as a receiver sees it: what XML cannot carry has become U+FFFD.
fn seen(text: &str) -> String {
    text.chars()
        .map(|c| {
            let carried =
                matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            if carried { c } else { '\u{fffd}' }
        })
        .collect()
}

fn parsed(frame: &str) -> Element {
    Element::parse(frame).unwrap_or_else(|bad| panic!("{bad}: {frame}"))
}

fn names(element: &Element, out: &mut Vec<String>) {
    out.push(element.name.clone());
    element.elements().for_each(|child| names(child, out));
}

fn shape(frame: &str) -> Vec<String> {
    let mut out = vec![];
    names(&parsed(frame), &mut out);
    out
}

/// Everything that is sent with `text` wherever a text can stand.
fn everything(text: &str) -> Vec<String> {
    let label = Label { slug: text.into(), name: text.into(), ..Label::shipped().remove(0) };
    let look = |place| RoomLook { place, label: &label, domain: "demo.localhost" };
    let in_room = look(Place::Room("a@rooms.demo"));
    let author = || Author::Account(AccountId(1), "a@demo".parse().unwrap(), "A".parse().unwrap());
    let event = |content| Event { room: RoomId(1), seq: 1, at: 0, author: author(), content };
    let file = event(Content::File(FileShared {
        file: FileId(1),
        name: text.into(),
        size: 1,
        media_type: text.into(),
        sha256: [0; 32],
    }));
    let renamed = event(Content::Renamed { from: text.into(), to: text.into() });
    let relabelled = event(Content::LabelChanged { from: text.into(), to: text.into() });
    let payload = "<body>x</body>".to_owned();
    let speech = event(Content::Speech(Speech { origin: text.into(), meeting: None, payload }));
    let mut out: Vec<_> = [&file, &renamed, &relabelled]
        .into_iter()
        .map(|event| room::event(event, &in_room, None).to(text))
        .collect();
    if !text.is_empty() {
        out.push(room::event(&speech, &in_room, Some(text)).to(text));
        let direct = look(Place::Direct { reader: text, other: text });
        out.push(room::event(&speech, &direct, None).to(text));
        out.push(mam::result(&speech, &direct, Some(text), text, text));
        let kept = room::event_as_kept(&speech, &direct);
        out.push(carbons::copy(carbons::Direction::Received, &kept, text, text));
        out.push(iq::message_error(Some(text), text, text, &StanzaError::new(Condition::Forbidden, text)));
        out.push(StreamError::HostUnknown.frame(text));
        let here = Availability { show: Show::Away, status: Some(text.into()) };
        out.push(im::available(text, &here).to(text));
        out.push(im::roster(text, text, &[im::Contact { address: text, name: text }]));
        out.push(disco::items(text, text, text, &[(text, text)]));
        out.push(disco::info(text, text, text, disco::Thing::Room { name: text, topic: text, members: 1 }));
        let occupant = Occupant { room: text, nick: text, address: text, rank: Some(MemberRank::Guest) };
        out.push(muc::gone(&occupant, Some(text), &[307]).to(text));
    }
    out.push(muc::subject("a@rooms.demo", text).to(text));
    let mut held = beffroi_domain::meeting::Meeting::new(MeetingId(1), 0, None);
    let me = held.join(text, text, MemberRank::Owner).unwrap();
    held.knock(text, text, 0).unwrap();
    let slots = [Slot { participant: me, mid: text.into(), kind: SlotKind::Screen }];
    let view = View { me: Some(me), door: true, slots: &slots, ..View::default() };
    out.push(meeting::state(&held, &view, text, text));
    out.push(meeting::joined(text, me, text, text, text));
    out
}

proptest! {
    #[test]
    fn the_shape_of_what_is_sent_depends_on_no_text(text in hostile()) {
        let filled = if text.is_empty() { "" } else { "x" };
        for (hostile, harmless) in everything(&text).iter().zip(everything(filled)) {
            prop_assert_eq!(shape(hostile), shape(&harmless));
        }
    }

    #[test]
    fn a_text_arrives_as_it_was_sent(text in hostile()) {
        let subject = parsed(&muc::subject("a@rooms.demo", &text).to(&text));
        prop_assert_eq!(subject.attr("to"), Some(&*seen(&text)));
        let content = subject.find("subject", "jabber:client").map(|s| s.content().into_owned());
        prop_assert_eq!(content, Some(seen(&text)));
    }
}
