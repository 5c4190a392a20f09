//! Codes by mail, on both engines and on a clock of our own.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_store::{Asking, Letter, Posted, Store};
use place::both;
use std::cell::RefCell;
use town::Town;
use zeroize::Zeroizing;

const NOW: i64 = 1_800_000_000_000_000;
const MINUTE: i64 = 60_000_000;

/// Sends a code for `bound`, and reads it over the shoulder of whoever writes the letter.
async fn send(
    store: &Store,
    to: &beffroi_domain::Account,
    bound: &str,
    known: bool,
    now: i64,
) -> (Posted, String) {
    let seen = RefCell::new(String::new());
    let write = |code: &str, until| {
        seen.replace(code.to_owned());
        Letter { subject: "Sujet", text: Zeroizing::new(code.to_owned()), until }
    };
    let posted =
        store.mail_code(to, Asking { bound, origin: "192.0.2.7/32", known }, write, now).await.unwrap();
    (posted, seen.into_inner())
}

#[test]
fn a_code_opens_what_it_was_sent_for_once_within_ten_minutes() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, &town.bob);
        let (posted, code) = send(store, bob, "sign-in a", true, NOW).await;
        assert_eq!(posted, Posted::Until(NOW + 10 * MINUTE));
        let spend = async |who, bound: &str, code: &str, now| {
            store.spend_mail_code(who, bound, code, now).await.unwrap()
        };
        assert!(!spend(bob.id, "sign-in b", &code, NOW).await, "another sign-in");
        assert!(!spend(town.alice.id, "sign-in a", &code, NOW).await, "somebody else");
        assert!(!spend(bob.id, "sign-in a", &code, NOW + 10 * MINUTE).await, "too late");
        store.rotate_keys().await.unwrap();
        assert!(spend(bob.id, "sign-in a", &code, NOW + 10 * MINUTE - 1).await);
        assert!(!spend(bob.id, "sign-in a", &code, NOW + 1).await, "used");

        // Another for the same takes the place of the former.
        let (_, former) = send(store, bob, "sign-in c", true, NOW + 11 * MINUTE).await;
        let (_, latter) = send(store, bob, "sign-in c", true, NOW + 12 * MINUTE).await;
        assert!(former == latter || !spend(bob.id, "sign-in c", &former, NOW + 12 * MINUTE).await);
        assert!(spend(bob.id, "sign-in c", &latter, NOW + 12 * MINUTE).await);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn strangers_use_up_none_of_what_its_owner_needs() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, &town.bob);
        for n in 0..5 {
            let at = NOW + n * MINUTE;
            assert!(matches!(send(store, bob, "x", false, at).await.0, Posted::Until(_)));
            let soon = send(store, bob, "x", false, at + 1).await.0;
            assert!(matches!(soon, Posted::NotBefore(next) if next >= at + MINUTE), "{soon:?}");
        }
        let full = send(store, bob, "x", false, NOW + 5 * MINUTE).await.0;
        assert_eq!(full, Posted::NotBefore(NOW + 60 * MINUTE));
        assert!(matches!(send(store, bob, "y", true, NOW + 5 * MINUTE).await.0, Posted::Until(_)));
        store.forget_old_mail_codes(NOW + 60 * MINUTE).await.unwrap();
        assert!(matches!(send(store, bob, "x", false, NOW + 60 * MINUTE).await.0, Posted::Until(_)));
    });
}
