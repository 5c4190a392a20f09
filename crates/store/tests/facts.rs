//! What decisions lean on holds at the next question, whoever changed it.
#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, Rank, Role, TenantId};
use beffroi_store::{Settings, Store};
use place::{both, now};
use std::time::{Duration, Instant};
use town::Town;

async fn clearance(store: &Store, town: &Town) -> Rank {
    let facts = store.facts(town.tenant.id, town.room.id, Some(town.bob.id)).await.unwrap().unwrap();
    facts.standing.unwrap().clearance
}

#[test]
fn a_change_by_the_command_line_beside_the_server_holds_at_the_next_question() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let beside = place.store().await;
        for (label, rank) in [("medical", Rank(4)), ("public", Rank(0)), ("sensitive", Rank(2))] {
            clearance(&town.store, &town).await; // known from now on
            beside.set_clearance(&town.machine(), town.bob.id, label, now()).await.unwrap();
            assert_eq!(clearance(&town.store, &town).await, rank);
        }
        let facts = async || town.store.facts(town.tenant.id, town.room.id, Some(town.bob.id)).await.unwrap();
        assert_eq!(facts().await.unwrap().standing.unwrap().role, Role::Agent);
        beside.set_role(&town.machine(), town.bob.id, Role::Auditor, now()).await.unwrap();
        assert_eq!(facts().await.unwrap().standing.unwrap().role, Role::Auditor);
        town.store.set_enabled(&town.machine(), town.bob.id, false, now()).await.unwrap();
        assert_eq!(facts().await.unwrap().standing, None);
    });
}

#[test]
fn a_change_by_another_machine_holds_soon() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let elsewhere = place.folder().join("another");
        std::fs::create_dir(&elsewhere).unwrap();
        let other =
            Store::open(Settings { blobs: elsewhere.join("blobs"), ..place.settings() }).await.unwrap();
        assert_eq!(clearance(&town.store, &town).await, Rank(2));
        other.set_clearance(&town.machine(), town.bob.id, "medical", now()).await.unwrap();
        // A second at most (the epoch's own test counts it); a minute here, so that a busy machine fails nothing.
        let given_up = Instant::now() + Duration::from_secs(60);
        while clearance(&town.store, &town).await != Rank(4) {
            assert!(Instant::now() < given_up, "another machine's change never came");
        }
    });
}

/// Whoever learns in another way that another machine changed something waits for nothing.
#[test]
fn what_was_forgotten_is_read_anew_at_once() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        assert_eq!(clearance(&town.store, &town).await, Rank(2));
        place.sql("UPDATE account SET clearance = 4").await;
        town.store.forget_facts();
        assert_eq!(clearance(&town.store, &town).await, Rank(4));
    });
}

#[test]
fn nothing_of_it_is_told_to_another_body() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        assert_eq!(clearance(&town.store, &town).await, Rank(2));
        let next = town.store.add_tenant(&"ville.test".parse().unwrap(), "Ville", now()).await.unwrap();
        for tenant in [next.id, TenantId(1)] {
            for account in [None, Some(town.bob.id), Some(AccountId(7))] {
                let told = town.store.facts(tenant, town.room.id, account).await.unwrap();
                assert!(told.is_none(), "{tenant:?} {account:?} {told:?}");
            }
        }
        // A guest of the room has no standing of anybody.
        let guest = town.store.facts(town.tenant.id, town.room.id, None).await.unwrap().unwrap();
        assert_eq!((guest.room.id, guest.standing), (town.room.id, None));
    });
}
