//! Replays `transcripts/xmpp`: a client speaks, the lines after `=` are what the server does around it.

#![allow(clippy::unwrap_used)] // A test that cannot go on, stops.

use beffroi_domain::meeting::{Call, Meeting, ParticipantId, Sending};
use beffroi_domain::{
    AccountId, Author, Content, Event, FileId, FileShared, GuestId, Label, MeetingId, MemberRank, Micros,
    RoomId, Speech,
};
use beffroi_testkit::{Input, replay};
use beffroi_xmpp::carbons::{self, Direction};
use beffroi_xmpp::meeting::{self, CallNews, Called, Over, Slot, SlotKind, View};
use beffroi_xmpp::muc::{self, Occupant, status};
use beffroi_xmpp::{
    AuthFailure, Availability, Condition, Jid, Message, MessageAct, MessageKind, Place, Prepared, Presence,
    PresenceKind, RoomLook, Show, Stanza, StanzaError, Step, Stream, StreamError, disco, im, iq, mam, room,
};

const DOMAIN: &str = "demo.localhost";
const ROOM: &str = "accueil@rooms.demo.localhost";
const ALICE: &str = "alice@demo.localhost";
const BOB: &str = "bob@demo.localhost";
/// 2026-11-23T09:00:00Z.
const NINE: Micros = 1_795_424_400_000_000;
const MEETING: MeetingId = MeetingId(7);

#[test]
fn transcripts() {
    replay(concat!(env!("CARGO_MANIFEST_DIR"), "/../../transcripts/xmpp"), || {
        let mut server = Server::new();
        move |input| match input {
            Input::In(frame) => server.told(frame),
            Input::Ours(act) => server.acts(act),
            Input::Wait(_) => panic!("no timer runs in a stream"),
        }
    });
}

struct Server {
    stream: Stream,
    meeting: Meeting,
    last: Option<Stanza>,
}

impl Server {
    fn new() -> Self {
        let ids = ["stream-1".to_owned(), "stream-2".to_owned()];
        Self { stream: Stream::new(DOMAIN, ids), meeting: Meeting::new(MEETING, NINE, Some(40)), last: None }
    }

    fn told(&mut self, frame: &str) -> Vec<String> {
        let steps = self.stream.handle_frame(frame);
        self.lines(steps)
    }

    fn lines(&mut self, steps: Vec<Step>) -> Vec<String> {
        let mut out = vec![];
        for step in steps {
            match step {
                Step::Send(frame) => out.push(frame),
                Step::Authenticate { authzid } => {
                    out.push(format!("authenticate {}", shown(authzid.as_deref())))
                }
                Step::Scram { first, message } => {
                    let which = if first { "first" } else { "then" };
                    out.push(format!("scram {which}: {}", String::from_utf8_lossy(&message)))
                }
                Step::Bind { resource } => out.push(format!("bind {}", shown(resource.as_deref()))),
                Step::Close => out.push("end".to_owned()),
                Step::Stanza(stanza) => {
                    out.push(describe(&stanza));
                    if let Stanza::Iq(iq) = &*stanza {
                        out.extend(iq::plain(iq, self.stream.full()));
                    }
                    self.last = Some(*stanza);
                }
            }
        }
        out
    }

    /// The id of the iq that came last.
    fn asked(&self) -> &str {
        match &self.last {
            Some(Stanza::Iq(iq)) => &iq.id,
            _ => panic!("nothing was asked"),
        }
    }

    fn acts(&mut self, act: &str) -> Vec<String> {
        let me = self.stream.full().to_owned();
        let (word, rest) = act.split_once(' ').unwrap_or((act, ""));
        match word {
            // A connection that is through: what the sign-in transcripts show at length.
            "signed-in" => {
                for frame in [OPEN, AUTH] {
                    self.stream.handle_frame(frame);
                }
                self.stream.authenticated(Ok(rest));
                for frame in [OPEN, BIND] {
                    self.stream.handle_frame(frame);
                }
                self.stream.bound("web");
                vec![]
            }
            // A connection that came without a session, to a server of two bodies.
            "application" => {
                let served = vec!["other.example".to_owned(), DOMAIN.to_owned()];
                let ids = ["stream-1".to_owned(), "stream-2".to_owned()];
                self.stream = Stream::of_application("host.example", served, ids);
                vec![]
            }
            "challenge" => {
                let steps = self.stream.challenge(rest.as_bytes());
                self.lines(steps)
            }
            "proved" => {
                let (who, last) = rest.split_once(' ').unwrap();
                let steps = self.stream.proved(who, last.as_bytes());
                self.lines(steps)
            }
            "authenticated" => {
                let steps = self.stream.authenticated(Ok(rest));
                self.lines(steps)
            }
            "refused" => {
                let why = match rest {
                    "account-disabled" => AuthFailure::AccountDisabled,
                    "invalid-authzid" => AuthFailure::InvalidAuthzid,
                    "malformed-request" => AuthFailure::MalformedRequest,
                    "temporary-auth-failure" => AuthFailure::TemporaryAuthFailure,
                    _ => AuthFailure::NotAuthorized,
                };
                let steps = self.stream.authenticated(Err(why));
                self.lines(steps)
            }
            "bound" => {
                let steps = self.stream.bound(rest);
                self.lines(steps)
            }
            "bind-refused" => {
                let steps = self.stream.bind_refused(&StanzaError::new(Condition::ResourceConstraint, rest));
                self.lines(steps)
            }
            "fail" => {
                let (error, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let error = match error {
                    "system-shutdown" => StreamError::SystemShutdown,
                    "conflict" => StreamError::Conflict,
                    "resource-constraint" => StreamError::ResourceConstraint,
                    _ => StreamError::NotAuthorized,
                };
                let steps = self.stream.fail(error, text);
                self.lines(steps)
            }
            "close" => {
                let steps = self.stream.close();
                self.lines(steps)
            }
            // A frame nested `rest` deep, too long to be written here.
            "deep" => {
                let depth: usize = rest.parse().unwrap();
                self.told(&format!(
                    "<message xmlns='jabber:client'>{}{}</message>",
                    "<a>".repeat(depth - 1),
                    "</a>".repeat(depth - 1)
                ))
            }
            "long" => {
                self.told(&format!("<message xmlns='jabber:client'>{}</message>", "x".repeat(256 * 1024)))
            }
            "result" => vec![iq::result(self.asked(), rest, &me)],
            "refuse" => {
                let error = StanzaError::new(Condition::Forbidden, rest).by("membership");
                match self.last.as_ref().expect("something was asked") {
                    Stanza::Iq(iq) => vec![iq::error(&iq.id, &text(iq.to.as_ref()), &me, &error)],
                    Stanza::Message(m) => {
                        vec![iq::message_error(m.id.as_deref(), &text(m.to.as_ref()), &me, &error)]
                    }
                    Stanza::Presence(p) => {
                        vec![iq::presence_error(p.id.as_deref(), &text(p.to.as_ref()), &me, &error)]
                    }
                    Stanza::IqReply { .. } => vec![],
                }
            }
            "roster" => {
                let contacts = [
                    im::Contact { address: BOB, name: "Bob Dupont" },
                    im::Contact { address: "chloe@demo.localhost", name: "Chloé <d'Arc> & fils" },
                ];
                vec![im::roster(self.asked(), &me, &contacts)]
            }
            "push" => vec![
                im::roster_push("push-1", &im::Contact { address: BOB, name: rest }, !rest.is_empty())
                    .to(&me),
            ],
            "contact" => {
                let here =
                    Availability { show: Show::Away, status: (!rest.is_empty()).then(|| rest.to_owned()) };
                let from = "bob@demo.localhost/mobile";
                vec![im::available(from, &here).to(&me), im::unavailable(from).to(&me)]
            }
            "disco" => vec![match rest {
                "server" => disco::info(self.asked(), DOMAIN, &me, disco::Thing::Server),
                "rooms" => disco::info(self.asked(), "rooms.demo.localhost", &me, disco::Thing::Rooms),
                "account" => disco::info(self.asked(), ALICE, &me, disco::Thing::Account),
                "items" => disco::items(self.asked(), "rooms.demo.localhost", &me, &[(ROOM, "Accueil")]),
                _ => {
                    let room = disco::Thing::Room { name: "Accueil", topic: "Le guichet", members: 3 };
                    disco::info(self.asked(), ROOM, &me, room)
                }
            }],
            "occupant" => {
                let (nick, rank, codes) = match rest {
                    "me" => ("Alice Martin", MemberRank::Owner, &[status::NOT_ANONYMOUS, status::SELF][..]),
                    "me-renamed" => (
                        "Alice Martin",
                        MemberRank::Owner,
                        &[status::NOT_ANONYMOUS, status::SELF, status::NICK_GIVEN][..],
                    ),
                    _ => ("Bob Dupont", MemberRank::Member, &[][..]),
                };
                let address =
                    if nick == "Bob Dupont" { "bob@demo.localhost/mobile".to_owned() } else { me.clone() };
                let occupant = Occupant { room: ROOM, nick, address: &address, rank: Some(rank) };
                vec![muc::here(&occupant, &Availability::default(), codes).to(&me)]
            }
            "gone" => {
                let (rank, reason, codes) = match rest {
                    "left" => (Some(MemberRank::Member), None, vec![]),
                    "me" => (Some(MemberRank::Member), None, vec![status::SELF]),
                    "kicked" => (Some(MemberRank::Member), Some("À demain"), vec![status::KICKED]),
                    _ => (None, None, vec![status::REMOVED]),
                };
                let occupant =
                    Occupant { room: ROOM, nick: "Bob Dupont", address: "bob@demo.localhost/mobile", rank };
                vec![muc::gone(&occupant, reason, &codes).to(&me)]
            }
            "subject" => vec![muc::subject(ROOM, rest).to(&me)],
            "event" => vec![live(&happened(rest, self.last.as_ref()), room_look()).to(&me)],
            "past" => vec![room::past_event(&happened(rest, None), &room_look()).to(&me)],
            "archived" => {
                let query = match &self.last {
                    Some(Stanza::Iq(beffroi_xmpp::Iq {
                        request: beffroi_xmpp::IqRequest::Archive(query),
                        ..
                    })) => query.queryid.clone(),
                    _ => None,
                };
                if rest == "between two" {
                    let event = happened("speech", None);
                    return vec![mam::result(&event, &direct_look(ALICE, BOB), query.as_deref(), ALICE, &me)];
                }
                let event = happened(rest, None);
                vec![mam::result(&event, &room_look(), query.as_deref(), ROOM, &me)]
            }
            "fin" => {
                let ids: Vec<mam::ArchiveId> = rest.split(' ').filter_map(|n| n.parse().ok()).collect();
                let page = mam::Page {
                    bounds: ids.first().copied().zip(ids.get(1).copied()),
                    count: ids.get(2).map(|count| count.seq as u64),
                    complete: rest.contains("complete"),
                };
                // A person's archive answers as the account itself.
                let from = if ids.first().is_some_and(|id| id.room.is_some()) { "" } else { ROOM };
                vec![mam::fin(self.asked(), from, &me, &page)]
            }
            "metadata" => {
                let own = rest == "own";
                let id = |seq| mam::ArchiveId { room: own.then_some(RoomId(3)), seq };
                let ends = (rest != "none").then_some(((id(1), NINE), (id(42), NINE + 60_000_000)));
                vec![mam::metadata(self.asked(), if own { "" } else { ROOM }, &me, ends)]
            }
            "form" => vec![mam::form(self.asked(), ROOM, &me)],
            "direct" => {
                let event = happened(rest, self.last.as_ref());
                let look = direct_look(ALICE, BOB);
                let sent = room::event_as_kept(&event, &look);
                // The server itself has no other devices.
                let copied = event.author != Author::Server;
                let carbon = copied
                    .then(|| carbons::copy(Direction::Sent, &sent, ALICE, "alice@demo.localhost/phone"));
                carbon
                    .into_iter()
                    .chain([
                        live(&event, direct_look(BOB, ALICE)).to("bob@demo.localhost/mobile"),
                        mam::result(&event, &look, None, ALICE, &me),
                    ])
                    .collect()
            }
            "state-of" => {
                let from = format!("{ROOM}/Bob Dupont");
                let bob = im::Contact { address: BOB, name: "Bob Dupont" };
                let typing =
                    im::chat_state(&from, MessageKind::Groupchat, beffroi_xmpp::ChatState::Composing, None);
                vec![typing.to(&me), im::displayed(&from, MessageKind::Groupchat, "41", Some(&bob)).to(&me)]
            }
            "changed" => vec![im::changed(DOMAIN, "rooms", Some(&RoomId(3).to_string())).to(&me)],
            "rung" => vec![meeting::rung(self.asked(), MEETING, ROOM, &me)],
            "joined" => vec![meeting::joined(self.asked(), ParticipantId(1), "v=0\r\ns=-\r\n", ROOM, &me)],
            "meeting" => vec![self.meets(rest, &me)],
            "speaking" => {
                vec![meeting::speaking(MEETING, &[ParticipantId(1), ParticipantId(4)], ROOM).to(&me)]
            }
            "over" => {
                let why = [Over::Ended, Over::Removed, Over::Refused, Over::Replaced];
                let why = why.into_iter().find(|why| why.word() == rest).expect("a reason");
                vec![meeting::over(MEETING, why, ROOM, &me)]
            }
            "call" => vec![self.calls(rest, &me)],
            _ => panic!("what is « {act} »?"),
        }
    }

    /// A call of Alice's, at the address of the other: Bob's for her, hers for Bob.
    fn calls(&mut self, what: &str, me: &str) -> String {
        let until = NINE + Call::RINGS;
        let news =
            |news| meeting::call(MEETING, news, (ALICE, "Alice Martin"), ALICE, "bob@demo.localhost/mobile");
        match what {
            "rung" => meeting::rung(self.asked(), MEETING, BOB, me),
            "rings" => news(CallNews::Rings { until }),
            "taken" => news(CallNews::Taken),
            "over" => news(CallNews::Over),
            "unanswered" => meeting::over(MEETING, Over::Unanswered, BOB, me),
            "declined" => meeting::over(MEETING, Over::Declined, BOB, me),
            _ => {
                let mut live = Meeting::new(MEETING, NINE, None).calling(ALICE, BOB);
                let seat = live.join(ALICE, "Alice Martin", MemberRank::Owner).unwrap();
                let called = Called { address: BOB, name: "Bob Dupont", reached: what == "reaches", until };
                let view = View { me: Some(seat), called: Some(called), ..View::default() };
                meeting::state(&live, &view, BOB, me)
            }
        }
    }

    fn meets(&mut self, what: &str, me: &str) -> String {
        if self.meeting.participants().is_empty() {
            let m = &mut self.meeting;
            let alice = m.join(ALICE, "Alice Martin", MemberRank::Owner).unwrap();
            let bob = m.join(BOB, "Bob \"Bobby\" Dupont", MemberRank::Member).unwrap();
            m.send(alice, Sending { audio: true, video: true, screen: false }).unwrap();
            m.hand(bob, true).unwrap();
            m.hand(alice, true).unwrap();
            m.knock("0000000000001@guests.demo.localhost", "Mme <Petit>", NINE + 1_500_000).unwrap();
        }
        let slot = |mid: &str, kind| Slot { participant: ParticipantId(1), mid: mid.into(), kind };
        let slots = [slot("3", SlotKind::Audio), slot("14", SlotKind::Video)];
        let inside = View { me: Some(ParticipantId(2)), slots: &slots, ..View::default() };
        match what {
            "seen by bob" => meeting::state(&self.meeting, &inside, ROOM, me),
            "seen by the host" => {
                let view = View { me: Some(ParticipantId(1)), door: true, ..View::default() };
                meeting::state(&self.meeting, &view, ROOM, me)
            }
            "seen from the door" => {
                meeting::state(&self.meeting, &View { outside: true, ..View::default() }, ROOM, me)
            }
            "asked" => meeting::state_result(self.asked(), Some((&self.meeting, &inside)), ROOM, me),
            _ => meeting::state_result(self.asked(), None, ROOM, me),
        }
    }
}

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='demo.localhost' version='1.0'/>";
const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>";
const BIND: &str =
    "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

fn label() -> &'static Label {
    static LABELS: std::sync::LazyLock<Vec<Label>> = std::sync::LazyLock::new(Label::shipped);
    &LABELS[2]
}

fn room_look() -> RoomLook<'static> {
    RoomLook { place: Place::Room(ROOM), label: label(), domain: DOMAIN }
}

fn direct_look(reader: &'static str, other: &'static str) -> RoomLook<'static> {
    RoomLook { place: Place::Direct { reader, other }, label: label(), domain: DOMAIN }
}

fn live(event: &Event, look: RoomLook<'_>) -> Prepared {
    room::event(event, &look, None)
}

fn happened(what: &str, said: Option<&Stanza>) -> Event {
    let alice = Author::Account(AccountId(1), ALICE.parse().unwrap(), "Alice Martin".parse().unwrap());
    let bob = (BOB.parse().unwrap(), "Bob Dupont".parse().unwrap());
    let (author, content) = match what {
        // What was just said, as the timeline keeps it.
        "said" | "said in the meeting" => {
            let Some(Stanza::Message(Message { act: MessageAct::Speech { payload, origin, .. }, .. })) = said
            else {
                panic!("nothing was said");
            };
            let meeting = (what != "said").then_some(MEETING);
            let origin = origin.clone().unwrap_or_default();
            (alice, Content::Speech(Speech { origin, meeting, payload: payload.clone() }))
        }
        "guest" => {
            let speech = Speech {
                origin: "g1".into(),
                meeting: Some(MEETING),
                payload: "<body>Bonjour</body>".into(),
            };
            (Author::Guest(GuestId(1), "Mme Petit".parse().unwrap()), Content::Speech(speech))
        }
        "speech" => {
            let payload = "<body>Bonjour à tous</body>".to_owned();
            (alice, Content::Speech(Speech { origin: "a1".into(), meeting: None, payload }))
        }
        "file" => {
            let file = FileShared {
                file: FileId(5),
                name: "budget <2027> & l'annexe.ods".into(),
                size: 209_715_200,
                media_type: "application/vnd.oasis.opendocument.spreadsheet".into(),
                sha256: [0xab; 32],
            };
            (alice, Content::File(file))
        }
        "meeting-started" => (alice, Content::MeetingStarted(MEETING)),
        "meeting-ended" => (Author::Server, Content::MeetingEnded(MEETING, 12)),
        "call-missed" => (alice, Content::CallMissed(MEETING)),
        "call-declined" => (alice, Content::CallDeclined(MEETING)),
        "label-changed" => (alice, Content::LabelChanged { from: "internal".into(), to: "sensitive".into() }),
        "member-added" => (alice, Content::MemberAdded(bob.0, bob.1)),
        "member-removed" => (
            Author::Account(AccountId(2), bob.0.clone(), bob.1.clone()),
            Content::MemberRemoved(bob.0, bob.1),
        ),
        "renamed" => (alice, Content::Renamed { from: "Accueil".into(), to: "Guichet".into() }),
        _ => panic!("what is « {what} »?"),
    };
    Event { room: RoomId(3), seq: 42, at: NINE, author, content }
}

fn shown(text: Option<&str>) -> &str {
    text.unwrap_or("(nothing said)")
}

fn text(jid: Option<&Jid>) -> String {
    jid.map(Jid::to_string).unwrap_or_default()
}

/// A stanza for a reader of transcripts.
fn describe(stanza: &Stanza) -> String {
    let to = |jid: &Option<Jid>| jid.as_ref().map_or(String::new(), |jid| format!(" to {jid}"));
    match stanza {
        Stanza::Message(Message { to: whom, kind, id, act }) => {
            let id = id.as_ref().map_or(String::new(), |id| format!(" #{id}"));
            let what = match act {
                MessageAct::Speech { payload, body, thread, origin } => {
                    let thread =
                        thread.as_ref().map_or(String::new(), |thread| format!(" in thread {thread}"));
                    let body = body.as_ref().map_or("no text".to_owned(), |body| format!("« {body} »"));
                    format!("says {body}{thread}, origin {}, keeping {payload}", shown(origin.as_deref()))
                }
                MessageAct::ChatState(state) => format!("is {}", state.word()),
                MessageAct::Displayed { id } => format!("has read up to {id}"),
                MessageAct::Subject(subject) => format!("wants the subject « {subject} »"),
                MessageAct::Other => "says nothing to be handled".to_owned(),
            };
            format!("{} message{id}{}: {what}", kind.word(), to(whom))
        }
        Stanza::Presence(Presence { to: whom, kind, .. }) => {
            let what = match kind {
                PresenceKind::Available(here) => format!("{here:?}"),
                other => format!("{other:?}"),
            };
            format!("presence{}: {what}", to(whom))
        }
        Stanza::Iq(iq) => format!("iq #{}{}: {:?}", iq.id, to(&iq.to), iq.request),
        Stanza::IqReply { id, ok } => format!("iq #{id}: {}", if *ok { "done" } else { "refused" }),
    }
}
