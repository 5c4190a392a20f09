//! An administrator acts in an agent's name, to help them: approved, marked, short, in the agent's sight.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, House, Server, Talker};
use serde_json::{Value, json};

const OTTO: &str = "otto@mairie.test";
const GINA: &str = "gina@mairie.test";
const ROOM: &str = "accueil@rooms.mairie.test";

fn staffed() -> House {
    let house = House::town();
    house.add_account(OTTO, "Otto Clair", "security-officer");
    house.add_account(GINA, "Gina Rossi", "business-administrator");
    house
}

fn begin(address: &str) -> String {
    format!("/api/admin/accounts/{address}/help")
}

fn wanted(address: &str) -> Value {
    json!({"act": "impersonation", "address": address, "reason": "Alice ne retrouve pas un fichier"})
}

fn rule(answer: Answer) -> String {
    answer.expect(403).json()["rule"].as_str().unwrap_or_default().to_owned()
}

/// Claire asks, Otto approves, and Claire has a window in Alice's name.
async fn helping(server: &Server, claire: &Browser) -> Browser {
    let asked = claire.post("/api/admin/requests", &wanted(ALICE)).await.expect(201).json();
    let otto = Browser::signed_in(server, OTTO).await;
    let id = asked["id"].as_str().expect("an id");
    otto.post(&format!("/api/admin/requests/{id}/approve"), &json!({})).await.expect(204);
    let answer = claire.post(&begin(ALICE), &json!({})).await.expect(200);
    let mut helper = claire.clone();
    helper.keep(&answer);
    helper
}

#[tokio::test]
async fn acting_in_somebodys_name_is_approved_marked_and_seen() {
    let house = staffed();
    let server = house.serve().await;
    let (claire, alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let mut page = Talker::connect(&alice).await;
    // Nobody does it alone, whatever the body chose, nor about whoever is more than an agent, nor oneself.
    assert_eq!(rule(claire.post(&begin(ALICE), &json!({})).await), "four-eyes");
    assert_eq!(rule(claire.post("/api/admin/requests", &wanted(OTTO)).await), "technical-role");
    assert_eq!(rule(claire.post("/api/admin/requests", &wanted(CLAIRE)).await), "own-account");
    assert_eq!(rule(claire.post(&begin(OTTO), &json!({})).await), "technical-role");
    for who in [OTTO, GINA, BOB] {
        let other = Browser::signed_in(&server, who).await;
        assert_eq!(rule(other.post(&begin(ALICE), &json!({})).await), "role", "{who}");
        assert_eq!(rule(other.post("/api/admin/requests", &wanted(ALICE)).await), "role", "{who}");
    }
    claire.post(&begin("personne@mairie.test"), &json!({})).await.expect(404);

    let helper = helping(&server, &claire).await;
    page.until("a word about help", |f| f.contains("what='help'")).await;
    let seen = alice.get("/api/session").await.expect(200).json();
    assert_eq!((&seen["helped_by"]["address"], &seen["helper"]), (&json!(CLAIRE), &Value::Null), "{seen}");
    let session = helper.get("/api/session").await.expect(200).json();
    assert_eq!((&session["address"], &session["helper"]["address"]), (&json!(ALICE), &json!(CLAIRE)));
    assert_eq!(session["factor"], "password");
    let (ends, now) = (session["absolute_ends_us"].as_i64(), session["now_us"].as_i64());
    assert!(ends.expect("an end") - now.expect("a now") <= 30 * 60 * 1_000_000);
    // Once: the right is used.
    assert_eq!(rule(claire.post(&begin(ALICE), &json!({})).await), "four-eyes");

    // What Alice sees, with both names in the log of what is refused.
    let room = helper.room("Accueil").await;
    let member = json!({"address": BOB, "role": "moderator"});
    assert_eq!(rule(helper.post(&format!("/api/rooms/{room}/members"), &member).await), "in-anothers-name");
    let log = claire.get("/api/admin/audit?act=members.manage").await.expect(200).json();
    assert_eq!(log["entries"][0]["actor"], format!("{ALICE} ({CLAIRE})"), "{log}");
    // And what an administrative act was proved with.
    let log = claire.get("/api/admin/audit?act=request.approve").await.expect(200).json();
    assert_eq!(log["entries"][0]["origin"], "password", "{log}");

    // Nothing of how she signs in, and nothing of the administration.
    let sessions = helper.get("/api/sessions").await.expect(200).json();
    let other = sessions.as_array().expect("sessions").iter().find(|s| s["current"] == false).expect("hers");
    let other = format!("/api/sessions/{}", other["id"].as_str().expect("an id"));
    assert_eq!(rule(helper.delete(&other).await), "in-anothers-name");
    let proof = json!({"kind": "password", "password": beffroi_it::PASSWORD});
    let password = json!({"old": beffroi_it::PASSWORD, "new": "Brume-tiède-7-horloges"});
    for (path, body) in [
        ("/api/factors/totp", json!({})),
        ("/api/factors/passkey", json!({})),
        ("/api/factors/recovery-codes", json!({})),
        ("/api/application-passwords", json!({"name": "Téléphone", "protocol": "xmpp"})),
        ("/api/password", password),
        ("/api/session/prove", proof),
    ] {
        assert_eq!(rule(helper.post(path, &body).await), "in-anothers-name", "{path}");
    }
    let nobodys = "/api/devices/0000000000000";
    for (method, path, body) in [
        ("POST", "/api/factors/email", json!({})),
        ("PUT", "/api/session/pin", json!({"pin": "271828"})),
        ("DELETE", "/api/session/pin", json!({})),
        ("POST", "/api/session/unlock", json!({"pin": "271828"})),
        ("POST", "/api/session/device", json!({})),
        ("POST", "/api/devices/code", json!({})),
        ("PATCH", nobodys, json!({"name": "À moi"})),
        ("DELETE", nobodys, json!({})),
        ("POST", "/api/charter/accept", json!({"version": 1, "sha256": "0".repeat(64)})),
    ] {
        let answer = helper.request(method, path).json(&body).send().await;
        assert_eq!(rule(answer), "in-anothers-name", "{method} {path}");
    }
    for path in ["/api/admin/accounts", "/api/admin/audit", "/api/admin/requests"] {
        assert_eq!(rule(helper.get(path).await), "role", "{path}");
    }
    // What asks for a second factor stays closed.
    house.run(&["tenant", "four-eyes", beffroi_it::DOMAIN, "--set", "off"]).well();
    let otto = Browser::signed_in(&server, OTTO).await;
    otto.request("PATCH", "/api/admin/labels/internal")
        .json(&json!({"second_factor": true}))
        .send()
        .await
        .expect(200);
    assert_eq!(rule(helper.get(&format!("/api/rooms/{room}")).await), "label-second-factor");
    otto.request("PATCH", "/api/admin/labels/internal")
        .json(&json!({"second_factor": false}))
        .send()
        .await
        .expect(200);

    // Stopped: Claire is herself again, and Alice has it in writing.
    let mut back = helper.clone();
    let answer = helper.post("/api/session/help/end", &json!({})).await.expect(200);
    back.keep(&answer);
    helper.get("/api/session").await.expect(401);
    assert_eq!(back.get("/api/session").await.expect(200).json()["address"], CLAIRE);
    back.get("/api/admin/accounts").await.expect(200);
    back.post("/api/session/help/end", &json!({})).await.expect(404);
    let helps = alice.get("/api/help").await.expect(200).json();
    assert_eq!(
        (&helps[0]["by"]["name"], &helps[0]["reason"]),
        (&json!("Claire Dubois"), &wanted(ALICE)["reason"])
    );
    assert!(helps[0]["to_us"].as_i64() < helps[0]["from_us"].as_i64().map(|from| from + 30 * 60 * 1_000_000));
    assert_eq!(Browser::signed_in(&server, BOB).await.get("/api/help").await.expect(200).json(), json!([]));
    assert_eq!(alice.get("/api/session").await.expect(200).json()["helped_by"], Value::Null);
    house.run(&["audit", "verify"]).well();
}

/// Whoever helps sees what Alice sees, as it happens; nothing that others would take for hers comes from them.
#[tokio::test]
async fn whoever_acts_in_somebodys_name_looks_and_says_nothing_as_that_person() {
    let house = staffed();
    let server = house.serve().await;
    let (claire, alice, bob) = (
        Browser::signed_in(&server, CLAIRE).await,
        Browser::signed_in(&server, ALICE).await,
        Browser::signed_in(&server, BOB).await,
    );
    let room = alice.room("Accueil").await;
    let begun = crate::files::begin(&alice, &room, "rapport.pdf", 10).await;
    let file = crate::files::put(&alice, &room, "plan.pdf", b"le plan").await;
    let (mut hers, mut his) = (Talker::connect(&alice).await, Talker::connect(&bob).await);
    for talker in [&mut hers, &mut his] {
        talker.send("<presence xmlns='jabber:client'/>").await;
        talker.enter(ROOM).await;
    }
    his.say_to(ALICE, "m0", "tu es là ?").await;
    hers.message("m0").await;
    hers.settle().await;
    his.settle().await;
    let unread = async |page: &Browser| {
        let rooms = page.get("/api/rooms").await.expect(200).json();
        rooms.as_array().expect("rooms").iter().map(|room| room["unread"].clone()).collect::<Vec<_>>()
    };
    let (before, events) = (unread(&alice).await, hers.whole_archive(ROOM, None).await.len());
    (hers.heard, his.heard) = (vec![], vec![]);

    let helper = helping(&server, &claire).await;
    let mut look = Talker::connect(&helper).await;
    look.send("<presence xmlns='jabber:client'/>").await;
    look.until("who is there", |f| f.starts_with("<presence") && f.contains(BOB)).await;
    look.enter(ROOM).await;
    assert_eq!(look.whole_archive(ROOM, None).await.len(), events);
    let state = look.ask("get", ROOM, "<state xmlns='urn:beffroi:meeting:0'/>").await;
    assert!(state.contains("type='result'"), "{state}");
    helper.get(&format!("/api/files/{file}")).await.expect(200);
    helper.get("/api/people").await.expect(200);

    // Over XMPP: words, signs of typing, marks, subjects, bells and seats.
    let says = |to: &str, kind: &str, id: &str, what: &str| {
        format!("<message xmlns='jabber:client' type='{kind}' to='{to}' id='{id}'>{what}</message>")
    };
    let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    let displayed = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>";
    for (n, what) in ["<body>oui</body>", composing, displayed, "<subject>Autre</subject>"].iter().enumerate()
    {
        for (to, kind) in [(ROOM, "groupchat"), (BOB, "chat")] {
            if to == BOB && what.starts_with("<subject") {
                continue;
            }
            let id = format!("{kind}{n}");
            look.send(&says(to, kind, &id, what)).await;
            let refused = look.message(&id).await;
            assert!(refused.contains("type='error'") && refused.contains("in-anothers-name"), "{refused}");
        }
    }
    for (to, asked) in [
        (ROOM, "<ring xmlns='urn:beffroi:meeting:0'/>"),
        (BOB, "<ring xmlns='urn:beffroi:meeting:0'/>"),
        (BOB, "<decline xmlns='urn:beffroi:meeting:0'/>"),
        (ROOM, "<leave xmlns='urn:beffroi:meeting:0'/>"),
        (ROOM, "<end xmlns='urn:beffroi:meeting:0'/>"),
    ] {
        let refused = look.ask("set", to, asked).await;
        assert!(
            refused.contains("type='error'") && refused.contains("in-anothers-name"),
            "{asked} {refused}"
        );
    }
    // Over HTTP.
    let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let upload = json!({"name": "faux.pdf", "size": 3, "media_type": "application/pdf"});
    let new_room = json!({"name": "Bureau", "label": "internal", "members": []});
    for (method, path, body) in [
        ("POST", "/api/rooms".to_owned(), new_room),
        ("POST", "/api/direct".to_owned(), json!({"address": GINA})),
        ("PATCH", format!("/api/rooms/{room}"), json!({"name": "Autre nom"})),
        ("PATCH", format!("/api/rooms/{room}"), json!({"label": "public"})),
        ("PATCH", format!("/api/rooms/{room}"), json!({"topic": "Autre sujet"})),
        ("DELETE", format!("/api/rooms/{room}/members/{BOB}"), json!({})),
        ("POST", format!("/api/rooms/{room}/links"), json!({})),
        ("DELETE", format!("/api/rooms/{room}/links/{}", link["id"].as_str().expect("an id")), json!({})),
        ("POST", format!("/api/rooms/{room}/uploads"), upload),
        ("DELETE", format!("/api/uploads/{begun}"), json!({})),
    ] {
        let answer = helper.request(method, &path).json(&body).send().await;
        assert_eq!(rule(answer), "in-anothers-name", "{method} {path}");
    }
    let part = helper
        .request("PATCH", &format!("/api/uploads/{begun}"))
        .header("upload-offset", "0")
        .header("content-type", "application/offset+octet-stream")
        .body(b"0123456789");
    assert_eq!(rule(part.send().await), "in-anothers-name");
    // A conversation that is there opens, to be read.
    helper.post("/api/direct", &json!({"address": BOB})).await.expect(200);

    // What is said goes to whoever looks on, too, and nobody else noticed anything.
    his.say_in(ROOM, "m1", "bonjour").await;
    look.message("m1").await;
    drop(look);
    his.message("m1").await;
    hers.message("m1").await;
    his.settle().await;
    hers.settle().await;
    for heard in [&hers.heard, &his.heard] {
        let seen = |f: &&String| {
            f.starts_with("<presence") || f.contains("chatstates") || f.contains("chat-markers")
        };
        assert_eq!(heard.iter().find(seen), None);
    }
    assert_eq!(hers.whole_archive(ROOM, None).await.len(), events + 1);
    let rooms = unread(&alice).await;
    assert_eq!(rooms.len(), before.len(), "no room is made in her name");
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn it_ends_after_half_an_hour_and_with_whoever_helps() {
    let house = staffed();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let helper = helping(&server, &claire).await;
    let mut talker = Talker::connect(&helper).await;
    talker.enter(ROOM).await;
    Database::of(&house)
        .await
        .run("UPDATE session SET created_us = created_us - 1800000001 WHERE impersonated_by IS NOT NULL")
        .await;
    talker.until_end().await;
    helper.get("/api/session").await.expect(401);

    // Whoever administers no longer helps no longer; the link of the two holds at once.
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let helper = helping(&server, &claire).await;
    house.add_account("diane@mairie.test", "Diane Morel", "administrator");
    house.run(&["account", "role", CLAIRE, "--role", "agent"]).well();
    helper.get("/api/session").await.expect(401);
}
