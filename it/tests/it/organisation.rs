//! What a body declares and demands: from the command line and from the administration, at once, and in the log.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, Talker};
use serde_json::{Value, json};

const ADA: &str = "ada@mairie.test";
const OTTO: &str = "otto@mairie.test";
const ROOM: &str = "accueil@rooms.mairie.test";

/// The town with an auditor and a security officer.
fn governed() -> House {
    let house = House::town();
    house.add_account(ADA, "Ada Brun", "auditor");
    house.add_account(OTTO, "Otto Clair", "security-officer");
    house
}

async fn send(browser: &Browser, method: &str, path: &str, body: &Value) -> Answer {
    browser.request(method, path).json(body).send().await
}

fn rule(answer: &Answer) -> String {
    answer.json()["rule"].as_str().unwrap_or_default().to_owned()
}

/// (actor, detail) of the entries of an act, latest first.
async fn told(reader: &Browser, act: &str) -> Vec<(String, String)> {
    let page = reader.get(&format!("/api/admin/audit?act={act}")).await.expect(200).json();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let entries = page["entries"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| (text(entry, "actor"), text(entry, "detail"))).collect()
}

/// Waits until an open page is told that the body changed.
async fn learns(talker: &mut Talker) {
    talker.until("a word about the organisation", |f| f.contains("what='organisation'")).await;
}

#[tokio::test]
async fn a_mark_opens_when_it_is_declared_and_closes_when_that_is_over() {
    let house = governed();
    let server = house.serve().await;
    let (claire, alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let ada = Browser::signed_in(&server, ADA).await;
    let mut page = Talker::connect(&alice).await;
    let room = alice.room("Accueil").await;
    let path = format!("/api/rooms/{room}");
    let relabel = async |label: &str| send(&claire, "PATCH", &path, &json!({"label": label})).await;
    assert_eq!(rule(&relabel("restricted").await.expect(403)), "label-reserved");
    let add = ["room", "add", "Défense", "--label", "restricted", "--owner", ALICE];
    assert!(house.run(&add).refused().contains("901"));

    let accredit = |until: &str| {
        let declared =
            ["--label", "restricted", "--reference", "HOM-2026-12", "--authority", "ANSSI", "--until", until];
        house.run(&[&["tenant", "accredit", DOMAIN][..], &declared].concat())
    };
    assert!(accredit("2020-01-31").refused().contains("is over"));
    assert!(accredit("2027-02-30").refused().contains("YYYY-MM-DD"));
    let said = accredit("9999-12-31").well();
    assert!(said.contains("Diffusion restreinte") && said.contains("managed device"), "{said}");
    learns(&mut page).await;
    assert!(
        house.run(&["tenant", "list"]).well().contains("restricted: HOM-2026-12, ANSSI, until 9999-12-31")
    );
    relabel("restricted").await.expect(200);
    house.run(&add).well();
    // Declared, it still asks for what nobody can show yet.
    assert_eq!(rule(&alice.get(&path).await.expect(403)), "clearance");
    house.run(&["account", "clear", ALICE, "--label", "restricted"]).well();
    assert_eq!(rule(&alice.get(&path).await.expect(403)), "label-second-factor");

    // The last day is over: nobody did anything, and it is closed.
    learns(&mut page).await;
    Database::of(&house)
        .await
        .run("UPDATE label SET accreditation_until_us = 86400000000 WHERE slug = 'restricted'")
        .await;
    learns(&mut page).await;
    assert_eq!(rule(&alice.get(&path).await.expect(403)), "label-reserved");
    assert!(house.run(&["tenant", "list"]).well().contains("until 1970-01-01 (over)"));
    let seen = ada.get("/api/admin/organisation").await.expect(200).json();
    let mark = &seen["labels"][3];
    assert_eq!(
        (&mark["usable"], &mark["accreditation"]["in_force"], &mark["rooms"]),
        (&json!(false), &json!(false), &json!(2))
    );
    assert!(house.run(&add).refused().contains("901"));
    // The mark can be left, and not come back to.
    relabel("internal").await.expect(200);
    assert_eq!(rule(&relabel("restricted").await.expect(403)), "label-reserved");
    alice.get(&path).await.expect(200);

    house.run(&["tenant", "withdraw", DOMAIN, "--label", "restricted"]).well();
    assert!(
        house
            .run(&["tenant", "withdraw", DOMAIN, "--label", "restricted"])
            .refused()
            .contains("no such accreditation")
    );
    assert!(
        house
            .run(&["tenant", "withdraw", DOMAIN, "--label", "internal"])
            .refused()
            .contains("not a protective mark")
    );
    assert!(
        house
            .run(&["tenant", "withdraw", "nulle.test", "--label", "internal"])
            .refused()
            .contains("tenant add nulle.test")
    );
    let declared = told(&ada, "label.accredit").await;
    assert_eq!(declared, [("machine".to_owned(), "none → HOM-2026-12, ANSSI, until 9999-12-31".to_owned())]);
    let withdrawn = told(&ada, "label.withdraw").await;
    assert_eq!(withdrawn, [("machine".to_owned(), "HOM-2026-12, ANSSI, until 1970-01-01 → none".to_owned())]);
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn each_role_changes_its_part_and_an_auditor_none() {
    let house = governed();
    let server = house.serve().await;
    let (ada, otto) = (Browser::signed_in(&server, ADA).await, Browser::signed_in(&server, OTTO).await);
    let (claire, alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let clearance = format!("/api/admin/accounts/{BOB}/clearance");
    let declared = json!({"reference": "H-1", "authority": "ANSSI", "until": "9999-12-31"});
    let doors = [
        ("PATCH", "/api/admin/organisation", json!({"name": "Mairie de Beffroy"}), CLAIRE),
        ("PATCH", "/api/admin/organisation", json!({"accent": "#E30613"}), CLAIRE),
        ("PATCH", "/api/admin/organisation", json!({"passwords": "s1"}), OTTO),
        ("PUT", "/api/admin/labels/medical/accreditation", declared, OTTO),
        ("DELETE", "/api/admin/labels/medical/accreditation", json!({}), OTTO),
        ("PATCH", "/api/admin/labels/internal", json!({"guests": "no", "retention_days": null}), OTTO),
        ("POST", clearance.as_str(), json!({"label": "restricted"}), OTTO),
    ];
    for (method, path, body, whose) in &doors {
        for (who, browser) in [(ADA, &ada), (CLAIRE, &claire), (ALICE, &alice), (OTTO, &otto)] {
            let answer = send(browser, method, path, body).await;
            let expected = who == *whose;
            assert_eq!(answer.status < 300, expected, "{who} {method} {path}: {}", answer.status);
            if !expected {
                assert_eq!((answer.status, rule(&answer).as_str()), (403, "role"), "{who} {method} {path}");
            }
        }
    }
    alice.get("/api/admin/organisation").await.expect(403);
    let seen = ada.get("/api/admin/organisation").await.expect(200).json();
    assert_eq!(
        (&seen["name"], &seen["accent"], &seen["passwords"]),
        (&json!("Mairie de Beffroy"), &json!("#e30613"), &json!("s1"))
    );
    assert_eq!(
        (&seen["people"], &seen["without_second_factor"], &seen["second_factor"]),
        (&json!(5), &json!(5), &json!(false))
    );
    assert_eq!(alice.get("/api/session").await.json()["tenant"]["name"], "Mairie de Beffroy");
    let own = format!("/api/admin/accounts/{OTTO}/clearance");
    assert_eq!(rule(&send(&otto, "POST", &own, &json!({"label": "medical"})).await.expect(403)), "oneself");

    for (method, path, body) in [
        ("PATCH", "/api/admin/organisation", json!({})),
        ("PATCH", "/api/admin/organisation", json!({"name": "  "})),
        ("PATCH", "/api/admin/organisation", json!({"accent": "red"})),
    ] {
        send(&claire, method, path, &body).await.expect(422);
    }
    for (path, body, status) in [
        ("/api/admin/organisation", json!({"passwords": "none"}), 422),
        ("/api/admin/labels/internal", json!({"retention_days": 0}), 422),
        ("/api/admin/labels/internal", json!({"meeting_minutes": 2}), 422),
        ("/api/admin/labels/internal", json!({"guests": "all"}), 422),
        ("/api/admin/labels/internal", json!({"rank": 4}), 400),
        ("/api/admin/labels/nowhere", json!({"download": true}), 404),
    ] {
        send(&otto, "PATCH", path, &body).await.expect(status);
    }
    let mark = send(&otto, "PATCH", "/api/admin/labels/restricted", &json!({"second_factor": false}))
        .await
        .expect(403);
    assert_eq!(rule(&mark), "mark-floor");
    let open = json!({"reference": "H-1", "authority": "ANSSI", "until": "9999-12-31"});
    let plain = send(&otto, "PUT", "/api/admin/labels/internal/accreditation", &open).await.expect(403);
    assert_eq!(rule(&plain), "label-not-reserved");

    for (act, who, detail) in [
        ("passwords.change", OTTO, "passwords: default → s1"),
        ("organisation.change", CLAIRE, "accent: #1f4f8f → #e30613"),
        ("organisation.change", CLAIRE, "name: Mairie de Test → Mairie de Beffroy"),
        ("label.accredit", OTTO, "none → H-1, ANSSI, until 9999-12-31"),
        ("label.withdraw", OTTO, "H-1, ANSSI, until 9999-12-31 → none"),
        ("label.change", OTTO, "guests: meeting → no"),
        ("account.clear", OTTO, "sensitive → restricted"),
    ] {
        let told = told(&ada, act).await;
        assert!(told.contains(&(who.to_owned(), detail.to_owned())), "{act}: {told:?}");
    }
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn what_a_label_demands_holds_at_once_and_what_it_erases_is_asked_about() {
    let house = governed();
    // That a second person is asked has tests of its own.
    house.run(&["tenant", "four-eyes", DOMAIN, "--set", "off"]).well();
    let server = house.serve().await;
    let (otto, alice) = (Browser::signed_in(&server, OTTO).await, Browser::signed_in(&server, ALICE).await);
    let room = alice.room("Accueil").await;
    let file = crate::files::put(&alice, &room, "plan.pdf", b"plan").await;
    let read = format!("/api/files/{file}");
    alice.get(&read).await.expect(200);
    let label = "/api/admin/labels/internal";
    send(&otto, "PATCH", label, &json!({"download": false})).await.expect(200);
    assert_eq!(rule(&alice.get(&read).await.expect(403)), "label-download");
    send(&otto, "PATCH", label, &json!({"download": true})).await.expect(200);
    alice.get(&read).await.expect(200);

    // Said a month ago, as the disk has it.
    let month = 30 * 86_400_000_000_i64;
    let mut database = Database::of(&house).await;
    database.run(&format!("UPDATE event SET at_us = at_us - {month}")).await;
    database.run(&format!("UPDATE file SET at_us = at_us - {month}")).await;
    let consequences = otto.get(&format!("{label}/consequences?retention_days=7")).await.expect(200).json();
    assert_eq!(consequences, json!({"forgets": true, "rooms": 1, "events": 1, "files": 1}));
    let harmless = otto.get(&format!("{label}/consequences")).await.expect(200).json();
    assert_eq!(harmless["forgets"], json!(false));
    let asked = send(&otto, "PATCH", label, &json!({"retention_days": 7})).await.expect(409).json();
    assert_eq!(
        (&asked["title"], &asked["forgets"]),
        (&json!("unconfirmed"), &json!({"events": 1, "files": 1}))
    );
    let labels = alice.get("/api/labels").await.expect(200).json();
    assert_eq!(labels[1]["retention_days"], Value::Null, "nothing was done");
    send(&otto, "PATCH", label, &json!({"retention_days": 7, "confirmed": true})).await.expect(200);
    server.stop().await;
    // Putting away is done at the start, then every hour.
    let server = house.serve().await;
    let alice = alice.at(&server);
    let gone = async { while alice.get(&read).await.status != 404 {} };
    beffroi_it::soon("the file is forgotten", gone).await;
    server.stop().await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn whoever_is_cleared_for_less_hears_no_more_from_that_moment() {
    let house = governed();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let page = Browser::signed_in(&server, BOB).await;
    let mut bob = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    alice.say_in(ROOM, "a1", "Bonjour").await;
    bob.message("a1").await;

    let said = house.run(&["account", "clear", BOB, "--label", "public"]).well();
    assert!(said.contains("Public"), "{said}");
    bob.until("being put out", |f| f.contains("type='unavailable'") && f.contains(ROOM) && f.contains("307"))
        .await;
    bob.say_in(ROOM, "b1", "Encore là ?").await;
    assert!(bob.message("b1").await.contains("type='error'"));
    alice.say_in(ROOM, "a2", "canari").await;
    alice.message("a2").await;
    bob.settle().await;
    assert!(!bob.heard.iter().any(|f| f.contains("canari")), "{:#?}", bob.heard);
    assert!(bob.try_enter(ROOM).await.contains("type='error'"));
    let room = page.room("Accueil").await;
    assert_eq!(rule(&page.get(&format!("/api/rooms/{room}")).await.expect(403)), "clearance");

    house.run(&["account", "clear", BOB, "--label", "internal"]).well();
    bob.enter(ROOM).await;
    alice.say_in(ROOM, "a3", "De retour").await;
    bob.message("a3").await;
    assert!(
        house.run(&["account", "clear", BOB, "--label", "secret"]).refused().contains("restricted, medical")
    );
    assert!(
        house
            .run(&["account", "clear", "x@mairie.test", "--label", "public"])
            .refused()
            .contains("account add")
    );
}

/// Another machine on the same database knows nothing of what this one keeps in memory: whoever it puts out is out
/// here as well, although who hears a room is asked in the second in which this one believes what it knows.
#[tokio::test]
async fn whoever_is_cleared_for_less_on_another_machine_hears_no_more_here() {
    let house = governed();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    let mut database = crate::database::Database::of(&house).await;
    for n in 0..20 {
        // What is kept of Bob is as young as can be.
        bob.say_in(ROOM, &format!("b{n}"), "Bonjour").await;
        alice.message(&format!("b{n}")).await;
    }
    database.run(&format!("UPDATE account SET clearance = 0 WHERE address = '{BOB}'")).await;
    database.run("UPDATE tenant SET revision = revision + 1").await;
    bob.until("being put out", |f| f.contains("type='unavailable'") && f.contains(ROOM) && f.contains("307"))
        .await;
}

#[tokio::test]
async fn password_rules_are_the_bodys_own() {
    let house = governed();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let new = json!({"address": "gus@mairie.test", "name": "Gus Petit"});
    let link = claire.post("/api/admin/accounts", &new).await.expect(201).json();
    let token = link["link"].as_str().and_then(|link| link.rsplit('/').next()).unwrap().to_owned();
    let path = format!("/api/invitations/{token}");
    let minimum = async || claire.get(&path).await.expect(200).json()["minimum_length"].clone();
    assert_eq!(minimum().await, 12);
    claire.post(&path, &json!({"password": "Volets92"})).await.expect(422);

    let said = house
        .run(&["tenant", "set", DOMAIN, "--passwords", "s1", "--name", "Ville", "--accent", "#00A651"])
        .well();
    assert_eq!(said.trim(), "mairie.test  Ville  #00a651  passwords s1");
    assert_eq!(house.run(&["tenant", "list"]).well().trim(), said.trim());
    assert_eq!(minimum().await, 8);
    claire.post(&path, &json!({"password": "Volets92"})).await.expect(200);
    assert!(
        house
            .run(&["tenant", "set", DOMAIN, "--passwords", "none"])
            .refused()
            .contains("default or s1, or own")
    );
    assert!(house.run(&["tenant", "set", DOMAIN, "--accent", "vert"]).refused().contains("#rrggbb"));
    assert!(house.run(&["tenant", "set", DOMAIN, "--name", " "]).refused().contains("empty"));
    assert_eq!(house.run(&["tenant", "set", DOMAIN]).code, Some(2));

    // What the body's own policy says: refused with what was missed, and never less than S1.
    let set = "own length=14 sign=yes bits=60";
    let said = house.run(&["tenant", "set", DOMAIN, "--passwords", set]).well();
    assert!(said.trim().ends_with("passwords own length=14 sign=yes bits=60"), "{said}");
    for (wrong, why) in [
        ("own length=7 sign=no bits=0", "from 8 (what S1 asks) to 64"),
        ("own length=8 sign=no bits=200", "from 0 (none) to 128"),
        ("own", "own length=12 sign=yes bits=50"),
    ] {
        assert!(
            house.run(&["tenant", "set", DOMAIN, "--passwords", wrong]).refused().contains(why),
            "{wrong}"
        );
    }
    let new = json!({"address": "hugo@mairie.test", "name": "Hugo Petit"});
    let link = claire.post("/api/admin/accounts", &new).await.expect(201).json();
    let token = link["link"].as_str().and_then(|link| link.rsplit('/').next()).unwrap().to_owned();
    let path = format!("/api/invitations/{token}");
    assert_eq!(claire.get(&path).await.expect(200).json()["minimum_length"], 14);
    for (password, codes) in [
        ("Volets92", json!([["too-short", 14], ["too-plain-four", null]])),
        ("Bienvenue-Janvier-2026", json!([["predictable", 60]])),
    ] {
        let refused = claire.post(&path, &json!({"password": password})).await.expect(422).json();
        let told = refused["weaknesses"].as_array().unwrap();
        let told: Vec<_> = told.iter().map(|one| json!([one["code"], one["least"]])).collect();
        assert_eq!(json!(told), codes, "{refused}");
    }
    claire.post(&path, &json!({"password": "k7#Qv2!xW9zLrPm4"})).await.expect(200);

    // The same over HTTP, by whom it concerns, with what it was before in the log.
    let otto = Browser::signed_in(&server, OTTO).await;
    let own = json!({"least_length": 20, "sign": false, "least_bits": 0});
    for wrong in [
        json!({"passwords": "own"}),
        json!({"passwords": "s1", "own_passwords": own}),
        json!({"own_passwords": own}),
        json!({"passwords": "own", "own_passwords": {"least_length": 7, "sign": false, "least_bits": 0}}),
        json!({"passwords": "own", "own_passwords": {"least_length": 8, "sign": false, "least_bits": 129}}),
    ] {
        send(&otto, "PATCH", "/api/admin/organisation", &wrong).await.expect(422);
    }
    let asked = json!({"passwords": "own", "own_passwords": own});
    let seen = send(&otto, "PATCH", "/api/admin/organisation", &asked).await.expect(200).json();
    assert_eq!((&seen["passwords"], &seen["own_passwords"]), (&json!("own"), &own));
    let log = claire.get("/api/admin/audit?act=passwords.change").await.expect(200).json();
    assert_eq!(
        log["entries"][0]["detail"],
        "passwords: own length=14 sign=yes bits=60 → own length=20 sign=no bits=0"
    );
    send(&otto, "PATCH", "/api/admin/organisation", &json!({"passwords": "default"})).await.expect(200);

    // What the settings of the machine said before is answered with the command that says it now.
    let former = House::with_settings("[passwords]\ns1_tenants = [\"mairie.test\"]\n");
    let said = former.run(&["tenant", "list"]).refused();
    assert!(said.contains("beffroi tenant set DOMAIN --passwords s1"), "{said}");
}
