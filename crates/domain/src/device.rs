//! A browser or an application that holds a key which it cannot give away.

use crate::{AccountId, DeviceId, DeviceName, Micros, TenantId};

const MINUTE_US: Micros = 60 * 1_000_000;

/// How long a device is good for: 365 days, then it is enrolled again, with another key (DV9).
pub const DEVICE_LIFE_US: Micros = 365 * 24 * 60 * MINUTE_US;

/// How long a session counts as being at its device after the device proved its key, in microseconds: an
/// hour. A cookie that was carried elsewhere is without the device after that, at most.
pub const DEVICE_PROOF_US: Micros = 60 * MINUTE_US;

/// What the body decided about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// Nothing yet.
    Waiting,
    /// It is one of the body's.
    Approved,
    /// It was, and is no more.
    Withdrawn,
    /// Lost or stolen: its key proves nothing any more.
    Lost,
}

impl DeviceState {
    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Withdrawn => "withdrawn",
            Self::Lost => "lost",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Approved, Self::Withdrawn, Self::Lost]
            .into_iter()
            .find(|one| one.word() == word)
    }
}

/// How far a fact about a device can be believed. The three are never mixed up on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The device says so of itself.
    Declared,
    /// The body says so, by an administrator or by what manages its devices.
    Reported,
    /// Hardware vouches for it. Browsers attest nothing yet.
    Attested,
}

impl Grade {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Reported => "reported",
            Self::Attested => "attested",
        }
    }
}

/// What the body says of a device; unknown is not no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Its storage is encrypted (DV4).
    pub disk_encrypted: Option<bool>,
    /// It locks by itself.
    pub screen_lock: Option<bool>,
    /// It is the body's, or keeps work apart (DV11).
    pub managed_profile: Option<bool>,
}

/// What must be reported of a managed device before a label opens on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posture {
    /// Its storage is encrypted (DV4).
    pub disk_encrypted: bool,
    /// It locks by itself.
    pub screen_lock: bool,
    /// It is the body's, or keeps work apart (DV11).
    pub managed_profile: bool,
}

impl Posture {
    /// The word used in the database and the API for each fact, and in a sentence.
    const WORDS: [(&'static str, &'static str); 3] = [
        ("disk_encrypted", "an encrypted disk"),
        ("screen_lock", "a screen lock"),
        ("managed_profile", "a service device or work profile"),
    ];

    fn asked(self) -> [bool; 3] {
        [self.disk_encrypted, self.screen_lock, self.managed_profile]
    }

    /// The words of what is asked for.
    pub fn words(self) -> Vec<&'static str> {
        let asked = Self::WORDS.iter().zip(self.asked());
        asked.filter(|(_, asked)| *asked).map(|((word, _), _)| *word).collect()
    }

    /// Reads such words, in any order; nothing for a word that is none.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut posture = Self::default();
        for word in words {
            match word {
                "disk_encrypted" => posture.disk_encrypted = true,
                "screen_lock" => posture.screen_lock = true,
                "managed_profile" => posture.managed_profile = true,
                _ => return None,
            }
        }
        Some(posture)
    }

    /// What is asked for and not reported, in words for a sentence. Unknown is not yes.
    pub fn lacking(self, reported: Reported) -> Vec<&'static str> {
        let told = [reported.disk_encrypted, reported.screen_lock, reported.managed_profile];
        let facts = Self::WORDS.iter().zip(self.asked()).zip(told);
        facts
            .filter(|((_, asked), told)| *asked && *told != Some(true))
            .map(|(((_, said), _), _)| *said)
            .collect()
    }
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Its person's tenant.
    pub tenant: TenantId,
    /// Whose.
    pub account: AccountId,
    /// What its person calls it.
    pub name: DeviceName,
    /// The public half of its key: a point of P-256, uncompressed.
    pub key: Vec<u8>,
    /// What the body decided.
    pub state: DeviceState,
    /// Declared: what the browser calls itself.
    pub agent: String,
    /// Declared: the version of its client; empty when it told none.
    pub version: String,
    /// Reported, and when.
    pub reported: Option<(Reported, Micros)>,
    /// When it was enrolled.
    pub created: Micros,
    /// When its key is too old.
    pub expires: Micros,
    /// When it last proved its key, to the minute, and from which address block.
    pub last_use: Option<(Micros, String)>,
}

impl Device {
    /// Whether its key is too old.
    pub fn expired(&self, now: Micros) -> bool {
        now >= self.expires
    }

    /// Whether whoever sits at it now, and proved so at `proved`, sits at a device that the body manages.
    pub fn managed(&self, proved: Micros, now: Micros) -> bool {
        self.state == DeviceState::Approved
            && !self.expired(now)
            && (0..DEVICE_PROOF_US).contains(&(now - proved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: Micros = 24 * 60 * MINUTE_US;

    fn device(state: DeviceState) -> Device {
        Device {
            id: DeviceId(1),
            tenant: TenantId(1),
            account: AccountId(1),
            name: "téléphone".parse().unwrap(),
            key: vec![],
            state,
            agent: String::new(),
            version: String::new(),
            reported: None,
            created: 0,
            expires: DEVICE_LIFE_US,
            last_use: None,
        }
    }

    #[test]
    fn an_approved_device_is_managed_until_day_366() {
        let approved = device(DeviceState::Approved);
        for (day, managed) in [(0, true), (1, true), (364, true), (365, false), (366, false), (4000, false)] {
            assert_eq!(approved.managed(day * DAY_US, day * DAY_US), managed, "day {day}");
        }
    }

    #[test]
    fn what_is_asked_for_must_be_reported_and_unknown_is_not_yes() {
        let all = Posture::from_words(["managed_profile", "disk_encrypted", "screen_lock"]).unwrap();
        assert_eq!(all.words(), ["disk_encrypted", "screen_lock", "managed_profile"]);
        assert_eq!(all.lacking(Reported::default()).len(), 3);
        let told = Reported { disk_encrypted: Some(true), screen_lock: Some(false), ..Reported::default() };
        assert_eq!(all.lacking(told), ["a screen lock", "a service device or work profile"]);
        let disk = Posture::from_words(["disk_encrypted"]).unwrap();
        assert!(disk.lacking(told).is_empty() && Posture::default().lacking(Reported::default()).is_empty());
        assert_eq!(Posture::from_words(["disk"]), None);
    }

    #[test]
    fn no_other_state_is_managed_and_a_proof_holds_an_hour() {
        for state in [DeviceState::Waiting, DeviceState::Withdrawn, DeviceState::Lost] {
            assert!(!device(state).managed(0, 0), "{state:?}");
        }
        let approved = device(DeviceState::Approved);
        for (minute, managed) in [(0, true), (59, true), (60, false), (-1, false)] {
            assert_eq!(approved.managed(DAY_US, DAY_US + minute * MINUTE_US), managed, "minute {minute}");
        }
    }
}
