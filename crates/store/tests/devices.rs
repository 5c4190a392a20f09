//! Devices, their codes and the sessions that carry them, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{DEVICE_LIFE_US, DeviceState, Factor, Reported};
use beffroi_policy::{
    Actor, Denied, Holder, ManageDevices, OwnPermit, ReadRooms, Who, decide_device, decide_own,
};
use beffroi_store::{AuditFilter, NewDevice, NewEntry, Opened, Outcome, StoreError, Subject};
use place::both;
use town::Town;

const NOW: i64 = 1_800_000_000_000_000;
const MINUTE: i64 = 60_000_000;
const CODE: &str = "7K2M-QX4T-9BDF";

fn own(town: &Town) -> OwnPermit {
    let holder = Holder { factor: Factor::Password, holds_factor: false, holds_passkey: false, fresh: true };
    decide_own(&town.actor(&town.bob, None), holder).unwrap()
}

fn new(key: &[u8]) -> NewDevice<'_> {
    NewDevice { name: "Portable".parse().unwrap(), key, agent: "Firefox", version: "web/0.1.0" }
}

fn used(town: &Town) -> NewEntry<'static> {
    NewEntry {
        act: "device.use",
        outcome: Outcome::Done,
        actor: Subject::Who(Who::Account(town.bob.id)),
        subject: None,
        room: None,
        rule: None,
        detail: "Portable",
        origin: "192.0.2.7/32",
    }
}

#[test]
fn a_code_enrols_one_device_and_a_key_is_one_devices_for_ever() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let permit = own(&town);
        store.add_device_code(&permit, "0000-0000-0000", NOW + 10 * MINUTE).await.unwrap();
        store.add_device_code(&permit, CODE, NOW + 10 * MINUTE).await.unwrap();
        assert_eq!(store.device_code("0000-0000-0000", NOW).await.unwrap(), None);
        assert_eq!(store.device_code(CODE, NOW).await.unwrap(), Some((town.bob.id, NOW + 10 * MINUTE)));
        assert_eq!(store.device_code(CODE, NOW + 10 * MINUTE).await.unwrap(), None);
        let device = store.enrol_device(CODE, new(b"a key"), "192.0.2.7/32", NOW).await.unwrap();
        assert_eq!(
            (device.account, device.tenant, device.state),
            (town.bob.id, town.tenant.id, DeviceState::Waiting)
        );
        assert_eq!(device.expires, NOW + DEVICE_LIFE_US);
        assert_eq!(store.device(device.id).await.unwrap(), Some(device.clone()));
        let again = store.enrol_device(CODE, new(b"another"), "", NOW).await;
        assert!(matches!(again, Err(StoreError::Gone { .. })), "{again:?}");
        store.add_device_code(&permit, CODE, NOW + 10 * MINUTE).await.unwrap();
        let taken = store.enrol_device(CODE, new(b"a key"), "", NOW).await;
        assert!(matches!(taken, Err(StoreError::Taken { .. })), "{taken:?}");
        // What was refused used nothing up.
        assert!(store.device_code(CODE, NOW).await.unwrap().is_some());
        store.forget_old_device_codes(NOW + 10 * MINUTE).await.unwrap();
        assert!(store.device_code(CODE, NOW).await.unwrap().is_none());
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn a_session_carries_its_device_until_that_is_lost() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        store.add_device_code(&own(&town), CODE, NOW + MINUTE).await.unwrap();
        let device = store.enrol_device(CODE, new(b"a key"), "", NOW).await.unwrap();
        let opened = Opened { factor: Factor::Password, place: "192.0.2.7/32", agent: "Firefox" };
        let who = Who::Account(town.bob.id);
        let (session, token) = store.open_session(who, town.tenant.id, opened, NOW).await.unwrap();
        let (spared, _) = store.open_session(who, town.tenant.id, opened, NOW).await.unwrap();
        assert_eq!(store.device_of(session).await.unwrap(), None);
        let bob = Actor { now: NOW, ..town.actor(&town.bob, None) };
        assert_eq!(decide_device(&town.actor(&town.carol, None), &device).unwrap_err(), Denied::Tenant);
        let permit = decide_device(&bob, &device).unwrap();
        let fresh = store.prove_device(&permit, session, used(&town), NOW + 1).await.unwrap().unwrap();
        assert!(store.session_by_token(&token).await.unwrap().is_none());
        assert_eq!(store.session_by_token(&fresh).await.unwrap().unwrap().device, Some(device.id));
        // The same device again: the same token, a later proof, no second entry.
        assert_eq!(store.prove_device(&permit, session, used(&town), NOW + 5).await.unwrap(), None);
        let (carried, proved) = store.device_of(session).await.unwrap().unwrap();
        assert_eq!((carried.last_use, proved), (Some((NOW + 1, "192.0.2.7/32".to_owned())), NOW + 5));

        let machine = town.machine::<ManageDevices>();
        let reported =
            Reported { disk_encrypted: Some(true), screen_lock: Some(false), managed_profile: None };
        // Nobody is asked again for what no label asks for, nor for what was known.
        let revision = async || {
            let all = store.revisions(NOW).await.unwrap();
            all.into_iter().find(|(tenant, _)| *tenant == town.tenant.id).unwrap().1
        };
        let before = revision().await;
        let report =
            async |reported| store.report_device(&machine, device.id, reported, "", NOW + 6).await.unwrap();
        assert!(!report(Reported { screen_lock: Some(true), ..reported }).await);
        assert_eq!(revision().await, before);
        place.sql("UPDATE label SET posture = 'screen_lock' WHERE slug = 'restricted'").await;
        assert!(report(reported).await);
        let asked = revision().await;
        assert_ne!(asked, before);
        assert!(!report(reported).await);
        assert_eq!(revision().await, asked);
        assert_eq!(
            store.decide_device(&machine, device.id, DeviceState::Approved, "", NOW + 7).await.unwrap(),
            []
        );
        let rows = store.devices(&town.machine::<ReadRooms>()).await.unwrap();
        assert_eq!(
            (&rows[0].address, rows[0].device.reported),
            (&town.bob.address, Some((reported, NOW + 6)))
        );
        assert!(rows[0].device.managed(NOW + 5, NOW + 8));
        store.prove_device(&permit, spared, used(&town), NOW + 8).await.unwrap().unwrap();
        let lost = store.decide_device(&machine, device.id, DeviceState::Lost, "", NOW + 9).await.unwrap();
        assert_eq!(lost.len(), 2);
        assert!(store.session_by_token(&fresh).await.unwrap().is_none());
        let back = store.decide_device(&machine, device.id, DeviceState::Approved, "", NOW + 10).await;
        assert!(matches!(back, Err(StoreError::Refused(_))), "{back:?}");
        let gone = store.device(device.id).await.unwrap().unwrap();
        assert_eq!(decide_device(&bob, &gone).unwrap_err(), Denied::DeviceLost);
        let late = Actor { now: device.expires, ..bob };
        assert_eq!(decide_device(&late, &device).unwrap_err(), Denied::DeviceExpired);

        let carol = store.remove_device(town.carol.id, device.id, session, "", NOW + 11).await;
        assert!(matches!(carol, Err(StoreError::Gone { .. })), "{carol:?}");
        let (mine, _) = store.open_session(who, town.tenant.id, opened, NOW + 12).await.unwrap();
        store.prove_device(&permit, mine, used(&town), NOW + 12).await.unwrap();
        assert_eq!(store.remove_device(town.bob.id, device.id, mine, "", NOW + 13).await.unwrap(), []);
        assert_eq!(store.sessions_of(town.bob.id).await.unwrap()[0].device, None);
        let log = store.audit(&town.machine(), &AuditFilter::default()).await.unwrap();
        let uses = log.entries.iter().filter(|entry| entry.act == "device.use").count();
        assert_eq!((uses, store.verify_audit().await.unwrap()), (3, vec![]));
    });
}
