//! A lost connection is no goodbye: seat and raised hand wait for whoever comes back.

use crate::guests::{join, meeting, told};
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, House, Talker, attribute};

/// The participants whose hands are up, in order, by address.
fn hands(state: &str) -> Vec<String> {
    let who = |id: &str| {
        let from = state.find(&format!("<participant id='{id}'")).expect("a hand belongs to a participant");
        attribute(&state[from..], "participant", "address").expect("a participant has an address").to_owned()
    };
    state
        .split("<hand participant='")
        .skip(1)
        .map(|rest| who(rest.split('\'').next().unwrap_or("")))
        .collect()
}

/// Alice, Bob and Claire in a meeting, Bob's hand up before Alice's.
async fn three(alice: &mut Talker, bob: &mut Talker, claire: &mut Talker) {
    meeting(alice, "set", "<ring/>").await;
    for talker in [&mut *alice, &mut *bob, &mut *claire] {
        join(talker).await;
    }
    meeting(bob, "set", "<hand raised='true'/>").await;
    meeting(alice, "set", "<hand raised='true'/>").await;
    told(claire, "both hands", |m| m.matches("<hand ").count() == 2).await;
}

#[tokio::test]
async fn a_window_that_connects_again_takes_its_seat_and_its_hand_back() {
    let house = House::town();
    let server = house.serve().await;
    let bobs = Browser::signed_in(&server, BOB).await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut claire = Talker::connect(&Browser::signed_in(&server, CLAIRE).await).await;
    let mut bob = Talker::connect_as(&bobs, "web-1").await;
    three(&mut alice, &mut bob, &mut claire).await;
    drop(bob);
    let mut bob = Talker::connect_as(&bobs, "web-1").await;
    let state = meeting(&mut bob, "get", "<state/>").await;
    assert_eq!(attribute(&state, "meeting", "me"), Some("P2"), "{state}");
    assert_eq!(hands(&state), [BOB, ALICE]);
    // The seat is his: what he does from there is done.
    let lowered = meeting(&mut bob, "set", "<hand raised='false'/>").await;
    assert_eq!(attribute(&lowered, "iq", "type"), Some("result"), "{lowered}");
    told(&mut claire, "only Alice's hand", |m| hands(m) == [ALICE]).await;
    let without = |f: &&String| f.contains("<participant ") && !f.contains(BOB);
    assert_eq!(claire.heard.iter().find(without), None, "he was never away");
}

#[tokio::test]
async fn a_page_loaded_again_comes_in_on_its_place_with_its_hand_where_it_was() {
    let house = House::town();
    let server = house.serve().await;
    let bobs = Browser::signed_in(&server, BOB).await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut claire = Talker::connect(&Browser::signed_in(&server, CLAIRE).await).await;
    let mut bob = Talker::connect(&bobs).await;
    three(&mut alice, &mut bob, &mut claire).await;
    drop(bob);
    let mut bob = Talker::connect(&bobs).await;
    assert_eq!(join(&mut bob).await, "P4");
    let state = told(&mut claire, "Bob again", |m| m.contains("'P4'")).await;
    assert_eq!(hands(&state), [BOB, ALICE]);
    assert_eq!(state.matches("<participant ").count(), 3, "{state}");
    // And who does not come back is given up: only the two others are left.
    drop(bob);
    told(&mut claire, "Bob gone", |m| m.matches("<participant ").count() < 3 && !m.contains("'P4'")).await;
}

#[tokio::test]
async fn a_seat_that_waits_goes_with_the_session_that_holds_it() {
    let house = House::town();
    let server = house.serve().await;
    let bobs = Browser::signed_in(&server, BOB).await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut claire = Talker::connect(&Browser::signed_in(&server, CLAIRE).await).await;
    let mut bob = Talker::connect_as(&bobs, "web-1").await;
    three(&mut alice, &mut bob, &mut claire).await;
    drop(bob);
    bobs.delete("/api/session").await.expect(204);
    told(&mut claire, "Bob gone", |m| !m.contains(BOB)).await;
    // His next session is another one: there is no seat to take back.
    let mut bob = Talker::connect_as(&Browser::signed_in(&server, BOB).await, "web-1").await;
    let state = meeting(&mut bob, "get", "<state/>").await;
    assert_eq!(attribute(&state, "meeting", "me"), None, "{state}");
}
