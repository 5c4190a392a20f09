//! The lock of sessions and the charter, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{CharterWords, Factor, LabelChange, LockRules, NewCharter, SessionId};
use beffroi_policy::{
    Administration, Holder, ManageLabels, ManageLock, ManageOrganisation, OwnPermit, ReadAudit,
    ReadOrganisation, Who, decide_own,
};
use beffroi_store::{AuditFilter, Opened, PinRules, PinTry, StoreError};
use place::{both, now};
use town::Town;

const OPENED: Opened<'_> = Opened { factor: Factor::Password, place: "192.0.2.7/32", agent: "" };
const RULES: PinRules = PinRules { may_try: |failures, _, _| failures != 2, most: 3 };

async fn opened(town: &Town) -> (SessionId, String) {
    town.store.open_session(Who::Account(town.bob.id), town.tenant.id, OPENED, now()).await.unwrap()
}

fn own(town: &Town) -> OwnPermit {
    let actor = beffroi_policy::Actor {
        administration: Administration { factor: Factor::Password, inside: true },
        ..town.actor(&town.bob, None)
    };
    let holder = Holder { factor: Factor::Password, holds_factor: false, holds_passkey: false, fresh: true };
    decide_own(&actor, holder).unwrap()
}

async fn acts(town: &Town, most: u32) -> Vec<String> {
    let filter = AuditFilter { limit: most, ..AuditFilter::default() };
    let page = town.store.audit(&town.machine::<ReadAudit>(), &filter).await.unwrap();
    page.entries.into_iter().map(|e| format!("{} {}", e.act, e.rule).trim_end().to_owned()).collect()
}

#[test]
fn a_lock_falls_once_holds_against_use_and_opens_by_a_pin_or_a_proof() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let (session, token) = opened(&town).await;
        let row = store.session_by_token(&token).await.unwrap().unwrap();
        assert_eq!((row.locked, row.desk, row.pin, row.label_minutes), (None, false, false, None));
        assert!(!store.lock_idle(session, row.last_used - 1, now()).await.unwrap(), "used meanwhile");
        let fell = now();
        assert!(store.lock_idle(session, row.last_used, fell).await.unwrap());
        assert!(!store.lock_idle(session, row.last_used, now()).await.unwrap(), "once");
        store.touch_session(session, now()).await.unwrap();
        let locked = store.session_by_token(&token).await.unwrap().unwrap();
        assert_eq!((locked.locked, locked.last_used), (Some(fell), row.last_used));
        let live = store.live_sessions(now()).await.unwrap().remove(0);
        assert_eq!((live.id, live.locked, live.page), (session, Some(fell), true));

        let tried = async |pin: &str| {
            let pin = Some(pin.as_bytes());
            store.try_pin(town.bob.id, session, pin, RULES, ("", ""), now()).await.unwrap()
        };
        assert!(matches!(tried("418295").await, PinTry::None), "there is no PIN");
        store.set_pin(&own(&town), session, Some(b"418295"), "", now()).await.unwrap();
        assert!(matches!(tried("000000").await, PinTry::Wrong));
        assert_eq!(store.pin_failures(session).await.unwrap().0, 1);
        let PinTry::Right(fresh) = tried("418295").await else { panic!("it was right") };
        assert_eq!(store.session_by_token(&token).await.unwrap(), None, "another token");
        let row = store.session_by_token(&fresh).await.unwrap().unwrap();
        assert_eq!((row.locked, row.pin), (None, true));
        assert_eq!(store.pin_failures(session).await.unwrap().0, 0, "a right one forgives");
        assert!(matches!(tried("418295").await, PinTry::None), "nothing to open");

        assert!(store.lock_idle(session, row.last_used, now()).await.unwrap());
        let (elsewhere, _) = opened(&town).await;
        let other = store.try_pin(town.carol.id, session, Some(b"418295"), RULES, ("", ""), now()).await;
        assert!(matches!(other.unwrap(), PinTry::None), "somebody else's");
        assert!(matches!(tried("1").await, PinTry::Wrong));
        assert!(matches!(tried("2").await, PinTry::Wrong));
        assert!(matches!(tried("418295").await, PinTry::TooSoon));
        place.sql("UPDATE session SET pin_failures = 3").await;
        assert!(matches!(tried("3").await, PinTry::Wiped));
        assert_eq!(store.session_by_token(&fresh).await.unwrap(), None);
        let ended: Vec<_> = store.live_sessions(now()).await.unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(ended, [elsewhere], "the others go on");
        let expected = ["session.wipe", "session.unlock pin", "session.unlock pin", "session.unlock pin"];
        assert_eq!(acts(&town, 4).await, expected);
        let gone = store.set_pin(&own(&town), session, Some(b"418295"), "", now()).await;
        assert!(matches!(gone, Err(StoreError::Gone { .. })));
    });
}

#[test]
fn what_is_open_counts_until_the_next_unlock_and_the_body_chooses() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let (session, token) = opened(&town).await;
        let minutes = async || store.session_by_token(&token).await.unwrap().map(|row| row.label_minutes);
        store.opened_label(session, town.tenant.id, "internal").await.unwrap();
        store.opened_label(session, town.tenant.id, "internal").await.unwrap();
        assert_eq!(minutes().await, Some(None), "the label says nothing");
        let label = store.labels(town.tenant.id).await.unwrap().remove(1);
        let change = LabelChange { lock_minutes: Some(Some(2)), ..LabelChange::default() };
        let permit = town.machine::<ManageLabels>();
        let after = store.change_label(&permit, "internal", &change, &label, now()).await.unwrap();
        assert_eq!(after.lock_minutes, Some(2));
        assert_eq!(minutes().await, Some(Some(2)));
        assert_eq!(store.live_sessions(now()).await.unwrap()[0].label_minutes, Some(2));
        store.set_screen(session, true).await.unwrap();
        assert!(store.live_sessions(now()).await.unwrap()[0].desk);
        let rules = LockRules::new(3, 7).unwrap();
        store.set_lock(&town.machine::<ManageLock>(), rules, now()).await.unwrap();
        store.set_lock(&town.machine::<ManageLock>(), rules, now()).await.unwrap();
        assert_eq!(store.tenant(town.tenant.id).await.unwrap().unwrap().lock, rules);
        assert_eq!(acts(&town, 2).await, ["lock.change", "label.change"], "what is as it was is no change");
        // Its rows go with it.
        assert!(store.end_session(session, now()).await.unwrap());
        store.opened_label(session, town.tenant.id, "internal").await.unwrap();
        let (_, token) = opened(&town).await;
        assert_eq!(store.session_by_token(&token).await.unwrap().unwrap().label_minutes, None);
    });
}

#[test]
fn a_charter_is_never_edited_and_each_version_is_accepted_once() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let words = |text: &str| NewCharter {
            french: CharterWords { title: "Charte".parse().unwrap(), text: text.parse().unwrap() },
            english: None,
        };
        let publish = async |text: &str| {
            store.publish_charter(&town.machine::<ManageOrganisation>(), &words(text), "", now()).await
        };
        let (_, token) = opened(&town).await;
        let asked = async || store.session_by_token(&token).await.unwrap().unwrap().charter;
        assert_eq!((store.charter(tenant).await.unwrap(), asked().await), (None, None));
        let first = publish("Un").await.unwrap();
        assert!(matches!(publish(" Un \r\n").await, Err(StoreError::Refused(_))));
        assert_eq!(asked().await, Some(1));
        assert_eq!(store.live_sessions(now()).await.unwrap()[0].charter, Some(1));
        let accept = async |version, sha256: &[u8]| {
            store.accept_charter(town.bob.id, version, sha256, "192.0.2.7/32", now()).await
        };
        assert!(matches!(accept(1, b"another").await, Err(StoreError::Refused(_))));
        accept(1, &first.sha256).await.unwrap();
        accept(1, &first.sha256).await.unwrap();
        assert_eq!(asked().await, None);
        assert_eq!(acts(&town, 2).await, ["charter.accept", "charter.publish"], "accepted once");
        let second = publish("Deux").await.unwrap();
        assert_eq!((second.version, asked().await), (2, Some(2)));
        assert!(matches!(accept(1, &first.sha256).await, Err(StoreError::Refused(_))));
        let read = town.machine::<ReadOrganisation>();
        assert_eq!(store.charters(&read).await.unwrap(), [second.clone(), first]);
        accept(2, &second.sha256).await.unwrap();
        let acceptance = store.charter_acceptance(&read).await.unwrap();
        assert_eq!((acceptance.people, acceptance.accepted), (3, 1));
        let missing: Vec<_> = acceptance.missing.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(missing, ["Alice Martin", "Carol"]);
    });
}
