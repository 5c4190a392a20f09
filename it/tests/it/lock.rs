//! The lock of a page that nobody touches: it falls by the server's own clock, nothing opens behind it, and ten
//! wrong PINs end the session.

use crate::applications::{application, sign_in as application_sign_in};
use crate::bad_input::finish;
use crate::database::Database;
use crate::guests::{join, meeting};
use crate::passkeys::enrol;
use crate::second_factor::renewed;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Talker, operations};
use serde_json::{Value, json};

const PIN: &str = "418295";
const FIVE_MINUTES: &str = "UPDATE session SET last_used_us = last_used_us - 300000000";

/// What a locked session may still ask for: who it is, what opens it, its end.
const ITSELF: &[(&str, &str)] = &[
    ("GET", "/api/session"),
    ("DELETE", "/api/session"),
    ("GET", "/api/session/prove"),
    ("POST", "/api/session/prove"),
    ("POST", "/api/session/prove/passkey"),
    ("POST", "/api/session/prove/passkey/answer"),
    ("POST", "/api/session/prove/code"),
    ("POST", "/api/session/help/end"),
    ("POST", "/api/session/lock"),
    ("POST", "/api/session/unlock"),
];

async fn told_locked(talker: &mut Talker) {
    let last = talker.until_end().await;
    assert!(last.iter().any(|f| f.contains("<not-authorized") && f.contains("locked")), "{last:?}");
}

async fn set_pin(page: &Browser, pin: &str) -> Answer {
    page.request("PUT", "/api/session/pin").json(&json!({"pin": pin})).send().await
}

async fn unlock(page: &mut Browser, pin: &str) -> Answer {
    let answer = page.post("/api/session/unlock", &json!({"pin": pin})).await;
    page.keep(&answer);
    answer
}

/// As if the last wrong PIN were long ago.
async fn patient(house: &House) {
    Database::of(house).await.run("UPDATE session SET pin_last_us = 0").await;
}

/// Every route that asks for a session, but `passed` over, with something in its holes, and the answer to it.
pub async fn walk(page: &Browser, room: &str, passed: &[(&str, &str)]) -> Vec<(String, String, Answer)> {
    let mut answers = vec![];
    for operation in operations().into_iter().filter(|operation| operation.session) {
        if passed.contains(&(operation.method.as_str(), operation.path.as_str())) {
            continue;
        }
        let path = operation.path.replace("{id}", room).replace("{link}", room).replace("{address}", BOB);
        let path = path.replace("{slug}", "internal").replace("{tile}", "0/000.p/1");
        let mut request = page.request(&operation.method, &path);
        if operation.changes() {
            request = request.json(&json!({}));
        }
        answers.push((operation.method, operation.path, request.send().await));
    }
    assert!(answers.len() > 60, "{}", answers.len());
    answers
}

#[tokio::test]
async fn a_locked_session_reaches_nothing_by_any_route_nor_by_its_stream() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, CLAIRE).await;
    let room = page.room("Accueil").await;
    let mut talker = Talker::connect(&page).await;
    page.post("/api/session/lock", &json!({})).await.expect(204);
    told_locked(&mut talker).await;
    for (method, path, answer) in walk(&page, &room, &[("DELETE", "/api/session")]).await {
        if ITSELF.contains(&(method.as_str(), path.as_str())) {
            assert_ne!(answer.status, 423, "{method} {path}");
            continue;
        }
        assert_eq!(answer.status, 423, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        let said = answer.json();
        assert_eq!((&said["title"], &said["needs"]), (&json!("locked"), &json!("unlock")), "{method} {path}");
    }
    // Whoever forges a change from elsewhere hears nothing of the lock.
    page.request("POST", "/api/rooms").header("x-csrf-token", "").json(&json!({})).send().await.expect(403);
    let who = page.get("/api/session").await.expect(200).json();
    let told = (&who["locked"], &who["address"], &who["locks_us"]);
    assert_eq!(told, (&json!(true), &json!(CLAIRE), &Value::Null));
    let mut refused = Talker::knock(&page).await.expect("the door is open");
    let open = format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>");
    refused.send(&open).await;
    refused.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>").await;
    refused.until("a refusal", |f| f.contains("<not-authorized")).await;
    // It ends by its person's will, and at its idle limit like any other.
    let other = Browser::signed_in(&server, CLAIRE).await;
    other.post("/api/session/lock", &json!({})).await.expect(204);
    other.delete("/api/session").await.expect(204);
    other.get("/api/session").await.expect(401);
    let idle = "UPDATE session SET last_used_us = last_used_us - 3660000000";
    assert_eq!(Database::of(&house).await.run(idle).await, 1);
    page.get("/api/session").await.expect(401);
    finish(server, &[]).await;
}

#[tokio::test]
async fn five_idle_minutes_lock_a_phone_and_fifteen_a_desk_whatever_the_page_says() {
    let house = House::town();
    let server = house.serve().await;
    let mut database = Database::of(&house).await;
    let (mut phone, desk) =
        (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, ALICE).await);
    desk.request("PUT", "/api/session/screen").json(&json!({"screen": "desk"})).send().await.expect(204);
    let minutes =
        async |page: &Browser| page.get("/api/session").await.expect(200).json()["lock_minutes"].clone();
    assert_eq!((minutes(&phone).await, minutes(&desk).await), (json!(5), json!(15)));
    let mut talker = Talker::connect(&phone).await;
    database.run(FIVE_MINUTES).await;
    told_locked(&mut talker).await;
    phone.get("/api/rooms").await.expect(423);
    phone.post("/api/session/extend", &json!({})).await.expect(423);
    desk.get("/api/rooms").await.expect(200);
    // The password of who holds nothing else opens it, a wrong one does not.
    let prove = async |page: &Browser, password: &str| {
        page.post("/api/session/prove", &json!({"kind": "password", "password": password})).await
    };
    prove(&phone, "pas celui-là").await.expect(401);
    phone.get("/api/rooms").await.expect(423);
    let opened = prove(&phone, PASSWORD).await.expect(200);
    let before = phone.cookie.clone();
    renewed(&mut phone, &opened, |body| body);
    assert_ne!(before, phone.cookie, "a token seen while it was locked is worth nothing");
    phone.get("/api/rooms").await.expect(200);

    // Any use pushes it back; reading alone does not.
    database.run("UPDATE session SET last_used_us = last_used_us - 240000000").await;
    phone.get("/api/rooms").await.expect(200);
    phone.post("/api/session/extend", &json!({})).await.expect(200);
    database.run("UPDATE session SET last_used_us = last_used_us - 240000000").await;
    phone.get("/api/rooms").await.expect(200);
    database.run(FIVE_MINUTES).await;
    phone.get("/api/rooms").await.expect(423);

    // The tenant chooses, and what it chooses holds at the next question.
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let rules = json!({"phone_minutes": 2, "desk_minutes": 3});
    claire.request("PUT", "/api/admin/lock").json(&rules).send().await.expect(403);
    let said = house.run(&["tenant", "lock", DOMAIN, "--phone", "2", "--desk", "3"]).well();
    assert!(said.contains("2 idle minutes on phones, 3 on desks"), "{said}");
    assert!(house.run(&["tenant", "lock", DOMAIN, "--desk", "1"]).refused().contains("2 to 1440"));
    assert_eq!(minutes(&claire).await, json!(2));
    finish(server, &[]).await;
}

#[tokio::test]
async fn a_room_of_a_stricter_label_locks_sooner_once_it_is_open() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let minutes = async || page.get("/api/session").await.expect(200).json()["lock_minutes"].clone();
    let room = page.room("Accueil").await;
    house.run(&["tenant", "lock", DOMAIN, "--label", "internal", "--label-minutes", "2"]).well();
    assert_eq!(minutes().await, json!(5), "nothing of it is open");
    page.get(&format!("/api/rooms/{room}")).await.expect(200);
    assert_eq!(minutes().await, json!(2));
    house.run(&["tenant", "lock", DOMAIN, "--label", "internal", "--label-minutes", "0"]).well();
    assert_eq!(minutes().await, json!(5), "what the label says now counts");
}

#[tokio::test]
async fn a_pin_opens_its_own_browser_and_no_other() {
    let house = House::town();
    let server = house.serve().await;
    let (mut desk, mut cafe) =
        (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, ALICE).await);
    for weak in ["000000", "123456", "12345", "abcdef", "1234567890123"] {
        let refused = set_pin(&desk, weak).await.expect(422).json();
        assert!(
            refused["weaknesses"][0]["code"].as_str().is_some_and(|c| c.starts_with("pin-")),
            "{refused}"
        );
    }
    set_pin(&desk, PIN).await.expect(204);
    unlock(&mut desk, PIN).await.expect(404); // nothing to open
    for page in [&desk, &cafe] {
        page.post("/api/session/lock", &json!({})).await.expect(204);
    }
    assert_eq!(desk.get("/api/session").await.json()["pin"], true);
    assert_eq!(cafe.get("/api/session").await.json()["pin"], false);
    unlock(&mut cafe, PIN).await.expect(404);
    cafe.get("/api/rooms").await.expect(423);
    let before = desk.get("/api/session").await.json();
    let after = unlock(&mut desk, "41 82 95").await.expect(200).json();
    assert_eq!(after["locked"], false);
    assert_eq!(before["proved_us"], after["proved_us"], "a PIN proves nothing to others");
    desk.get("/api/rooms").await.expect(200);
    // The PIN of one session in the row of another opens nothing: it is bound to the session's id.
    desk.post("/api/session/lock", &json!({})).await.expect(204);
    let mut database = Database::of(&house).await;
    database.run("UPDATE session SET pin = (SELECT MAX(o.pin) FROM session o)").await;
    assert_eq!(unlock(&mut cafe, PIN).await.expect(401).json()["title"], "wrong-pin");
    unlock(&mut desk, PIN).await.expect(200);
    desk.delete("/api/session/pin").await.expect(204);
    assert_eq!(desk.get("/api/session").await.json()["pin"], false);
    // An old proof is not enough to choose another.
    database.run("UPDATE session SET proved_us = proved_us - 960000000").await;
    assert_eq!(set_pin(&desk, PIN).await.expect(403).json()["rule"], "stale");
    finish(server, &[]).await;
}

#[tokio::test]
async fn wrong_pins_wait_longer_and_longer_and_the_tenth_ends_everything() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    set_pin(&page, PIN).await.expect(204);
    page.post("/api/session/lock", &json!({})).await.expect(204);
    for (left, waits) in [(9, 0), (8, 0), (7, 1)] {
        let wrong = unlock(&mut page, "271828").await.expect(401).json();
        assert_eq!(
            (&wrong["title"], &wrong["left"], &wrong["wait_s"]),
            (&json!("wrong-pin"), &json!(left), &json!(waits))
        );
    }
    // Too soon: not even the right one is looked at, and it costs no try.
    let mut database = Database::of(&house).await;
    database.run("UPDATE session SET pin_last_us = pin_last_us + 60000000").await;
    for pin in [PIN, "271828"] {
        let early = unlock(&mut page, pin).await.expect(429);
        assert!(early.header("retry-after").is_some());
    }
    patient(&house).await;
    // A right one forgives the others.
    unlock(&mut page, PIN).await.expect(200);
    page.post("/api/session/lock", &json!({})).await.expect(204);
    for left in (1..10).rev() {
        assert_eq!(unlock(&mut page, "pas un code").await.expect(401).json()["left"], left);
        patient(&house).await;
    }
    let mut other = Browser::signed_in(&server, ALICE).await;
    let wiped = unlock(&mut page, "000000").await.expect(401);
    assert_eq!(wiped.json()["title"], "wiped");
    assert_eq!(wiped.header("clear-site-data"), Some("\"cache\", \"cookies\", \"storage\""));
    assert!(wiped.header("set-cookie").is_some_and(|c| c.contains("Max-Age=0")));
    page.get("/api/session").await.expect(401);
    unlock(&mut page, PIN).await.expect(401);
    // Her other sessions go on, and the log says what happened.
    other.get("/api/rooms").await.expect(200);
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let log = claire.get("/api/admin/audit?act=session.wipe").await.expect(200).json();
    assert_eq!(
        (&log["entries"][0]["actor"], log["entries"].as_array().map(Vec::len)),
        (&json!(ALICE), Some(1))
    );
    let refused = claire.get("/api/admin/audit?act=session.unlock&outcome=denied").await.expect(200).json();
    assert_eq!(refused["entries"].as_array().map(Vec::len), Some(13));
    // Ten at once are ten tries, not one.
    set_pin(&other, PIN).await.expect(204);
    other.post("/api/session/lock", &json!({})).await.expect(204);
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let page = other.clone();
        guesses
            .spawn(async move { page.post("/api/session/unlock", &json!({"pin": "271828"})).await.status });
    }
    let looked = guesses.join_all().await.into_iter().filter(|status| *status == 401).count();
    assert_eq!(looked, 3, "the others meet the wait");
    patient(&house).await;
    unlock(&mut other, PIN).await.expect(200);
    finish(server, &[]).await;
}

#[tokio::test]
async fn a_passkey_opens_what_is_locked_and_applications_and_guests_are_never_locked() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let mut key = page.authenticator();
    enrol(&mut page, &mut key).await;
    let made =
        page.post("/api/application-passwords", &json!({"name": "Téléphone", "protocol": "xmpp"})).await;
    let password = made.expect(201).json()["password"].as_str().unwrap().to_owned();
    let room = page.room("Accueil").await;
    let link = page.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap().to_owned();
    let mut guest = Browser::new(&server, DOMAIN);
    let entered = guest.post(&format!("/api/guest/{token}"), &json!({"name": "Mme Petit"})).await.expect(200);
    guest.keep(&entered);
    let mut telephone = application(&server).await;
    application_sign_in(&mut telephone, "alice", &password).await.1.unwrap();
    telephone.bind(DOMAIN).await;
    Database::of(&house).await.run(FIVE_MINUTES).await;
    page.get("/api/rooms").await.expect(423);
    guest.get("/api/session").await.expect(200);
    guest.post("/api/session/lock", &json!({})).await.expect(404);
    telephone.settle().await;
    // A password is not enough of who holds a passkey.
    page.post("/api/session/prove", &json!({"kind": "password", "password": PASSWORD})).await.expect(422);
    let question = page.post("/api/session/prove/passkey", &json!({})).await.expect(200).json();
    let body = json!({"token": question["token"], "answer": key.prove(&question["options"])});
    let opened = page.post("/api/session/prove/passkey/answer", &body).await.expect(200);
    renewed(&mut page, &opened, |body| body);
    page.get("/api/rooms").await.expect(200);
    finish(server, &[]).await;
}

#[tokio::test]
async fn being_in_a_meeting_is_use_and_reading_is_not() {
    let house = House::town();
    let server = house.serve().await;
    let mut database = Database::of(&house).await;
    let (here, elsewhere) =
        (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    // Four of five minutes are gone when the pages connect.
    database.run("UPDATE session SET last_used_us = last_used_us - 240000000").await;
    let left = async |page: &Browser| {
        let session = page.get("/api/session").await.expect(200).json();
        session["locks_us"].as_i64().unwrap() - session["now_us"].as_i64().unwrap()
    };
    let mut alice = Talker::connect(&here).await;
    let mut bob = Talker::connect(&elsewhere).await;
    bob.settle().await;
    assert!(left(&here).await < 61_000_000, "connecting is no use");
    meeting(&mut alice, "set", "<ring/>").await;
    join(&mut alice).await;
    // The server looks once a second; nobody touches anything meanwhile.
    while left(&here).await < 290_000_000 {
        alice.settle().await;
    }
    assert!(left(&elsewhere).await < 61_000_000, "who only reads is not there");
    // Whoever locks by hand leaves it: a page that shows nothing does not listen either.
    here.post("/api/session/lock", &json!({})).await.expect(204);
    told_locked(&mut alice).await;
    let state = meeting(&mut bob, "get", "<state/>").await;
    assert!(!state.contains(ALICE), "{state}");
    finish(server, &[]).await;
}

/// The time of a proof is over: rooms of the label close, the open stream is put out, and a proof opens them again.
#[tokio::test]
async fn a_label_asks_again_who_is_there_after_its_hours_and_a_proof_goes_on() {
    let house = House::town();
    let database = Database::of(&house).await;
    proof_age(house, database).await;
}

pub(crate) async fn proof_age(house: House, mut database: Database) {
    let server = house.serve().await;
    let mut page = Browser::signed_in(&server, ALICE).await;
    let bob = Browser::signed_in(&server, BOB).await;
    let made = page.post("/api/application-passwords", &json!({"name": "Téléphone"})).await.expect(201);
    let password = made.json()["password"].as_str().expect("a password is shown").to_owned();
    let room = page.room("Accueil").await;
    let read = format!("/api/rooms/{room}");
    let mut stream = Talker::connect(&page).await;
    stream.enter("accueil@rooms.mairie.test").await;
    let mut elsewhere = Talker::connect(&bob).await;
    elsewhere.enter("accueil@rooms.mairie.test").await;
    let mut telephone = application(&server).await;
    application_sign_in(&mut telephone, "alice", &password).await.1.expect("the application is in");
    telephone.bind(DOMAIN).await;
    telephone.enter("accueil@rooms.mairie.test").await;
    let out = |frame: &str| frame.contains("unavailable") && frame.contains("307") && frame.contains("110");

    let said = house.run(&["tenant", "lock", DOMAIN, "--label", "internal", "--label-hours", "2"]).well();
    assert!(said.contains("asks every 2 hours who is there"), "{said}");
    assert!(
        house
            .run(&["tenant", "lock", DOMAIN, "--label", "internal", "--label-hours", "25"])
            .refused()
            .contains("1 to 24")
    );
    // An application proves what it holds and not who is there: it is out at once.
    telephone.until("the application is out", out).await;
    page.get(&read).await.expect(200);
    let mine = "UPDATE session SET identified_us = identified_us - 7200000000 \
                WHERE application IS NULL AND account = (SELECT id FROM account WHERE address = 'alice@mairie.test')";
    assert_eq!(database.run(mine).await, 1);
    stream.until("the stream is out", out).await;
    elsewhere.say_in("accueil@rooms.mairie.test", "b1", "entre nous").await;
    elsewhere.message("b1").await;
    let refused = page.get(&read).await.expect(403).json();
    assert_eq!((&refused["rule"], &refused["needs"]), (&json!("label-proof-age"), &Value::Null));
    page.get(&format!("{read}/files")).await.expect(403);
    stream.settle().await;

    // What is said between two is of that label, too: nobody enters there, and nobody hears.
    elsewhere.send(&format!("<message xmlns='jabber:client' type='chat' to='{ALICE}' id='d1'><body>à toi</body><origin-id xmlns='urn:xmpp:sid:0' id='d1'/></message>")).await;
    elsewhere.settle().await;
    // A stream sees notices in order: the next one that it may hear came after that message.
    page.post("/api/session/lock", &json!({})).await.expect(204);
    let last = stream.until_end().await;
    assert!(!last.iter().any(|frame| frame.contains("entre nous") || frame.contains("à toi")), "{last:?}");

    let opened =
        page.post("/api/session/prove", &json!({"kind": "password", "password": PASSWORD})).await.expect(200);
    renewed(&mut page, &opened, |body| body);
    page.get(&read).await.expect(200);
    let mut stream = Talker::connect(&page).await;
    stream.enter("accueil@rooms.mairie.test").await;
    elsewhere.say_in("accueil@rooms.mairie.test", "b2", "te revoilà").await;
    stream.message("b2").await;
    // A proof on the page holds for the stream that was open before it.
    database.run(&mine.replace("7200000000", "7100000000")).await;
    let again =
        page.post("/api/session/prove", &json!({"kind": "password", "password": PASSWORD})).await.expect(200);
    renewed(&mut page, &again, |body| body);
    database.run(&mine.replace("7200000000", "200000000")).await;
    elsewhere.say_in("accueil@rooms.mairie.test", "b3", "toujours là").await;
    stream.message("b3").await;
    house.run(&["tenant", "lock", DOMAIN, "--label", "internal", "--label-hours", "0"]).well();
    database.run(mine).await;
    page.get(&read).await.expect(200);
    finish(server, &[]).await;
}
