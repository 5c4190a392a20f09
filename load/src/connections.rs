//! Memory of many browsers that are connected and say nothing.

use crate::{process, world};
use beffroi_domain::Factor;
use beffroi_it::{Browser, House, Talker};
use beffroi_policy::Who;
use beffroi_store::Opened;
use serde_json::json;
use std::time::Duration;

pub(crate) async fn run(count: u32) {
    let machine = process::machine();
    let house = House::empty();
    std::fs::create_dir_all(house.data()).expect("our own folder can be written");
    let store = world::open(&house.data(), None).await;
    let (tenant, people) = world::people(&store, count).await;
    let mut tokens = vec![];
    for person in &people {
        let opened = Opened { factor: Factor::Password, place: "load", agent: "load" };
        let session = store.open_session(Who::Account(person.id), tenant, opened, world::now()).await;
        tokens.push(session.expect("an account opens a session").1);
    }
    store.close().await;
    let server = house.serve().await;
    let mut page = Browser::new(&server, "charge.test");
    page.get("/").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = process::resident_kb(server.id());
    let mut talkers = vec![];
    for token in &tokens {
        page.cookie = Some(format!("beffroi_session={token}"));
        let mut talker = Talker::connect(&page).await;
        talker.ask("set", "", "<enable xmlns='urn:xmpp:carbons:2'/>").await;
        talkers.push(talker);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let connected = process::resident_kb(server.id());
    let busy = process::processor_s(server.id());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let idle = (process::processor_s(server.id()) - busy) / 10.0;
    let still = process::resident_kb(server.id());
    for talker in &mut talkers {
        talker.settle().await;
    }
    println!(
        "{}",
        json!({"measure": "connections", "machine": machine, "result": {
            "connections": count, "resident_before_kb": before, "resident_connected_kb": connected,
            "resident_after_ten_seconds_kb": still,
            "more_mib": (connected.max(still).saturating_sub(before)) / 1024, "goal_mib": 40,
            "each_kb": (connected.max(still).saturating_sub(before)) / u64::from(count.max(1)),
            "processor_at_rest_percent": (idle * 1000.0).round() / 10.0,
        }})
    );
    drop(talkers);
    server.stop().await;
}
