//! Signing in: the growing wait, and nothing that tells who exists.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD};
use serde_json::json;
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
async fn a_known_browser_never_waits_for_what_strangers_behind_its_address_guess() {
    let house = House::town();
    let server = house.serve().await;
    let mut database = Database::of(&house).await;
    // As if they had gone on for an hour.
    let go_on = "UPDATE wait_counter SET failures = 40";
    let mut alice = from(&server, 20);
    let welcome = alice.sign_in(ALICE, PASSWORD).await.expect(200);
    let given = welcome.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, cookie)| cookie);
    let cookie = given.clone().find(|cookie| cookie.starts_with("beffroi_known=")).unwrap();
    for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/api", "Max-Age=31536000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(given.count(), 2);
    let known = alice.known.clone().unwrap();
    let bobs = {
        let mut page = from(&server, 21);
        page.sign_in(BOB, PASSWORD).await.expect(200);
        page.known.unwrap()
    };

    // A stranger in the same house, whose address Alice signed in from, guesses at her and at others.
    fail(&mut from(&server, 20), ALICE).await;
    fail(&mut from(&server, 20), "personne@mairie.test").await;
    assert!(database.run(go_on).await >= 4);
    let shows = async |known: Option<String>, password: &str| {
        let mut page = Browser { known, ..from(&server, 20) };
        (page.sign_in(ALICE, password).await.status, page.known)
    };
    let token = known.split_once('=').unwrap().1.to_owned();
    let last = if token.ends_with('A') { "B" } else { "A" };
    for worth_nothing in [
        None,
        Some(bobs),
        Some("beffroi_known=".into()),
        Some(format!("beffroi_known={}", "A".repeat(43))),
        Some(format!("beffroi_known={}{last}", &token[..42])),
        Some(format!("beffroi_known={}.{token}", ["x"; 4].join("."))),
        Some(format!("beffroi_known={}", ".".repeat(8000))),
    ] {
        let said = format!("{worth_nothing:?}");
        assert_eq!(shows(worth_nothing, PASSWORD).await.0, 429, "{said}");
    }
    let (entered, renewed) = shows(Some(known.clone()), PASSWORD).await;
    assert_eq!(entered, 200, "her browser enters at once");
    assert_ne!(renewed.as_ref(), Some(&known));
    assert_eq!(shows(Some(known), PASSWORD).await.0, 429, "what it showed before is worth nothing any more");
    // It is no proof of who she is, and whoever copied it waits as everybody does, apart from the others.
    for _ in 0..3 {
        assert_eq!(shows(renewed.clone(), WRONG).await.0, 401);
    }
    assert_eq!(shows(renewed.clone(), WRONG).await.0, 429);
    database.run("DELETE FROM wait_counter WHERE place LIKE 'browser %'").await;
    let (entered, renewed) = shows(renewed, PASSWORD).await;
    assert_eq!(entered, 200);
    assert!(database.number("SELECT MIN(failures) FROM wait_counter").await >= 40, "she forgave nobody else");

    // At an address that nobody has, a cookie changes nothing: the answer does not tell who is here.
    let mut page = Browser { known: renewed.clone(), ..from(&server, 22) };
    let unknown = page.sign_in("nul@mairie.test", WRONG).await.expect(401);
    let mut page = Browser { known: renewed, ..from(&server, 23) };
    let exists = page.sign_in(ALICE, WRONG).await.expect(401);
    assert_eq!(unknown.json(), exists.json());
    crate::bad_input::finish(server, &[&token]).await;
}

#[tokio::test]
async fn a_browser_is_known_to_two_accounts_and_to_each_until_it_is_sent_out() {
    let house = House::town();
    let server = house.serve().await;
    let mut database = Database::of(&house).await;
    let mut page = from(&server, 30);
    page.sign_in(ALICE, PASSWORD).await.expect(200);
    page.sign_in(BOB, PASSWORD).await.expect(200);
    let mut laptop = from(&server, 31);
    laptop.sign_in(ALICE, PASSWORD).await.expect(200);
    for named in [ALICE, BOB, CLAIRE] {
        fail(&mut from(&server, 30), named).await;
    }
    database.run("UPDATE wait_counter SET failures = 40").await;
    // Signing out is no reason to be a stranger.
    page.delete("/api/session").await.expect(204);
    for (named, entered) in [(ALICE, 200), (BOB, 200), (CLAIRE, 429), (ALICE, 200)] {
        page.sign_in(named, PASSWORD).await.expect(entered);
    }
    // The laptop is sent out from elsewhere: a stranger from then on, even where it was.
    let sessions = page.get("/api/sessions").await.expect(200).json();
    let lost = sessions.as_array().unwrap().iter().find(|one| one["place"] == "127.0.0.31/32").unwrap();
    page.delete(&format!("/api/sessions/{}", lost["id"].as_str().unwrap())).await.expect(204);
    let mut elsewhere = Browser { known: laptop.known.clone(), ..from(&server, 30) };
    elsewhere.sign_in(ALICE, PASSWORD).await.expect(429);

    // Another password: what was copied before is worth nothing, the browser that chose it stays known.
    let copied = page.known.clone();
    let new = "Brume-tiède-7-horloges";
    let chosen = page.post("/api/password", &json!({"old": PASSWORD, "new": new})).await.expect(204);
    let mut thief = Browser { known: copied, ..from(&server, 30) };
    thief.sign_in(ALICE, new).await.expect(429);
    let cookie = chosen.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mut known = Browser { known: Some(cookie), ..from(&server, 30) };
    known.sign_in(ALICE, new).await.expect(200);
    // Whoever is closed leaves none behind.
    house.run(&["account", "disable", ALICE]).well();
    let left = "SELECT COUNT(*) FROM known_browser k JOIN account a ON a.id = k.account WHERE a.address = 'alice@mairie.test'";
    assert_eq!(database.number(left).await, 0);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn whoever_waits_as_told_is_let_in() {
    let house = House::town();
    let server = house.serve().await;
    let mut page = from(&server, 40);
    let (_, told) = fail(&mut page, ALICE).await;
    let seconds = told.json()["wait_s"].as_u64().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    // The one place where the wait passes for real. Asking too soon is turned away and makes it no longer.
    let mut answer = page.sign_in(ALICE, PASSWORD).await.expect(429);
    while answer.status == 429 {
        assert!(answer.json()["wait_s"].as_u64().unwrap() <= seconds, "{answer:?}");
        answer = page.sign_in(ALICE, PASSWORD).await;
    }
    answer.expect(200);
}

#[tokio::test]
async fn of_two_hundred_at_once_each_is_answered_or_told_to_come_back_and_nobody_inside_waits() {
    let house = House::town();
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    // Whom nobody knows costs the same work as anybody.
    let crowd = (1..=200_u8).map(|n| {
        let place = IpAddr::V4(Ipv4Addr::new(127, 2, 0, n));
        let mut page = Browser { from: Some(place), ..Browser::new(&server, DOMAIN) };
        async move { page.sign_in(&format!("personne{n}@mairie.test"), WRONG).await }
    });
    let (crowd, rooms) =
        tokio::join!(futures_util::future::join_all(crowd), async { alice.get("/api/rooms").await.status });
    assert_eq!(rooms, 200);
    let busy: Vec<_> = crowd.iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty(), "the queue has an end");
    for answer in busy {
        assert!(answer.json()["detail"].as_str().is_some_and(|said| said.len() > 20), "{answer:?}");
    }
    let others: Vec<_> = crowd.iter().map(|a| a.status).filter(|s| ![401, 503].contains(s)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(crowd.iter().any(|answer| answer.status == 401));
    from(&server, 41).sign_in(BOB, PASSWORD).await.expect(200);
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
