//! Everything that Beffroi keeps: facts in SQL, contents encrypted, keys, the audit log, and what this
//! process announces.
//!
//! Functions that read or change a room take a `Permit` of `beffroi-policy`. Whatever changes something
//! writes its audit entry in the same transaction. What was answered with `Ok` is on disk.

mod accounts;
mod administration;
mod alerts;
mod applications;
mod audit;
mod blob;
mod business_roles;
mod calls;
mod ceremonies;
mod charters;
mod crypto;
mod departures;
mod devices;
mod directory;
mod entropy;
mod error;
mod event;
mod export;
mod factors;
mod files;
mod guests;
mod help;
mod imports;
mod invitations;
mod keys;
mod labels;
mod live;
mod lock;
mod mail;
mod mail_codes;
mod master;
mod members;
mod merkle;
mod notices;
mod open;
mod own;
mod requests;
mod retention;
mod rooms;
mod sessions;
mod sign_ins;
mod sql;
mod tenants;
mod tiles;
mod timeline;
mod uploads;
mod verify;
mod waits;
mod wal;
mod within;
mod writer;

pub use accounts::{AccountRow, Headcount, NewAccount};
pub use alerts::{Unwatched, Waiting};
pub use applications::{ApplicationRow, NewApplication, Protocol, Verifier};
pub use audit::{AuditEntry, AuditFilter, AuditPage, Finding, NewEntry, Outcome, Subject};
pub use business_roles::{BusinessRoleRow, Moved};
pub use calls::OpenMeeting;
pub use ceremonies::{Ceremony, CeremonyKind};
pub use charters::{Acceptance, CharterRow};
pub use departures::{Belongings, Departed};
pub use devices::{DeviceRow, NewDevice};
pub use directory::{AccountState, PEOPLE_PAGE, PeopleFilter, PeoplePage};
pub use error::StoreError;
pub use export::{ExportError, Exported};
pub use factors::{FactorKind, FactorRow, NewFactor, PasskeyRow, TotpRow};
pub use files::{FileRow, FileStream};
pub use guests::LinkRow;
pub use help::HelpRow;
pub use imports::{Fate, ImportRow, ImportTotals, PlannedLine, WriteLetter};
pub use invitations::{Invitation, InvitationKind};
pub use labels::Weight;
pub use lock::{LiveSession, PinRules, PinTry};
pub use mail::{Letter, MailRow};
pub use mail_codes::{Asking, Posted};
pub use members::Standing;
pub use notices::{Heard, Listener, Notice};
pub use open::{OpenError, Settings, Store};
pub use own::{Direct, OwnRange};
pub use requests::{RequestRow, RequestState};
pub use rooms::RoomRow;
pub use sessions::{Opened, SessionRow};
pub use tenants::Revision;
pub use tiles::{Tile, TileKind};
pub use timeline::{Page, Range};
pub use uploads::UploadRow;
pub use verify::Noted;
pub use waits::WaitCounter;
pub use within::{asked, bind, within};

/// The outcome of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
