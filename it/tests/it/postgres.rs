//! The whole server on PostgreSQL, when the tests are given one (`BEFFROI_TEST_POSTGRES`).

use crate::audit;
use crate::database::Database;
use beffroi_it::{ALICE, BOB, Browser, DOMAIN, House, PASSWORD, Talker, attribute};

const ROOM: &str = "accueil@rooms.mairie.test";

/// A database of one test in the server that the tests are given.
pub struct Own {
    whole: Database,
    name: String,
    address: String,
}

impl Own {
    /// scripts/test.sh always gives a server; a developer without one tests the other engine.
    pub async fn make(what: &str) -> Option<Self> {
        let url = std::env::var("BEFFROI_TEST_POSTGRES").ok()?;
        let (server, _) = url.rsplit_once('/').expect("the address ends with a database");
        let name = format!("beffroi_it_{what}_{}", std::process::id());
        let mut whole = Database::postgres(&url).await;
        whole.run(&format!("CREATE DATABASE {name}")).await;
        Some(Self { whole, address: format!("{server}/{name}"), name })
    }

    /// A town hall that keeps its data there.
    pub fn house(&self) -> House {
        House::with_settings(&format!("[storage]\ndatabase = \"{}\"\n", self.address)).populated()
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn remove(mut self) {
        self.whole.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

#[tokio::test]
async fn on_postgresql_too_a_label_asks_again_who_is_there() {
    let Some(own) = Own::make("proof").await else { return };
    let house = own.house();
    let database = Database::postgres(&own.address).await;
    crate::lock::proof_age(house, database).await;
    own.remove().await;
}

#[tokio::test]
async fn the_whole_server_runs_on_postgresql_and_its_log_names_who_edits_it() {
    let Some(own) = Own::make("whole").await else { return };
    let house = own.house();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&page).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    for n in 0..100 {
        alice.say_in(ROOM, &format!("a{n}"), "d’Alice").await;
        bob.say_in(ROOM, &format!("b{n}"), "de Bob").await;
    }
    alice.message("b99").await;
    bob.message("a99").await;
    let before = alice.whole_archive(ROOM, None).await;
    let numbers: Vec<_> = before.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert_eq!(before.iter().filter(|(_, _, body)| body.ends_with("Alice")).count(), 100);
    let room = page.room("Accueil").await;
    let content = crate::files::bytes(100_003, 7);
    let file = crate::files::put(&page, &room, "plan.pdf", &content).await;
    server.kill();

    let server = house.serve().await;
    let page = page.at(&server);
    let mut alice = Talker::connect(&page).await;
    let after = alice.whole_archive(ROOM, None).await;
    assert_eq!(after[..before.len()], before);
    assert_eq!(page.get(&format!("/api/files/{file}")).await.expect(200).body, content);
    server.stop().await;

    audit::lived_in(&house).await;
    let mut database = Database::postgres(&own.address).await;
    audit::edits_are_named(&house, &mut database).await;
    house.run(&["keys", "rotate"]).well();
    house.run(&["audit", "verify"]).well();
    drop(database);
    own.remove().await;
}

#[tokio::test]
async fn what_is_guessed_at_one_server_waits_at_the_other() {
    let Some(own) = Own::make("two").await else { return };
    let house = own.house();
    let (one, other) = (house.serve().await, house.serve().await);
    let alice = Browser::signed_in(&one, ALICE).await;
    let stranger = |server| Browser { from: Some([127, 0, 0, 60].into()), ..Browser::new(server, DOMAIN) };
    for _ in 0..3 {
        stranger(&one).sign_in(ALICE, "Ce-n’est-pas-le-bon-1").await.expect(401);
    }
    // As if they had gone on for an hour at the one server.
    let mut database = Database::postgres(own.address()).await;
    assert_eq!(database.run("UPDATE wait_counter SET failures = failures + 17 WHERE failures = 3").await, 3);
    drop(database);
    let waits = stranger(&other).sign_in(ALICE, PASSWORD).await.expect(429).json();
    assert!(waits["wait_s"].as_u64().is_some_and(|seconds| seconds > 60), "{waits}");
    stranger(&one).sign_in(ALICE, PASSWORD).await.expect(429);
    // The browser that one server knows is known to the other, beside the stranger too.
    let mut desk = Browser { known: alice.known.clone(), ..stranger(&other) };
    desk.sign_in(ALICE, PASSWORD).await.expect(200);
    desk.at(&one).get("/api/rooms").await.expect(200);
    Browser::signed_in(&other, BOB).await;
    one.stop().await;
    other.stop().await;
    own.remove().await;
}

#[tokio::test]
async fn a_database_that_goes_away_is_said_and_its_return_is_noticed() {
    let Some(mut own) = Own::make("away").await else { return };
    let house = own.house();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    alice.say_in(ROOM, "before", "avant").await;
    alice.message("before").await;

    let name = own.name.clone();
    own.whole.run(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    let away = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    own.whole.run(&away).await;
    page.get("/health/live").await.expect(200);
    page.get("/health/ready").await.expect(503);
    alice.say_in(ROOM, "lost", "canari pendant la panne").await;
    let refused = alice.message("lost").await;
    assert!(attribute(&refused, "message", "type") == Some("error"), "{refused}");
    assert!(refused.contains("<internal-server-error ") && !refused.contains("canari"), "{refused}");
    let answer = Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(503);
    assert!(answer.json()["detail"].as_str().is_some_and(|d| !d.is_empty()), "a sentence for people");
    page.get("/api/rooms").await.expect(503);

    own.whole.run(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    // Connections that died meanwhile are each found out by whoever uses them next; nobody restarts anything.
    let returned = async { while page.get("/health/ready").await.status != 200 {} };
    beffroi_it::soon("readiness", returned).await;
    let accepted = async {
        loop {
            alice.say_in(ROOM, "lost", "encore une fois").await;
            let answer = alice.message("lost").await;
            if attribute(&answer, "message", "type") == Some("groupchat") {
                return;
            }
        }
    };
    beffroi_it::soon("acceptance", accepted).await;
    let kept = alice.whole_archive(ROOM, None).await;
    let numbers: Vec<_> = kept.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert_eq!(kept.iter().filter(|(_, id, _)| id == "lost").count(), 1);
    let log = server.stop().await;
    assert!(!log.contains("canari") && !log.contains('@') && !log.contains("panicked"), "{log}");
    house.run(&["audit", "verify"]).well();
    own.remove().await;
}
