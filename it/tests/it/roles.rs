//! The body's own roles, and whoever manages people: what they bring, and what they never reach.

use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, Server, Talker};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const GINA: &str = "gina@mairie.test";
const GUST: &str = "gust@mairie.test";
const ADA: &str = "ada@mairie.test";
const OTTO: &str = "otto@mairie.test";
const OLGA: &str = "olga@mairie.test";
const NEMO: &str = "nemo@mairie.test";
const ROOM: &str = "accueil@rooms.mairie.test";

/// The town with somebody of every technical role, two who manage people, and an agent in no room.
fn staffed() -> House {
    let house = House::town();
    house.add_account(GINA, "Gina Rossi", "business-administrator");
    house.add_account(GUST, "Gust Peeters", "business-administrator");
    house.add_account(ADA, "Ada Brun", "auditor");
    house.add_account(OTTO, "Otto Clair", "security-officer");
    house.add_account(NEMO, "Nemo Petit", "agent");
    house.run(&["tenant", "operator", DOMAIN, "--set", "on"]).well();
    house.add_account(OLGA, "Olga Sand", "operator");
    house
}

/// What an auditor does not read: what others are about to do, other bodies, and what is not there.
const CLOSED_TO_AUDITORS: [&str; 6] = [
    "/api/admin/accounts/{address}/departure: 403",
    "/api/admin/alerts/{id}: 404",
    "/api/admin/audit/log/tile/{tile}: 403",
    "/api/admin/bodies: 403",
    "/api/admin/imports/{id}: 403",
    "/api/admin/imports/{id}/lines: 403",
];

async fn send(browser: &Browser, method: &str, path: &str, body: &Value) -> Answer {
    browser.request(method, path).json(body).send().await
}

async fn make(browser: &Browser, name: &str) -> String {
    let made = send(browser, "POST", "/api/admin/roles", &json!({"name": name})).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

/// Every change of the administration, from the description, with a body that would be accepted of who may.
fn changes() -> Vec<(String, String, Value)> {
    let body = |method: &str, path: &str| match path {
        "/api/admin/accounts" => {
            json!({"address": "neuf@mairie.test", "name": "Neuf", "role": "administrator"})
        }
        "/api/admin/accounts/{address}/role" => json!({"role": "administrator"}),
        "/api/admin/accounts/{address}/clearance" => json!({"label": "internal"}),
        "/api/admin/organisation" => json!({"name": "À nous"}),
        "/api/admin/labels/{slug}" => json!({"guests": "no"}),
        "/api/admin/labels/{slug}/accreditation" if method == "PUT" => {
            json!({"reference": "H-1", "authority": "ANSSI", "until": "9999-12-31"})
        }
        "/api/admin/roles" => json!({"name": "Nouvelle"}),
        "/api/admin/bodies" => json!({"domain": "neuf.test", "name": "Neuf", "administrator":
            {"address": "x@neuf.test", "name": "X"}}),
        "/api/admin/bodies/{body}/delegate" => json!({"address": "x@mairie.test", "name": "X"}),
        "/api/admin/roles/{id}" if method == "PATCH" => json!({"description": "Autre"}),
        "/api/admin/roles/{id}/rooms/{room}" => json!({"rank": "member"}),
        "/api/admin/requests" => json!({"act": "export", "reason": "Pour voir"}),
        "/api/admin/lock" => json!({"phone_minutes": 5, "desk_minutes": 15}),
        "/api/admin/administration" => json!({"factor": "passkey", "networks": []}),
        "/api/admin/alert-rules" => json!({"rules": [{"kind": "role", "on": false}]}),
        "/api/admin/charter" => json!({"title": "Charte", "text": "Soyez aimables."}),
        "/api/admin/devices/{id}/state" => json!({"state": "approved"}),
        "/api/admin/imports/{id}/apply" => json!({"digest": "0".repeat(64), "mail": false}),
        _ => json!({}),
    };
    crate::forgery::routes()
        .into_iter()
        .map(|(method, path)| (method, format!("/api{path}")))
        .filter(|(method, path)| method != "GET" && path.starts_with("/api/admin/"))
        .map(|(method, path)| (method.clone(), path.clone(), body(&method, &path)))
        .collect()
}

async fn state(claire: &Browser) -> Value {
    let mut seen = vec![];
    for path in ["/api/admin/accounts", "/api/admin/organisation", "/api/admin/requests", "/api/admin/rooms"]
    {
        seen.push(claire.get(path).await.expect(200).json());
    }
    let mut seen = Value::from(seen);
    for account in seen[0]["accounts"].as_array_mut().expect("accounts") {
        account["last_used_us"] = Value::Null;
    }
    seen
}

#[tokio::test]
async fn whoever_manages_people_reaches_no_technical_role_by_any_route() {
    let house = staffed();
    let server = house.serve().await;
    let (gina, claire) = (Browser::signed_in(&server, GINA).await, Browser::signed_in(&server, CLAIRE).await);
    let room = claire.room("Accueil").await;
    let role = make(&gina, "Accueil").await;
    // Given by an administrator, so that taking it away would be something.
    for who in [OTTO, ADA, GUST] {
        send(&claire, "PUT", &format!("/api/admin/roles/{role}/holders/{who}"), &json!({})).await.expect(204);
    }
    let before = state(&claire).await;
    let mut allowed = BTreeSet::new();
    let mut asked = 0;
    for (method, path, body) in changes() {
        let targets: &[&str] =
            if path.contains("{address}") { &[CLAIRE, OTTO, ADA, GUST, OLGA, GINA] } else { &[""] };
        for target in targets {
            let real = path
                .replace("{address}", target)
                .replace("{room}", &room)
                .replace("{slug}", "medical")
                .replace("{body}", DOMAIN)
                .replace("{id}", if path.contains("/roles/") { role.as_str() } else { room.as_str() });
            let about_roles = path.starts_with("/api/admin/roles") && target.is_empty();
            if about_roles {
                // Theirs: seen below to work.
                allowed.insert(path.clone());
                continue;
            }
            let answer = send(&gina, &method, &real, &body).await.expect(403).json();
            let rule = answer["rule"].as_str().unwrap_or_default();
            assert!(matches!(rule, "role" | "technical-role" | "own-account"), "{method} {real}: {answer}");
            asked += 1;
        }
    }
    assert!(asked >= 50, "{asked}");
    assert_eq!(
        allowed.into_iter().collect::<Vec<_>>(),
        ["/api/admin/roles", "/api/admin/roles/{id}", "/api/admin/roles/{id}/rooms/{room}"]
    );
    // Reading: people, rooms and roles, nothing else.
    for path in [
        "/api/admin/audit",
        "/api/admin/audit/log/checkpoint",
        "/api/admin/organisation",
        "/api/admin/requests",
    ] {
        assert_eq!(gina.get(path).await.expect(403).json()["rule"], "role", "{path}");
    }
    for path in ["/api/admin/accounts", "/api/admin/rooms", "/api/admin/roles"] {
        gina.get(path).await.expect(200);
    }
    let after = state(&claire).await;
    assert_eq!(before[0], after[0]);
    assert_eq!(before, after);
    let log = claire.get("/api/admin/audit?limit=200&outcome=denied").await.expect(200).json();
    let denied = log["entries"].as_array().expect("entries");
    assert!(denied.iter().filter(|e| e["actor"] == GINA && e["rule"] == "technical-role").count() >= 20);

    // What is theirs: agents, and nothing that would make one more than that.
    let new = json!({"address": "neuf@mairie.test", "name": "Neuf"});
    let link = send(&gina, "POST", "/api/admin/accounts", &new).await.expect(201).json();
    for act in ["reset", "disable", "enable", "lost-keys"] {
        let path = format!("/api/admin/accounts/{NEMO}/{act}");
        let answer = send(&gina, "POST", &path, &json!({})).await;
        assert!(answer.status < 300, "{act}");
    }
    // A link made for an agent does not open what they became since.
    let grown = json!({"role": "administrator"});
    send(&claire, "POST", "/api/admin/accounts/neuf@mairie.test/role", &grown).await.expect(204);
    let token = link["link"].as_str().and_then(|l| l.rsplit('/').next()).expect("a link").to_owned();
    let door = Browser::new(&server, DOMAIN);
    door.get(&format!("/api/invitations/{token}")).await.expect(404);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn an_auditor_reads_the_administration_and_changes_nothing_by_any_route() {
    let house = staffed();
    let server = house.serve().await;
    let (ada, claire) = (Browser::signed_in(&server, ADA).await, Browser::signed_in(&server, CLAIRE).await);
    let room = claire.room("Accueil").await;
    let role = make(&claire, "Accueil").await;
    let real = |path: &str, address: &str| {
        path.replace("{address}", address)
            .replace("{room}", &room)
            .replace("{slug}", "medical")
            .replace("{body}", DOMAIN)
            .replace("{tile}", "0/000")
            .replace("{id}", if path.contains("/roles/") { role.as_str() } else { room.as_str() })
    };
    let before = state(&claire).await;
    let mut changed = vec![];
    let mut asked = 0;
    for (method, path, body) in changes() {
        // Herself among those who are spoken of: nobody makes themselves more.
        let targets: &[&str] = if path.contains("{address}") { &[NEMO, ADA, CLAIRE] } else { &[""] };
        for target in targets {
            // Asking for the log is reading it, with a second person; she asks for it below.
            if path == "/api/admin/requests" {
                continue;
            }
            let answer = send(&ada, &method, &real(&path, target), &body).await;
            asked += 1;
            if answer.status != 403 {
                changed.push(format!("{method} {path}: {}", answer.status));
            }
        }
    }
    assert!(asked >= 40, "{asked}");
    assert_eq!(changed, Vec::<String>::new());
    assert_eq!(before, state(&claire).await);
    let export = json!({"act": "export", "reason": "Contrôle annuel"});
    ada.post("/api/admin/requests", &export).await.expect(201);

    let reads = crate::forgery::routes().into_iter().map(|(method, path)| (method, format!("/api{path}")));
    let reads = reads.filter(|(method, path)| method == "GET" && path.starts_with("/api/admin/"));
    let mut closed = vec![];
    for (_, path) in reads {
        let shown =
            real(&path, NEMO) + if path.ends_with("/consequences") { "?retention_days=30" } else { "" };
        let answer = ada.get(&shown).await;
        if answer.status != 200 {
            closed.push(format!("{path}: {}", answer.status));
        }
    }
    assert_eq!(closed, CLOSED_TO_AUDITORS);
    crate::bad_input::finish(server, &[]).await;
}

async fn hears(server: &Server, address: &str) -> (Browser, Talker) {
    let browser = Browser::signed_in(server, address).await;
    let mut talker = Talker::connect(&browser).await;
    talker.enter(ROOM).await;
    (browser, talker)
}

#[tokio::test]
async fn a_role_lets_into_its_rooms_and_reading_ends_with_it() {
    let house = staffed();
    let server = house.serve().await;
    let gina = Browser::signed_in(&server, GINA).await;
    let nemo = Browser::signed_in(&server, NEMO).await;
    let mut page = Talker::connect(&nemo).await;
    let room = Browser::signed_in(&server, ALICE).await.room("Accueil").await;
    let path = format!("/api/rooms/{room}");
    let role = make(&gina, "Guichet").await;
    let brings = format!("/api/admin/roles/{role}/rooms/{room}");
    let holder = format!("/api/admin/roles/{role}/holders/{NEMO}");
    send(&gina, "PUT", &brings, &json!({"rank": "owner"})).await.expect(422);
    send(&gina, "PUT", &brings, &json!({"rank": "member"})).await.expect(204);
    nemo.get(&path).await.expect(403);
    send(&gina, "PUT", &holder, &json!({})).await.expect(204);
    page.until("a word about rooms", |f| f.contains("what='rooms'")).await;
    nemo.get(&path).await.expect(200);
    let (_, mut inside) = hears(&server, NEMO).await;
    let shown = gina.get(&format!("/api/admin/roles/{role}")).await.expect(200).json();
    assert_eq!((&shown["only_by_it"], &shown["held_by"][0]["address"]), (&json!(1), &json!(NEMO)), "{shown}");
    let of = gina.get(&format!("/api/admin/accounts/{NEMO}/roles")).await.expect(200).json();
    assert_eq!(of[0]["name"], "Guichet");

    send(&gina, "DELETE", &holder, &json!({})).await.expect(204);
    inside.until("out of the room", |f| f.contains("unavailable") && f.contains("code='321'")).await;
    nemo.get(&path).await.expect(403);
    send(&gina, "DELETE", &holder, &json!({})).await.expect(404);

    // At the machine, beside the running server.
    house.run(&["role", "give", "Guichet", NEMO]).well();
    nemo.get(&path).await.expect(200);
    let (_, mut inside) = hears(&server, NEMO).await;
    house.run(&["role", "take", "Guichet", NEMO]).well();
    inside.until("out of the room", |f| f.contains("unavailable") && f.contains(ROOM)).await;
    nemo.get(&path).await.expect(403);
    house.run(&["role", "add", "Conseil communal", "--tenant", DOMAIN]).well();
    house.run(&["role", "give", "Conseil communal", NEMO]).well();
    house.run(&["role", "room", "Conseil communal", ROOM, "--rank", "moderator"]).well();
    let seen = nemo.get(&path).await.expect(200).json();
    assert!(seen.to_string().contains("moderator"), "{seen}");
    assert!(house.run(&["role", "add", "Guichet", "--tenant", DOMAIN]).refused().contains("taken"));
    assert!(house.run(&["role", "give", "Personne", NEMO]).refused().contains("beffroi role add"));
    assert!(house.run(&["role", "room", "Guichet", "nulle-part"]).refused().contains("SLUG@rooms.DOMAIN"));

    // The label still decides: above their clearance the room stays closed, role or not.
    house.run(&["account", "clear", NEMO, "--label", "public"]).well();
    assert_eq!(nemo.get(&path).await.expect(403).json()["rule"], "clearance");
    // Whoever left holds nothing.
    let claire = Browser::signed_in(&server, CLAIRE).await;
    send(&claire, "POST", &format!("/api/admin/accounts/{NEMO}/departure"), &json!({})).await.expect(204);
    let roles = gina.get("/api/admin/roles").await.expect(200).json();
    assert!(roles.as_array().expect("roles").iter().all(|one| one["holders"] == 0), "{roles}");
    let members = Browser::signed_in(&server, BOB).await.get(&path).await.expect(200).json();
    assert!(!members.to_string().contains(NEMO), "{members}");
    house.run(&["audit", "verify"]).well();
}
