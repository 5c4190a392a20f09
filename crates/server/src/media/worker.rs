//! The media thread: sockets on one side, conferences on the other.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use beffroi_sfu::{Conference, Event, Gone, JoinError, Participant, stun_username};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::addresses::Bound;
use super::batch::{self, Incoming};
use super::{Command, MediaCounters, MediaEvent};

/// Batches read from one socket before the others, the commands and the timers get their turn.
const TURN: usize = 4;

/// Commands obeyed before packets and timers get their turn. Answering an offer takes about 2 ms, and a
/// whole town hall may come back at once after an outage.
const COMMANDS: usize = 4;

/// Longest sleep, so that a lost wake-up is a delay and not a hang.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// Sleep between two tries to hand over events when the tokio side does not take them.
const RETRY: Duration = Duration::from_millis(20);

/// Timers closer together than this share a turn.
const TICK: Duration = Duration::from_millis(1);

/// Source addresses remembered per participant, one for each path that ICE tries.
const ADDRESSES: usize = 16;

pub(super) struct Parts {
    pub(super) sockets: Vec<Bound>,
    pub(super) candidates: Vec<SocketAddr>,
    pub(super) inbox: mpsc::Receiver<Command>,
    pub(super) events: mpsc::Sender<MediaEvent>,
    pub(super) woken: UnixDatagram,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) counters: Arc<MediaCounters>,
}

#[derive(Default)]
struct Member {
    ufrag: String,
    addresses: VecDeque<SocketAddr>,
}

struct Hall {
    conference: Conference,
    members: BTreeMap<u32, Member>,
    due: Instant,
}

type Seat = (u64, u32);

pub(super) struct Worker {
    parts: Parts,
    halls: BTreeMap<u64, Hall>,
    /// Who a check is for, by the ufrag of our answer.
    ufrags: HashMap<String, Seat>,
    /// Who sends from where, learnt from checks that ICE accepted.
    routes: HashMap<SocketAddr, Seat>,
    touched: HashSet<u64>,
    outgoing: Vec<Vec<(SocketAddr, Vec<u8>)>>,
    /// Told before anything else: what the thread itself has to say.
    news: VecDeque<MediaEvent>,
}

impl Worker {
    pub(super) fn new(parts: Parts) -> Self {
        let outgoing = parts.sockets.iter().map(|_| Vec::new()).collect();
        Self {
            parts,
            halls: BTreeMap::new(),
            ufrags: HashMap::new(),
            routes: HashMap::new(),
            touched: HashSet::new(),
            outgoing,
            news: VecDeque::new(),
        }
    }

    pub(super) fn run(mut self) {
        let mut incoming = Incoming::new();
        let mut readable = Vec::new();
        let mut all_told = true;
        while !self.parts.stop.load(Ordering::Acquire) {
            let sockets = self.parts.sockets.iter().map(|bound| bound.socket.as_fd());
            let files: Vec<BorrowedFd<'_>> =
                std::iter::once(self.parts.woken.as_fd()).chain(sockets).collect();
            if let Err(cause) = batch::wait(&files, self.sleep(all_told), &mut readable) {
                tracing::error!(%cause, "media cannot wait for its sockets and stops");
                break;
            }
            if readable.first() == Some(&true) {
                while self.parts.woken.recv(&mut [0; 64]).is_ok() {}
            }
            // Commands first: an answer must not wait for packets.
            for _ in 0..COMMANDS {
                let Ok(command) = self.parts.inbox.try_recv() else { break };
                self.obey(command);
            }
            for socket in 0..self.parts.sockets.len() {
                if readable.get(socket + 1) == Some(&true) {
                    self.read(socket, &mut incoming);
                }
            }
            self.tick();
            self.flush();
            all_told = self.tell();
        }
        self.farewell();
    }

    fn sleep(&self, all_told: bool) -> Duration {
        if !self.parts.inbox.is_empty() {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let due = self.halls.values().map(|hall| hall.due.saturating_duration_since(now)).min();
        let longest = if all_told { LONGEST_SLEEP } else { RETRY };
        due.map_or(longest, |due| due.min(longest))
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Join { meeting, participant, offer, answer } => {
                let answered = self.join(meeting, participant, &offer, now);
                if let Err(refused) = &answered {
                    tracing::info!(meeting, participant, reason = refused.reason(), "an offer was refused");
                }
                // Who asked may have gone; the seat is then empty until ICE gives up, which is told.
                let _ = answer.send(answered);
            }
            Command::Leave { meeting, participant } => {
                self.guarded(meeting, |conference| conference.leave(Participant(participant), now));
                self.forget(meeting, participant);
            }
            Command::SetMedia { meeting, participant, sending } => {
                self.guarded(meeting, |conference| {
                    conference.set_media(Participant(participant), sending, now);
                });
            }
            Command::End { meeting } => self.end(meeting),
        }
    }

    fn join(
        &mut self,
        meeting: u64,
        participant: u32,
        offer: &str,
        now: Instant,
    ) -> Result<String, JoinError> {
        let hall = || Hall { conference: Conference::new(), members: BTreeMap::new(), due: now };
        self.halls.entry(meeting).or_insert_with(hall);
        let candidates = self.parts.candidates.clone();
        let joined = self.guarded(meeting, |conference| {
            conference.join(Participant(participant), offer, &candidates, now)
        });
        let joined = joined.unwrap_or_else(|| Err(JoinError::NotSdp("it broke the reader".to_owned())));
        match joined {
            Ok(joined) => {
                self.forget_routes(meeting, participant);
                self.ufrags.insert(joined.ufrag.clone(), (meeting, participant));
                if let Some(hall) = self.halls.get_mut(&meeting) {
                    hall.members
                        .insert(participant, Member { ufrag: joined.ufrag, addresses: VecDeque::new() });
                }
                self.count();
                Ok(joined.answer)
            }
            Err(refused) => {
                self.close_if_empty(meeting);
                Err(refused)
            }
        }
    }

    fn end(&mut self, meeting: u64) {
        let now = Instant::now();
        let Some(hall) = self.halls.get(&meeting) else { return };
        let members: Vec<_> = hall.members.keys().copied().collect();
        for participant in members {
            self.guarded(meeting, |conference| conference.leave(Participant(participant), now));
            self.forget(meeting, participant);
        }
    }

    /// Reads from one socket and hands each datagram to whom it is for.
    fn read(&mut self, socket: usize, incoming: &mut Incoming) {
        for _ in 0..TURN {
            let bound = &self.parts.sockets[socket];
            let destination = bound.address;
            let count = match incoming.receive(&bound.socket) {
                Ok(0) => return,
                Ok(count) => count,
                Err(cause) => {
                    tracing::warn!(%cause, "a media socket cannot be read");
                    return;
                }
            };
            let now = Instant::now();
            let (mut bytes_in, mut strays) = (0, 0);
            for (source, bytes) in incoming.datagrams() {
                bytes_in += bytes.len() as u64;
                if !self.deliver(source, destination, bytes, now) {
                    strays += 1;
                }
            }
            let counters = &self.parts.counters;
            counters.packets_in.fetch_add(count as u64, Ordering::Relaxed);
            counters.bytes_in.fetch_add(bytes_in, Ordering::Relaxed);
            counters.strays.fetch_add(strays, Ordering::Relaxed);
            if count < batch::BATCH {
                return;
            }
        }
    }

    fn deliver(&mut self, source: SocketAddr, destination: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        let named = stun_username(bytes).and_then(|ufrag| self.ufrags.get(ufrag)).copied();
        let Some(seat) = named.or_else(|| self.routes.get(&source).copied()) else { return false };
        let taken =
            self.guarded(seat.0, |conference| conference.handle_datagram(source, destination, bytes, now));
        if taken != Some(true) {
            return false;
        }
        if named.is_some() && self.routes.get(&source) != Some(&seat) {
            self.learn(source, seat);
        }
        true
    }

    fn learn(&mut self, source: SocketAddr, seat: Seat) {
        let Some(member) = self.halls.get_mut(&seat.0).and_then(|hall| hall.members.get_mut(&seat.1)) else {
            return;
        };
        if member.addresses.len() >= ADDRESSES
            && let Some(oldest) = member.addresses.pop_front()
            && self.routes.get(&oldest) == Some(&seat)
        {
            self.routes.remove(&oldest);
        }
        member.addresses.push_back(source);
        self.routes.insert(source, seat);
    }

    /// Lets time pass where it is due, and where something arrived: what is forwarded leaves with it.
    fn tick(&mut self) {
        let now = Instant::now();
        let due = self.halls.iter().filter(|(_, hall)| hall.due <= now).map(|(meeting, _)| *meeting);
        self.touched.extend(due);
        for meeting in std::mem::take(&mut self.touched) {
            self.guarded(meeting, |conference| conference.handle_timeout(now));
            let Some(hall) = self.halls.get_mut(&meeting) else { continue };
            hall.due = hall.conference.poll_timeout().unwrap_or(now + LONGEST_SLEEP).max(now + TICK);
            while let Some(datagram) = hall.conference.poll_transmit() {
                let from = self.parts.sockets.iter().position(|bound| bound.address == datagram.source);
                self.outgoing[from.unwrap_or(0)].push((datagram.destination, datagram.bytes));
            }
        }
        self.touched.clear();
    }

    fn flush(&mut self) {
        for (bound, datagrams) in self.parts.sockets.iter().zip(&mut self.outgoing) {
            if datagrams.is_empty() {
                continue;
            }
            let sent = batch::send(&bound.socket, datagrams);
            let bytes: usize = datagrams.iter().map(|(_, bytes)| bytes.len()).sum();
            let counters = &self.parts.counters;
            counters.packets_out.fetch_add(sent as u64, Ordering::Relaxed);
            counters.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
            counters.unsent.fetch_add((datagrams.len() - sent) as u64, Ordering::Relaxed);
            datagrams.clear();
        }
    }

    /// Hands events over while there is room; whether all are told.
    fn tell(&mut self) -> bool {
        let mut gone = Vec::new();
        let mut empty = Vec::new();
        let all = 'all: {
            while let Some(event) = self.news.pop_front() {
                if let Err(TrySendError::Full(event)) = self.parts.events.try_send(event) {
                    self.news.push_front(event);
                    break 'all false;
                }
            }
            for (meeting, hall) in &mut self.halls {
                loop {
                    let permit = match self.parts.events.try_reserve() {
                        Ok(permit) => Some(permit),
                        Err(TrySendError::Full(())) => break 'all false,
                        // Nobody listens any more: the server is stopping.
                        Err(TrySendError::Closed(())) => None,
                    };
                    let Some(event) = hall.conference.poll_event() else { break };
                    if let Event::Gone(participant, _) = event
                        && !hall.conference.contains(participant)
                    {
                        gone.push((*meeting, participant.0));
                    }
                    if let Some(permit) = permit {
                        permit.send(MediaEvent { meeting: *meeting, event });
                    }
                }
                if hall.members.is_empty() {
                    empty.push(*meeting);
                }
            }
            true
        };
        for (meeting, participant) in gone {
            self.forget(meeting, participant);
        }
        for meeting in empty {
            self.close_if_empty(meeting);
        }
        all
    }

    /// Runs `act` on a conference. Should it panic, that meeting ends for its participants and all others
    /// go on: a bug that one client can reach must not silence a town hall.
    fn guarded<T>(&mut self, meeting: u64, act: impl FnOnce(&mut Conference) -> T) -> Option<T> {
        let hall = self.halls.get_mut(&meeting)?;
        if let Ok(done) = catch_unwind(AssertUnwindSafe(|| act(&mut hall.conference))) {
            self.touched.insert(meeting);
            return Some(done);
        }
        tracing::error!(meeting, "a conference broke and was closed; this is a bug");
        if let Some(hall) = self.halls.remove(&meeting) {
            for (participant, member) in hall.members {
                self.ufrags.remove(&member.ufrag);
                let event = Event::Gone(Participant(participant), Gone::Failed);
                self.news.push_back(MediaEvent { meeting, event });
            }
            self.routes.retain(|_, seat| seat.0 != meeting);
            self.count();
        }
        None
    }

    fn forget(&mut self, meeting: u64, participant: u32) {
        self.forget_routes(meeting, participant);
        if let Some(hall) = self.halls.get_mut(&meeting) {
            hall.members.remove(&participant);
        }
        self.count();
    }

    fn forget_routes(&mut self, meeting: u64, participant: u32) {
        let Some(hall) = self.halls.get_mut(&meeting) else { return };
        let Some(member) = hall.members.get_mut(&participant) else { return };
        self.ufrags.remove(&member.ufrag);
        for address in member.addresses.drain(..) {
            if self.routes.get(&address) == Some(&(meeting, participant)) {
                self.routes.remove(&address);
            }
        }
    }

    /// Drops a conference without members, once its goodbyes are sent and its events told.
    fn close_if_empty(&mut self, meeting: u64) {
        if self.halls.get(&meeting).is_some_and(|hall| hall.members.is_empty() && hall.conference.is_empty())
        {
            self.halls.remove(&meeting);
            self.count();
        }
    }

    fn count(&self) {
        let members: usize = self.halls.values().map(|hall| hall.members.len()).sum();
        let meetings = self.halls.values().filter(|hall| !hall.members.is_empty()).count();
        self.parts.counters.peers.store(members as u64, Ordering::Relaxed);
        self.parts.counters.conferences.store(meetings as u64, Ordering::Relaxed);
    }

    fn farewell(&mut self) {
        let meetings: Vec<_> = self.halls.keys().copied().collect();
        for meeting in meetings {
            self.end(meeting);
        }
        self.tick();
        self.flush();
    }
}
