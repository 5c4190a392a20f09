//! Suspicious acts are told to who keeps the body safe, by mail and in a list, once and as the body chose.

use crate::database::Database;
use crate::second_factor::patient;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Post, Server, soon};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

const ADA: &str = "ada@mairie.test";
const OTTO: &str = "otto@mairie.test";
const RULES: &str = "/api/admin/alert-rules";
const ALERTS: &str = "/api/admin/alerts";

/// Waits until every log was looked at to its end.
async fn watched(house: &House) {
    let mut database = Database::of(house).await;
    let behind = "SELECT COUNT(*) FROM audit_log l LEFT JOIN alert_mark m ON m.tenant = l.tenant
                   WHERE m.seq IS NULL OR m.seq < l.size";
    let caught_up = async { while database.number(behind).await > 0 {} };
    soon("every log looked at", caught_up).await;
}

/// A list of stolen passwords, tried from several places by somebody who is patient enough.
async fn stuff(house: &House, server: &Server, places: std::ops::Range<u8>) {
    for place in places {
        let mut stranger = Browser::new(server, DOMAIN);
        stranger.from = Some(Ipv4Addr::new(127, 0, 9, place).into());
        for n in 0..11 {
            patient(house).await;
            let address = if n == 0 { BOB.to_owned() } else { format!("personne{n}@mairie.test") };
            stranger.sign_in(&address, "Un-mot-de-passe-vole-1").await.expect(401);
        }
    }
}

async fn change(who: &Browser, rules: Value) -> Answer {
    who.request("PATCH", RULES).json(&json!({"rules": rules})).send().await
}

async fn listed(reader: &Browser) -> Vec<Value> {
    reader.get(ALERTS).await.expect(200).json()["alerts"].as_array().cloned().unwrap_or_default()
}

/// The alerts of a kind, once there are any.
async fn told(reader: &Browser, kind: &str) -> Vec<Value> {
    let come = async {
        loop {
            let found: Vec<_> = listed(reader).await.into_iter().filter(|one| one["kind"] == kind).collect();
            if !found.is_empty() {
                return found;
            }
        }
    };
    soon(kind, come).await
}

/// Somebody tries Bob's password so often.
async fn guess(house: &House, server: &Server, times: usize) {
    for _ in 0..times {
        patient(house).await;
        Browser::new(server, DOMAIN).sign_in(BOB, "Un-mot-de-passe-devine-1").await.expect(401);
    }
}

#[tokio::test]
async fn a_body_tunes_what_it_is_told_and_the_change_itself_is_told_to_the_others() {
    let house = House::town();
    house.add_account(OTTO, "Otto Clair", "security-officer");
    house.add_account(ADA, "Ada Brun", "auditor");
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    watched(&house).await;
    let (otto, ada) = (Browser::signed_in(&server, OTTO).await, Browser::signed_in(&server, ADA).await);
    let (claire, alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);

    // Who is watched by it does not change it, and nobody makes it useless.
    let six = json!([{"kind": "guessed-account", "on": true, "threshold": {"count": 6, "minutes": 10, "accounts": 1}}]);
    for who in [&claire, &ada, &alice] {
        assert_eq!(change(who, six.clone()).await.expect(403).json()["rule"], "role");
    }
    for wrong in [
        json!([{"kind": "alerts", "on": false}]),
        json!([{"kind": "broken-log", "on": false}]),
        json!([{"kind": "comet", "on": true}]),
        json!([{"kind": "role", "on": true, "threshold": {"count": 6, "minutes": 10, "accounts": 1}}]),
        json!([{"kind": "guessed-account", "on": true, "threshold": {"count": 13, "minutes": 10, "accounts": 1}}]),
        json!([]),
    ] {
        change(&otto, wrong).await.expect(422);
    }
    alice.get(RULES).await.expect(403);
    let before = ada.get(RULES).await.expect(200).json();
    assert_eq!((&before["mail"], before["rules"].as_array().map(Vec::len)), (&json!(true), Some(12)));
    let after = change(&otto, six).await.expect(200).json();
    assert_eq!(after["rules"][0]["threshold"]["count"], 6);
    let letters = post.letters(2).await;
    let mut to: Vec<_> = letters.iter().filter_map(|one| one.header("to")).collect();
    to.sort();
    assert_eq!(to, [CLAIRE, OTTO]);
    for letter in &letters {
        assert!(
            letter.text.contains("guessed-account: on, 10 in 10 min → on, 6 in 10 min"),
            "{}",
            letter.text
        );
        assert!(letter.text.contains(OTTO), "{}", letter.text);
    }

    // Six, not ten; the letter leads to them.
    guess(&house, &server, 6).await;
    let letters = post.letters(4).await;
    let letter = letters.iter().find(|one| one.text.contains("à un même compte")).expect("the letter");
    let id = letter.link().rsplit('/').next().expect("an id").to_owned();
    for reader in [&ada, &otto, &claire] {
        let shown = reader.get(&format!("{ALERTS}/{id}")).await.expect(200).json();
        assert_eq!(
            (&shown["alert"]["kind"], &shown["alert"]["entries"]),
            (&json!("guessed-account"), &json!(6))
        );
        let entries = shown["entries"].as_array().cloned().unwrap_or_default();
        assert_eq!(entries.len(), 6, "{shown}");
        let guesses =
            |one: &Value| one["act"] == "session.open" && one["actor"] == BOB && one["outcome"] == "denied";
        assert!(entries.iter().all(guesses), "{shown}");
        assert_eq!(&shown["alert"]["latest"], &entries[0]);
    }
    let first = ada.get(&format!("{ALERTS}/{id}?limit=4")).await.expect(200).json();
    let rest = ada.get(&format!("{ALERTS}/{id}?before={}", first["next"])).await.expect(200).json();
    assert_eq!((rest["entries"].as_array().map(Vec::len), &rest["next"]), (Some(2), &Value::Null));
    for path in [ALERTS.to_owned(), format!("{ALERTS}/{id}")] {
        alice.get(&path).await.expect(403);
    }
    ada.get(&format!("{ALERTS}/0000000000000")).await.expect(404);

    // At the machine too, which the log says; what is always told stays.
    house.run(&["tenant", "alerts", DOMAIN, "--kind", "alerts", "--set", "off"]).refused();
    house.run(&["tenant", "alerts", DOMAIN, "--kind", "role", "--count", "6"]).refused();
    house.run(&["tenant", "alerts", DOMAIN, "--kind", "comet", "--set", "off"]).refused();
    let all = house.run(&["tenant", "alerts", DOMAIN]).well();
    assert!(all.contains("guessed-account: on, 6 in 10 min") && all.contains("alerts: on (always)"), "{all}");
    let off = ["tenant", "alerts", DOMAIN, "--kind", "guessed-account", "--set", "off", "--minutes", "20"];
    assert!(house.run(&off).well().contains("guessed-account: off, 6 in 20 min"));
    let changes = ada.get("/api/admin/audit?act=alerts.change").await.expect(200).json();
    assert_eq!(changes["entries"][0]["actor"], "machine");
    guess(&house, &server, 6).await;
    watched(&house).await;
    let mut database = Database::of(&house).await;
    let guessed = "SELECT SUM(entries) FROM alert WHERE alarm = 'guessed-account'";
    assert_eq!(database.number(guessed).await, 6, "switched off, nothing more is told");
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn without_a_mail_server_what_was_done_is_listed_and_nothing_is_switched_off_behind_it() {
    let house = House::town();
    house.add_account(OTTO, "Otto Clair", "security-officer");
    let server = house.serve().await;
    watched(&house).await;
    let (otto, claire) = (Browser::signed_in(&server, OTTO).await, Browser::signed_in(&server, CLAIRE).await);
    // Judged by the rules that held when it was done.
    let role = json!({"role": "auditor"});
    claire.post(&format!("/api/admin/accounts/{BOB}/role"), &role).await.expect(204);
    change(&otto, json!([{"kind": "role", "on": false}])).await.expect(200);
    let alert = told(&claire, "role").await.remove(0);
    assert_eq!(
        (&alert["latest"]["subject"], &alert["latest"]["detail"]),
        (&json!(BOB), &json!("agent → auditor"))
    );
    told(&claire, "alerts").await;
    claire.post(&format!("/api/admin/accounts/{BOB}/role"), &json!({"role": "agent"})).await.expect(204);
    // Two who let dangerous acts take one, and one who takes the log out: each is told, the export once.
    house.run(&["tenant", "four-eyes", DOMAIN, "--set", "off"]).well();
    let size = claire.get("/api/admin/audit?limit=1").await.expect(200).json()["size"].clone();
    for _ in 0..3 {
        claire.get(&format!("/api/admin/audit/log/tile/0/000.p/{size}")).await.expect(200);
    }
    told(&claire, "second-person").await;
    assert_eq!(told(&claire, "export").await[0]["entries"], 1);
    let mut database = Database::of(&house).await;
    watched(&house).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM alert WHERE alarm = 'role'").await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM alert_entry WHERE alarm = 'role'").await, 1);
    assert_eq!(database.number("SELECT COUNT(*) FROM mail").await, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM audit_entry WHERE act = 'alert.raise'").await, 0);
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn whoever_administers_comes_from_a_new_place_but_not_for_the_first_time() {
    let house = House::town();
    let server = house.serve().await;
    watched(&house).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let new = json!({"address": ADA, "name": "Ada Brun", "role": "auditor"});
    let made = claire.post("/api/admin/accounts", &new).await.expect(201).json();
    let token = made["link"].as_str().and_then(|link| link.rsplit('/').next()).expect("a link").to_owned();
    let mut ada = Browser::new(&server, DOMAIN);
    let chosen = json!({"password": PASSWORD});
    ada.post(&format!("/api/invitations/{token}"), &chosen).await.expect(200);
    watched(&house).await;
    assert_eq!(told(&claire, "role").await[0]["latest"]["detail"], "auditor", "a new auditor is told");
    assert!(listed(&claire).await.iter().all(|one| one["kind"] != "new-place"), "somebody comes in at last");
    ada.from = Some(Ipv4Addr::new(127, 0, 9, 9).into());
    ada.sign_in(ADA, PASSWORD).await.expect(200);
    let alert = told(&claire, "new-place").await.remove(0);
    assert_eq!((&alert["latest"]["actor"], &alert["entries"]), (&json!(ADA), &json!(1)));
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_log_that_somebody_edited_is_told_within_the_day_and_once() {
    let house = House::town();
    let server = house.serve().await;
    watched(&house).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let mut database = Database::of(&house).await;
    database.run("UPDATE audit_entry SET act = 'nothing' WHERE seq = 3").await;
    for _ in 0..2 {
        // As if a day had passed.
        database.run("UPDATE alert_mark SET verified_us = 1").await;
        let verified = async {
            while database.number("SELECT COUNT(*) FROM alert_mark WHERE verified_us = 1").await > 0 {}
        };
        soon("the daily verification", verified).await;
    }
    let alert = told(&claire, "broken-log").await.remove(0);
    let said = alert["latest"]["detail"].as_str().unwrap_or_default();
    assert!(said.contains("entry 3, field `act` was changed"), "{alert}");
    assert_eq!(alert["entries"], 1, "the second day says nothing new");
    crate::bad_input::finish(server, &[]).await;
    let ran = house.run(&["audit", "verify"]);
    assert!(ran.code == Some(1) && ran.out.contains("entry 3, field `act` was changed"), "{ran:?}");
}

/// One log without its head keeps nobody from learning that another one was edited.
#[tokio::test]
async fn every_log_is_verified_although_one_has_no_head_any_more() {
    let house = House::town();
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital"]).well();
    let server = house.serve().await;
    watched(&house).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let mut database = Database::of(&house).await;
    let hospital = "(SELECT id FROM tenant WHERE domain = 'hopital.test')";
    database.run(&format!("DELETE FROM audit_log WHERE tenant = {hospital}")).await;
    database.run("UPDATE audit_entry SET act = 'nothing' WHERE seq = 3").await;
    // As if a day had passed; the one without a head is first, and due for longer than any other.
    let due = format!("UPDATE alert_mark SET verified_us = CASE WHEN tenant = {hospital} THEN 1 ELSE 2 END");
    database.run(&due).await;
    let alert = told(&claire, "broken-log").await.remove(0);
    let said = alert["latest"]["detail"].as_str().unwrap_or_default();
    assert!(said.contains("entry 3, field `act` was changed"), "{alert}");
    assert_eq!(database.number("SELECT COUNT(*) FROM alert_mark WHERE verified_us <= 2").await, 0);
    let ran = house.run(&["audit", "verify"]);
    assert!(ran.code == Some(1) && ran.out.contains("the head of the log was removed"), "{ran:?}");
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_list_of_stolen_passwords_tried_here_is_told_once_to_who_administers() {
    let house = House::town();
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital"]).well();
    house.add_account("chef@hopital.test", "Chef", "administrator");
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    watched(&house).await;
    stuff(&house, &server, 1..4).await;
    let letter = post.letters(1).await.remove(0);
    assert_eq!(letter.header("to").as_deref(), Some(CLAIRE));
    assert!(
        letter.text.contains("depuis un même endroit") && letter.text.contains("127.0.9."),
        "{}",
        letter.text
    );
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let alert = &told(&claire, "guessing-place").await[0];
    let place = format!("/administration/journal/{}", alert["id"].as_str().unwrap_or_default());
    assert!(letter.link().ends_with(&place), "{} {place}", letter.link());
    watched(&house).await;
    // What comes within ten minutes waits for the next letter, and a restart tells nothing again.
    server.stop().await;
    let server = house.serve().await;
    stuff(&house, &server, 5..6).await;
    watched(&house).await;
    let mut database = Database::of(&house).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM mail WHERE purpose = 'alert'").await, 1);
    let waiting =
        "SELECT COUNT(*) FROM alert WHERE alarm = 'guessing-place' AND told_us IS NULL AND entries > 0";
    assert_eq!(database.number(waiting).await, 1);
    // As if ten minutes had passed: they are told, with their number.
    database.run("UPDATE alert SET told_us = 1 WHERE told_us IS NOT NULL").await;
    let letters = post.letters(2).await;
    assert!(letters.iter().all(|one| one.header("to").as_deref() == Some(CLAIRE)), "nobody next door");
    assert_eq!(database.number(waiting).await, 0);
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}
