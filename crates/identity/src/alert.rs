//! What in the audit log somebody who keeps a body safe is told at once (LG5).
//!
//! A calculation: entries and rules in, alarms out. Which entries were looked at already is the caller's to know.

use beffroi_domain::{Alarm, AlertRules, Threshold};
use std::collections::{BTreeMap, BTreeSet, HashSet};

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
    /// Whose account; empty for nobody's, `machine` for the operator's.
    pub actor: String,
    /// From which place; may be empty.
    pub place: String,
    /// The rule that refused it; empty when it was done.
    pub rule: String,
    /// What else.
    pub detail: String,
}

/// Something that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Of which kind.
    pub alarm: Alarm,
    /// The entries that it speaks of, in their order; those that were told before may be among them.
    pub entries: BTreeSet<i64>,
    /// The last entry that called for it.
    pub latest: i64,
}

/// What the entries after number `mark` call for, one of each kind at most. `entries` are in their order and have
/// the refusals that reach as far back as the rules count.
pub fn alarms(entries: &[Seen], mark: i64, rules: &AlertRules) -> Vec<Raised> {
    let mut raised = BTreeMap::<Alarm, Raised>::new();
    for (n, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.seq > mark) {
        let Some((alarm, with)) = alarm(entry, &entries[..=n], rules) else { continue };
        let told =
            raised.entry(alarm).or_insert(Raised { alarm, entries: BTreeSet::new(), latest: entry.seq });
        told.entries.extend(with);
        told.latest = entry.seq;
    }
    raised.into_values().collect()
}

/// What an entry calls for, with the entries that it calls for it together with.
fn alarm(entry: &Seen, until: &[Seen], rules: &AlertRules) -> Option<(Alarm, Vec<i64>)> {
    if refused(entry) {
        return guessing(entry, until, rules);
    }
    let mut kinds = single(entry).iter().copied();
    kinds.find(|alarm| rules.of(*alarm).on).map(|alarm| (alarm, vec![entry.seq]))
}

fn guessing(entry: &Seen, until: &[Seen], rules: &AlertRules) -> Option<(Alarm, Vec<i64>)> {
    let recent = |threshold: Threshold, same: fn(&Seen, &Seen) -> bool| {
        let window = i64::from(threshold.minutes) * crate::MINUTE_US;
        let near = |e: &&Seen| refused(e) && entry.at_us - e.at_us < window && same(e, entry);
        let found: Vec<_> = until.iter().filter(near).collect();
        (found.len() >= threshold.count as usize).then_some(found)
    };
    let numbers = |alarm: &Alarm| Some(rules.of(*alarm)).filter(|rule| rule.on)?.threshold;
    let seqs = |found: Vec<&Seen>| found.into_iter().map(|e| e.seq).collect();
    if let Some(threshold) = numbers(&Alarm::GuessingPlace)
        && !entry.place.is_empty()
        && let Some(here) = recent(threshold, |one, other| one.place == other.place)
    {
        // Addresses that nobody has are not kept: each counts as another.
        let known: HashSet<_> =
            here.iter().map(|e| e.actor.as_str()).filter(|actor| !actor.is_empty()).collect();
        let strangers = here.iter().filter(|e| e.actor.is_empty()).count();
        if known.len() + strangers >= threshold.accounts as usize {
            return Some((Alarm::GuessingPlace, seqs(here)));
        }
    }
    let threshold = numbers(&Alarm::GuessedAccount).filter(|_| !entry.actor.is_empty())?;
    let found = recent(threshold, |one, other| one.actor == other.actor)?;
    Some((Alarm::GuessedAccount, seqs(found)))
}

/// What an entry calls for by itself: the kinds of which it is, the gravest first.
fn single(entry: &Seen) -> &'static [Alarm] {
    if !entry.done {
        return &[];
    }
    let about = |act: &str| entry.detail.split(' ').next() == Some(act);
    let machine = entry.actor == "machine";
    match entry.act.as_str() {
        "place.new" => &[Alarm::NewPlace],
        "account.role" => &[Alarm::Role],
        "account.add" if entry.detail != "agent" => &[Alarm::Role],
        "factor.forget" => &[Alarm::LostKeys],
        "account.invite" if entry.detail == "reset" => &[Alarm::LostKeys],
        "administration.rules" | "passwords.change" | "passkeys.makers" | "lock.change" | "label.change" => {
            &[Alarm::Rules]
        }
        "four-eyes.change" if entry.detail.ends_with("→ off") => &[Alarm::SecondPerson],
        // Where nobody else may decide it is the operator, and the others of the body learn of it.
        "request.approve" if machine && about("impersonation") => {
            &[Alarm::SecondPerson, Alarm::Impersonation]
        }
        "request.approve" if machine => &[Alarm::SecondPerson],
        "request.approve" if about("impersonation") => &[Alarm::Impersonation],
        "audit.export" => &[Alarm::Export],
        "request.use" if about("export") => &[Alarm::Export],
        "tenant.add" | "tenant.delegate" | "tenant.close" | "tenant.open" | "tenant.operator" => {
            &[Alarm::Bodies]
        }
        "alerts.change" => &[Alarm::Alerts],
        "audit.broken" => &[Alarm::BrokenLog],
        _ => &[],
    }
}

/// Whether somebody tried and proved too little. Whoever had the right password for a body that is closed, or
/// would be proved by a letter that this server cannot send, guessed nothing.
fn refused(entry: &Seen) -> bool {
    !entry.done
        && (entry.act == "session.open" || entry.act == "session.prove")
        && !matches!(entry.rule.as_str(), "body-closed" | "no-mail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::{Counters, after_failure, wait_until};
    use beffroi_domain::AlertRule;

    fn seen(seq: i64, act: &str, done: bool, actor: i64, place: &str, detail: &str) -> Seen {
        let (act, place, detail) = (act.to_owned(), place.to_owned(), detail.to_owned());
        let actor = if actor == 0 { String::new() } else { format!("{actor}@mairie.test") };
        Seen { seq, at_us: seq * 1_000_000, act, done, actor, place, rule: String::new(), detail }
    }

    /// `count` refusals; `whose` and `whence` say of which account and place the n-th is.
    fn guesses(count: i64, whose: fn(i64) -> i64, whence: fn(i64) -> i64) -> Vec<Seen> {
        (1..=count)
            .map(|n| seen(n, "session.open", false, whose(n), &format!("192.0.2.{}/32", whence(n)), ""))
            .collect()
    }

    fn tuned(alarm: Alarm, on: bool, [count, minutes, accounts]: [u32; 3]) -> AlertRules {
        let threshold = Some(Threshold { count, minutes, accounts });
        AlertRules::default().changed(&[(alarm, AlertRule { on, threshold })]).unwrap()
    }

    /// The kinds, each with how many entries it speaks of and the last of them.
    fn of(entries: &[Seen], mark: i64, rules: &AlertRules) -> Vec<(Alarm, usize, i64)> {
        let raised = alarms(entries, mark, rules);
        raised.into_iter().map(|one| (one.alarm, one.entries.len(), one.latest)).collect()
    }

    #[test]
    fn guessing_is_told_and_forgetting_is_not() {
        use Alarm::{GuessedAccount, GuessingPlace};
        let usual = AlertRules::default();
        let of = |entries: &[Seen], mark| of(entries, mark, &usual);
        assert_eq!(of(&guesses(9, |_| 7, |_| 1), 0), [], "a forgotten password");
        assert_eq!(of(&guesses(10, |_| 7, |_| 1), 0), [(GuessedAccount, 10, 10)]);
        assert_eq!(of(&guesses(10, |_| 7, |n| n), 0), [(GuessedAccount, 10, 10)], "from many places");
        assert_eq!(of(&guesses(12, |_| 7, |_| 1), 0), [(GuessedAccount, 12, 12)], "all of them together");
        assert_eq!(of(&guesses(10, |n| n, |_| 1), 0), [(GuessingPlace, 10, 10)]);
        assert_eq!(of(&guesses(10, |_| 0, |_| 1), 0), [(GuessingPlace, 10, 10)], "addresses of nobody");
        assert_eq!(of(&guesses(10, |n| n, |n| n), 0), [], "everybody mistypes once");
        assert_eq!(of(&guesses(11, |n| n, |_| 1), 10), [(GuessingPlace, 11, 11)], "after the mark only");
        let mut slow = guesses(10, |_| 7, |_| 1);
        slow.iter_mut().for_each(|entry| entry.at_us *= 100);
        assert_eq!(of(&slow, 0), [], "one in a hundred seconds");
    }

    #[test]
    fn the_right_password_at_a_closed_door_is_no_guess() {
        for (rule, told) in [("credentials", 1), ("code", 1), ("body-closed", 0), ("no-mail", 0)] {
            let mut refusals = guesses(12, |_| 7, |_| 1);
            refusals.iter_mut().for_each(|entry| rule.clone_into(&mut entry.rule));
            assert_eq!(alarms(&refusals, 0, &AlertRules::default()).len(), told, "{rule}");
        }
    }

    #[test]
    fn a_body_tunes_what_it_is_told() {
        use Alarm::{GuessedAccount, GuessingPlace};
        let one = |n| guesses(n, |_| 7, |_| 1);
        let rules = tuned(GuessedAccount, true, [6, 10, 1]);
        assert_eq!(of(&one(5), 0, &rules), []);
        assert_eq!(of(&one(6), 0, &rules), [(GuessedAccount, 6, 6)]);
        assert_eq!(of(&one(12), 0, &tuned(GuessedAccount, false, [6, 10, 1])), []);
        let list = guesses(12, |n| n % 4 + 1, |_| 1);
        assert_eq!(of(&list, 0, &AlertRules::default()), [(GuessingPlace, 12, 12)]);
        assert_eq!(of(&list, 0, &tuned(GuessingPlace, true, [10, 10, 5])), [], "four accounts are too few");
        assert_eq!(of(&list, 0, &tuned(GuessingPlace, false, [10, 10, 3])), []);
        let few = guesses(10, |_| 7, |_| 1);
        let off = tuned(GuessingPlace, false, [10, 10, 3]);
        assert_eq!(of(&few, 0, &off), [(GuessedAccount, 10, 10)], "one off leaves the other on");
        let mut slow = one(10);
        slow.iter_mut().for_each(|entry| entry.at_us *= 100);
        assert_eq!(of(&slow, 0, &tuned(GuessedAccount, true, [10, 20, 1])), [(GuessedAccount, 10, 10)]);
    }

    /// Whoever waits as long as they must makes as many tries as the highest number asks for, in the least time.
    #[test]
    fn the_highest_numbers_are_reached_in_spite_of_the_growing_wait() {
        for (alarm, many) in [(Alarm::GuessedAccount, false), (Alarm::GuessingPlace, true)] {
            let (least, most) = alarm.bounds().unwrap();
            let (mut counters, mut now) = (Counters::default(), 1_790_000_000_000_000);
            let start = now;
            for _ in 0..most.count {
                // A list of accounts: only the place is tried again.
                let tried =
                    if many { Counters { block: counters.block, ..Counters::default() } } else { counters };
                now = wait_until(&tried, now).unwrap_or(now);
                counters = after_failure(&tried, now);
            }
            assert!(now - start < i64::from(least.minutes) * crate::MINUTE_US, "{alarm:?}");
        }
    }

    #[test]
    fn acts_that_change_who_may_what_are_told_when_they_were_done() {
        let rows: &[(&str, bool, &str, Option<Alarm>)] = &[
            ("place.new", true, "", Some(Alarm::NewPlace)),
            ("account.role", true, "agent → administrator", Some(Alarm::Role)),
            ("account.role", false, "", None),
            ("account.add", true, "administrator", Some(Alarm::Role)),
            ("account.add", true, "agent", None),
            ("factor.forget", true, "keys: 1", Some(Alarm::LostKeys)),
            ("account.invite", true, "reset", Some(Alarm::LostKeys)),
            ("account.invite", true, "invitation", None),
            ("label.change", true, "", Some(Alarm::Rules)),
            ("lock.change", true, "", Some(Alarm::Rules)),
            ("passkeys.makers", true, "1 → 0", Some(Alarm::Rules)),
            ("four-eyes.change", true, "on → off", Some(Alarm::SecondPerson)),
            ("four-eyes.change", true, "off → on", None),
            ("request.approve", true, "impersonation bob@mairie.test (x): y", Some(Alarm::Impersonation)),
            ("request.approve", true, "retention internal 30 (x): impersonation", None),
            ("request.use", true, "export (x), approved by z: y", Some(Alarm::Export)),
            ("request.use", true, "impersonation bob@mairie.test (x)", None),
            ("audit.export", true, "", Some(Alarm::Export)),
            ("audit.export", false, "", None),
            ("alerts.change", true, "role: on → off", Some(Alarm::Alerts)),
            ("tenant.close", true, "Région (region.test)", Some(Alarm::Bodies)),
            ("tenant.close", false, "", None),
            ("tenant.operator", true, "off → on", Some(Alarm::Bodies)),
            ("audit.broken", true, "entry 3", Some(Alarm::BrokenLog)),
            ("session.open", true, "", None),
        ];
        for (act, done, detail, alarm) in rows {
            let entry = [seen(1, act, *done, 7, "192.0.2.7/32", detail)];
            let found = alarms(&entry, 0, &AlertRules::default());
            assert_eq!(found.first().map(|one| one.alarm), *alarm, "{act} {done} {detail}");
            // Switched off, nothing is told but what always is.
            let Some(alarm) = alarm else { continue };
            let off = AlertRules::default().changed(&[(*alarm, AlertRule { on: false, threshold: None })]);
            assert_eq!(off.is_err(), alarm.always());
            assert_eq!(alarms(&entry, 0, &off.unwrap_or_default()).is_empty(), !alarm.always(), "{act}");
        }
        let machine =
            Seen { actor: "machine".into(), ..seen(1, "request.approve", true, 7, "", "export (x): y") };
        assert_eq!(
            of(std::slice::from_ref(&machine), 0, &AlertRules::default()),
            [(Alarm::SecondPerson, 1, 1)]
        );
        // Of two kinds, it is told as the one that is on.
        let both = [Seen { detail: "impersonation bob@mairie.test (x): y".into(), ..machine }];
        assert_eq!(of(&both, 0, &AlertRules::default()), [(Alarm::SecondPerson, 1, 1)]);
        let off = AlertRule { on: false, threshold: None };
        let without = AlertRules::default().changed(&[(Alarm::SecondPerson, off)]).unwrap();
        assert_eq!(of(&both, 0, &without), [(Alarm::Impersonation, 1, 1)]);
    }
}
