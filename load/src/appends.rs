//! Durable appends: the store itself, 200 senders, every answer on disk.

use crate::{process, world};
use beffroi_domain::Speech;
use beffroi_it::House;
use beffroi_store::Store;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SENDERS: usize = 200;
const ROOMS: usize = 20;

/// Measures the engines: one when it is named, else SQLite and the PostgreSQL of the tests if there is one.
pub(crate) async fn run(database: Option<String>, seconds: u64) {
    let postgres = std::env::var("BEFFROI_TEST_POSTGRES").ok();
    let engines: Vec<Option<String>> = match database {
        Some(name) if name == "sqlite" => vec![None],
        Some(address) => vec![Some(address)],
        None => std::iter::once(None).chain(postgres.map(Some)).collect(),
    };
    for engine in engines {
        let machine = process::machine();
        let measured = match engine {
            None => measure("sqlite", None, 20_000, seconds).await,
            Some(server) => {
                let name = format!("beffroi_load_{}", std::process::id());
                let mut whole = sqlx::PgConnection::connect(&server).await.expect("PostgreSQL answers");
                let sql = |text: String| sqlx::raw_sql(AssertSqlSafe(text));
                sql(format!("CREATE DATABASE {name}")).execute(&mut whole).await.expect("it makes databases");
                let (place, _) = server.rsplit_once('/').expect("the address ends with a database");
                let own = format!("{place}/{name}");
                let measured = measure("postgresql", Some(&own), 10_000, seconds).await;
                sql(format!("DROP DATABASE {name} WITH (FORCE)"))
                    .execute(&mut whole)
                    .await
                    .expect("it is ours");
                measured
            }
        };
        println!("{}", json!({"measure": "appends", "machine": machine, "result": measured}));
    }
}

async fn measure(engine: &str, postgres: Option<&str>, goal: u64, seconds: u64) -> Value {
    let house = House::empty();
    let folder = house.data();
    std::fs::create_dir_all(&folder).expect("our own folder can be written");
    let syncs = syncs_per_second(&folder);
    let store = world::open(&folder, postgres).await;
    let (tenant, people) = world::people(&store, SENDERS as u32).await;
    let mut rooms = vec![];
    for (n, some) in people.chunks(SENDERS / ROOMS).enumerate() {
        rooms.push(world::room(&store, tenant, &format!("Salon {n}"), some).await);
    }
    let senders: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(n, person)| {
            let room = &rooms[n / (SENDERS / ROOMS)];
            Arc::new(Sender {
                store: store.clone(),
                permit: world::may_speak(room, person),
                author: world::author(person),
                number: n,
            })
        })
        .collect();

    let before = bytes_in(&folder);
    let (flat_out, _, spent) = send(&senders, "f", None, Duration::from_secs(seconds)).await;
    let written = bytes_in(&folder).saturating_sub(before);
    let rate = flat_out as f64 / spent.as_secs_f64();
    let half = goal / 2;
    let (paced, mut latencies, spent) = send(&senders, "p", Some(half), Duration::from_secs(seconds)).await;
    latencies.sort_unstable();
    let at =
        |q: f64| latencies.get(((latencies.len() as f64 - 1.0) * q) as usize).copied().unwrap_or_default();
    let milliseconds = |us: u64| us as f64 / 1000.0;
    store.close().await;
    json!({
        "engine": engine, "senders": SENDERS, "rooms": ROOMS, "payload_bytes": payload(0).len(),
        "messages": flat_out, "per_second": rate.round(), "goal_per_second": goal,
        "bytes_on_disk_per_message": if postgres.is_none() { Some(written / flat_out.max(1)) } else { None },
        "at_half_the_goal": {"asked_per_second": half, "done_per_second": (paced as f64 / spent.as_secs_f64()).round(),
            "p50_ms": milliseconds(at(0.5)), "p99_ms": milliseconds(at(0.99)), "worst_ms": milliseconds(at(1.0))},
        "machine_syncs_per_second": syncs.round(),
    })
}

struct Sender {
    store: Store,
    permit: beffroi_policy::Permit<beffroi_policy::Speak>,
    author: beffroi_domain::Author,
    number: usize,
}

/// A line of usual length, as the server keeps it.
fn payload(n: usize) -> String {
    format!(
        "<body>La réunion de demain est avancée à 9 h 30 dans la salle des mariages ; merci de confirmer ({n}).</body>"
    )
}

/// Sends for a while: as fast as answers come, or at a rate held by a clock. At a rate, latency counts from
/// when the message should have been sent, so that a slow answer cannot hide those behind it.
async fn send(
    senders: &[Arc<Sender>],
    run: &'static str,
    rate: Option<u64>,
    length: Duration,
) -> (u64, Vec<u64>, Duration) {
    let begun = Instant::now();
    let every = rate.map(|rate| Duration::from_secs_f64(senders.len() as f64 / rate as f64));
    let mut tasks = vec![];
    for sender in senders.iter().cloned() {
        tasks.push(tokio::spawn(async move {
            let mut latencies = vec![];
            let mut n = 0;
            loop {
                let due = match every {
                    Some(every) => {
                        begun + every.mul_f64(f64::from(n) + sender.number as f64 / SENDERS as f64)
                    }
                    None => Instant::now(),
                };
                if due.duration_since(begun) >= length {
                    return latencies;
                }
                tokio::time::sleep_until(due.into()).await;
                let speech = Speech {
                    origin: format!("{run}{}-{n}", sender.number),
                    meeting: None,
                    payload: payload(n as usize),
                };
                let said =
                    sender.store.say(&sender.permit, sender.author.clone(), speech, world::now()).await;
                said.expect("the store takes it");
                latencies.push(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
                n += 1;
            }
        }));
    }
    let mut all = vec![];
    for task in tasks {
        all.extend(task.await.expect("a sender does not panic"));
    }
    (all.len() as u64, all, begun.elapsed())
}

/// How many small appends with a sync the disk below takes, one after another: what no store can beat
/// without sharing its commits.
fn syncs_per_second(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("probe")).expect("our own folder can be written");
    let block = [7_u8; 4096];
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(2) {
        file.write_all(&block).expect("the disk takes it");
        file.sync_data().expect("the disk takes it");
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

fn bytes_in(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("our own folder can be read").flatten();
    files
        .filter(|f| f.file_name().to_string_lossy().starts_with("beffroi.db"))
        .filter_map(|f| f.metadata().ok())
        .map(|m| m.len())
        .sum()
}
