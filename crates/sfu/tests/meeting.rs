//! What people in a meeting hear and see of each other, with real WebRTC clients.
#![allow(clippy::unwrap_used)]

mod world;

use beffroi_sfu::Kind;
use world::{Received, World};

fn marks(received: &[Received]) -> Vec<(u32, u32)> {
    received.iter().map(Received::mark).collect()
}

fn numbers(from: u32, to: u32, of: u32) -> Vec<(u32, u32)> {
    (from..to).map(|number| (number, of)).collect()
}

#[track_caller]
fn assert_unbroken(received: &[Received]) {
    for pair in received.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1, "sequence numbers of one slot leave no gap");
        assert_eq!(pair[1].ssrc, pair[0].ssrc, "a slot is one stream for its receiver");
    }
}

#[test]
fn what_one_sends_all_others_receive_and_nobody_else() {
    let mut world = World::with([1, 2, 3]);
    world.turn(1, true, true, false);
    world.speak(1, -30, 20);
    world.film(1, Kind::Video, 0..10, true);
    for receiver in [2, 3] {
        assert_eq!(marks(&world.got(receiver, 1, Kind::Audio)), numbers(0, 20, 1));
        assert_eq!(marks(&world.got(receiver, 1, Kind::Video)), numbers(0, 10, 1));
        assert_unbroken(&world.got(receiver, 1, Kind::Audio));
    }
    assert!(world.clients[&1].received.is_empty(), "nobody hears themselves");
}

#[test]
fn what_is_off_is_not_forwarded_whatever_the_client_sends() {
    let mut world = World::with([1, 2]);
    world.speak(1, -30, 5);
    world.film(1, Kind::Video, 0..5, true);
    assert!(world.clients[&2].received.is_empty(), "nothing before it was said to be on");
    world.turn(1, true, true, false);
    world.speak(1, -30, 5);
    world.film(1, Kind::Video, 10..15, true);
    world.turn(1, false, false, false);
    let before = world.clients[&2].received.len();
    assert_eq!(before, 10);
    world.speak(1, -30, 5);
    world.film(1, Kind::Video, 20..25, true);
    assert_eq!(world.clients[&2].received.len(), before, "nothing after it was said to be off");
    world.turn(1, true, true, false);
    world.speak(1, -30, 5);
    world.film(1, Kind::Video, 30..35, true);
    assert_eq!(world.clients[&2].received.len(), before + 10);
    assert_unbroken(&world.got(2, 1, Kind::Audio));
    assert_unbroken(&world.got(2, 1, Kind::Video));
}
