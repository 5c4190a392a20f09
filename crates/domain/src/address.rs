//! How people and rooms are named from outside.

use std::fmt;
use std::str::FromStr;

/// Why a text is no address here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// No `@`, or an empty side.
    #[error("an address reads name@domain")]
    Shape,
    /// Longer than RFC 5321 §4.5.3.1 allows for the side named.
    #[error("the {side} of an address has at most {limit} characters")]
    Long {
        /// `name`, `domain` or `whole`.
        side: &'static str,
        /// In characters.
        limit: usize,
    },
    /// A character that XMPP (RFC 7622 §3.3.1) or the mail of public bodies does not carry.
    #[error(
        "the character {0:?} cannot stand in an address; use letters without accents, digits, dots and hyphens"
    )]
    Character(char),
}

/// Characters of an address that mail carries: a path of 256 with its brackets (RFC 5321 §4.5.3.1.3).
const LONGEST: usize = 254;

/// A domain name in lower case ASCII, at most 253 characters (RFC 1035 §2.3.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(String);

impl Domain {
    /// The text, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim().to_ascii_lowercase();
        if text.len() > 253 {
            return Err(BadAddress::Long { side: "domain", limit: 253 });
        }
        for label in text.split('.') {
            if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
                return Err(BadAddress::Shape);
            }
            if label.len() > 63 {
                return Err(BadAddress::Long { side: "domain", limit: 253 });
            }
            if let Some(bad) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
                return Err(BadAddress::Character(bad));
            }
        }
        Ok(Self(text))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The e-mail address of a person, which is their JID as well: lower case, ASCII.
///
/// Source: RFC 5321 §4.5.3.1 for lengths, RFC 7622 §3.3.1 for the characters that a JID refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// The text, lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }
    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (local, domain) = text.trim().split_once('@').ok_or(BadAddress::Shape)?;
        if local.is_empty() || local.starts_with('.') || local.ends_with('.') {
            return Err(BadAddress::Shape);
        }
        if local.len() > 64 {
            return Err(BadAddress::Long { side: "name", limit: 64 });
        }
        let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~');
        if let Some(bad) = local.chars().find(|c| !fits(c)) {
            return Err(BadAddress::Character(bad));
        }
        let domain: Domain = domain.parse()?;
        if local.len() + 1 + domain.as_str().len() > LONGEST {
            return Err(BadAddress::Long { side: "whole", limit: LONGEST });
        }
        let local = local.to_ascii_lowercase();
        Ok(Self { at: local.len(), text: format!("{local}@{domain}") })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The short name of a room in its address: 1 to 64 of `a-z`, `0-9`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The slug that a room's name suggests: « Équipe technique » gives `equipe-technique`. A name
    /// without one usable letter gives `salon`. Whoever stores it makes it unique.
    pub fn suggested(name: &str) -> Self {
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            match plain(c) {
                Some(text) => slug.push_str(text),
                None if c.is_ascii_alphanumeric() => slug.push(c),
                None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                None => {}
            }
        }
        slug.truncate(56);
        let slug = slug.trim_matches('-');
        Self(if slug.is_empty() { "salon".to_owned() } else { slug.to_owned() })
    }

    /// The same with a number: `accueil`, `accueil-2`, `accueil-3`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        if number < 2 { self.clone() } else { Self(format!("{}-{number}", self.0)) }
    }
}

/// The letters of French, Dutch and German without their accents.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ä' | 'æ' => "ae",
        'ç' => "c",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'ö' | 'œ' => "oe",
        'ù' | 'ú' | 'û' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ß' => "ss",
        _ => return None,
    })
}

impl FromStr for Slug {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if text.is_empty() {
            return Err(BadAddress::Shape);
        }
        if text.len() > 64 {
            return Err(BadAddress::Long { side: "name", limit: 64 });
        }
        match text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            Some(bad) => Err(BadAddress::Character(bad)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let alice: Address = " Alice.Martin@Demo.Localhost ".parse().unwrap();
        assert_eq!(
            (alice.as_str(), alice.local(), alice.domain()),
            ("alice.martin@demo.localhost", "alice.martin", "demo.localhost")
        );
        for bad in [
            "",
            "alice",
            "@demo",
            "alice@",
            "a@b@c",
            "ali ce@demo",
            "alicé@demo",
            "alice@-demo",
            "alice@de..mo",
            "a/b@demo",
            ".a@demo",
            "<a>@demo",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        assert!(format!("{}@demo", "a".repeat(65)).parse::<Address>().is_err());
        let domain = vec!["d".repeat(49); 5].join(".");
        assert!(format!("abcd@{domain}").parse::<Address>().is_ok());
        assert!(format!("abcde@{domain}").parse::<Address>().is_err(), "255 characters");
    }

    #[test]
    fn slugs() {
        for (name, slug) in [
            ("Équipe technique", "equipe-technique"),
            ("  Conseil du mardi (2) ", "conseil-du-mardi-2"),
            ("Größe", "groesse"),
            ("会議", "salon"),
            ("", "salon"),
        ] {
            assert_eq!(Slug::suggested(name).as_str(), slug);
        }
        assert_eq!(Slug::suggested("Accueil").numbered(2).as_str(), "accueil-2");
        assert!(Slug::suggested(&"x".repeat(500)).numbered(99).as_str().parse::<Slug>().is_ok());
    }
}
