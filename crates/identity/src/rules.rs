//! What a password must be, per tenant and role (ID1, ID3), and what to do about one that is not.
//!
//! The default follows the CNIL (délibération 2022-100 of 21 July 2022) and the ANSSI (PG-078 v2.0):
//! 12 characters for agents and 16 for administrators with three classes of characters, or 80 bits by
//! our own cautious estimate, or 7 words; never a listed password, never less than the 50 bits that
//! the CNIL asks where failed tries make one wait ([`crate::wait`]); no periodic renewal.

use std::collections::HashSet;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::password::{MAX_BYTES, normalise};
use crate::{listed, strength};

/// A listed word with at most this many figures and signs around it is still that word.
const DECORATION: usize = 8;
/// Shorter parts of a name or an address are too common to be forbidden ("de", "van").
const PART: usize = 4;

/// The rules of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRules {
    /// For everyone else.
    pub agent: Demand,
    /// For administrators, auditors and security officers.
    pub administrator: Demand,
}

/// What one role's password must be: long and varied enough, or strong enough, or of enough words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Characters (Unicode scalar values after NFC), 8 to 64.
    pub minimum_length: usize,
    /// What the characters must be.
    pub variety: Variety,
    /// Estimated bits that make length and variety needless; `None`: no such way.
    pub strong_bits: Option<u32>,
    /// Different words that make length and variety needless; `None`: no such way.
    pub words: Option<usize>,
    /// Estimated bits below which nothing is accepted; 0 switches the estimate off.
    pub least_bits: u32,
}

/// Which characters a password must mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variety {
    /// At least so many of: lower case, upper case, figures, anything else.
    Classes(usize),
    /// Lower case and upper case and a figure: the rule of the S1 specification.
    LowerUpperFigure,
    /// The same and a sign: anything that is neither a letter nor a figure.
    LowerUpperFigureSign,
}

impl Default for PasswordRules {
    fn default() -> Self {
        let agent = Demand {
            minimum_length: 12,
            variety: Variety::Classes(3),
            strong_bits: Some(80),
            words: Some(7),
            least_bits: 50,
        };
        let administrator = Demand { minimum_length: 16, ..agent.clone() };
        Self { agent, administrator }
    }
}

impl PasswordRules {
    /// The profile `S1`: 8 characters with lower case, upper case and a figure, for bodies whose
    /// written policy says so. Listed passwords and one's own name stay refused.
    pub fn s1() -> Self {
        let demand = Demand {
            minimum_length: 8,
            variety: Variety::LowerUpperFigure,
            strong_bits: None,
            words: None,
            least_bits: 0,
        };
        Self { agent: demand.clone(), administrator: demand }
    }

    /// What a body's own written policy says: at least so many characters of the three kinds of S1, with a sign or
    /// not, and an estimate of at least so many bits. The same for everybody, as a policy that is quoted.
    pub fn own(minimum_length: usize, sign: bool, least_bits: u32) -> Self {
        let variety = if sign { Variety::LowerUpperFigureSign } else { Variety::LowerUpperFigure };
        let demand = Demand { minimum_length, variety, strong_bits: None, words: None, least_bits };
        Self { agent: demand.clone(), administrator: demand }
    }

    /// The demand on someone.
    pub fn demand(&self, role_is_admin: bool) -> &Demand {
        if role_is_admin { &self.administrator } else { &self.agent }
    }
}

/// One reason why a password is refused; its text says what to do, and holds nothing of the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than the role needs.
    TooShort {
        /// Characters it has.
        length: usize,
        /// Characters it needs.
        minimum: usize,
    },
    /// Over [`MAX_BYTES`].
    TooLong,
    /// It holds a control character, which no keyboard can be trusted to repeat.
    ControlCharacter,
    /// Too few kinds of characters.
    TooPlain(Variety),
    /// It is on the list of common passwords, or is one of them with decoration.
    Common,
    /// Words, dates or runs make it quickly guessed, though it is on no list as a whole.
    Predictable {
        /// Bits that it is worth.
        bits: u32,
        /// Bits it needs.
        least: u32,
    },
    /// It holds the part of the address before the `@`, or a piece of it.
    ContainsAddress,
    /// It holds a part of the person's name.
    ContainsName,
}

impl Weakness {
    /// A stable word that clients translate.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too-short",
            Self::TooLong => "too-long",
            Self::ControlCharacter => "control-character",
            Self::TooPlain(Variety::Classes(_)) => "too-plain",
            Self::TooPlain(Variety::LowerUpperFigure) => "too-plain-three",
            Self::TooPlain(Variety::LowerUpperFigureSign) => "too-plain-four",
            Self::Common => "common",
            Self::Predictable { .. } => "predictable",
            Self::ContainsAddress => "contains-address",
            Self::ContainsName => "contains-name",
        }
    }

    /// The number that was missed: characters of what is too short, bits of what is predictable.
    pub fn least(&self) -> Option<u64> {
        match self {
            Self::TooShort { minimum, .. } => u64::try_from(*minimum).ok(),
            Self::Predictable { least, .. } => Some((*least).into()),
            _ => None,
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { length, minimum } => {
                write!(
                    f,
                    "it has {length} characters and needs {minimum}: add some, a few more words do it best"
                )
            }
            Self::TooLong => write!(f, "it weighs more than {MAX_BYTES} bytes: shorten it"),
            Self::ControlCharacter => {
                f.write_str("it holds a tab, a line break or another invisible character: type it without")
            }
            Self::TooPlain(Variety::Classes(count)) => {
                write!(
                    f,
                    "mix {count} of lower case, upper case, figures and signs, or use seven different words"
                )
            }
            Self::TooPlain(Variety::LowerUpperFigure) => f.write_str(
                "it needs a lower case letter, an upper case letter and a figure: add what is missing",
            ),
            Self::TooPlain(Variety::LowerUpperFigureSign) => f.write_str(
                "it needs a lower case letter, an upper case letter, a figure and a sign: add what is missing",
            ),
            Self::Common => f.write_str(
                "it is one of the passwords that everyone tries first: choose another, not a variant",
            ),
            Self::Predictable { bits, least } => write!(
                f,
                "it is worth {bits} bits and needs {least}, being made of common words, dates or series, or of few \
                 characters: add words that do not go together"
            ),
            Self::ContainsAddress => f.write_str("it holds a part of your address: leave that part out"),
            Self::ContainsName => f.write_str("it holds a part of your name: leave that part out"),
        }
    }
}

/// Whether `password` may be the one of the person with that `address` and display `name`.
///
/// # Errors
/// Every [`Weakness`] at once, so that nobody corrects one to meet the next.
pub fn check(
    rules: &PasswordRules,
    role_is_admin: bool,
    password: &SecretString,
    address: &str,
    name: &str,
) -> Result<(), Vec<Weakness>> {
    // First, because everything after costs time in proportion to the length.
    if password.expose_secret().len() > MAX_BYTES {
        return Err(vec![Weakness::TooLong]);
    }
    let demand = rules.demand(role_is_admin);
    let password = normalise(password.expose_secret());
    let mut weaknesses = Vec::new();

    if password.chars().any(char::is_control) {
        weaknesses.push(Weakness::ControlCharacter);
    }
    let length = password.chars().count();
    let bits = strength::bits(&password);
    let strong = demand.strong_bits.is_some_and(|wanted| bits >= f64::from(wanted))
        || demand.words.is_some_and(|wanted| words(&password) >= wanted);
    if !strong && length < demand.minimum_length {
        weaknesses.push(Weakness::TooShort { length, minimum: demand.minimum_length });
    }
    if !strong && !demand.variety.is_met(&password) {
        weaknesses.push(Weakness::TooPlain(demand.variety));
    }
    if is_common(&password) {
        weaknesses.push(Weakness::Common);
    } else if length >= demand.minimum_length && bits < f64::from(demand.least_bits) {
        // Rounded down: nobody is told that what they have is what they need.
        weaknesses.push(Weakness::Predictable { bits: bits as u32, least: demand.least_bits });
    }
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    if holds_part_of(&password, local) {
        weaknesses.push(Weakness::ContainsAddress);
    }
    if holds_part_of(&password, name) {
        weaknesses.push(Weakness::ContainsName);
    }
    if weaknesses.is_empty() { Ok(()) } else { Err(weaknesses) }
}

impl Variety {
    fn is_met(self, password: &str) -> bool {
        let has = |belongs: fn(char) -> bool| password.chars().any(belongs);
        let (lower, upper, figure) =
            (has(char::is_lowercase), has(char::is_uppercase), has(|c| c.is_ascii_digit()));
        let other = has(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_ascii_digit());
        match self {
            Self::Classes(wanted) => {
                [lower, upper, figure, other].into_iter().filter(|met| *met).count() >= wanted
            }
            Self::LowerUpperFigure => lower && upper && figure,
            Self::LowerUpperFigureSign => lower && upper && figure && other,
        }
    }
}

/// Different words of at least three letters.
fn words(password: &str) -> usize {
    let plain = listed::plain(password);
    plain
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().count() >= 3)
        .collect::<HashSet<_>>()
        .len()
}

fn is_common(password: &str) -> bool {
    listed::canonical_forms(password)
        .iter()
        .any(|(form, decoration)| *decoration <= DECORATION && listed::is_listed(form))
}

/// Whether the password holds `text` or one of its pieces, whatever the case, accents and figures.
fn holds_part_of(password: &str, text: &str) -> bool {
    let plain = listed::plain(password);
    let forms = [plain.clone(), listed::unleet(&plain, 'i'), listed::unleet(&plain, 'l')];
    let text = listed::plain(text);
    let pieces = text.split(|c: char| !c.is_alphanumeric());
    pieces
        .chain([text.as_str()])
        .filter(|piece| piece.chars().count() >= PART)
        .any(|piece| forms.iter().any(|form| form.contains(piece)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADDRESS: &str = "zelie.marchand@demo.localhost";
    const NAME: &str = "Zélie Marchand";

    fn codes(rules: &PasswordRules, admin: bool, password: &str) -> String {
        match check(rules, admin, &SecretString::from(password), ADDRESS, NAME) {
            Ok(()) => "ok".to_owned(),
            Err(list) => list.iter().map(Weakness::code).collect::<Vec<_>>().join(" "),
        }
    }

    #[test]
    fn the_table_of_the_two_profiles() {
        // password, default for an agent, default for an administrator, S1
        for (password, agent, administrator, s1) in [
            ("Abcdefg1", "too-short", "too-short", "ok"),
            ("correct-Horse-7-etable", "ok", "ok", "ok"),
            ("Tr0mbone-vert", "ok", "too-short", "ok"),
            ("brume tuile navette ocre silex godet lagon", "ok", "ok", "too-plain-three"),
            ("k7#Qv2!xW9zLr", "ok", "ok", "ok"),
            ("qsdkfjhgmlzr", "too-plain", "too-short too-plain", "too-plain-three"),
            ("Soleil2024!", "too-short common", "too-short common", "common"),
            ("P@ssw0rd123!", "common", "too-short common", "common"),
            ("Bienvenue-Janvier-2026", "predictable", "predictable", "ok"),
            ("aaaaAAAA1111!!!!", "common", "common", "common"),
            ("Marchand-42-trombone", "contains-address contains-name", "contains-address contains-name", {
                "contains-address contains-name"
            }),
            (
                "Le m4rch4nd dort 7 fois",
                "contains-address contains-name",
                "contains-address contains-name",
                { "contains-address contains-name" },
            ),
            ("", "too-short too-plain", "too-short too-plain", "too-short too-plain-three"),
            ("Trombone\tvert 12 brume", "control-character", "control-character", "control-character"),
        ] {
            let rules = PasswordRules::default();
            assert_eq!(codes(&rules, false, password), agent, "agent: {password}");
            assert_eq!(codes(&rules, true, password), administrator, "administrator: {password}");
            assert_eq!(codes(&PasswordRules::s1(), false, password), s1, "S1: {password}");
        }
    }

    #[test]
    fn the_table_of_a_bodys_own_rules() {
        // password, the least that may be asked, the same with a sign, 16 with a sign and 70 bits
        for (password, least, sign, strict) in [
            ("Abcdefg1", "ok", "too-plain-four", "too-short too-plain-four"),
            ("Abcdef1", "too-short", "too-short too-plain-four", "too-short too-plain-four"),
            ("abcdefg-1", "too-plain-three", "too-plain-four", "too-short too-plain-four"),
            ("Tr0mbone-vert", "ok", "ok", "too-short"),
            ("k7#Qv2!xW9zLrPm4", "ok", "ok", "ok"),
            ("Bienvenue-Janvier-2026", "ok", "ok", "predictable"),
            // A policy that is quoted has no second way, however strong what is typed.
            (
                "brume tuile navette ocre silex godet lagon",
                "too-plain-three",
                "too-plain-four",
                "too-plain-four",
            ),
            ("Soleil2024!", "common", "common", "too-short common"),
            (
                "Marchand-42-trombone",
                "contains-address contains-name",
                "contains-address contains-name",
                "contains-address contains-name",
            ),
        ] {
            for admin in [false, true] {
                assert_eq!(codes(&PasswordRules::own(8, false, 0), admin, password), least, "{password}");
                assert_eq!(codes(&PasswordRules::own(8, true, 0), admin, password), sign, "{password}");
                assert_eq!(codes(&PasswordRules::own(16, true, 70), admin, password), strict, "{password}");
            }
            let s1 = codes(&PasswordRules::s1(), false, password);
            assert_eq!(codes(&PasswordRules::own(8, false, 0), false, password), s1, "the least is S1");
        }
    }

    #[test]
    fn every_listed_password_is_refused_offline_plain_or_decorated() {
        for rules in [PasswordRules::default(), PasswordRules::s1()] {
            for stem in
                ["motdepasse", "azerty", "doudou", "wachtwoord", "voetbal", "schatz", "passwort", "qwerty"]
            {
                let mut initial = stem.to_owned();
                initial[..1].make_ascii_uppercase();
                for variant in [
                    stem.to_owned(),
                    format!("{initial}1"),
                    format!("{initial}2026!"),
                    format!("{initial}123456!"),
                    format!("!!{initial}01"),
                    format!("{initial}{stem}"),
                    initial.replace('o', "0").replace('a', "@"),
                ] {
                    assert!(codes(&rules, false, &variant).contains("common"), "{variant}");
                }
            }
        }
    }

    #[test]
    fn what_is_too_long_costs_nothing_more() {
        assert_eq!(codes(&PasswordRules::default(), false, &"é".repeat(513)), "too-long");
    }

    #[test]
    fn every_weakness_says_what_to_do() {
        for weakness in [
            Weakness::TooShort { length: 8, minimum: 12 },
            Weakness::TooLong,
            Weakness::ControlCharacter,
            Weakness::TooPlain(Variety::Classes(3)),
            Weakness::TooPlain(Variety::LowerUpperFigure),
            Weakness::TooPlain(Variety::LowerUpperFigureSign),
            Weakness::Common,
            Weakness::Predictable { bits: 31, least: 50 },
            Weakness::ContainsAddress,
            Weakness::ContainsName,
        ] {
            let text = weakness.to_string();
            assert!(text.contains(": ") || text.starts_with("mix "), "{}: {text}", weakness.code());
        }
    }

    proptest! {
        #[test]
        fn no_password_breaks_the_rules(password in ".{0,80}", address in ".{0,40}", name in ".{0,40}") {
            let _ = check(&PasswordRules::default(), true, &SecretString::from(password), &address, &name);
        }

        #[test]
        fn what_a_generator_makes_is_accepted(password in "[a-z]{5}[A-Z]{5}[2-9]{3}[a-z]{5}") {
            // Chance may spell a listed word; it may not make the rest worthless.
            let verdict = codes(&PasswordRules::default(), false, &password);
            prop_assert!(verdict == "ok" || verdict == "predictable", "{}: {}", password, verdict);
        }
    }
}
