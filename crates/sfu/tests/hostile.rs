//! Nothing that a client or a stranger sends may panic the conference or disturb the others.
#![allow(clippy::unwrap_used)]

mod world;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use beffroi_sfu::{Conference, JoinError, Kind, MAX_PEERS, Participant, answer_anything, read_anything};
use world::World;

/// xorshift64*, seeded by the test: the same input every time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }

    /// Words that an SDP parser may trip over.
    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 24] = [
            "",
            "0",
            "-1",
            "255",
            "256",
            "65536",
            "18446744073709551616",
            "a=mid:0",
            "a=mid:",
            "a=sendrecv",
            "a=group:BUNDLE",
            "a=ssrc:1 cname:x",
            "a=ssrc-group:FID 1 1",
            "a=fmtp:96 apt=96",
            "a=rtpmap:96 VP8/0",
            "a=extmap:15 x",
            "a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=setup:holdconn",
            "\u{fffd}",
            "a=ice-lite",
            "m=video 0 UDP/TLS/RTP/SAVPF",
            "c=IN IP4 999.0.0.1",
            "a=fingerprint:sha-256 00",
            "a=ice-ufrag:",
        ];
        WORDS[self.next(WORDS.len())]
    }

    /// The text with a few lines or bytes changed.
    fn spoil(&mut self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for _ in 0..=self.next(4) {
            let (at, other) = (self.next(lines.len()), self.next(lines.len()));
            match self.next(7) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[other].clone()),
                2 => lines.swap(at, other),
                3 => lines.truncate(at.max(1)),
                4 => lines.insert(at, self.word().to_owned()),
                5 => {
                    let mut parts: Vec<_> = lines[at].split(' ').map(str::to_owned).collect();
                    let place = self.next(parts.len());
                    parts[place] = self.word().to_owned();
                    lines[at] = parts.join(" ");
                }
                _ => {
                    let mut bytes = lines[at].clone().into_bytes();
                    if !bytes.is_empty() {
                        let place = self.next(bytes.len());
                        bytes[place] = (32 + self.next(95)) as u8;
                    }
                    lines[at] = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
            if lines.is_empty() {
                break;
            }
        }
        lines.join("\r\n") + "\r\n"
    }
}

#[test]
fn a_spoiled_offer_is_answered_or_refused() {
    let now = World::new().now;
    let (_, offer) = world::offering(1, now);
    let server = SocketAddr::from(([192, 0, 2, 1], 3478));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut answered, mut refused) = (0, 0);
    for round in 0..600 {
        let mut conference = Conference::new();
        let spoiled = random.spoil(&offer);
        read_anything(spoiled.as_bytes());
        if round % 16 == 0 {
            answer_anything(&spoiled.as_bytes()[..random.next(spoiled.len())], now);
        }
        match conference.join(Participant(round), &spoiled, &[server], now) {
            Ok(joined) => {
                answered += 1;
                assert!(joined.answer.contains(&joined.ufrag));
                conference.handle_timeout(now + Duration::from_secs(1));
            }
            Err(_) => {
                refused += 1;
                assert!(conference.is_empty(), "a refused offer leaves nothing behind");
            }
        }
    }
    assert!(answered > 50 && refused > 50, "{answered} answered, {refused} refused");
}

#[test]
fn the_lines_of_an_offer_are_those_of_the_protocol() {
    let now = World::new().now;
    let (_, offer) = world::offering(1, now);
    let server = [SocketAddr::from(([192, 0, 2, 1], 3478))];
    let join = |offer: &str| Conference::new().join(Participant(1), offer, &server, now);
    assert!(join(&offer).is_ok());
    let shape = |offer: &str| assert!(matches!(join(offer), Err(JoinError::Shape(_))));
    shape(&offer.replacen("a=sendonly", "a=sendrecv", 1));
    shape(&offer.replacen("a=recvonly", "a=sendonly", 1));
    shape(&offer.replace("opus/48000/2", "PCMU/8000"));
    shape(&offer.replacen("a=sendonly", "a=sendonly\r\na=rid:q send\r\na=simulcast:send q", 1));
    assert!(matches!(Conference::new().join(Participant(1), &offer, &[], now), Err(JoinError::Candidate(_))));
}

/// A meeting of two in which one sends, and every datagram of theirs as it passed.
fn tapped() -> (World, SocketAddr, Rc<RefCell<Vec<Vec<u8>>>>) {
    let mut world = World::with([1, 2]);
    world.turn(1, true, true, false);
    let from = world.clients[&1].address;
    let captured = Rc::new(RefCell::new(Vec::new()));
    let tap = captured.clone();
    world.loses = Box::new(move |datagram| {
        if datagram.source == from {
            tap.borrow_mut().push(datagram.bytes.clone());
        }
        false
    });
    (world, from, captured)
}

#[test]
fn replayed_forged_and_foreign_datagrams_disturb_nobody() {
    let (mut world, from, captured) = tapped();
    let mut random = Random(0x1234_5678_9abc_def1);
    for round in 0..60 {
        world.speak(1, -30, 2);
        world.film(1, Kind::Video, round * 2..round * 2 + 2, round == 0);
        for _ in 0..40 {
            let mut bytes = {
                let captured = captured.borrow();
                captured[random.next(captured.len())].clone()
            };
            let stranger = SocketAddr::from(([203, 0, 113, 9], 1000 + random.next(1000) as u16));
            // A check names its participant and proves it; all else is known by where it comes from.
            if bytes[0] >= 2 {
                assert!(!world.conference.handle_datagram(stranger, world.server, &bytes, world.now));
            }
            world.conference.handle_datagram(from, world.server, &bytes, world.now);
            *bytes.last_mut().unwrap() ^= 1 + random.next(255) as u8;
            world.conference.handle_datagram(from, world.server, &bytes, world.now);
            assert!(!world.conference.handle_datagram(
                stranger,
                world.server,
                &bytes[..bytes.len() / 2],
                world.now
            ));
        }
    }
    world.pass(Duration::from_secs(1));
    assert_eq!(world.conference.len(), 2);
    assert_eq!(world.got(2, 1, Kind::Audio).len(), 120, "all that was really said, once");
    assert_eq!(world.got(2, 1, Kind::Video).len(), 120);
}

/// str0m believes SSRC and MID of a packet before it authenticates it, so who can forge the very source
/// address of a participant may cost them some packets; never the conference, nor anybody else.
#[test]
fn spoiled_headers_from_a_participants_address_break_nothing() {
    let (mut world, from, captured) = tapped();
    world.turn(2, true, false, false);
    let mut random = Random(0xfeed_face_0bad_cafe);
    for round in 0..60 {
        world.speak(1, -30, 2);
        world.speak(2, -30, 2);
        world.film(1, Kind::Video, round * 2..round * 2 + 2, round == 0);
        for _ in 0..40 {
            let mut bytes = {
                let captured = captured.borrow();
                captured[random.next(captured.len())].clone()
            };
            for _ in 0..=random.next(3) {
                let place = random.next(bytes.len());
                bytes[place] = random.next(256) as u8;
            }
            bytes.truncate(1 + random.next(bytes.len()));
            world.conference.handle_datagram(from, world.server, &bytes, world.now);
            let noise: Vec<u8> = (0..random.next(100)).map(|_| random.next(256) as u8).collect();
            world.conference.handle_datagram(from, world.server, &noise, world.now);
        }
    }
    assert_eq!(world.conference.len(), 2);
    assert_eq!(world.got(1, 2, Kind::Audio).len(), 120);
}

#[test]
fn a_conference_has_an_end_of_seats() {
    let mut world = World::new();
    for id in 0..MAX_PEERS as u32 {
        let (_, offer) = world::offering(id, world.now);
        world.conference.join(Participant(id), &offer, &[world.server], world.now).unwrap();
    }
    let (_, offer) = world::offering(200, world.now);
    let refused = world.conference.join(Participant(200), &offer, &[world.server], world.now);
    assert!(matches!(refused, Err(JoinError::Full { limit: MAX_PEERS })));
    assert!(
        world.conference.join(Participant(7), &offer, &[world.server], world.now).is_ok(),
        "an old face may"
    );
}

#[test]
fn whatever_is_inside_authentic_packets_is_carried_or_dropped() {
    let mut world = World::with([1, 2]);
    world.turn(1, true, true, true);
    let mut random = Random(0x0dd0_beef_0dd0_beef);
    for _ in 0..400 {
        let kind = Kind::ALL[random.next(3)];
        let length = if random.next(4) == 0 { random.next(1800) } else { random.next(12) };
        let payload: Vec<u8> = (0..length).map(|_| random.next(256) as u8).collect();
        let jump = [1, 1, 1, 2, 1000, 3000, 30_000][random.next(7)];
        world.utter(1, kind, &payload, jump, random.next(1 << 30) as u32);
    }
    world.pass(Duration::from_secs(2));
    assert!(world.clients[&2].received.iter().all(|packet| packet.payload.len() <= 1400));

    // The slots survive it: what comes next is received whole.
    let (before_audio, before_video) =
        (world.got(2, 1, Kind::Audio).len(), world.got(2, 1, Kind::Video).len());
    world.speak(1, -30, 20);
    world.film(1, Kind::Video, 0..20, true);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.got(2, 1, Kind::Audio).len(), before_audio + 20);
    assert_eq!(world.got(2, 1, Kind::Video).len(), before_video + 20);
}
