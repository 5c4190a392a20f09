//! Every function of the store, on SQLite and, when `BEFFROI_TEST_POSTGRES` gives a server
//! (`postgres://user@host:port/database`), on PostgreSQL in a schema of its own per test.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{
    AccountId, Author, Content, Factor, MeetingId, MemberRank, Rank, Role, RoomId, Sought, Speech,
};
use beffroi_policy::{
    CreateRoom, Denied, InviteGuest, JoinMeeting, ManageAccounts, ManageMembers, ReadAudit, ReadMeetingTalk,
    ReadPeople, ReadRoom, ReadRooms, Rename, Ring, Speak, SpeakInMeeting, UseApplications, Who, decide,
    decide_relabel, operator,
};
use beffroi_store::{
    AuditFilter, InvitationKind, NewAccount, NewApplication, NewEntry, Opened, Outcome, PeopleFilter,
    Protocol, Range, SessionRow, StoreError, Subject,
};
use place::{both, now};
use town::{Town, author, speech};

fn opened(factor: Factor, agent: &str) -> Opened<'_> {
    Opened { factor, place: "192.0.2.7/32", agent }
}

fn all() -> Range {
    Range { limit: 500, ..Range::default() }
}

#[test]
fn a_body_starts_with_labels_and_a_whole_log() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let labels = town.store.labels(town.tenant.id).await.unwrap();
        assert_eq!(labels, beffroi_domain::Label::shipped());
        assert_eq!(town.store.tenant_by_domain("DEMO.localhost").await.unwrap(), Some(town.tenant.clone()));
        assert_eq!(town.store.tenant(town.tenant.id).await.unwrap(), Some(town.tenant.clone()));
        assert_eq!(town.store.tenants().await.unwrap(), std::slice::from_ref(&town.tenant));
        let again = town.store.add_tenant(&town.tenant.domain, "x", now()).await;
        assert!(matches!(again, Err(StoreError::Taken { what: "domain" })), "{again:?}");
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
        town.store.ready().await.unwrap();
    });
}

#[test]
fn accounts_are_found_listed_and_disabled_with_their_sessions() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let manage = || operator::<ManageAccounts>(tenant, town.alice.id);
        assert_eq!(store.account(town.bob.id).await.unwrap(), Some(town.bob.clone()));
        let (found, phc) = store.account_by_address(&town.bob.address).await.unwrap().unwrap();
        assert_eq!((found, phc.as_deref()), (town.bob.clone(), Some("phc of bob")));
        let new = |address: &str| NewAccount {
            address: address.parse().unwrap(),
            name: "X".parse().unwrap(),
            role: Role::Agent,
            clearance: Rank(1),
            password: None,
        };
        let twice = store.add_account(&manage(), new("bob@demo.localhost"), now()).await;
        assert!(matches!(twice, Err(StoreError::Taken { what: "address" })), "{twice:?}");
        assert!(matches!(
            store.add_account(&manage(), new("x@else.where"), now()).await,
            Err(StoreError::Refused(_))
        ));
        let (session, token) = store
            .open_session(Who::Account(town.bob.id), tenant, opened(Factor::Password, "Firefox\n"), now())
            .await
            .unwrap();
        let row = store.session_by_token(&token).await.unwrap().unwrap();
        assert_eq!((row.id, row.who, row.agent.as_str()), (session, Who::Account(town.bob.id), "Firefox"));
        assert_eq!(store.session_by_token("nonsense").await.unwrap(), None);
        store.touch_session(session, now() + 5).await.unwrap();
        assert!(store.sessions_of(town.bob.id).await.unwrap()[0].last_used > row.last_used);
        store.set_password(town.bob.id, "new phc", now()).await.unwrap();
        assert_eq!(store.set_enabled(&manage(), town.bob.id, false, now()).await.unwrap(), [session]);
        assert_eq!(store.session_by_token(&token).await.unwrap(), None);
        let refused =
            store.open_session(Who::Account(town.bob.id), tenant, opened(Factor::Password, ""), now()).await;
        assert!(matches!(refused, Err(StoreError::Gone { .. })));
        let people = store
            .people(&operator::<ReadPeople>(tenant, town.alice.id), &Sought::default(), 10)
            .await
            .unwrap();
        assert_eq!(people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Alice Martin", "Carol"]);
        let all = PeopleFilter { limit: 10, ..PeopleFilter::default() };
        let rows = store.accounts(&operator::<ReadRooms>(tenant, town.alice.id), &all).await.unwrap().people;
        assert_eq!(rows.len(), 3);
        assert!(rows[1].last_used.is_some() && !rows[1].account.enabled && rows[2].last_used.is_none());
        assert_eq!(store.set_enabled(&manage(), town.bob.id, true, now()).await.unwrap(), []);
        let elsewhere = operator::<ManageAccounts>(beffroi_domain::TenantId(1), town.alice.id);
        assert!(matches!(
            store.set_enabled(&elsewhere, town.bob.id, false, now()).await,
            Err(StoreError::Gone { .. })
        ));
        let (one, _) = store
            .open_session(Who::Account(town.bob.id), tenant, opened(Factor::Second, "a"), now())
            .await
            .unwrap();
        let (two, _) = store
            .open_session(Who::Account(town.bob.id), tenant, opened(Factor::Second, "b"), now())
            .await
            .unwrap();
        assert!(store.end_session(one, now()).await.unwrap());
        assert!(!store.end_session(one, now()).await.unwrap());
        assert_eq!(store.end_sessions_of(Who::Account(town.bob.id), now()).await.unwrap(), [two]);
        let (three, _) = store
            .open_session(Who::Account(town.bob.id), tenant, opened(Factor::Second, ""), now())
            .await
            .unwrap();
        assert_eq!(store.end_expired(0, 0).await.unwrap(), []);
        assert_eq!(store.end_expired(now() + 1_000_000, 0).await.unwrap(), [three]);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn an_application_password_is_kept_used_and_revoked_with_its_sessions() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let of = |who| operator::<UseApplications>(tenant, who);
        let new = |name: &str| NewApplication {
            name: name.parse().unwrap(),
            protocol: Protocol::Xmpp,
            salt: [7; 16],
            iterations: 4096,
            keys: vec![1; 576],
        };
        let add =
            async |name: &str, now| store.add_application(&of(town.bob.id), new(name), 2, "here", now).await;
        // Within one millisecond ids have no order.
        let (phone, desk) =
            (add("Téléphone", now() - 5_000).await.unwrap(), add("Bureau", now()).await.unwrap());
        assert!(matches!(add("De trop", now()).await, Err(StoreError::Refused(_))));
        assert_eq!(store.applications(&of(town.bob.id)).await.unwrap(), [desk.clone(), phone.clone()]);
        assert_eq!(store.applications(&of(town.alice.id)).await.unwrap(), []);
        let kept = store.verifiers(Some(town.bob.id), Protocol::Xmpp).await.unwrap();
        assert_eq!(kept.iter().map(|v| v.id).collect::<Vec<_>>(), [desk.id, phone.id]);
        assert_eq!(
            (kept[0].salt.as_slice(), kept[0].iterations, kept[0].keys.len()),
            (&[7; 16][..], 4096, 576)
        );
        assert!(store.verifiers(None, Protocol::Xmpp).await.unwrap().is_empty());
        let secret = store.salt_secret().await.unwrap();
        assert_eq!(store.salt_secret().await.unwrap(), secret);

        let size = async || {
            store
                .audit(&operator::<ReadAudit>(tenant, town.alice.id), &AuditFilter::default())
                .await
                .unwrap()
                .size
        };
        let before = size().await;
        let at = now();
        let open = async |id, at| store.open_application_session(id, &town.bob, "192.0.2.7/32", at).await;
        let (first, none) = open(phone.id, at).await.unwrap();
        assert_eq!(none, []);
        assert_eq!(
            (first.application, first.agent.as_str(), first.factor),
            (Some(phone.id), "Téléphone", Factor::Password)
        );
        let (second, replaced) = open(phone.id, at + 59_999_999).await.unwrap();
        assert_eq!(replaced, [first.id], "one password is one device");
        assert_eq!(size().await, before + 1, "use is noted once a minute");
        let (third, replaced) = open(phone.id, at + 60_000_000).await.unwrap();
        assert_eq!(replaced, [second.id]);
        assert_eq!(size().await, before + 2);
        store.touch_session(third.id, at + 99_000_000).await.unwrap();
        let used = &store.applications(&of(town.bob.id)).await.unwrap()[1];
        assert_eq!(used.last_use, Some((at + 99_000_000, "192.0.2.7/32".to_owned())));
        assert!(matches!(
            store.open_application_session(phone.id, &town.alice, "", now()).await,
            Err(StoreError::Gone { .. })
        ));
        assert!(
            store
                .sessions_of(town.bob.id)
                .await
                .unwrap()
                .contains(&SessionRow { last_used: at + 99_000_000, ..third.clone() })
        );

        let revoke = async |who, id| store.revoke_application(&of(who), id, "here", now()).await;
        assert!(matches!(revoke(town.alice.id, phone.id).await, Err(StoreError::Gone { .. })));
        assert_eq!(revoke(town.bob.id, phone.id).await.unwrap(), [third.id]);
        assert!(matches!(revoke(town.bob.id, phone.id).await, Err(StoreError::Gone { .. })));
        assert!(matches!(open(phone.id, now()).await, Err(StoreError::Gone { .. })));

        let (last, _) = open(desk.id, now()).await.unwrap();
        let manage = operator::<ManageAccounts>(tenant, town.alice.id);
        assert_eq!(store.set_enabled(&manage, town.bob.id, false, now()).await.unwrap(), [last.id]);
        assert!(matches!(open(desk.id, now()).await, Err(StoreError::Gone { .. })));
        assert!(matches!(add("Désactivé", now()).await, Err(StoreError::Gone { .. })));
        store.set_enabled(&manage, town.bob.id, true, now()).await.unwrap();
        assert_eq!(store.applications(&of(town.bob.id)).await.unwrap(), [], "who was put out starts anew");

        add("Encore", now()).await.unwrap();
        let (token, _) = store.invite(&manage, town.bob.id, InvitationKind::Reset, now()).await.unwrap();
        store.accept_invitation(&token, "phc", now()).await.unwrap().unwrap();
        assert_eq!(store.applications(&of(town.bob.id)).await.unwrap(), []);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn an_invitation_opens_once_and_for_an_hour() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let manage = operator::<ManageAccounts>(town.tenant.id, town.alice.id);
        let invite = async |kind| town.store.invite(&manage, town.bob.id, kind, now()).await.unwrap();
        let (old, _) = invite(InvitationKind::Invitation).await;
        let (token, expires) = invite(InvitationKind::Reset).await;
        assert!(town.store.invitation(&old, now()).await.unwrap().is_none(), "replaced");
        let found = town.store.invitation(&token, now()).await.unwrap().unwrap();
        assert_eq!(
            (found.account.id, found.kind, found.expires),
            (town.bob.id, InvitationKind::Reset, expires)
        );
        assert!(town.store.invitation(&token, expires).await.unwrap().is_none(), "over");
        assert_eq!(town.store.accept_invitation(&token, "phc 2", expires).await.unwrap(), None);
        let (_, session) = town
            .store
            .open_session(Who::Account(town.bob.id), town.tenant.id, opened(Factor::Password, ""), now())
            .await
            .unwrap();
        assert_eq!(town.store.accept_invitation(&token, "phc 2", now()).await.unwrap(), Some(town.bob.id));
        assert_eq!(town.store.accept_invitation(&token, "phc 3", now()).await.unwrap(), None);
        assert_eq!(town.store.session_by_token(&session).await.unwrap(), None);
        let (_, phc) = town.store.account_by_address(&town.bob.address).await.unwrap().unwrap();
        assert_eq!(phc.as_deref(), Some("phc 2"));
    });
}

#[test]
fn failures_are_counted_across_restarts() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let keys = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let set =
            async |after| town.store.weigh_wait_counters(&keys, |before| (before, after)).await.unwrap();
        assert_eq!(set(Some([(1, 40), (3, 50), (0, 0)])).await, [(0, 0); 3]);
        assert_eq!(set(None).await, [(1, 40), (3, 50), (0, 0)]);
        assert_eq!(set(Some([(0, 0), (4, 60), (0, 0)])).await, [(1, 40), (3, 50), (0, 0)]);
        town.store.remember_place(town.bob.id, "192.0.2.0/24", 70).await.unwrap();
        town.store.close().await;
        let store = place.store().await;
        assert_eq!(store.wait_counters(&keys).await.unwrap(), [(0, 0), (4, 60), (0, 0)]);
        assert!(store.is_known_place(town.bob.id, "192.0.2.0/24").await.unwrap());
        assert!(!store.is_known_place(town.alice.id, "192.0.2.0/24").await.unwrap());
        store.forget_old_waits(100).await.unwrap();
        assert_eq!(store.wait_counters(&keys).await.unwrap(), [(0, 0); 3]);
        assert!(!store.is_known_place(town.bob.id, "192.0.2.0/24").await.unwrap());
    });
}

#[test]
fn failures_at_once_on_two_nodes_are_all_counted() {
    both(async |place| {
        let nodes = [place.store().await, place.store().await];
        let count = |n: usize| {
            // The keys in another order on each node: they must not wait for each other.
            let store = nodes[n % 2].clone();
            let keys = if n.is_multiple_of(2) { ["a", "b"] } else { ["b", "a"] }.map(str::to_owned);
            async move {
                let grown = |[a, b]: [(u32, i64); 2]| ((), Some([(a.0 + 1, 1), (b.0 + 1, 1)]));
                store.weigh_wait_counters(&keys, grown).await.unwrap();
            }
        };
        futures_util::future::join_all((0..60).map(count)).await;
        let keys = ["a".to_owned(), "b".to_owned()];
        assert_eq!(nodes[0].wait_counters(&keys).await.unwrap(), [(60, 1), (60, 1)]);
    });
}

#[test]
fn rooms_have_names_of_their_own_members_and_labels() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant) = (&town.store, town.tenant.id);
        let create = operator::<CreateRoom>(tenant, town.bob.id);
        let name = "Équipe technique".parse().unwrap();
        let second =
            store.create_room(&create, &name, "sujet", "public", town.bob.id, &[], now()).await.unwrap();
        assert_eq!(
            (town.room.slug.as_str(), second.slug.as_str()),
            ("equipe-technique", "equipe-technique-2")
        );
        assert_eq!(store.room(second.id).await.unwrap(), Some(second.clone()));
        assert_eq!(store.room_by_slug(tenant, "equipe-technique-2").await.unwrap(), Some(second.clone()));
        assert_eq!(store.room(RoomId(4)).await.unwrap(), None);
        let none = store.create_room(&create, &name, "", "none", town.bob.id, &[], now()).await;
        assert!(matches!(none, Err(StoreError::Gone { what: "label" })));
        let none = store.create_room(&create, &name, "", "public", town.bob.id, &[AccountId(7)], now()).await;
        assert!(matches!(none, Err(StoreError::Gone { what: "account" })));
        assert_eq!(store.rooms(&operator::<ReadRooms>(tenant, town.alice.id)).await.unwrap().len(), 2);

        let manage = town.owner::<ManageMembers>();
        let room = town.room.id;
        let added = store
            .add_member(&manage, town.carol.id, MemberRank::Member, town.alice.id, now())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(added.content, Content::MemberAdded(town.carol.address.clone(), town.carol.name.clone()));
        assert_eq!(added.author, town.author());
        let promoted = store
            .add_member(&manage, town.carol.id, MemberRank::Moderator, town.alice.id, now())
            .await
            .unwrap();
        assert_eq!(promoted, None);
        assert_eq!(store.membership(room, town.carol.id).await.unwrap(), Some(MemberRank::Moderator));
        let mut ids = store.member_ids(room).await.unwrap();
        ids.sort();
        let mut expected = [town.alice.id, town.bob.id, town.carol.id];
        expected.sort();
        assert_eq!(ids, expected);
        assert_eq!(
            store.members(&town.owner::<ReadRoom>()).await.unwrap()[0],
            (town.alice.clone(), MemberRank::Owner)
        );
        let removed = store.remove_member(&manage, town.carol.id, town.alice.id, now()).await.unwrap();
        assert_eq!(removed.seq, added.seq + 1);
        assert!(matches!(
            store.remove_member(&manage, town.carol.id, town.alice.id, now()).await,
            Err(StoreError::Gone { .. })
        ));
        assert!(matches!(
            store.remove_member(&manage, town.alice.id, town.alice.id, now()).await,
            Err(StoreError::Refused(_))
        ));
        let step_down =
            store.add_member(&manage, town.alice.id, MemberRank::Member, town.alice.id, now()).await;
        assert!(matches!(step_down, Err(StoreError::Refused(_))));

        let label = &store.labels(tenant).await.unwrap()[2];
        let permit =
            decide_relabel(&town.actor(&town.alice, Some(MemberRank::Owner)), &town.room, label).unwrap();
        let event = store.relabel(&permit, "sensitive", town.alice.id, now()).await.unwrap();
        assert_eq!(event.content, Content::LabelChanged { from: "internal".into(), to: "sensitive".into() });
        let event = store
            .rename(&town.owner::<Rename>(), &"Technique".parse().unwrap(), town.alice.id, now())
            .await
            .unwrap();
        assert_eq!(
            event.content,
            Content::Renamed { from: "Équipe technique".into(), to: "Technique".into() }
        );
        store.set_topic(&town.owner::<Rename>(), "Le réseau", now()).await.unwrap();
        let room = store.room(room).await.unwrap().unwrap();
        assert_eq!(
            (room.label.slug.as_str(), room.name.as_str(), room.topic.as_str()),
            ("sensitive", "Technique", "Le réseau")
        );
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn two_people_have_one_room() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let permit = || operator::<ReadPeople>(town.tenant.id, town.alice.id);
        let (a, b) = (town.alice.id, town.bob.id);
        assert_eq!(town.store.direct_between(a, b).await.unwrap(), None);
        let (one, other) = (permit(), permit());
        let both = tokio::join!(
            town.store.direct_room(&one, a, b, now()),
            town.store.direct_room(&other, b, a, now())
        );
        let ((first, new), (second, newer)) = (both.0.unwrap(), both.1.unwrap());
        assert_eq!(first.id, second.id);
        assert!(new != newer, "made once");
        assert_eq!(town.store.direct_between(b, a).await.unwrap(), Some(first.clone()));
        assert!(matches!(town.store.direct_room(&permit(), a, a, now()).await, Err(StoreError::Refused(_))));
        let rows = town.store.rooms_of(b).await.unwrap();
        assert_eq!(rows.len(), 2);
        let direct = rows.iter().find(|row| row.room.id == first.id).unwrap();
        assert_eq!(direct.peer.as_ref(), Some(&town.alice));
        assert_eq!((direct.member_count, direct.last_seq, direct.unread), (2, 0, 0));
        let manage =
            decide::<ManageMembers>(&town.actor(&town.alice, Some(MemberRank::Owner)), &first).unwrap();
        let third = town.store.add_member(&manage, town.carol.id, MemberRank::Member, a, now()).await;
        assert!(matches!(third, Err(StoreError::Refused(_))));
    });
}

#[test]
fn what_is_said_is_kept_once_in_order_and_read_by_page() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        for n in 1..=20 {
            assert_eq!(town.say(&format!("{n}")).await.seq, n);
        }
        let again = town.say("3").await;
        assert_eq!(again.seq, 3, "said twice, kept once");
        assert_eq!(again.content, Content::Speech(speech("3")));
        let bob = decide::<Speak>(&town.actor(&town.bob, Some(MemberRank::Member)), &town.room).unwrap();
        let other = town.store.say(&bob, author(&town.bob), speech("3"), now()).await.unwrap();
        assert_eq!(other.seq, 21, "the same id by someone else is something else");

        // A restart remembers too, and what the disk holds is what was said.
        town.store.close().await;
        assert!(matches!(
            town.store.say(&bob, author(&town.bob), speech("z"), now()).await,
            Err(StoreError::Closing)
        ));
        let store = place.store().await;
        let again = store.say(&town.owner::<Speak>(), town.author(), speech("7"), now()).await.unwrap();
        assert_eq!(again.seq, 7);
        let read = town.owner::<ReadRoom>();
        let page = store.history(&read, all()).await.unwrap();
        assert!(page.complete);
        assert_eq!(page.events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=21).collect::<Vec<_>>());
        assert_eq!(page.events[6], again);
        let numbers = async |range: Range| {
            let page = store.history(&read, range).await.unwrap();
            (page.events.iter().map(|e| e.seq).collect::<Vec<_>>(), page.complete)
        };
        assert_eq!(
            numbers(Range { limit: 3, newest_first: true, ..Range::default() }).await,
            (vec![19, 20, 21], false)
        );
        assert_eq!(
            numbers(Range { limit: 3, before: Some(4), newest_first: true, ..Range::default() }).await,
            (vec![1, 2, 3], true)
        );
        assert_eq!(
            numbers(Range { limit: 3, after: Some(4), ..Range::default() }).await,
            (vec![5, 6, 7], false)
        );
        assert_eq!(numbers(Range { limit: 0, ..Range::default() }).await, (vec![], false));
        let (third, fifth) = (page.events[2].at, page.events[4].at);
        let (seqs, _) = numbers(Range { from: Some(third), to: Some(fifth), ..all() }).await;
        assert!(seqs.starts_with(&[3]) || seqs.contains(&3), "{seqs:?}");
        assert_eq!(numbers(Range { from: Some(fifth + 1_000_000_000), ..all() }).await, (vec![], true));
        assert_eq!(numbers(Range { to: Some(0), ..all() }).await, (vec![], true));
    });
}

/// The command line beside the server: both write the same rooms, nothing is numbered twice, and what
/// was said to one is known to the other.
#[test]
fn two_processes_write_one_timeline() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let other = place.store().await;
        let permit = town.owner::<Speak>();
        let manage = town.owner::<ManageMembers>();
        let say = async |store: &beffroi_store::Store, who: &str| {
            for n in 0..30 {
                store.say(&permit, town.author(), speech(&format!("{who} {n}")), now()).await.unwrap();
            }
        };
        let come_and_go = async {
            for _ in 0..10 {
                other
                    .add_member(&manage, town.carol.id, MemberRank::Member, town.alice.id, now())
                    .await
                    .unwrap();
                other.remove_member(&manage, town.carol.id, town.alice.id, now()).await.unwrap();
            }
        };
        tokio::join!(say(&town.store, "a"), say(&other, "b"), come_and_go);
        let first = town.store.say(&permit, town.author(), speech("b 29"), now()).await.unwrap();
        let page = other.history(&town.owner::<ReadRoom>(), all()).await.unwrap();
        assert_eq!(page.events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
        assert!(page.events.windows(2).all(|two| two[0].at <= two[1].at), "time only grows");
        assert!(page.events.contains(&first), "said to the other process, known to this one");
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}

/// `beffroi audit verify` beside a server that goes on writing its log.
#[test]
fn a_log_that_grows_is_whole_at_every_moment() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let write = async {
            for _ in 0..40 {
                town.store.accredit(&town.machine(), "medical", &town::accreditation(), now()).await.unwrap();
            }
        };
        let other = place.store().await;
        let verify = async {
            for _ in 0..10 {
                assert_eq!(other.verify_audit().await.unwrap(), []);
            }
        };
        tokio::join!(write, verify);
    });
}

#[test]
fn unread_counts_what_others_said() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        for n in 0..5 {
            town.say(&format!("{n}")).await;
        }
        let row = async |account: AccountId| {
            let rows = town.store.rooms_of(account).await.unwrap();
            (rows[0].read_seq, rows[0].unread, rows[0].last_seq)
        };
        assert_eq!(row(town.alice.id).await, (0, 0, 5));
        assert_eq!(row(town.bob.id).await, (0, 5, 5));
        let read = town.owner::<ReadRoom>();
        assert!(town.store.mark_read(&read, town.bob.id, 3, now()).await.unwrap());
        assert!(!town.store.mark_read(&read, town.bob.id, 2, now()).await.unwrap(), "never back");
        assert_eq!(row(town.bob.id).await, (3, 2, 5));
        assert!(town.store.mark_read(&read, town.bob.id, 900, now()).await.unwrap());
        assert_eq!(row(town.bob.id).await, (5, 0, 5), "never beyond the end");
        assert_eq!(town.store.read_marks(&read).await.unwrap(), [(town.bob.id, 5)]);
    });
}

#[test]
fn a_meeting_begins_talks_and_ends() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let meeting = MeetingId::mint(now(), 1);
        town.say("before").await;
        let started =
            town.store.meeting_started(&town.owner::<Ring>(), meeting, town.author(), now()).await.unwrap();
        assert_eq!((started.seq, started.content), (2, Content::MeetingStarted(meeting)));
        assert_eq!(town.store.meetings_left_open().await.unwrap().len(), 1);
        let talk = town.owner::<SpeakInMeeting>();
        let plain = town.store.say_in_meeting(&talk, town.author(), speech("x"), now()).await;
        assert!(matches!(plain, Err(StoreError::Refused(_))));
        let said = Speech { meeting: Some(meeting), ..speech("in") };
        let said = town.store.say_in_meeting(&talk, town.author(), said, now()).await.unwrap();
        let heard = town.owner::<ReadMeetingTalk>();
        let page = town.store.meeting_history(&heard, meeting, all()).await.unwrap();
        assert_eq!((page.events, page.complete), (vec![said], true));
        let ended = town.store.meeting_ended(town.room.id, meeting, 12, Author::Server, now()).await.unwrap();
        assert_eq!((ended.author, ended.content), (Author::Server, Content::MeetingEnded(meeting, 12)));
        assert_eq!(town.store.meetings_left_open().await.unwrap(), []);
    });
}

#[test]
fn a_call_between_two_is_taken_or_missed_and_a_missed_one_waits_to_be_seen() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let people = operator::<ReadPeople>(town.tenant.id, town.alice.id);
        let (a, b) = (town.alice.id, town.bob.id);
        let (two, _) = town.store.direct_room(&people, a, b, now()).await.unwrap();
        let ring = || decide::<Ring>(&town.actor(&town.alice, Some(MemberRank::Owner)), &two).unwrap();
        let unread = async |account| {
            let rows = town.store.rooms_of(account).await.unwrap();
            rows.into_iter().find(|row| row.room.id == two.id).unwrap().unread
        };
        let left_open = async || {
            let open = town.store.meetings_left_open().await.unwrap();
            open.first().map(|open| (open.room, open.calling))
        };

        let first = MeetingId::mint(now(), 1);
        town.store.meeting_started(&ring(), first, town.author(), now()).await.unwrap();
        assert_eq!(left_open().await, Some((two.id, Some(a))), "a call rings");
        let missed = town.store.call_untaken(two.id, first, a, None, now()).await.unwrap();
        assert_eq!((missed.author, missed.content), (town.author(), Content::CallMissed(first)));
        assert_eq!(left_open().await, None);
        assert_eq!((unread(a).await, unread(b).await), (0, 1), "new to whom it rang for, not to who rang");

        let second = MeetingId::mint(now(), 2);
        town.store.meeting_started(&ring(), second, town.author(), now()).await.unwrap();
        let bobs = decide::<JoinMeeting>(&town.actor(&town.bob, Some(MemberRank::Owner)), &two).unwrap();
        town.store.call_taken(&bobs, second, now()).await.unwrap();
        assert_eq!(left_open().await, Some((two.id, None)), "a meeting of two");
        town.store.meeting_ended(two.id, second, 3, town.author(), now()).await.unwrap();

        let third = MeetingId::mint(now(), 3);
        town.store.meeting_started(&ring(), third, town.author(), now()).await.unwrap();
        let declined = town.store.call_untaken(two.id, third, a, Some(b), now()).await.unwrap();
        assert_eq!((declined.seq, declined.content), (6, Content::CallDeclined(third)));
        assert_eq!(unread(b).await, 1, "who declines has seen it");
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn guests_come_by_link_until_it_closes() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let permit = town.owner::<InviteGuest>();
        assert!(matches!(
            town.store.open_link(&permit, town.alice.id, 0, now()).await,
            Err(StoreError::Refused(_))
        ));
        let (link, token, expires) = town.store.open_link(&permit, town.alice.id, 2, now()).await.unwrap();
        let links = town.store.links(&permit, now()).await.unwrap();
        assert_eq!(
            (links.len(), links[0].id, links[0].by, links[0].expires),
            (1, link, town.alice.id, expires)
        );
        let (found, room) = town.store.link_by_token(&token, now()).await.unwrap().unwrap();
        assert_eq!((found, &room), (link, &town.room));
        assert!(town.store.link_by_token(&token, expires).await.unwrap().is_none());
        let guest = town.store.add_guest(link, &"Mme Petit".parse().unwrap(), now()).await.unwrap();
        assert_eq!(town.store.guest(guest.id).await.unwrap(), Some(guest.clone()));
        assert_eq!(town.store.guests_of_link(link).await.unwrap(), std::slice::from_ref(&guest));
        let (session, _) = town
            .store
            .open_session(Who::Guest(guest.id), guest.tenant, opened(Factor::Password, ""), now())
            .await
            .unwrap();
        assert_eq!(town.store.end_sessions_of(Who::Guest(guest.id), now()).await.unwrap(), [session]);
        assert!(town.store.close_link(&permit, link, now()).await.unwrap());
        assert!(!town.store.close_link(&permit, link, now()).await.unwrap());
        assert!(town.store.link_by_token(&token, now()).await.unwrap().is_none());
        let late = town.store.add_guest(link, &"X".parse().unwrap(), now()).await;
        assert!(matches!(late, Err(StoreError::Gone { what: "link" })));
        assert_eq!(town.store.links(&permit, now()).await.unwrap().len(), 0);
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn the_log_is_filtered_and_erasure_keeps_it_whole() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let tenant = town.tenant.id;
        let denied = Denied::LabelGuests { label: "Interne".into() };
        let who = Subject::Who(Who::Account(town.bob.id));
        town.store
            .deny(tenant, who.clone(), "guest.invite", Some(town.room.id), &denied, "192.0.2.7", now())
            .await
            .unwrap();
        let entry = NewEntry {
            act: "session.fail",
            outcome: Outcome::Denied,
            actor: Subject::Text("nobody@demo.localhost".into()),
            subject: None,
            room: None,
            rule: None,
            detail: "wrong-credentials",
            origin: "192.0.2.9",
        };
        town.store.note(tenant, entry, now()).await.unwrap();
        let permit = operator::<ReadAudit>(tenant, town.alice.id);
        let read = async |filter: AuditFilter| town.store.audit(&permit, &filter).await.unwrap();
        let page = read(AuditFilter::default()).await;
        assert_eq!(page.size, page.entries.len() as i64);
        assert!(page.checkpoint.starts_with(&format!("demo.localhost/beffroi-audit\n{}\n", page.size)));
        let last = &page.entries[0];
        assert_eq!(
            (last.act.as_str(), last.actor.as_str(), last.origin.as_str()),
            ("session.fail", "nobody@demo.localhost", "192.0.2.9")
        );
        let refused = &page.entries[1];
        assert_eq!(
            (refused.rule.as_str(), refused.actor.as_str(), refused.room),
            ("label-guests", "bob@demo.localhost", Some(town.room.id))
        );
        assert_eq!(page.entries.last().unwrap().actor, "machine");
        let by_bob =
            read(AuditFilter { actor: Some("bob@demo.localhost".into()), ..AuditFilter::default() }).await;
        assert_eq!(by_bob.entries, std::slice::from_ref(refused));
        let none = read(AuditFilter { actor: Some("x@y".into()), ..AuditFilter::default() }).await;
        assert_eq!((none.entries.len(), none.next), (0, None));
        let done =
            read(AuditFilter { outcome: Some(Outcome::Done), limit: 2, ..AuditFilter::default() }).await;
        assert_eq!((done.entries.len(), done.next), (2, Some(done.entries[1].seq)));
        let act = read(AuditFilter { act: Some("room.create".into()), ..AuditFilter::default() }).await;
        assert_eq!(act.entries.len(), 1);

        town.store.erase_from_audit(Who::Account(town.bob.id), now()).await.unwrap();
        let page = read(AuditFilter { act: Some("guest.invite".into()), ..AuditFilter::default() }).await;
        assert_eq!(
            (page.entries[0].actor.as_str(), page.entries[0].rule.as_str()),
            ("(effacé)", "label-guests")
        );
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}
