//! The audit log.
use crate::{Result, Store, later};
use beffroi_domain::{Micros, RoomId, TenantId};
use beffroi_policy::{Denied, ReadAudit, TenantPermit, Who};

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Denied,
}

/// Someone or something in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person known here, erased with their key.
    Who(Who),
    /// A text: an address nobody has, a thing's name.
    Text(String),
    /// The operator at the machine, or the server itself.
    Machine,
}

/// Something to write down.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// What was done, such as `session.open` or the name of a policy act.
    pub act: &'a str,
    /// How it went.
    pub outcome: Outcome,
    /// By whom.
    pub actor: Subject,
    /// To whom or what.
    pub subject: Option<Subject>,
    /// In which room.
    pub room: Option<RoomId>,
    /// The policy rule behind a denial.
    pub rule: Option<&'a str>,
    /// What else matters, for a person to read.
    pub detail: &'a str,
    /// The address of the network it came from; empty when it came from the machine.
    pub origin: &'a str,
}

/// An entry as read back. Personal fields whose key was destroyed read « effacé ».
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Number in the tenant's log, from 1.
    pub seq: i64,
    /// When.
    pub at: Micros,
    /// What.
    pub act: String,
    /// How it went.
    pub outcome: Outcome,
    /// Address, or guest address, or text.
    pub actor: String,
    /// To whom or what; may be empty.
    pub subject: String,
    /// In which room.
    pub room: Option<RoomId>,
    /// The rule behind a denial; may be empty.
    pub rule: String,
    /// What else.
    pub detail: String,
    /// From where; may be empty.
    pub origin: String,
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only entries before this number.
    pub before: Option<i64>,
    /// Only this act.
    pub act: Option<String>,
    /// Only by this address (an account of the tenant).
    pub actor: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<Outcome>,
    /// Only at or after.
    pub from: Option<Micros>,
    /// Only at or before.
    pub to: Option<Micros>,
    /// At most so many; 0 means 100, never more than 500.
    pub limit: u32,
}

/// A page of the log, latest first.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// `before` of the next page.
    pub next: Option<i64>,
    /// Entries in the log.
    pub size: i64,
    /// The signed head of the log (C2SP tlog-checkpoint).
    pub checkpoint: String,
}

/// Something wrong in a log, in words that name it: « entry 42, field `act` was changed ».
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Domain of the tenant whose log it is.
    pub domain: String,
    /// The entry, when one can be named.
    pub entry: Option<i64>,
    /// The field, when one can be named.
    pub field: Option<String>,
    /// The sentence.
    pub text: String,
}

impl Store {
    /// Writes down that something was refused.
    ///
    /// # Errors
    /// The database; treat it as the refusal all the same.
    pub async fn deny(
        &self,
        _tenant: TenantId,
        _actor: Subject,
        _act: &str,
        _room: Option<RoomId>,
        _denied: &Denied,
        _origin: &str,
        _now: Micros,
    ) -> Result<()> {
        later()
    }
    /// Writes down something that changes nothing kept here: a sign-in, a sign-out, a failure.
    ///
    /// # Errors
    /// The database.
    pub async fn note(&self, _tenant: TenantId, _entry: NewEntry<'_>, _now: Micros) -> Result<()> {
        later()
    }
    /// A page of the tenant's log, latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn audit(&self, _permit: &TenantPermit<ReadAudit>, _filter: &AuditFilter) -> Result<AuditPage> {
        later()
    }
    /// Checks every log from its first entry; an empty list means that all are whole.
    ///
    /// # Errors
    /// The database could not be read, so nothing can be said.
    pub async fn verify_audit(&self) -> Result<Vec<Finding>> {
        later()
    }
    /// Destroys someone's audit key: their personal fields become unreadable, proofs stay valid.
    ///
    /// # Errors
    /// The database.
    pub async fn erase_from_audit(&self, _who: Who, _now: Micros) -> Result<()> {
        later()
    }
}
