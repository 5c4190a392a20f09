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
mod export;
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
mod retention;
mod rooms;
mod sessions;
mod sql;
mod tenants;
mod tiles;
mod timeline;
mod uploads;
mod verify;
mod waits;
mod wal;
mod writer;

pub use accounts::{AccountRow, NewAccount};
pub use audit::{AuditEntry, AuditFilter, AuditPage, Finding, NewEntry, Outcome, Subject};
pub use error::StoreError;
pub use export::{ExportError, Exported};
pub use files::{FileRow, FileStream};
pub use guests::LinkRow;
pub use invitations::{Invitation, InvitationKind};
pub use notices::{Heard, Listener, Notice};
pub use open::{OpenError, Settings, Store};
pub use rooms::RoomRow;
pub use sessions::SessionRow;
pub use tiles::{Tile, TileKind};
pub use timeline::{Page, Range};
pub use uploads::UploadRow;
pub use verify::Noted;

/// The outcome of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
