//! Fifty thousand people: how long they take to come from a file, with what memory, and how fast one is found.

use crate::{process, world};
use beffroi_app::{App, Rules};
use beffroi_domain::{AccountId, Role, Sought, Tenant};
use beffroi_policy::{ReadRooms, operator};
use beffroi_store::{AccountState, PeopleFilter, Store};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

const FIRST: [&str; 24] = [
    "Élodie", "Jean", "Marie", "Karim", "Søren", "Anne", "Luc", "Inès", "Paul", "Chloé", "Mehdi", "Zoé",
    "Hugo", "Léa", "Nadia", "Pierre", "Yasmine", "Thomas", "Camille", "Joris", "Fatima", "Björn", "Alice",
    "Bob",
];
const LAST: [&str; 30] = [
    "Martin",
    "Lefèvre",
    "Durand",
    "Maes",
    "Peeters",
    "Dubois",
    "Roy",
    "Verlinden",
    "Benali",
    "Moreau",
    "Janssens",
    "Œuvray",
    "Garcia",
    "Lambert",
    "Simon",
    "Laurent",
    "Michel",
    "Müller",
    "Næss",
    "Petit",
    "Roux",
    "Fontaine",
    "Marchal",
    "Mertens",
    "Claes",
    "Dupont",
    "Leroy",
    "Bernard",
    "Thiry",
    "Nguyen",
];
/// What is searched for: from one letter, which finds thousands, to one person, and nobody.
const SEARCHES: [&str; 12] = [
    "m",
    "le",
    "mar",
    "martin",
    "lefevre el",
    "oeuvray",
    "jean mar",
    "personne-49321",
    "zz",
    "e l",
    "anne maes 12",
    "",
];

/// Somewhere for a measure, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("beffroi-load-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn file(count: u32) -> String {
    let mut text = "adresse;prénom;nom\n".to_owned();
    for n in 0..count as usize {
        let (first, last) = (FIRST[n % FIRST.len()], LAST[(n / FIRST.len()) % LAST.len()]);
        text += &format!("personne-{n}@charge.test;{first};{last} {n}\n");
    }
    text
}

/// Where to measure: SQLite, and PostgreSQL when there is one, in a schema of its own.
fn engines(folder: &Path) -> Vec<(&'static str, Option<String>)> {
    let mut engines = vec![("sqlite", None)];
    if let Ok(server) = std::env::var("BEFFROI_TEST_POSTGRES") {
        let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default().replace('-', "_");
        engines.push(("postgresql", Some(format!("{server}?options[search_path]={name}"))));
    }
    engines
}

async fn place(folder: &Path, engine: &str, postgres: Option<&str>) -> Store {
    if let Some(address) = postgres {
        let (server, schema) = address.split_once("?options[search_path]=").expect("it was made above");
        let mut connection =
            <sqlx::PgConnection as sqlx::Connection>::connect(server).await.expect("PostgreSQL answers");
        let text = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.expect("a schema is made");
    }
    let folder = folder.join(engine);
    std::fs::create_dir_all(&folder).expect("our own folder can be written");
    world::open(&folder, postgres).await
}

/// Reads the file and applies it as the server does; gives seconds of both.
async fn bring(app: &App, tenant: &Tenant, text: &str) -> (f64, f64) {
    let begun = Instant::now();
    let mut incoming = app.operator_begin_import(tenant, world::now()).await.expect("it begins");
    for piece in text.as_bytes().chunks(64 * 1024) {
        incoming.take(piece, world::now()).await.expect("it reads");
    }
    let mut row = incoming.finish(world::now()).await.expect("it is whole");
    let read = begun.elapsed().as_secs_f64();
    let (digest, begun) = (row.digest.clone(), Instant::now());
    while !(row.begun && row.over()) {
        let applied = app.operator_apply_import(tenant, row.id, &digest, world::now()).await;
        row = applied.expect("it is applied");
    }
    assert_eq!(row.totals.applied, row.totals.create, "everybody is added");
    (read, begun.elapsed().as_secs_f64())
}

async fn tenant(store: &Store) -> Tenant {
    let domain = "charge.test".parse().expect("it is a domain");
    store.add_tenant(&domain, "Charge", world::now()).await.expect("a new store takes a tenant")
}

/// Seconds and memory of an import.
pub(crate) async fn import(count: u32) {
    let folder = Folder::new("import");
    for (engine, postgres) in engines(&folder.0) {
        let machine = process::machine();
        let store = place(&folder.0, engine, postgres.as_deref()).await;
        let (app, tenant) = (App::new(store.clone(), Rules::default()), tenant(&store).await);
        // The file itself is in this process's memory, as it is not in a server's.
        let text = file(count);
        let before = process::resident_kb(std::process::id());
        let peak = process::Peak::of(std::process::id());
        let (read, applied) = bring(&app, &tenant, &text).await;
        let grown = peak.kb().saturating_sub(before) / 1024;
        println!(
            "{}",
            json!({"measure": "import", "engine": engine, "machine": machine, "result": {
                "people": count, "file_kib": text.len() / 1024, "read_s": round(read), "applied_s": round(applied),
                "all_s": {"measured": round(read + applied), "goal": 300}, "memory_growth_mib": grown,
            }})
        );
        store.close().await;
    }
}

/// How long searches take among so many.
pub(crate) async fn search(count: u32, times: u32) {
    let folder = Folder::new("search");
    for (engine, postgres) in engines(&folder.0) {
        let store = place(&folder.0, engine, postgres.as_deref()).await;
        let (app, tenant) = (App::new(store.clone(), Rules::default()), tenant(&store).await);
        bring(&app, &tenant, &file(count)).await;
        let machine = process::machine();
        let permit = operator::<ReadRooms>(tenant.id, AccountId(0));
        let (mut all, mut each) = (vec![], vec![]);
        for words in SEARCHES {
            let plain = filter(words);
            let narrowed =
                PeopleFilter { role: Some(Role::Agent), state: Some(AccountState::Invited), ..plain.clone() };
            for (how, filter) in [("words", plain), ("words, role and state", narrowed)] {
                let mut took = vec![];
                let mut found = 0;
                for _ in 0..times {
                    let begun = Instant::now();
                    let page = store.accounts(&permit, &filter).await.expect("it answers");
                    took.push(begun.elapsed().as_secs_f64() * 1000.0);
                    found = page.count.unwrap_or(0);
                }
                all.extend_from_slice(&took);
                each.push(json!({"search": words, "by": how, "found": found, "ms": quantiles(took)}));
            }
        }
        println!(
            "{}",
            json!({"measure": "search", "engine": engine, "machine": machine, "result": {
                "people": count, "goal_ms": 50, "all_ms": quantiles(all), "each": each,
            }})
        );
        store.close().await;
    }
}

fn filter(words: &str) -> PeopleFilter {
    PeopleFilter { words: Sought::read(words, "charge.test"), limit: 50, ..PeopleFilter::default() }
}

fn quantiles(mut took: Vec<f64>) -> Value {
    took.sort_by(f64::total_cmp);
    let at = |part: usize| round(took[(took.len() - 1) * part / 100]);
    json!({"p50": at(50), "p99": at(99), "worst": at(100)})
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
