//! Letters in English.

use super::About;
use beffroi_domain::Alarm;
use beffroi_store::AuditEntry;

pub(super) fn reset(About { name, address, tenant }: &About<'_>, link: &str) -> String {
    format!(
        "Hello {name},

Somebody, probably you, asked for a new password for your account {address} at {tenant}.

To choose it, open this link. It works once, within one hour:

{link}

If you asked for nothing, do nothing: your password stays as it is. Forward this message to nobody; nobody will ask you for it."
    )
}

pub(super) fn invitation(About { name, address, tenant }: &About<'_>, link: &str) -> String {
    format!(
        "Hello {name},

{tenant} opened an account for you, to talk, meet and share files with your colleagues: {address}.

To choose your password and come in, open this link. It works once, within three days:

{link}

After that, ask whoever manages accounts at your place for another one. Forward this message to nobody; nobody will ask you for it."
    )
}

pub(super) fn no_reset(About { name, address, tenant }: &About<'_>) -> String {
    format!(
        "Hello {name},

Somebody, probably you, asked for a new password for your account {address} at {tenant}.

Your account gets its sign-in codes by mail. A link sent to the same address would give whoever reads this mail all it takes to come in: please ask your administrator, who will recognise you.

If you asked for nothing, do nothing: your password stays as it is."
    )
}

pub(super) fn code(
    About { name, address, tenant }: &About<'_>,
    code: &str,
    browser: &str,
    place: &str,
) -> String {
    format!(
        "Hello {name},

The code for your account {address} at {tenant}:

{code}

It works once, for ten minutes, and only in the page that asked for it.
Asked for from: {browser}, network {place}.

Nobody will ever ask you for this code, neither by phone, nor by message, nor at a desk. If you are not signing in at this moment, somebody knows your password: change it and tell your security officer."
    )
}

pub(super) fn alert(
    About { name, tenant, .. }: &About<'_>,
    alarm: Alarm,
    entries: i64,
    latest: &AuditEntry,
    link: &str,
) -> String {
    let (what, act) = match alarm {
        Alarm::GuessedAccount => (
            "Many sign-ins to one account were refused.",
            "Call this person; if it was not them, have them change their password and add a passkey.",
        ),
        Alarm::GuessingPlace => (
            "Many sign-ins to several accounts were refused from one place: somebody is probably trying a list of passwords.",
            "Block this network at your firewall, and look in the log for a sign-in from the same place that succeeded.",
        ),
        Alarm::NewPlace => (
            "Somebody who administers signed in from a place never seen before.",
            "Ask them whether it was them; if not, disable their account.",
        ),
        Alarm::Role => (
            "A technical role was given or taken.",
            "Check that this was planned; if not, give the person their former role back.",
        ),
        Alarm::LostKeys => (
            "Somebody's keys were taken away, or their password replaced, by an administrator.",
            "Check with them that they asked for it.",
        ),
        Alarm::Rules => (
            "A rule of administration, of passwords, of passkeys, of the lock or of a label changed.",
            "Check that this was planned.",
        ),
        Alarm::SecondPerson => (
            "Dangerous acts take no second person at your place from now on, or the operator of the server was the second person.",
            "Check that this was planned; if not, ask for the second person to be brought back.",
        ),
        Alarm::Impersonation => (
            "An administrator was allowed to act in somebody's name.",
            "Check with this person that they asked for help.",
        ),
        Alarm::Export => (
            "The audit log was taken out of the server.",
            "Check that this was planned and that the copy is kept safe: it names people.",
        ),
        Alarm::Bodies => (
            "An organisation was hosted, handed over, closed or opened again on this server, or the right to host some changed.",
            "Check that this was planned; an organisation that was closed opens again with all that it holds.",
        ),
        Alarm::Alerts => (
            "The rules of alerts changed.",
            "Check that this was planned. This message cannot be switched off.",
        ),
        Alarm::BrokenLog => (
            "The daily verification of the audit log failed: it is no longer what was signed.",
            "Change nothing on the server, keep exports and backups, and have the operator run `beffroi audit verify`. This message cannot be switched off.",
        ),
    };
    let facts = super::facts(alarm, latest, ["When (UTC):", "From:", "Who:", "To whom or what:", "What:"]);
    format!(
        "Hello {name},

{what}

Number of entries in the log: {entries}. The latest:
{facts}

{act}

These entries, in the log of {tenant}:
{link}"
    )
}
