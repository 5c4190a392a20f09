//! What scripts rely on: the commands, their exit codes and what they say.

use crate::database::Database;
use beffroi_it::{ALICE, BOB, Browser, DOMAIN, House, PASSWORD, Talker};
use std::os::unix::fs::PermissionsExt;

#[test]
fn an_unknown_domain_is_refused_with_the_command_that_adds_it() {
    let house = House::empty();
    let add = ["account", "add", "eve@ailleurs.test", "--name", "Eve", "--invite"];
    let said = house.run(&add).refused();
    assert!(said.contains("beffroi tenant add ailleurs.test --name"), "{said}");
    let said = house.run(&["account", "disable", "eve@ailleurs.test"]).refused();
    assert!(said.contains("beffroi tenant add ailleurs.test"), "{said}");
    let said =
        house.run(&["room", "add", "R", "--label", "internal", "--owner", "eve@ailleurs.test"]).refused();
    assert!(said.contains("beffroi tenant add ailleurs.test"), "{said}");

    let said = house.run(&["tenant", "add", "ailleurs.test", "--name", "Ailleurs"]).well();
    assert!(said.contains("ailleurs.test"), "{said}");
    house.run(&add).well();
    house.run(&["tenant", "add", "ailleurs.test", "--name", "Encore"]).refused();
}

#[test]
fn an_account_is_added_with_a_password_or_by_invitation_and_never_twice() {
    let house = House::town();
    let add = |more: &[&str], input: &str| {
        house.run_with(&[&["account", "add", "gus@mairie.test", "--name", "Gus"][..], more].concat(), input)
    };
    assert_eq!(add(&[], "").code, Some(2), "one of the two ways in is needed");
    assert_eq!(add(&["--invite", "--password-stdin"], "").code, Some(2), "and only one");
    let said = add(&["--password-stdin"], "").refused();
    assert!(said.contains("--invite"), "{said}");
    let said = add(&["--password-stdin"], "motdepasse\n").refused();
    assert!(said.contains("password"), "{said}");
    let said = add(&["--invite", "--role", "mayor"], "").refused();
    assert!(said.contains("administrator"), "{said}");
    let said = add(&["--invite"], "").well();
    assert!(said.contains("/bienvenue/") && said.contains("one hour"), "{said}");
    let said = add(&["--invite"], "").refused();
    assert!(said.contains("already there"), "{said}");
    let said = house.run(&["account", "disable", "nobody@mairie.test"]).refused();
    assert!(said.contains("beffroi account add nobody@mairie.test"), "{said}");
    house.run(&["account", "add", "no address", "--name", "X", "--invite"]).refused();
}

#[test]
fn a_room_gets_its_address_and_a_protective_mark_cites_its_rule() {
    let house = House::town();
    let add = |name: &str, label: &str, more: &[&str]| {
        house.run(&[&["room", "add", name, "--label", label, "--owner", ALICE][..], more].concat())
    };
    let said = add("Conseil du mardi", "sensitive", &["--member", BOB]).well();
    assert_eq!(said.trim(), "conseil-du-mardi@rooms.mairie.test");
    let twin = add("Conseil du mardi", "sensitive", &[]).well();
    assert!(twin.trim() != said.trim() && twin.trim().ends_with("@rooms.mairie.test"), "{twin}");
    let said = add("Secret", "restricted", &[]).refused();
    assert!(said.contains("accreditation") && said.contains("901"), "{said}");
    let said = add("X", "blue", &[]).refused();
    assert!(said.contains("internal") && said.contains("sensitive"), "{said}");
    let said = add("X", "internal", &["--member", "nobody@mairie.test"]).refused();
    assert!(said.contains("beffroi account add nobody@mairie.test"), "{said}");
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital"]).well();
    house.add_account("dora@hopital.test", "Dora", "agent");
    let said = add("X", "internal", &["--member", "dora@hopital.test"]).refused();
    assert!(said.contains("guests"), "{said}");
}

#[test]
fn without_the_right_master_key_nothing_starts_and_it_says_what_to_do() {
    let house = House::town();
    let key = house.data().join("master.key");
    let safe = house.beside("safe.key");
    let start = || house.run(&["serve", "--listen", "127.0.0.1:0", "--media", "127.0.0.1:0"]).refused();

    std::fs::rename(&key, &safe).unwrap();
    let said = start();
    assert!(said.contains("master.key is missing") && said.contains("put the file back"), "{said}");
    assert!(!key.exists(), "a refusal makes no new key");

    std::fs::write(&key, format!("{}\n", "5a".repeat(32))).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let said = start();
    assert!(said.contains("is not the one") && said.contains("right file back"), "{said}");
    let doctor = house.run(&["doctor", "--listen", "127.0.0.1:0", "--media", "127.0.0.1:0"]);
    assert!(doctor.code == Some(1) && doctor.out.contains("is not the one"), "{doctor:?}");

    std::fs::write(&key, "not a key").unwrap();
    assert!(start().contains("64 hexadecimal digits"));

    std::fs::copy(&safe, &key).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(start().contains("chmod 600"));

    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn the_doctor_says_in_plain_words_what_is_wrong() {
    let house = House::town();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let doctor = house.run(&["doctor", "--listen", &address]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.out.contains(&format!("WRONG TCP {address} is taken")), "{doctor:?}");
    assert!(doctor.out.contains("ok    The database opens and the master key fits it."), "{doctor:?}");

    let doctor = house.run(&["doctor", "--listen", "0.0.0.0:0"]);
    assert!(doctor.out.contains("WRONG") && doctor.out.contains("certificate"), "{doctor:?}");

    std::fs::write(house.data().join("beffroi.toml"), "[sessions]\nidle_minutes = 1\n").unwrap();
    let doctor = house.run(&["doctor"]);
    assert!(doctor.code == Some(1) && doctor.out.contains("5 to 720 minutes"), "{doctor:?}");
    std::fs::write(house.data().join("beffroi.toml"), "[listen]\nport = 1\n").unwrap();
    let said = house.run(&["serve"]).refused();
    assert!(said.contains("config --reference") && said.contains("port"), "{said}");
    let said = house.run(&["serve", "--config", "/nowhere/beffroi.toml"]).refused();
    assert!(said.contains("/nowhere/beffroi.toml"), "{said}");
}

#[test]
fn the_doctor_makes_nothing() {
    let house = House::empty();
    let doctor = house.run(&["doctor", "--listen", "127.0.0.1:0", "--media", "127.0.0.1:0"]);
    assert!(doctor.out.contains("does not exist yet"), "{doctor:?}");
    assert!(!house.data().exists());
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let house = House::town();
    Database::of(&house).await.run("INSERT INTO migration (version) VALUES (999)").await;
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["audit", "verify"], &["keys", "rotate"]] {
        let said = house.run(command).refused();
        assert!(said.contains("999") && said.contains("newer beffroi"), "{said}");
    }
}

#[test]
fn nothing_travels_in_clear_between_machines() {
    let said = House::empty().run(&["serve", "--listen", "0.0.0.0:0"]).refused();
    assert!(said.contains("certificate") && said.contains("127.0.0.1"), "{said}");
}

#[tokio::test]
async fn commands_work_beside_a_running_server() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, BOB).await;
    let mut bob = Talker::connect(&page).await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;

    house.add_account("gus@mairie.test", "Gus Petit", "agent");
    let gus = Browser::signed_in(&server, "gus@mairie.test").await;
    let room =
        ["room", "add", "Voirie", "--label", "internal", "--owner", "gus@mairie.test", "--member", ALICE];
    let address = house.run(&room).well();
    assert_eq!(gus.room("Voirie").await.len(), 13);
    alice.enter(address.trim()).await;
    alice.say_in(address.trim(), "v1", "Bonjour").await;
    alice.message("v1").await;

    house.run(&["account", "disable", BOB]).well();
    let last = bob.until_end().await;
    assert!(last.iter().any(|f| f.contains("<not-authorized")), "{last:?}");
    assert!(last.iter().any(|f| f.starts_with("<close")), "{last:?}");
    page.get("/api/session").await.expect(401);
    let mut again = Browser::new(&server, DOMAIN);
    let answer = again.sign_in(BOB, PASSWORD).await;
    assert_eq!((answer.status, answer.json()["title"].as_str()), (401, Some("wrong-credentials")));
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn keys_are_rotated_beside_a_running_server_and_everything_stays_readable() {
    const ROOM: &str = "accueil@rooms.mairie.test";
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    alice.say_in(ROOM, "before", "avant").await;
    alice.message("before").await;
    let former = std::fs::read(house.data().join("master.key")).unwrap();
    let said = house.run(&["keys", "rotate"]).well();
    assert!(said.contains("master.key"), "{said}");
    assert_ne!(std::fs::read(house.data().join("master.key")).unwrap(), former);
    alice.say_in(ROOM, "after", "après").await;
    alice.message("after").await;
    house.add_account("gus@mairie.test", "Gus Petit", "agent");
    let made = page.post("/api/rooms", &serde_json::json!({"name": "Neuf"})).await.expect(201).json();
    let neuf = made["address"].as_str().unwrap();
    alice.enter(neuf).await;
    alice.say_in(neuf, "new", "dans le neuf").await;
    alice.message("new").await;
    server.stop().await;

    let server = house.serve().await;
    let mut alice = Talker::connect(&page.at(&server)).await;
    let bodies = |all: Vec<(i64, String, String)>| all.into_iter().map(|(.., b)| b).collect::<Vec<_>>();
    let said = bodies(alice.whole_archive(ROOM, None).await);
    assert!(said.ends_with(&["avant".to_owned(), "après".to_owned()]), "{said:?}");
    assert!(bodies(alice.whole_archive(neuf, None).await).contains(&"dans le neuf".to_owned()));
    house.run(&["audit", "verify"]).well();
}

#[test]
fn the_demonstrations_words_and_those_of_every_command_are_explained() {
    let house = House::empty();
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["demo", "--help"],
        &["tenant", "add", "--help"],
        &["tenant", "list", "--help"],
        &["tenant", "set", "--help"],
        &["tenant", "accredit", "--help"],
        &["tenant", "withdraw", "--help"],
        &["account", "add", "--help"],
        &["account", "clear", "--help"],
        &["account", "disable", "--help"],
        &["room", "add", "--help"],
        &["audit", "verify", "--help"],
        &["keys", "rotate", "--help"],
        &["config", "--help"],
        &["doctor", "--help"],
    ] {
        let said = house.run(command).well();
        assert!(said.contains("--data <DIR>") && said.contains("--config <FILE>"), "{command:?}: {said}");
    }
    assert_eq!(house.run(&[]).code, Some(2));
    assert_eq!(house.run(&["dance"]).code, Some(2));
}
