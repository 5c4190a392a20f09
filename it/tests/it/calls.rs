//! One bell for two: who calls, who takes it, who says no, and what is left when nobody does.

use crate::guests::{OFFER, is_error};
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, House, Server, Talker, attribute, element, soon};
use serde_json::json;

/// Someone at their desk: signed in, connected, available.
async fn at_desk(page: &Browser) -> Talker {
    let mut talker = Talker::connect(page).await;
    talker.send("<presence xmlns='jabber:client'/>").await;
    talker.settle().await;
    talker
}

async fn ask(talker: &mut Talker, whom: &str, kind: &str, what: &str) -> String {
    talker.ask(kind, whom, &what.replacen("/>", " xmlns='urn:beffroi:meeting:0'/>", 1)).await
}

/// Rings for someone; the id of the meeting.
async fn ring(talker: &mut Talker, whom: &str) -> String {
    let rung = ask(talker, whom, "set", "<ring/>").await;
    attribute(&rung, "meeting", "id").unwrap_or_else(|| panic!("{rung}")).to_owned()
}

async fn try_join(talker: &mut Talker, with: &str) -> String {
    let join = format!("<join xmlns='urn:beffroi:meeting:0'><sdp>{OFFER}</sdp></join>");
    talker.ask("set", with, &join).await
}

async fn join(talker: &mut Talker, with: &str) {
    let joined = try_join(talker, with).await;
    assert_eq!(attribute(&joined, "iq", "type"), Some("result"), "{joined}");
}

/// The next word about a call, at the address of the other.
async fn call(talker: &mut Talker, state: &str) -> String {
    let is = |frame: &str| frame.starts_with("<message") && attribute(frame, "call", "state") == Some(state);
    talker.until(&format!("a call that {state}"), is).await
}

async fn over(talker: &mut Talker, reason: &str) {
    talker
        .until(reason, |f| f.starts_with("<message") && attribute(f, "meeting", "reason") == Some(reason))
        .await;
}

/// The state of the meeting as it was told to someone for whom it `is` so.
async fn told(talker: &mut Talker, what: &str, is: impl Fn(&str) -> bool) -> String {
    talker.until(what, |f| f.starts_with("<message") && element(f, "meeting").is_some_and(&is)).await
}

/// What happened between two, in order, as one of them reads it.
async fn timeline(talker: &mut Talker, with: &str) -> Vec<&'static str> {
    let (page, _) = talker.archive("", Some(with), "<max>100</max>").await;
    let kinds = ["meeting-started", "meeting-ended", "call-missed", "call-declined"];
    page.iter().filter_map(|f| kinds.into_iter().find(|kind| element(f, kind).is_some())).collect()
}

/// That this is what happened between two, in order. The end of a call is told at once and written a moment
/// later: what is not there yet is awaited.
async fn reads(talker: &mut Talker, with: &str, expected: &[&str]) {
    let written = async {
        loop {
            let seen = timeline(talker, with).await;
            if seen.len() >= expected.len() {
                break seen;
            }
        }
    };
    assert_eq!(soon("what happened between two", written).await, expected);
}

async fn pair(page: &Browser) -> serde_json::Value {
    let rooms = page.get("/api/rooms").await.expect(200).json();
    let found = rooms.as_array().into_iter().flatten().find(|room| room["kind"] == "direct");
    found.unwrap_or_else(|| panic!("nobody to speak with in {rooms}")).clone()
}

async fn pages(server: &Server) -> (Browser, Browser) {
    (Browser::signed_in(server, ALICE).await, Browser::signed_in(server, BOB).await)
}

#[tokio::test]
async fn a_call_rings_on_every_window_until_one_takes_it_and_ends_when_one_goes() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut desk) = (at_desk(&page).await, at_desk(&bobs).await);
    // They never wrote to each other: ringing makes their room, as writing does.
    let id = ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    let rings = call(&mut desk, "rings").await;
    assert_eq!(attribute(&rings, "message", "from"), Some(ALICE));
    let read = |key| attribute(&rings, "call", key);
    assert_eq!(
        (read("id"), read("by"), read("by-name")),
        (Some(id.as_str()), Some(ALICE), Some("Alice Martin"))
    );
    let state = told(&mut alice, "whom she calls", |m| m.contains("<called ")).await;
    let called = |key| attribute(&state, "called", key);
    assert_eq!(
        (called("address"), called("name"), called("reached")),
        (Some(BOB), Some("Bob Lambert"), Some("true"))
    );
    for page in [&page, &bobs] {
        assert_eq!(pair(page).await["meeting"], true);
    }
    // A window that opens while it rings, rings.
    let mut phone = at_desk(&bobs).await;
    call(&mut phone, "rings").await;
    join(&mut phone, ALICE).await;
    for window in [&mut desk, &mut alice] {
        call(window, "taken").await;
    }
    let both = |m: &str| m.matches("<participant ").count() == 2 && !m.contains("<called ");
    let state = told(&mut alice, "both inside", both).await;
    assert_eq!(attribute(&state, "message", "from"), Some(BOB), "each sees it at the other's address");
    let state = told(&mut phone, "both inside", both).await;
    assert_eq!(attribute(&state, "message", "from"), Some(ALICE));
    ask(&mut phone, ALICE, "set", "<hand raised='true'/>").await;
    told(&mut alice, "Bob's hand", |m| m.contains("<hand ")).await;
    // What is written in the meeting belongs to it, as in a room.
    alice
        .send(&format!("<message xmlns='jabber:client' type='chat' to='{BOB}' id='t1'><body>Oui</body><thread>{id}</thread></message>"))
        .await;
    assert_eq!(beffroi_it::text(&phone.message("t1").await, "thread"), Some(id.as_str()));

    ask(&mut alice, BOB, "set", "<leave/>").await;
    over(&mut phone, "ended").await;
    reads(&mut alice, BOB, &["meeting-started", "meeting-ended"]).await;
    reads(&mut desk, ALICE, &["meeting-started", "meeting-ended"]).await;
    assert_eq!(pair(&bobs).await["meeting"], false);
    assert!(is_error(&try_join(&mut phone, ALICE).await, "item-not-found"), "one alone is no call");
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn who_declines_is_heard_and_who_hangs_up_leaves_a_missed_call() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    call(&mut bob, "rings").await;
    assert!(
        is_error(&ask(&mut alice, BOB, "set", "<decline/>").await, "item-not-found"),
        "nobody rings for her"
    );
    let declined = ask(&mut bob, ALICE, "set", "<decline/>").await;
    assert_eq!(attribute(&declined, "iq", "type"), Some("result"), "{declined}");
    over(&mut alice, "declined").await;
    call(&mut bob, "over").await;
    assert!(is_error(&ask(&mut bob, ALICE, "set", "<decline/>").await, "item-not-found"));
    assert_eq!(pair(&bobs).await["unread"], 0, "he has seen what he declined");

    ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    call(&mut bob, "rings").await;
    ask(&mut alice, BOB, "set", "<leave/>").await;
    call(&mut bob, "over").await;
    let expected = ["meeting-started", "call-declined", "meeting-started", "call-missed"];
    reads(&mut bob, ALICE, &expected).await;
    reads(&mut alice, BOB, &expected).await;
    assert_eq!(
        (pair(&bobs).await["unread"].as_i64(), pair(&page).await["unread"].as_i64()),
        (Some(1), Some(0))
    );
}

#[tokio::test]
async fn with_nobody_there_it_says_so_rings_out_and_waits_to_be_seen() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let mut alice = at_desk(&page).await;
    ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    let state = told(&mut alice, "whom she calls", |m| m.contains("<called ")).await;
    assert_eq!(attribute(&state, "called", "reached"), Some("false"));
    // Somebody comes home and goes again: she sees both.
    let bob = at_desk(&bobs).await;
    told(&mut alice, "somebody there", |m| m.contains("reached='true'")).await;
    drop(bob);
    told(&mut alice, "nobody there", |m| m.contains("reached='false'")).await;
    call(&mut alice, "over").await;
    let mut bob = at_desk(&bobs).await;
    reads(&mut bob, ALICE, &["meeting-started", "call-missed"]).await;
    let room = pair(&bobs).await;
    assert_eq!((room["unread"].as_i64(), room["meeting"].as_bool()), (Some(1), Some(false)));
    bob.settle().await;
    assert!(bob.heard.iter().all(|f| element(f, "call").is_none()), "what is over rings no more");
}

#[tokio::test]
async fn two_who_call_each_other_at_once_meet() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    let (first, second) = tokio::join!(ring(&mut alice, BOB), ring(&mut bob, ALICE));
    assert_eq!(first, second, "one bell");
    let ((), ()) = tokio::join!(join(&mut alice, BOB), join(&mut bob, ALICE));
    for talker in [&mut alice, &mut bob] {
        told(talker, "both inside", |m| m.matches("<participant ").count() == 2 && !m.contains("<called "))
            .await;
    }
    reads(&mut alice, BOB, &["meeting-started"]).await;
}

#[tokio::test]
async fn who_loads_the_page_again_comes_back_into_the_call() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    join(&mut bob, ALICE).await;
    drop(alice);
    let mut again = at_desk(&page).await;
    join(&mut again, BOB).await;
    told(&mut bob, "both inside again", |m| m.matches("<participant ").count() == 2 && m.contains("'P3'"))
        .await;
    ask(&mut again, BOB, "set", "<leave/>").await;
    over(&mut bob, "ended").await;
}

#[tokio::test]
async fn a_third_person_finds_no_call_by_any_address() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    let claires = Browser::signed_in(&server, CLAIRE).await;
    let mut claire = at_desk(&claires).await;
    let id = ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    // The address that the room would have if it were one of many, told by somebody who knows its id.
    let room = pair(&page).await["id"].as_str().unwrap().to_owned();
    let slug = format!("direct-{room}@rooms.mairie.test");
    for talker in [&mut claire, &mut bob] {
        assert!(talker.try_enter(&slug).await.contains("<item-not-found "));
        for what in ["<ring/>", "<decline/>", "<end/>", "<hand raised='true'/>"] {
            assert!(is_error(&ask(talker, &slug, "set", what).await, "item-not-found"), "{what}");
        }
        assert!(is_error(&try_join(talker, &slug).await, "item-not-found"));
        assert!(is_error(&ask(talker, &slug, "get", "<state/>").await, "item-not-found"));
        let info = talker.ask("get", &slug, "<query xmlns='http://jabber.org/protocol/disco#info'/>").await;
        assert!(is_error(&info, "item-not-found"), "{info}");
    }
    let items =
        bob.ask("get", "rooms.mairie.test", "<query xmlns='http://jabber.org/protocol/disco#items'/>").await;
    assert!(!items.contains("direct-"), "{items}");
    // From her, the address of either leads to her own conversation with them.
    for whom in [ALICE, BOB] {
        for what in ["<decline/>", "<end/>", "<hand raised='true'/>"] {
            assert!(is_error(&ask(&mut claire, whom, "set", what).await, "item-not-found"), "{what}");
        }
        assert!(is_error(&try_join(&mut claire, whom).await, "item-not-found"));
    }
    assert_ne!(ring(&mut claire, BOB).await, id);
    claires.get(&format!("/api/rooms/{room}")).await.expect(403);
    // Nobody comes in by a link either.
    let link = page.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(403).json();
    assert_eq!(link["rule"], "pair");
    claire.settle().await;
    assert!(!claire.heard.join("\n").contains(&id), "nothing of it came to her");
}

#[tokio::test]
async fn a_call_ends_with_the_account_of_either() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    ring(&mut alice, BOB).await;
    join(&mut alice, BOB).await;
    join(&mut bob, ALICE).await;
    // By the operator at the machine, in a process of its own: the server finds out by itself.
    house.run(&["account", "disable", BOB]).well();
    let last = bob.until_end().await;
    assert!(last.iter().any(|f| f.contains("<not-authorized")), "{last:?}");
    over(&mut alice, "ended").await;
    reads(&mut alice, BOB, &["meeting-started", "meeting-ended"]).await;
    assert!(is_error(&ask(&mut alice, BOB, "set", "<ring/>").await, "item-not-found"), "nobody to call");
}

#[tokio::test]
async fn a_power_cut_leaves_a_missed_call_or_an_ended_one() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = pages(&server).await;
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    ring(&mut alice, BOB).await;
    call(&mut bob, "rings").await;
    server.kill();
    let server = house.serve().await;
    let (page, bobs) = (page.at(&server), bobs.at(&server));
    let (mut alice, mut bob) = (at_desk(&page).await, at_desk(&bobs).await);
    reads(&mut bob, ALICE, &["meeting-started", "call-missed"]).await;
    ring(&mut bob, ALICE).await;
    join(&mut bob, ALICE).await;
    join(&mut alice, BOB).await;
    call(&mut bob, "taken").await;
    server.kill();
    let server = house.serve().await;
    let mut alice = at_desk(&page.at(&server)).await;
    let expected = ["meeting-started", "call-missed", "meeting-started", "meeting-ended"];
    reads(&mut alice, BOB, &expected).await;
    server.stop().await;
}
