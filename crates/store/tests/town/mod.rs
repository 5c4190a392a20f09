//! A town hall to test in: a tenant, three people, a room of two of them.
#![allow(dead_code, missing_docs, clippy::unwrap_used)] // each test binary uses its part

use crate::place::now;
use beffroi_domain::{
    Account, AccountId, Accreditation, Author, Factor, MemberRank, Rank, Role, Room, Speech, Tenant,
};
use beffroi_policy::{
    Actor, CreateRoom, ManageAccounts, Permit, RoomAct, Speak, TenantAct, TenantPermit, Who, decide, operator,
};
use beffroi_store::{NewAccount, Store};

/// A town hall: a tenant, three people, a room of two of them.
pub struct Town {
    pub store: Store,
    pub tenant: Tenant,
    pub alice: Account,
    pub bob: Account,
    pub carol: Account,
    pub room: Room,
}

impl Town {
    pub async fn new(store: Store) -> Self {
        let tenant = store.add_tenant(&"demo.localhost".parse().unwrap(), "Mairie", now()).await.unwrap();
        let mut people = vec![];
        for (local, name, role) in [
            ("alice", "Alice Martin", Role::Administrator),
            ("bob", "Bob Durand", Role::Agent),
            ("carol", "Carol", Role::Agent),
        ] {
            let new = NewAccount {
                address: format!("{local}@demo.localhost").parse().unwrap(),
                name: name.parse().unwrap(),
                role,
                clearance: Rank(2),
                password: Some(format!("phc of {local}")),
            };
            let permit = operator::<ManageAccounts>(tenant.id, AccountId(0));
            people.push(store.add_account(&permit, new, now()).await.unwrap());
        }
        let carol = people.pop().unwrap();
        let bob = people.pop().unwrap();
        let alice = people.pop().unwrap();
        let permit = operator::<CreateRoom>(tenant.id, alice.id);
        let room = store
            .create_room(
                &permit,
                &"Équipe technique".parse().unwrap(),
                "",
                "internal",
                alice.id,
                &[bob.id],
                now(),
            )
            .await
            .unwrap();
        Self { store, tenant, alice, bob, carol, room }
    }

    pub fn actor(&self, account: &Account, membership: Option<MemberRank>) -> Actor {
        Actor {
            who: Who::Account(account.id),
            tenant: account.tenant,
            role: account.role,
            clearance: account.clearance,
            factor: Factor::Second,
            helper: None,
            administration: beffroi_policy::Administration { factor: Factor::Password, inside: true },
            managed_device: None,
            identified: None,
            membership,
            now: now(),
        }
    }

    pub fn owner<A: RoomAct>(&self) -> Permit<A> {
        decide(&self.actor(&self.alice, Some(MemberRank::Owner)), &self.room).unwrap()
    }

    /// The operator at the machine.
    pub fn machine<A: TenantAct>(&self) -> TenantPermit<A> {
        operator(self.tenant.id, AccountId(0))
    }

    pub fn author(&self) -> Author {
        author(&self.alice)
    }

    pub async fn say(&self, text: &str) -> beffroi_domain::Event {
        self.store.say(&self.owner::<Speak>(), self.author(), speech(text), now()).await.unwrap()
    }
}

pub fn author(account: &Account) -> Author {
    Author::Account(account.id, account.address.clone(), account.name.clone())
}

pub fn speech(text: &str) -> Speech {
    Speech { origin: format!("origin of {text}"), meeting: None, payload: format!("<body>{text}</body>") }
}

/// One that holds for longer than any test.
pub fn accreditation() -> Accreditation {
    Accreditation {
        reference: "HOM-2026-12".parse().unwrap(),
        authority: "ANSSI".parse().unwrap(),
        until: "9999-12-31".parse().unwrap(),
    }
}
