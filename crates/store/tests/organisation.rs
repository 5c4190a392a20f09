//! What a body is, declares and demands: kept, told apart from next door, and in the log with before and after.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, LabelChange, MemberRank, PasswordProfile, Rank, Role, TenantChange};
use beffroi_policy::{AddFile, CreateRoom, ReadAudit, decide, operator};
use beffroi_store::{AuditFilter, StoreError, Weight};
use bytes::Bytes;
use place::{both, now};
use town::{Town, accreditation, speech};

/// (act, subject, detail) of the latest entries, latest first.
async fn told(town: &Town, most: u32) -> Vec<(String, String, String)> {
    let filter = AuditFilter { limit: most, ..AuditFilter::default() };
    let page = town.store.audit(&town.machine::<ReadAudit>(), &filter).await.unwrap();
    page.entries.into_iter().map(|e| (e.act, e.subject, e.detail)).collect()
}

fn entry(act: &str, subject: &str, detail: &str) -> (String, String, String) {
    (act.to_owned(), subject.to_owned(), detail.to_owned())
}

async fn revision(town: &Town) -> i64 {
    let all = town.store.revisions(now()).await.unwrap();
    all.iter().find(|(tenant, _)| *tenant == town.tenant.id).map(|(_, r)| r.number).unwrap()
}

#[test]
fn a_body_changes_its_name_its_colour_and_its_password_rules() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let start = revision(&town).await;
        let looks = TenantChange {
            name: Some("Mairie de Beffroy".parse().unwrap()),
            accent: Some("#E30613".parse().unwrap()),
            ..TenantChange::default()
        };
        let after = town.store.set_organisation(&town.machine(), &looks, now()).await.unwrap();
        assert_eq!((after.name.as_str(), after.accent.as_str()), ("Mairie de Beffroy", "#e30613"));
        assert_eq!(after.passwords, PasswordProfile::Recommended);
        let after = town.store.set_passwords(&town.machine(), PasswordProfile::S1, now()).await.unwrap();
        assert_eq!(town.store.tenant(town.tenant.id).await.unwrap(), Some(after.clone()));
        assert_eq!(after.passwords, PasswordProfile::S1);
        // Whoever may choose the name chooses no password rules with the same permit.
        let both = TenantChange { passwords: Some(PasswordProfile::Recommended), ..looks };
        let same = town.store.set_organisation(&town.machine(), &both, now()).await.unwrap();
        assert_eq!(same, after);
        assert_eq!(revision(&town).await, start + 2, "what changes nothing is no change");
        let said = [
            entry("passwords.change", "demo.localhost", "passwords: default → s1"),
            entry(
                "organisation.change",
                "demo.localhost",
                "name: Mairie → Mairie de Beffroy; accent: #1f4f8f → #e30613",
            ),
        ];
        assert_eq!(told(&town, 2).await, said);
        let nowhere = operator(beffroi_domain::TenantId(7), AccountId(0));
        let gone = town.store.set_passwords(&nowhere, PasswordProfile::S1, now()).await;
        assert!(matches!(gone, Err(StoreError::Gone { what: "tenant" })), "{gone:?}");
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn an_accreditation_is_declared_replaced_withdrawn_and_over_by_itself() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let label = async |slug: &str| {
            let all = store.labels(town.tenant.id).await.unwrap();
            all.into_iter().find(|one| one.slug == slug).unwrap()
        };
        assert!(!label("restricted").await.usable(now()));
        let none = store.withdraw(&town.machine(), "restricted", now()).await;
        assert!(matches!(none, Err(StoreError::Gone { what: "accreditation" })), "{none:?}");
        let none = store.accredit(&town.machine(), "none", &accreditation(), now()).await;
        assert!(matches!(none, Err(StoreError::Gone { what: "label" })), "{none:?}");

        store.accredit(&town.machine(), "restricted", &accreditation(), now()).await.unwrap();
        assert_eq!(label("restricted").await.accreditation, Some(accreditation()));
        let read = store.room(town.room.id).await.unwrap().unwrap();
        assert_eq!(read, town.room, "rooms read their label whole");
        let shorter =
            beffroi_domain::Accreditation { until: "2027-03-31".parse().unwrap(), ..accreditation() };
        store.accredit(&town.machine(), "restricted", &shorter, now()).await.unwrap();
        let mark = label("restricted").await;
        assert!(mark.usable(shorter.until.end() - 1) && !mark.usable(shorter.until.end()));
        let in_force = async |at: i64| store.revisions(at).await.unwrap()[0].1.in_force;
        assert_eq!((in_force(shorter.until.end() - 1).await, in_force(shorter.until.end()).await), (1, 0));

        store.withdraw(&town.machine(), "restricted", now()).await.unwrap();
        assert_eq!(label("restricted").await.accreditation, None);
        let (first, second) =
            ("HOM-2026-12, ANSSI, until 9999-12-31", "HOM-2026-12, ANSSI, until 2027-03-31");
        let said = [
            entry("label.withdraw", "restricted", &format!("{second} → none")),
            entry("label.accredit", "restricted", &format!("{first} → {second}")),
            entry("label.accredit", "restricted", &format!("none → {first}")),
        ];
        assert_eq!(told(&town, 3).await, said);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn a_label_changes_within_the_facts_it_was_decided_about() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let seen = store.labels(town.tenant.id).await.unwrap().remove(1);
        let change = LabelChange {
            name: Some("Usage interne".parse().unwrap()),
            download: Some(false),
            retention_days: Some(Some(365)),
            ..LabelChange::default()
        };
        let after = store.change_label(&town.machine(), "internal", &change, &seen, now()).await.unwrap();
        assert_eq!(store.labels(town.tenant.id).await.unwrap()[1], after);
        assert_eq!(after, seen.changed(&change).unwrap());
        assert_eq!(store.room(town.room.id).await.unwrap().unwrap().label, after);
        let detail = "name: Interne → Usage interne; download: true → false; retention_days: none → 365";
        assert_eq!(told(&town, 1).await, [entry("label.change", "internal", detail)]);
        let moved = revision(&town).await;
        let stale = store.change_label(&town.machine(), "internal", &change, &seen, now()).await;
        assert!(matches!(stale, Err(StoreError::Refused(_))), "{stale:?}");
        store.change_label(&town.machine(), "internal", &change, &after, now()).await.unwrap();
        assert_eq!(revision(&town).await, moved, "what changes nothing is no change");
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn what_a_shorter_retention_takes_is_counted_before() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let (then, between) = (now() - 1_000_000_000, now() - 500_000_000);
        let permit = operator::<CreateRoom>(town.tenant.id, town.alice.id);
        let name = "Conseil".parse().unwrap();
        let room =
            store.create_room(&permit, &name, "", "sensitive", town.alice.id, &[], then).await.unwrap();
        let actor = town.actor(&town.alice, Some(MemberRank::Owner));
        let speak = decide::<beffroi_policy::Speak>(&actor, &room).unwrap();
        store.say(&speak, town.author(), speech("old"), then).await.unwrap();
        let add = decide::<AddFile>(&actor, &room).unwrap();
        let upload = store.begin_upload(&add, town.alice.id, "a.txt", "text/plain", 3, then).await.unwrap();
        store.append_part(upload, 0, Bytes::from_static(b"old"), then).await.unwrap();
        store.finish_upload(&town.owner(), upload, town.author(), then).await.unwrap();
        store.say(&speak, town.author(), speech("recent"), now()).await.unwrap();
        town.say("elsewhere").await;
        let weigh = async |at: i64| store.weight_before(&town.machine(), "sensitive", at).await.unwrap();
        assert_eq!(weigh(between).await, Weight { rooms: 1, events: 2, files: 1 });
        assert_eq!(weigh(now()).await, Weight { rooms: 1, events: 3, files: 1 });
        assert_eq!(weigh(i64::MIN).await, Weight { rooms: 1, events: 0, files: 0 });
        let rooms = store.rooms_by_label(&town.machine()).await.unwrap();
        assert!(
            rooms.contains(&("sensitive".into(), 1)) && rooms.contains(&("internal".into(), 1)),
            "{rooms:?}"
        );
        let heads = store.headcount(&town.machine()).await.unwrap();
        assert_eq!((heads.people, heads.without_second_factor), (3, 3));
    });
}

#[test]
fn a_clearance_is_read_at_each_question() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let facts = async |of| store.facts(town.tenant.id, town.room.id, Some(of)).await.unwrap().unwrap();
        let standing = async || facts(town.bob.id).await.standing;
        let before = standing().await.unwrap();
        assert_eq!(
            (before.role, before.clearance, before.membership),
            (Role::Agent, Rank(2), Some(MemberRank::Member))
        );
        store.set_clearance(&town.machine(), town.bob.id, "medical", now()).await.unwrap();
        assert_eq!(standing().await.unwrap().clearance, Rank(4));
        store.set_clearance(&town.machine(), town.bob.id, "public", now()).await.unwrap();
        let said = [
            entry("account.clear", "bob@demo.localhost", "medical → public"),
            entry("account.clear", "bob@demo.localhost", "sensitive → medical"),
        ];
        assert_eq!(told(&town, 2).await, said);
        let none = store.set_clearance(&town.machine(), town.bob.id, "none", now()).await;
        assert!(matches!(none, Err(StoreError::Gone { what: "label" })), "{none:?}");
        let stranger = facts(town.carol.id).await.standing.unwrap();
        assert_eq!(stranger.membership, None);
        store.set_enabled(&town.machine(), town.bob.id, false, now()).await.unwrap();
        assert_eq!(standing().await, None);

        // Next door has labels of the same names and nobody of ours.
        let next = store.add_tenant(&"ville.test".parse().unwrap(), "Ville", now()).await.unwrap();
        let theirs = operator(next.id, AccountId(0));
        let gone = store.set_clearance(&theirs, town.carol.id, "medical", now()).await;
        assert!(matches!(gone, Err(StoreError::Gone { what: "account" })), "{gone:?}");
        store
            .accredit(&operator(next.id, AccountId(0)), "restricted", &accreditation(), now())
            .await
            .unwrap();
        assert!(!store.labels(town.tenant.id).await.unwrap()[3].usable(now()));
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}
