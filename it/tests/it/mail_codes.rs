//! A code by mail as a second factor, with a real mail server between.

use crate::database::Database;
use crate::second_factor::{patient, renewed};
use beffroi_it::{ALICE, Answer, BOB, Browser, DOMAIN, House, PASSWORD, Post, Received, Server};
use serde_json::{Value, json};

async fn town() -> (House, Post, Server) {
    let house = House::town();
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    (house, post, server)
}

/// The code of a letter: six digits that have a line to themselves.
fn code_of(letter: &Received) -> String {
    let six = |line: &&str| line.len() == 6 && line.bytes().all(|b| b.is_ascii_digit());
    letter.text.lines().map(str::trim).find(six).unwrap_or_else(|| panic!("{}", letter.text)).to_owned()
}

/// The codes that came, once there are so many letters; which is whose, only trying tells.
async fn codes(post: &Post, count: usize) -> Vec<String> {
    post.letters(count).await.iter().map(code_of).collect()
}

/// The one that is not among those known already.
async fn fresh(post: &Post, known: &mut Vec<String>) -> String {
    let all = codes(post, known.len() + 1).await;
    let new = all.into_iter().find(|code| !known.contains(code)).expect("another code each time");
    known.push(new.clone());
    new
}

/// As if everything that was sent had been sent two minutes earlier.
async fn minutes_later(house: &House) {
    Database::of(house).await.run("UPDATE mail_code SET created_us = created_us - 120000000").await;
}

/// Adds codes by mail.
async fn enrol(page: &mut Browser, post: &Post, known: &mut Vec<String>) -> Value {
    let begun = page.post("/api/factors/email", &json!({})).await.expect(201).json();
    let code = fresh(post, known).await;
    let body = json!({"token": begun["token"], "code": code, "name": "Code par courriel"});
    let added = page.post("/api/factors/email/confirm", &body).await.expect(201);
    renewed(page, &added, |body| &body["session"]);
    added.json()
}

async fn first_step(server: &Server) -> (Browser, Value) {
    let mut page = Browser::new(server, DOMAIN);
    let step = page.sign_in(ALICE, PASSWORD).await.expect(200).json();
    assert_eq!(step["kind"], "second-step");
    (page, step)
}

async fn send(page: &Browser, step: &Value) -> Answer {
    page.post("/api/session/second/code", &json!({"token": step["token"]})).await
}

async fn second(page: &mut Browser, step: &Value, code: &str) -> Answer {
    let proof = json!({"kind": "email", "code": code});
    let answer = page.post("/api/session/second", &json!({"token": step["token"], "proof": proof})).await;
    page.keep(&answer);
    answer
}

#[tokio::test]
async fn a_code_by_mail_opens_its_own_sign_in_once() {
    let (house, post, server) = town().await;
    let mut known = vec![];
    let mut page = Browser::signed_in(&server, ALICE).await;
    let added = enrol(&mut page, &post, &mut known).await;
    assert_eq!((&added["factor"]["kind"], &added["session"]["factor"]), (&json!("email"), &json!("second")));
    assert_eq!(added["recovery_codes"].as_array().expect("with the first factor").len(), 10);
    page.post("/api/factors/email", &json!({})).await.expect(409);

    let (mut mine, step) = first_step(&server).await;
    assert_eq!(step["ways"], json!(["email", "recovery"]));
    // One a minute.
    send(&mine, &step).await.expect(429);
    minutes_later(&house).await;
    send(&mine, &step).await.expect(202);
    let code = fresh(&post, &mut known).await;
    let letters = post.letters(2).await;
    let letter = letters.iter().find(|one| code_of(one) == code).expect("it came");
    assert_eq!(letter.header("to").as_deref(), Some(ALICE));
    assert!(letter.text.matches("127.0.0.1/32").count() == 2, "{}", letter.text);
    assert!(letter.header("content-type").unwrap().starts_with("text/plain"));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(second(&mut mine, &step, wrong).await.expect(401).json()["title"], "wrong-code");
    // Another sign-in of the same person, under way at the same moment: not its code.
    let (mut other, others) = first_step(&server).await;
    second(&mut other, &others, &code).await.expect(401);
    assert_eq!(second(&mut mine, &step, &code).await.expect(200).json()["factor"], "second");
    second(&mut other, &others, &code).await.expect(401);

    // Inside, a code of the door proves nothing, and one of this session does.
    Database::of(&house).await.run("UPDATE session SET proved_us = proved_us - 3600000000").await;
    mine.post("/api/factors/totp", &json!({})).await.expect(403);
    minutes_later(&house).await;
    patient(&house).await;
    mine.post("/api/session/prove/code", &json!({})).await.expect(202);
    let inside = fresh(&post, &mut known).await;
    mine.post("/api/session/prove", &json!({"kind": "email", "code": code})).await.expect(401);
    let proved = mine.post("/api/session/prove", &json!({"kind": "email", "code": inside})).await.expect(200);
    renewed(&mut mine, &proved, |body| body);
    mine.post("/api/factors/totp", &json!({})).await.expect(201);
    let seen = mine.get("/api/sign-ins").await.expect(200).json();
    assert!(seen.as_array().unwrap().iter().any(|row| row["by"] == "email"), "{seen}");
    // What is kept tells nobody a code.
    let left = Database::of(&house).await.number("SELECT COUNT(*) FROM mail WHERE letter IS NOT NULL").await;
    assert_eq!(left, 0);
    let secrets: Vec<&str> = known.iter().map(String::as_str).collect();
    crate::bad_input::finish(server, &secrets).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn codes_by_mail_are_guessed_as_slowly_as_passwords_and_sent_five_an_hour() {
    let (house, post, server) = town().await;
    let mut known = vec![];
    enrol(&mut Browser::signed_in(&server, ALICE).await, &post, &mut known).await;
    minutes_later(&house).await;
    let (mut guesser, step) = first_step(&server).await;
    send(&guesser, &step).await.expect(202);
    let right = fresh(&post, &mut known).await;
    let mut waits = 0;
    for guess in 0..12 {
        let typed = format!("{guess:06}");
        if typed != right && second(&mut guesser, &step, &typed).await.status == 429 {
            waits += 1;
        }
    }
    assert!(waits >= 8, "{waits} of twelve guesses in a row had to wait");
    second(&mut guesser, &step, &right).await.expect(429);
    // Two were sent; three more, and the hour is full, however long one waits between.
    for _ in 0..3 {
        minutes_later(&house).await;
        send(&guesser, &step).await.expect(202);
    }
    minutes_later(&house).await;
    send(&guesser, &step).await.expect(429);
    // Who found the password and tries from elsewhere has a count of their own, and uses up none of Alice's.
    let mut stranger = Browser::new(&server, DOMAIN);
    stranger.from = Some(std::net::Ipv4Addr::new(127, 0, 7, 7).into());
    let elsewhere = stranger.sign_in(ALICE, PASSWORD).await.expect(200).json();
    send(&stranger, &elsewhere).await.expect(202);
    // A former code for the same sign-in opens no more.
    patient(&house).await;
    second(&mut guesser, &step, &right).await.expect(401);
    crate::bad_input::finish(server, &[&right]).await;
}

#[tokio::test]
async fn one_mailbox_is_never_both_proofs() {
    let (house, post, server) = town().await;
    let mut known = vec![];
    let ask = async |address: &str| {
        let page = Browser::new(&server, DOMAIN);
        let answer = page.request("POST", "/api/session/forgotten").json(&json!({"address": address})).send();
        answer.await.expect(202)
    };
    // A link that lies in the mailbox when it becomes a factor is closed.
    ask(ALICE).await;
    let link = post.letters(1).await[0].link();
    let token = link.rsplit('/').next().unwrap().to_owned();
    let page = Browser::new(&server, DOMAIN);
    page.get(&format!("/api/invitations/{token}")).await.expect(200);
    let mut alice = Browser::signed_in(&server, ALICE).await;
    let begun = alice.post("/api/factors/email", &json!({})).await.expect(201).json();
    let letters = post.letters(2).await;
    let letter = letters.iter().find(|one| !one.text.contains("/bienvenue/")).expect("the code");
    known.push(code_of(letter));
    let body = json!({"token": begun["token"], "code": known[0], "name": "Courriel"});
    let added = alice.post("/api/factors/email/confirm", &body).await.expect(201);
    renewed(&mut alice, &added, |body| &body["session"]);
    page.get(&format!("/api/invitations/{token}")).await.expect(404);
    // From now on the letter says whom to ask, and the door says what it says to everybody.
    let hers = ask(ALICE).await;
    let bobs = ask(BOB).await;
    assert_eq!((hers.status, &hers.body), (bobs.status, &bobs.body));
    let letters = post.letters(4).await;
    let links: Vec<_> = letters.iter().filter(|one| one.text.contains("/bienvenue/")).collect();
    assert_eq!(links.len(), 2, "Alice's first and Bob's");
    assert!(letters.iter().any(|one| one.header("to").as_deref() == Some(ALICE)
        && one.text.contains("demandez-le donc à votre administrateur")));

    // Mail is switched off: the paper opens, the password alone never does.
    server.stop().await;
    house.set("");
    let server = house.serve().await;
    let (mut page, step) = first_step(&server).await;
    assert_eq!(step["ways"], json!(["recovery"]));
    send(&page, &step).await.expect(409);
    Database::of(&house).await.run("DELETE FROM recovery_code").await;
    let refused = page.sign_in(ALICE, PASSWORD).await.expect(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("codes by mail"), "{refused}");
    page.get("/api/session").await.expect(401);
    (alice.address, alice.host) = (page.address, page.host.clone());
    alice.post("/api/session/prove", &json!({"kind": "password", "password": PASSWORD})).await.expect(422);
    crate::bad_input::finish(server, &[]).await;
}
