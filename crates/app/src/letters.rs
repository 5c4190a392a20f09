//! What people are written by mail: plain words, French first and English below, because no organisation has
//! said its language yet. A file per language; no picture, nothing that tells whether it was read.

mod browser;
mod en;
mod fr;

use beffroi_domain::{Account, Alarm, Day, Micros, Tenant};
use beffroi_store::{AuditEntry, Letter};
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

/// That no link comes by mail to a mailbox that gets codes.
pub(crate) fn no_reset(about: &About<'_>, until: Micros) -> Letter {
    letter(fr::RESET_SUBJECT, &fr::no_reset(about), &en::no_reset(about), until)
}

/// A code to sign in with, and who asked for it: `agent` is what their browser calls itself, `place` their address
/// block.
pub(crate) fn code(about: &About<'_>, code: &str, agent: &str, place: &str, until: Micros) -> Letter {
    let browser = browser::of(agent);
    letter(
        fr::CODE_SUBJECT,
        &fr::code(about, code, &browser, place),
        &en::code(about, code, &browser, place),
        until,
    )
}

/// That something suspicious is in the log: of how many entries, the latest of them, and where they are.
pub(crate) fn alert(
    about: &About<'_>,
    alarm: Alarm,
    entries: i64,
    latest: &AuditEntry,
    link: &str,
    until: Micros,
) -> Letter {
    letter(
        fr::ALERT_SUBJECT,
        &fr::alert(about, alarm, entries, latest, link),
        &en::alert(about, alarm, entries, latest, link),
        until,
    )
}

/// When, where from, by whom and what, a line each; what is not known has no line.
fn facts(alarm: Alarm, entry: &AuditEntry, words: [&str; 5]) -> String {
    let minutes = entry.at / 60_000_000;
    let when = format!("{} {:02}:{:02}", Day::of(entry.at), minutes / 60 % 24, minutes % 60);
    // An act of the administration says there what was proved for it.
    let place = if entry.origin.contains('/') { entry.origin.as_str() } else { "" };
    // What we write ourselves, never what somebody typed.
    let ours = matches!(alarm, Alarm::Role | Alarm::Alerts | Alarm::BrokenLog);
    let what = if ours { entry.detail.as_str() } else { "" };
    let rows = [when.as_str(), place, &entry.actor, &entry.subject, what];
    let said = words.iter().zip(rows).filter(|(_, fact)| !fact.is_empty());
    said.map(|(word, fact)| format!("{word} {fact}")).collect::<Vec<_>>().join("\n")
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
        let hostile = "Mozilla/5.0 (X11; Linux x86_64) <http://mechant.test> Firefox/140.0";
        let sent = code(&about, "042042", hostile, "192.0.2.7/32", 7);
        assert_eq!(sent.text.lines().filter(|line| *line == "042042").count(), 2);
        assert_eq!(sent.text.matches("192.0.2.7/32").count(), 2);
        assert_eq!(sent.text.matches("Firefox, Linux").count(), 2);
        assert!(!sent.text.contains("mechant"), "of what a browser calls itself only words that we know");
        assert!(!sent.subject.contains("042042"), "a subject stands on locked screens");
    }

    #[test]
    fn an_alert_says_what_and_where_and_repeats_nothing_that_was_typed() {
        let about = About { name: "Claire Petit", address: "claire@mairie.test", tenant: "Mairie de Test" };
        let link = "https://beffroi.test/administration/journal/0000000000000";
        let entry = |origin: &str, detail: &str| AuditEntry {
            seq: 7,
            at: 1_790_000_000_000_000,
            act: String::new(),
            outcome: beffroi_store::Outcome::Done,
            actor: "otto@mairie.test".into(),
            subject: "bob@mairie.test".into(),
            room: None,
            rule: String::new(),
            detail: detail.into(),
            origin: origin.into(),
        };
        let mut said = std::collections::HashSet::new();
        for alarm in Alarm::ALL {
            let typed = entry("192.0.2.7/32", "http://mechant.test");
            let written = alert(&about, alarm, 12, &typed, link, 7);
            assert_eq!(written.text.lines().filter(|line| *line == link).count(), 2, "{alarm:?}");
            for fact in ["192.0.2.7/32", "otto@mairie.test", "bob@mairie.test", " 12"] {
                assert_eq!(written.text.matches(fact).count(), 2, "{alarm:?} {fact}");
            }
            let ours = matches!(alarm, Alarm::Role | Alarm::Alerts | Alarm::BrokenLog);
            assert_eq!(written.text.contains("mechant"), ours, "{alarm:?}");
            assert!(said.insert(written.text.lines().nth(2).map(str::to_owned)), "each kind has its words");
        }
        let proved = alert(&about, Alarm::Role, 1, &entry("passkey", "agent → administrator"), link, 7);
        assert!(!proved.text.contains("passkey"), "what was proved is no place: {}", *proved.text);
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
