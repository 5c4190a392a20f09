//! Alerts out of the audit log, what a body chose about them, and the daily verification, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{Alarm, AlertRule, AlertRules, Factor, Threshold};
use beffroi_policy::{ManageAlerts, RIGHT_US, ReadAudit, Who};
use beffroi_store::{
    AuditEntry, AuditFilter, Found, Letter, NewEntry, Opened, Outcome, Store, StoreError, Subject,
};
use place::{both, now};
use std::collections::BTreeSet;
use town::Town;
use zeroize::Zeroizing;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 86_400_000_000;

/// Somebody guesses at Bob's password once.
async fn guess(town: &Town, at: i64) -> i64 {
    let entry = NewEntry {
        act: "session.open",
        outcome: Outcome::Denied,
        actor: Subject::Who(Who::Account(town.bob.id)),
        subject: None,
        room: None,
        rule: Some("credentials"),
        detail: "",
        origin: "192.0.2.7/32",
    };
    town.store.note(town.tenant.id, entry, at).await.unwrap();
    town.store.watched_to(town.tenant.id).await.unwrap().unwrap().size
}

async fn entries(town: &Town, act: &str) -> Vec<AuditEntry> {
    let filter = AuditFilter { act: Some(act.to_owned()), ..AuditFilter::default() };
    town.store.audit(&town.machine::<ReadAudit>(), &filter).await.unwrap().entries
}

/// Another body with a log of its own.
async fn hospital(store: &Store) -> Town {
    let tenant = store.add_tenant(&"hopital.test".parse().unwrap(), "Hôpital", now()).await.unwrap();
    let town = Town::new(place::Place::sqlite().store().await).await;
    Town { store: store.clone(), tenant, ..town }
}

fn seqs(entries: &[AuditEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn what_the_log_calls_for_is_kept_told_once_and_leads_to_its_entries() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let hospital = hospital(store).await;
        let start = now();
        for unwatched in store.unwatched(start).await.unwrap() {
            assert_eq!(unwatched.mark, None, "nobody ever looked");
            assert!(store.watched(unwatched, unwatched.size, &[], start).await.unwrap());
        }
        assert_eq!(store.unwatched(start).await.unwrap(), []);

        // What counts with a new entry are refusals of the window before it, and nothing between.
        let first = guess(&town, start).await;
        store.say(&town.owner(), town.author(), town::speech("bonjour"), start).await.unwrap();
        let second = guess(&town, start + 5 * MINUTE).await;
        let [unwatched] = store.unwatched(start).await.unwrap()[..] else { panic!("one log grew") };
        assert_eq!((unwatched.tenant, unwatched.size), (tenant, second));
        let to_watch =
            async |mark, window| seqs(&store.entries_to_watch(tenant, mark, window).await.unwrap());
        assert_eq!(to_watch(first - 1, 10 * MINUTE).await, (first..=second).collect::<Vec<_>>());
        assert_eq!(to_watch(second - 1, 10 * MINUTE).await, [first, second]);
        assert_eq!(to_watch(second - 1, 5 * MINUTE).await, [second], "too long ago");
        assert_eq!(to_watch(second, 10 * MINUTE).await, [0_i64; 0]);

        let found = async |entries: &[i64], at: i64| {
            let seen = store.watched_to(tenant).await.unwrap().unwrap();
            let entries = BTreeSet::from_iter(entries.iter().copied());
            let latest = *entries.last().unwrap();
            let one = Found { alarm: Alarm::GuessedAccount, entries: &entries, latest, latest_us: at };
            let moved = store.watched(seen, seen.size, &[one], at).await.unwrap();
            (moved, store.watched(seen, seen.size, &[one], at).await.unwrap())
        };
        assert_eq!(found(&[first, second], start).await, (true, false), "two who look find it once");
        let early = store.waiting_alerts(tenant, start).await.unwrap().remove(0);
        assert_eq!((early.alarm.as_str(), early.entries, early.latest), ("guessed-account", 2, second));
        let third = guess(&town, start + 6 * MINUTE).await;
        found(&[first, second, third], start).await;
        let text = || Zeroizing::new("Bonjour".to_owned());
        let letter = || Letter { subject: "Alerte", text: text(), until: start + DAY };
        let guardians = store.guardians(tenant).await.unwrap();
        assert_eq!(guardians.iter().map(|one| one.id).collect::<Vec<_>>(), [town.alice.id]);
        let letters = [(town.alice.id, letter())];
        assert!(!store.tell_alert(tenant, &early, &letters, start).await.unwrap(), "it grew");
        let waiting = store.waiting_alerts(tenant, start).await.unwrap().remove(0);
        assert_eq!((waiting.id, waiting.entries, waiting.latest), (early.id, 3, third));
        assert!(!store.tell_alert(hospital.tenant.id, &waiting, &letters, start).await.unwrap());
        assert!(store.tell_alert(tenant, &waiting, &letters, start).await.unwrap());
        assert!(!store.tell_alert(tenant, &waiting, &letters, start).await.unwrap(), "told once");
        assert_eq!(store.due_mail(now()).await.unwrap().len(), 1);
        assert_eq!(entries(&town, "alert.raise").await.len(), 1);

        // Within ten minutes the next waits, and speaks of what is new alone.
        let fourth = guess(&town, start + 7 * MINUTE).await;
        found(&[first, second, third, fourth], start + 7 * MINUTE).await;
        assert_eq!(store.waiting_alerts(tenant, start + MINUTE).await.unwrap(), []);
        assert_eq!(store.unwatched(start + MINUTE).await.unwrap(), []);
        let later = start + 11 * MINUTE;
        assert_eq!(store.unwatched(later).await.unwrap().len(), 1, "something waits");
        let next = store.waiting_alerts(tenant, later).await.unwrap().remove(0);
        assert_eq!((next.entries, next.latest), (1, fourth));
        assert!(store.tell_alert(tenant, &next, &[], later).await.unwrap(), "nobody to write to");
        assert_eq!(entries(&town, "alert.raise").await.len(), 1, "and no letter to speak of");

        let permit = town.machine::<ReadAudit>();
        let (listed, more) = store.alerts(&permit, start, None).await.unwrap();
        assert_eq!(more, None);
        assert_eq!(
            listed.iter().map(|one| (one.id, one.entries)).collect::<Vec<_>>(),
            [(next.id, 1), (waiting.id, 3)]
        );
        let latest = listed[1].latest.as_ref().unwrap();
        assert_eq!((latest.seq, latest.actor.as_str()), (third, "bob@demo.localhost"));
        assert_eq!(store.alerts(&permit, start, Some(next.id)).await.unwrap().0, listed[1..]);
        assert_eq!(store.alert(&permit, waiting.id).await.unwrap().as_ref(), listed.get(1));
        let its = async |before, limit| {
            seqs(&store.alert_entries(&permit, waiting.id, before, limit).await.unwrap())
        };
        assert_eq!(its(None, 50).await, [third, second, first]);
        assert_eq!(its(Some(third), 1).await, [second]);

        let theirs = hospital.machine::<ReadAudit>();
        assert_eq!(store.alerts(&theirs, 0, None).await.unwrap(), (vec![], None));
        assert_eq!(store.alert(&theirs, waiting.id).await.unwrap(), None);
        assert_eq!(store.alert_entries(&theirs, waiting.id, None, 50).await.unwrap(), []);

        store.forget_old_alerts(start + 7 * MINUTE).await.unwrap();
        let kept = store.alerts(&permit, 0, None).await.unwrap().0;
        assert_eq!(kept.iter().map(|one| one.id).collect::<Vec<_>>(), [next.id], "a month later");
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn a_body_chooses_what_it_is_told_and_the_log_says_from_what_to_what() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let hospital = hospital(store).await;
        assert_eq!(store.alert_rules(tenant).await.unwrap(), AlertRules::default());
        let off = AlertRule { on: false, threshold: None };
        let six = Threshold { count: 6, minutes: 30, accounts: 1 };
        let changes = [
            (Alarm::Impersonation, off),
            (Alarm::GuessedAccount, AlertRule { on: true, threshold: Some(six) }),
        ];
        let permit = town.machine::<ManageAlerts>();
        let set = store.set_alert_rules(&permit, &changes, now()).await.unwrap().unwrap();
        assert_eq!(store.alert_rules(tenant).await.unwrap(), set);
        assert_eq!(set.of(Alarm::GuessedAccount).threshold, Some(six));
        assert_eq!(store.set_alert_rules(&permit, &changes, now()).await.unwrap(), Some(set));
        let told = entries(&town, "alerts.change").await;
        let details: Vec<_> = told.iter().map(|one| one.detail.as_str()).collect();
        assert_eq!(details, ["guessed-account: on, 10 in 10 min → on, 6 in 30 min; impersonation: on → off"]);
        assert_eq!(store.alert_rules(hospital.tenant.id).await.unwrap(), AlertRules::default());
        let back = [(Alarm::Impersonation, AlertRule { on: true, threshold: None })];
        assert!(
            store.set_alert_rules(&permit, &back, now()).await.unwrap().unwrap().of(Alarm::Impersonation).on
        );
        // While an entry waits to be looked at, it is judged by the rules of before, whoever looks.
        let seen = store.watched_to(tenant).await.unwrap().unwrap();
        store.watched(seen, seen.size, &[], now()).await.unwrap();
        let seen = store.watched_to(tenant).await.unwrap().unwrap();
        let size = guess(&town, now()).await;
        let off = [(Alarm::Role, off)];
        assert_eq!(store.set_alert_rules(&permit, &off, now()).await.unwrap(), None);
        assert!(store.alert_rules(tenant).await.unwrap().of(Alarm::Role).on);
        store.watched(seen, size, &[], now()).await.unwrap();
        assert!(!store.set_alert_rules(&permit, &off, now()).await.unwrap().unwrap().of(Alarm::Role).on);
        place.sql("DELETE FROM alert_rule WHERE alarm = 'role'").await;
        // What a later program knows is nothing here, and what does not hold is as shipped.
        place.sql("UPDATE alert_rule SET alarm = 'comet' WHERE alarm = 'impersonation'").await;
        place.sql("UPDATE alert_rule SET refusals = 4000").await;
        assert_eq!(store.alert_rules(tenant).await.unwrap(), AlertRules::default());
    });
}

#[test]
fn a_log_is_verified_once_a_day_and_what_is_wrong_is_told_once() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let start = now();
        let unwatched = store.unwatched(start).await.unwrap().remove(0);
        store.watched(unwatched, unwatched.size, &[], start).await.unwrap();
        assert_eq!(store.unverified(start + DAY - 1).await.unwrap(), []);
        let due = store.unverified(start + DAY).await.unwrap().remove(0);
        assert_eq!(due.tenant, tenant);
        // Longer than one part, with tiles.
        for n in 0..300 {
            guess(&town, start + n).await;
        }
        assert_eq!(store.verify_beside(tenant).await.unwrap(), []);
        assert!(store.verified(&due, &[], start + DAY).await.unwrap());
        assert!(!store.verified(&due, &[], start + DAY).await.unwrap(), "another node was first");
        assert_eq!(store.unverified(start + DAY).await.unwrap(), []);

        place.sql("UPDATE audit_entry SET act = 'nothing' WHERE seq = 3").await;
        place.sql("UPDATE audit_subtree SET root = frontier FROM audit_log WHERE number = 0").await;
        let mut day = 2;
        let mut verify = async || {
            let due = store.unverified(start + day * DAY).await.unwrap().remove(0);
            let found = store.verify_beside(tenant).await.unwrap();
            assert!(store.verified(&due, &found, start + day * DAY).await.unwrap(), "{found:?}");
            day += 1;
            entries(&town, "audit.broken").await.into_iter().map(|one| one.detail).collect::<Vec<_>>()
        };
        let third = "demo.localhost: entry 3, field `act` was changed";
        for _ in 0..2 {
            assert_eq!(verify().await, [third], "told once");
        }
        // What is changed afterwards is told although something was wrong before, behind it and in front of it.
        let changed = |seq: i64| format!("demo.localhost: entry {seq}, field `rule` was changed");
        place.sql("UPDATE audit_entry SET rule = 'nothing' WHERE seq = 290").await;
        assert_eq!(verify().await, [changed(290), third.to_owned()]);
        place.sql("UPDATE audit_entry SET rule = 'nothing' WHERE seq = 2").await;
        for _ in 0..2 {
            assert_eq!(verify().await, [changed(2), changed(290), third.to_owned()]);
        }
        // A log without its head takes no entry: it was verified all the same, and is due in a day.
        place.sql("DELETE FROM audit_log").await;
        let due = store.unverified(start + day * DAY).await.unwrap().remove(0);
        let found = store.verify_beside(tenant).await.unwrap();
        let noted = store.verified(&due, &found, start + day * DAY).await;
        assert!(matches!(noted, Err(StoreError::Gone { what: "audit log" })), "{noted:?}");
        assert_eq!(store.unverified(start + day * DAY).await.unwrap(), []);
        let due = store.unverified(start + (day + 1) * DAY).await.unwrap().remove(0);
        let found = store.verify_beside(tenant).await.unwrap();
        assert!(
            store.verified(&due, &found, start + (day + 1) * DAY).await.unwrap(),
            "known since yesterday"
        );
    });
}

#[test]
fn an_export_by_one_person_alone_is_noted_once_in_a_quarter_of_an_hour() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let opened = Opened { factor: Factor::Password, place: "192.0.2.7/32", agent: "" };
        let who = Who::Account(town.alice.id);
        let (session, _) = town.store.open_session(who, town.tenant.id, opened, now()).await.unwrap();
        let permit = town.machine::<ReadAudit>();
        let start = now();
        for (at, noted) in [(0, 1), (1, 1), (RIGHT_US - 1, 1), (RIGHT_US, 2)] {
            town.store.note_export(&permit, session, start + at).await.unwrap();
            assert_eq!(entries(&town, "audit.export").await.len(), noted, "{at}");
        }
        town.store.end_session(session, start).await.unwrap();
        let late = town.store.note_export(&permit, session, start + 2 * RIGHT_US).await;
        assert!(
            matches!(late, Err(StoreError::Gone { what: "session" })),
            "nothing leaves unnoted: {late:?}"
        );
    });
}
