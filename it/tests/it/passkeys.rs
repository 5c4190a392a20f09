//! Passkeys over HTTP: enrolled, used at the door and inside, and everything that must not open.

use crate::database::Database;
use crate::postgres::Own;
use crate::second_factor::{patient, renewed};
use beffroi_it::{ALICE, Answer, Authenticator, BOB, Browser, CLAIRE, DOMAIN, House, Server};
use serde_json::{Value, json};

async fn ask(page: &Browser, path: &str) -> Value {
    page.post(path, &json!({})).await.json()
}

/// Adds a passkey of `key` to the account of a page.
pub async fn enrol(page: &mut Browser, key: &mut Authenticator) -> Answer {
    let question = ask(page, "/api/factors/passkey").await;
    let answer = key.register(&question["options"]);
    let body = json!({"token": question["token"], "answer": answer, "name": "clé"});
    let added = page.post("/api/factors/passkey/confirm", &body).await.expect(201);
    renewed(page, &added, |body| &body["session"]);
    added
}

/// Signs in with `key`, perhaps after the answer was changed.
async fn sign_in(server: &Server, key: &mut Authenticator, change: fn(&mut Value)) -> (Browser, Answer) {
    let mut page = Browser::new(server, DOMAIN);
    let question = ask(&page, "/api/session/passkey").await;
    let mut body = json!({"token": question["token"], "answer": key.prove(&question["options"])});
    change(&mut body);
    let answer = page.post("/api/session/passkey/answer", &body).await;
    page.keep(&answer);
    (page, answer)
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_word_typed_and_administers() {
    let house = House::town();
    house.run(&["tenant", "administration", DOMAIN]).well();
    let server = house.serve().await;
    let mut claire = Browser::signed_in(&server, CLAIRE).await;
    let mut key = claire.authenticator();
    let added = enrol(&mut claire, &mut key).await.json();
    assert_eq!(
        (&added["factor"]["kind"], &added["session"]["factor"]),
        (&json!("passkey"), &json!("passkey"))
    );
    assert_eq!(added["recovery_codes"].as_array().map(Vec::len), Some(10));
    claire.get("/api/admin/accounts").await.expect(200);
    let (page, answer) = sign_in(&server, &mut key, |_| {}).await;
    let session = answer.expect(200).json();
    assert_eq!((&session["address"], &session["factor"]), (&json!(CLAIRE), &json!("passkey")));
    page.get("/api/admin/audit").await.expect(200);
    // The password alone leads to the second step, where the passkey is the way.
    let mut half = Browser::new(&server, DOMAIN);
    let step = half.sign_in(CLAIRE, beffroi_it::PASSWORD).await.expect(200).json();
    assert_eq!(step["ways"], json!(["passkey", "recovery"]));
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_body_that_gives_out_keys_takes_no_others() {
    let house = House::town();
    let (ours, others) = (house.beside("ours.pem"), house.beside("others.pem"));
    std::fs::write(&ours, beffroi_it::MAKER).expect("our own folder can be written");
    let another = include_str!("../../../crates/identity/tests/passkey/another-maker.pem");
    std::fs::write(&others, another).expect("our own folder can be written");
    let (ours, others) = (ours.display().to_string(), others.display().to_string());
    let config = house.data().join("beffroi.db").display().to_string();
    let said = house.run(&["tenant", "passkeys", DOMAIN, "--maker", &config]).refused();
    assert!(said.contains("UTF-8") || said.contains("PEM"), "{said}");
    house.run(&["tenant", "passkeys", DOMAIN]).refused();
    house.run(&["tenant", "passkeys", DOMAIN, "--maker", &ours, "--maker", &others]).well();
    let server = house.serve().await;
    let mut alice = Browser::signed_in(&server, ALICE).await;
    let mut key = alice.authenticator();
    let refused = async |page: &Browser, key: &mut Authenticator, why: &str| {
        let question = ask(page, "/api/factors/passkey").await;
        assert_eq!(question["options"]["attestation"], "direct");
        let body =
            json!({"token": question["token"], "answer": key.register(&question["options"]), "name": "clé"});
        let answer = page.post("/api/factors/passkey/confirm", &body).await.expect(401).json();
        assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains(why)), "{answer}");
    };
    key.attests = false;
    refused(&alice, &mut key, "does not say who made it").await;
    key.attests = true;
    enrol(&mut alice, &mut key).await;
    sign_in(&server, &mut key, |_| {}).await.1.expect(200);
    // Another list: what is there stays, what comes is refused, at once.
    house.run(&["tenant", "passkeys", DOMAIN, "--maker", &others]).well();
    sign_in(&server, &mut key, |_| {}).await.1.expect(200);
    let bob = Browser::signed_in(&server, BOB).await;
    refused(&bob, &mut bob.authenticator(), "maker is not among those").await;
    house.run(&["tenant", "passkeys", DOMAIN, "--any"]).well();
    let mut bob = Browser::signed_in(&server, BOB).await;
    let mut any = bob.authenticator();
    any.attests = false;
    enrol(&mut bob, &mut any).await;
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn what_is_not_the_owners_answer_to_this_question_opens_nothing() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Browser::signed_in(&server, ALICE).await;
    let mut key = alice.authenticator();
    enrol(&mut alice, &mut key).await;
    let refused = async |key: &mut Authenticator, change: fn(&mut Value), status: u16| {
        let (page, answer) = sign_in(&server, key, change).await;
        assert!(answer.status == status && page.cookie.is_none(), "{answer:?}");
    };
    key.verifies = false;
    refused(&mut key, |_| {}, 401).await;
    key.verifies = true;
    key.origin = "http://mechant.test".into();
    refused(&mut key, |_| {}, 401).await;
    key.origin = format!("http://{}", alice.host);
    key.tells_account = false;
    refused(&mut key, |_| {}, 401).await;
    key.tells_account = true;
    refused(&mut key, |body| body["token"] = "AAAA".into(), 404).await;
    refused(&mut key, |body| body["answer"] = json!({"id": "x"}), 401).await;
    refused(&mut key, |body| body["answer"]["response"]["signature"] = "AAAA".into(), 401).await;
    refused(&mut key, |body| body["answer"] = json!("x".repeat(60_000)), 401).await;

    // A question is good for one answer, however right.
    let mut page = Browser::new(&server, DOMAIN);
    let question = ask(&page, "/api/session/passkey").await;
    let body = json!({"token": question["token"], "answer": key.prove(&question["options"])});
    page.post("/api/session/passkey/answer", &body).await.expect(200);
    let again = page.post("/api/session/passkey/answer", &body).await;
    assert!(matches!(again.status, 401 | 404), "{again:?}");

    // A copied key answers out of order: one of the two is found out.
    let mut copy = key.cloned();
    sign_in(&server, &mut key, |_| {}).await.1.expect(200);
    refused(&mut copy, |_| {}, 401).await;

    // Who was closed out is out, whatever they hold.
    house.run(&["account", "disable", ALICE]).well();
    sign_in(&server, &mut key, |_| {}).await.1.expect(401);
    page.cookie = None;
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_key_proves_once_more_and_only_its_owners_own() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Browser::signed_in(&server, ALICE).await;
    let mut bob = Browser::signed_in(&server, BOB).await;
    let (mut hers, mut his) = (alice.authenticator(), bob.authenticator());
    enrol(&mut alice, &mut hers).await;
    enrol(&mut bob, &mut his).await;
    patient(&house).await;
    let question = ask(&alice, "/api/session/prove/passkey").await;
    // Another's question, answered by her key, in her session.
    let foreign = ask(&bob, "/api/session/prove/passkey").await;
    let body = json!({"token": foreign["token"], "answer": hers.prove(&question["options"])});
    alice.post("/api/session/prove/passkey/answer", &body).await.expect(404);
    let body = json!({"token": question["token"], "answer": hers.prove(&question["options"])});
    let proved = alice.post("/api/session/prove/passkey/answer", &body).await.expect(200);
    renewed(&mut alice, &proved, |body| body);
    alice.post("/api/session/prove/passkey/answer", &body).await.expect(404);
    // A key is one person's: it is not added to another account, nor twice.
    let question = ask(&alice, "/api/factors/passkey").await;
    assert_eq!(question["options"]["excludeCredentials"].as_array().map(Vec::len), Some(1));
}

/// What somebody fished of an administrator who holds a passkey adds no passkey to the account, nor takes theirs away.
#[tokio::test]
async fn a_password_and_a_code_change_no_keys_of_who_administers_by_a_passkey() {
    use crate::second_factor::{enrol as enrol_application, second, totp};
    let house = House::town();
    house.run(&["tenant", "administration", DOMAIN]).well();
    let server = house.serve().await;
    for who in [CLAIRE, ALICE] {
        let mut page = Browser::signed_in(&server, who).await;
        let mut key = page.authenticator();
        let (application, _) = enrol_application(&mut page).await;
        // The first passkey comes by what there is; from then on it is what counts.
        let added = enrol(&mut page, &mut key).await.json();
        let path = format!("/api/factors/{}", added["factor"]["id"].as_str().expect("an id"));

        let mut thief = Browser::new(&server, DOMAIN);
        let step = thief.sign_in(who, beffroi_it::PASSWORD).await.expect(200).json();
        second(&mut thief, &step["token"], &totp(&application.code(0))).await.expect(200);
        let begun = thief.post("/api/factors/passkey", &json!({})).await;
        if who == ALICE {
            begun.expect(201);
            continue;
        }
        let needs = |answer: Answer| {
            let no = answer.expect(403).json();
            assert_eq!((&no["rule"], &no["needs"]), (&json!("own-passkey"), &json!("passkey")), "{no}");
        };
        needs(begun);
        needs(thief.delete(&path).await);
        needs(thief.post("/api/factors/totp", &json!({})).await);
        needs(thief.post("/api/factors/recovery-codes", &json!({})).await);
        needs(thief.post("/api/devices/code", &json!({})).await);
        let application_password = json!({"name": "Téléphone", "protocol": "xmpp"});
        needs(thief.post("/api/application-passwords", &application_password).await);

        // Nor in a session that a passkey opened an hour ago and somebody took over: the code makes it no younger.
        let mut database = Database::of(&house).await;
        database.run("UPDATE session SET proved_us = proved_us - 3600000000").await;
        let answer = page.post("/api/session/prove", &totp(&application.code(1))).await.expect(200);
        renewed(&mut page, &answer, |body| body);
        needs(page.post("/api/factors/passkey", &json!({})).await);
        let question = ask(&page, "/api/session/prove/passkey").await;
        let body = json!({"token": question["token"], "answer": key.prove(&question["options"])});
        let answer = page.post("/api/session/prove/passkey/answer", &body).await.expect(200);
        renewed(&mut page, &answer, |body| body);
        page.post("/api/factors/passkey", &json!({})).await.expect(201);
        page.delete(&path).await.expect(204);
    }
    crate::bad_input::finish(server, &[]).await;
}

/// The only administrator lost their only key: the operator at the machine lets them begin again.
#[tokio::test]
async fn the_only_administrator_comes_back_from_the_machine() {
    let house = House::town();
    house.run(&["tenant", "administration", DOMAIN]).well();
    let server = house.serve().await;
    let mut claire = Browser::signed_in(&server, CLAIRE).await;
    let mut lost = claire.authenticator();
    enrol(&mut claire, &mut lost).await;
    let said = house.run(&["account", "lost-keys", CLAIRE]).well();
    let token = said.split("/bienvenue/").nth(1).and_then(|rest| rest.lines().next()).expect("a link");
    claire.get("/api/session").await.expect(401);
    sign_in(&server, &mut lost, |_| {}).await.1.expect(401);
    let mut again = Browser::new(&server, DOMAIN);
    again.sign_in(CLAIRE, beffroi_it::PASSWORD).await.expect(401);
    let chosen = json!({"password": "Un-tout-autre-mot-42"});
    let answer = again.post(&format!("/api/invitations/{token}"), &chosen).await.expect(200);
    again.keep(&answer);
    let mut found = again.authenticator();
    enrol(&mut again, &mut found).await;
    again.get("/api/admin/accounts").await.expect(200);
    house.run(&["account", "lost-keys", "personne@mairie.test"]).refused();
}

/// Two bodies behind one address: the passkey says whose it is, and opens nothing next door.
async fn one_address(house: &House, settings: &str) {
    const PAGE: &str = "beffroi.agglo.test";
    const DORA: &str = "dora@hopital.test";
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital de Test"]).well();
    house.add_account(DORA, "Dora Roux", "agent");
    house.set(&format!("{settings}[listen]\npublic_url = \"https://{PAGE}\"\n"));
    let server = house.serve().await;
    let mut keys = vec![];
    for address in [ALICE, DORA] {
        let mut page = Browser::new(&server, PAGE);
        page.sign_in(address, beffroi_it::PASSWORD).await.expect(200);
        let mut key = Authenticator::new(&format!("https://{PAGE}"));
        enrol(&mut page, &mut key).await;
        keys.push(key);
    }
    let [mut hers, mut doras] = <[Authenticator; 2]>::try_from(keys).expect("two keys");
    let door = Browser::new(&server, PAGE);
    for (key, address, domain) in [(&mut hers, ALICE, DOMAIN), (&mut doras, DORA, "hopital.test")] {
        let question = ask(&door, "/api/session/passkey").await;
        assert_eq!(question["options"]["rpId"], PAGE);
        let body = json!({"token": question["token"], "answer": key.prove(&question["options"])});
        let session = door.post("/api/session/passkey/answer", &body).await.expect(200).json();
        assert_eq!((&session["address"], &session["tenant"]["domain"]), (&json!(address), &json!(domain)));
    }
    // Whose account it claims to be is not believed: it is the credential's.
    let question = ask(&door, "/api/session/passkey").await;
    let (mut claims, other) = (hers.prove(&question["options"]), doras.prove(&question["options"]));
    claims["response"]["userHandle"] = other["response"]["userHandle"].clone();
    let body = json!({"token": question["token"], "answer": claims});
    door.post("/api/session/passkey/answer", &body).await.expect(401);
    // A question of this door is none of a body's own, nor the other way round; and a host that is nobody's has none.
    let own = Browser::new(&server, DOMAIN);
    let body = json!({"token": question["token"], "answer": hers.prove(&question["options"])});
    own.post("/api/session/passkey/answer", &body).await.expect(404);
    Browser::new(&server, "ailleurs.test").post("/api/session/passkey", &json!({})).await.expect(404);
    // A closed body is closed here too, and the other one is not.
    house.run(&["tenant", "close", "hopital.test"]).well();
    let question = ask(&door, "/api/session/passkey").await;
    let body = json!({"token": question["token"], "answer": doras.prove(&question["options"])});
    let refused = door.post("/api/session/passkey/answer", &body).await.expect(403).json();
    assert_eq!(refused["rule"], "body-closed");
    let question = ask(&door, "/api/session/passkey").await;
    let body = json!({"token": question["token"], "answer": hers.prove(&question["options"])});
    door.post("/api/session/passkey/answer", &body).await.expect(200);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn two_bodies_behind_one_address_are_told_apart_by_the_passkey() {
    one_address(&House::town(), "").await;
}

#[tokio::test]
async fn two_bodies_behind_one_address_are_told_apart_by_the_passkey_on_postgresql() {
    let Some(own) = Own::make("one_address").await else { return };
    let house = own.house();
    one_address(&house, &format!("[storage]\ndatabase = \"{}\"\n", own.address())).await;
    own.remove().await;
}
