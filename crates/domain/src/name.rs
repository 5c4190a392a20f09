//! Names that people give to themselves and to rooms.

use std::fmt;
use std::str::FromStr;

/// Why a text is no name here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing, or only spaces.
    #[error("a name cannot be empty")]
    Empty,
    /// More characters than the limit.
    #[error("at most {limit} characters fit here, and these are {length}")]
    Long {
        /// Characters allowed.
        limit: usize,
        /// Characters given.
        length: usize,
    },
    /// A control or invisible character, or one that turns the direction of text.
    #[error("there is the invisible character U+{0:04X} in it; type it again by hand")]
    Invisible(u32),
}

/// Text of one line with single spaces; it may be empty.
fn line(text: &str, limit: usize) -> Result<String, BadName> {
    // As it came, before spaces are folded: the bound of docs/openapi.json is on what is sent.
    let length = text.chars().count();
    if length > limit {
        return Err(BadName::Long { limit, length });
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().find(|c| hidden(*c)) {
        Some(bad) => Err(BadName::Invisible(bad as u32)),
        None => Ok(text),
    }
}

/// Zero-width and bidirectional controls let one name look like another (UTS #39 §3.1, UAX #9 §2).
pub(crate) fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

pub(crate) fn clean(text: &str, limit: usize) -> Result<String, BadName> {
    line(text, limit).and_then(|text| if text.is_empty() { Err(BadName::Empty) } else { Ok(text) })
}

/// What a room is for, as it is kept: at most 500 characters, nothing invisible, single spaces; may be empty.
///
/// # Errors
/// `Long`, `Invisible`.
pub fn topic(text: &str) -> Result<String, BadName> {
    line(text, 500)
}

macro_rules! names { ($($(#[doc = $doc:literal])+ $name:ident up to $limit:literal,)+) => { $(
    $(#[doc = $doc])+
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct $name(String);

    impl $name {
        /// The text, with single spaces.
        pub fn as_str(&self) -> &str { &self.0 }
    }
    impl FromStr for $name {
        type Err = BadName;
        fn from_str(text: &str) -> Result<Self, BadName> { clean(text, $limit).map(Self) }
    }
    impl fmt::Display for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
    }
)+ } }

names! {
    /// What a person is called on screen: 1 to 100 characters, nothing invisible.
    PersonName up to 100,
    /// What a room is called on screen: 1 to 200 characters, nothing invisible.
    RoomName up to 200,
    /// What people call a key of theirs, « téléphone »: 1 to 60 characters, nothing invisible.
    FactorName up to 60,
    /// What people call a device of theirs, « portable du bureau »: 1 to 60 characters, nothing invisible.
    DeviceName up to 60,
    /// What a person calls an application that signs in for them: 1 to 60 characters, nothing invisible.
    ApplicationName up to 60,
    /// What a public body is called on screen: 1 to 100 characters, nothing invisible.
    TenantName up to 100,
    /// What a label is called on screen: 1 to 40 characters, nothing invisible; it stands beside every message.
    LabelName up to 40,
    /// What a business role is called on screen, « Conseil communal »: 1 to 60 characters, nothing invisible.
    RoleName up to 60,
    /// Why a dangerous act is asked for, in the words of whoever asks: 1 to 300 characters.
    Reason up to 300,
    /// A line of a decision, as it is written there (its number, who took it): 1 to 200 characters.
    Wording up to 200,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!("  Mme   Petit ".parse::<PersonName>().unwrap().as_str(), "Mme Petit");
        assert_eq!(" \t ".parse::<PersonName>(), Err(BadName::Empty));
        assert_eq!("Alice\u{202e}nitraM".parse::<PersonName>(), Err(BadName::Invisible(0x202e)));
        assert_eq!("x".repeat(101).parse::<PersonName>(), Err(BadName::Long { limit: 100, length: 101 }));
        assert!("x".repeat(200).parse::<RoomName>().is_ok());
        assert!(format!("{} ", "x".repeat(200)).parse::<RoomName>().is_err());
        assert_eq!(topic("  ").as_deref(), Ok(""));
        assert_eq!(topic("Budget\u{0}"), Err(BadName::Invisible(0)));
        assert_eq!(topic(&"x".repeat(501)), Err(BadName::Long { limit: 500, length: 501 }));
    }
}
