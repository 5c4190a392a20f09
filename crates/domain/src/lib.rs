//! What Beffroi is about: tenants, people, rooms, labels and what happens in rooms.
//!
//! Pure: no I/O, no clock, no randomness, no serialisation, no word of any protocol. Times are
//! microseconds since the Unix epoch, given by the caller; so is entropy.

mod account;
mod accreditation;
mod address;
mod device;
mod event;
mod id;
mod label;
pub mod meeting;
mod name;
mod network;
mod room;
mod tenant;

pub use account::{Account, Factor, Guest, Role};
pub use accreditation::{Accreditation, BadDay, Day};
pub use address::{Address, BadAddress, Domain, Slug};
pub use device::{DEVICE_LIFE_US, DEVICE_PROOF_US, Device, DeviceState, Grade, Reported};
pub use event::{Author, Command, Content, Event, FileShared, Speech};
pub use id::{
    AccountId, ApplicationId, BadId, DeviceId, FactorId, FileId, GuestId, InvitationId, LinkId, MailId,
    MeetingId, RoomId, SessionId, TenantId, UploadId,
};
pub use label::{BadLabel, Guests, Label, LabelChange, Rank};
pub use name::{
    ApplicationName, BadName, DeviceName, FactorName, LabelName, PersonName, RoomName, TenantName, Wording,
    topic,
};
pub use network::{BadNetwork, Network};
pub use room::{Membership, Rank as MemberRank, Room, RoomKind};
pub use tenant::{Accent, AdministrationRules, BadAccent, PasswordProfile, Tenant, TenantChange};

/// Microseconds since the Unix epoch, UTC.
pub type Micros = i64;
