//! Everything that Beffroi keeps: facts in SQL, contents encrypted, keys, the audit log, and what this
//! process announces.
//!
//! Functions that read or change a room take a `Permit` of `beffroi-policy`. Whatever changes something
//! writes its audit entry in the same transaction. What was answered with `Ok` is on disk.

mod accounts;
mod audit;
mod blob;
mod crypto;
mod entropy;
mod error;
mod event;
mod files;
mod guests;
mod invitations;
mod keys;
mod live;
mod master;
mod members;
mod merkle;
mod notices;
mod open;
mod own;
mod retention;
mod rooms;
mod sessions;
mod sql;
mod tenants;
mod timeline;
mod uploads;
mod verify;
mod waits;
mod writer;

pub use accounts::{AccountRow, NewAccount};
pub use audit::{AuditEntry, AuditFilter, AuditPage, Finding, NewEntry, Outcome, Subject};
pub use error::StoreError;
pub use files::{FileRow, FileStream};
pub use guests::LinkRow;
pub use invitations::{Invitation, InvitationKind};
pub use notices::{Heard, Listener, Notice};
pub use open::{OpenError, Settings, Store};
pub use own::{Direct, OwnRange};
pub use rooms::RoomRow;
pub use sessions::SessionRow;
pub use timeline::{Page, Range};
pub use uploads::UploadRow;

/// The outcome of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
