//! A public body hosted here.

use crate::{Domain, Factor, LockRules, Micros, Network, TenantId, TenantName};
use std::fmt;
use std::ops::RangeInclusive;
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

    /// Checks and makes them; a network said twice is one.
    ///
    /// # Errors
    /// More than [`AdministrationRules::NETWORKS`] networks.
    pub fn new(factor: Factor, networks: Vec<Network>) -> Result<Self, TooManyNetworks> {
        let mut once: Vec<Network> = vec![];
        for network in networks {
            if !once.contains(&network) {
                once.push(network);
            }
        }
        if once.len() > Self::NETWORKS { Err(TooManyNetworks) } else { Ok(Self { factor, networks: once }) }
    }

    /// Whether somebody may administer by these who may not by `before`. Networks are compared one by one: two
    /// halves are not taken for their whole.
    pub fn laxer_than(&self, before: &Self) -> bool {
        let known = |network: &Network| before.networks.iter().any(|wide| wide.holds(*network));
        let wider =
            !before.networks.is_empty() && (self.networks.is_empty() || !self.networks.iter().all(known));
        self.factor < before.factor || wider
    }

    /// Reads what `Display` wrote.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let factor = Factor::from_word(words.next()?)?;
        let networks = words.map(|word| word.parse().ok()).collect::<Option<Vec<Network>>>()?;
        Self::new(factor, networks).ok()
    }

    /// Whether a call from this block of addresses comes from where administering is done.
    pub fn inside(&self, from: Option<Network>) -> bool {
        self.networks.is_empty() || from.is_some_and(|from| self.networks.iter().any(|n| n.holds(from)))
    }
}

/// As the log tells them: the proof, then the networks, `passkey 192.0.2.0/24 2001:db8::/32`.
impl fmt::Display for AdministrationRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.factor.word())?;
        self.networks.iter().try_for_each(|network| write!(f, " {network}"))
    }
}

/// More networks than can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {} networks can be named; join some of them", AdministrationRules::NETWORKS)]
pub struct TooManyNetworks;

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
    /// What the body's own written policy says, never less than [`PasswordProfile::S1`].
    Own(OwnPasswords),
}

/// What a body's own policy asks of everybody's password beside lower case, upper case and a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnPasswords {
    least_length: u32,
    sign: bool,
    least_bits: u32,
}

impl OwnPasswords {
    /// Characters that may be asked for: from those of S1 to those that a person still types.
    pub const LENGTHS: RangeInclusive<u32> = 8..=64;
    /// Bits of estimated strength that may be asked for; 0 asks for none.
    pub const BITS: RangeInclusive<u32> = 0..=128;

    /// At least so many characters, with a sign or not, worth at least so many bits.
    ///
    /// # Errors
    /// What is out of bounds, with them.
    pub fn new(least_length: u32, sign: bool, least_bits: u32) -> Result<Self, BadPasswords> {
        if !Self::LENGTHS.contains(&least_length) {
            return Err(BadPasswords::Length(least_length));
        }
        if !Self::BITS.contains(&least_bits) {
            return Err(BadPasswords::Bits(least_bits));
        }
        Ok(Self { least_length, sign, least_bits })
    }
    /// Characters at least.
    pub fn least_length(self) -> u32 {
        self.least_length
    }
    /// Whether one of them is neither a letter nor a figure.
    pub fn sign(self) -> bool {
        self.sign
    }
    /// Bits of estimated strength at least.
    pub fn least_bits(self) -> u32 {
        self.least_bits
    }
}

/// Why a text or numbers are no password rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPasswords {
    /// None of the profiles.
    #[error(
        "there are no password rules `{0}`; choose default or s1, or own, such as `own length=12 sign=yes bits=50`"
    )]
    Unknown(String),
    /// Too few or too many characters.
    #[error(
        "{0} characters cannot be asked for: from {least} (what S1 asks) to {most}",
        least = OwnPasswords::LENGTHS.start(), most = OwnPasswords::LENGTHS.end()
    )]
    Length(u32),
    /// More strength than anybody types.
    #[error("{0} bits cannot be asked for: from 0 (none) to {most}", most = OwnPasswords::BITS.end())]
    Bits(u32),
}

impl PasswordProfile {
    /// The word of its kind, in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recommended => "default",
            Self::S1 => "s1",
            Self::Own(_) => "own",
        }
    }
}

/// As it stands in the database, the audit log and on the command line.
impl fmt::Display for PasswordProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Own(own) => {
                let sign = if own.sign { "yes" } else { "no" };
                write!(f, " length={} sign={sign} bits={}", own.least_length, own.least_bits)
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for PasswordProfile {
    type Err = BadPasswords;
    fn from_str(text: &str) -> Result<Self, BadPasswords> {
        let unknown = || BadPasswords::Unknown(text.to_owned());
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.clone().next()) {
            (Some("default"), None) => Ok(Self::Recommended),
            (Some("s1"), None) => Ok(Self::S1),
            (Some("own"), Some(_)) => {
                let mut said = |name: &str| {
                    let word = words.next().and_then(|word| word.strip_prefix(name)?.strip_prefix('='));
                    word.ok_or_else(unknown)
                };
                let number = |text: &str| text.parse().map_err(|_| unknown());
                let length = number(said("length")?)?;
                let sign = match said("sign")? {
                    "yes" => true,
                    "no" => false,
                    _ => return Err(unknown()),
                };
                let bits = number(said("bits")?)?;
                if words.next().is_some() {
                    return Err(unknown());
                }
                OwnPasswords::new(length, sign, bits).map(Self::Own)
            }
            _ => Err(unknown()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_rules_are_read_as_they_are_written_and_never_ask_less_than_s1() {
        for text in ["default", "s1", "own length=8 sign=no bits=0", "own length=64 sign=yes bits=128"] {
            assert_eq!(text.parse::<PasswordProfile>().unwrap().to_string(), text);
        }
        let refused = |text: &str| text.parse::<PasswordProfile>().unwrap_err().to_string();
        assert!(
            refused("own length=7 sign=no bits=0").starts_with("7 characters cannot be asked for: from 8")
        );
        assert!(refused("own length=65 sign=no bits=0").contains("to 64"));
        assert!(refused("own length=8 sign=no bits=129").contains("to 128"));
        for text in [
            "",
            "S1",
            "s1 s1",
            "own",
            "own length=12",
            "own length=12 sign=maybe bits=0",
            "own length=-1 sign=no bits=0",
            "own sign=no length=12 bits=0",
            "own length=12 sign=no bits=0 more=1",
        ] {
            assert!(refused(text).contains("choose default or s1, or own"), "{text}");
        }
    }

    fn rules(text: &str) -> AdministrationRules {
        AdministrationRules::read(text).unwrap()
    }

    #[test]
    fn laxer_lets_somebody_in_who_was_not() {
        for (before, after, laxer) in [
            ("passkey", "passkey", false),
            ("passkey", "second", true),
            ("second", "passkey", false),
            ("passkey", "passkey 192.0.2.0/24", false),
            ("passkey 192.0.2.0/24", "passkey", true),
            ("passkey 192.0.2.0/24", "passkey 192.0.2.0/25", false),
            ("passkey 192.0.2.0/25", "passkey 192.0.2.0/24", true),
            ("passkey 192.0.2.0/24", "passkey 192.0.2.0/24 203.0.113.0/24", true),
            ("passkey 192.0.2.0/24 203.0.113.0/24", "passkey 203.0.113.0/24", false),
            ("second 192.0.2.0/24", "passkey 203.0.113.0/24", true),
            ("password", "passkey 192.0.2.0/24", false),
        ] {
            assert_eq!(rules(after).laxer_than(&rules(before)), laxer, "{before} → {after}");
        }
    }

    #[test]
    fn rules_read_back_and_stay_bounded() {
        for text in ["password", "passkey 192.0.2.0/24 2001:db8::/32"] {
            assert_eq!(rules(text).to_string(), text);
        }
        assert_eq!(rules("second 192.0.2.7/24 192.0.2.0/24").to_string(), "second 192.0.2.0/24");
        for text in ["", "finger", "passkey town", "passkey  192.0.2.0/24"] {
            assert_eq!(AdministrationRules::read(text), None, "{text}");
        }
        let many = (0..=AdministrationRules::NETWORKS).map(|n| format!("10.0.{n}.0/24").parse().unwrap());
        assert_eq!(AdministrationRules::new(Factor::Passkey, many.collect()), Err(TooManyNetworks));
    }
}
