//! What this process tells its own sessions after something was kept.
//!
//! In process today: one bounded broadcast. A listener that falls behind is told how many it missed
//! and reads the timeline again; nothing grows with a slow reader.

use beffroi_domain::{AccountId, Event, GuestId, LinkId, MeetingId, RoomId, SessionId, TenantId};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Something that happened, told after it was committed.
#[derive(Clone, Debug)]
pub enum Notice {
    /// An event of a room.
    Event(Arc<Event>),
    /// The list of rooms, files or labels that these people see has changed.
    RoomsChanged {
        /// Whose.
        accounts: Arc<[AccountId]>,
        /// The room that came, went or changed.
        room: RoomId,
    },
    /// Someone read a room up to an event.
    Read {
        /// The room.
        room: RoomId,
        /// Who.
        account: AccountId,
        /// Up to this number.
        seq: i64,
    },
    /// A session ended; its streams must close.
    SessionEnded(SessionId),
    /// An application signed in with a password whose stream is elsewhere: that one must close.
    SessionReplaced(SessionId),
    /// A session was locked; its streams must close until it is opened.
    SessionLocked(SessionId),
    /// An account was disabled; all its streams must close.
    AccountDisabled(AccountId),
    /// An account came, or changed its name or role.
    PeopleChanged(AccountId),
    /// The body's name, colour or labels changed, or what someone is cleared for.
    OrganisationChanged(TenantId),
    /// Somebody begins or ceases to act in this person's name.
    Helped(AccountId),
    /// A guest was put out.
    GuestEnded(GuestId),
    /// Someone no longer belongs to a room.
    MemberRemoved {
        /// The room.
        room: RoomId,
        /// Who.
        account: AccountId,
    },
    /// A link for guests was closed.
    LinkClosed {
        /// The room.
        room: RoomId,
        /// The link.
        link: LinkId,
    },
    /// A meeting began or ended.
    Meeting {
        /// The room.
        room: RoomId,
        /// The meeting, `None` once it is over.
        meeting: Option<MeetingId>,
    },
}

/// What a listener hears next.
#[derive(Debug)]
pub enum Heard {
    /// A notice.
    Notice(Notice),
    /// So many were lost because this listener was too slow: read again from the timeline.
    Missed(u64),
    /// The store is closed.
    End,
}

/// One end that listens.
#[derive(Debug)]
pub struct Listener(broadcast::Receiver<Notice>);

impl Listener {
    /// The next notice. Cancel-safe.
    pub async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(notice) => Heard::Notice(notice),
            Err(broadcast::error::RecvError::Lagged(missed)) => Heard::Missed(missed),
            Err(broadcast::error::RecvError::Closed) => Heard::End,
        }
    }
}

/// The place where notices are told.
#[derive(Clone, Debug)]
pub(crate) struct Notices(broadcast::Sender<Notice>);

impl Notices {
    /// Notices kept for the slowest listener; 4,096 of about 100 bytes.
    const KEPT: usize = 4096;

    pub(crate) fn new() -> Self {
        Self(broadcast::channel(Self::KEPT).0)
    }
    pub(crate) fn tell(&self, notice: Notice) {
        // Nobody listening is fine: a command line process has no sessions.
        let _ = self.0.send(notice);
    }
    pub(crate) fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}
