//! Roles and departures, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, Content, Factor, MemberRank, Role, TenantId};
use beffroi_policy::{InviteGuest, ManageAccounts, ManageRoles, ReadAudit, Who, operator};
use beffroi_store::{AuditFilter, InvitationKind, Opened, StoreError};
use place::{both, now};
use town::Town;

const OPENED: Opened<'_> = Opened { factor: Factor::Password, place: "", agent: "" };

/// (act, subject, detail) of the latest entries, latest first.
async fn told(town: &Town, most: u32) -> Vec<(String, String, String)> {
    let filter = AuditFilter { limit: most, ..AuditFilter::default() };
    let page = town.store.audit(&town.machine::<ReadAudit>(), &filter).await.unwrap();
    page.entries.into_iter().map(|e| (e.act, e.subject, e.detail)).collect()
}

#[test]
fn a_role_ends_the_sessions_and_the_last_administrator_stays() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let (session, _) =
            store.open_session(Who::Account(town.bob.id), tenant, OPENED, now()).await.unwrap();
        let set =
            async |account, role| store.set_role(&town.machine::<ManageRoles>(), account, role, now()).await;
        assert_eq!(set(town.bob.id, Role::Agent).await.unwrap(), []);
        assert!(matches!(set(town.alice.id, Role::Auditor).await, Err(StoreError::Refused(_))));
        let closed = store.set_enabled(&town.machine::<ManageAccounts>(), town.alice.id, false, now()).await;
        assert!(matches!(closed, Err(StoreError::Refused(_))));
        assert_eq!(store.other_administrators(tenant, town.alice.id).await.unwrap(), 0);
        assert_eq!(set(town.bob.id, Role::Administrator).await.unwrap(), [session]);
        let (act, who, detail) = told(&town, 1).await.remove(0);
        assert_eq!(
            (act.as_str(), who.as_str(), detail.as_str()),
            ("account.role", "bob@demo.localhost", "agent → administrator")
        );
        assert_eq!(set(town.alice.id, Role::Auditor).await.unwrap(), []);
        assert!(matches!(set(town.bob.id, Role::Agent).await, Err(StoreError::Refused(_))));
        let elsewhere = operator::<ManageRoles>(TenantId(1), AccountId(1));
        let foreign = store.set_role(&elsewhere, town.bob.id, Role::Agent, now()).await;
        assert!(matches!(foreign, Err(StoreError::Gone { .. })), "{foreign:?}");
    });
}

#[test]
fn passwords_are_counted_by_kind_within_a_body() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let kind =
            |text: &str| text.split(' ').next_back().filter(|last| *last != "carol").map(str::to_owned);
        let counted = town.store.count_passwords(town.tenant.id, kind).await.unwrap();
        assert_eq!(counted.into_iter().collect::<Vec<_>>(), [("alice".into(), 1), ("bob".into(), 1)]);
        let all = town.store.count_passwords(town.tenant.id, |_| Some("any".into())).await.unwrap();
        assert_eq!(all.get("any"), Some(&3));
        assert!(town.store.count_passwords(TenantId(1), |_| Some("any".into())).await.unwrap().is_empty());
        let (salts, decoys) =
            (town.store.salt_secret().await.unwrap(), town.store.decoy_secret().await.unwrap());
        assert_ne!(salts, decoys, "salts are told to anybody");
        assert_eq!(town.store.decoy_secret().await.unwrap(), decoys);
    });
}

/// Of two administrators who close each other's account at the same moment, one stays.
#[test]
fn two_administrators_do_not_close_each_other() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let manage = || town.machine::<ManageRoles>();
        town.store.set_role(&manage(), town.bob.id, Role::Administrator, now()).await.unwrap();
        let (first, second) = (manage(), manage());
        let (one, two) = tokio::join!(
            town.store.set_role(&first, town.bob.id, Role::Agent, now()),
            town.store.set_role(&second, town.alice.id, Role::Agent, now()),
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{one:?} {two:?}");
    });
}

#[test]
fn everything_of_who_leaves_ends_and_the_rooms_go_to_a_colleague() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let manage = || operator::<ManageAccounts>(tenant, town.bob.id);
        let leaves = town.alice.id;
        store.set_role(&town.machine(), town.carol.id, Role::Administrator, now()).await.unwrap();
        let (session, _) = store.open_session(Who::Account(leaves), tenant, OPENED, now()).await.unwrap();
        let (link, token, _) = store.open_link(&town.owner::<InviteGuest>(), leaves, 2, now()).await.unwrap();
        let (invitation, _) = store.invite(&manage(), leaves, InvitationKind::Reset, now()).await.unwrap();

        let found = store.belongings(&manage(), leaves, now()).await.unwrap();
        assert_eq!((found.sessions, found.applications, found.keys, found.guest_links), (1, 0, 0, 1));
        assert_eq!(found.rooms.iter().map(|room| room.id).collect::<Vec<_>>(), [town.room.id]);
        let rooms = [town.room.id];
        for (colleague, rooms) in [(None, &rooms[..]), (Some(town.carol.id), &[]), (Some(leaves), &rooms[..])]
        {
            let refused = store.depart(&manage(), leaves, colleague, rooms, now()).await;
            assert!(refused.is_err(), "{colleague:?} {rooms:?}: {refused:?}");
        }
        assert_eq!(store.belongings(&manage(), leaves, now()).await.unwrap().sessions, 1);

        let gone = store.depart(&manage(), leaves, Some(town.carol.id), &rooms, now()).await.unwrap();
        assert_eq!((gone.sessions.as_slice(), gone.rooms.as_slice()), (&[session][..], &rooms[..]));
        assert_eq!(gone.guest_links, [(town.room.id, link)]);
        assert!(matches!(&gone.events[..], [event] if matches!(event.content, Content::MemberAdded(..))));
        assert!(!store.account(leaves).await.unwrap().unwrap().enabled);
        assert!(store.link_by_token(&token, now()).await.unwrap().is_none());
        assert!(store.invitation(&invitation, now()).await.unwrap().is_none());
        let rank = async |account| store.membership(town.room.id, account).await.unwrap();
        assert_eq!(rank(town.carol.id).await, Some(MemberRank::Owner));
        assert_eq!(rank(leaves).await, Some(MemberRank::Member));
        let acts: Vec<_> = told(&town, 3).await.into_iter().map(|(act, ..)| act).collect();
        assert_eq!(acts, ["account.depart", "guest.close", "members.manage"]);
        assert_eq!(store.verify_audit().await.unwrap(), []);

        // An owner whose account is closed decides about nothing: Carol is the only one now.
        let found = store.belongings(&manage(), town.carol.id, now()).await.unwrap();
        assert_eq!(found.rooms.len(), 1);
    });
}
