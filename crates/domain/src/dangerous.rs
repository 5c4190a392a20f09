//! Acts that wait for a second person (ID16).

use crate::{AccountId, AdministrationRules};

/// What is asked for, with everything that will be done: what is approved is exactly this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dangerous {
    /// Keep what carries a label for fewer days: what is older is destroyed.
    Retention {
        /// The label's slug.
        label: String,
        /// Days that are kept from then on.
        days: u32,
    },
    /// Take the audit log out over HTTP, during a quarter of an hour.
    Export,
    /// Act as a colleague for at most half an hour, to help them.
    Impersonation {
        /// As whom.
        whom: AccountId,
    },
    /// Ask for a second person from now on, or no longer.
    FourEyes {
        /// Whether a second person is asked for afterwards.
        on: bool,
    },
    /// Ask for less of who administers.
    Administration(AdministrationRules),
    /// Take passkeys of more makers.
    PasskeyMakers {
        /// The difference in one line, with the makers' names: for whoever decides, and for the log.
        told: String,
        /// Every maker's certificate afterwards; empty: anybody's.
        pem: String,
    },
}

impl Dangerous {
    /// The word used in the database, the API, the log and on the command line.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Retention { .. } => "retention",
            Self::Export => "export",
            Self::Impersonation { .. } => "impersonation",
            Self::FourEyes { .. } => "four-eyes",
            Self::Administration(_) => "administration",
            Self::PasskeyMakers { .. } => "passkey-makers",
        }
    }

    /// What is kept beside the word: always the same text for the same act.
    pub fn parameters(&self) -> String {
        match self {
            Self::Retention { label, days } => format!("{label} {days}"),
            Self::Export => String::new(),
            Self::Impersonation { whom } => whom.to_string(),
            Self::FourEyes { on } => if *on { "on" } else { "off" }.to_owned(),
            Self::Administration(rules) => rules.to_string(),
            Self::PasskeyMakers { told, pem } => format!("{told}\n{pem}"),
        }
    }

    /// Reads both back.
    pub fn read(word: &str, parameters: &str) -> Option<Self> {
        let read = match word {
            "retention" => {
                let (label, days) = parameters.split_once(' ')?;
                Self::Retention { label: label.to_owned(), days: days.parse().ok()? }
            }
            "export" => Self::Export,
            "impersonation" => Self::Impersonation { whom: parameters.parse().ok()? },
            "four-eyes" => Self::FourEyes { on: parameters == "on" },
            "administration" => Self::Administration(AdministrationRules::read(parameters)?),
            "passkey-makers" => {
                let (told, pem) = parameters.split_once('\n')?;
                Self::PasskeyMakers { told: told.to_owned(), pem: pem.to_owned() }
            }
            _ => return None,
        };
        // What is not written as we write it was not written by us.
        (read.parameters() == parameters).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_reads_back_and_nothing_else_does() {
        for act in [
            Dangerous::Retention { label: "internal".into(), days: 30 },
            Dangerous::Export,
            Dangerous::Impersonation { whom: AccountId(42) },
            Dangerous::FourEyes { on: true },
            Dangerous::FourEyes { on: false },
            Dangerous::Administration(AdministrationRules::read("second 192.0.2.0/24").unwrap()),
            Dangerous::PasskeyMakers { told: "+ a maker".into(), pem: "-----\nA\n".into() },
            Dangerous::PasskeyMakers { told: "- a maker".into(), pem: String::new() },
        ] {
            assert_eq!(Dangerous::read(act.word(), &act.parameters()), Some(act));
        }
        for (word, parameters) in [
            ("retention", "internal"),
            ("retention", "internal 030"),
            ("retention", "internal -1"),
            ("export", "all"),
            ("impersonation", "bob"),
            ("four-eyes", ""),
            ("four-eyes", "ON"),
            ("administration", ""),
            ("administration", "passkey 192.0.2.7/24"),
            ("passkey-makers", "+ a maker"),
            ("reboot", ""),
        ] {
            assert_eq!(Dangerous::read(word, parameters), None, "{word} {parameters}");
        }
    }
}
