//! The charter: nothing opens before it is accepted, again after each change.

use crate::applications::{application, sign_in as application_sign_in};
use crate::bad_input::finish;
use crate::lock::walk;
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, DOMAIN, House, Server, Talker};
use serde_json::{Value, json};

/// What one may ask for before it is accepted, beside the charter itself: staying, unlocking, leaving.
const OPEN: &[(&str, &str)] = &[
    ("GET", "/api/session"),
    ("DELETE", "/api/session"),
    ("POST", "/api/session/extend"),
    ("PUT", "/api/session/screen"),
    ("GET", "/api/session/prove"),
    ("POST", "/api/session/prove"),
    ("POST", "/api/session/prove/passkey"),
    ("POST", "/api/session/prove/passkey/answer"),
    ("POST", "/api/session/prove/code"),
    ("POST", "/api/session/help/end"),
    ("POST", "/api/session/unlock"),
    ("GET", "/api/charter"),
    ("POST", "/api/charter/accept"),
];

async fn publish(page: &Browser, title: &str, text: &str) -> Value {
    page.post("/api/admin/charter", &json!({"title": title, "text": text})).await.expect(201).json()
}

async fn accept(page: &Browser) -> Value {
    let charter = page.get("/api/charter").await.expect(200).json();
    let seen = json!({"version": charter["version"], "sha256": charter["sha256"]});
    page.post("/api/charter/accept", &seen).await.expect(204);
    charter
}

async fn people(server: &Server) -> (Browser, Browser) {
    (Browser::signed_in(server, ALICE).await, Browser::signed_in(server, CLAIRE).await)
}

#[tokio::test]
async fn nothing_opens_before_the_charter_is_accepted_by_any_route_nor_by_a_stream() {
    let house = House::town();
    let server = house.serve().await;
    let (alice, claire) = people(&server).await;
    let room = alice.room("Accueil").await;
    alice.get("/api/charter").await.expect(404);
    let made =
        alice.post("/api/application-passwords", &json!({"name": "Téléphone", "protocol": "xmpp"})).await;
    let password = made.expect(201).json()["password"].as_str().unwrap().to_owned();
    let mut talker = Talker::connect(&alice).await;
    alice.post("/api/admin/charter", &json!({"title": "À moi", "text": "Rien."})).await.expect(403);
    let published = publish(&claire, "Charte", "Article 1\n\nOn reste poli.").await;
    assert_eq!(published["version"], 1);
    let last = talker.until_end().await;
    assert!(last.iter().any(|f| f.contains("<not-authorized") && f.contains("charter")), "{last:?}");
    let passed = [("DELETE", "/api/session"), ("POST", "/api/session/lock")];
    for (method, path, answer) in walk(&alice, &room, &passed).await {
        if OPEN.contains(&(method.as_str(), path.as_str())) {
            assert!(answer.status != 403 || answer.json()["rule"] != "charter", "{method} {path}");
            continue;
        }
        assert_eq!(answer.status, 403, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.json()["rule"], "charter", "{method} {path}");
    }
    let mut telephone = application(&server).await;
    let (_, refused) = application_sign_in(&mut telephone, "alice", &password).await;
    assert!(refused.unwrap_err().contains("temporary-auth-failure"));
    claire.get("/api/admin/charter").await.expect(403); // whoever published it, too
    // One who locks, or leaves, before accepting it may.
    let leaving = Browser::signed_in(&server, ALICE).await;
    leaving.post("/api/session/lock", &json!({})).await.expect(204);
    leaving.get("/api/charter").await.expect(423);
    leaving.delete("/api/session").await.expect(204);
    assert_eq!(alice.get("/api/session").await.json()["charter"], true);
    accept(&alice).await;
    assert_eq!(alice.get("/api/session").await.json()["charter"], false);
    alice.get("/api/rooms").await.expect(200);
    Talker::connect(&alice).await.settle().await;
    let mut telephone = application(&server).await;
    application_sign_in(&mut telephone, "alice", &password).await.1.unwrap();
    finish(server, &[]).await;
}

#[tokio::test]
async fn a_new_version_is_asked_for_again_and_the_log_says_who_accepted_which() {
    let house = House::town();
    let server = house.serve().await;
    let (alice, claire) = people(&server).await;
    let first = publish(&claire, "Charte", "On reste poli.").await;
    accept(&claire).await;
    claire
        .post("/api/admin/charter", &json!({"title": "Charte", "text": "On reste poli.\r\n"}))
        .await
        .expect(422);
    let both = json!({"title": "Charte", "text": "On reste poli, et bref.", "title_en": "Charter", "text_en": "Be polite."});
    let half = json!({"title": "Charte", "text": "x", "title_en": "Charter"});
    claire.post("/api/admin/charter", &half).await.expect(422);
    // What was read is what is accepted: the second came while the first was on screen.
    let read = alice.get("/api/charter").await.expect(200).json();
    claire.post("/api/admin/charter", &both).await.expect(201);
    let stale = json!({"version": read["version"], "sha256": read["sha256"]});
    alice.post("/api/charter/accept", &stale).await.expect(409);
    let other = json!({"version": 2, "sha256": read["sha256"]});
    alice.post("/api/charter/accept", &other).await.expect(409);
    alice.get("/api/rooms").await.expect(403);
    claire.get("/api/rooms").await.expect(403);
    let second = accept(&claire).await;
    assert_eq!((&second["version"], &second["title_en"]), (&json!(2), &json!("Charter")));
    let shown = claire.get("/api/admin/charter").await.expect(200).json();
    assert_eq!((&shown["people"], &shown["accepted"]), (&json!(3), &json!(1)));
    let missing: Vec<_> = shown["missing"].as_array().unwrap().iter().map(|who| &who["address"]).collect();
    assert_eq!(missing, [&json!(ALICE), &json!(BOB)]);
    let versions = shown["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[1], first, "the former one stays as it was");
    let log = claire.get("/api/admin/audit?act=charter.accept").await.expect(200).json();
    let said: Vec<_> =
        log["entries"].as_array().unwrap().iter().map(|e| e["detail"].as_str().unwrap()).collect();
    let named = |charter: &Value| {
        format!("version {} sha256 {}", charter["version"], charter["sha256"].as_str().unwrap())
    };
    assert_eq!(said, [named(&second), named(&first)]);
    finish(server, &[]).await;
}

#[tokio::test]
async fn the_operator_publishes_and_guests_only_read_the_title() {
    let house = House::town();
    let text = house.beside("charte.txt");
    std::fs::write(&text, "Article 1\n\nOn reste poli.\n").unwrap();
    let command =
        ["tenant", "charter", DOMAIN, "--title", "Charte de la mairie", "--file", text.to_str().unwrap()];
    assert!(house.run(&command).well().contains("Version 1"));
    assert!(house.run(&command).refused().contains("word for word"));
    let server = house.serve().await;
    let (alice, _) = people(&server).await;
    assert_eq!(accept(&alice).await["text"], "Article 1\n\nOn reste poli.");
    let room = alice.room("Accueil").await;
    let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap().to_owned();
    let mut guest = Browser::new(&server, DOMAIN);
    let door = guest.get(&format!("/api/guest/{token}")).await.expect(200).json();
    assert_eq!(door["charter"], json!({"title": "Charte de la mairie", "title_en": null}));
    let entered = guest.post(&format!("/api/guest/{token}"), &json!({"name": "Mme Petit"})).await.expect(200);
    guest.keep(&entered);
    guest.get("/api/session").await.expect(200);
    guest.get("/api/charter").await.expect(404);
    Talker::connect(&guest).await;
    finish(server, &[]).await;
}
