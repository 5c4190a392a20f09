//! The body's own roles and what waits for a second person, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{
    AccountId, BusinessRoleId, Content, Dangerous, Factor, MemberRank, Role, RoomId, SessionId, TenantId,
};
use beffroi_policy::{
    Actor, Administration, AskPermit, CreateRoom, DecideRequests, HELP_US, Impersonate, ManageAccounts,
    ManageBusinessRoles, ManageMembers, ManageRoles, REQUEST_US, RIGHT_US, ReadAudit, ReadBusinessRoles, Who,
    decide_ask, operator,
};
use beffroi_store::{AuditFilter, Moved, Opened, RequestState, StoreError};
use place::{both, now};
use town::Town;

/// (act, actor, detail) of the latest entries, latest first.
async fn told(town: &Town, most: u32) -> Vec<(String, String, String)> {
    let filter = AuditFilter { limit: most, ..AuditFilter::default() };
    let page = town.store.audit(&town.machine::<ReadAudit>(), &filter).await.unwrap();
    page.entries.into_iter().map(|e| (e.act, e.actor, e.detail)).collect()
}

fn words(moved: &[Moved]) -> Vec<&'static str> {
    let word = |one: &Moved| match one {
        Moved::Added(event) => {
            assert!(matches!(event.content, Content::MemberAdded(..)));
            "added"
        }
        Moved::Removed(event, _) => {
            assert!(matches!(event.content, Content::MemberRemoved(..)));
            "removed"
        }
        Moved::Ranked(_) => "ranked",
    };
    moved.iter().map(word).collect()
}

struct Roles<'a>(&'a Town);

impl Roles<'_> {
    fn manage(&self) -> beffroi_policy::TenantPermit<ManageBusinessRoles> {
        operator(self.0.tenant.id, self.0.alice.id)
    }
    async fn add(&self, name: &str) -> BusinessRoleId {
        self.0.store.add_business_role(&self.manage(), &name.parse().unwrap(), "", now()).await.unwrap().id
    }
    async fn give(&self, role: BusinessRoleId, who: AccountId) -> Vec<&'static str> {
        words(&self.0.store.give_business_role(&self.manage(), role, who, now()).await.unwrap())
    }
    async fn take(&self, role: BusinessRoleId, who: AccountId) -> Vec<&'static str> {
        words(&self.0.store.take_business_role(&self.manage(), role, who, now()).await.unwrap())
    }
    async fn room(&self, role: BusinessRoleId, room: RoomId, rank: Option<MemberRank>) -> Vec<&'static str> {
        words(&self.0.store.set_business_role_room(&self.manage(), role, room, rank, now()).await.unwrap())
    }
    async fn rank(&self, room: RoomId, who: AccountId) -> Option<MemberRank> {
        self.0.store.membership(room, who).await.unwrap()
    }
}

#[test]
fn a_role_brings_rooms_and_takes_away_only_what_it_brought() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let roles = Roles(&town);
        let (room, bob, carol) = (town.room.id, town.bob.id, town.carol.id);
        let council = roles.add("Conseil communal").await;
        let desk = roles.add("Accueil").await;
        let none: [&str; 0] = [];
        assert_eq!(roles.give(council, carol).await, none);
        // A rule added later reaches who holds the role; Bob, a member by hand, gets the higher rank.
        assert_eq!(roles.give(council, bob).await, none);
        assert_eq!(roles.room(council, room, Some(MemberRank::Moderator)).await, ["ranked", "added"]);
        assert_eq!(roles.rank(room, bob).await, Some(MemberRank::Moderator));
        assert_eq!(roles.rank(room, carol).await, Some(MemberRank::Moderator));
        assert_eq!(roles.room(council, room, Some(MemberRank::Moderator)).await, none);
        let entries = told(&town, 3).await;
        assert_eq!(entries[0].2, "none → moderator (role Conseil communal)");
        assert_eq!(entries[2].0, "business-role.room");

        // Held by two roles: stays until both go. Given by hand: stays.
        assert_eq!(roles.room(desk, room, Some(MemberRank::Member)).await, none);
        assert_eq!(roles.give(desk, carol).await, none);
        assert_eq!(told(&town, 1).await[0].2, "Conseil communal → Accueil, Conseil communal");
        assert_eq!(roles.take(council, carol).await, ["ranked"]);
        assert_eq!(roles.rank(room, carol).await, Some(MemberRank::Member));
        let read = operator::<ReadBusinessRoles>(town.tenant.id, bob);
        assert_eq!(town.store.memberships_only_by(&read, desk).await.unwrap(), 1);
        assert_eq!(town.store.memberships_only_by(&read, council).await.unwrap(), 0);
        assert_eq!(roles.take(desk, carol).await, ["removed"]);
        assert_eq!(roles.rank(room, carol).await, None);
        assert_eq!(roles.take(council, bob).await, ["ranked"]);
        assert_eq!(roles.rank(room, bob).await, Some(MemberRank::Member));

        // What came by a role and was then given by hand is by hand.
        assert_eq!(roles.give(desk, carol).await, ["added"]);
        let by_hand = town.owner::<ManageMembers>();
        town.store.add_member(&by_hand, carol, MemberRank::Moderator, town.alice.id, now()).await.unwrap();
        assert_eq!(roles.take(desk, carol).await, none);
        assert_eq!(roles.rank(room, carol).await, Some(MemberRank::Moderator));
        // An owner stays one, whatever a role says.
        assert_eq!(roles.give(desk, town.alice.id).await, none);
        assert_eq!(roles.rank(room, town.alice.id).await, Some(MemberRank::Owner));
        let manage = roles.manage();
        let owner = Some(MemberRank::Owner);
        let owners = town.store.set_business_role_room(&manage, desk, room, owner, now()).await;
        assert!(matches!(owners, Err(StoreError::Refused(_))), "{owners:?}");
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn a_deleted_role_and_a_departure_end_what_only_roles_brought() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (roles, store) = (Roles(&town), &town.store);
        let permit = operator::<CreateRoom>(town.tenant.id, town.alice.id);
        let other = store
            .create_room(&permit, &"Permanence".parse().unwrap(), "", "internal", town.alice.id, &[], now())
            .await
            .unwrap();
        let desk = roles.add("Accueil").await;
        for room in [town.room.id, other.id] {
            roles.room(desk, room, Some(MemberRank::Member)).await;
        }
        roles.give(desk, town.carol.id).await;
        roles.give(desk, town.bob.id).await;
        let again = store.add_business_role(&roles.manage(), &"Accueil".parse().unwrap(), "", now()).await;
        assert!(matches!(again, Err(StoreError::Taken { .. })), "{again:?}");

        let manage = operator::<ManageAccounts>(town.tenant.id, town.alice.id);
        let gone = store.depart(&manage, town.carol.id, None, &[], now()).await.unwrap();
        assert_eq!(gone.events.len(), 2);
        for room in [town.room.id, other.id] {
            assert_eq!(roles.rank(room, town.carol.id).await, None);
        }
        let closed = store.give_business_role(&roles.manage(), desk, town.carol.id, now()).await;
        assert!(matches!(closed, Err(StoreError::Gone { .. })), "{closed:?}");

        let moved = store.delete_business_role(&roles.manage(), desk, now()).await.unwrap();
        assert_eq!(words(&moved), ["removed"]);
        assert_eq!(roles.rank(other.id, town.bob.id).await, None);
        assert_eq!(roles.rank(town.room.id, town.bob.id).await, Some(MemberRank::Member));
        let read = operator::<ReadBusinessRoles>(town.tenant.id, town.bob.id);
        assert_eq!(store.business_roles(&read).await.unwrap(), []);

        // Of another body there is nothing.
        let elsewhere = operator::<ManageBusinessRoles>(TenantId(1), AccountId(1));
        let desk = roles.add("Accueil").await;
        assert!(store.delete_business_role(&elsewhere, desk, now()).await.is_err());
        assert!(store.give_business_role(&elsewhere, desk, town.bob.id, now()).await.is_err());
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

fn asks(town: &Town, who: AccountId, role: Role, act: &Dangerous) -> AskPermit {
    let actor = Actor {
        who: Who::Account(who),
        role,
        factor: Factor::Passkey,
        administration: Administration { factor: Factor::Passkey, inside: true },
        ..town.actor(&town.alice, None)
    };
    decide_ask(&actor, act, None).unwrap()
}

fn decides(town: &Town, who: AccountId) -> beffroi_policy::TenantPermit<DecideRequests> {
    operator(town.tenant.id, who)
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>, why: &str) {
    match outcome {
        Err(StoreError::Refused(text)) => assert!(text.contains(why), "{text}"),
        other => panic!("{why}: {other:?}"),
    }
}

/// Bob is the security officer, Carol another.
async fn officers(town: &Town) {
    for who in [town.bob.id, town.carol.id] {
        let manage = town.machine::<ManageRoles>();
        town.store.set_role(&manage, who, Role::SecurityOfficer, now()).await.unwrap();
    }
}

#[test]
fn what_is_approved_is_what_was_asked_for_once_in_time_by_somebody_else_about_what_was_seen() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        officers(&town).await;
        let store = &town.store;
        let days = async || {
            let labels = store.labels(town.tenant.id).await.unwrap();
            labels.into_iter().find(|one| one.slug == "internal").unwrap().retention_days
        };
        let reason = "Place".parse().unwrap();
        let ask = async |days, at| {
            let act = Dangerous::Retention { label: "internal".into(), days };
            store.ask(&asks(&town, town.bob.id, Role::SecurityOfficer, &act), &reason, at).await
        };
        let request = ask(30, now()).await.unwrap();
        refused(ask(30, now()).await, "already");
        refused(store.approve_request(&decides(&town, town.bob.id), request, now()).await, "nobody decides");
        let late = store.approve_request(&decides(&town, town.carol.id), request, now() + REQUEST_US).await;
        refused(late, "is over");
        assert_eq!(days().await, None);

        // The world changed: the label is not the one that was looked at.
        place.sql("UPDATE label SET name = 'Autre' WHERE slug = 'internal'").await;
        refused(store.approve_request(&decides(&town, town.carol.id), request, now()).await, "was changed");
        place.sql("UPDATE label SET name = 'Interne' WHERE slug = 'internal'").await;
        // Whoever asked is no security officer any more.
        place.sql("UPDATE account SET role = 'agent' WHERE address LIKE 'bob@%'").await;
        refused(store.approve_request(&decides(&town, town.carol.id), request, now()).await, "has left");
        place.sql("UPDATE account SET role = 'security-officer' WHERE address LIKE 'bob@%'").await;
        assert_eq!(days().await, None);

        store.approve_request(&decides(&town, town.carol.id), request, now()).await.unwrap();
        assert_eq!(days().await, Some(30));
        let entries = told(&town, 2).await;
        assert_eq!((entries[0].0.as_str(), entries[0].1.as_str()), ("label.change", "carol@demo.localhost"));
        assert!(entries[0].2.contains("asked by bob@demo.localhost"), "{entries:?}");
        assert_eq!(entries[1].0, "request.approve");
        refused(store.approve_request(&decides(&town, town.carol.id), request, now()).await, "already");
        refused(store.refuse_request(&decides(&town, town.carol.id), request, now()).await, "already");

        let second = ask(20, now()).await.unwrap();
        store.refuse_request(&decides(&town, town.carol.id), second, now()).await.unwrap();
        refused(store.approve_request(&decides(&town, town.carol.id), second, now()).await, "already");
        assert_eq!(days().await, Some(30));
        let elsewhere = operator::<DecideRequests>(TenantId(1), AccountId(0));
        assert!(store.approve_request(&elsewhere, second, now()).await.is_err());
        let rows = store.requests(&town.machine(), now()).await.unwrap();
        assert_eq!(rows[0].state, RequestState::Refused);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn a_right_to_help_opens_one_marked_session_and_the_way_back() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, tenant, alice) = (&town.store, town.tenant.id, town.alice.id);
        let whom = town.bob.id;
        let act = Dangerous::Impersonation { whom };
        let administrator = Actor {
            factor: Factor::Passkey,
            administration: Administration { factor: Factor::Passkey, inside: true },
            ..town.actor(&town.alice, None)
        };
        let opened = Opened { factor: Factor::Password, place: "", agent: "Firefox" };
        let (own, _) = store.open_session(Who::Account(alice), tenant, opened, now()).await.unwrap();
        let permit = || operator::<Impersonate>(tenant, alice);
        let open = async || store.open_help(&permit(), whom, own, opened, now()).await;
        assert!(open().await.unwrap().is_none());
        let asked = decide_ask(&administrator, &act, Some(Role::Agent)).unwrap();
        let request = store.ask(&asked, &"Aide".parse().unwrap(), now()).await.unwrap();
        assert!(open().await.unwrap().is_none());
        store.approve_request(&decides(&town, AccountId(0)), request, now()).await.unwrap();
        let (session, token) = open().await.unwrap().expect("it was approved");
        assert!(open().await.unwrap().is_none(), "once");
        let row = store.session_by_token(&token).await.unwrap().expect("it is open");
        assert_eq!((row.id, row.who, row.helper), (session, Who::Account(whom), Some(alice)));
        assert_eq!((row.factor, row.proved), (Factor::Password, 0));
        assert!(store.helped_now(whom, now()).await.unwrap().is_some());
        assert!(store.helped_now(whom, now() + HELP_US).await.unwrap().is_none());
        let live = async |at| store.live_sessions(at).await.unwrap().into_iter().any(|one| one.id == session);
        assert!(live(now()).await && !live(now() + HELP_US).await);

        let back = store.end_help(session, now()).await.unwrap().expect("the own session is there");
        assert_eq!(store.session_by_token(&back).await.unwrap().map(|row| row.id), Some(own));
        assert!(store.session_by_token(&token).await.unwrap().is_none());
        assert!(store.end_help(session, now()).await.is_err());
        assert!(store.end_help(own, now()).await.is_err(), "one's own session is no help");
        let helps = store.helps_of(tenant, whom).await.unwrap();
        assert_eq!((helps.len(), helps[0].by.0.as_str()), (1, "alice@demo.localhost"));
        assert!(helps[0].to < helps[0].from + HELP_US);

        // It ends with whoever helps.
        let request = store.ask(&asked, &"Aide".parse().unwrap(), now()).await.unwrap();
        store.approve_request(&decides(&town, AccountId(0)), request, now()).await.unwrap();
        let (session, _) = open().await.unwrap().expect("it was approved");
        let ended = store.end_sessions_of(Who::Account(alice), now()).await.unwrap();
        assert!(ended.contains(&session) && ended.contains(&own), "{ended:?}");
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn two_who_approve_at_once_do_it_once() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        officers(&town).await;
        let reason = "Contrôle".parse().unwrap();
        let permit = asks(&town, town.alice.id, Role::Administrator, &Dangerous::Export);
        let request = town.store.ask(&permit, &reason, now()).await.unwrap();
        let (bob, carol) = (decides(&town, town.bob.id), decides(&town, town.carol.id));
        let (one, two) = tokio::join!(
            town.store.approve_request(&bob, request, now()),
            town.store.approve_request(&carol, request, now()),
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{one:?} {two:?}");
    });
}

#[test]
fn the_right_to_take_the_log_out_is_whoevers_asked_for_one_session_and_a_quarter_of_an_hour() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        officers(&town).await;
        let (store, tenant, alice) = (&town.store, town.tenant.id, town.alice.id);
        let may = async |who, session: i64, at| {
            store.use_export(tenant, who, SessionId(session), at).await.unwrap()
        };
        let permit = asks(&town, alice, Role::Administrator, &Dangerous::Export);
        let request = store.ask(&permit, &"Contrôle".parse().unwrap(), now()).await.unwrap();
        assert!(!may(alice, 1, now()).await);
        let at = now();
        store.approve_request(&decides(&town, town.carol.id), request, at).await.unwrap();
        assert!(!may(town.bob.id, 1, now()).await);
        assert!(!may(alice, 1, at + RIGHT_US).await);
        assert!(may(alice, 1, now()).await);
        assert!(may(alice, 1, now()).await);
        assert!(!may(alice, 2, now()).await);
        assert!(!may(alice, 1, at + RIGHT_US).await);
        let uses: Vec<_> =
            told(&town, 10).await.into_iter().filter(|(act, ..)| act == "request.use").collect();
        assert_eq!(uses.len(), 1);
        assert!(uses[0].2.contains("approved by carol@demo.localhost"), "{uses:?}");
        assert!(store.four_eyes(tenant).await.unwrap());
        store.set_four_eyes(&town.machine(), false, now()).await.unwrap();
        assert!(!store.four_eyes(tenant).await.unwrap());
        assert_eq!(told(&town, 1).await[0].2, "on → off");
    });
}
