//! A public body hosted here.

use crate::{BadName, Domain, TenantId};
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
