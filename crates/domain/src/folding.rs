//! How people are found and put in order: without accents, without case, by the beginnings of their words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Characters of a search text that are read.
const MOST_TEXT: usize = 200;
/// Words of a search that count: further ones would only make it narrower.
const MOST_WORDS: usize = 4;
/// Bytes of a word: a longer one is found by its beginning all the same.
const MOST_BYTES: usize = 64;

/// The words of a text as they are compared: « Élodie Lefèvre-Næss » is `elodie`, `lefevre`, `naess`.
pub fn folded_words(text: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word = String::new();
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).chain([' ']) {
        match joined(c) {
            Some(letters) => word.push_str(letters),
            None if c.is_alphanumeric() => word.push(c),
            // Lower case may come with a mark of its own (İ): it is one of those that do not count.
            None if is_combining_mark(c) => {}
            None if word.is_empty() => {}
            None => {
                let kept = word.floor_char_boundary(MOST_BYTES);
                word.truncate(kept);
                words.push(std::mem::take(&mut word));
            }
        }
    }
    words
}

/// Letters that no decomposition takes apart.
fn joined(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ß' => "ss",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

/// What puts a person in their place among the others: the folded name, then the address, which makes it theirs
/// alone.
pub fn sorting(name: &str, address: &str) -> String {
    format!("{}\n{address}", folded_words(name).join(" "))
}

/// What somebody typed to find people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought(Vec<String>);

impl Sought {
    /// Reads a search among people of `domain`. Each word must begin a word of the name or of what stands before
    /// the `@`; what follows an `@` is no help, since everybody has the same.
    pub fn read(text: &str, domain: &str) -> Self {
        let mut words = vec![];
        for part in text.chars().take(MOST_TEXT).collect::<String>().split_whitespace() {
            match part.split_once('@') {
                Some((local, end)) if domain.starts_with(&end.to_lowercase()) => {
                    words.extend(folded_words(local));
                }
                _ => words.extend(folded_words(part)),
            }
        }
        words.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        words.truncate(MOST_WORDS);
        Self(words)
    }

    /// The words, the longest first: it leaves the fewest people.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_hyphens_do_not_count() {
        for (text, words) in [
            ("Élodie Lefèvre-Næss", &["elodie", "lefevre", "naess"][..]),
            ("  D’Hondt, Jan (2) ", &["d", "hondt", "jan", "2"]),
            ("Straße ŁUKASZ İzmir", &["strasse", "lukasz", "izmir"]),
            ("Ｆｕｌｌ ﬁn", &["full", "fin"]),
            ("Мария ΜΑΡΊΑ 会議", &["мария", "μαρια", "会議"]),
            ("jean.de_la-tour+x", &["jean", "de", "la", "tour", "x"]),
            ("!?", &[]),
        ] {
            assert_eq!(folded_words(text), words, "{text}");
        }
        assert_eq!(folded_words(&"é".repeat(500))[0].len(), MOST_BYTES);
    }

    #[test]
    fn a_search_is_a_few_words_whose_order_does_not_count() {
        let words = |text: &str| Sought::read(text, "mairie.test").words().join(" ");
        assert_eq!(words("Lefèvre éL"), "lefevre el");
        assert_eq!(words("el LEFEVRE"), "lefevre el");
        assert_eq!(words("alice.martin@mai"), "martin alice");
        assert_eq!(words("alice@ailleurs.test"), "ailleurs alice test");
        assert_eq!(words("a b c d e f"), "a b c d");
        assert_eq!(words("%' OR 1=1 --"), "or 1");
        assert_eq!(words("   "), "");
    }

    #[test]
    fn people_of_one_name_are_told_apart_by_their_address() {
        assert!(sorting("Élodie Zola", "a@x") < sorting("Emile", "a@x"));
        assert!(sorting("Jean Roy", "a@x") < sorting("Jean Roy", "b@x"));
        assert!(sorting("Jean", "z@x") < sorting("Jean Roy", "a@x"));
    }
}
