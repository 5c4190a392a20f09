//! A public body hosted here.

use crate::{Domain, Factor, LockRules, Micros, Network, TenantId, TenantName};
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
    /// What its people's passwords must be.
    pub passwords: PasswordProfile,
    /// When pages lock.
    pub lock: LockRules,
    /// Whether its operators host other bodies; said at the machine only.
    pub operates: bool,
    /// Since when it is closed: nobody comes in, and nothing of it is gone.
    pub closed: Option<Micros>,
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

/// Which password rules a body chose. What they ask is written in `identity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordProfile {
    /// What the CNIL and the ANSSI recommend.
    #[default]
    Recommended,
    /// 8 characters with lower case, upper case and a figure, for bodies whose written policy says so.
    S1,
}

impl PasswordProfile {
    /// The word used in the database, the API and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recommended => "default",
            Self::S1 => "s1",
        }
    }
    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Recommended, Self::S1].into_iter().find(|profile| profile.word() == word)
    }
}

/// What is to be changed of a body; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// Another name.
    pub name: Option<TenantName>,
    /// Another colour.
    pub accent: Option<Accent>,
    /// Other password rules.
    pub passwords: Option<PasswordProfile>,
}

/// Why a text is no colour here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb, six hexadecimal digits, such as #1f4f8f")]
pub struct BadAccent;

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
    type Err = BadAccent;

    fn from_str(text: &str) -> Result<Self, BadAccent> {
        let text = text.to_ascii_lowercase();
        let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        if hex.is_some() { Ok(Self(text)) } else { Err(BadAccent) }
    }
}
