//! A meeting in memory: real WebRTC clients (str0m: ICE, DTLS, SRTP, RTCP) and a real conference, joined
//! by a network that loses exactly what a test asks for, on a clock that moves when the test says so.
#![allow(clippy::unwrap_used, dead_code)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use beffroi_sfu::{AUDIO_SLOTS, Conference, Event, Kind, Participant, Sending, Slot, Transmit, VIDEO_SLOTS};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Input, Output, Rtc};

pub const STEP: Duration = Duration::from_millis(5);

/// A packet as a client received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub mid: String,
    pub ssrc: u32,
    pub seq: u64,
    pub time: u32,
    pub payload: Vec<u8>,
}

impl Received {
    /// The number that the sender gave to the packet, and whose it is.
    pub fn mark(&self) -> (u32, u32) {
        let mark = &self.payload[self.payload.len() - 8..];
        let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
        (number(&mark[..4]), number(&mark[4..]))
    }
}

struct Sender {
    mid: Mid,
    seq: u64,
    time: u32,
    picture: u16,
}

pub struct Client {
    pub id: Participant,
    pub address: SocketAddr,
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    deadline: Instant,
    senders: BTreeMap<Kind, Sender>,
    /// The receive lines of the offer, in order; whether each is for sound.
    pub slots: Vec<(String, bool)>,
    pub received: Vec<Received>,
    pub keyframe_requests: Vec<(Kind, Instant)>,
    out: Vec<Transmit>,
}

/// The offer of the protocol, made by a client of str0m.
pub fn offering(id: u32, now: Instant) -> (Client, String) {
    let mut rtc =
        Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true).build(now);
    let address = SocketAddr::from(([10, 0, (id >> 8) as u8, id as u8], 5000));
    rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
    let mut sdp = rtc.sdp_api();
    let mut line = |kind, direction| sdp.add_media(kind, direction, None, None, None);
    // The numbers begin high, so that a rewriting which forgets them shows.
    let mut sender = |kind: Kind, media| {
        let mid = line(media, Direction::SendOnly);
        let seq = 60_000 + u64::from(id) * 100;
        (kind, Sender { mid, seq, time: id * 1_000_000, picture: 100 * id as u16 })
    };
    let senders = BTreeMap::from([
        sender(Kind::Audio, MediaKind::Audio),
        sender(Kind::Video, MediaKind::Video),
        sender(Kind::Screen, MediaKind::Video),
    ]);
    let mut slots = Vec::new();
    for _ in 0..AUDIO_SLOTS {
        slots.push((line(MediaKind::Audio, Direction::RecvOnly).to_string(), true));
    }
    for _ in 0..VIDEO_SLOTS {
        slots.push((line(MediaKind::Video, Direction::RecvOnly).to_string(), false));
    }
    let (offer, pending) = sdp.apply().unwrap();
    let client = Client {
        id: Participant(id),
        address,
        rtc,
        pending: Some(pending),
        deadline: now,
        senders,
        slots,
        received: Vec::new(),
        keyframe_requests: Vec::new(),
        out: Vec::new(),
    };
    (client, offer.to_sdp_string())
}

impl Client {
    fn answered(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => break self.deadline = at,
                Output::Transmit(datagram) => self.out.push(Transmit {
                    source: datagram.source,
                    destination: datagram.destination,
                    bytes: datagram.contents.to_vec(),
                }),
                Output::Event(str0m::Event::RtpPacket(packet)) => {
                    let mid = self.rtc.direct_api().stream_rx(&packet.header.ssrc).unwrap().mid();
                    self.received.push(Received {
                        mid: mid.to_string(),
                        ssrc: *packet.header.ssrc,
                        seq: *packet.seq_no,
                        time: packet.header.timestamp,
                        payload: packet.payload.to_vec(),
                    });
                }
                Output::Event(str0m::Event::KeyframeRequest(request)) => {
                    let kind = self.senders.iter().find(|(_, sender)| sender.mid == request.mid).unwrap().0;
                    self.keyframe_requests.push((*kind, now));
                }
                Output::Event(_) => {}
            }
        }
    }

    fn write(&mut self, kind: Kind, payload: &[u8], level: Option<i8>, ticks: u32, now: Instant) {
        let codec = if kind == Kind::Audio { Codec::Opus } else { Codec::Vp8 };
        let pt = self.rtc.codec_config().find(|params| params.spec().codec == codec).unwrap().pt();
        let sender = self.senders.get_mut(&kind).unwrap();
        sender.seq += 1;
        sender.time = sender.time.wrapping_add(ticks);
        let values =
            ExtensionValues { audio_level: level, voice_activity: level.map(|_| true), ..Default::default() };
        let write = RtpWrite::new(pt, sender.seq.into(), sender.time, now, payload)
            .marker(true)
            .nackable(kind != Kind::Audio)
            .ext_vals(values);
        let mid = sender.mid;
        self.rtc.direct_api().stream_tx_by_mid(mid, None).unwrap().write_rtp(write);
        self.drain(now);
    }
}

pub struct World {
    pub start: Instant,
    pub now: Instant,
    pub conference: Conference,
    pub clients: BTreeMap<u32, Client>,
    pub events: Vec<(Instant, Event)>,
    pub server: SocketAddr,
    /// What the network loses: `true` drops the datagram.
    pub loses: Box<dyn FnMut(&Transmit) -> bool>,
}

impl World {
    pub fn new() -> Self {
        let start = Instant::now();
        Self {
            start,
            now: start,
            conference: Conference::new(),
            clients: BTreeMap::new(),
            events: Vec::new(),
            server: SocketAddr::from(([192, 0, 2, 1], 3478)),
            loses: Box::new(|_| false),
        }
    }

    /// Brings these people in and waits until all are connected.
    pub fn with(ids: impl IntoIterator<Item = u32>) -> Self {
        let mut world = Self::new();
        for id in ids {
            world.join(id);
        }
        world.settle();
        world
    }

    pub fn join(&mut self, id: u32) {
        let (mut client, offer) = offering(id, self.now);
        let joined = self.conference.join(Participant(id), &offer, &[self.server], self.now).unwrap();
        client.answered(&joined.answer);
        client.drain(self.now);
        self.clients.insert(id, client);
    }

    /// Waits until everybody is connected.
    pub fn settle(&mut self) {
        for _ in 0..2000 {
            let connected =
                |id: &u32| self.events.iter().any(|(_, event)| *event == Event::Connected(Participant(*id)));
            if self.clients.keys().all(connected) {
                return;
            }
            self.pass(STEP);
        }
        panic!("not connected within ten seconds");
    }

    pub fn turn(&mut self, id: u32, audio: bool, video: bool, screen: bool) {
        self.conference.set_media(Participant(id), Sending { audio, video, screen }, self.now);
    }

    /// Lets time pass in steps, everything due included.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += STEP;
            self.step();
        }
    }

    fn step(&mut self) {
        let now = self.now;
        for client in self.clients.values_mut().filter(|client| client.deadline <= now) {
            client.rtc.handle_input(Input::Timeout(now)).unwrap();
            client.drain(now);
        }
        for _ in 0..8 {
            let mut idle = true;
            for client in self.clients.values_mut() {
                for datagram in std::mem::take(&mut client.out) {
                    idle = false;
                    if !(self.loses)(&datagram) {
                        self.conference.handle_datagram(
                            datagram.source,
                            datagram.destination,
                            &datagram.bytes,
                            now,
                        );
                    }
                }
            }
            if self.conference.poll_timeout().is_some_and(|at| at <= now) {
                self.conference.handle_timeout(now);
            }
            while let Some(datagram) = self.conference.poll_transmit() {
                idle = false;
                if (self.loses)(&datagram) {
                    continue;
                }
                let Some(client) =
                    self.clients.values_mut().find(|client| client.address == datagram.destination)
                else {
                    continue;
                };
                let Ok(contents) = datagram.bytes.as_slice().try_into() else { continue };
                let receive = Receive {
                    proto: Protocol::Udp,
                    source: datagram.source,
                    destination: datagram.destination,
                    contents,
                };
                client.rtc.handle_input(Input::Receive(now, receive)).unwrap();
                client.drain(now);
            }
            while let Some(event) = self.conference.poll_event() {
                self.events.push((now, event));
            }
            if idle {
                break;
            }
        }
    }

    /// Sends `count` packets of speech, 20 ms each, at `level` dBov.
    pub fn speak(&mut self, id: u32, level: i8, count: u32) {
        for number in 0..count {
            let now = self.now;
            let client = self.clients.get_mut(&id).unwrap();
            client.write(Kind::Audio, &mark(&[0xfc], number, id), Some(level), 960, now);
            self.pass(Duration::from_millis(20));
        }
    }

    /// Sends frames of one packet each, 30 ms apart; `numbers` mark them, and the first may be a keyframe.
    pub fn film(&mut self, id: u32, kind: Kind, numbers: std::ops::Range<u32>, keyframe: bool) {
        for number in numbers.clone() {
            let now = self.now;
            let client = self.clients.get_mut(&id).unwrap();
            let sender = client.senders.get_mut(&kind).unwrap();
            sender.picture = (sender.picture + 1) & 0x7fff;
            let [high, low] = sender.picture.to_be_bytes();
            let key = keyframe && number == numbers.start;
            // RFC 7741: X and S, I, PictureID of 15 bits; then the first octet of VP8, P = 0 in a keyframe.
            let head = [0x90, 0x80, 0x80 | high, low, u8::from(!key)];
            client.write(kind, &mark(&head, number, id), None, 2700, now);
            self.pass(Duration::from_millis(30));
        }
    }

    /// Sends any payload, `jump` sequence numbers and `ticks` of the clock after the last.
    pub fn utter(&mut self, id: u32, kind: Kind, payload: &[u8], jump: u64, ticks: u32) {
        let now = self.now;
        let client = self.clients.get_mut(&id).unwrap();
        client.senders.get_mut(&kind).unwrap().seq += jump - 1;
        client.write(kind, payload, Some(-20), ticks, now);
        self.pass(STEP);
    }

    /// `receiver` says that it cannot decode that stream (RFC 4585 §6.3.1).
    pub fn complain(&mut self, receiver: u32, of: u32, kind: Kind) {
        let mid = self.slot(receiver, of, kind).unwrap();
        let client = self.clients.get_mut(&receiver).unwrap();
        let mut direct = client.rtc.direct_api();
        let stream = direct.stream_rx_by_mid(Mid::from(mid.as_str()), None).unwrap();
        stream.request_keyframe(KeyframeRequestKind::Pli);
        client.drain(self.now);
    }

    /// What `receiver` got on the slot of that stream.
    pub fn got(&self, receiver: u32, of: u32, kind: Kind) -> Vec<Received> {
        let mid = self.slot(receiver, of, kind);
        let all = self.clients[&receiver].received.iter();
        all.filter(|packet| Some(&packet.mid) == mid.as_ref()).cloned().collect()
    }

    /// The line on which `receiver` gets that stream.
    pub fn slot(&self, receiver: u32, of: u32, kind: Kind) -> Option<String> {
        let slots = self.conference.slots(Participant(receiver));
        slots
            .into_iter()
            .find(|slot| slot.participant == Participant(of) && slot.kind == kind)
            .map(|slot| slot.mid)
    }

    pub fn slots(&self, receiver: u32) -> Vec<Slot> {
        self.conference.slots(Participant(receiver))
    }

    pub fn speaking(&self) -> Vec<(Duration, Vec<u32>)> {
        let list = |list: &[Participant]| list.iter().map(|participant| participant.0).collect();
        let reports = self.events.iter().filter_map(|(at, event)| match event {
            Event::Speaking(speakers) => Some((*at - self.start, list(speakers))),
            _ => None,
        });
        reports.collect()
    }
}

fn mark(head: &[u8], number: u32, id: u32) -> Vec<u8> {
    [head, &number.to_be_bytes(), &id.to_be_bytes()].concat()
}
