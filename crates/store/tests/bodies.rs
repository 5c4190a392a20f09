//! Bodies seen from outside: over the second wall with a proof, and handed over for good.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, Address, Domain, Factor, MemberRank, PersonName, Rank, Role, TenantId};
use beffroi_policy::{
    Actor, Administration, BodiesPermit, Denied, InviteGuest, ManageAccounts, ManageBodies, ReadAudit,
    ReadBodies, Who, decide, decide_manage_bodies, decide_read_bodies, operator,
};
use beffroi_store::{
    AuditFilter, InvitationKind, Invited, NewAccount, NewBody, Opened, Store, StoreError, within,
};
use place::{both, now};
use sqlx::Connection as _;
use town::Town;

const NOBODY: AccountId = AccountId(0);

struct Region {
    tenant: TenantId,
    olga: AccountId,
}

impl Region {
    async fn new(store: &Store) -> Self {
        let tenant = store.add_tenant(&"region.test".parse().unwrap(), "Région", now()).await.unwrap().id;
        store.set_operating(tenant, true, now()).await.unwrap();
        let olga = new_account("olga@region.test", Role::Operator);
        let olga = store.add_account(&operator::<ManageAccounts>(tenant, NOBODY), olga, now()).await.unwrap();
        Self { tenant, olga: olga.id }
    }

    fn actor(&self) -> Actor {
        Actor {
            who: Who::Account(self.olga),
            tenant: self.tenant,
            role: Role::Operator,
            clearance: Rank(0),
            factor: Factor::Passkey,
            helper: None,
            administration: Administration { factor: Factor::Passkey, inside: true },
            managed_device: None,
            identified: None,
            membership: None,
            now: now(),
        }
    }

    fn reads(&self) -> BodiesPermit<ReadBodies> {
        decide_read_bodies(&self.actor(), true).unwrap()
    }

    fn manages(&self) -> BodiesPermit<ManageBodies> {
        decide_manage_bodies(&self.actor(), true, true).unwrap()
    }

    /// Hosts a hospital, as somebody closed in their own body asks for it.
    async fn host(&self, store: &Store, domain: &str) -> Invited {
        let new = NewBody { domain: domain.parse().unwrap(), name: "Hôpital".parse().unwrap() };
        let (dora, name) = (address(&format!("dora@{domain}")), person("Dora Roux"));
        let permit = self.manages();
        let hosted = store.host_body(&permit, &new, (&dora, &name, Rank(2)), None, now());
        within(self.tenant, hosted).await.unwrap()
    }

    async fn delegate(&self, store: &Store, to: &str) -> Result<Result<Invited, Denied>, StoreError> {
        let (to, name) = (address(to), person("Quelqu’un"));
        let first = (&to, &name, Rank(2));
        let domain: Domain = to.domain().parse().unwrap();
        let permit = self.manages();
        within(self.tenant, store.delegate_body(&permit, &domain, first, None, now())).await
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn person(text: &str) -> PersonName {
    text.parse().unwrap()
}

fn new_account(who: &str, role: Role) -> NewAccount {
    NewAccount {
        address: address(who), name: person("Quelqu’un"), role, clearance: Rank(2), password: None
    }
}

#[test]
fn the_list_looks_over_the_wall_and_leaves_it_standing() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let region = Region::new(store).await;
        region.host(store, "hopital.test").await;
        let permit = region.reads();
        let page = within(region.tenant, store.bodies(&permit, "", None)).await.unwrap();
        let told: Vec<_> = page
            .bodies
            .iter()
            .map(|row| (row.tenant.domain.to_string(), row.people, row.begun, row.first.is_some()))
            .collect();
        let row = |domain: &str, people, begun, first| (domain.to_owned(), people, begun, first);
        let all = [
            row("demo.localhost", 3, true, false),
            row("hopital.test", 1, false, true),
            row("region.test", 1, false, false),
        ];
        assert_eq!((told, page.count, page.more), (all.to_vec(), 3, false));
        let found = within(region.tenant, store.bodies(&permit, "regi", None)).await.unwrap();
        assert_eq!((found.count, found.bodies[0].tenant.id), (1, region.tenant));
        let after = within(region.tenant, store.bodies(&permit, "", Some("hopital.test"))).await.unwrap();
        assert_eq!(after.bodies.len(), 1);
        let after = within(region.tenant, store.bodies(&permit, "", Some("nulle-part.test"))).await.unwrap();
        assert_eq!(after.bodies[0].tenant.id, region.tenant, "not the first page once more");
        // What was asked over the wall opened it for nothing else.
        let walled = place.settings().database.starts_with("postgres");
        let seen = within(region.tenant, async {
            store.bodies(&permit, "", None).await.unwrap();
            store.account(town.bob.id).await.unwrap().is_some()
        });
        assert_eq!(seen.await, !walled);
    });
}

/// Whoever proves or locks their session holds its row and asks for the body's afterwards, to write it down.
#[test]
fn a_body_is_closed_while_somebody_in_it_proves_who_they_are() {
    both(async |place| {
        let settings = place.settings();
        // On SQLite the whole transaction is the lock.
        if !settings.database.starts_with("postgres") {
            return;
        }
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let region = Region::new(store).await;
        let opened = Opened { factor: Factor::Password, place: "", agent: "" };
        store.open_session(Who::Account(town.bob.id), town.tenant.id, opened, now()).await.unwrap();
        let mut bob = sqlx::PgConnection::connect(&settings.database).await.unwrap();
        sqlx::raw_sql("SET beffroi.tenant = 'house'; BEGIN; SELECT id FROM session FOR UPDATE")
            .execute(&mut bob)
            .await
            .unwrap();
        let (closing, domain, tenant) = (store.clone(), town.tenant.domain.clone(), region.tenant);
        let permit = region.manages();
        let closed = tokio::spawn(within(tenant, async move {
            closing.close_body(&permit, &domain, true, now()).await.unwrap().unwrap();
        }));
        const WAITS: &str =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))";
        while sqlx::query_scalar::<_, i64>(WAITS).fetch_one(&mut bob).await.unwrap() == 0 {}
        let entry = "SELECT id FROM tenant WHERE domain = 'demo.localhost' FOR SHARE";
        sqlx::raw_sql(entry).execute(&mut bob).await.unwrap();
        sqlx::raw_sql("COMMIT").execute(&mut bob).await.unwrap();
        closed.await.unwrap();
        assert!(store.tenant(town.tenant.id).await.unwrap().unwrap().closed.is_some());
        assert_eq!(store.sessions_of(town.bob.id).await.unwrap(), []);
    });
}

#[test]
fn a_closed_body_has_no_session_and_gets_none() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let region = Region::new(store).await;
        let opened = || Opened { factor: Factor::Password, place: "", agent: "" };
        let open =
            async || store.open_session(Who::Account(town.bob.id), town.tenant.id, opened(), now()).await;
        let (_, token) = open().await.unwrap();
        let permit = region.manages();
        let close = async |closed: bool| {
            let done = store.close_body(&permit, &town.tenant.domain, closed, now());
            within(region.tenant, done).await.unwrap().unwrap();
        };
        let room =
            decide::<InviteGuest>(&town.actor(&town.alice, Some(MemberRank::Owner)), &town.room).unwrap();
        let (link, ..) = store.open_link(&room, town.alice.id, 1, now()).await.unwrap();
        let reset = operator::<ManageAccounts>(town.tenant.id, NOBODY);
        let (reset, _) = store.invite(&reset, town.bob.id, InvitationKind::Reset, now()).await.unwrap();
        close(true).await;
        assert_eq!(store.session_by_token(&token).await.unwrap(), None);
        // A link that opens nothing is not spent, and nobody is kept who did not come in.
        let guest = store.add_guest(link, &person("Passante"), now()).await;
        assert!(matches!(guest, Err(StoreError::Gone { what: "open organisation" })), "{guest:?}");
        let accepted = store.accept_invitation(&reset, "phc", now()).await;
        assert!(matches!(accepted, Err(StoreError::Gone { what: "open organisation" })), "{accepted:?}");
        assert!(store.invitation(&reset, now()).await.unwrap().is_some());
        // As if the power had gone between the two halves of closing it: opened, nobody goes on.
        place.sql("UPDATE tenant SET closed_us = NULL").await;
        let (_, left) = open().await.unwrap();
        place.sql("UPDATE tenant SET closed_us = 1 WHERE domain = 'demo.localhost'").await;
        close(false).await;
        assert_eq!(store.session_by_token(&left).await.unwrap(), None);
        close(true).await;
        assert!(matches!(open().await, Err(StoreError::Gone { .. })));
        assert!(store.tenant(town.tenant.id).await.unwrap().unwrap().closed.is_some());
        close(false).await;
        open().await.unwrap();
        for tenant in [town.tenant.id, region.tenant] {
            let read = operator::<ReadAudit>(tenant, NOBODY);
            let log = store.audit(&read, &AuditFilter::default()).await.unwrap();
            let acts: Vec<_> = log.entries.iter().take(2).map(|entry| entry.act.as_str()).collect();
            assert_eq!(acts, ["tenant.open", "tenant.close"]);
            assert_eq!(log.entries[0].actor, "olga@region.test");
        }
        // Whoever is erased is erased in the logs of those whom they hosted, too.
        store.erase_from_audit(Who::Account(region.olga), now()).await.unwrap();
        let read = operator::<ReadAudit>(town.tenant.id, NOBODY);
        assert_eq!(store.audit(&read, &AuditFilter::default()).await.unwrap().entries[0].actor, "(effacé)");
        let nowhere = "nulle-part.test".parse().unwrap();
        let gone = within(region.tenant, store.close_body(&permit, &nowhere, true, now())).await;
        assert!(matches!(gone, Err(StoreError::Gone { .. })));
    });
}

/// Whoever invites an administrator at the very moment when one comes in gets no link that opens.
#[test]
fn who_comes_in_while_they_are_invited_again_keeps_the_body() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let region = Region::new(store).await;
        for round in 0..8 {
            let domain = format!("hopital{round}.test");
            let first = region.host(store, &domain).await;
            let dora = format!("dora@{domain}");
            let (came, again) = tokio::join!(
                store.accept_invitation(&first.token, "phc", now()),
                region.delegate(store, &dora),
            );
            let came = came.unwrap().is_some();
            match again.unwrap() {
                Ok(second) => {
                    // It was first, and took the former link with it, or the one who came in took both.
                    let opens = store.invitation(&second.token, now()).await.unwrap().is_some();
                    assert!(!(came && opens), "round {round}: two could come in");
                }
                Err(denied) => assert!(came && denied == Denied::BodyBegun, "round {round}: {denied}"),
            }
            if came {
                let zoe = format!("zoe@{domain}");
                assert_eq!(region.delegate(store, &zoe).await.unwrap().unwrap_err(), Denied::BodyBegun);
            }
        }
    });
}

#[test]
fn operators_are_where_the_machine_said_so() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let region = Region::new(store).await;
        let permit = operator::<ManageAccounts>(town.tenant.id, NOBODY);
        let refused =
            store.add_account(&permit, new_account("neuf@demo.localhost", Role::Operator), now()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))));
        let roles = operator(town.tenant.id, NOBODY);
        let refused = store.set_role(&roles, town.bob.id, Role::Operator, now()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))));
        store.set_operating(region.tenant, false, now()).await.unwrap();
        assert_eq!(store.account(region.olga).await.unwrap().unwrap().role, Role::Agent);
    });
}
