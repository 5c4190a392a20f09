//! What happens in a room.

use crate::{AccountId, Address, FileId, GuestId, MeetingId, Micros, PersonName, RoomId};

/// Who did something, with the name they had then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person of the tenant.
    Account(AccountId, Address, PersonName),
    /// Someone let in by link.
    Guest(GuestId, PersonName),
    /// The server itself, for what no person did (a meeting that ran out of time).
    Server,
}

impl Author {
    /// The name to show; empty for the server.
    pub fn name(&self) -> &str {
        match self {
            Self::Account(_, _, name) | Self::Guest(_, name) => name.as_str(),
            Self::Server => "",
        }
    }
}

/// Something said: `payload` is the message's own content as it came in, already checked to be
/// well-formed by the protocol that carries it; nothing here reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// The sender's own id of the message, at most 128 bytes; a second one with the same is the same.
    pub origin: String,
    /// The meeting whose conversation this belongs to; guests see only these.
    pub meeting: Option<MeetingId>,
    /// The content.
    pub payload: String,
}

/// A file that was put into a room, complete and on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileShared {
    /// The file.
    pub file: FileId,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// As declared by the sender, checked for shape only.
    pub media_type: String,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Someone said something.
    Speech(Speech),
    /// A file came.
    File(FileShared),
    /// The bell rang.
    MeetingStarted(MeetingId),
    /// The meeting is over; minutes it lasted.
    MeetingEnded(MeetingId, u32),
    /// A call between two rang and nobody took it: in place of the end. The author is who called.
    CallMissed(MeetingId),
    /// A call between two was declined: in place of the end. The author is who called.
    CallDeclined(MeetingId),
    /// The room has another label (slugs).
    LabelChanged {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Someone belongs now.
    MemberAdded(Address, PersonName),
    /// Someone belongs no more.
    MemberRemoved(Address, PersonName),
    /// The room has another name.
    Renamed {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
}

/// One entry of a room's timeline. A timeline is numbered from 1 without gaps; an event is on disk
/// before anyone sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub room: RoomId,
    /// Number in the room.
    pub seq: i64,
    /// When it was written.
    pub at: Micros,
    /// Who.
    pub author: Author,
    /// What.
    pub content: Content,
}

impl Event {
    /// The meeting whose conversation it belongs to, if any.
    pub fn meeting(&self) -> Option<MeetingId> {
        match &self.content {
            Content::Speech(speech) => speech.meeting,
            _ => None,
        }
    }
}

/// What a protocol asks for on someone's behalf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say something in a room.
    Speak(RoomId, Speech),
    /// Read a room up to an event's number.
    MarkRead(RoomId, i64),
    /// Ring the bell.
    Ring(RoomId),
}
