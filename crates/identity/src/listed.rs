//! The offline list of common passwords (ID1): French, Dutch, German, English, and keyboards.
//!
//! The lists hold stems in lower case without accents or decoration; [`canonical_forms`] takes the
//! decoration off a password first, so that one line `soleil` refuses `Soleil2024!` and `$ole1l`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One stem a line, sorted by bytes, unique; `tests` below hold that.
const LISTS: [&str; 5] = [
    include_str!("../words/de.txt"),
    include_str!("../words/en.txt"),
    include_str!("../words/fr.txt"),
    include_str!("../words/keys.txt"),
    include_str!("../words/nl.txt"),
];

/// The longest stem, in bytes; longer pieces of a password are not looked up.
pub(crate) const LONGEST: usize = 20;
/// The shortest stem, in bytes.
pub(crate) const SHORTEST: usize = 3;

/// Whether `stem` (lower case, no accents) is on a list.
pub(crate) fn is_listed(stem: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&stem.len()) && LISTS.iter().any(|list| has_line(list, stem))
}

/// Binary search of a line in sorted text, in place: no table is built at start, nothing is allocated.
fn has_line(text: &str, wanted: &str) -> bool {
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = text[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = text[middle..high].iter().position(|byte| *byte == b'\n').map_or(high, |at| middle + at);
        match text[start..end].cmp(wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

/// Lower case, without accents: `Été` is `ete`, `Straße` is `strasse`.
pub(crate) fn plain(text: &str) -> String {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| match c {
            'ß' => ['s', 's'].into_iter().take(2),
            'œ' => ['o', 'e'].into_iter().take(2),
            'æ' => ['a', 'e'].into_iter().take(2),
            other => [other, ' '].into_iter().take(1),
        })
        .collect()
}

/// `text` with figures and signs read as the letters they imitate; `1` and `!` are `i` or `l`.
pub(crate) fn unleet(text: &str, one: char) -> String {
    text.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' | '|' => one,
            '3' | '€' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' | '+' => 't',
            '8' => 'b',
            '9' => 'g',
            other => other,
        })
        .collect()
}

/// What is left of a password without its decoration, each form with how many characters it lost:
/// as it is, without figures and signs at both ends, and both again with figures read as letters.
pub(crate) fn canonical_forms(password: &str) -> Vec<(String, usize)> {
    let whole = plain(password);
    let mut forms = Vec::with_capacity(12);
    for base in [whole.clone(), unleet(&whole, 'i'), unleet(&whole, 'l')] {
        forms.push((base, 0));
    }
    // The ends are stripped before figures are read as letters: in `bonjour123` they are a suffix.
    let (core, lost) = stripped(&whole);
    for base in [core.to_owned(), unleet(core, 'i'), unleet(core, 'l')] {
        forms.push((base, lost));
    }
    // `p@ssw0rd!` ends in a sign that would read as a letter: only the signs go, figures stay.
    let no_signs = whole.trim_matches(|c: char| !c.is_alphanumeric());
    let signs = whole.chars().count() - no_signs.chars().count();
    for one in ['i', 'l'] {
        forms.push((unleet(no_signs, one), signs));
    }
    for index in 0..forms.len() {
        if let Some(half) = repeated_half(&forms[index].0) {
            let lost = forms[index].1;
            forms.push((half, lost));
        }
    }
    forms
}

/// `text` without what is not a letter at either end, and how many characters that was.
fn stripped(text: &str) -> (&str, usize) {
    let core = text.trim_matches(|c: char| !c.is_alphabetic());
    (core, text.chars().count() - core.chars().count())
}

fn repeated_half(text: &str) -> Option<String> {
    let middle = text.len() / 2;
    let halves = text.is_char_boundary(middle).then(|| text.split_at(middle))?;
    (!halves.0.is_empty() && halves.0 == halves.1).then(|| halves.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_unique_plain_and_of_some_size() {
        let mut total = 0;
        for list in LISTS {
            let lines: Vec<&str> = list.lines().collect();
            total += lines.len();
            for pair in lines.windows(2) {
                assert!(pair[0] < pair[1], "{} stands before {}", pair[0], pair[1]);
            }
            for line in lines {
                assert_eq!(line, plain(line), "stems are lower case and have no accents");
                assert!((SHORTEST..=LONGEST).contains(&line.len()), "{line}");
                assert!(is_listed(line), "the search misses {line}");
            }
        }
        assert!(total >= 2_000, "{total} stems");
    }

    #[test]
    fn what_is_not_a_line_is_not_found() {
        for absent in
            ["", "so", "solei", "soleill", "zzzzzzzzzzzz", "\n", "a\nb", "aaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert!(!is_listed(absent), "{absent:?}");
        }
    }

    #[test]
    fn decoration_comes_off() {
        let seen = |password: &str| {
            canonical_forms(password).into_iter().map(|(form, _)| form).collect::<Vec<_>>().join(" ")
        };
        assert!(seen("Soleil2024!").contains("soleil"));
        assert!(seen("P@ssw0rd!").contains("password"));
        assert!(seen("Été2024").contains("ete"));
        assert!(seen("Straße").contains("strasse"));
        assert!(seen("loulouloulou").split(' ').any(|form| form == "loulou"));
    }
}
