//! Classification: one label per room, and everything inside inherits it.

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
    /// A protective mark that the law reserves: the rule that says so. Unusable until `accredited`.
    pub reserved_by: Option<String>,
    /// The tenant declared the accreditation that the mark asks for.
    pub accredited: bool,
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
    /// Meetings are end-to-end encrypted.
    pub end_to_end: bool,
    /// Days that events are kept; `None` keeps them.
    pub retention_days: Option<u32>,
    /// Minutes that a meeting lasts (ME7); `None` sets no limit.
    pub meeting_minutes: Option<u32>,
}

impl Label {
    /// Whether a room may carry it today.
    pub fn usable(&self) -> bool {
        self.reserved_by.is_none() || self.accredited
    }

    /// The label of a new room (RK4: everything said may matter).
    pub const DEFAULT: &'static str = "internal";

    /// The labels that every tenant starts with, in order.
    ///
    /// "Sensitive" asks for no second factor as long as there is none to give: nobody could enter. The
    /// policy enforces the fact as soon as a tenant's label carries it.
    pub fn shipped() -> Vec<Self> {
        let base = Self {
            slug: String::new(),
            name: String::new(),
            rank: Rank(0),
            reserved_by: None,
            accredited: false,
            guests: Guests::Meeting,
            federation: true,
            recording: true,
            download: true,
            second_factor: false,
            managed_device: false,
            end_to_end: false,
            retention_days: None,
            meeting_minutes: Some(40),
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
            Self { federation: false, recording: false, retention_days: Some(90), ..named("sensitive", "Sensible", 2) },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_labels_are_ordered_and_the_protective_marks_are_closed() {
        let labels = Label::shipped();
        assert!(labels.windows(2).all(|pair| pair[0].rank < pair[1].rank));
        let closed: Vec<_> = labels.iter().filter(|l| !l.usable()).map(|l| l.slug.as_str()).collect();
        assert_eq!(closed, ["restricted", "medical"]);
        assert!(labels.iter().any(|l| l.slug == Label::DEFAULT && l.usable()));
    }
}
