//! One name, one alphabet (ID14): « Аlice » with a Cyrillic А looks like Alice and is somebody else.

use unicode_script::{Script, UnicodeScript as _};

/// A name takes letters that look alike from two alphabets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the letter « {letter} » is {theirs} among {first} ones, and could be taken for another; type the name again in one alphabet"
)]
pub struct MixedScripts {
    /// The first letter of the second alphabet.
    pub letter: char,
    /// Its alphabet.
    pub theirs: &'static str,
    /// The alphabet before it.
    pub first: &'static str,
}

/// Refuses a name that mixes alphabets whose letters look like each other's (UTS #39 §5.1, "moderately
/// restrictive": Latin beside Chinese or Arabic is fine, beside Cyrillic or Greek it is not).
///
/// # Errors
/// `MixedScripts`, with the letter.
pub fn one_script(text: &str) -> Result<(), MixedScripts> {
    let mut first = None;
    for letter in text.chars() {
        let Some(script) = alike(letter) else { continue };
        match first {
            None => first = Some(script),
            Some(before) if before == script => {}
            Some(before) => {
                return Err(MixedScripts { letter, theirs: script.full_name(), first: before.full_name() });
            }
        }
    }
    Ok(())
}

/// The alphabet of a letter, when others have letters that look like its own. Letters dressed as symbols of
/// mathematics (« 𝐀 ») belong to no alphabet and count as one more.
fn alike(letter: char) -> Option<Script> {
    if matches!(letter, '\u{1d400}'..='\u{1d7ff}') {
        return Some(Script::Common);
    }
    let script = letter.script();
    let looks = matches!(
        script,
        Script::Latin
            | Script::Cyrillic
            | Script::Greek
            | Script::Armenian
            | Script::Cherokee
            | Script::Coptic
            | Script::Lisu
            | Script::Deseret
            | Script::Warang_Citi
    );
    looks.then_some(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_look_alike_stay_among_their_own() {
        for fine in [
            "Alice Martin",
            "Élodie d’Œuvre-Næss",
            "Мария Иванова",
            "Γιώργος Παπάς",
            "Jean-Pierre 2",
            "李 Wei",
            "田中 Tanaka さん",
            "محمد",
            "",
        ] {
            assert_eq!(one_script(fine), Ok(()), "{fine}");
        }
        for (mixed, letter) in [
            ("Аlice Martin", 'l'),
            ("Alice Mаrtin", 'а'),
            ("Αlice", 'l'),
            ("Ivan Иванов", 'И'),
            ("Μαrία", 'r'),
            ("Аlpha Ωmega", 'l'),
            ("Аρ", 'ρ'),
            ("𝐀lice", 'l'),
            ("Ꭺlice", 'l'),
        ] {
            assert_eq!(one_script(mixed).map_err(|wrong| wrong.letter), Err(letter), "{mixed}");
        }
    }
}
