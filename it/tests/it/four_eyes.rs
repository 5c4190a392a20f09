//! Dangerous acts wait for a second person (ID16): who asks, who decides, what is done, once.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, Browser, CLAIRE, DOMAIN, House};
use serde_json::{Value, json};

const ADA: &str = "ada@mairie.test";
const OTTO: &str = "otto@mairie.test";
const OLGA: &str = "olga@mairie.test";
const INTERNAL: &str = "/api/admin/labels/internal";
const REQUESTS: &str = "/api/admin/requests";
const TILE: &str = "/api/admin/audit/log/tile/entries/000.p/1";

fn governed() -> House {
    let house = House::town();
    house.add_account(ADA, "Ada Brun", "auditor");
    house.add_account(OTTO, "Otto Clair", "security-officer");
    house.add_account(OLGA, "Olga Sand", "security-officer");
    house
}

async fn send(browser: &Browser, method: &str, path: &str, body: &Value) -> Answer {
    browser.request(method, path).json(body).send().await
}

fn rule(answer: Answer) -> String {
    answer.expect(403).json()["rule"].as_str().unwrap_or_default().to_owned()
}

async fn ask(browser: &Browser, body: Value) -> Value {
    send(browser, "POST", REQUESTS, &body).await.expect(201).json()
}

fn shorter(days: u32) -> Value {
    json!({"act": "retention", "label": "internal", "retention_days": days, "reason": "Le disque est plein"})
}

async fn decide(browser: &Browser, request: &Value, how: &str) -> Answer {
    let id = request["id"].as_str().expect("an id");
    browser.post(&format!("{REQUESTS}/{id}/{how}"), &json!({})).await
}

async fn days(browser: &Browser) -> Value {
    let body = browser.get("/api/labels").await.expect(200).json();
    let label = body.as_array().expect("labels").iter().find(|one| one["slug"] == "internal").cloned();
    label.expect("the label")["retention_days"].clone()
}

async fn entries(reader: &Browser, act: &str) -> Vec<Value> {
    let page = reader.get(&format!("/api/admin/audit?act={act}")).await.expect(200).json();
    page["entries"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_retention_that_destroys_waits_for_somebody_else_and_is_done_once() {
    let house = governed();
    let server = house.serve().await;
    let (otto, olga) = (Browser::signed_in(&server, OTTO).await, Browser::signed_in(&server, OLGA).await);
    let (claire, ada) = (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ADA).await);
    let alice = Browser::signed_in(&server, ALICE).await;

    // Nobody does it alone, confirmed or not; keeping longer destroys nothing.
    for body in [json!({"retention_days": 30}), json!({"retention_days": 30, "confirmed": true})] {
        assert_eq!(rule(send(&otto, "PATCH", INTERNAL, &body).await), "four-eyes");
    }
    assert_eq!(days(&otto).await, Value::Null);
    for who in [&claire, &ada, &alice] {
        assert_eq!(rule(send(who, "POST", REQUESTS, &shorter(30)).await), "role");
    }
    for wrong in [
        json!({"act": "retention", "label": "internal", "reason": "x"}),
        json!({"act": "export", "label": "internal", "reason": "x"}),
        json!({"act": "retention", "label": "internal", "retention_days": 0, "reason": "x"}),
        json!({"act": "retention", "label": "sensitive", "retention_days": 91, "reason": "x"}),
        json!({"act": "four-eyes", "four_eyes": true, "reason": "x"}),
        json!({"act": "export", "reason": "  "}),
    ] {
        send(&otto, "POST", REQUESTS, &wrong).await.expect(422);
    }

    let request = ask(&otto, shorter(30)).await;
    assert_eq!(
        (&request["state"], &request["own"], &request["theirs"]),
        (&json!("waiting"), &json!(true), &json!(false))
    );
    assert_eq!(request["approvers"], 2, "an officer asked: the other officer, and the administrator");
    send(&otto, "POST", REQUESTS, &shorter(30)).await.expect(409);
    assert_eq!(rule(decide(&otto, &request, "approve").await), "own-request");
    for who in [&ada, &alice] {
        assert_eq!(rule(decide(who, &request, "approve").await), "role");
    }
    // A session that was left open proves nothing.
    Database::of(&house).await.run("UPDATE session SET proved_us = proved_us - 900000001").await;
    assert_eq!(rule(decide(&olga, &request, "approve").await), "stale");
    let olga = Browser::signed_in(&server, OLGA).await;
    let seen = olga.get(REQUESTS).await.expect(200).json();
    assert_eq!((&seen["four_eyes"], &seen["requests"][0]["theirs"]), (&json!(true), &json!(true)));
    assert_eq!(ada.get(REQUESTS).await.expect(200).json()["requests"][0]["theirs"], false);
    assert_eq!(days(&otto).await, Value::Null, "nothing was done yet");

    // The label is no longer the one that was looked at.
    send(&otto, "PATCH", INTERNAL, &json!({"guests": "no"})).await.expect(200);
    decide(&olga, &request, "approve").await.expect(409);
    assert_eq!(days(&otto).await, Value::Null);
    send(&otto, "PATCH", INTERNAL, &json!({"guests": "meeting"})).await.expect(200);

    decide(&olga, &request, "approve").await.expect(204);
    assert_eq!(days(&otto).await, json!(30));
    // Once.
    send(&otto, "PATCH", INTERNAL, &json!({"retention_days": null})).await.expect(200);
    for how in ["approve", "refuse"] {
        decide(&olga, &request, how).await.expect(409);
    }
    assert_eq!(days(&otto).await, Value::Null);

    // The day for deciding is over.
    let late = ask(&otto, shorter(20)).await;
    Database::of(&house).await.run("UPDATE request SET expires_us = 1 WHERE state = 'waiting'").await;
    decide(&olga, &late, "approve").await.expect(409);
    assert_eq!(olga.get(REQUESTS).await.expect(200).json()["requests"][0]["state"], "expired");
    assert_eq!(days(&otto).await, Value::Null);

    // An administrator decides about what an officer asks; a no is a no.
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let other = ask(&otto, shorter(10)).await;
    decide(&claire, &other, "refuse").await.expect(204);
    decide(&olga, &other, "approve").await.expect(409);
    assert_eq!(days(&otto).await, Value::Null);

    let approved = entries(&ada, "request.approve").await;
    assert_eq!((&approved[0]["actor"], &approved[0]["subject"]), (&json!(OLGA), &json!(OTTO)));
    let done = entries(&ada, "label.change").await;
    let detail = |e: &Value| e["detail"].as_str().unwrap_or_default().to_owned();
    assert!(done.iter().any(|e| detail(e).contains("asked by otto@mairie.test")), "{done:?}");
    assert_eq!(entries(&ada, "request.refuse").await.len(), 1);
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn the_log_is_taken_out_by_who_asked_in_one_session_within_a_quarter_of_an_hour() {
    let house = governed();
    let server = house.serve().await;
    let (otto, claire) = (Browser::signed_in(&server, OTTO).await, Browser::signed_in(&server, CLAIRE).await);
    let ada = Browser::signed_in(&server, ADA).await;
    for who in [&otto, &claire, &ada] {
        assert_eq!(rule(who.get(TILE).await), "four-eyes");
        who.get("/api/admin/audit/log/checkpoint").await.expect(200);
    }
    let request = ask(&ada, json!({"act": "export", "reason": "Contrôle annuel"})).await;
    // What an auditor or an administrator asks is for an officer.
    assert_eq!(rule(decide(&claire, &request, "approve").await), "officer-decides");
    assert_eq!(rule(ada.get(TILE).await), "four-eyes");
    decide(&otto, &request, "approve").await.expect(204);
    for who in [&otto, &claire] {
        assert_eq!(rule(who.get(TILE).await), "four-eyes");
    }
    ada.get(TILE).await.expect(200);
    ada.get(TILE).await.expect(200);
    let elsewhere = Browser::signed_in(&server, ADA).await;
    assert_eq!(rule(elsewhere.get(TILE).await), "four-eyes");
    Database::of(&house).await.run("UPDATE request SET right_until_us = 1").await;
    assert_eq!(rule(ada.get(TILE).await), "four-eyes");
    let used = entries(&ada, "request.use").await;
    assert_eq!(used.len(), 1);
    assert!(
        used[0]["detail"].as_str().unwrap_or_default().contains("approved by otto@mairie.test"),
        "{used:?}"
    );
}

#[tokio::test]
async fn a_village_without_a_second_person_has_its_operator() {
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let refusal = claire.get(TILE).await.expect(403).json();
    assert!(
        refusal["detail"].as_str().unwrap_or_default().contains("beffroi request approve ID"),
        "{refusal}"
    );
    let request = ask(&claire, json!({"act": "export", "reason": "Archives"})).await;
    assert_eq!(request["approvers"], 0);
    let id = request["id"].as_str().expect("an id").to_owned();
    let listed = house.run(&["request", "list", "--tenant", DOMAIN]).well();
    assert!(listed.contains(&id) && listed.contains("waits") && listed.contains("Archives"), "{listed}");
    house.run(&["request", "approve", &id]).well();
    assert!(house.run(&["request", "approve", &id]).refused().contains("already"));
    claire.get(TILE).await.expect(200);

    // To be two no longer is itself asked for; the operator can say it outright.
    let off =
        ask(&claire, json!({"act": "four-eyes", "four_eyes": false, "reason": "Nous sommes trois"})).await;
    assert_eq!(rule(decide(&claire, &off, "approve").await), "own-request");
    house.run(&["request", "refuse", off["id"].as_str().expect("an id")]).well();
    assert_eq!(claire.get(REQUESTS).await.expect(200).json()["four_eyes"], true);
    house.run(&["tenant", "four-eyes", DOMAIN, "--set", "off"]).well();
    assert_eq!(claire.get(REQUESTS).await.expect(200).json()["four_eyes"], false);
    Browser::signed_in(&server, CLAIRE).await.get(TILE).await.expect(200);
    let changed = entries(&claire, "four-eyes.change").await;
    assert_eq!((&changed[0]["actor"], &changed[0]["detail"]), (&json!("machine"), &json!("on → off")));
}
