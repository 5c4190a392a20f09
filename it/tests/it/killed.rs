//! `kill -9` under load, again and again: what was acknowledged is there, once, in its place.

use beffroi_it::{ALICE, BOB, Browser, CLAIRE, House, Talker, attribute};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const ROOM: &str = "accueil@rooms.mairie.test";
const WINDOWS: usize = 6;

/// Says one thing after another without waiting, until the server is gone; what came back, with its number.
async fn talk(
    mut talker: Talker,
    round: usize,
    window: usize,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<(String, i64)> {
    let mut known = vec![];
    let mut said = 0;
    let mine = format!("r{round}w{window}n");
    loop {
        // A few on their way at any time: some are written, some not yet, some half-way, when the end comes.
        while said < known.len() + 8 {
            talker.say_in(ROOM, &format!("{mine}{said}"), &format!("{mine}{said}")).await;
            said += 1;
        }
        let Some(frame) = talker.next().await else { return known };
        let id = attribute(&frame, "message", "id").unwrap_or_default();
        let number = attribute(&frame, "stanza-id", "id").and_then(|n| n.parse().ok());
        if let Some(number) = number.filter(|_| id.starts_with(&mine)) {
            known.push((id.to_owned(), number));
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_message_is_there_exactly_once_however_often_the_power_goes() {
    let rounds: usize = std::env::var("BEFFROI_IT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let house = House::town();
    let mut server = house.serve().await;
    let mut pages = vec![];
    for who in [ALICE, BOB, CLAIRE] {
        pages.push(Browser::signed_in(&server, who).await);
    }
    let mut acknowledged = BTreeMap::new();
    for round in 0..rounds {
        let count = Arc::new(AtomicUsize::new(0));
        let mut talking = vec![];
        for window in 0..WINDOWS {
            let mut talker = Talker::connect(&pages[window % pages.len()].at(&server)).await;
            talker.enter(ROOM).await;
            talking.push(tokio::spawn(talk(talker, round, window, count.clone())));
        }
        // Never at the same moment: after 20 to 200 acknowledgements.
        let enough = 20 + (round * 67) % 181;
        beffroi_it::soon("acknowledgements", async {
            while count.load(Ordering::Relaxed) < enough {
                tokio::task::yield_now().await;
            }
        })
        .await;
        server.kill();
        for task in talking {
            for (id, number) in task.await.unwrap() {
                assert_eq!(acknowledged.insert(id.clone(), number), None, "{id} was acknowledged twice");
            }
        }
        server = house.serve().await;
    }
    let mut reader = Talker::connect(&pages[0].at(&server)).await;
    let kept = reader.whole_archive(ROOM, None).await;
    let numbers: Vec<_> = kept.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>(), "a timeline has no gap");
    let mut found = BTreeMap::new();
    for (number, id, body) in kept.iter().filter(|(_, id, _)| id.starts_with('r')) {
        assert_eq!(id, body, "whole, not half written");
        assert_eq!(found.insert(id.clone(), *number), None, "{id} is there twice");
    }
    for (id, number) in &acknowledged {
        assert_eq!(found.get(id), Some(number), "{id} was acknowledged as {number}");
    }
    assert!(acknowledged.len() >= rounds * 20);
    server.stop().await;
    house.run(&["audit", "verify"]).well();
}
