//! SIGTERM: everyone is told, what was acknowledged is kept, the exit code is 0.

use beffroi_it::{ALICE, BOB, Browser, House, Talker, attribute, element};
use std::collections::BTreeMap;

const ROOM: &str = "accueil@rooms.mairie.test";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_and_meetings_are_told_and_nothing_acknowledged_is_lost() {
    let house = House::town();
    let server = house.serve().await;
    let (alices, bobs) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    let (mut alice, mut bob) = (Talker::connect(&alices).await, Talker::connect(&bobs).await);
    let mut idle = Talker::connect(&bobs).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    alice.ask("set", ROOM, "<ring xmlns='urn:beffroi:meeting:0'/>").await;
    bob.until("the bell", |f| element(f, "meeting-started").is_some()).await;
    for n in 0..300 {
        alice.say_in(ROOM, &format!("a{n}"), "d’Alice").await;
        bob.say_in(ROOM, &format!("b{n}"), "de Bob").await;
    }
    alice.message("a10").await;
    server.terminate();
    let mut acknowledged = BTreeMap::new();
    for talker in [&mut alice, &mut bob, &mut idle] {
        let last = talker.until_end().await;
        let ends: Vec<_> = last.iter().filter(|f| f.contains("<system-shutdown")).collect();
        assert_eq!(ends.len(), 1, "{:#?}", last.last());
        assert!(last.last().is_some_and(|f| f.starts_with("<close")), "{:#?}", last.last());
        for frame in &last {
            if let (Some(id), Some(number)) =
                (attribute(frame, "message", "id"), attribute(frame, "stanza-id", "id"))
            {
                acknowledged.insert(id.to_owned(), number.to_owned());
            }
        }
    }
    let (status, log) = server.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("stopping") && log.contains("stopped"), "{log}");

    let server = house.serve().await;
    let mut alice = Talker::connect(&alices.at(&server)).await;
    let kept = alice.whole_archive(ROOM, None).await;
    let numbers: Vec<_> = kept.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert!(kept.iter().any(|(_, _, body)| body.contains("terminée")), "the meeting's end is written");
    let found: BTreeMap<_, _> = kept.iter().map(|(number, id, _)| (id.clone(), number.to_string())).collect();
    assert!(acknowledged.len() > 10);
    for (id, number) in acknowledged {
        assert_eq!(found.get(&id), Some(&number), "{id}");
    }
    let rooms = alices.at(&server).get("/api/rooms").await.json();
    assert_eq!(rooms[0]["meeting"], false);
    server.stop().await;
}

#[tokio::test]
async fn a_meeting_left_open_by_a_power_cut_is_closed_at_the_next_start() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    alice.ask("set", ROOM, "<ring xmlns='urn:beffroi:meeting:0'/>").await;
    server.kill();
    let server = house.serve().await;
    let page = page.at(&server);
    assert_eq!(page.get("/api/rooms").await.json()[0]["meeting"], false);
    let mut alice = Talker::connect(&page).await;
    let (events, _) = alice.archive(ROOM, None, "<max>50</max>").await;
    let started = events.iter().filter(|f| element(f, "meeting-started").is_some()).count();
    let ended = events.iter().filter(|f| element(f, "meeting-ended").is_some()).count();
    assert_eq!((started, ended), (1, 1), "{events:#?}");
    server.stop().await;
}

#[tokio::test]
async fn a_running_server_says_how_it_is() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let _talker = Talker::connect(&page).await;
    assert_eq!(page.get("/health/live").await.expect(200).body, b"alive\n");
    assert_eq!(page.get("/health/ready").await.expect(200).body, b"ready\n");
    let metrics = String::from_utf8(page.get("/metrics").await.expect(200).body).unwrap();
    for line in ["beffroi_streams 1", "beffroi_meetings 0", "beffroi_http_requests_total{"] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains('@'), "{metrics}");
    let meta = page.get("/.well-known/host-meta.json").await.expect(200).json();
    let href = meta["links"][0]["href"].as_str().unwrap();
    assert_eq!(href, format!("ws://{}/xmpp-websocket", page.host));
}
