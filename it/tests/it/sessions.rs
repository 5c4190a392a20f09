//! Sessions: seen and ended by their owner, over at their limits; invitations, which begin them.

use crate::database::Database;
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, DOMAIN, House, PASSWORD, Talker};
use serde_json::json;

async fn told_signed_out(talker: &mut Talker) {
    let last = talker.until_end().await;
    assert!(last.iter().any(|f| f.contains("<not-authorized")), "{last:?}");
}

#[tokio::test]
async fn one_sees_ones_sessions_and_ends_another_whose_stream_goes_with_it() {
    let house = House::town();
    let server = house.serve().await;
    let (desk, cafe) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, ALICE).await);
    let mut forgotten = Talker::connect(&cafe).await;
    let mut kept = Talker::connect(&desk).await;
    let sessions = desk.get("/api/sessions").await.expect(200).json();
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|s| s["agent"] == "Essai"));
    let other = sessions.iter().find(|s| s["current"] == false).unwrap()["id"].as_str().unwrap();

    let bob = Browser::signed_in(&server, BOB).await;
    bob.delete(&format!("/api/sessions/{other}")).await.expect(404);
    cafe.get("/api/session").await.expect(200);

    desk.delete(&format!("/api/sessions/{other}")).await.expect(204);
    told_signed_out(&mut forgotten).await;
    cafe.get("/api/session").await.expect(401);
    desk.delete(&format!("/api/sessions/{other}")).await.expect(404);
    kept.settle().await;

    let answer = desk.delete("/api/session").await.expect(204);
    assert!(answer.header("set-cookie").is_some_and(|c| c.contains("Max-Age=0")));
    told_signed_out(&mut kept).await;
    desk.get("/api/rooms").await.expect(401);
}

#[tokio::test]
async fn a_session_ends_at_its_limits_and_its_stream_with_it() {
    let house = House::town();
    let server = house.serve().await;
    let mut database = Database::of(&house).await;
    for (limit, sql) in [
        ("idle", "UPDATE session SET last_used_us = last_used_us - 3660000000"),
        ("absolute", "UPDATE session SET created_us = created_us - 43260000000"),
    ] {
        let page = Browser::signed_in(&server, ALICE).await;
        let mut talker = Talker::connect(&page).await;
        page.get("/api/session").await.expect(200);
        assert!(database.run(sql).await >= 1, "{limit}");
        told_signed_out(&mut talker).await;
        page.get("/api/session").await.expect(401);
        assert!(Talker::knock(&page).await.is_ok(), "the door is open, the session is not");
    }
}

#[tokio::test]
async fn use_and_the_wish_to_stay_push_the_idle_limit_back_but_not_the_absolute_one() {
    let house = House::town();
    let server = house.serve().await;
    let mut database = Database::of(&house).await;
    let page = Browser::signed_in(&server, ALICE).await;
    let ends = async |page: &Browser| {
        let body = page.get("/api/session").await.expect(200).json();
        let at = |key: &str| body[key].as_i64().unwrap();
        (at("idle_ends_us") - at("now_us"), at("absolute_ends_us"))
    };
    // The lock, which comes earlier, has tests of its own.
    house.run(&["tenant", "lock", DOMAIN, "--phone", "1440", "--desk", "1440"]).well();
    let fifty_minutes = "UPDATE session SET last_used_us = last_used_us - 3000000000";
    database.run(fifty_minutes).await;
    let (idle, absolute) = ends(&page).await;
    assert!(idle < 700_000_000, "reading alone is not use: a page left open must end, {idle}");
    let extended = page.post("/api/session/extend", &json!({})).await.expect(200).json();
    assert!(extended["idle_ends_us"].as_i64() > Some(extended["now_us"].as_i64().unwrap() + 3_500_000_000));
    assert_eq!(ends(&page).await.1, absolute);

    database.run(fifty_minutes).await;
    page.post("/api/direct", &json!({"address": BOB})).await.expect(200);
    assert!(ends(&page).await.0 > 3_500_000_000, "changing something is use");

    let mut talker = Talker::connect(&page).await;
    talker.settle().await;
    database.run(fifty_minutes).await;
    let mut talker = Talker::connect(&page).await;
    talker.say_to(BOB, "u1", "Toujours là").await;
    talker.settle().await;
    assert!(ends(&page).await.0 > 3_500_000_000, "writing is use");
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::town();
    let server = house.serve().await;
    let (desk, cafe) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, ALICE).await);
    let mut forgotten = Talker::connect(&cafe).await;
    let new = "Brume-tiède-7-horloges";
    desk.post("/api/password", &json!({"old": "pas celui-là", "new": new})).await.expect(401);
    let weak = desk.post("/api/password", &json!({"old": PASSWORD, "new": "court"})).await.expect(422).json();
    assert!(
        weak["weaknesses"].as_array().is_some_and(|w| w.iter().any(|w| w["code"] == "too-short")),
        "{weak}"
    );
    cafe.get("/api/session").await.expect(200);
    desk.post("/api/password", &json!({"old": PASSWORD, "new": new})).await.expect(204);
    told_signed_out(&mut forgotten).await;
    cafe.get("/api/session").await.expect(401);
    desk.get("/api/session").await.expect(200);
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(401);
    Browser::new(&server, DOMAIN).sign_in(ALICE, new).await.expect(200);
}

#[tokio::test]
async fn an_invitation_opens_once_and_for_an_hour() {
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let invite = async |address: &str| {
        let new = json!({"address": address, "name": "Gus Petit"});
        let link = claire.post("/api/admin/accounts", &new).await.expect(201).json();
        link["link"].as_str().and_then(|l| l.rsplit('/').next()).unwrap().to_owned()
    };
    let token = invite("gus@mairie.test").await;
    let mut gus = Browser::new(&server, DOMAIN);
    let path = format!("/api/invitations/{token}");
    let shown = gus.get(&path).await.expect(200).json();
    assert_eq!(
        (shown["address"].as_str(), shown["kind"].as_str()),
        (Some("gus@mairie.test"), Some("invitation"))
    );
    let accept = |gus: &Browser, password: &str| {
        gus.request("POST", &path).json(&json!({"password": password})).send()
    };
    let weak = accept(&gus, "gus@mairie.test").await.expect(422).json();
    assert!(weak["weaknesses"].as_array().is_some_and(|w| !w.is_empty()), "{weak}");
    let answer = accept(&gus, PASSWORD).await.expect(200);
    gus.keep(&answer);
    gus.get("/api/rooms").await.expect(200);
    accept(&Browser::new(&server, DOMAIN), PASSWORD).await.expect(404);
    gus.get(&path).await.expect(404);

    let old = invite("hugo@mairie.test").await;
    Database::of(&house).await.run("UPDATE invitation SET expires_us = expires_us - 3600000000").await;
    gus.get(&format!("/api/invitations/{old}")).await.expect(404);
    let late = gus.post(&format!("/api/invitations/{old}"), &json!({"password": PASSWORD})).await;
    late.expect(404);
    gus.get("/api/invitations/nothing").await.expect(404);

    let reset = claire.post("/api/admin/accounts/gus@mairie.test/reset", &json!({})).await.expect(200).json();
    let token = reset["link"].as_str().and_then(|l| l.rsplit('/').next()).unwrap().to_owned();
    let path = format!("/api/invitations/{token}");
    assert_eq!(gus.get(&path).await.expect(200).json()["kind"], "reset");
    let new = json!({"password": "Brume-tiède-7-horloges"});
    Browser::new(&server, DOMAIN).request("POST", &path).json(&new).send().await.expect(200);
    gus.get("/api/session").await.expect(401);
}

#[tokio::test]
async fn an_account_that_is_disabled_is_out_at_once_and_comes_back_when_enabled() {
    let house = House::town();
    let server = house.serve().await;
    let (claire, bob) = (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, BOB).await);
    let mut talker = Talker::connect(&bob).await;
    claire.post(&format!("/api/admin/accounts/{CLAIRE}/disable"), &json!({})).await.expect(409);
    claire.post(&format!("/api/admin/accounts/{BOB}/disable"), &json!({})).await.expect(204);
    bob.get("/api/session").await.expect(401);
    told_signed_out(&mut talker).await;
    Browser::new(&server, DOMAIN).sign_in(BOB, PASSWORD).await.expect(401);
    let people = claire.get("/api/people").await.json();
    assert!(!people.to_string().contains(BOB), "{people}");
    claire.post(&format!("/api/admin/accounts/{BOB}/enable"), &json!({})).await.expect(204);
    Browser::signed_in(&server, BOB).await;
}
