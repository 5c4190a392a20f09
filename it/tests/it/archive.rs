//! Everything said is there again: page by page, and after a restart.

use beffroi_it::{ALICE, BOB, Browser, House, Talker, attribute, text};

const ROOM: &str = "accueil@rooms.mairie.test";

#[tokio::test]
async fn history_is_read_backwards_page_by_page_as_one_scrolls_up() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    alice.enter(ROOM).await;
    for n in 0..45 {
        alice.say_in(ROOM, &format!("m{n}"), &format!("ligne {n}")).await;
    }
    alice.message("m44").await;
    let mut seen: Vec<String> = vec![];
    let mut before = String::from("<before/>");
    loop {
        let (page, fin) = alice.archive(ROOM, None, &format!("<max>10</max>{before}")).await;
        let mut bodies: Vec<_> = page
            .iter()
            .filter_map(|f| text(f, "body"))
            .filter(|b| b.starts_with("ligne"))
            .map(str::to_owned)
            .collect();
        assert!(page.len() <= 10);
        bodies.append(&mut seen);
        seen = bodies;
        if attribute(&fin, "fin", "complete") == Some("true") {
            break;
        }
        let first = text(&fin, "first").expect("a page that is not the last has bounds");
        before = format!("<before>{first}</before>");
    }
    assert_eq!(seen, (0..45).map(|n| format!("ligne {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_restart_everything_is_there_in_order_and_once() {
    let house = House::town();
    let server = house.serve().await;
    let (alices, bobs) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    let (mut alice, mut bob) = (Talker::connect(&alices).await, Talker::connect(&bobs).await);
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    for n in 0..20 {
        alice.say_in(ROOM, &format!("a{n}"), &format!("d’Alice {n}")).await;
        bob.say_in(ROOM, &format!("b{n}"), &format!("de Bob {n}")).await;
        alice.say_to(BOB, &format!("d{n}"), &format!("entre nous {n}")).await;
    }
    alice.message("a19").await;
    bob.message("b19").await;
    bob.message("d19").await;
    let (room, direct) = (alice.whole_archive(ROOM, None).await, alice.whole_archive("", Some(BOB)).await);
    assert_eq!(direct.len(), 20);
    server.stop().await;

    let server = house.serve().await;
    // The session outlives the restart too: nobody signs in again.
    let mut alice = Talker::connect(&alices.at(&server)).await;
    assert_eq!(alice.whole_archive(ROOM, None).await, room);
    assert_eq!(alice.whole_archive("", Some(BOB)).await, direct);
    let numbers: Vec<_> = room.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    alice.enter(ROOM).await;
    alice.say_in(ROOM, "next", "la suite").await;
    let said = alice.message("next").await;
    assert_eq!(attribute(&said, "stanza-id", "id"), Some((numbers.len() + 1).to_string().as_str()));
}
