//! What people in a meeting hear and see of each other, with real WebRTC clients.
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use beffroi_sfu::{Event, Gone, Kind, Participant, Transmit};
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

#[test]
fn who_leaves_frees_their_slots_and_the_streams_of_others_go_on() {
    let mut world = World::with([1, 2, 3]);
    for id in 1..=3 {
        world.turn(id, true, true, false);
    }
    let kept = world.slot(3, 2, Kind::Audio);
    let freed = world.slot(3, 1, Kind::Audio);
    world.speak(1, -30, 5);
    world.speak(2, -30, 5);
    world.conference.leave(Participant(1), world.now);
    world.speak(2, -30, 5);
    assert_eq!(world.slot(3, 1, Kind::Audio), None);
    assert_eq!(world.slot(3, 2, Kind::Audio), kept);
    assert_eq!(world.got(3, 2, Kind::Audio).len(), 10);
    assert_unbroken(&world.got(3, 2, Kind::Audio));

    // The next one takes the freed line, which stays one stream for its receiver.
    world.clients.remove(&1);
    world.join(4);
    world.settle();
    world.turn(4, true, true, false);
    assert_eq!(world.slot(3, 4, Kind::Audio), freed);
    world.speak(4, -30, 5);
    let heard = world.got(3, 4, Kind::Audio);
    assert_eq!(marks(&heard), [numbers(0, 5, 1), numbers(0, 5, 4)].concat());
    assert_unbroken(&heard);
    assert!(heard.windows(2).all(|pair| pair[1].time.wrapping_sub(pair[0].time) < 48_000 * 10));
}

#[test]
fn a_picture_begins_with_a_keyframe_that_is_asked_for_at_once() {
    let mut world = World::with([1, 2]);
    world.turn(1, false, true, false);
    world.film(1, Kind::Video, 0..5, true);
    world.pass(Duration::from_secs(1));
    let joined = world.now;
    world.join(3);
    world.settle();
    world.film(1, Kind::Video, 5..6, false);
    assert!(world.got(3, 1, Kind::Video).is_empty(), "nothing that cannot be decoded");
    let asked =
        |world: &World| world.clients[&1].keyframe_requests.iter().filter(|(_, at)| *at >= joined).count();
    assert_eq!(asked(&world), 1);
    world.film(1, Kind::Video, 6..16, true);
    assert_eq!(marks(&world.got(3, 1, Kind::Video)), numbers(6, 16, 1));
    assert_eq!(marks(&world.got(2, 1, Kind::Video)), numbers(0, 16, 1), "who watches already misses nothing");
    assert_eq!(asked(&world), 1, "once it came it is not asked for again");
}

#[test]
fn keyframes_are_asked_for_at_most_twice_a_second() {
    let mut world = World::with([1, 2, 3, 4]);
    world.turn(1, false, true, false);
    // Three seconds without any keyframe, although three receivers wait for one.
    let start = world.now;
    world.film(1, Kind::Video, 0..100, false);
    let asked: Vec<_> = world.clients[&1].keyframe_requests.iter().filter(|(_, at)| *at >= start).collect();
    assert!((5..=7).contains(&asked.len()), "{asked:?}");
    assert!(asked.windows(2).all(|pair| pair[1].1 - pair[0].1 >= Duration::from_millis(480)), "{asked:?}");
}

#[test]
fn a_receiver_who_cannot_decode_reaches_the_sender() {
    let mut world = World::with([1, 2, 3]);
    world.turn(1, false, true, false);
    world.film(1, Kind::Video, 0..5, true);
    world.pass(Duration::from_secs(1));
    let before = world.clients[&1].keyframe_requests.len();
    world.complain(3, 1, Kind::Video);
    world.pass(Duration::from_millis(100));
    assert_eq!(world.clients[&1].keyframe_requests.len(), before + 1);
    assert_eq!(world.clients[&1].keyframe_requests.last().unwrap().0, Kind::Video);
}

#[test]
fn a_screen_is_not_mistaken_for_a_camera() {
    let mut world = World::with([1, 2]);
    world.turn(1, false, true, true);
    world.film(1, Kind::Video, 0..5, true);
    world.film(1, Kind::Screen, 100..105, true);
    assert_eq!(marks(&world.got(2, 1, Kind::Video)), numbers(0, 5, 1));
    assert_eq!(marks(&world.got(2, 1, Kind::Screen)), numbers(100, 105, 1));
    world.turn(1, false, true, false);
    world.film(1, Kind::Screen, 105..110, true);
    assert_eq!(world.got(2, 1, Kind::Screen).len(), 5);
}

/// Whether a datagram is encrypted media (RFC 5761 §4: RTP and not RTCP) of a picture's size.
fn is_picture(datagram: &Transmit) -> bool {
    let kind = datagram.bytes.get(1).map(|second| second & 0x7f);
    datagram.bytes[0] & 0xc0 == 0x80 && !matches!(kind, Some(64..=95))
}

#[test]
fn what_the_network_loses_towards_a_receiver_is_sent_again() {
    let mut world = World::with([1, 2]);
    world.turn(1, false, true, false);
    world.film(1, Kind::Video, 0..30, true);
    let (to, mut count) = (world.clients[&2].address, 0);
    world.loses = Box::new(move |datagram| {
        datagram.destination == to && is_picture(datagram) && {
            count += 1;
            count % 15 == 0
        }
    });
    world.film(1, Kind::Video, 30..90, false);
    world.loses = Box::new(|_| false);
    world.film(1, Kind::Video, 90..95, false);
    world.pass(Duration::from_secs(1));
    let mut seen = marks(&world.got(2, 1, Kind::Video));
    assert_ne!(seen, numbers(0, 95, 1), "something was lost and came late");
    seen.sort_unstable();
    assert_eq!(seen, numbers(0, 95, 1));
}

#[test]
fn what_the_network_loses_from_a_sender_is_asked_for_again() {
    let mut world = World::with([1, 2]);
    world.turn(1, false, true, false);
    world.film(1, Kind::Video, 0..30, true);
    let (from, mut count) = (world.clients[&1].address, 0);
    world.loses = Box::new(move |datagram| {
        datagram.source == from && is_picture(datagram) && {
            count += 1;
            count % 15 == 0
        }
    });
    world.film(1, Kind::Video, 30..90, false);
    world.loses = Box::new(|_| false);
    world.film(1, Kind::Video, 90..95, false);
    world.pass(Duration::from_secs(1));
    let mut seen = marks(&world.got(2, 1, Kind::Video));
    seen.sort_unstable();
    assert_eq!(seen, numbers(0, 95, 1));
}

#[test]
fn who_speaks_is_told_and_who_is_muted_does_not_speak() {
    let mut world = World::with([1, 2]);
    world.turn(1, true, false, false);
    world.speak(1, -25, 50);
    assert_eq!(world.speaking().iter().map(|(_, who)| who.clone()).collect::<Vec<_>>(), [vec![1]]);
    world.turn(1, false, false, false);
    world.speak(1, -25, 50);
    assert_eq!(world.speaking().last().unwrap().1, Vec::<u32>::new());
    assert_eq!(world.speaking().len(), 2, "{:?}", world.speaking());
}

#[test]
fn coming_in_anew_replaces_the_former_connection() {
    let mut world = World::with([1, 2]);
    world.turn(1, true, false, false);
    world.speak(1, -30, 5);
    world.events.clear();
    world.join(1);
    world.pass(Duration::from_secs(2));
    assert!(world.events.iter().any(|(_, event)| *event == Event::Connected(Participant(1))));
    assert!(!world.events.iter().any(|(_, event)| matches!(event, Event::Gone(..))));
    assert_eq!(world.conference.len(), 2);
    world.speak(1, -30, 5);
    assert!(world.got(2, 1, Kind::Audio).is_empty(), "what a newcomer sends is off until they say so");
    world.turn(1, true, false, false);
    world.speak(1, -30, 5);
    assert_eq!(world.got(2, 1, Kind::Audio).len(), 10);
}

#[test]
fn a_path_that_is_lost_ends_and_nobody_else_notices() {
    let mut world = World::with([1, 2, 3]);
    world.turn(1, true, false, false);
    let lost = world.clients[&2].address;
    world.loses = Box::new(move |datagram| datagram.source == lost || datagram.destination == lost);
    world.speak(1, -30, 3000);
    let gone = world.events.iter().find(|(_, event)| matches!(event, Event::Gone(..)));
    assert_eq!(gone.map(|(_, event)| event), Some(&Event::Gone(Participant(2), Gone::Lost)));
    assert_eq!(world.conference.len(), 2);
    assert_eq!(world.got(3, 1, Kind::Audio).len(), 3000);
}

#[test]
fn who_never_connects_is_gone_after_half_a_minute() {
    let mut world = World::new();
    let (_, offer) = world::offering(1, world.now);
    world.conference.join(Participant(1), &offer, &[world.server], world.now).unwrap();
    world.pass(Duration::from_secs(29));
    assert_eq!(world.conference.len(), 1);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.conference.len(), 0);
    assert_eq!(world.events.last().unwrap().1, Event::Gone(Participant(1), Gone::NeverConnected));
}

#[test]
fn among_fourteen_the_loudest_are_heard_and_a_screen_is_seen() {
    let mut world = World::with(1..=14);
    for id in 1..=14 {
        world.turn(id, true, true, false);
    }
    let heard = |world: &World| world.slots(1).into_iter().filter(|slot| slot.kind == Kind::Audio).count();
    assert_eq!(heard(&world), 11);
    assert_eq!(world.slot(1, 14, Kind::Audio), None);
    world.speak(2, -20, 30);
    world.speak(14, -20, 30);
    assert!(world.slot(1, 14, Kind::Audio).is_some(), "who speaks is given a slot");
    assert!(world.slot(1, 2, Kind::Audio).is_some(), "not that of who spoke a moment ago");
    assert_eq!(heard(&world), 11);
    assert!(!world.got(1, 14, Kind::Audio).is_empty());

    assert_eq!(world.slots(1).len(), 24, "eleven voices and thirteen pictures");
    world.turn(3, true, true, true);
    assert!(world.slot(1, 3, Kind::Screen).is_some());
    assert_eq!(world.slots(1).len(), 24);
}

#[test]
fn a_line_that_is_too_full_loses_pictures_and_never_sound() {
    let mut world = World::with([1, 2, 3, 4, 5]);
    for id in 1..=4 {
        world.turn(id, true, true, false);
    }
    let (to, mut count) = (world.clients[&5].address, 0);
    // The line carries one of three datagrams.
    world.loses = Box::new(move |datagram| {
        datagram.destination == to && is_picture(datagram) && {
            count += 1;
            count % 3 != 0
        }
    });
    let pictures = |world: &World, of| world.slots(of).iter().filter(|slot| slot.kind != Kind::Audio).count();
    let film = |world: &mut World, seconds: u32| {
        for second in 0..seconds {
            world.speak(2, -25, 10);
            for id in 1..=4 {
                world.film(id, Kind::Video, second * 10..second * 10 + 10, true);
            }
        }
    };
    assert_eq!(pictures(&world, 5), 4);
    film(&mut world, 8);
    assert_eq!(pictures(&world, 5), 1);
    assert!(world.slot(5, 2, Kind::Video).is_some(), "who speaks is still seen");
    assert_eq!(world.slots(5).iter().filter(|slot| slot.kind == Kind::Audio).count(), 4);
    assert_eq!(pictures(&world, 1), 3, "nobody else's line is meant");

    world.loses = Box::new(|_| false);
    film(&mut world, 40);
    assert_eq!(pictures(&world, 5), 4);
}
