//! From the start of the process to the first page, and what it costs to be there.

use crate::{process, world};
use beffroi_domain::Speech;
use beffroi_it::{BOB, Browser, DOMAIN, House, Talker};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Messages in the data folder that is started on.
const HISTORY: usize = 20_000;

pub(crate) async fn run(times: u32) {
    let machine = process::machine();
    let house = House::town();
    fill(&house).await;
    let mut starts = vec![];
    let mut resident = vec![];
    for _ in 0..times {
        let begun = Instant::now();
        let server = house.serve().await;
        let page = Browser::new(&server, DOMAIN).get("/").await;
        starts.push(begun.elapsed().as_secs_f64() * 1000.0);
        assert!(
            page.status == 200,
            "the first page was answered with {}: build the web client first",
            page.status
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
        resident.push(process::resident_kb(server.id()) / 1024);
        server.stop().await;
    }
    starts.sort_by(f64::total_cmp);
    resident.sort_unstable();
    println!(
        "{}",
        json!({"measure": "start", "machine": machine, "result": {
            "starts": times, "history_messages": HISTORY,
            "first_page_ms": {"median": starts[starts.len() / 2].round(), "worst": starts[starts.len() - 1].round(), "goal": 500},
            "idle_resident_mib": {"median": resident[resident.len() / 2], "goal": 60},
        }})
    );
    leaving(&house).await;
}

/// From the command that disables an account to the end of that person's stream (ID11), the command included.
async fn leaving(house: &House) {
    let server = house.serve().await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    let begun = Instant::now();
    house.run(&["account", "disable", BOB]).well();
    let command = begun.elapsed().as_secs_f64() * 1000.0;
    bob.until_end().await;
    let all = begun.elapsed().as_secs_f64() * 1000.0;
    server.stop().await;
    let result = json!({"command_ms": command.round(), "stream_over_after_ms": all.round(), "goal_ms": 2000});
    println!("{}", json!({"measure": "leaving", "result": result}));
}

/// Gives the installation a history, so that a start meets a database with something in it.
async fn fill(house: &House) {
    let store = world::open(&house.data(), None).await;
    let (tenant, people) = world::people(&store, 2).await;
    let room = world::room(&store, tenant, "Histoire", &people).await;
    let permit = Arc::new(world::may_speak(&room, &people[0]));
    let author = world::author(&people[0]);
    // Side by side, so that they share commits.
    let mut waiting = JoinSet::new();
    for n in 0..HISTORY {
        let (store, permit, author) = (store.clone(), permit.clone(), author.clone());
        waiting.spawn(async move {
            let payload = format!("<body>ligne {n}</body>");
            let speech = Speech { origin: format!("h{n}"), meeting: None, payload };
            store.say(&permit, author, speech, world::now()).await.map(drop)
        });
    }
    for said in waiting.join_all().await {
        said.expect("the store takes it");
    }
    store.close().await;
}
