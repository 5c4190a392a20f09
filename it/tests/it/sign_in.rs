//! Signing in: the growing wait, and nothing that tells who exists.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, BOB, Browser, DOMAIN, House, PASSWORD};
use std::net::{IpAddr, Ipv4Addr};

const WRONG: &str = "Ce-n’est-pas-le-bon-1";

fn from(server: &beffroi_it::Server, last: u8) -> Browser {
    Browser { from: Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))), ..Browser::new(server, DOMAIN) }
}

/// Wrong passwords until the server says to wait; what it answered before and then.
async fn fail(page: &mut Browser, address: &str) -> (Vec<Answer>, Answer) {
    let mut before = vec![];
    for _ in 0..40 {
        let answer = page.sign_in(address, WRONG).await;
        if answer.status == 429 {
            return (before, answer);
        }
        before.push(answer);
    }
    panic!("forty wrong passwords in a row and no wait");
}

#[tokio::test]
async fn after_failures_one_waits_and_is_told_how_long_known_or_not() {
    let house = House::town();
    let server = house.serve().await;
    let (known, wait) = fail(&mut from(&server, 2), ALICE).await;
    let (unknown, wait_too) = fail(&mut from(&server, 3), "personne@mairie.test").await;
    assert!(known.len() >= 3 && unknown.len() >= 3);
    let said = |a: &Answer| (a.status, a.json(), a.header("set-cookie").map(str::to_owned));
    for answer in known.iter().chain(&unknown) {
        assert_eq!(said(answer), said(&known[0]), "an account that does not exist is told from none");
        assert_eq!((answer.status, answer.json()["title"].as_str()), (401, Some("wrong-credentials")));
    }
    for answer in [&wait, &wait_too] {
        let body = answer.json();
        assert_eq!(body["title"], "wait");
        let seconds = body["wait_s"].as_u64().unwrap();
        assert!(seconds >= 1, "{body}");
        assert_eq!(answer.header("retry-after"), Some(seconds.to_string().as_str()));
    }
    let closed = from(&server, 4).sign_in("pas une adresse", WRONG).await;
    assert_eq!(said(&closed), said(&known[0]));
}

#[tokio::test]
async fn the_wait_outlives_a_restart_and_never_locks_a_colleague_out_from_elsewhere() {
    let house = House::town();
    let server = house.serve().await;
    // Alice signed in from her desk (127.0.0.1) once; somebody guesses from 127.0.0.9.
    Browser::signed_in(&server, ALICE).await;
    fail(&mut from(&server, 9), ALICE).await;
    // As if they had gone on for an hour: twelve failures make one wait 512 seconds.
    let mut database = Database::of(&house).await;
    assert!(database.run("UPDATE wait_counter SET failures = 12 WHERE place NOT LIKE 'block %'").await >= 2);
    let waits = async |server: &beffroi_it::Server| {
        let answer = from(server, 9).sign_in(ALICE, PASSWORD).await.expect(429);
        assert!(answer.json()["wait_s"].as_u64().is_some_and(|s| s > 60), "even the right password waits");
    };
    waits(&server).await;
    // From a place she never was at, she would wait too; from her desk she does not.
    from(&server, 10).sign_in(ALICE, PASSWORD).await.expect(429);
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(200);
    server.stop().await;
    let server = house.serve().await;
    waits(&server).await;
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(200);
    // Bob was never guessed at.
    from(&server, 11).sign_in(BOB, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_guesses_sent_at_once_one_is_looked_at() {
    let house = House::town();
    let server = house.serve().await;
    from(&server, 12).sign_in(ALICE, WRONG).await.expect(401);
    // As if eleven had failed, and their 256 seconds had just passed: the next one may be made.
    let mut database = Database::of(&house).await;
    assert_eq!(database.run("UPDATE wait_counter SET failures = 11, last_us = last_us - 300000000").await, 3);
    let guesses = (0..40).map(|_| async {
        let mut page = from(&server, 12);
        page.sign_in(ALICE, WRONG).await.status
    });
    let mut answers = futures_util::future::join_all(guesses).await;
    answers.sort_unstable();
    assert_eq!((answers[0], &answers[1..]), (401, &[429; 39][..]));
}

#[tokio::test]
async fn the_cookie_is_for_the_server_alone() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = Browser::new(&server, DOMAIN);
    let answer = page.sign_in("ALICE@Mairie.test", PASSWORD).await.expect(200);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let body = answer.json();
    let token = page.cookie.as_deref().unwrap().split('=').nth(1).unwrap();
    assert!(!body.to_string().contains(token), "no script ever sees the token");
    assert_eq!((body["address"].as_str(), body["role"].as_str()), (Some(ALICE), Some("agent")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let page = Browser::new(&server, DOMAIN).get("/api/page").await.json();
    assert_eq!(page["tenant"]["name"], "Mairie de Test");
    let content = Browser::new(&server, DOMAIN).get("/").await;
    let policy = content.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn forged_cookies_open_nothing() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let real = page.cookie.clone().unwrap();
    let shorter = real[..real.len() - 1].to_owned();
    let last = if real.ends_with('A') { "B" } else { "A" };
    for cookie in [
        "beffroi_session=".to_owned(),
        "beffroi_session=x".to_owned(),
        format!("{shorter}{last}"),
        shorter,
        format!("{real}{real}"),
        "beffroi_session=' OR 1=1 --".to_owned(),
        format!("beffroi_session={}", "A".repeat(8000)),
    ] {
        let mut forger = page.clone();
        forger.cookie = Some(cookie.clone());
        forger.get("/api/session").await.expect(401);
        forger.get("/api/rooms").await.expect(401);
    }
}
