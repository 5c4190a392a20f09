//! What somebody outside tries against the door (ID4), as one would: many addresses, many names, a session that
//! was prepared, a link that leads elsewhere.

use crate::bad_input::finish;
use crate::database::Database;
use beffroi_it::{ALICE, BOB, Browser, DOMAIN, House, PASSWORD, operations};
use serde_json::json;
use std::net::IpAddr;
use std::time::Instant;

/// The `n`th of ten thousand address blocks: all of 127.0.0.0/8 is loopback.
fn place(n: usize) -> IpAddr {
    IpAddr::from([127, 1, (n / 200) as u8, (n % 200 + 1) as u8])
}

#[tokio::test]
async fn ten_thousand_addresses_guess_no_faster_than_one_and_lock_nobody_out() {
    let house = House::town();
    let server = house.serve().await;
    let desk = Browser::signed_in(&server, ALICE).await;
    let begun = Instant::now();
    let (mut looked_at, mut waited) = (0, 0);
    for n in (0..10_000).step_by(20) {
        let guesses = (n..n + 20).map(|n| {
            let mut page = Browser { from: Some(place(n)), ..Browser::new(&server, DOMAIN) };
            async move { page.sign_in(ALICE, &format!("Printemps-{n}-fleuri")).await }
        });
        for answer in futures_util::future::join_all(guesses).await {
            match answer.status {
                401 => looked_at += 1,
                429 => waited += 1,
                other => panic!("{other}: {}", String::from_utf8_lossy(&answer.body)),
            }
        }
    }
    // Three for nothing, then one each time that the wait has doubled: for all of them together.
    let most = 3 + (begun.elapsed().as_secs() + 1).ilog2() as usize + 2;
    assert!(looked_at <= most && looked_at + waited == 10_000, "{looked_at} of at most {most}");
    // Alice, where she signs in every day, notices nothing; the right password from elsewhere waits.
    let mut again = Browser::new(&server, DOMAIN);
    again.sign_in(ALICE, PASSWORD).await.expect(200);
    desk.get("/api/rooms").await.expect(200);
    let mut elsewhere = Browser { from: Some(place(9_999)), ..Browser::new(&server, DOMAIN) };
    elsewhere.sign_in(ALICE, PASSWORD).await.expect(429);
    // What was not looked at left no row behind: a flood fills no disk.
    let mut database = Database::of(&house).await;
    let rows = database.number("SELECT COUNT(*) FROM wait_counter").await;
    assert!(rows <= 3 * (looked_at as i64 + 2), "{rows} rows for {looked_at} guesses");
    database.close().await;
    finish(server, &["Printemps"]).await;
}

#[tokio::test]
async fn one_address_that_tries_everybody_waits_and_the_others_do_not() {
    let house = House::town();
    let server = house.serve().await;
    let mut first_wait = None;
    for n in 0..40 {
        let mut page = Browser { from: Some(IpAddr::from([127, 9, 9, 9])), ..Browser::new(&server, DOMAIN) };
        let answer = page.sign_in(&format!("personne{n}@{DOMAIN}"), "Bienvenue-2026!").await;
        if answer.status == 429 && first_wait.is_none() {
            first_wait = Some(n);
        }
    }
    // A town hall behind one address may mistype twenty times; a list of names does not go on.
    assert!(first_wait.is_some_and(|n| (20..=24).contains(&n)), "{first_wait:?}");
    Browser::signed_in(&server, BOB).await;
    finish(server, &[]).await;
}

#[tokio::test]
async fn a_session_prepared_by_somebody_else_is_never_taken_over() {
    let house = House::town();
    let server = house.serve().await;
    // Fixation: a cookie that was there before signing in, made up or somebody's own, is not the one after it.
    let bobs = Browser::signed_in(&server, BOB).await.cookie;
    for planted in [Some("beffroi_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()), bobs] {
        let mut alice = Browser { cookie: planted.clone(), ..Browser::new(&server, DOMAIN) };
        alice.sign_in(ALICE, PASSWORD).await.expect(200);
        assert_ne!(alice.cookie, planted);
        let attacker = Browser { cookie: planted, ..Browser::new(&server, DOMAIN) };
        let seen = attacker.get("/api/session").await;
        assert!(seen.status == 401 || seen.json()["address"] == BOB, "{seen:?}");
        assert_eq!(alice.get("/api/session").await.expect(200).json()["address"], ALICE);
    }
    finish(server, &[]).await;
}

#[tokio::test]
async fn no_answer_leads_elsewhere() {
    let house = House::town();
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    const ELSEWHERE: &str = "https://mechant.test/";
    let asked = "next=https://mechant.test/&url=//mechant.test&redirect_uri=https://mechant.test/&return=https://mechant.test/";
    let mut paths: Vec<String> = operations().into_iter().map(|o| o.path.replace(['{', '}'], "")).collect();
    paths.extend(
        [
            "/",
            "/securite",
            "//mechant.test/",
            "/\\mechant.test",
            "/%2f%2fmechant.test",
            "/salon/https:%2F%2Fmechant.test",
        ]
        .map(str::to_owned),
    );
    for path in paths.iter().filter(|path| path.as_str() != "/xmpp-websocket") {
        let answer = alice
            .request("GET", &format!("{path}?{asked}"))
            .header("x-forwarded-host", "mechant.test")
            .send()
            .await;
        assert!(!(300..400).contains(&answer.status), "{path}: {}", answer.status);
        assert_eq!(answer.header("location"), None, "{path}");
        assert_eq!(answer.header("refresh"), None, "{path}");
    }
    let answer = alice
        .request("POST", "/api/session")
        .header("referer", ELSEWHERE)
        .json(&json!({"address": ALICE, "password": PASSWORD, "next": ELSEWHERE}))
        .send()
        .await;
    assert!(answer.header("location").is_none() && matches!(answer.status, 200 | 400 | 422), "{answer:?}");
    finish(server, &[]).await;
}
