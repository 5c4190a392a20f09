//! What Beffroi is about: tenants, people, rooms, labels and what happens in rooms.
//!
//! Pure: no I/O, no clock, no randomness, no serialisation, no word of any protocol. Times are
//! microseconds since the Unix epoch, given by the caller; so is entropy.

mod account;
mod accreditation;
mod address;
mod alarm;
mod business_role;
mod charter;
mod dangerous;
mod device;
mod event;
mod folding;
mod id;
mod label;
mod lock;
pub mod meeting;
mod name;
mod network;
mod room;
mod scripts;
mod tenant;

pub use account::{Account, Factor, Guest, Role};
pub use accreditation::{Accreditation, BadDay, Day};
pub use address::{Address, BadAddress, Domain, Slug};
pub use alarm::{Alarm, AlertRule, AlertRules, BadAlertRule, Threshold};
pub use business_role::BusinessRole;
pub use charter::{BadCharter, CharterText, CharterTitle, CharterWords, NewCharter};
pub use dangerous::Dangerous;
pub use device::{DEVICE_LIFE_US, DEVICE_PROOF_US, Device, DeviceState, Grade, Posture, Reported};
pub use event::{Author, Command, Content, Event, FileShared, Speech};
pub use folding::{Sought, folded_words, sorting};
pub use id::{
    AccountId, AlertId, ApplicationId, BadId, BusinessRoleId, DeviceId, FactorId, FileId, GuestId, ImportId,
    InvitationId, LinkId, MailId, MeetingId, RequestId, RoomId, SessionId, TenantId, UploadId,
};
pub use label::{BadLabel, Guests, Label, LabelChange, Rank, recent_proof};
pub use lock::{BadLock, LockRules};
pub use name::{
    ApplicationName, BadName, DeviceName, FactorName, LabelName, PersonName, Reason, RoleName, RoomName,
    TenantName, Wording, topic,
};
pub use network::{BadNetwork, Network};
pub use room::{Membership, Rank as MemberRank, Room, RoomKind};
pub use scripts::{MixedScripts, one_script};
pub use tenant::{
    Accent, AdministrationRules, BadAccent, BadPasswords, OwnPasswords, PasswordProfile, Tenant,
    TenantChange, TooManyNetworks,
};

/// Microseconds since the Unix epoch, UTC.
pub type Micros = i64;
