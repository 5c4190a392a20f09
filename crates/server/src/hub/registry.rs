//! Who is connected, and where they are.

use beffroi_app::{Caller, Person};
use beffroi_domain::meeting::{Meeting, ParticipantId};
use beffroi_domain::{Account, AccountId, GuestId, MemberRank, Room, RoomId, TenantId};
use beffroi_xmpp::meeting::Slot;
use beffroi_xmpp::{Availability, Copies, StreamError};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Number of a connection on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(pub u64);

/// Frames that may wait for one reader. Beyond it the stream is closed, and the client reads what it
/// missed from the archive: a slow reader costs a reconnection, never memory.
pub(super) const OUTBOX: usize = 1024;

/// A bound stream.
pub(super) struct Client {
    pub key: Key,
    pub full: String,
    pub bare: String,
    pub caller: Caller,
    /// When this stream's use was last written down, microseconds.
    pub touched: std::sync::atomic::AtomicI64,
    /// Ids of what this stream said to somebody and what was not told yet, oldest first.
    saying: Mutex<VecDeque<String>>,
    outbox: mpsc::Sender<String>,
    end: mpsc::Sender<(StreamError, &'static str)>,
}

/// Messages said and not told yet that are remembered as a stream's own. One that is forgotten comes back
/// as a copy, which clients know by its id.
const SAYING: usize = 256;

impl Client {
    pub(super) fn new(
        key: Key,
        full: String,
        caller: Caller,
        outbox: mpsc::Sender<String>,
        end: mpsc::Sender<(StreamError, &'static str)>,
    ) -> Self {
        let touched = caller.last_used.into();
        let saying = Mutex::default();
        Self { key, bare: super::bare(&caller), full, caller, touched, saying, outbox, end }
    }

    /// Puts a frame into the reader's queue.
    pub(super) fn send(&self, frame: String) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.outbox.try_send(frame) {
            self.end(
                StreamError::ResourceConstraint,
                "this connection reads too slowly; reconnect and read the archive",
            );
        }
    }

    /// This stream says something to somebody: to itself it is no news.
    pub(super) fn says(&self, origin: &str) {
        let mut saying = self.saying.lock().unwrap_or_else(PoisonError::into_inner);
        if saying.len() >= SAYING {
            saying.pop_front();
        }
        saying.push_back(origin.to_owned());
    }

    /// Whether it was this stream that said so; it is asked once, when it is told or refused.
    pub(super) fn said(&self, origin: &str) -> bool {
        let mut saying = self.saying.lock().unwrap_or_else(PoisonError::into_inner);
        let place = saying.iter().position(|own| own == origin);
        place.is_some_and(|place| saying.remove(place).is_some())
    }

    /// Ends the stream; the first reason wins.
    pub(super) fn end(&self, error: StreamError, text: &'static str) {
        let _ = self.end.try_send((error, text));
    }

    pub(super) fn account(&self) -> Option<AccountId> {
        match &self.caller.person {
            Person::Account(account) => Some(account.id),
            Person::Guest(_) => None,
        }
    }

    pub(super) fn guest(&self) -> Option<GuestId> {
        match &self.caller.person {
            Person::Account(_) => None,
            Person::Guest(guest) => Some(guest.id),
        }
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.caller.tenant.id
    }

    /// Whether somebody looks on in this person's name, to help them: that person is not there.
    pub(super) fn looks_on(&self) -> bool {
        self.caller.helper.is_some()
    }
}

/// Someone's stream in a room.
#[derive(Clone)]
pub(super) struct Occupant {
    pub client: Arc<Client>,
    pub nick: String,
    pub rank: MemberRank,
}

impl Occupant {
    /// Whether the others see them in the room.
    pub(super) fn is_shown(&self) -> bool {
        self.rank != MemberRank::Guest && !self.client.looks_on()
    }
}

/// Who is in a room now, with the facts that fan-out needs.
pub(super) struct Crowd {
    pub room: Room,
    pub address: String,
    pub occupants: Vec<Occupant>,
}

/// Where a meeting is on XMPP.
#[derive(Clone, Debug)]
pub(super) enum Home {
    /// In the room of this address.
    Room(String),
    /// Between two: each sees it at the other's address.
    Pair(Arc<[Account; 2]>),
}

impl Home {
    /// The address of the meeting for whoever has this bare address.
    pub(super) fn seen_by(&self, bare: &str) -> &str {
        match self {
            Self::Room(address) => address,
            Self::Pair(two) => {
                let [a, b] = &**two;
                if a.address.as_str() == bare { b.address.as_str() } else { a.address.as_str() }
            }
        }
    }
}

/// A meeting that is on.
pub(super) struct Live {
    pub meeting: Meeting,
    pub home: Home,
    /// Whose stream each participant sits at.
    pub seats: HashMap<ParticipantId, Arc<Client>>,
    /// Participants whose connection is lost: their seat waits for them.
    pub lost: HashMap<ParticipantId, Lost>,
    /// Streams at the door.
    pub door: Vec<Arc<Client>>,
    pub slots: HashMap<ParticipantId, Vec<Slot>>,
    pub speaking: Vec<ParticipantId>,
    /// Since when too few are in it to go on, microseconds; nothing before the first came.
    pub short_since: Option<i64>,
}

/// A lost connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    /// Since when, microseconds.
    pub since: i64,
    /// Their media is gone too: only coming in anew brings it back.
    pub media: bool,
}

impl Live {
    /// Notes whether enough people are in, after someone came or went.
    pub(super) fn count(&mut self, now: i64) {
        self.short_since = if self.meeting.goes_on() { None } else { self.short_since.or(Some(now)) };
    }
}

#[derive(Default)]
pub(super) struct Registry {
    pub clients: HashMap<Key, Arc<Client>>,
    pub present: HashMap<Key, Availability>,
    /// Which copies each stream asked for.
    pub copies: HashMap<Key, Copies>,
    pub of_account: HashMap<AccountId, Vec<Arc<Client>>>,
    pub rooms: HashMap<RoomId, Crowd>,
    pub meetings: HashMap<RoomId, Live>,
}

impl Registry {
    pub(super) fn add(&mut self, client: Arc<Client>) {
        if let Some(account) = client.account() {
            self.of_account.entry(account).or_default().push(client.clone());
        }
        self.clients.insert(client.key, client);
    }

    /// Forgets a stream; gives the rooms that it was in, with its nick there.
    pub(super) fn remove(&mut self, client: &Client) -> Vec<RoomId> {
        self.clients.remove(&client.key);
        self.present.remove(&client.key);
        self.copies.remove(&client.key);
        if let Some(account) = client.account()
            && let Some(own) = self.of_account.get_mut(&account)
        {
            own.retain(|c| c.key != client.key);
            if own.is_empty() {
                self.of_account.remove(&account);
            }
        }
        let here = |crowd: &Crowd| crowd.occupants.iter().any(|o| o.client.key == client.key);
        self.rooms.iter().filter(|(_, crowd)| here(crowd)).map(|(id, _)| *id).collect()
    }

    /// Every stream, and those that are lost and still hold a seat in a meeting.
    pub(super) fn everyone(&self) -> Vec<Arc<Client>> {
        let lost = self.meetings.values().flat_map(|live| {
            live.lost
                .keys()
                .filter_map(|id| live.seats.get(id))
                .filter(|c| !self.clients.contains_key(&c.key))
        });
        self.clients.values().chain(lost).cloned().collect()
    }

    /// The streams of an account.
    pub(super) fn streams_of(&self, account: AccountId) -> Vec<Arc<Client>> {
        self.of_account.get(&account).cloned().unwrap_or_default()
    }

    /// Streams that said they are available, of one tenant.
    pub(super) fn available_in(&self, tenant: TenantId) -> Vec<(Arc<Client>, Availability)> {
        let present = self.present.iter().filter_map(|(key, here)| Some((self.clients.get(key)?, here)));
        present
            .filter(|(c, _)| c.tenant() == tenant && c.account().is_some())
            .map(|(c, here)| (c.clone(), here.clone()))
            .collect()
    }
}
