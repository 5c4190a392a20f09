//! Who hosts bodies: what they do to one from outside, that they never see inside, and that a closed one is shut.

use crate::applications::{application, make, sign_in, told_signed_out};
use crate::database::Database;
use crate::postgres::Own;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Post, Server, Talker};
use serde_json::{Value, json};

const REGION: &str = "region.test";
const OLGA: &str = "olga@region.test";
const RENE: &str = "rene@region.test";
const HOSPITAL: &str = "hopital.test";
const DORA: &str = "dora@hopital.test";
const ZOE: &str = "zoe@hopital.test";
const ROOM: &str = "accueil@rooms.mairie.test";
const NEW: &str = "Brume-tiède-7-horloges";

/// A region beside the town hall, whose Olga is an operator.
fn region(house: &House) {
    house.run(&["tenant", "add", REGION, "--name", "Région de Test"]).well();
    house.run(&["tenant", "administration", REGION, "--factor", "password"]).well();
    house.run(&["tenant", "operator", REGION, "--set", "on"]).well();
    house.add_account(OLGA, "Olga Sand", "operator");
    house.add_account(RENE, "René Vidal", "administrator");
}

fn hospital(address: &str, name: &str) -> Value {
    let first = json!({"address": address, "name": name});
    json!({"domain": HOSPITAL, "name": "Hôpital de Test", "administrator": first})
}

fn token(answer: &Answer) -> String {
    let link = answer.json()["link"].as_str().expect("a link").to_owned();
    link.rsplit('/').next().expect("a link has a secret").to_owned()
}

async fn refused(answer: Answer, rule: &str) {
    assert_eq!(answer.expect(403).json()["rule"], rule);
}

async fn body(olga: &Browser, domain: &str) -> Value {
    let page = olga.get("/api/admin/bodies").await.expect(200).json();
    let found = page["bodies"].as_array().into_iter().flatten().find(|one| one["domain"] == domain);
    found.unwrap_or_else(|| panic!("{domain}: {page}")).clone()
}

async fn entries(administrator: &Browser, filter: &str) -> Vec<Value> {
    let log = administrator.get(&format!("/api/admin/audit?limit=200{filter}")).await.expect(200).json();
    log["entries"].as_array().expect("entries").clone()
}

async fn hosted(house: &House) {
    region(house);
    let server = house.serve().await;
    let (olga, rene) = (Browser::signed_in(&server, OLGA).await, Browser::signed_in(&server, RENE).await);
    // Nobody else sees or does any of it, and an operator administers nothing in their own body.
    let claire = Browser::signed_in(&server, CLAIRE).await;
    for other in [&claire, &rene, &Browser::signed_in(&server, ALICE).await] {
        refused(other.get("/api/admin/bodies").await, "role").await;
        refused(other.post("/api/admin/bodies", &hospital(DORA, "Dora Roux")).await, "role").await;
        refused(other.post("/api/admin/bodies/mairie.test/close", &json!({})).await, "role").await;
    }
    for path in ["accounts", "rooms", "audit", "organisation", "roles", "requests", "devices", "charter"] {
        refused(olga.get(&format!("/api/admin/{path}")).await, "role").await;
    }
    // The role is held where the machine said so, and nowhere else.
    let operator = json!({"role": "operator"});
    refused(claire.post(&format!("/api/admin/accounts/{BOB}/role"), &operator).await, "not-operating").await;
    let invited = json!({"address": "neuf@mairie.test", "name": "Neuf", "role": "operator"});
    refused(claire.post("/api/admin/accounts", &invited).await, "not-operating").await;
    house.run(&["account", "role", BOB, "--role", "operator"]).refused();
    let people = house.beside("people.csv");
    std::fs::write(&people, "address,name,role\nneuf@mairie.test,Neuf,operator\n").expect("our own folder");
    let people = people.display().to_string();
    let said = house.run(&["account", "import", &people, "--tenant", DOMAIN]).refused();
    assert!(said.contains("not-operating"), "{said}");

    // A body is hosted, and its first administrator may be named once more while nobody came in.
    for (wrong, status) in [
        (json!({"domain": DOMAIN, "name": "Prise", "administrator": {"address": ALICE, "name": "A"}}), 409),
        (hospital("dora@mairie.test", "Dora Roux"), 422),
        (
            json!({"domain": "rooms.mairie.test", "name": "X", "administrator":
            {"address": "x@rooms.mairie.test", "name": "X"}}),
            422,
        ),
    ] {
        olga.post("/api/admin/bodies", &wrong).await.expect(status);
    }
    let first = olga.post("/api/admin/bodies", &hospital(DORA, "Dora Roux")).await.expect(201);
    assert_eq!(first.json()["mailed"], false);
    let row = body(&olga, HOSPITAL).await;
    assert_eq!((&row["state"], &row["people"]), (&json!("waiting"), &json!(1)));
    assert_eq!(row["administrator"], json!({"address": DORA, "name": "Dora Roux"}));
    let again = format!("/api/admin/bodies/{HOSPITAL}/delegate");
    let zoe = json!({"address": ZOE, "name": "Zoé Noir"});
    let second = olga.post(&again, &zoe).await.expect(200);
    let mut page = Browser::new(&server, HOSPITAL);
    page.get(&format!("/api/invitations/{}", token(&first))).await.expect(404);
    let row = body(&olga, HOSPITAL).await;
    assert_eq!((&row["administrator"]["address"], &row["people"]), (&json!(ZOE), &json!(1)));
    let path = format!("/api/invitations/{}", token(&second));
    assert_eq!(page.get(&path).await.expect(200).json()["tenant"]["domain"], HOSPITAL);
    let entered = page.post(&path, &json!({"password": NEW})).await.expect(200);
    page.keep(&entered);
    let session = page.get("/api/session").await.expect(200).json();
    assert_eq!((&session["tenant"]["domain"], &session["role"]), (&json!(HOSPITAL), &json!("administrator")));

    // From then on it is in its own hands, at the machine too.
    refused(olga.post(&again, &zoe).await, "body-begun").await;
    refused(olga.post(&again, &json!({"address": DORA, "name": "Dora Roux"})).await, "body-begun").await;
    let command = ["tenant", "delegate", HOSPITAL, "--administrator", DORA, "--administrator-name", "Dora"];
    house.run(&command).refused();
    let row = body(&olga, HOSPITAL).await;
    assert_eq!((&row["state"], &row["administrator"]), (&json!("run"), &Value::Null));
    // What operates is in nobody else's hands.
    refused(olga.post("/api/admin/bodies/region.test/close", &json!({})).await, "operating-body").await;
    let odile = json!({"address": "odile@region.test", "name": "Odile"});
    refused(olga.post("/api/admin/bodies/region.test/delegate", &odile).await, "operating-body").await;
    olga.post("/api/admin/bodies/nulle-part.test/close", &json!({})).await.expect(404);

    // Both logs have it.
    house.run(&["tenant", "administration", HOSPITAL, "--factor", "password"]).well();
    let theirs = entries(&page, "").await;
    let first = theirs.last().expect("the log has a first entry");
    assert_eq!((&first["act"], &first["actor"]), (&json!("tenant.add"), &json!(OLGA)));
    assert!(first["detail"].as_str().is_some_and(|told| told.contains(REGION)), "{first}");
    for log in [&theirs, &entries(&rene, "").await] {
        let told = |act: &str, rule: &str| {
            let is = |one: &&Value| one["act"] == act && one["rule"] == rule && one["actor"] == OLGA;
            log.iter().filter(is).count()
        };
        assert_eq!((told("tenant.add", ""), told("tenant.delegate", "")), (1, 1), "{log:#?}");
        assert_eq!(told("tenant.delegate", "body-begun"), 2, "{log:#?}");
    }
    // A word found by its beginning, whatever the accents, and one page after the other.
    let found = olga.get("/api/admin/bodies?search=h%C3%B4pi").await.expect(200).json();
    assert_eq!((&found["count"], &found["bodies"][0]["domain"]), (&json!(1), &json!(HOSPITAL)));
    let after = olga.get(&format!("/api/admin/bodies?after={DOMAIN}")).await.expect(200).json();
    assert_eq!(after["bodies"].as_array().map(Vec::len), Some(1), "{after}");

    // Whoever is no operator any more is out, and comes back as an agent.
    house.run(&["tenant", "operator", REGION, "--set", "off"]).well();
    olga.get("/api/session").await.expect(401);
    let olga = Browser::signed_in(&server, OLGA).await;
    assert_eq!(olga.get("/api/session").await.expect(200).json()["role"], "agent");
    refused(olga.get("/api/admin/bodies").await, "role").await;
    server.stop().await;
    house.run(&["audit", "verify"]).well();
}

/// Where all bodies share an address, one of that name would take the page and the passkeys of all the others.
#[tokio::test]
async fn nobody_is_hosted_at_the_address_of_everybody() {
    let house = House::with_settings("[listen]\npublic_url = \"http://beffroi.test:8080\"\n");
    let add = |domain: &str| {
        let dora = format!("dora@{domain}");
        let named = ["--name", "X", "--administrator", &dora, "--administrator-name", "Dora Roux"];
        house.run(&[&["tenant", "add", domain], &named[..]].concat())
    };
    add("mairie.test").well();
    let said = add("beffroi.test").refused();
    assert!(said.contains("listen.public_url"), "{said}");
    add("hopital.test").well();
}

#[tokio::test]
async fn an_operator_hosts_a_body_and_hands_it_over_for_good() {
    hosted(&House::town()).await;
}

#[tokio::test]
async fn an_operator_hosts_a_body_and_hands_it_over_for_good_on_postgresql() {
    let Some(own) = Own::make("bodies").await else { return };
    hosted(&own.house()).await;
    own.remove().await;
}

#[tokio::test]
async fn the_first_administrator_is_written_to_where_mail_is_set() {
    let house = House::town();
    region(&house);
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    let olga = Browser::signed_in(&server, OLGA).await;
    let made = olga.post("/api/admin/bodies", &hospital(DORA, "Dora Roux")).await.expect(201);
    assert_eq!(made.json()["mailed"], true);
    let letter = post.letters(1).await.remove(0);
    assert_eq!(letter.header("to").as_deref(), Some(DORA));
    assert_eq!(letter.link().rsplit('/').next().map(str::to_owned), Some(token(&made)));
    crate::bad_input::finish(server, &[&token(&made)]).await;
}

/// Somebody tries to come in with the right password.
async fn comes(server: &Server, address: &str) -> Answer {
    Browser::new(server, DOMAIN).sign_in(address, PASSWORD).await
}

async fn closed(house: &House, database: &mut Database) {
    region(house);
    let server = house.serve().await;
    let olga = Browser::signed_in(&server, OLGA).await;
    let mut alice = Browser::signed_in(&server, ALICE).await;
    let mut key = alice.authenticator();
    crate::passkeys::enrol(&mut alice, &mut key).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let room = alice.room("Accueil").await;
    let file = crate::files::put(&alice, &room, "plan.pdf", b"plan").await;
    let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let link = link["url"].as_str().and_then(|l| l.rsplit('/').next()).expect("a link").to_owned();
    let guest = format!("/api/guest/{link}");
    let reset = claire.post(&format!("/api/admin/accounts/{BOB}/reset"), &json!({})).await.expect(200);
    let reset = format!("/api/invitations/{}", token(&reset));
    let code = alice.post("/api/devices/code", &json!({})).await.expect(201).json();
    let code = format!("/api/device-codes/{}", code["code"].as_str().expect("a code"));
    let (_, password) = make(&alice, "Bureau").await;
    let mut desk = application(&server).await;
    assert_eq!(sign_in(&mut desk, "alice", &password).await.1, Ok(()));
    desk.bind(DOMAIN).await;
    let mut page = Talker::connect(&alice).await;
    page.enter(ROOM).await;
    let door = Browser::new(&server, DOMAIN);
    let mut visitor = door.clone();
    let entered = visitor.post(&guest, &json!({"name": "Passante"})).await.expect(200);
    visitor.keep(&entered);
    let question = door.post("/api/session/passkey", &json!({})).await.json();
    // A sign-in that stands at its second step.
    let half = comes(&server, ALICE).await.expect(200).json();
    assert_eq!(half["kind"], "second-step");

    let close = format!("/api/admin/bodies/{DOMAIN}/close");
    olga.post(&close, &json!({})).await.expect(204);
    olga.post(&close, &json!({})).await.expect(204);
    assert_eq!(body(&olga, DOMAIN).await["state"], "closed");
    // Whoever was in is out: at once on every route, within two seconds on every stream.
    for browser in [&alice, &claire, &visitor] {
        browser.get("/api/session").await.expect(401);
        browser.get(&format!("/api/files/{file}")).await.expect(401);
    }
    told_signed_out(&mut page).await;
    told_signed_out(&mut desk).await;
    // No door opens, and each says why, to who proved enough and to nobody else.
    for who in [ALICE, BOB, CLAIRE] {
        refused(comes(&server, who).await, "body-closed").await;
    }
    Browser::new(&server, DOMAIN).sign_in(ALICE, "Faux-mot-de-passe-1").await.expect(401);
    let answer = json!({"token": question["token"], "answer": key.prove(&question["options"])});
    refused(door.post("/api/session/passkey/answer", &answer).await, "body-closed").await;
    refused(door.get(&guest).await, "body-closed").await;
    refused(door.post(&guest, &json!({"name": "Passante"})).await, "body-closed").await;
    refused(door.get(&reset).await, "body-closed").await;
    refused(door.post(&reset, &json!({"password": NEW})).await, "body-closed").await;
    refused(door.get(&code).await, "body-closed").await;
    let closed =
        sign_in(&mut application(&server).await, "alice", &password).await.1.expect_err("the body is closed");
    assert!(closed.contains("<not-authorized/>"), "{closed}");
    const SESSIONS: &str =
        "SELECT COUNT(*) FROM session s JOIN tenant t ON t.id = s.tenant WHERE t.domain = 'mairie.test'";
    assert_eq!(database.number(SESSIONS).await, 0);
    // Everybody else is where they were.
    olga.get("/api/session").await.expect(200);

    olga.post(&format!("/api/admin/bodies/{DOMAIN}/open"), &json!({})).await.expect(204);
    let claire = Browser::signed_in(&server, CLAIRE).await;
    alice.get("/api/session").await.expect(401);
    let question = door.post("/api/session/passkey", &json!({})).await.json();
    let answer = json!({"token": question["token"], "answer": key.prove(&question["options"])});
    let mut alice = door.clone();
    let entered = alice.post("/api/session/passkey/answer", &answer).await.expect(200);
    alice.keep(&entered);
    assert_eq!(alice.get(&format!("/api/files/{file}")).await.expect(200).body, b"plan");
    door.get(&guest).await.expect(200);
    door.post(&reset, &json!({"password": NEW})).await.expect(200);
    assert_eq!(sign_in(&mut application(&server).await, "alice", &password).await.1, Ok(()));
    let acts = entries(&claire, "").await;
    for act in ["tenant.close", "tenant.open"] {
        let told: Vec<_> = acts.iter().filter(|one| one["act"] == act).collect();
        assert_eq!(told.len(), 1, "{act}: once, however often it is asked");
        assert_eq!(told[0]["actor"], OLGA);
    }
    // Who came meanwhile is in the log, once at each door: three by a password and one by a passkey, an application.
    for (act, times) in
        [("session.open", 5), ("guest.enter", 2), ("invitation.accept", 2), ("device.enrol", 1)]
    {
        let shut = acts.iter().filter(|one| one["rule"] == "body-closed" && one["act"] == act).count();
        assert_eq!(shut, times, "{act}");
    }

    // The machine closes and opens by the same way, beside a running server.
    let mut page = Talker::connect(&alice).await;
    house.run(&["tenant", "close", DOMAIN]).well();
    told_signed_out(&mut page).await;
    assert!(house.run(&["tenant", "list"]).well().contains("closed"));
    refused(comes(&server, CLAIRE).await, "body-closed").await;
    house.run(&["tenant", "open", DOMAIN]).well();
    Browser::signed_in(&server, CLAIRE).await;
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn a_closed_body_is_shut_at_every_door_and_opens_as_it_was() {
    let house = House::town();
    let mut database = Database::of(&house).await;
    closed(&house, &mut database).await;
}

#[tokio::test]
async fn a_closed_body_is_shut_at_every_door_and_opens_as_it_was_on_postgresql() {
    let Some(own) = Own::make("closed").await else { return };
    let house = own.house();
    let mut database = Database::postgres(own.address()).await;
    closed(&house, &mut database).await;
    drop(database);
    own.remove().await;
}
