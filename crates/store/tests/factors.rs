//! What people prove beside a password, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, Factor, TenantId};
use beffroi_policy::{Holder, ManageAccounts, OwnPermit, Who, decide_own, operator};
use beffroi_store::{CeremonyKind, FactorKind, NewEntry, NewFactor, Opened, Outcome, StoreError, Subject};
use place::{both, now};
use town::Town;
use zeroize::Zeroizing;

fn own(town: &Town) -> OwnPermit {
    let holder = Holder { factor: Factor::Passkey, holds_factor: true, holds_passkey: true, fresh: true };
    decide_own(&town.actor(&town.bob, None), holder).unwrap()
}

fn totp<'a>(name: &'a beffroi_domain::FactorName, seed: &'a [u8]) -> NewFactor<'a> {
    NewFactor { kind: FactorKind::Totp, name, secret: seed, credential: None, counter: 7, origin: "" }
}

#[test]
fn a_seed_opens_for_its_owner_and_each_step_is_accepted_once() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, town.bob.id);
        let name = "téléphone".parse().unwrap();
        let added = store.add_factor(&own(&town), totp(&name, &[3; 20]), now()).await.unwrap();
        assert_eq!(store.factors_of(bob).await.unwrap(), std::slice::from_ref(&added));
        let held = store.totp_of(bob).await.unwrap();
        assert_eq!((held.len(), held[0].seed.as_slice(), held[0].step), (1, &[3_u8; 20][..], 7));
        assert!(!store.accept_step(added.id, 7, now()).await.unwrap());
        assert!(store.accept_step(added.id, 8, now()).await.unwrap());
        assert!(!store.accept_step(added.id, 8, now()).await.unwrap());
        assert!(store.factors_of(bob).await.unwrap()[0].last_used.is_some());
        let renamed = "tablette".parse().unwrap();
        let others = store.rename_factor(town.alice.id, added.id, &renamed).await;
        assert!(matches!(others, Err(StoreError::Gone { what: "key" })), "{others:?}");
        store.rename_factor(bob, added.id, &renamed).await.unwrap();
        assert_eq!(store.factors_of(bob).await.unwrap()[0].name, "tablette");
        store.rotate_keys().await.unwrap();
        assert_eq!(store.totp_of(bob).await.unwrap()[0].seed.as_slice(), [3; 20]);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn recovery_codes_open_once_and_go_with_the_last_factor() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, town.bob.id);
        let name = "téléphone".parse().unwrap();
        let added = store.add_factor(&own(&town), totp(&name, &[3; 20]), now()).await.unwrap();
        let codes = ["0123456789", "ABCDEFGHJK"].map(|code| Zeroizing::new(code.to_owned()));
        store.set_recovery_codes(&own(&town), &codes, "", now()).await.unwrap();
        assert_eq!(store.recovery_codes_left(bob).await.unwrap(), 2);
        assert!(!store.spend_recovery_code(town.alice.id, "0123456789", now()).await.unwrap());
        assert!(store.spend_recovery_code(bob, "0123456789", now()).await.unwrap());
        assert!(!store.spend_recovery_code(bob, "0123456789", now()).await.unwrap());
        assert_eq!(store.recovery_codes_left(bob).await.unwrap(), 1);
        store.remove_factor(&own(&town), added.id, "", now()).await.unwrap();
        assert_eq!(store.recovery_codes_left(bob).await.unwrap(), 0);
        let again = store.remove_factor(&own(&town), added.id, "", now()).await;
        assert!(matches!(again, Err(StoreError::Gone { what: "key" })), "{again:?}");
    });
}

#[test]
fn a_passkey_is_one_persons_and_its_count_only_grows() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, town.bob.id);
        let name = "clé".parse().unwrap();
        let new = |counter| NewFactor {
            kind: FactorKind::Passkey,
            name: &name,
            secret: b"public half",
            credential: Some(b"credential"),
            counter,
            origin: "",
        };
        store.add_factor(&own(&town), new(4), now()).await.unwrap();
        let twice = store.add_factor(&own(&town), new(4), now()).await;
        assert!(matches!(twice, Err(StoreError::Taken { what: "passkey" })), "{twice:?}");
        assert_eq!(store.account_of_passkey(b"credential").await.unwrap(), Some(bob));
        assert_eq!(store.account_of_passkey(b"other").await.unwrap(), None);
        let held = store.passkeys_of(bob).await.unwrap();
        assert_eq!(
            (held[0].record.as_slice(), held[0].credential.as_slice()),
            (&b"public half"[..], &b"credential"[..])
        );
        assert!(!store.passkey_used(&held[0], b"copy", 4, now()).await.unwrap());
        assert!(store.passkey_used(&held[0], b"newer", 5, now()).await.unwrap());
        assert_eq!(store.passkeys_of(bob).await.unwrap()[0].record, b"newer");
        let opened = Opened { factor: Factor::Passkey, place: "", agent: "" };
        let (session, _) =
            store.open_session(Who::Account(bob), town.tenant.id, opened, now()).await.unwrap();
        let codes = [Zeroizing::new("0123456789".to_owned())];
        store.set_recovery_codes(&own(&town), &codes, "", now()).await.unwrap();
        let (token, _, ended) = store.replace_lost_keys(&town.machine(), bob, now()).await.unwrap();
        assert_eq!(ended, [session]);
        assert!(store.factors_of(bob).await.unwrap().is_empty());
        assert_eq!(store.recovery_codes_left(bob).await.unwrap(), 0);
        // Whoever knew the password has nothing left: only the link opens.
        assert_eq!(store.account_by_address(&town.bob.address).await.unwrap().unwrap().1, None);
        assert_eq!(store.accept_invitation(&token, "fresh phc", now()).await.unwrap(), Some(bob));
        let elsewhere = operator::<ManageAccounts>(TenantId(1), AccountId(1));
        let foreign = store.replace_lost_keys(&elsewhere, bob, now()).await;
        assert!(matches!(foreign, Err(StoreError::Gone { what: "account" })), "{foreign:?}");
    });
}

#[test]
fn nobody_holds_more_than_twenty() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let name = "clé".parse().unwrap();
        for _ in 0..20 {
            town.store.add_factor(&own(&town), totp(&name, &[3; 20]), now()).await.unwrap();
        }
        let more = town.store.add_factor(&own(&town), totp(&name, &[3; 20]), now()).await;
        assert!(matches!(more, Err(StoreError::Refused(_))), "{more:?}");
    });
}

#[test]
fn a_ceremony_ends_once_in_time_and_as_what_it_is() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, town.bob.id);
        let sealed = store.seal_for(bob, b"seed").await.unwrap();
        assert!(store.open_for(town.alice.id, &sealed).await.is_err());
        assert_eq!(store.open_for(bob, &sealed).await.unwrap().as_slice(), b"seed");
        let kind = CeremonyKind::AddTotp;
        let (token, expires) = store.begin_ceremony(kind, Some(bob), &sealed, 1_000).await.unwrap();
        assert!(store.ceremony(CeremonyKind::SecondStep, &token, 2_000).await.unwrap().is_none());
        assert!(store.ceremony(kind, &token, expires).await.unwrap().is_none());
        let found = store.ceremony(kind, &token, 2_000).await.unwrap().unwrap();
        assert_eq!((found.account, &found.state), (Some(bob), &sealed));
        assert!(store.end_ceremony(kind, &token, 2_000).await.unwrap().is_some());
        assert!(store.end_ceremony(kind, &token, 2_000).await.unwrap().is_none());
        let (late, expires) = store.begin_ceremony(kind, None, b"", 1_000).await.unwrap();
        store.forget_old_ceremonies(expires).await.unwrap();
        assert!(store.ceremony(kind, &late, 2_000).await.unwrap().is_none());
        assert!(store.ceremony(kind, "no token", 2_000).await.unwrap().is_none());
    });
}

#[test]
fn a_proof_raises_a_session_and_gives_it_another_token() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, &town.bob);
        let opened = Opened { factor: Factor::Password, place: "192.0.2.7/32", agent: "Firefox" };
        let who = Who::Account(bob.id);
        let (session, before) = store.open_session(who, bob.tenant, opened, 1_000).await.unwrap();
        let entry = || NewEntry {
            act: "session.prove",
            outcome: Outcome::Done,
            actor: Subject::Who(who),
            subject: None,
            room: None,
            rule: None,
            detail: "totp",
            origin: "192.0.2.7/32",
        };
        let after = store.prove_session(session, (Factor::Second, true), entry(), 5_000).await.unwrap();
        assert_eq!(store.session_by_token(&before).await.unwrap(), None);
        let row = store.session_by_token(&after).await.unwrap().unwrap();
        assert_eq!(
            (row.factor, row.proved, row.created, row.place.as_str()),
            (Factor::Second, 5_000, 1_000, "192.0.2.7/32")
        );
        // A weaker proof later is fresh, and takes nothing away.
        let last = store.prove_session(session, (Factor::Password, true), entry(), 9_000).await.unwrap();
        let row = store.session_by_token(&last).await.unwrap().unwrap();
        assert_eq!((row.factor, row.proved), (Factor::Second, 9_000));
        // One that is too weak for whoever it is leaves the time as it was.
        let weak = store.prove_session(session, (Factor::Password, false), entry(), 11_000).await.unwrap();
        let row = store.session_by_token(&weak).await.unwrap().unwrap();
        assert_eq!((row.factor, row.proved, row.last_used), (Factor::Second, 9_000, 11_000));
        store.end_session(session, now()).await.unwrap();
        let gone = store.prove_session(session, (Factor::Second, true), entry(), 9_000).await;
        assert!(matches!(gone, Err(StoreError::Gone { what: "session" })), "{gone:?}");
    });
}

#[test]
fn what_administering_takes_is_kept_and_in_the_log() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        assert_eq!(town.tenant.administration.factor, Factor::Passkey);
        let networks = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let rules = beffroi_domain::AdministrationRules { factor: Factor::Second, networks };
        store.set_administration(&operator(tenant, town.alice.id), &rules, None, now()).await.unwrap();
        let kept = store.tenant(tenant).await.unwrap().unwrap().administration;
        assert_eq!(kept, rules);
        assert!(
            kept.inside("192.0.2.7/32".parse().ok())
                && !kept.inside("203.0.113.9".parse().ok())
                && !kept.inside(None)
        );
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}
