//! Whoever edits the audit log by hand is named by it, entry and field: by the program, and by the
//! independent verifier of docs/verify, which shares no code with it.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use place::{Place, both};
use std::process::Command;
use town::Town;

/// What someone did to the tables, and what must be said of it.
const DEEDS: &[(&str, &str)] = &[
    ("UPDATE audit_entry SET act = 'nothing' WHERE seq = 3", "entry 3, field `act` was changed"),
    ("UPDATE audit_entry SET at_us = at_us + 1 WHERE seq = 1", "entry 1, field `at_us` was changed"),
    ("UPDATE audit_entry SET outcome = 'denied' WHERE seq = 2", "entry 2, field `outcome` was changed"),
    ("UPDATE audit_entry SET actor_ref = 7 WHERE seq = 6", "entry 6, field `actor_ref` was changed"),
    ("UPDATE audit_entry SET subject = origin WHERE seq = 4", "entry 4, field `subject` was changed"),
    ("UPDATE audit_entry SET room = 0 WHERE seq = 5", "entry 5, field `room` was changed"),
    ("UPDATE audit_entry SET rule = 'x' WHERE seq = 5", "entry 5, field `rule` was changed"),
    ("DELETE FROM audit_entry WHERE seq = 3", "entry 3 was removed"),
    ("DELETE FROM audit_entry WHERE seq >= 5", "the end was cut off: entries 5 to 6 are missing"),
    (
        "UPDATE audit_entry SET commitments = (SELECT commitments FROM audit_entry WHERE seq = 2) WHERE seq = 4",
        "entry 4, field `at_us` was changed",
    ),
    (
        "UPDATE audit_entry SET seq = seq + 100 WHERE seq IN (2, 3); UPDATE audit_entry SET seq = 2 WHERE seq = 103; UPDATE audit_entry SET seq = 3 WHERE seq = 102",
        "entry 2 is not the one that was signed",
    ),
    (
        "DELETE FROM audit_entry WHERE seq = 4; UPDATE audit_entry SET seq = seq - 1 WHERE seq = 5; UPDATE audit_entry SET seq = seq - 1 WHERE seq = 6",
        "entry 4 is not the one that was signed",
    ),
    (
        "INSERT INTO audit_entry SELECT tenant, 7, at_us, act, outcome, actor_ref, actor, subject_ref, subject, room, rule, detail, origin, commitments, signature FROM audit_entry WHERE seq = 6",
        "entries 7 to 7 were added after the signed end",
    ),
    (
        "UPDATE audit_log SET checkpoint = replace(checkpoint, '/beffroi-audit', '/beffroi-audi')",
        "the checkpoint is not signed by the key of this log",
    ),
    ("UPDATE audit_log SET size = 4", "field `size` was changed"),
    ("DELETE FROM audit_log", "the head of the log was removed"),
];

async fn deed(place: &Place, sql: &str) {
    let town = Town::new(place.store().await).await;
    town.say("something").await;
    assert_eq!(town.store.verify_audit().await.unwrap(), []);
    town.store
        .deny(
            town.tenant.id,
            beffroi_store::Subject::Who(beffroi_policy::Who::Account(town.bob.id)),
            "room.read",
            Some(town.room.id),
            &beffroi_policy::Denied::Tenant,
            "192.0.2.1",
            place::now(),
        )
        .await
        .unwrap();
    town.store.close().await;
    place.sql(sql).await;
}

#[test]
fn every_edit_is_named() {
    both(async |place| {
        for (sql, expected) in DEEDS {
            place.empty().await;
            deed(place, sql).await;
            let store = place.store().await;
            let texts =
                |found: Vec<beffroi_store::Finding>| found.into_iter().map(|f| f.text).collect::<Vec<_>>();
            let findings = texts(store.verify_audit().await.unwrap());
            let tenant = store.tenants().await.unwrap().remove(0).id;
            let beside = texts(store.verify_beside(tenant).await.unwrap());
            store.close().await;
            for findings in [findings, beside] {
                assert!(findings.iter().any(|text| text.contains(expected)), "{sql}\n{findings:#?}");
            }
        }
    });
}

fn python(place: &Place) -> (bool, String) {
    python_with(place, &[])
}

fn python_with(place: &Place, more: &[&str]) -> (bool, String) {
    let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify/verify.py");
    let output = Command::new("python3")
        .arg(verifier)
        .arg(place.folder().join("beffroi.db"))
        .args(more)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn the_independent_verifier_finds_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for (sql, expected) in [("SELECT 1", "6 entries, whole")].iter().chain(DEEDS) {
            let place = Place::sqlite();
            deed(&place, sql).await;
            let (whole, text) = python(&place);
            assert_eq!(whole, *sql == "SELECT 1", "{sql}\n{text}");
            assert!(text.contains(expected), "{sql}\n{text}");
        }
    });
}

/// A whole log put back to an earlier state is consistent in itself; a checkpoint noted elsewhere is not.
#[test]
fn a_log_put_back_is_seen_by_whoever_noted_its_checkpoint() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let place = Place::sqlite();
        let checkpoint = async |name: &str| {
            let town_log = place.store().await;
            let tenant = town_log.tenants().await.unwrap().remove(0).id;
            let permit = beffroi_policy::operator(tenant, beffroi_domain::AccountId(0));
            let page = town_log.audit(&permit, &beffroi_store::AuditFilter::default()).await.unwrap();
            town_log.close().await;
            std::fs::write(place.folder().join(name), page.checkpoint).unwrap();
        };
        deed(&place, "SELECT 1").await;
        let (database, backup) = (place.folder().join("beffroi.db"), place.folder().join("backup.db"));
        std::fs::copy(&database, &backup).unwrap();
        checkpoint("old.txt").await;
        let store = place.store().await;
        let tenant = store.tenants().await.unwrap().remove(0);
        let manage = beffroi_policy::operator(tenant.id, beffroi_domain::AccountId(0));
        store.accredit(&manage, "medical", &town::accreditation(), place::now()).await.unwrap();
        store.close().await;
        checkpoint("new.txt").await;
        let noted =
            |name: &str| python_with(&place, &["--checkpoint", place.folder().join(name).to_str().unwrap()]);
        assert!(noted("old.txt").0 && noted("new.txt").0, "{:?}", noted("new.txt"));
        std::fs::copy(&backup, &database).unwrap();
        assert!(noted("old.txt").0);
        let (whole, text) = noted("new.txt");
        assert!(!whole && text.contains("not the one that you noted at 7 entries"), "{text}");
    });
}

/// Changes one byte in every sealed column of every entry, one after the other: nothing goes unseen.
#[test]
fn one_byte_anywhere_is_seen() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let place = Place::sqlite();
        deed(&place, "SELECT 1").await;
        let store = place.store().await;
        for seq in 1..=6 {
            for column in ["actor", "subject", "detail", "origin", "commitments", "signature"] {
                let good = place.cell(column, seq).await;
                let places = [0, good.len() / 2, good.len().saturating_sub(1)];
                for at in places.into_iter().filter(|at| *at < good.len()) {
                    let mut bad = good.clone();
                    bad[at] ^= 1;
                    place.set_cell(column, seq, bad).await;
                    let findings = store.verify_audit().await.unwrap();
                    assert!(
                        findings.iter().any(|f| f.entry == Some(seq)),
                        "entry {seq}, {column}, byte {at}: {findings:#?}"
                    );
                }
                place.set_cell(column, seq, good).await;
            }
        }
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}
