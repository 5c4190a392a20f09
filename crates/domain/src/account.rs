//! People.

use crate::{AccountId, Address, GuestId, LinkId, PersonName, Rank, RoomId, TenantId};

/// The technical role of an account. Business roles are the tenant's own and come beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Works here.
    Agent,
    /// Sees everything of the administration and changes nothing.
    Auditor,
    /// Manages people and their business roles; never whoever holds another technical role than agent.
    BusinessAdministrator,
    /// Approves what is dangerous.
    SecurityOfficer,
    /// Manages people and rooms.
    Administrator,
    /// Hosts other bodies and manages nothing inside any of them; only in a body that operates.
    Operator,
}

impl Role {
    /// All, in the order of the policy table.
    pub const ALL: [Self; 6] = [
        Self::Agent,
        Self::Auditor,
        Self::BusinessAdministrator,
        Self::SecurityOfficer,
        Self::Administrator,
        Self::Operator,
    ];

    /// The word used in the database, the API and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Auditor => "auditor",
            Self::BusinessAdministrator => "business-administrator",
            Self::SecurityOfficer => "security-officer",
            Self::Administrator => "administrator",
            Self::Operator => "operator",
        }
    }

    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What the person behind a session proved, weakest first (RFC 8176 calls such a level an `acr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Factor {
    /// One factor, a password.
    Password,
    /// A password and something else: a code of an app, of a mail, of the paper of recovery codes.
    Second,
    /// A passkey with user verification: two factors in one act, which no other site can ask for.
    Passkey,
}

impl Factor {
    /// All, weakest first.
    pub const ALL: [Self; 3] = [Self::Password, Self::Second, Self::Passkey];

    /// The word used in the database, the API and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Second => "second",
            Self::Passkey => "passkey",
        }
    }

    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.word() == word)
    }
}

/// A person of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Their id.
    pub id: AccountId,
    /// Where they work.
    pub tenant: TenantId,
    /// E-mail address and JID.
    pub address: Address,
    /// What they are called on screen.
    pub name: PersonName,
    /// Their technical role.
    pub role: Role,
    /// The highest label they may see.
    pub clearance: Rank,
    /// A disabled account opens nothing and receives nothing.
    pub enabled: bool,
}

/// Someone let in by link, for one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Their id; the local part of their address.
    pub id: GuestId,
    /// The tenant that owns the room.
    pub tenant: TenantId,
    /// The only room they may ever enter.
    pub room: RoomId,
    /// The link they came by.
    pub link: LinkId,
    /// The name they gave; nobody verified it.
    pub name: PersonName,
}
