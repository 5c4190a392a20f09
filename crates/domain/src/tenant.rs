//! A public body hosted here.

use crate::{BadName, Domain, Factor, Network, TenantId};
use std::str::FromStr;

/// A public body with its domain, its colour and what it declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The domain of its people's addresses; its rooms live under `rooms.` and its guests under `guests.`.
    pub domain: Domain,
    /// What it is called on screen.
    pub name: String,
    /// Its colour.
    pub accent: Accent,
    /// What it asks of who administers it.
    pub administration: AdministrationRules,
}

/// What a tenant asks of who administers it (ID12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdministrationRules {
    /// The weakest proof that will do.
    pub factor: Factor,
    /// From where; empty: from anywhere. At most [`AdministrationRules::NETWORKS`].
    pub networks: Vec<Network>,
}

impl AdministrationRules {
    /// Networks that a tenant may name.
    pub const NETWORKS: usize = 64;

    /// Whether a call from this block of addresses comes from where administering is done.
    pub fn inside(&self, from: Option<Network>) -> bool {
        self.networks.is_empty() || from.is_some_and(|from| self.networks.iter().any(|n| n.holds(from)))
    }
}

impl Default for AdministrationRules {
    /// A passkey, from anywhere.
    fn default() -> Self {
        Self { factor: Factor::Passkey, networks: vec![] }
    }
}

/// The one colour that a tenant chooses, `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accent(String);

impl Accent {
    /// `#rrggbb`, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Accent {
    /// Ink blue, 8.0:1 on paper.
    fn default() -> Self {
        Self("#1f4f8f".to_owned())
    }
}

impl FromStr for Accent {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let text = text.trim().to_ascii_lowercase();
        let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        if hex.is_some() { Ok(Self(text)) } else { Err(BadName::Empty) }
    }
}
