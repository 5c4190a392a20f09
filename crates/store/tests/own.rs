//! The archive of a person: all that is between them and their colleagues, in one order.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{Account, Event, MemberRank, Room, RoomId};
use beffroi_policy::{Permit, ReadPeople, ReadRoom, Rename, RoomAct, Speak, decide, operator};
use beffroi_store::{OwnRange, Page, Store, StoreError};
use place::{both, now};
use std::collections::BTreeSet;
use town::{Town, author, speech};

async fn direct(town: &Town, a: &Account, b: &Account) -> Room {
    let permit = operator::<ReadPeople>(town.tenant.id, a.id);
    town.store.direct_room(&permit, a.id, b.id, now()).await.unwrap().0
}

fn may<A: RoomAct>(town: &Town, who: &Account, room: &Room) -> Permit<A> {
    decide(&town.actor(who, Some(MemberRank::Owner)), room).unwrap()
}

async fn say(town: &Town, store: &Store, who: &Account, room: &Room, text: &str) -> Event {
    store.say(&may::<Speak>(town, who, room), author(who), speech(text), now()).await.unwrap()
}

fn ids(events: &[Event]) -> Vec<(RoomId, i64)> {
    events.iter().map(|event| (event.room, event.seq)).collect()
}

#[test]
fn all_that_is_between_two_is_read_page_by_page_in_one_order() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (with_bob, with_carol) =
            (direct(&town, &town.alice, &town.bob).await, direct(&town, &town.carol, &town.alice).await);
        let others = direct(&town, &town.bob, &town.carol).await;
        let mut expected = vec![];
        for n in 0..20 {
            let (who, room) = match n % 3 {
                0 => (&town.alice, &with_bob),
                1 => (&town.carol, &with_carol),
                _ => (&town.bob, &with_bob),
            };
            expected.push(say(&town, &town.store, who, room, &format!("{n}")).await);
            say(&town, &town.store, &town.bob, &others, &format!("not for Alice {n}")).await;
            town.say(&format!("in the room {n}")).await;
        }
        let name = "Nous deux".parse().unwrap();
        let rename = may::<Rename>(&town, &town.alice, &with_bob);
        expected.push(town.store.rename(&rename, &name, town.alice.id, now()).await.unwrap());

        let directs = town.store.directs_of(town.alice.id).await.unwrap();
        let peers: Vec<_> = directs.iter().map(|d| (d.room.id, d.peer.clone())).collect();
        assert_eq!(peers, [(with_bob.id, town.bob.clone()), (with_carol.id, town.carol.clone())]);
        let permits = [&with_bob, &with_carol].map(|room| may::<ReadRoom>(&town, &town.alice, room));
        let page = async |range: OwnRange| town.store.own_history(&permits, range).await.unwrap();
        let whole = page(OwnRange { limit: 500, ..OwnRange::default() }).await;
        assert_eq!(whole, Page { events: expected.clone(), complete: true });
        assert!(expected.windows(2).all(|two| two[0].at < two[1].at), "each has its own moment");

        let (mut forth, mut after) = (vec![], vec![]);
        loop {
            let next = page(OwnRange { after, limit: 4, ..OwnRange::default() }).await;
            assert!(next.events.len() <= 4);
            after = ids(&next.events[next.events.len() - 1..]);
            forth.extend(next.events);
            if next.complete {
                break;
            }
        }
        assert_eq!(forth, expected);
        let (mut back, mut before) = (vec![], vec![]);
        loop {
            let next = page(OwnRange { before, limit: 7, newest_first: true, ..OwnRange::default() }).await;
            before = ids(&next.events[..1]);
            back.splice(0..0, next.events);
            if next.complete {
                break;
            }
        }
        assert_eq!(back, expected);

        let at = |n: usize| Some(expected[n].at);
        let some = page(OwnRange { from: at(5), to: at(8), limit: 9, ..OwnRange::default() }).await;
        assert_eq!(some, Page { events: expected[5..=8].to_vec(), complete: true });
        let narrow = OwnRange {
            after: ids(&[expected[2].clone(), expected[6].clone()]),
            before: ids(&[expected[12].clone(), expected[9].clone()]),
            from: at(1),
            limit: 50,
            ..OwnRange::default()
        };
        assert_eq!(page(narrow).await.events, expected[7..9]);
        assert_eq!(page(OwnRange::default()).await, Page { events: vec![], complete: false });

        // Without the permit for a room nothing of it is read, and no page begins in it.
        let one = [may::<ReadRoom>(&town, &town.alice, &with_carol)];
        let carols: Vec<_> = expected.iter().filter(|e| e.room == with_carol.id).cloned().collect();
        let read = town.store.own_history(&one, OwnRange { limit: 3, ..OwnRange::default() }).await.unwrap();
        assert_eq!(read, Page { events: carols[..3].to_vec(), complete: false });
        for gone in [(with_bob.id, 1), (with_carol.id, 900), (others.id, 1), (town.room.id, 1)] {
            let range = OwnRange { after: vec![gone], limit: 3, ..OwnRange::default() };
            let refused = town.store.own_history(&one, range).await;
            assert!(matches!(refused, Err(StoreError::Gone { .. })), "{gone:?}: {refused:?}");
        }
        let nobody = town.store.own_history(&[], OwnRange::default()).await.unwrap();
        assert_eq!(nobody, Page { events: vec![], complete: true });
    });
}

/// Two processes write while Alice reads on from where she stood, as a client does that remembers the last
/// id. Whoever took a number first must not become visible behind her back.
#[test]
fn who_reads_on_misses_nothing_that_is_written_meanwhile() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let other = place.store().await;
        let (with_bob, with_carol) =
            (direct(&town, &town.alice, &town.bob).await, direct(&town, &town.alice, &town.carol).await);
        let talk = async |store: &Store, who: &Account, room: &Room| {
            for n in 0..40 {
                say(&town, store, who, room, &format!("{} {n}", who.name)).await;
            }
        };
        let rename = may::<Rename>(&town, &town.alice, &with_carol);
        let change = async {
            for n in 0..20 {
                let name = format!("Nous {n}").parse().unwrap();
                other.rename(&rename, &name, town.alice.id, now() - 1_000_000).await.unwrap();
            }
        };
        let permits = [&with_bob, &with_carol].map(|room| may::<ReadRoom>(&town, &town.alice, room));
        let read_on = async {
            let (mut seen, mut after) = (vec![], vec![]);
            while seen.len() < 140 {
                let range = OwnRange { after: after.clone(), limit: 30, ..OwnRange::default() };
                let page = town.store.own_history(&permits, range).await.unwrap();
                if let Some(last) = page.events.last() {
                    after = vec![(last.room, last.seq)];
                }
                seen.extend(ids(&page.events));
                tokio::task::yield_now().await;
            }
            seen
        };
        let (seen, ..) = tokio::time::timeout(std::time::Duration::from_secs(60), async {
            tokio::join!(
                read_on,
                talk(&town.store, &town.alice, &with_bob),
                talk(&other, &town.bob, &with_bob),
                talk(&other, &town.carol, &with_carol),
                change,
            )
        })
        .await
        .expect("she sees all of the 140; if not, one was committed before what she had read");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 140, "each once");
    });
}

/// A database of before there was such an archive gets it whole.
#[test]
fn what_was_said_before_the_archive_is_in_it() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let rooms =
            [direct(&town, &town.alice, &town.bob).await, direct(&town, &town.alice, &town.carol).await];
        for n in 0..6 {
            say(&town, &town.store, &town.alice, &rooms[n % 2], &format!("{n}")).await;
            town.say(&format!("in the room {n}")).await;
        }
        let permits = rooms.each_ref().map(|room| may::<ReadRoom>(&town, &town.alice, room));
        let all = || OwnRange { limit: 500, ..OwnRange::default() };
        let before = town.store.own_history(&permits, all()).await.unwrap();
        assert_eq!(before.events.len(), 6);
        town.store.close().await;
        place
            .sql(
                "DROP INDEX event_by_pair_low; DROP INDEX event_by_pair_high; DROP TABLE pair_tail;
                 ALTER TABLE event DROP COLUMN pair_low; ALTER TABLE event DROP COLUMN pair_high;
                 DELETE FROM migration WHERE version = 5",
            )
            .await;
        let store = place.store().await;
        assert_eq!(store.own_history(&permits, all()).await.unwrap(), before);
        let later = say(&town, &store, &town.carol, &rooms[1], "later").await;
        assert_eq!(store.own_history(&permits, all()).await.unwrap().events.last(), Some(&later));
    });
}
