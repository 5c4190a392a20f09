//! Applications sign in with passwords of their own: made, used, revoked.

use crate::database::Database;
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Server, Talker, attribute, text};
use serde_json::{Value, json};
use std::num::NonZeroU32;

const ROOM: &str = "accueil@rooms.mairie.test";

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// A client's half of SCRAM-SHA-256 (RFC 5802 §3), written apart from the server's.
fn proof(password: &str, said: &str, challenge: &str, unproven: &str) -> (String, String) {
    let of =
        |key: &str| challenge.split(',').find_map(|part| part.strip_prefix(key)).expect("a challenge has it");
    let salt = STANDARD.decode(of("s=")).expect("a salt is base64");
    let rounds: NonZeroU32 = of("i=").parse().expect("a count is a number");
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
    let client = mac(&salted, b"Client Key");
    let message = format!("{said},{challenge},{unproven}");
    let signature = mac(digest::digest(&digest::SHA256, &client).as_ref(), message.as_bytes());
    let proof: Vec<u8> = client.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
    let server = mac(&mac(&salted, b"Server Key"), message.as_bytes());
    (format!("{unproven},p={}", STANDARD.encode(proof)), format!("v={}", STANDARD.encode(server)))
}

/// An application: a connection without a cookie.
pub(crate) async fn application(server: &Server) -> Talker {
    Talker::knock(&Browser::new(server, DOMAIN)).await.expect("the door is open")
}

/// A try at signing in on a fresh connection: the challenge, and how it ended.
pub(crate) async fn sign_in(talker: &mut Talker, user: &str, password: &str) -> (String, Result<(), String>) {
    let open = format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>");
    talker.send(&open).await;
    let features = talker.until("the features", |f| f.contains("<mechanism>")).await;
    assert!(features.contains("<mechanism>SCRAM-SHA-256<") && !features.contains("PLAIN"), "{features}");
    assert!(!features.contains("EXTERNAL"), "{features}");
    again(talker, user, password).await
}

async fn again(talker: &mut Talker, user: &str, password: &str) -> (String, Result<(), String>) {
    let nonce = talker.fresh_id();
    let said = format!("n={user},r={nonce}");
    let first = STANDARD.encode(format!("n,,{said}"));
    talker
        .send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{first}</auth>"
        ))
        .await;
    let answer =
        talker.until("a challenge", |f| f.starts_with("<challenge") || f.starts_with("<failure")).await;
    let Some(challenge) = text(&answer, "challenge") else { return (String::new(), Err(answer)) };
    let challenge =
        String::from_utf8(STANDARD.decode(challenge).expect("a challenge is base64")).expect("and text");
    let whole = challenge
        .split(',')
        .next()
        .and_then(|part| part.strip_prefix("r="))
        .expect("a challenge begins with the nonce");
    assert!(whole.starts_with(&nonce) && whole.len() > nonce.len() + 16, "{challenge}");
    let (last, expected) = proof(password, &said, &challenge, &format!("c=biws,r={whole}"));
    let response = STANDARD.encode(last);
    talker.send(&format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{response}</response>")).await;
    let answer = talker.until("an end", |f| f.starts_with("<success") || f.starts_with("<failure")).await;
    let ended = match text(&answer, "success") {
        None => Err(answer),
        Some(proof) => {
            assert_eq!(
                STANDARD.decode(proof).expect("a proof is base64"),
                expected.as_bytes(),
                "the server proves that it knows it"
            );
            Ok(())
        }
    };
    (challenge, ended)
}

pub(crate) async fn make(page: &Browser, name: &str) -> (String, String) {
    let made = page.post("/api/application-passwords", &json!({"name": name})).await.expect(201).json();
    let of = |key: &str| made[key].as_str().expect("what is made is text").to_owned();
    (of("id"), of("password"))
}

async fn list(page: &Browser) -> Vec<Value> {
    page.get("/api/application-passwords").await.expect(200).json().as_array().expect("a list").clone()
}

pub(crate) async fn told_signed_out(talker: &mut Talker) {
    let last = talker.until_end().await;
    assert!(last.iter().any(|f| f.contains("<not-authorized")), "{last:?}");
}

#[tokio::test]
async fn an_application_signs_in_with_its_own_password_and_talks() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let (id, password) = make(&page, "Mon téléphone").await;
    let listed = list(&page).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0]["name"].as_str(), listed[0]["protocol"].as_str()),
        (Some("Mon téléphone"), Some("xmpp"))
    );
    assert!(listed[0]["last_used_us"].is_null() && listed[0]["password"].is_null(), "{}", listed[0]);

    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    bob.enter(ROOM).await;
    let mut phone = application(&server).await;
    assert_eq!(sign_in(&mut phone, "alice", &password).await.1, Ok(()));
    phone.bind(DOMAIN).await;
    assert_eq!(phone.bare(), ALICE);
    phone.enter(ROOM).await;
    phone.say_in(ROOM, "p1", "du téléphone").await;
    let seen = bob.message("p1").await;
    assert_eq!(
        (text(&seen, "body"), attribute(&seen, "author", "address")),
        (Some("du téléphone"), Some(ALICE))
    );
    bob.say_in(ROOM, "b1", "bien reçu").await;
    phone.message("b1").await;

    // Seen as used, and among the sessions, until it goes.
    let used = &list(&page).await[0];
    assert!(used["last_used_us"].is_i64() && used["last_place"] == "127.0.0.1/32", "{used}");
    let sessions = async || page.get("/api/sessions").await.expect(200).json().as_array().unwrap().clone();
    let own: Vec<_> = sessions().await.into_iter().filter(|s| s["application"] == true).collect();
    assert_eq!((own.len(), own[0]["agent"].as_str()), (1, Some("Mon téléphone")));
    // However a hand types it, with the address in full, or a second time on the same connection. One password is one
    // device: the second stream ends the first.
    let spaced = password.replace('-', " ").to_uppercase();
    for (user, typed) in [("alice", password.replace('-', "")), (ALICE, spaced), ("ALICE", password.clone())]
    {
        let mut other = application(&server).await;
        assert_eq!(sign_in(&mut other, user, &typed).await.1, Ok(()), "{user} {typed}");
    }
    let mut second = application(&server).await;
    let wrong = sign_in(&mut second, "alice", &password[1..]).await.1.unwrap_err();
    assert!(wrong.contains("<not-authorized/>"), "{wrong}");
    assert_eq!(again(&mut second, "alice", &password).await.1, Ok(()));
    let last = phone.until_end().await;
    assert!(last.iter().any(|frame| frame.contains("<conflict") && frame.contains("elsewhere")), "{last:?}");
    let mut phone = second;
    phone.bind(DOMAIN).await;
    let own: Vec<_> = sessions().await.into_iter().filter(|s| s["application"] == true).collect();
    assert_eq!(own.len(), 1, "{own:?}");

    // Revoked: it is out at once, and does not come back.
    page.delete(&format!("/api/application-passwords/{id}")).await.expect(204);
    told_signed_out(&mut phone).await;
    assert!(list(&page).await.is_empty());
    assert_eq!(sessions().await.iter().filter(|s| s["application"] == true).count(), 0);
    let refused = sign_in(&mut application(&server).await, "alice", &password).await.1.unwrap_err();
    assert!(refused.contains("<not-authorized/>"), "{refused}");
    page.delete(&format!("/api/application-passwords/{id}")).await.expect(404);

    let claire = Browser::signed_in(&server, CLAIRE).await;
    let log = claire.get("/api/admin/audit?limit=100").await.expect(200).json();
    let count = |act: &str, outcome: &str| {
        let entries = log["entries"].as_array().unwrap().iter();
        entries.filter(|e| e["act"] == act && e["outcome"] == outcome && e["actor"] == ALICE).count()
    };
    assert_eq!((count("application.add", "done"), count("application.revoke", "done")), (1, 1));
    assert_eq!(count("application.use", "done"), 1, "once a minute, whoever comes back often");
    assert_eq!(count("application.use", "denied"), 2);
    assert!(!log.to_string().contains(&password));
}

/// Somebody copied the password: the first who comes back ends the other, and both see where it is used.
#[tokio::test]
async fn a_copied_password_shows_itself() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let (_, password) = make(&page, "Téléphone").await;
    let (_, other) = make(&page, "Bureau").await;
    let enter = async |password: &str| {
        let mut talker = application(&server).await;
        assert_eq!(sign_in(&mut talker, "alice", password).await.1, Ok(()));
        talker.bind(DOMAIN).await;
        talker
    };
    let mut desk = enter(&other).await;
    let mut phone = enter(&password).await;
    let history = async || page.get("/api/sign-ins").await.expect(200).json();
    assert_eq!(
        history().await.as_array().map(Vec::len),
        Some(1),
        "the page alone: the password is where it was"
    );
    let mut database = Database::of(&house).await;
    let elsewhere = "UPDATE application_password SET last_place = '192.0.2.0/24' WHERE name = 'Téléphone'";
    assert_eq!(database.run(elsewhere).await, 1);
    let mut copy = enter(&password).await;
    let last = phone.until_end().await;
    assert!(last.iter().any(|frame| frame.contains("<conflict")), "{last:?}");
    let seen = history().await;
    let told = (&seen[0]["by"], &seen[0]["agent"], &seen[0]["place"], &seen[0]["done"]);
    assert_eq!(told, (&json!("application"), &json!("Téléphone"), &json!("127.0.0.1/32"), &json!(true)));
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let log = claire.get("/api/admin/audit?act=application.move").await.expect(200).json();
    assert_eq!(
        (&log["entries"][0]["actor"], log["entries"].as_array().map(Vec::len)),
        (&json!(ALICE), Some(1))
    );
    // Another password of the same person is another device, and goes on; so does whoever came last.
    desk.settle().await;
    copy.settle().await;
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn the_password_of_the_page_never_works_in_an_application_nor_the_other_way_round() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let (_, password) = make(&page, "Bureau").await;
    let refused = sign_in(&mut application(&server).await, "alice", PASSWORD).await.1.unwrap_err();
    assert!(refused.contains("<not-authorized/>"), "{refused}");
    Browser::new(&server, DOMAIN).sign_in(ALICE, &password).await.expect(401);
    // Nor for somebody else, nor to act as somebody else.
    let refused = sign_in(&mut application(&server).await, "bob", &password).await.1.unwrap_err();
    assert!(refused.contains("<not-authorized/>"), "{refused}");
    let mut other = application(&server).await;
    other.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='mairie.test' version='1.0'/>").await;
    let first = STANDARD.encode(format!("n,a={BOB},n=alice,r=abc"));
    other
        .send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{first}</auth>"
        ))
        .await;
    let refused = other.until("a refusal", |f| f.starts_with("<failure")).await;
    assert!(refused.contains("<invalid-authzid/>"), "{refused}");
}

#[tokio::test]
async fn nobody_is_told_from_somebody_and_a_flood_waits_without_the_page_waiting() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let (_, password) = make(&page, "Bureau").await;
    let salt = |challenge: &str| challenge.split(",s=").nth(1).unwrap().to_owned();
    let mut of = vec![];
    for user in ["alice", "bob", "personne"] {
        let (challenge, ended) = sign_in(&mut application(&server).await, user, "faux").await;
        of.push((salt(&challenge), ended));
    }
    assert!(of.iter().all(|(_, ended)| *ended == of[0].1), "{of:?}");
    assert!(of[0].0 != of[1].0 && of[1].0 != of[2].0, "{of:?}");
    server.stop().await;
    let server = house.serve().await;
    let (challenge, _) = sign_in(&mut application(&server).await, "personne", "faux").await;
    assert_eq!(salt(&challenge), of[2].0, "who is not here has the same salt tomorrow, like who is");

    let mut ended = String::new();
    for _ in 0..12 {
        let mut flood = application(&server).await;
        ended = sign_in(&mut flood, "bob", "faux").await.1.unwrap_err();
        if ended.contains("<temporary-auth-failure/>") {
            break;
        }
    }
    assert!(ended.contains("<temporary-auth-failure/>"), "{ended}");
    Browser::signed_in(&server, BOB).await;
    assert_eq!(sign_in(&mut application(&server).await, "alice", &password).await.1, Ok(()));
}

#[tokio::test]
async fn who_is_disabled_or_resets_loses_their_applications() {
    let house = House::town();
    let server = house.serve().await;
    let (claire, page) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let (_, password) = make(&page, "Bureau").await;
    let mut desk = application(&server).await;
    assert_eq!(sign_in(&mut desk, "alice", &password).await.1, Ok(()));
    desk.bind(DOMAIN).await;
    // By the command line, in another process: the stream is over within two seconds (ID11).
    house.run(&["account", "disable", ALICE]).well();
    told_signed_out(&mut desk).await;
    claire.post(&format!("/api/admin/accounts/{ALICE}/enable"), &json!({})).await.expect(204);
    let refused = sign_in(&mut application(&server).await, "alice", &password).await.1.unwrap_err();
    assert!(refused.contains("<not-authorized/>"), "{refused}");

    let bob = Browser::signed_in(&server, BOB).await;
    let (_, password) = make(&bob, "Bureau").await;
    let mut desk = application(&server).await;
    assert_eq!(sign_in(&mut desk, "bob", &password).await.1, Ok(()));
    desk.bind(DOMAIN).await;
    let reset = claire.post(&format!("/api/admin/accounts/{BOB}/reset"), &json!({})).await.expect(200).json();
    let token = reset["link"].as_str().and_then(|l| l.rsplit('/').next()).unwrap().to_owned();
    let fresh = json!({"password": "Brume-tiède-7-horloges"});
    let mut again = Browser::new(&server, DOMAIN);
    let answer =
        again.request("POST", &format!("/api/invitations/{token}")).json(&fresh).send().await.expect(200);
    again.keep(&answer);
    told_signed_out(&mut desk).await;
    assert!(list(&again).await.is_empty());
}

#[tokio::test]
async fn names_have_bounds_and_a_person_has_twenty_five() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let refused =
        async |body: Value, status| page.post("/api/application-passwords", &body).await.expect(status);
    for name in [String::new(), "x".repeat(61), "a\u{202e}b".to_owned()] {
        refused(json!({"name": name}), 422).await;
    }
    refused(json!({}), 400).await;
    refused(json!({"name": "Dossiers", "protocol": "files"}), 422).await;
    for n in 0..25 {
        make(&page, &format!("Machine {n}")).await;
    }
    refused(json!({"name": "De trop"}), 422).await;
    let bob = Browser::signed_in(&server, BOB).await;
    assert!(list(&bob).await.is_empty());
    let theirs = list(&page).await[3]["id"].as_str().unwrap().to_owned();
    bob.delete(&format!("/api/application-passwords/{theirs}")).await.expect(404);
    assert_eq!(list(&page).await.len(), 25);
}

#[tokio::test]
async fn a_session_of_an_application_ends_at_its_absolute_limit_and_the_application_comes_back() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let (_, password) = make(&page, "Bureau").await;
    let mut database = Database::of(&house).await;
    let mut desk = application(&server).await;
    assert_eq!(sign_in(&mut desk, "alice", &password).await.1, Ok(()));
    desk.bind(DOMAIN).await;
    let over = "UPDATE session SET created_us = created_us - 43260000000 WHERE application IS NOT NULL";
    assert_eq!(database.run(over).await, 1);
    told_signed_out(&mut desk).await;
    page.get("/api/session").await.expect(200);
    // The password is still good: the application comes back by itself.
    assert_eq!(sign_in(&mut application(&server).await, "alice", &password).await.1, Ok(()));
}

#[tokio::test]
async fn behind_a_proxy_an_application_is_told_the_outside_address() {
    let settings = "[listen]\npublic_url = \"https://beffroi.mairie.example\"\n";
    let house = House::with_settings(settings).populated();
    let server = house.serve().await;
    let links = Browser::new(&server, DOMAIN).get("/.well-known/host-meta.json").await.expect(200).json();
    assert_eq!(links["links"][0]["href"], "wss://beffroi.mairie.example/xmpp-websocket");
}

/// An answer that says back whatever name it was asked by would lead applications to somebody else, from a cache.
#[tokio::test]
async fn an_application_is_told_no_address_but_of_who_is_hosted() {
    let house = House::town();
    let server = house.serve().await;
    for path in ["/.well-known/host-meta.json", "/.well-known/host-meta"] {
        let ours = Browser::new(&server, DOMAIN).get(path).await.expect(200);
        let theirs = Browser::new(&server, "voleur.test").get(path).await.expect(200);
        let (ours_says, theirs_says) =
            (String::from_utf8_lossy(&ours.body), String::from_utf8_lossy(&theirs.body));
        assert!(ours_says.contains(&format!("ws://{DOMAIN}:")), "{ours_says}");
        assert!(!theirs_says.contains("voleur"), "{theirs_says}");
        assert_eq!(ours.header("cache-control"), Some("no-store"));
    }
}
