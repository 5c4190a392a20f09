//! What in the audit log is told at once, and the rules of a body about it (LG5).

use std::collections::BTreeMap;
use std::fmt;

/// What is told. Each kind is told by itself.
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
    /// Rules of administration, of passwords, of passkeys, of the lock or of a label changed.
    Rules,
    /// Dangerous acts take one person from now on, or the operator at the machine was the second one.
    SecondPerson,
    /// Somebody may act in a colleague's name.
    Impersonation,
    /// The audit log was taken out over HTTP.
    Export,
    /// A body was hosted, handed over, closed or opened, or may operate others from now on.
    Bodies,
    /// The rules of alerts changed.
    Alerts,
    /// The audit log is not the one that was signed.
    BrokenLog,
}

/// How many refusals of how many accounts, within how many minutes, are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Refusals at least.
    pub count: u32,
    /// Minutes in which they fall.
    pub minutes: u32,
    /// Accounts that they are over, at least; 1 where one account is guessed at.
    pub accounts: u32,
}

/// What a body chose about one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Whether it is told.
    pub on: bool,
    /// From when on; nothing where each is told.
    pub threshold: Option<Threshold>,
}

/// What a body chose about all kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRules(BTreeMap<Alarm, AlertRule>);

/// Why rules are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAlertRule {
    /// It would be too easy to be silent about it.
    #[error("`{0}` is always told; leave it on")]
    Always(&'static str),
    /// Two answers to one question.
    #[error("`{0}` is there twice; say once what it is to be")]
    Twice(&'static str),
    /// There is nothing to count.
    #[error("`{0}` is told each time; it has no numbers")]
    NoNumbers(&'static str),
    /// A number out of its bounds.
    #[error("{what} of `{alarm}`: {is} is outside {least} to {most}; choose inside")]
    Bounds {
        /// The kind.
        alarm: &'static str,
        /// Which number.
        what: &'static str,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// As asked.
        is: u32,
    },
    /// So many accounts cannot be among so few refusals.
    #[error("{accounts} accounts cannot be among {count} refusals; ask for more refusals or fewer accounts")]
    Accounts {
        /// Accounts asked for.
        accounts: u32,
        /// Refusals asked for.
        count: u32,
    },
}

impl Alarm {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::GuessedAccount,
        Self::GuessingPlace,
        Self::NewPlace,
        Self::Role,
        Self::LostKeys,
        Self::Rules,
        Self::SecondPerson,
        Self::Impersonation,
        Self::Export,
        Self::Bodies,
        Self::Alerts,
        Self::BrokenLog,
    ];

    /// The word in the database, the API, the log and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::GuessedAccount => "guessed-account",
            Self::GuessingPlace => "guessing-place",
            Self::NewPlace => "new-place",
            Self::Role => "role",
            Self::LostKeys => "lost-keys",
            Self::Rules => "rules",
            Self::SecondPerson => "second-person",
            Self::Impersonation => "impersonation",
            Self::Export => "export",
            Self::Bodies => "bodies",
            Self::Alerts => "alerts",
            Self::BrokenLog => "broken-log",
        }
    }

    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alarm| alarm.word() == word)
    }

    /// Whether nobody can switch it off: whoever could would do so first.
    pub fn always(self) -> bool {
        matches!(self, Self::Alerts | Self::BrokenLog)
    }

    /// The least and the most that a body may choose. Nobody may ask for more refusals than the growing wait
    /// (ID4) lets anybody make in the shortest time: such a rule would be on and never fire.
    pub fn bounds(self) -> Option<(Threshold, Threshold)> {
        let bounds = |least: [u32; 3], most: [u32; 3]| {
            let read = |[count, minutes, accounts]: [u32; 3]| Threshold { count, minutes, accounts };
            Some((read(least), read(most)))
        };
        match self {
            Self::GuessedAccount => bounds([5, 10, 1], [12, 60, 1]),
            Self::GuessingPlace => bounds([5, 10, 2], [25, 60, 10]),
            _ => None,
        }
    }

    fn usual(self) -> AlertRule {
        let threshold = match self {
            // Who forgot a password tries five or six times.
            Self::GuessedAccount => Some(Threshold { count: 10, minutes: 10, accounts: 1 }),
            Self::GuessingPlace => Some(Threshold { count: 10, minutes: 10, accounts: 3 }),
            _ => None,
        };
        AlertRule { on: true, threshold }
    }

    fn checked(self, rule: AlertRule) -> Result<AlertRule, BadAlertRule> {
        if !rule.on && self.always() {
            return Err(BadAlertRule::Always(self.word()));
        }
        let Some(Threshold { count, minutes, accounts }) = rule.threshold else { return Ok(rule) };
        let (least, most) = self.bounds().ok_or(BadAlertRule::NoNumbers(self.word()))?;
        for (what, is, least, most) in [
            ("the count", count, least.count, most.count),
            ("the minutes", minutes, least.minutes, most.minutes),
            ("the accounts", accounts, least.accounts, most.accounts),
        ] {
            if !(least..=most).contains(&is) {
                return Err(BadAlertRule::Bounds { alarm: self.word(), what, least, most, is });
            }
        }
        if accounts > count { Err(BadAlertRule::Accounts { accounts, count }) } else { Ok(rule) }
    }
}

impl Default for AlertRules {
    fn default() -> Self {
        Self(Alarm::ALL.into_iter().map(|alarm| (alarm, alarm.usual())).collect())
    }
}

impl AlertRules {
    /// The rule of one kind.
    pub fn of(&self, alarm: Alarm) -> AlertRule {
        self.0.get(&alarm).copied().unwrap_or_else(|| alarm.usual())
    }

    /// These rules with others for some kinds; no numbers leaves those that are there.
    ///
    /// # Errors
    /// [`BadAlertRule`], and nothing is changed.
    pub fn changed(&self, changes: &[(Alarm, AlertRule)]) -> Result<Self, BadAlertRule> {
        let mut after = self.clone();
        for (n, (alarm, rule)) in changes.iter().enumerate() {
            if changes[..n].iter().any(|(before, _)| before == alarm) {
                return Err(BadAlertRule::Twice(alarm.word()));
            }
            let threshold = rule.threshold.or(after.of(*alarm).threshold);
            after.0.insert(*alarm, alarm.checked(AlertRule { threshold, ..*rule })?);
        }
        Ok(after)
    }

    /// What differs, for the log: a line each.
    pub fn differences(&self, after: &Self) -> Vec<String> {
        let pairs = Alarm::ALL.into_iter().map(|alarm| (alarm, self.of(alarm), after.of(alarm)));
        pairs
            .filter(|(_, then, now)| then != now)
            .map(|(alarm, then, now)| format!("{}: {then} → {now}", alarm.word()))
            .collect()
    }

    /// How far back refusals count at most, in minutes.
    pub fn longest_minutes(&self) -> u32 {
        self.0.values().filter_map(|rule| rule.threshold).map(|t| t.minutes).max().unwrap_or_default()
    }
}

impl fmt::Display for AlertRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.on { "on" } else { "off" })?;
        match self.threshold {
            None => Ok(()),
            Some(Threshold { count, minutes, accounts: 1 }) => write!(f, ", {count} in {minutes} min"),
            Some(Threshold { count, minutes, accounts }) => {
                write!(f, ", {count} over {accounts} accounts in {minutes} min")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(alarm: Alarm, on: bool, numbers: Option<[u32; 3]>) -> Result<AlertRules, String> {
        let threshold = numbers.map(|[count, minutes, accounts]| Threshold { count, minutes, accounts });
        let change = [(alarm, AlertRule { on, threshold })];
        AlertRules::default().changed(&change).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn rules_stay_where_they_can_fire() {
        let usual = AlertRules::default();
        assert!(Alarm::ALL.into_iter().all(|alarm| usual.of(alarm).on));
        for alarm in Alarm::ALL {
            assert_eq!(Alarm::from_word(alarm.word()), Some(alarm));
            assert!(alarm.checked(alarm.usual()).is_ok(), "{alarm:?}");
            assert_eq!(with(alarm, false, None).is_err(), alarm.always(), "{alarm:?}");
        }
        let tuned = with(Alarm::GuessingPlace, true, Some([6, 30, 2])).unwrap();
        assert_eq!(tuned.longest_minutes(), 30);
        assert_eq!(
            usual.differences(&tuned),
            ["guessing-place: on, 10 over 3 accounts in 10 min → on, 6 over 2 accounts in 30 min"]
        );
        let on_and_off = [true, false].map(|on| (Alarm::Role, AlertRule { on, threshold: None }));
        assert_eq!(usual.changed(&on_and_off), Err(BadAlertRule::Twice("role")));
        let off = with(Alarm::GuessedAccount, false, None).unwrap();
        assert_eq!(
            usual.differences(&off),
            ["guessed-account: on, 10 in 10 min → off, 10 in 10 min"],
            "switched off, the numbers stay"
        );
        for (alarm, numbers, why) in [
            (Alarm::GuessedAccount, [4, 10, 1], "the count of `guessed-account`: 4 is outside 5 to 12"),
            (Alarm::GuessedAccount, [13, 10, 1], "13 is outside 5 to 12"),
            (Alarm::GuessedAccount, [10, 9, 1], "the minutes of `guessed-account`: 9 is outside 10 to 60"),
            (Alarm::GuessedAccount, [10, 10, 2], "the accounts of `guessed-account`: 2 is outside 1 to 1"),
            (Alarm::GuessingPlace, [10, 61, 3], "61 is outside 10 to 60"),
            (Alarm::GuessingPlace, [10, 10, 1], "1 is outside 2 to 10"),
            (Alarm::GuessingPlace, [5, 10, 6], "6 accounts cannot be among 5 refusals"),
            (Alarm::Role, [10, 10, 3], "`role` is told each time"),
        ] {
            let refused = with(alarm, true, Some(numbers)).unwrap_err();
            assert!(refused.contains(why), "{numbers:?}: {refused}");
        }
    }
}
