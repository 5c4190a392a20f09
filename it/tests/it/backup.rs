//! The backup that docs/operating.md describes, taken beside a running server, and what it gives back.

use crate::database::Database;
use beffroi_it::{ALICE, Browser, House, Talker};
use std::path::Path;

const ROOM: &str = "accueil@rooms.mairie.test";

fn copy(from: &Path, to: &Path) {
    const OURS: &str = "these folders are the test's own";
    std::fs::create_dir_all(to).expect(OURS);
    for entry in std::fs::read_dir(from).expect(OURS).map(|entry| entry.expect(OURS)) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect(OURS);
        }
    }
}

#[tokio::test]
async fn a_backup_taken_beside_a_running_server_opens_elsewhere_with_everything_said_before() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    let room = page.room("Accueil").await;
    let content = crate::files::bytes(200_001, 11);
    let file = crate::files::put(&page, &room, "budget.ods", &content).await;
    for n in 0..30 {
        alice.say_in(ROOM, &format!("before{n}"), "avant").await;
    }
    alice.message("before29").await;
    let said = alice.whole_archive(ROOM, None).await;

    // In this order: what the database names must be among the files, never the other way round.
    let elsewhere = House::empty();
    std::fs::create_dir_all(elsewhere.data()).unwrap();
    let target = elsewhere.data().join("beffroi.db");
    Database::of(&house).await.run(&format!("VACUUM INTO '{}'", target.display())).await;
    alice.say_in(ROOM, "after", "après la copie").await;
    alice.message("after").await;
    copy(&house.data().join("files"), &elsewhere.data().join("files"));
    std::fs::copy(house.data().join("master.key"), elsewhere.data().join("master.key")).unwrap();
    server.kill();

    elsewhere.run(&["audit", "verify"]).well();
    let server = elsewhere.serve().await;
    let page = page.at(&server);
    let mut alice = Talker::connect(&page).await;
    assert_eq!(alice.whole_archive(ROOM, None).await, said);
    assert!(page.get(&format!("/api/files/{file}")).await.expect(200).body == content);
    alice.enter(ROOM).await;
    alice.say_in(ROOM, "next", "on reprend").await;
    alice.message("next").await;
    server.stop().await;
}
