//! How many guesses a password is worth: a cautious estimate in bits.
//!
//! The cheapest way to spell the password is sought, as a guesser would: listed words, dates, runs,
//! repetitions, and single characters for the rest. Cautious means that it errs on the low side.

use crate::listed;

/// What a listed word costs a guesser: about 4,500 stems.
const WORD_BITS: f64 = 12.0;
/// A capital somewhere in the word, or figures for letters.
const TWIST_BITS: f64 = 1.5;
/// A year from 1900 to 2099.
const YEAR_BITS: f64 = 7.6;
/// A day, written with six or eight figures.
const DATE_BITS: f64 = 15.0;
/// Characters looked at: what comes after can only add, so the estimate stays a lower bound.
const LOOKED_AT: usize = 128;

/// The estimate for `password`, in bits.
pub(crate) fn bits(password: &str) -> f64 {
    let written: Vec<char> = password.chars().take(LOOKED_AT).collect();
    let plain: Vec<char> = listed::plain(&written.iter().collect::<String>()).chars().collect();
    let single = f64::from(pool(&written)).log2();
    let capital = if written.iter().any(|c| c.is_uppercase()) { TWIST_BITS } else { 0.0 };
    let imitated: [Vec<char>; 2] = ['i', 'l'].map(|one| {
        let text: String = plain.iter().collect();
        listed::unleet(&text, one).chars().collect()
    });

    // cheapest[n]: the fewest bits that spell the first n characters.
    let mut cheapest = vec![0.0_f64; plain.len() + 1];
    for end in 1..=plain.len() {
        let mut best = cheapest[end - 1] + single;
        let mut offer = |start: usize, cost: f64| best = best.min(cheapest[start] + cost);

        let run = run_ending_at(&plain, end);
        if run >= 3 {
            for start in end - run..=end - 3 {
                offer(start, single + f64::from((end - start) as u32).log2());
            }
        }
        for length in 4..=listed::LONGEST.min(end) {
            let start = end - length;
            let piece = &plain[start..end];
            if listed::is_listed(&piece.iter().collect::<String>()) {
                offer(start, WORD_BITS + capital);
            } else if imitated
                .iter()
                .any(|text| listed::is_listed(&text[start..end].iter().collect::<String>()))
            {
                offer(start, WORD_BITS + capital + TWIST_BITS);
            }
            if let Some(cost) = date_bits(piece) {
                offer(start, cost);
            }
            if plain[..start].windows(length).any(|earlier| earlier == piece) {
                offer(start, f64::from(start as u32).log2() + TWIST_BITS);
            }
        }
        cheapest[end] = best;
    }
    cheapest[plain.len()]
}

/// How many characters a guesser must try at each place: the classes that appear, counted as the
/// CNIL counts them (26, 26, 10 and 37 signs; délibération 2022-100), and 100 for everything else.
fn pool(written: &[char]) -> u32 {
    let has = |belongs: fn(&char) -> bool| written.iter().any(belongs);
    let mut total = 0;
    for (present, size) in [
        (has(char::is_ascii_lowercase), 26),
        (has(char::is_ascii_uppercase), 26),
        (has(char::is_ascii_digit), 10),
        (has(|c| c.is_ascii_punctuation() || *c == ' '), 37),
        (has(|c| !c.is_ascii()), 100),
    ] {
        total += if present { size } else { 0 };
    }
    total.max(2)
}

/// The length of the longest run that ends before `end`: one step (0, +1 or -1) all along, as in
/// `aaaa`, `4567`, `cba`.
fn run_ending_at(text: &[char], end: usize) -> usize {
    let step = |at: usize| i64::from(u32::from(text[at])) - i64::from(u32::from(text[at - 1]));
    if end < 2 {
        return end;
    }
    let wanted = step(end - 1);
    if wanted.abs() > 1 {
        return 1;
    }
    1 + (1..end).rev().take_while(|at| step(*at) == wanted).count()
}

fn date_bits(piece: &[char]) -> Option<f64> {
    let figures: Vec<u32> = piece.iter().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    let pair = |at: usize| figures[at] * 10 + figures[at + 1];
    let day_and_month = || {
        let (first, second) = (pair(0), pair(2));
        (1..=31).contains(&first) && (1..=12).contains(&second)
            || (1..=12).contains(&first) && (1..=31).contains(&second)
    };
    match figures.len() {
        4 if matches!(pair(0), 19 | 20) => Some(YEAR_BITS),
        6 if day_and_month() => Some(DATE_BITS),
        8 if day_and_month() && matches!(pair(4), 19 | 20) => Some(DATE_BITS),
        8 if matches!(pair(0), 19 | 20) && (1..=12).contains(&pair(4)) => Some(DATE_BITS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_guesser_tries_first_is_worth_little() {
        for weak in [
            "Soleil2024!",
            "azerty123456",
            "aaaaaaaaaaaaaaaa",
            "abcdefghijklmnop",
            "Motdepasse14071789",
            "P@ssw0rdP@ssw0rd",
            "Bienvenue-Janvier-2026",
        ] {
            assert!(bits(weak) < 50.0, "{weak}: {}", bits(weak));
        }
    }

    #[test]
    fn what_a_generator_or_seven_words_make_is_worth_eighty() {
        for strong in ["k7#Qv2!xW9zLr", "fJ4rTq8WzN2kVb", "brume tuile navette ocre silex godet lagon"] {
            assert!(bits(strong) >= 80.0, "{strong}: {}", bits(strong));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_breaks_the_estimate(text in ".{0,200}") {
            let estimate = bits(&text);
            prop_assert!(estimate.is_finite() && estimate >= 0.0);
        }

        #[test]
        fn saying_it_twice_adds_little(text in "[a-zA-Z0-9]{8,18}") {
            prop_assert!(bits(&text.repeat(2)) <= bits(&text) + 8.0);
        }
    }
}
