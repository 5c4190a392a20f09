//! Classification: one label per room, and everything inside inherits it.

use crate::{Accreditation, LabelName, LockRules, Micros, Posture};

/// The place of a label in its tenant's order; higher is more sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank(pub u8);

/// What guests may get in a room of this label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guests {
    /// No guest at all.
    No,
    /// The meeting and its conversation.
    Meeting,
    /// The whole room.
    Room,
}

impl Guests {
    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Meeting => "meeting",
            Self::Room => "room",
        }
    }
    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::No, Self::Meeting, Self::Room].into_iter().find(|g| g.word() == word)
    }
}

/// An hour in microseconds.
const HOUR_US: i64 = 3_600 * 1_000_000;

/// Whether a proof of who one is, of that moment if there was one, is younger than so many hours.
pub fn recent_proof(hours: u32, identified: Option<Micros>, now: Micros) -> bool {
    identified.is_some_and(|at| now.saturating_sub(at) < i64::from(hours) * HOUR_US)
}

/// A label of a tenant: what it demands and what it allows. Labels are data; these are the facts that
/// the policy reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Stable word, `internal`.
    pub slug: String,
    /// What it is called on screen in the tenant's first language.
    pub name: String,
    /// Its place in the order.
    pub rank: Rank,
    /// A protective mark that the law reserves: the rule that says so. Unusable without `accreditation`.
    pub reserved_by: Option<String>,
    /// The accreditation that the tenant declared for the mark, perhaps over since.
    pub accreditation: Option<Accreditation>,
    /// What guests get.
    pub guests: Guests,
    /// May leave for other servers.
    pub federation: bool,
    /// Meetings may be recorded.
    pub recording: bool,
    /// Files may be downloaded.
    pub download: bool,
    /// Asks for a second factor.
    pub second_factor: bool,
    /// Asks for a device that the body manages.
    pub managed_device: bool,
    /// What must be reported of that device, when it asks for one.
    pub posture: Posture,
    /// Meetings are end-to-end encrypted.
    pub end_to_end: bool,
    /// Days that events are kept; `None` keeps them.
    pub retention_days: Option<u32>,
    /// Minutes that a meeting lasts (ME7); `None` sets no limit.
    pub meeting_minutes: Option<u32>,
    /// Idle minutes after which a page that shows such a room locks (ID6); `None` leaves it to the tenant's rule.
    pub lock_minutes: Option<u32>,
    /// Hours for which a proof of who one is opens such a room; `None` leaves it to the session's own limits.
    pub proof_hours: Option<u32>,
}

impl Label {
    /// Whether somebody who last proved at `identified` who they are did so recently enough.
    pub fn recent(&self, identified: Option<Micros>, now: Micros) -> bool {
        self.proof_hours.is_none_or(|hours| recent_proof(hours, identified, now))
    }

    /// Whether a room may carry it at this moment.
    pub fn usable(&self, now: Micros) -> bool {
        self.reserved_by.is_none() || self.accreditation.as_ref().is_some_and(|one| one.in_force(now))
    }

    /// The least that this label may demand: what was shipped under its name, for a protective mark.
    pub fn floor(&self) -> Option<Self> {
        self.reserved_by.as_ref()?;
        Some(Self::shipped().into_iter().find(|one| one.slug == self.slug).unwrap_or_else(|| self.clone()))
    }

    /// The same label with this changed.
    ///
    /// # Errors
    /// A number out of its bounds.
    pub fn changed(&self, change: &LabelChange) -> Result<Self, BadLabel> {
        let bounded = |value: Option<u32>,
                       range: std::ops::RangeInclusive<u32>,
                       wrong: fn(u32) -> BadLabel| match value {
            Some(n) if !range.contains(&n) => Err(wrong(n)),
            value => Ok(value),
        };
        let days = change.retention_days.unwrap_or(self.retention_days);
        let minutes = change.meeting_minutes.unwrap_or(self.meeting_minutes);
        let lock = change.lock_minutes.unwrap_or(self.lock_minutes);
        let hours = change.proof_hours.unwrap_or(self.proof_hours);
        Ok(Self {
            name: change.name.as_ref().map_or_else(|| self.name.clone(), ToString::to_string),
            guests: change.guests.unwrap_or(self.guests),
            federation: change.federation.unwrap_or(self.federation),
            recording: change.recording.unwrap_or(self.recording),
            download: change.download.unwrap_or(self.download),
            second_factor: change.second_factor.unwrap_or(self.second_factor),
            managed_device: change.managed_device.unwrap_or(self.managed_device),
            posture: change.posture.unwrap_or(self.posture),
            retention_days: bounded(days, 1..=Self::MOST_DAYS, |days| BadLabel::Days { days })?,
            meeting_minutes: bounded(minutes, 5..=Self::MOST_MINUTES, |minutes| BadLabel::Minutes {
                minutes,
            })?,
            lock_minutes: bounded(lock, LockRules::LEAST..=LockRules::MOST, |minutes| BadLabel::Lock {
                minutes,
            })?,
            proof_hours: bounded(hours, 1..=Self::MOST_HOURS, |hours| BadLabel::Hours { hours })?,
            ..self.clone()
        })
    }

    /// Days that a label may keep events at most: a century; beyond it, keep them without limit.
    pub const MOST_DAYS: u32 = 36_525;
    /// Minutes of a meeting at most: a day.
    pub const MOST_MINUTES: u32 = 1_440;
    /// Hours for which a proof opens a room at most: no session lasts longer than a day.
    pub const MOST_HOURS: u32 = 24;

    /// The label of a new room (RK4: everything said may matter).
    pub const DEFAULT: &'static str = "internal";

    /// The labels that every tenant starts with, in order.
    ///
    /// From "Sensitive" up a second factor is asked for: whoever has none yet sets one up at the room's door.
    pub fn shipped() -> Vec<Self> {
        let base = Self {
            slug: String::new(),
            name: String::new(),
            rank: Rank(0),
            reserved_by: None,
            accreditation: None,
            guests: Guests::Meeting,
            federation: true,
            recording: true,
            download: true,
            second_factor: false,
            managed_device: false,
            posture: Posture::default(),
            end_to_end: false,
            retention_days: None,
            meeting_minutes: Some(40),
            lock_minutes: None,
            proof_hours: None,
        };
        let named = |slug: &str, name: &str, rank| Self {
            slug: slug.into(),
            name: name.into(),
            rank: Rank(rank),
            ..base.clone()
        };
        vec![
            Self { guests: Guests::Room, ..named("public", "Public", 0) },
            Self { federation: false, ..named(Self::DEFAULT, "Interne", 1) },
            Self {
                federation: false,
                recording: false,
                second_factor: true,
                retention_days: Some(90),
                ..named("sensitive", "Sensible", 2)
            },
            Self {
                guests: Guests::No,
                federation: false,
                recording: false,
                download: false,
                second_factor: true,
                managed_device: true,
                end_to_end: true,
                retention_days: Some(90),
                reserved_by: Some("Instruction interministérielle n° 901 : la mention « Diffusion restreinte » demande un système homologué".into()),
                ..named("restricted", "Diffusion restreinte", 3)
            },
            Self {
                guests: Guests::No,
                federation: false,
                recording: false,
                download: false,
                second_factor: true,
                managed_device: true,
                end_to_end: true,
                retention_days: None,
                reserved_by: Some("Code de la santé publique, art. L. 1111-8 : les données de santé demandent un hébergement certifié".into()),
                ..named("medical", "Médical", 4)
            },
        ]
    }
}

/// What is to be changed of a label; what is `None` stays. Its slug, its place in the order and the rule
/// that reserves it never change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelChange {
    /// Another name.
    pub name: Option<LabelName>,
    /// What guests get.
    pub guests: Option<Guests>,
    /// May leave for other servers.
    pub federation: Option<bool>,
    /// Meetings may be recorded.
    pub recording: Option<bool>,
    /// Files may be downloaded.
    pub download: Option<bool>,
    /// Asks for a second factor.
    pub second_factor: Option<bool>,
    /// Asks for a managed device.
    pub managed_device: Option<bool>,
    /// What must be reported of that device.
    pub posture: Option<Posture>,
    /// Days that events are kept, or without limit.
    pub retention_days: Option<Option<u32>>,
    /// Minutes that a meeting lasts, or without limit.
    pub meeting_minutes: Option<Option<u32>>,
    /// Idle minutes before the lock, or as the tenant says.
    pub lock_minutes: Option<Option<u32>>,
    /// Hours for which a proof opens it, or as long as the session lasts.
    pub proof_hours: Option<Option<u32>>,
}

/// Why a label cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLabel {
    /// Too few or too many days.
    #[error(
        "a label keeps for 1 to {} days, not {days}; leave it out to keep without limit",
        Label::MOST_DAYS
    )]
    Days {
        /// As asked.
        days: u32,
    },
    /// Too short or too long.
    #[error(
        "a meeting lasts 5 to {} minutes, not {minutes}; leave it out to set no limit",
        Label::MOST_MINUTES
    )]
    Minutes {
        /// As asked.
        minutes: u32,
    },
    /// Too short or too long.
    #[error(
        "a page locks after {} to {} minutes, not {minutes}; leave it out to keep to the rule of the body",
        LockRules::LEAST,
        LockRules::MOST
    )]
    Lock {
        /// As asked.
        minutes: u32,
    },
    /// Too few or too many hours.
    #[error(
        "a proof opens a room for 1 to {} hours, not {hours}; leave it out to keep to the limits of the session",
        Label::MOST_HOURS
    )]
    Hours {
        /// As asked.
        hours: u32,
    },
}

impl Label {
    /// The facts in which two labels differ, as the audit log says them: `download: true → false`.
    pub fn differences(&self, after: &Self) -> Vec<String> {
        let number = |value: Option<u32>| value.map_or_else(|| "none".to_owned(), |n| n.to_string());
        let listed = |words: Vec<&str>| if words.is_empty() { "none".to_owned() } else { words.join(" ") };
        let facts = |label: &Self| {
            [
                ("name", label.name.clone()),
                ("guests", label.guests.word().to_owned()),
                ("federation", label.federation.to_string()),
                ("recording", label.recording.to_string()),
                ("download", label.download.to_string()),
                ("second_factor", label.second_factor.to_string()),
                ("managed_device", label.managed_device.to_string()),
                ("posture", listed(label.posture.words())),
                ("retention_days", number(label.retention_days)),
                ("meeting_minutes", number(label.meeting_minutes)),
                ("lock_minutes", number(label.lock_minutes)),
                ("proof_hours", number(label.proof_hours)),
            ]
        };
        let pairs = facts(self).into_iter().zip(facts(after)).filter(|(before, after)| before != after);
        pairs.map(|((fact, before), (_, after))| format!("{fact}: {before} → {after}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_labels_are_ordered_and_the_protective_marks_are_closed() {
        let labels = Label::shipped();
        assert!(labels.windows(2).all(|pair| pair[0].rank < pair[1].rank));
        let closed: Vec<_> = labels.iter().filter(|l| !l.usable(0)).map(|l| l.slug.as_str()).collect();
        assert_eq!(closed, ["restricted", "medical"]);
        assert!(labels.iter().any(|l| l.slug == Label::DEFAULT && l.usable(0)));
    }
    #[test]
    fn a_change_stays_within_its_bounds_and_says_what_it_changed() {
        let internal = &Label::shipped()[1];
        let change = LabelChange {
            name: Some("Usage interne".parse().unwrap()),
            download: Some(false),
            retention_days: Some(Some(30)),
            meeting_minutes: Some(None),
            ..LabelChange::default()
        };
        let after = internal.changed(&change).unwrap();
        let said = internal.differences(&after);
        let expected = [
            "name: Interne → Usage interne",
            "download: true → false",
            "retention_days: none → 30",
            "meeting_minutes: 40 → none",
        ];
        assert_eq!(said, expected);
        assert_eq!(internal.changed(&LabelChange::default()).as_ref(), Ok(internal));
        for days in [0, Label::MOST_DAYS + 1] {
            let change = LabelChange { retention_days: Some(Some(days)), ..LabelChange::default() };
            assert_eq!(internal.changed(&change), Err(BadLabel::Days { days }));
        }
        for minutes in [0, 4, Label::MOST_MINUTES + 1] {
            let change = LabelChange { meeting_minutes: Some(Some(minutes)), ..LabelChange::default() };
            assert_eq!(internal.changed(&change), Err(BadLabel::Minutes { minutes }));
        }
        for hours in [0, Label::MOST_HOURS + 1] {
            let change = LabelChange { proof_hours: Some(Some(hours)), ..LabelChange::default() };
            assert_eq!(internal.changed(&change), Err(BadLabel::Hours { hours }));
        }
    }
    #[test]
    fn a_proof_is_recent_until_the_last_hour_is_over() {
        let internal = Label::shipped().remove(1);
        assert!(internal.recent(None, 0), "nothing is asked");
        let label = Label { proof_hours: Some(2), ..internal };
        let over = 2 * HOUR_US;
        assert!(label.recent(Some(7), 7) && label.recent(Some(7), 7 + over - 1));
        assert!(!label.recent(Some(7), 7 + over) && !label.recent(None, 7));
    }
}
