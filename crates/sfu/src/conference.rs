//! One meeting: its peers, and what goes from each to the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use str0m::net::DatagramRecv;

use crate::peer::{Forwarded, Gone, Heard, MAX_ADDRESSES, Outbox, Packet, Peer};
use crate::slots::{Kind, Slot, SourceId, Wanted};
use crate::speaking::Speaking;
use crate::stun::stun_username;
use crate::{JoinError, MAX_PEERS, Participant, Sending};

/// A datagram to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The candidate of ours to send it from.
    pub source: SocketAddr,
    /// Where to.
    pub destination: SocketAddr,
    /// The UDP payload.
    pub bytes: Vec<u8>,
}

/// A newcomer's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The SDP answer.
    pub answer: String,
    /// The `ice-ufrag` of the answer: the first half of the `USERNAME` of every check that this client
    /// sends, by which a demultiplexer knows it (see [`stun_username`]).
    pub ufrag: String,
}

/// What the signalling must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The participant's media path works.
    Connected(Participant),
    /// What stands on the slots of `receiver`, whole, after it changed.
    Slots {
        /// Whose slots.
        receiver: Participant,
        /// All slots in use.
        slots: Vec<Slot>,
    },
    /// Who speaks now; at most four times a second.
    Speaking(Vec<Participant>),
    /// The participant's media ended without their leaving; they are out of the conference.
    Gone(Participant, Gone),
}

/// One meeting's media. See the crate's page for the picture.
///
/// How to drive it: after each call, take everything from [`Conference::poll_transmit`] and
/// [`Conference::poll_event`]; call [`Conference::handle_timeout`] when [`Conference::poll_timeout`] says
/// so, and once after each batch of datagrams: forwarded packets leave with it.
#[derive(Default)]
pub struct Conference {
    peers: BTreeMap<Participant, Peer>,
    routes: HashMap<SocketAddr, Participant>,
    ufrags: HashMap<String, Participant>,
    speaking: Speaking,
    outbox: Outbox,
    news: VecDeque<Event>,
    moved: BTreeSet<Participant>,
    speakers: Option<Vec<Participant>>,
    now: Option<Instant>,
}

impl Conference {
    /// A meeting without anybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many participants there are.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Whether `participant` is in.
    pub fn contains(&self, participant: Participant) -> bool {
        self.peers.contains_key(&participant)
    }

    /// Answers the offer of a participant and lets them in; `candidates` are the server's media addresses.
    ///
    /// Somebody who is in already comes in anew (another tab, another network): the former connection is
    /// closed, and what they send counts as off until [`Conference::set_media`] says otherwise.
    pub fn join(
        &mut self,
        participant: Participant,
        offer: &str,
        candidates: &[SocketAddr],
        now: Instant,
    ) -> Result<Joined, JoinError> {
        let now = self.advance(now);
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&participant) {
            return Err(JoinError::Full { limit: MAX_PEERS });
        }
        let (peer, answer) = Peer::answer(offer, candidates, now)?;
        self.dismiss(participant, now);
        let ufrag = peer.ufrag.clone();
        // What was not told yet speaks of the connection that is replaced.
        self.news.retain(
            |event| !matches!(event, Event::Connected(id) | Event::Gone(id, _) if *id == participant),
        );
        self.ufrags.insert(ufrag.clone(), participant);
        self.peers.insert(participant, peer);
        self.place(now);
        self.drain(participant, now);
        Ok(Joined { answer, ufrag })
    }

    /// A participant leaves: their connection is closed and their slots are free.
    pub fn leave(&mut self, participant: Participant, now: Instant) {
        let now = self.advance(now);
        self.dismiss(participant, now);
        self.place(now);
    }

    /// A participant says what they send from now on.
    pub fn set_media(&mut self, participant: Participant, sending: Sending, now: Instant) {
        let now = self.advance(now);
        let Some(peer) = self.peers.get_mut(&participant) else { return };
        let before = std::mem::replace(&mut peer.sending, sending);
        if !sending.audio {
            self.speaking.forget(participant);
        }
        for kind in Kind::ALL.into_iter().filter(|kind| before.has(*kind) && !sending.has(*kind)) {
            for receiver in self.peers.values_mut() {
                receiver.pause(SourceId { participant, kind });
            }
        }
        self.place(now);
    }

    /// What stands on a participant's slots now.
    pub fn slots(&self, receiver: Participant) -> Vec<Slot> {
        self.peers.get(&receiver).map(Peer::slots).unwrap_or_default()
    }

    /// Takes a datagram; `false` when it belongs to nobody here.
    pub fn handle_datagram(
        &mut self,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
        now: Instant,
    ) -> bool {
        let now = self.advance(now);
        // A check names its receiver, so it goes there even if its address was somebody else's before.
        let named = stun_username(bytes).and_then(|ufrag| self.ufrags.get(ufrag));
        let Some(participant) = named.or_else(|| self.routes.get(&source)).copied() else { return false };
        let Some(peer) = self.peers.get_mut(&participant) else { return false };
        let Ok(contents) = DatagramRecv::try_from(bytes) else { return false };
        if !peer.handle_datagram(source, destination, contents, now) {
            return false;
        }
        if self.routes.get(&source) != Some(&participant) {
            self.learn_route(participant, source);
        }
        self.drain(participant, now);
        true
    }

    /// Lets time pass, and what was forwarded go out.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        let due: Vec<_> =
            self.peers.iter().filter(|(_, peer)| peer.wakes_at() <= now).map(|(id, _)| *id).collect();
        for participant in due {
            if let Some(peer) = self.peers.get_mut(&participant) {
                peer.handle_timeout(now);
                self.drain(participant, now);
            }
        }
        if let Some(speakers) = self.speaking.report(now) {
            self.speakers = Some(speakers);
            // A new voice may deserve a slot.
            self.place(now);
        }
    }

    /// When [`Conference::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let now = self.now?;
        let peers = self.peers.values().map(Peer::wakes_at).min();
        peers.into_iter().chain(self.speaking.wakes_at(now)).min()
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop()
    }

    /// The next thing to tell. States are told once, as they are now: who polls seldom misses nothing.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.news.pop_front() {
            return Some(event);
        }
        if let Some(receiver) = self.moved.pop_first() {
            return Some(Event::Slots { receiver, slots: self.slots(receiver) });
        }
        self.speakers.take().map(Event::Speaking)
    }

    /// Time never goes back, whatever the caller says.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.now.map_or(now, |last| last.max(now));
        self.now = Some(now);
        now
    }

    fn learn_route(&mut self, participant: Participant, source: SocketAddr) {
        let Some(peer) = self.peers.get_mut(&participant) else { return };
        if peer.addresses.len() >= MAX_ADDRESSES
            && let Some(oldest) = peer.addresses.pop_front()
            && self.routes.get(&oldest) == Some(&participant)
        {
            self.routes.remove(&oldest);
        }
        peer.addresses.push_back(source);
        self.routes.insert(source, participant);
    }

    /// Takes what a peer has to say, and passes it on until nobody has anything more.
    fn drain(&mut self, participant: Participant, now: Instant) {
        let mut waiting = VecDeque::new();
        self.listen(participant, &mut waiting, now);
        while let Some((from, heard)) = waiting.pop_front() {
            match heard {
                Heard::Connected => {
                    self.news.push_back(Event::Connected(from));
                    let pictures: Vec<_> =
                        self.peers.get(&from).into_iter().flat_map(Peer::pictures).collect();
                    for source in pictures {
                        self.ask_keyframe(source, &mut waiting, now);
                    }
                }
                Heard::Packet { kind, packet, level } => {
                    if kind == Kind::Audio
                        && let Some(level) = level
                    {
                        self.speaking.hear(from, level, now);
                    }
                    self.forward(SourceId { participant: from, kind }, &packet, &mut waiting, now);
                }
                Heard::LineChanged => self.place(now),
                Heard::NeedsKeyframe(source) => self.ask_keyframe(source, &mut waiting, now),
                Heard::Gone(why) => {
                    if self.peers.contains_key(&from) {
                        self.dismiss(from, now);
                        self.place(now);
                        self.news.push_back(Event::Gone(from, why));
                    }
                }
            }
        }
    }

    /// Empties one peer.
    fn listen(
        &mut self,
        participant: Participant,
        waiting: &mut VecDeque<(Participant, Heard)>,
        now: Instant,
    ) {
        let mut heard = Vec::new();
        if let Some(peer) = self.peers.get_mut(&participant) {
            peer.drain(&mut self.outbox, &mut heard, now);
        }
        waiting.extend(heard.into_iter().map(|heard| (participant, heard)));
    }

    fn forward(
        &mut self,
        source: SourceId,
        packet: &Packet,
        waiting: &mut VecDeque<(Participant, Heard)>,
        now: Instant,
    ) {
        let owes = |peer: &mut Peer| peer.owes_keyframe(source.kind, packet);
        let mut keyframe = self.peers.get_mut(&source.participant).is_some_and(owes);
        let mut heard = Vec::new();
        for (receiver, peer) in self.peers.iter_mut().filter(|(id, _)| **id != source.participant) {
            match peer.forward(source, packet, now) {
                Forwarded::Written => {
                    peer.drain(&mut self.outbox, &mut heard, now);
                    waiting.extend(heard.drain(..).map(|heard| (*receiver, heard)));
                }
                Forwarded::AwaitsKeyframe => keyframe = true,
                Forwarded::NotForThem => {}
            }
        }
        if keyframe {
            self.ask_keyframe(source, waiting, now);
        }
    }

    fn ask_keyframe(&mut self, source: SourceId, waiting: &mut VecDeque<(Participant, Heard)>, now: Instant) {
        let asks = |peer: &mut Peer| peer.sending.has(source.kind) && peer.want_keyframe(source.kind, now);
        if self.peers.get_mut(&source.participant).is_some_and(asks) {
            self.listen(source.participant, waiting, now);
        }
    }

    /// Closes a participant's connection and frees their slots.
    fn dismiss(&mut self, participant: Participant, now: Instant) {
        let Some(mut peer) = self.peers.remove(&participant) else { return };
        peer.close();
        peer.drain(&mut self.outbox, &mut Vec::new(), now);
        self.ufrags.remove(&peer.ufrag);
        self.routes.retain(|_, owner| *owner != participant);
        self.speaking.forget(participant);
        self.moved.remove(&participant);
        for (receiver, other) in &mut self.peers {
            if other.forget(participant) {
                self.moved.insert(*receiver);
            }
        }
    }

    /// Puts every stream that is on where it can be received, and asks for keyframes where one begins.
    fn place(&mut self, now: Instant) {
        let speaking = &self.speaking;
        let wanted = |participant: Participant, kind| Wanted {
            source: SourceId { participant, kind },
            speaking: speaking.speaks(participant, now),
            last_spoke: speaking.last_spoke(participant),
        };
        let on =
            |kind: Kind| self.peers.iter().filter(move |(_, peer)| peer.sending.has(kind)).map(|(id, _)| *id);
        let audio: Vec<_> = on(Kind::Audio).map(|id| wanted(id, Kind::Audio)).collect();
        let screens = on(Kind::Screen).map(|id| wanted(id, Kind::Screen));
        let video: Vec<_> = screens.chain(on(Kind::Video).map(|id| wanted(id, Kind::Video))).collect();
        let mut begun = BTreeSet::new();
        for (receiver, peer) in &mut self.peers {
            let others = |all: &[Wanted]| -> Vec<Wanted> {
                all.iter().filter(|want| want.source.participant != *receiver).copied().collect()
            };
            if let Some(sources) = peer.place(&others(&audio), &others(&video)) {
                self.moved.insert(*receiver);
                // Who is not connected yet gets their keyframes when they are: asked for now, they would be
                // lost, and those of then be held back.
                begun.extend(sources.into_iter().filter(|_| peer.is_up()));
            }
        }
        for source in begun.into_iter().filter(|source| source.kind != Kind::Audio) {
            let asks = |peer: &mut Peer| peer.want_keyframe(source.kind, now);
            if self.peers.get_mut(&source.participant).is_some_and(asks) {
                // Asking changes only RTCP; what else the peer has to say waits for its next turn.
                self.drain(source.participant, now);
            }
        }
    }
}
