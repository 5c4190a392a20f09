//! The charter of a body: the terms that its people accept (MS14).

use crate::BadName;
use std::fmt;
use std::str::FromStr;

/// The heading of a charter: 1 to 120 characters, nothing invisible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterTitle(String);

impl CharterTitle {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CharterTitle {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        crate::name::clean(text, 120).map(Self)
    }
}

/// Why a text is no charter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCharter {
    /// Nothing, or only spaces.
    #[error("a charter cannot be empty")]
    Empty,
    /// More characters than fit.
    #[error("a charter has at most {} characters, and this one has {length}", CharterText::MOST)]
    Long {
        /// Characters given.
        length: usize,
    },
    /// A control or invisible character, or one that turns the direction of text.
    #[error("there is the invisible character U+{0:04X} in it; type it again by hand")]
    Invisible(u32),
}

/// The plain text of a charter, with its lines and empty lines.
#[derive(Clone, PartialEq, Eq)]
pub struct CharterText(String);

impl CharterText {
    /// Characters at most: about six pages.
    pub const MOST: usize = 15_000;

    /// The text; lines end with a line feed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CharterText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CharterText({} bytes)", self.0.len())
    }
}

impl FromStr for CharterText {
    type Err = BadCharter;

    fn from_str(text: &str) -> Result<Self, BadCharter> {
        let length = text.chars().count();
        if length > Self::MOST {
            return Err(BadCharter::Long { length });
        }
        let text = text.replace("\r\n", "\n");
        let lines: Vec<_> = text.trim().split('\n').map(str::trim_end).collect();
        let text = lines.join("\n");
        if text.is_empty() {
            return Err(BadCharter::Empty);
        }
        match text.chars().find(|c| *c != '\n' && *c != '\t' && crate::name::hidden(*c)) {
            Some(bad) => Err(BadCharter::Invisible(bad as u32)),
            None => Ok(Self(text)),
        }
    }
}

/// A charter in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterWords {
    /// Its heading.
    pub title: CharterTitle,
    /// What it says.
    pub text: CharterText,
}

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCharter {
    /// In the first language of the body.
    pub french: CharterWords,
    /// In English, for who reads that.
    pub english: Option<CharterWords>,
}

impl NewCharter {
    /// The bytes whose SHA-256 says which text was accepted: title, empty line, text, line feed; then, where
    /// there is one, an empty line and the English in the same way.
    pub fn hashed(&self) -> String {
        let one = |words: &CharterWords| format!("{}\n\n{}\n", words.title.as_str(), words.text.as_str());
        let english = self.english.as_ref().map(|words| format!("\n{}", one(words)));
        one(&self.french) + &english.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charter_keeps_its_lines_and_nothing_hidden() {
        let text = "  Premier article \r\n\r\nSecond\tarticle.\n".parse::<CharterText>().unwrap();
        assert_eq!(text.as_str(), "Premier article\n\nSecond\tarticle.");
        assert_eq!(" \n ".parse::<CharterText>(), Err(BadCharter::Empty));
        assert_eq!("a\u{202e}b".parse::<CharterText>(), Err(BadCharter::Invisible(0x202e)));
        let long = "x".repeat(CharterText::MOST + 1);
        assert_eq!(long.parse::<CharterText>(), Err(BadCharter::Long { length: CharterText::MOST + 1 }));
        let words = |title: &str, text: &str| CharterWords {
            title: title.parse().unwrap(),
            text: text.parse().unwrap(),
        };
        let both = NewCharter { french: words("T", "a\nb"), english: Some(words("E", "c")) };
        assert_eq!(both.hashed(), "T\n\na\nb\n\nE\n\nc\n");
    }
}
