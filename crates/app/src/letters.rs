//! What people are written by mail: plain words, French first and English below, because no organisation has
//! said its language yet. A file per language; no picture, nothing that tells whether it was read.

mod en;
mod fr;

use beffroi_domain::{Account, Micros, Tenant};
use beffroi_store::Letter;
use zeroize::Zeroizing;

/// Who is written, and for whom.
pub(crate) struct About<'a> {
    name: &'a str,
    address: &'a str,
    tenant: &'a str,
}

impl<'a> About<'a> {
    pub(crate) fn of(account: &'a Account, tenant: &'a Tenant) -> Self {
        Self { name: account.name.as_str(), address: account.address.as_str(), tenant: &tenant.name }
    }
}

fn letter(subject: &'static str, french: &str, english: &str, until: Micros) -> Letter {
    Letter { subject, text: Zeroizing::new(format!("{french}\n\n--- English ---\n\n{english}\n")), until }
}

/// A link with which another password is chosen.
pub(crate) fn reset(about: &About<'_>, link: &str, until: Micros) -> Letter {
    letter(fr::RESET_SUBJECT, &fr::reset(about, link), &en::reset(about, link), until)
}

/// A link with which somebody who was just added chooses a password.
pub(crate) fn invitation(about: &About<'_>, link: &str, until: Micros) -> Letter {
    letter(fr::INVITATION_SUBJECT, &fr::invitation(about, link), &en::invitation(about, link), until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_whole_in_both_languages() {
        let about = About { name: "Alice Martin", address: "alice@mairie.test", tenant: "Mairie de Test" };
        let link = "https://beffroi.test/bienvenue/jeton";
        for written in [reset(&about, link, 7), invitation(&about, link, 7)] {
            whole(&written, link);
        }
    }

    fn whole(written: &Letter, link: &str) {
        assert_eq!(written.text.matches(link).count(), 2);
        assert_eq!(written.text.matches("alice@mairie.test").count(), 2);
        assert_eq!(written.until, 7);
        assert!(!written.subject.contains('\n'), "a subject is one line");
        // A link that a mail program cuts opens nothing: it has a line to itself.
        assert_eq!(written.text.lines().filter(|line| *line == link).count(), 2);
    }
}
