//! The way in: passkeys per second, what others feel of passwords being checked, and whether an address that
//! nobody has is told from one that somebody has by the time it takes.

use crate::process;
use beffroi_it::{ALICE, Authenticator, Browser, DOMAIN, House, PASSWORD, Server};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// People who hold a passkey.
const HOLDERS: usize = 16;
/// Sign-ins by password at once, while somebody else reads.
const PASSWORDS: usize = 32;
/// Addresses of each kind that are tried.
const TRIES: usize = 200;

pub(crate) async fn run(seconds: u64) {
    let machine = process::machine();
    let house = House::town();
    for n in 0..HOLDERS {
        house.add_account(&format!("porteur{n}@{DOMAIN}"), &format!("Porteur {n}"), "agent");
    }
    for n in 0..TRIES {
        // Without a password of their own they are checked against a decoy, like those that do not exist;
        // inviting costs no Argon2 here.
        let address = format!("agent{n}@{DOMAIN}");
        house.run(&["account", "add", &address, "--name", "Agent", "--invite"]).well();
    }
    let server = house.serve().await;
    let passkeys = passkeys(&server, seconds).await;
    let beside = beside(&server).await;
    let told = told(&server).await;
    server.stop().await;
    println!(
        "{}",
        json!({"measure": "doors", "machine": machine, "result": {
            "passkey_sign_ins": passkeys, "reading_while_passwords_are_checked": beside, "addresses": told,
        }})
    );
}

/// Another address of loopback for each `n`, so that the wait of one block is nobody else's.
fn place(n: usize) -> IpAddr {
    IpAddr::from([127, 1 + (n / 62_500) as u8, (n / 250 % 250) as u8, (n % 250 + 1) as u8])
}

async fn passkeys(server: &Server, seconds: u64) -> Value {
    let mut holders = vec![];
    for n in 0..HOLDERS {
        let mut page = Browser::signed_in(server, &format!("porteur{n}@{DOMAIN}")).await;
        let mut key = page.authenticator();
        let question = page.post("/api/factors/passkey", &json!({})).await.expect(201).json();
        let answer = key.register(&question["options"]);
        let body = json!({"token": question["token"], "answer": answer, "name": "clé"});
        let added = page.post("/api/factors/passkey/confirm", &body).await.expect(201);
        page.keep(&added);
        holders.push(key);
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut running = JoinSet::new();
    for key in holders {
        let page = Browser::new(server, DOMAIN);
        running.spawn(one_after_the_other(page, key, until));
    }
    let mut times: Vec<f64> = running.join_all().await.into_iter().flatten().collect();
    times.sort_by(f64::total_cmp);
    json!({
        "holders": HOLDERS, "per_second": (times.len() as f64 / seconds as f64).round(), "goal_per_second": 200,
        "p50_ms": percentile(&times, 0.5), "p99_ms": percentile(&times, 0.99),
    })
}

async fn one_after_the_other(page: Browser, mut key: Authenticator, until: Instant) -> Vec<f64> {
    let mut times = vec![];
    while Instant::now() < until {
        let begun = Instant::now();
        let question = page.post("/api/session/passkey", &json!({})).await.json();
        let body = json!({"token": question["token"], "answer": key.prove(&question["options"])});
        page.post("/api/session/passkey/answer", &body).await.expect(200);
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times
}

/// How long others wait for a page of theirs, while nobody and while many have their password checked.
async fn beside(server: &Server) -> Value {
    let alice = Browser::signed_in(server, ALICE).await;
    let read = async || {
        let mut times = vec![];
        for _ in 0..100 {
            let begun = Instant::now();
            alice.get("/api/rooms").await.expect(200);
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        times
    };
    let alone = read().await;
    let mut signing = JoinSet::new();
    for n in 0..PASSWORDS {
        let mut page = Browser::new(server, DOMAIN);
        page.from = Some(place(n));
        signing.spawn(async move {
            let address = format!("porteur{}@{DOMAIN}", n % HOLDERS);
            page.sign_in(&address, PASSWORD).await.status
        });
    }
    let busy = read().await;
    let answers = signing.join_all().await;
    let count = |of: u16| answers.iter().filter(|status| **status == of).count();
    json!({
        "alone_p50_ms": percentile(&alone, 0.5), "alone_p99_ms": percentile(&alone, 0.99),
        "busy_p50_ms": percentile(&busy, 0.5), "busy_p99_ms": percentile(&busy, 0.99),
        "passwords_at_once": PASSWORDS, "let_in": count(200), "asked_to_come_back": count(503),
    })
}

/// The same wrong password at addresses of both kinds in turns, each once.
async fn told(server: &Server) -> Value {
    let (mut known, mut unknown) = (vec![], vec![]);
    for n in 0..TRIES {
        // Whoever comes first from a place costs its counters' first row, so they take turns at that.
        let mut both = [("agent", &mut known), ("personne", &mut unknown)];
        both.rotate_left(n % 2);
        for (kind, times) in both {
            let mut page = Browser::new(server, DOMAIN);
            page.from = Some(place(1000 + n));
            let begun = Instant::now();
            page.sign_in(&format!("{kind}{n}@{DOMAIN}"), "Pas-le-bon-1").await.expect(401);
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    known.sort_by(f64::total_cmp);
    unknown.sort_by(f64::total_cmp);
    let spread = |times: &[f64]| json!({"p25_ms": percentile(times, 0.25), "p50_ms": percentile(times, 0.5), "p75_ms": percentile(times, 0.75)});
    json!({"tries_each": TRIES, "somebody": spread(&known), "nobody": spread(&unknown)})
}

fn percentile(sorted: &[f64], of: f64) -> f64 {
    let at = ((sorted.len() as f64 * of) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |ms| (ms * 100.0).round() / 100.0)
}
