//! More than a password: applications, recovery codes, and proving once more who one is.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, Application, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Server};
use serde_json::{Value, json};

/// Somebody adds an application: what it holds, and their recovery codes.
pub async fn enrol(page: &mut Browser) -> (Application, Vec<String>) {
    let begun = page.post("/api/factors/totp", &json!({})).await.expect(201).json();
    let application = Application::holding(begun["seed"].as_str().expect("a seed"));
    let body = json!({"token": begun["token"], "code": application.code(-1), "name": "téléphone"});
    let answer = page.post("/api/factors/totp/confirm", &body).await.expect(201);
    renewed(page, &answer, |body| &body["session"]);
    let added = answer.json();
    assert_eq!(added["session"]["factor"], "second");
    let codes = added["recovery_codes"].as_array().expect("recovery codes");
    (application, codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect())
}

/// The session as it is after a proof: another cookie, another token for changes.
pub fn renewed(page: &mut Browser, answer: &Answer, session: fn(&Value) -> &Value) {
    let cookie = answer.header("set-cookie").expect("a proof gives the session another token");
    page.cookie = cookie.split(';').next().map(str::to_owned);
    page.csrf = session(&answer.json())["csrf"].as_str().expect("a token for changes").to_owned();
}

pub async fn second(page: &mut Browser, token: &Value, proof: &Value) -> Answer {
    let answer = page.post("/api/session/second", &json!({"token": token, "proof": proof})).await;
    page.keep(&answer);
    answer
}

pub fn totp(code: &str) -> Value {
    json!({"kind": "totp", "code": code})
}

/// As if nobody had failed lately.
pub async fn patient(house: &House) {
    Database::of(house).await.run("DELETE FROM wait_counter").await;
}

async fn first_step(server: &Server) -> (Browser, Value) {
    let mut page = Browser::new(server, DOMAIN);
    let step = page.sign_in(ALICE, PASSWORD).await.expect(200);
    assert!(step.header("set-cookie").is_none(), "half a sign-in opens nothing");
    (page, step.json())
}

#[tokio::test]
async fn who_holds_an_application_is_asked_for_its_code_and_each_opens_once() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let before = page.cookie.clone();
    let (application, codes) = enrol(&mut page).await;
    assert_eq!(codes.len(), 10);
    let mut old = page.clone();
    old.cookie = before;
    old.get("/api/session").await.expect(401);
    assert_eq!(page.get("/api/session").await.expect(200).json()["factor"], "second");

    let (mut page, step) = first_step(&server).await;
    assert_eq!((&step["kind"], &step["ways"]), (&json!("second-step"), &json!(["totp", "recovery"])));
    page.get("/api/session").await.expect(401);
    let wrong = second(&mut page, &step["token"], &totp("000000")).await.expect(401);
    assert_eq!(wrong.json()["title"], "wrong-code");
    // The code that added it was used by that.
    second(&mut page, &step["token"], &totp(&application.code(-1))).await.expect(401);
    let code = application.code(0);
    let session = second(&mut page, &step["token"], &totp(&code)).await.expect(200).json();
    assert_eq!((&session["kind"], &session["factor"]), (&json!("account"), &json!("second")));
    second(&mut page, &step["token"], &totp(&application.code(1))).await.expect(404);

    patient(&house).await;
    let (mut replay, step) = first_step(&server).await;
    second(&mut replay, &step["token"], &totp(&code)).await.expect(401);
    let paper = json!({"kind": "recovery", "code": codes[0].to_lowercase()});
    second(&mut replay, &step["token"], &paper).await.expect(200);
    let (mut again, step) = first_step(&server).await;
    second(&mut again, &step["token"], &paper).await.expect(401);
    assert_eq!(replay.get("/api/factors").await.json()["recovery_left"], 9);

    let seen = replay.get("/api/sign-ins").await.expect(200).json();
    let by: Vec<_> = seen.as_array().unwrap().iter().map(|row| row["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["code", "recovery", "code", "totp", "code", "code", "password"]);
    assert_eq!(seen[1]["agent"], "Essai");
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn of_recovery_codes_that_were_made_anew_the_old_open_nothing() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let (_, old) = enrol(&mut page).await;
    let made = page.post("/api/factors/recovery-codes", &json!({})).await.expect(201).json();
    let new: Vec<_> =
        made["recovery_codes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert!(new.len() == 10 && new.iter().all(|code| !old.iter().any(|before| before == code)), "{new:?}");
    let paper = |code: &str| json!({"kind": "recovery", "code": code});
    let (mut stranger, step) = first_step(&server).await;
    for code in [&old[0], &old[9]] {
        second(&mut stranger, &step["token"], &paper(code)).await.expect(401);
    }
    patient(&house).await;
    second(&mut stranger, &step["token"], &paper(new[9])).await.expect(200);
    assert_eq!(page.get("/api/factors").await.json()["recovery_left"], 9);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn codes_are_guessed_as_slowly_as_passwords_and_the_password_does_not_forgive_them() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let (application, _) = enrol(&mut page).await;
    let (mut guesser, mut step) = first_step(&server).await;
    let mut waits = 0;
    for guess in 0..12 {
        let answer = second(&mut guesser, &step["token"], &totp(&format!("{guess:06}"))).await;
        if answer.status == 429 {
            waits += 1;
            // The right password once more starts no new count.
            (guesser, step) = first_step(&server).await;
        }
    }
    assert!(waits >= 8, "{waits} of twelve guesses in a row had to wait");
    // Even the right code waits, and after the wait it opens.
    let right = totp(&application.code(0));
    second(&mut guesser, &step["token"], &right).await.expect(429);
    patient(&house).await;
    second(&mut guesser, &step["token"], &right).await.expect(200);
}

#[tokio::test]
async fn of_one_code_sent_twice_at_once_one_opens() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let (application, _) = enrol(&mut page).await;
    let mut steps = vec![];
    for _ in 0..2 {
        steps.push(first_step(&server).await);
    }
    let code = application.code(0);
    let tries = steps.into_iter().map(|(mut page, step)| {
        let proof = totp(&code);
        async move { second(&mut page, &step["token"], &proof).await.status }
    });
    let mut answers = futures_util::future::join_all(tries).await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 401]);
}

#[tokio::test]
async fn how_one_signs_in_is_changed_by_who_proved_it_a_moment_ago() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let mut database = Database::of(&house).await;
    let aged = "UPDATE session SET proved_us = proved_us - 3600000000";
    database.run(aged).await;
    let stale = page.post("/api/factors/totp", &json!({})).await.expect(403).json();
    assert_eq!((&stale["title"], &stale["rule"]), (&json!("denied"), &json!("stale")));
    let wrong =
        page.post("/api/session/prove", &json!({"kind": "password", "password": "Autre-chose-7-x"})).await;
    assert_eq!(wrong.expect(401).json()["title"], "wrong-credentials");
    let proved = page.post("/api/session/prove", &json!({"kind": "password", "password": PASSWORD})).await;
    renewed(&mut page, &proved.expect(200), |body| body);
    let (application, _) = enrol(&mut page).await;

    // With an application, the password alone proves nothing any more.
    database.run(aged).await;
    let factor = page.get("/api/factors").await.json()["factors"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/factors/{factor}");
    page.delete(&path).await.expect(403);
    page.post("/api/session/prove", &json!({"kind": "password", "password": PASSWORD})).await.expect(422);
    let proved = page.post("/api/session/prove", &totp(&application.code(0))).await.expect(200);
    renewed(&mut page, &proved, |body| body);
    let bob = Browser::signed_in(&server, BOB).await;
    bob.delete(&path).await.expect(404);
    page.delete(&path).await.expect(204);
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(200);
    assert_eq!(
        page.get("/api/factors").await.json(),
        json!({"factors": [], "recovery_left": 0, "mail": false})
    );
    // The log says from where, and with what had been proved: the first key by the password, its end by the key.
    let claire = Browser::signed_in(&server, beffroi_it::CLAIRE).await;
    for (act, proof) in [("factor.add", "password"), ("factor.remove", "second")] {
        let log = claire.get(&format!("/api/admin/audit?act={act}")).await.expect(200).json();
        assert_eq!(log["entries"][0]["origin"], format!("127.0.0.1/32 · {proof}"), "{log}");
    }
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_reset_link_replaces_the_password_and_not_the_rest() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let (application, _) = enrol(&mut page).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let made = claire.post(&format!("/api/admin/accounts/{ALICE}/reset"), &json!({})).await.expect(200);
    let token = made.json()["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut thief = Browser::new(&server, DOMAIN);
    let chosen = json!({"password": "Un-tout-autre-mot-42"});
    let step = thief.post(&format!("/api/invitations/{token}"), &chosen).await.expect(200);
    assert!(step.header("set-cookie").is_none());
    let step = step.json();
    assert_eq!(step["kind"], "second-step");
    second(&mut thief, &step["token"], &totp(&application.code(0))).await.expect(200);
}

#[tokio::test]
async fn administering_takes_what_the_body_asks_for_from_where_it_says() {
    let house = House::town();
    house.run(&["tenant", "administration", DOMAIN, "--factor", "second"]).well();
    let server = house.serve().await;
    let mut claire = Browser::signed_in(&server, CLAIRE).await;
    let no = claire.get("/api/admin/accounts").await.expect(403).json();
    assert_eq!((&no["rule"], &no["needs"]), (&json!("administration-factor"), &json!("second")));
    let invite = json!({"address": "dan@mairie.test", "name": "Dan"});
    claire.post("/api/admin/accounts", &invite).await.expect(403);
    // What she does as a colleague goes on.
    claire.get("/api/rooms").await.expect(200);
    enrol(&mut claire).await;
    claire.get("/api/admin/accounts").await.expect(200);
    house
        .run(&["tenant", "administration", DOMAIN, "--factor", "second", "--network", "192.0.2.0/24"])
        .well();
    let no = claire.get("/api/admin/audit").await.expect(403).json();
    assert_eq!(no["rule"], "administration-network");
    house.run(&["tenant", "administration", DOMAIN, "--factor", "second", "--network", "127.0.0.0/8"]).well();
    claire.get("/api/admin/audit").await.expect(200);
    house.run(&["tenant", "administration", DOMAIN]).well();
    let no = claire.get("/api/admin/rooms").await.expect(403).json();
    assert_eq!((&no["rule"], &no["needs"]), (&json!("administration-factor"), &json!("passkey")));
    let refused = house.run(&["tenant", "administration", DOMAIN, "--network", "here"]).refused();
    assert!(refused.contains("192.0.2.0/24"), "{refused}");
    crate::bad_input::finish(server, &[]).await;
}
