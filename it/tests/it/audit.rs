//! The audit log: what is done is in it, and whoever edits it by hand is named.

use crate::database::Database;
use beffroi_it::{ALICE, Browser, CLAIRE, DOMAIN, House, PASSWORD};
use serde_json::json;

/// A town where a few things were done and refused.
pub async fn lived_in(house: &House) {
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let mut claire = Browser::new(&server, DOMAIN);
    claire.sign_in(CLAIRE, "Faux-mot-de-passe-1").await.expect(401);
    claire.sign_in(CLAIRE, PASSWORD).await.expect(200);
    let room = alice.room("Accueil").await;
    alice
        .request("PATCH", &format!("/api/rooms/{room}"))
        .json(&json!({"label": "public"}))
        .send()
        .await
        .expect(200);
    alice
        .request("PATCH", &format!("/api/rooms/{room}"))
        .json(&json!({"label": "restricted"}))
        .send()
        .await
        .expect(403);
    alice.get("/api/admin/audit").await.expect(403);
    let new = json!({"address": "gus@mairie.test", "name": "Gus Petit"});
    claire.post("/api/admin/accounts", &new).await.expect(201);
    claire.post("/api/admin/accounts/gus@mairie.test/disable", &json!({})).await.expect(204);

    let entries = |answer: serde_json::Value| answer["entries"].as_array().cloned().unwrap_or_default();
    let all = claire.get("/api/admin/audit?limit=200").await.expect(200).json();
    assert!(all["size"].as_i64().is_some_and(|size| size as usize == entries(all.clone()).len()), "{all}");
    let told = entries(claire.get("/api/admin/audit?outcome=denied").await.expect(200).json());
    let rules: Vec<_> = told.iter().filter_map(|e| e["rule"].as_str()).collect();
    for rule in ["label-reserved", "role", "credentials"] {
        assert!(rules.contains(&rule), "{rules:?}");
    }
    let relabelled =
        entries(claire.get("/api/admin/audit?act=room.relabel&outcome=done").await.expect(200).json());
    assert!(matches!(relabelled.as_slice(), [one] if one["actor"] == ALICE), "{relabelled:?}");
    let mut seen = vec![];
    let mut before = String::new();
    loop {
        let page = claire.get(&format!("/api/admin/audit?limit=3{before}")).await.expect(200).json();
        seen.extend(entries(page.clone()).iter().filter_map(|e| e["seq"].as_i64()));
        match page["next"].as_i64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    let size = seen.first().copied().unwrap_or_default();
    assert_eq!(seen, (1..=size).rev().collect::<Vec<_>>(), "pages join without a gap");
    server.stop().await;
}

/// Edits entries by hand, field by field, and expects to be named each time.
pub async fn edits_are_named(house: &House, database: &mut Database) {
    let said = house.run(&["audit", "verify"]).well();
    assert!(said.contains("intact"), "{said}");
    for (field, edit) in [
        ("act", "act = 'nothing'"),
        ("outcome", "outcome = CASE outcome WHEN 'done' THEN 'denied' ELSE 'done' END"),
        ("at_us", "at_us = at_us + 1"),
        ("rule", "rule = 'none'"),
        ("room", "room = room + 1"),
        ("actor", "actor = subject"),
    ] {
        database.run("CREATE TABLE aside AS SELECT * FROM audit_entry WHERE seq = 3").await;
        assert_eq!(database.run(&format!("UPDATE audit_entry SET {edit} WHERE seq = 3")).await, 1);
        let ran = house.run(&["audit", "verify"]);
        assert_eq!(ran.code, Some(1), "{field}: {ran:?}");
        assert!(ran.out.contains("entry 3") && ran.out.contains(field), "{field}: {ran:?}");
        database.run("DELETE FROM audit_entry WHERE seq = 3").await;
        let ran = house.run(&["audit", "verify"]);
        assert!(ran.code == Some(1) && ran.out.contains('3'), "a missing entry: {ran:?}");
        database.run("INSERT INTO audit_entry SELECT * FROM aside").await;
        database.run("DROP TABLE aside").await;
        house.run(&["audit", "verify"]).well();
    }
    let last = database.number("SELECT MAX(seq) FROM audit_entry").await;
    database.run(&format!("CREATE TABLE aside AS SELECT * FROM audit_entry WHERE seq = {last}")).await;
    database.run(&format!("DELETE FROM audit_entry WHERE seq = {last}")).await;
    assert_eq!(house.run(&["audit", "verify"]).code, Some(1), "the last entry is missed too");
    database.run("INSERT INTO audit_entry SELECT * FROM aside").await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn whoever_edits_the_log_by_hand_is_named_entry_and_field() {
    let house = House::town();
    lived_in(&house).await;
    edits_are_named(&house, &mut Database::of(&house).await).await;
}

#[tokio::test]
async fn an_auditor_reads_and_changes_nothing() {
    let house = House::town();
    house.add_account("ada@mairie.test", "Ada Brun", "auditor");
    let server = house.serve().await;
    let ada = Browser::signed_in(&server, "ada@mairie.test").await;
    for path in ["/api/admin/audit", "/api/admin/accounts", "/api/admin/rooms", "/api/admin/organisation"] {
        ada.get(path).await.expect(200);
    }
    let new = json!({"address": "gus@mairie.test", "name": "Gus Petit"});
    ada.post("/api/admin/accounts", &new).await.expect(403);
    ada.post(&format!("/api/admin/accounts/{ALICE}/disable"), &json!({})).await.expect(403);
    ada.post(&format!("/api/admin/accounts/{ALICE}/reset"), &json!({})).await.expect(403);
    Browser::signed_in(&server, ALICE).await;
}
