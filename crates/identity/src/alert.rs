//! What in the audit log somebody who keeps a body safe is told at once (LG5).
//!
//! A calculation: entries in, alerts out. Which entries were looked at already is the caller's to know.

use std::collections::HashSet;

/// What is alerted. Each kind is grouped by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Alarm {
    /// Many refused sign-ins for one account.
    GuessedAccount,
    /// Many refused sign-ins from one place, over several accounts.
    GuessingPlace,
    /// Somebody who administers signed in from a place never seen before.
    NewPlace,
    /// A technical role was given or taken.
    Role,
    /// Somebody's keys were taken away, or their password is reset by an administrator.
    LostKeys,
    /// Rules of administration, of passwords or of a label changed.
    Rules,
}

impl Alarm {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::GuessedAccount, Self::GuessingPlace, Self::NewPlace, Self::Role, Self::LostKeys, Self::Rules];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::GuessedAccount => "guessed-account",
            Self::GuessingPlace => "guessing-place",
            Self::NewPlace => "new-place",
            Self::Role => "role",
            Self::LostKeys => "lost-keys",
            Self::Rules => "rules",
        }
    }

    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alarm| alarm.word() == word)
    }
}

/// An entry of the log, as far as alarms look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at_us: i64,
    /// What.
    pub act: String,
    /// Whether it was done; refused otherwise.
    pub done: bool,
    /// Whose account; empty for nobody's.
    pub actor: String,
    /// From which place; may be empty.
    pub place: String,
    /// What else.
    pub detail: String,
}

/// How long refusals count: ten minutes.
pub const WINDOW_US: i64 = 600_000_000;
/// Refusals for one account. Who forgot a password tries five or six.
const ACCOUNT: usize = 10;
/// Refusals from one place, over at least so many accounts.
const PLACE: usize = 10;
const ACCOUNTS: usize = 3;

/// What the entries after number `mark` call for, with the entry that does; `entries` reach [`WINDOW_US`] further
/// back and are in their order.
pub fn alarms(entries: &[Seen], mark: i64) -> Vec<(Alarm, i64)> {
    entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.seq > mark)
        .filter_map(|(n, entry)| alarm(entry, &entries[..=n]).map(|alarm| (alarm, entry.seq)))
        .collect()
}

fn alarm(entry: &Seen, until: &[Seen]) -> Option<Alarm> {
    if refused(entry) {
        let recent = || until.iter().filter(|e| refused(e) && entry.at_us - e.at_us < WINDOW_US);
        let here: Vec<_> = recent().filter(|e| e.place == entry.place).collect();
        // Addresses that nobody has are not kept: each counts as another.
        let known: HashSet<_> =
            here.iter().map(|e| e.actor.as_str()).filter(|actor| !actor.is_empty()).collect();
        let strangers = here.iter().filter(|e| e.actor.is_empty()).count();
        if !entry.place.is_empty() && here.len() >= PLACE && known.len() + strangers >= ACCOUNTS {
            return Some(Alarm::GuessingPlace);
        }
        let many = !entry.actor.is_empty() && recent().filter(|e| e.actor == entry.actor).count() >= ACCOUNT;
        return many.then_some(Alarm::GuessedAccount);
    }
    match (entry.act.as_str(), entry.done) {
        ("place.new", true) => Some(Alarm::NewPlace),
        ("account.role", true) => Some(Alarm::Role),
        ("factor.forget", true) => Some(Alarm::LostKeys),
        ("account.invite", true) if entry.detail == "reset" => Some(Alarm::LostKeys),
        ("administration.rules" | "passkeys.makers" | "passwords.change" | "label.change", true) => {
            Some(Alarm::Rules)
        }
        _ => None,
    }
}

fn refused(entry: &Seen) -> bool {
    !entry.done && (entry.act == "session.open" || entry.act == "session.prove")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seq: i64, act: &str, done: bool, actor: i64, place: &str, detail: &str) -> Seen {
        let (act, place, detail) = (act.to_owned(), place.to_owned(), detail.to_owned());
        let actor = if actor == 0 { String::new() } else { format!("{actor}@mairie.test") };
        Seen { seq, at_us: seq * 1_000_000, act, done, actor, place, detail }
    }

    /// `count` refusals; `whose` and `whence` say of which account and place the n-th is.
    fn guesses(count: i64, whose: fn(i64) -> i64, whence: fn(i64) -> i64) -> Vec<Seen> {
        (1..=count)
            .map(|n| seen(n, "session.open", false, whose(n), &format!("192.0.2.{}/32", whence(n)), ""))
            .collect()
    }

    #[test]
    fn guessing_is_told_and_forgetting_is_not() {
        let of = |entries: &[Seen], mark| alarms(entries, mark);
        assert_eq!(of(&guesses(9, |_| 7, |_| 1), 0), [], "a forgotten password");
        assert_eq!(of(&guesses(10, |_| 7, |_| 1), 0), [(Alarm::GuessedAccount, 10)]);
        assert_eq!(of(&guesses(10, |_| 7, |n| n), 0), [(Alarm::GuessedAccount, 10)], "from many places");
        assert_eq!(of(&guesses(10, |n| n, |_| 1), 0), [(Alarm::GuessingPlace, 10)]);
        assert_eq!(of(&guesses(10, |_| 0, |_| 1), 0), [(Alarm::GuessingPlace, 10)], "addresses of nobody");
        assert_eq!(of(&guesses(10, |n| n, |n| n), 0), [], "everybody mistypes once");
        assert_eq!(of(&guesses(11, |n| n, |_| 1), 10), [(Alarm::GuessingPlace, 11)], "after the mark only");
        let mut slow = guesses(10, |_| 7, |_| 1);
        slow.iter_mut().for_each(|entry| entry.at_us *= 100);
        assert_eq!(of(&slow, 0), [], "one in a hundred seconds");
    }

    #[test]
    fn acts_that_change_who_may_what_are_told_when_they_were_done() {
        let rows: [(&str, bool, &str, Option<Alarm>); 8] = [
            ("place.new", true, "", Some(Alarm::NewPlace)),
            ("account.role", true, "agent → administrator", Some(Alarm::Role)),
            ("account.role", false, "", None),
            ("factor.forget", true, "keys: 1", Some(Alarm::LostKeys)),
            ("account.invite", true, "reset", Some(Alarm::LostKeys)),
            ("account.invite", true, "invitation", None),
            ("label.change", true, "", Some(Alarm::Rules)),
            ("session.open", true, "", None),
        ];
        for (act, done, detail, alarm) in rows {
            let found = alarms(&[seen(1, act, done, 7, "192.0.2.7/32", detail)], 0);
            assert_eq!(found.first().map(|(alarm, _)| *alarm), alarm, "{act} {done} {detail}");
        }
    }
}
