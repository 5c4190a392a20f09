//! The whole server on PostgreSQL, when the tests are given one (`BEFFROI_TEST_POSTGRES`).

use crate::audit;
use crate::database::Database;
use beffroi_it::{ALICE, BOB, Browser, House, Talker};

const ROOM: &str = "accueil@rooms.mairie.test";

#[tokio::test]
async fn the_whole_server_runs_on_postgresql_and_its_log_names_who_edits_it() {
    // scripts/test.sh always gives one; a developer without it tests the other engine.
    let Ok(url) = std::env::var("BEFFROI_TEST_POSTGRES") else { return };
    let (server_url, _) = url.rsplit_once('/').expect("the address ends with a database");
    let name = format!("beffroi_it_{}", std::process::id());
    let mut whole = Database::postgres(&url).await;
    whole.run(&format!("CREATE DATABASE {name}")).await;
    let own = format!("{server_url}/{name}");

    let house = House::with_settings(&format!("[storage]\ndatabase = \"{own}\"\n")).populated();
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
    let mut database = Database::postgres(&own).await;
    audit::edits_are_named(&house, &mut database).await;
    house.run(&["keys", "rotate"]).well();
    house.run(&["audit", "verify"]).well();
    drop(database);
    whole.run(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
}
