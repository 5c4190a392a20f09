//! Two bodies on one server: nothing of one is reached from the other, by any route.

use crate::forgery::routes;
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, House, Talker, attribute};
use serde_json::json;

const ROOM: &str = "accueil@rooms.mairie.test";
const DORA: &str = "dora@hopital.test";
const ZOE: &str = "zoe@hopital.test";

fn neighbours() -> House {
    let house = House::town();
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital de Test"]).well();
    house.run(&["tenant", "administration", "hopital.test", "--factor", "password"]).well();
    house.run(&["tenant", "four-eyes", "hopital.test", "--set", "off"]).well();
    house.add_account(DORA, "Dora Roux", "administrator");
    house.add_account("egon@hopital.test", "Egon Blanc", "agent");
    house.add_account(ZOE, "Zoé Noir", "security-officer");
    house.run(&["room", "add", "Urgences", "--label", "internal", "--owner", DORA]).well();
    house
}

#[tokio::test]
async fn an_administrator_next_door_reaches_no_room_no_file_and_nobody_by_any_route() {
    let house = neighbours();
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let room = alice.room("Accueil").await;
    let file = crate::files::put(&alice, &room, "canari.pdf", b"canari").await;
    let upload = crate::files::begin(&alice, &room, "b.bin", 10).await;
    let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let link = link["id"].as_str().unwrap();
    let session = alice.get("/api/sessions").await.json()[0]["id"].as_str().unwrap().to_owned();
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let made = claire.post("/api/admin/roles", &json!({"name": "Guichet"})).await.expect(201).json();
    let asked = json!({"act": "export", "reason": "Contrôle"});
    let asked = claire.post("/api/admin/requests", &asked).await.expect(201).json();
    let (role, request) = (made["id"].as_str().unwrap(), asked["id"].as_str().unwrap());
    let (dora, zoe) = (Browser::signed_in(&server, DORA).await, Browser::signed_in(&server, ZOE).await);
    let before = alice.get(&format!("/api/rooms/{room}")).await.expect(200).json();

    let nothing = "0000000000000";
    for (method, path) in routes().into_iter().filter(|(_, path)| path.contains('{')) {
        // A label has no id: both bodies have their own of the same names (below). Bodies are for operators.
        if ["/guest", "/invitations", "/admin/labels", "/admin/bodies"]
            .iter()
            .any(|door| path.starts_with(door))
        {
            continue;
        }
        let asker = if path.ends_with("/clearance") { &zoe } else { &dora };
        let fill = |room: &str, file: &str, upload: &str, session: &str, link: &str, who: &str| {
            let id = match path.as_str() {
                p if p.starts_with("/files") => file,
                p if p.starts_with("/uploads") => upload,
                p if p.starts_with("/sessions") => session,
                p if p.starts_with("/admin/roles") && room != nothing => role,
                p if p.starts_with("/admin/requests") && room != nothing => request,
                _ => room,
            };
            path.replace("{id}", id).replace("{room}", room).replace("{link}", link).replace("{address}", who)
        };
        let theirs = fill(&room, &file, &upload, &session, link, BOB);
        let nobodys = fill(nothing, nothing, nothing, nothing, nothing, "personne@mairie.test");
        let bodies = [
            json!({}),
            json!({"name": "a", "size": 1}),
            json!({"address": DORA, "role": "owner"}),
            json!({"address": ALICE}),
            json!({"label": "public"}),
            json!({"role": "auditor"}),
            json!({"name": "Pris", "topic": "x"}),
        ];
        for body in bodies {
            let ask = async |path: &str| {
                let request =
                    asker.request(&method, &format!("/api{path}")).header("upload-offset", "0").json(&body);
                let answer = request.send().await;
                (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
            };
            let (real, absent) = (ask(&theirs).await, ask(&nobodys).await);
            assert!(matches!(real.0, 400 | 404 | 422), "{method} {path} {body}: {real:?}");
            assert_eq!(
                real, absent,
                "{method} {path} {body}: what is next door is told from what is nowhere"
            );
        }
    }
    for (path, body) in [
        ("/api/direct", json!({"address": ALICE})),
        ("/api/rooms", json!({"name": "Mixte", "members": [ALICE]})),
        ("/api/admin/accounts", json!({"address": "x@mairie.test", "name": "X"})),
    ] {
        let answer = dora.post(path, &body).await;
        assert!(matches!(answer.status, 404 | 422), "{path}: {}", answer.status);
    }
    for path in [
        "/api/rooms",
        "/api/people",
        "/api/admin/accounts",
        "/api/admin/rooms",
        "/api/admin/organisation",
        "/api/admin/audit?limit=200",
    ] {
        let seen = String::from_utf8(dora.get(path).await.expect(200).body).unwrap();
        for foreign in ["mairie.test", "Accueil", "Alice", room.as_str()] {
            assert!(!seen.contains(foreign), "{path} shows {foreign}: {seen}");
        }
    }
    let labels = alice.get("/api/labels").await.expect(200).json();
    let declared = json!({"reference": "H-1", "authority": "ANSSI", "until": "9999-12-31"});
    let put = zoe.request("PUT", "/api/admin/labels/restricted/accreditation").json(&declared);
    put.send().await.expect(204);
    let hidden = json!({"download": false, "name": "Caché"});
    zoe.request("PATCH", "/api/admin/labels/internal").json(&hidden).send().await.expect(200);
    dora.request("PATCH", "/api/admin/organisation").json(&json!({"name": "Pris"})).send().await.expect(200);
    assert_eq!(alice.get("/api/labels").await.expect(200).json(), labels);
    let page = alice.get("/api/session").await.expect(200).json();
    assert_eq!(page["tenant"]["name"], "Mairie de Test");
    assert_eq!(alice.get(&format!("/api/rooms/{room}")).await.expect(200).json(), before);
    alice.get(&format!("/api/uploads/{upload}")).await.expect(200);
    alice.get(&format!("/api/files/{file}")).await.expect(200);
    Browser::signed_in(&server, BOB).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn nothing_is_heard_or_said_across_over_xmpp() {
    let house = neighbours();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut dora = Talker::connect(&Browser::signed_in(&server, DORA).await).await;
    alice.enter(ROOM).await;
    alice.send("<presence xmlns='jabber:client'/>").await;
    dora.send("<presence xmlns='jabber:client'/>").await;
    alice.say_in(ROOM, "c1", "canari").await;
    alice.message("c1").await;

    for room in [ROOM, "accueil@rooms.hopital.test", "urgences@rooms.mairie.test"] {
        assert!(dora.try_enter(room).await.contains("type='error'"), "{room}");
        let (page, fin) = dora.archive(room, None, "<max>10</max>").await;
        assert!(page.is_empty() && attribute(&fin, "iq", "type") == Some("error"), "{room}: {fin}");
        let rung = dora.ask("set", room, "<ring xmlns='urn:beffroi:meeting:0'/>").await;
        assert_eq!(attribute(&rung, "iq", "type"), Some("error"), "{rung}");
        dora.say_in(room, "x1", "Bonjour").await;
        assert!(dora.message("x1").await.contains("type='error'"), "{room}");
    }
    for who in [ALICE, "personne@mairie.test", "alice@hopital.test"] {
        dora.say_to(who, "x2", "Bonjour").await;
        assert!(dora.message("x2").await.contains("type='error'"), "{who}");
        let (page, fin) = dora.archive("", Some(who), "<max>10</max>").await;
        assert!(page.is_empty(), "{who}: {fin}");
        dora.send(&format!("<presence xmlns='jabber:client' type='probe' to='{who}'/>")).await;
        let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
        dora.send(&format!("<message xmlns='jabber:client' type='chat' to='{who}'>{composing}</message>"))
            .await;
    }
    let roster = dora.ask("get", "", "<query xmlns='jabber:iq:roster'/>").await;
    assert!(roster.contains("egon@hopital.test") && !roster.contains("mairie.test"), "{roster}");
    dora.settle().await;
    assert!(!dora.heard.iter().any(|f| f.contains("canari") || f.contains("Alice")), "{:#?}", dora.heard);
    alice.settle().await;
    assert!(!alice.heard.iter().any(|f| f.contains("dora") || f.contains("hopital")), "{:#?}", alice.heard);
}

#[tokio::test]
async fn a_room_one_does_not_belong_to_shows_nothing_to_colleagues_either() {
    let house = neighbours();
    house.run(&["room", "add", "Discret", "--label", "internal", "--owner", ALICE]).well();
    let server = house.serve().await;
    let (alice, bob) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    let room = alice.room("Discret").await;
    let file = crate::files::put(&alice, &room, "canari.pdf", b"canari").await;
    for path in [
        format!("/api/rooms/{room}"),
        format!("/api/rooms/{room}/files"),
        format!("/api/rooms/{room}/links"),
        format!("/api/files/{file}"),
    ] {
        let answer = bob.get(&path).await;
        assert!(matches!(answer.status, 403 | 404), "{path}: {}", answer.status);
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!said.contains("Discret") && !said.contains("canari"), "{path}: {said}");
    }
    let mut talker = Talker::connect(&bob).await;
    assert!(talker.try_enter("discret@rooms.mairie.test").await.contains("type='error'"));
    let (page, _) = talker.archive("discret@rooms.mairie.test", None, "<max>10</max>").await;
    assert!(page.is_empty());
}
