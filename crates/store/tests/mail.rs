//! Letters on their way out, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_store::{InvitationKind, Letter};
use place::both;
use town::Town;
use zeroize::Zeroizing;

const NOW: i64 = 1_800_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

fn letter(token: &str, until: i64) -> Letter {
    Letter { subject: "Sujet", text: Zeroizing::new(format!("Ouvrez\n{token}\n")), until }
}

#[test]
fn a_letter_and_its_link_are_one_and_a_person_gets_six_an_hour() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, &town.bob);
        for n in 0..6 {
            assert!(store.mail_reset(bob, "192.0.2.7/32", letter, NOW + n).await.unwrap());
        }
        assert!(!store.mail_reset(bob, "192.0.2.7/32", letter, NOW + 6).await.unwrap());
        assert!(store.mail_reset(&town.alice, "192.0.2.7/32", letter, NOW + 6).await.unwrap());
        // Sealed under the key of whom it is for, which a rotation rewraps.
        store.rotate_keys().await.unwrap();
        let due = store.due_mail(NOW + 10).await.unwrap();
        assert_eq!((due.len(), store.due_mail(NOW - 1).await.unwrap().len()), (7, 0));
        assert_eq!((due[0].address.as_str(), due[0].subject.as_str()), (bob.address.as_str(), "Sujet"));
        assert_eq!((due[0].until, due[0].tries), (NOW + HOUR, 0));
        let token = due[0].text.lines().nth(1).unwrap().to_owned();
        let link = store.invitation(&token, NOW + 10).await.unwrap().unwrap();
        assert_eq!((link.kind, link.account.id), (InvitationKind::Reset, bob.id));

        store.mail_failed(due[0].id, NOW + 100).await.unwrap();
        store.mail_done(due[1].id).await.unwrap();
        assert_eq!(store.due_mail(NOW + 10).await.unwrap().len(), 5);
        let again = store.due_mail(NOW + 100).await.unwrap();
        assert_eq!(again.iter().find(|one| one.id == due[0].id).unwrap().tries, 1);

        // Using one link closes the others of that person.
        let other = due[2].text.lines().nth(1).unwrap().to_owned();
        assert!(store.accept_invitation(&token, "$argon2id$", NOW + 20).await.unwrap().is_some());
        assert!(store.invitation(&other, NOW + 20).await.unwrap().is_none());
        // Done with and an hour old: forgotten, and there is room again.
        store.forget_old_mail(NOW + HOUR + 10).await.unwrap();
        assert!(store.mail_reset(bob, "", letter, NOW + HOUR + 10).await.unwrap());
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}
