//! The people of a body, managed without a terminal: lost keys, roles, departures.

use crate::applications::{application, make, sign_in, told_signed_out};
use beffroi_it::{ALICE, Application, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Talker};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

const ROOM: &str = "accueil@rooms.mairie.test";

fn of(address: &str, act: &str) -> String {
    format!("/api/admin/accounts/{address}/{act}")
}

/// (act, outcome or rule, subject, detail) of the entries of one act, oldest first.
async fn told(claire: &Browser, act: &str) -> Vec<(String, String, String)> {
    let log = claire.get(&format!("/api/admin/audit?limit=200&act={act}")).await.expect(200).json();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let entries = log["entries"].as_array().expect("entries").iter().rev();
    entries.map(|e| (text(e, "rule"), text(e, "subject"), text(e, "detail"))).collect()
}

#[tokio::test]
async fn who_lost_their_telephone_is_let_in_by_a_link_and_nothing_of_before_opens() {
    let house = House::town();
    let server = house.serve().await;
    let (claire, mut page) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let begun = page.post("/api/factors/totp", &json!({})).await.expect(201).json();
    let codes = Application::holding(begun["seed"].as_str().expect("a seed"));
    let body = json!({"token": begun["token"], "code": codes.code(-1), "name": "téléphone"});
    let answer = page.post("/api/factors/totp/confirm", &body).await.expect(201);
    crate::second_factor::renewed(&mut page, &answer, |body| &body["session"]);
    let (_, password) = make(&page, "Téléphone").await;
    let mut phone = application(&server).await;
    assert_eq!(sign_in(&mut phone, "alice", &password).await.1, Ok(()));
    phone.bind(DOMAIN).await;
    let mut desk = Talker::connect(&page).await;

    let bob = Browser::signed_in(&server, BOB).await;
    bob.post(&of(ALICE, "lost-keys"), &json!({})).await.expect(403);
    let own = claire.post(&of(CLAIRE, "lost-keys"), &json!({})).await.expect(403).json();
    assert_eq!(own["rule"], "own-account", "{own}");
    claire.post(&of("personne@mairie.test", "lost-keys"), &json!({})).await.expect(404);

    let link = claire.post(&of(ALICE, "lost-keys"), &json!({})).await.expect(200).json();
    page.get("/api/session").await.expect(401);
    told_signed_out(&mut desk).await;
    told_signed_out(&mut phone).await;
    // Whoever found the telephone and knew the password is outside.
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(401);
    assert!(sign_in(&mut application(&server).await, "alice", &password).await.1.is_err());
    let token = link["link"].as_str().and_then(|l| l.rsplit('/').next()).expect("a link").to_owned();
    let new = "Brume-tiède-7-horloges";
    let accept = Browser::new(&server, DOMAIN);
    let request = accept.request("POST", &format!("/api/invitations/{token}"));
    request.json(&json!({"password": new})).send().await.expect(200);
    let mut again = Browser::new(&server, DOMAIN);
    let answer = again.sign_in(ALICE, new).await.expect(200);
    again.keep(&answer);
    let factors = again.get("/api/factors").await.expect(200).json();
    assert!(!factors.to_string().contains("téléphone"), "{factors}");
    let log = told(&claire, "factor.forget").await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].1, ALICE);
    assert_eq!(log[0].2, "keys: 1; application passwords: 1; sessions ended: 2");
}

#[tokio::test]
async fn a_role_changes_with_before_and_after_and_nothing_old_keeps_its_rights() {
    let house = House::town();
    let server = house.serve().await;
    let (claire, alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let role = async |who: &Browser, address: &str, role: &str, status: u16| {
        who.post(&of(address, "role"), &json!({"role": role})).await.expect(status)
    };
    let mut desk = Talker::connect(&alice).await;
    role(&alice, BOB, "administrator", 403).await;
    role(&claire, ALICE, "mayor", 422).await;
    assert_eq!(role(&claire, CLAIRE, "agent", 403).await.json()["rule"], "own-account");
    role(&claire, ALICE, "agent", 204).await;
    alice.get("/api/session").await.expect(200);
    role(&claire, ALICE, "administrator", 204).await;
    alice.get("/api/session").await.expect(401);
    told_signed_out(&mut desk).await;
    let alice = Browser::signed_in(&server, ALICE).await;
    alice.get("/api/admin/accounts").await.expect(200);

    // Alice takes Claire's place; then she is the last, whoever asks and by whatever way.
    role(&alice, CLAIRE, "auditor", 204).await;
    claire.get("/api/admin/audit").await.expect(401);
    let claire = Browser::signed_in(&server, CLAIRE).await;
    role(&claire, ALICE, "agent", 403).await;
    for command in [&["account", "role", ALICE, "--role", "agent"][..], &["account", "disable", ALICE]] {
        let said = house.run(command).refused();
        assert!(said.contains("last administrator"), "{said}");
    }
    alice.get("/api/admin/accounts").await.expect(200);

    // By the command line, in another process: the stream is over within two seconds.
    let bob = Browser::signed_in(&server, BOB).await;
    let mut desk = Talker::connect(&bob).await;
    let said = house.run(&["account", "role", BOB, "--role", "security-officer"]).well();
    assert!(said.contains("security-officer"), "{said}");
    told_signed_out(&mut desk).await;
    bob.get("/api/session").await.expect(401);
    house.run(&["account", "role", BOB, "--role", "mayor"]).refused();

    let log = told(&claire, "account.role").await;
    let changes: Vec<_> = log.iter().map(|(_, who, detail)| (who.as_str(), detail.as_str())).collect();
    assert_eq!(
        changes,
        [
            (ALICE, "agent → administrator"),
            (CLAIRE, "administrator → auditor"),
            (BOB, "agent → security-officer")
        ]
    );
    let refused = told(&claire, "roles.manage").await;
    let rules: Vec<_> = refused.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert_eq!(rules, ["role", "own-account", "role", "last-administrator"]);
}

#[tokio::test]
async fn who_leaves_is_out_within_two_seconds_and_their_rooms_go_to_a_colleague() {
    let house = House::town();
    house.add_account("dina@mairie.test", "Dina Roy", "agent");
    house.run(&["room", "add", "Finances", "--label", "sensitive", "--owner", ALICE]).well();
    let server = house.serve().await;
    let (claire, mut alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let room = alice.room("Accueil").await;
    let file = crate::files::put(&alice, &room, "plan.pdf", b"plan").await;
    let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({"hours": 2})).await.expect(201).json();
    let token = link["url"].as_str().and_then(|u| u.rsplit('/').next()).expect("a secret").to_owned();
    let guest = crate::guests::entered(&server, &token, "Mme Petit").await;
    let begun = alice.post("/api/factors/totp", &json!({})).await.expect(201).json();
    let codes = Application::holding(begun["seed"].as_str().expect("a seed"));
    let body = json!({"token": begun["token"], "code": codes.code(-1), "name": "téléphone"});
    let answer = alice.post("/api/factors/totp/confirm", &body).await.expect(201);
    crate::second_factor::renewed(&mut alice, &answer, |body| &body["session"]);
    crate::devices::Device::new().enrolled(&alice).await;
    let (_, password) = make(&alice, "Téléphone").await;
    let mut phone = application(&server).await;
    assert_eq!(sign_in(&mut phone, "alice", &password).await.1, Ok(()));
    phone.bind(DOMAIN).await;
    let mut desk = Talker::connect(&alice).await;
    desk.enter(ROOM).await;
    crate::guests::meeting(&mut desk, "set", "<ring/>").await;
    crate::guests::join(&mut desk).await;
    let mut upload = crate::transfers::half_sent(&alice, &room, 1 << 20).await;
    let open = claire.post(&of(ALICE, "reset"), &json!({})).await.expect(200).json();
    let reset = open["link"].as_str().and_then(|l| l.rsplit('/').next()).expect("a link").to_owned();

    // First what would happen; nothing does.
    let bob = Browser::signed_in(&server, BOB).await;
    bob.get(&of(ALICE, "departure")).await.expect(403);
    let shown = claire.get(&of(ALICE, "departure")).await.expect(200).json();
    let names: Vec<_> = shown["rooms"].as_array().expect("rooms").iter().map(|r| &r["name"]).collect();
    assert_eq!(names, ["Accueil", "Finances"]);
    assert_eq!(
        [&shown["sessions"], &shown["application_passwords"], &shown["keys"], &shown["guest_links"]],
        [2, 1, 1, 1]
    );
    let depart = async |body: Value, status: u16| {
        claire.post(&of(ALICE, "departure"), &body).await.expect(status).json()
    };
    depart(json!({}), 422).await;
    depart(json!({"colleague": ALICE}), 422).await;
    depart(json!({"colleague": "personne@mairie.test"}), 404).await;
    house.run(&["account", "clear", BOB, "--label", "internal"]).well();
    assert_eq!(depart(json!({"colleague": BOB}), 403).await["rule"], "colleague-clearance");
    claire.post(&of(CLAIRE, "departure"), &json!({})).await.expect(403);
    alice.get("/api/session").await.expect(200);

    let dina = Browser::signed_in(&server, "dina@mairie.test").await;
    let begun = std::time::Instant::now();
    claire.post(&of(ALICE, "departure"), &json!({"colleague": "dina@mairie.test"})).await.expect(204);
    alice.get("/api/session").await.expect(401);
    told_signed_out(&mut desk).await;
    told_signed_out(&mut phone).await;
    let mut cut = String::new();
    upload.read_to_string(&mut cut).await.expect("an answer");
    assert!(cut.starts_with("HTTP/1.1 401 "), "{cut}");
    // Whoever is inside by her link stays, as when a link is closed by hand: the room is Dina's now.
    guest.get("/api/session").await.expect(200);
    eprintln!("everything of theirs was over after {:?} (ID11: within 2 s)", begun.elapsed());
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(401);
    assert!(sign_in(&mut application(&server).await, "alice", &password).await.1.is_err());
    Browser::new(&server, DOMAIN).get(&format!("/api/invitations/{reset}")).await.expect(404);
    Browser::new(&server, DOMAIN).get(&format!("/api/guest/{token}")).await.expect(404);

    // What she did stays, and Dina decides about it.
    let rooms = dina.get("/api/rooms").await.expect(200).json();
    for name in ["Accueil", "Finances"] {
        let facts = rooms.as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
        assert_eq!(facts.expect("it is hers")["role"], "owner", "{rooms}");
    }
    // What is sensitive asks her, too, for more than a password.
    let finances = dina.room("Finances").await;
    let refused = dina.get(&format!("/api/rooms/{finances}")).await.expect(403).json();
    assert_eq!(refused["rule"], "label-second-factor", "{refused}");
    assert_eq!(bob.get(&format!("/api/files/{file}")).await.expect(200).body, b"plan");
    let after = claire.get(&of(ALICE, "departure")).await.expect(200).json();
    assert_eq!(
        after,
        json!({"sessions": 0, "application_passwords": 0, "keys": 0, "guest_links": 0, "rooms": []})
    );
    let log = told(&claire, "account.depart").await;
    assert_eq!((log.len(), log[0].1.as_str()), (1, ALICE));
    assert_eq!(
        log[0].2,
        "sessions: 2; application passwords: 1; keys: 1; devices: 1; links for a password: 1; links for guests: 1; rooms handed over: 2"
    );
    assert_eq!(told(&claire, "guest.close").await.len(), 1);
}
