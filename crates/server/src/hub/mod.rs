//! Streams, rooms and meetings of this node: who is connected, who is in which room, and what each of
//! them is told.
//!
//! The registry is plain data behind one short lock; nothing is awaited while it is held. What must be
//! kept is in the store before it comes here.

mod answer;
mod archive;
mod calls;
mod fanout;
mod meetings;
mod organisations;
mod presence;
mod registry;
mod seats;
pub mod socket;
mod stanzas;
mod talk;
mod watch;

use crate::media::{Media, MediaEvent};
use beffroi_app::{App, Caller};
use beffroi_domain::{RoomId, TenantId};
use beffroi_store::Revision;
use beffroi_xmpp::StreamError;
use registry::{Key, Registry};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Streams and meetings. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    app: App,
    media: Media,
    registry: Mutex<Registry>,
    /// How far each body's settings had moved when they were last looked at.
    revisions: tokio::sync::Mutex<HashMap<TenantId, Revision>>,
    /// One bell is rung at a time, so that a room never has two meetings.
    bell: tokio::sync::Mutex<()>,
    draining: AtomicBool,
    next: AtomicU64,
    /// Sockets of people with a session, and of strangers who have yet to say who they are.
    places: [Arc<Semaphore>; 2],
}

/// Sockets without a session at a time: they are told so and go, or run out of time.
const MOST_STRANGERS: usize = 256;

/// How many of each there are now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    /// Bound streams.
    pub streams: usize,
    /// Meetings.
    pub meetings: usize,
    /// People in meetings.
    pub participants: usize,
}

impl Hub {
    /// An empty hub, listening to what the store announces and to what media tells.
    pub fn start(
        app: App,
        media: Media,
        media_events: mpsc::Receiver<MediaEvent>,
        most_streams: usize,
    ) -> Self {
        let hub = Self(Arc::new(Inner {
            app,
            media,
            registry: Mutex::default(),
            revisions: tokio::sync::Mutex::default(),
            bell: tokio::sync::Mutex::default(),
            draining: AtomicBool::new(false),
            next: AtomicU64::new(1),
            places: [most_streams, MOST_STRANGERS].map(|most| Arc::new(Semaphore::new(most))),
        }));
        tokio::spawn(fanout::run(hub.clone(), hub.app().store().listen()));
        tokio::spawn(meetings::hear_media(hub.clone(), media_events));
        tokio::spawn(watch::run(hub.clone()));
        hub
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn media(&self) -> &Media {
        &self.0.media
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // A panic while it was held left plain data behind, at worst one entry too many.
        self.0.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn next_key(&self) -> Key {
        Key(self.0.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a meeting is on in this room.
    pub fn is_meeting(&self, room: RoomId) -> bool {
        self.registry().meetings.contains_key(&room)
    }

    /// Whether the server is on its way out.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// How many streams and meetings there are.
    pub fn census(&self) -> Census {
        let registry = self.registry();
        Census {
            streams: registry.clients.len(),
            meetings: registry.meetings.len(),
            participants: registry.meetings.values().map(|m| m.meeting.participants().len()).sum(),
        }
    }

    /// Tells every meeting and every stream that the server goes down.
    pub async fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        let rooms: Vec<_> = self.registry().meetings.keys().copied().collect();
        for room in rooms {
            self.end_meeting(room, beffroi_domain::Author::Server).await;
        }
        let clients: Vec<_> = self.registry().clients.values().cloned().collect();
        for client in clients {
            client.end(StreamError::SystemShutdown, "the server restarts; come back in a moment");
        }
    }

    /// The media thread's counters.
    pub fn media_counters(&self) -> &crate::media::MediaCounters {
        self.media().counters()
    }

    /// A place for one more socket, held as long as what is given lives; none when all are taken.
    fn place(&self, signed_in: bool) -> Option<OwnedSemaphorePermit> {
        self.0.places[usize::from(!signed_in)].clone().try_acquire_owned().ok()
    }
}

/// The bare address of a caller on XMPP.
fn bare(caller: &Caller) -> String {
    caller.address()
}
