//! What Beffroi is about: tenants, people, rooms, labels and what happens in rooms.
//!
//! Pure: no I/O, no clock, no randomness, no serialisation, no word of any protocol. Times are
//! microseconds since the Unix epoch, given by the caller; so is entropy.

mod account;
mod address;
mod event;
mod id;
mod label;
pub mod meeting;
mod name;
mod room;
mod tenant;

pub use account::{Account, Factor, Guest, Role};
pub use address::{Address, BadAddress, Domain, Slug};
pub use event::{Author, Command, Content, Event, FileShared, Speech};
pub use id::{
    AccountId, BadId, FileId, GuestId, InvitationId, LinkId, MeetingId, RoomId, SessionId, TenantId, UploadId,
};
pub use label::{Guests, Label, Rank};
pub use name::{BadName, PersonName, RoomName, topic};
pub use room::{Membership, Rank as MemberRank, Room, RoomKind};
pub use tenant::{Accent, Tenant};

/// Microseconds since the Unix epoch, UTC.
pub type Micros = i64;
