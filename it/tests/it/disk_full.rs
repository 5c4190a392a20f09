//! A disk that takes no more: said, nothing half written, and no restart needed once there is room.

use beffroi_it::{ALICE, Browser, House, Server, Talker, attribute};

const ROOM: &str = "accueil@rooms.mairie.test";

#[tokio::test]
async fn what_the_disk_refuses_is_refused_and_with_room_again_everything_goes_on() {
    let house = House::town();
    let server = Server::start_short_of_disk(&house.data(), 6 << 20).await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    let long = "canari ".repeat(14_000);
    let mut acknowledged = 0;
    let is_refused = |frame: &str| attribute(frame, "message", "type") == Some("error");
    let refused = loop {
        assert!(acknowledged < 500, "the disk never refused");
        let id = format!("m{acknowledged}");
        alice.say_in(ROOM, &id, &long).await;
        let answer = alice.message(&id).await;
        if is_refused(&answer) {
            break answer;
        }
        acknowledged += 1;
    };
    assert!(refused.contains("nothing was recorded"), "{refused}");
    // A small thing may still fit, a file does not.
    let room = page.room("Accueil").await;
    let file = crate::files::bytes(7 << 20, 3);
    let new = serde_json::json!({"name": "a.bin", "size": file.len()});
    let begun = page.post(&format!("/api/rooms/{room}/uploads"), &new).await;
    if begun.status == 201 {
        let path = format!("/api/uploads/{}", begun.json()["upload"].as_str().expect("an upload has an id"));
        let answer = page
            .request("PATCH", &path)
            .header("upload-offset", "0")
            .header("content-type", "application/offset+octet-stream")
            .body(file)
            .send()
            .await;
        assert!(matches!(answer.status, 503 | 507), "{}", answer.status);
    }

    server.give_room();
    alice.say_in(ROOM, "after", "il y a de la place").await;
    let said = alice.message("after").await;
    assert!(!is_refused(&said), "{said}");
    page.post("/api/rooms", &serde_json::json!({"name": "Encore"})).await.expect(201);
    let kept = alice.whole_archive(ROOM, None).await;
    let numbers: Vec<_> = kept.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    let whole = kept.iter().filter(|(_, id, body)| id.starts_with('m') && body.len() == long.len()).count();
    assert_eq!(whole, acknowledged);
    let log = server.stop().await;
    assert!(!log.contains("canari") && !log.contains('@') && !log.contains("panicked"), "{log}");
    house.run(&["audit", "verify"]).well();
}
