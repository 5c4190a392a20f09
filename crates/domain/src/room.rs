//! The room: a conversation, a meeting and a folder under one label.

use crate::{Label, RoomId, RoomName, Slug, TenantId};

/// What people see a room as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// A named room with members.
    Group,
    /// A room of two.
    Direct,
}

/// A room with its label read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its address before `@rooms.`.
    pub slug: Slug,
    /// What it is called; for a room of two, nobody reads it.
    pub name: RoomName,
    /// What it is for; may be empty.
    pub topic: String,
    /// Group or two.
    pub kind: RoomKind,
    /// The one label.
    pub label: Label,
}

/// The rank of a member in a room, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rank {
    /// Let in by link to the meeting and its conversation.
    Guest,
    /// Speaks, meets, shares.
    Member,
    /// Keeps the door of meetings.
    Moderator,
    /// Decides on members and label.
    Owner,
}

impl Rank {
    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }
    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Guest, Self::Member, Self::Moderator, Self::Owner].into_iter().find(|r| r.word() == word)
    }
}

/// Who belongs to a room, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// As what.
    pub rank: Rank,
}
