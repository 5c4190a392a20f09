//! A store with people and rooms in it, made without the command line's second per person.

use beffroi_domain::{Account, Author, Factor, Micros, Rank, Role, Room, TenantId};
use beffroi_policy::{Actor, Permit, Speak, Who};
use beffroi_store::{NewAccount, Settings, Store};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in microseconds since the epoch.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since.as_micros().try_into().expect("microseconds fit for 292,000 years")
}

/// A store in `folder`, on SQLite or on the PostgreSQL named.
pub(crate) async fn open(folder: &Path, postgres: Option<&str>) -> Store {
    let database = match postgres {
        Some(address) => address.to_owned(),
        None => format!("sqlite:{}", folder.join("beffroi.db").display()),
    };
    let settings = Settings {
        database,
        blobs: folder.join("files"),
        master_key: folder.join("master.key"),
        create: true,
    };
    Store::open(settings).await.expect("a new folder opens")
}

/// A tenant `charge.test` with so many people.
pub(crate) async fn people(store: &Store, count: u32) -> (TenantId, Vec<Account>) {
    let domain = "charge.test".parse().expect("it is a domain");
    let tenant = store.add_tenant(&domain, "Charge", now()).await.expect("a new store takes a tenant").id;
    let permit = beffroi_policy::operator(tenant, beffroi_domain::AccountId(0));
    let mut people = vec![];
    for n in 0..count {
        let new = NewAccount {
            address: format!("agent{n}@charge.test").parse().expect("it is an address"),
            name: format!("Agent {n}").parse().expect("it is a name"),
            role: Role::Agent,
            clearance: Rank(2),
            password: None,
        };
        people.push(store.add_account(&permit, new, now()).await.expect("a new tenant takes people"));
    }
    (tenant, people)
}

/// A room of these people; the first owns it.
pub(crate) async fn room(store: &Store, tenant: TenantId, name: &str, people: &[Account]) -> Room {
    let name = name.parse().expect("it is a name of a room");
    let (owner, others) = people.split_first().expect("a room has an owner");
    let ids: Vec<_> = others.iter().map(|a| a.id).collect();
    let permit = beffroi_policy::operator(tenant, owner.id);
    let made = store.create_room(&permit, &name, "", "internal", owner.id, &ids, now()).await;
    made.expect("a new tenant takes rooms")
}

/// What the policy gives a member who speaks.
pub(crate) fn may_speak(room: &Room, account: &Account) -> Permit<Speak> {
    let actor = Actor {
        who: Who::Account(account.id),
        tenant: account.tenant,
        role: account.role,
        clearance: account.clearance,
        factor: Factor::Password,
        helper: None,
        administration: beffroi_policy::Administration { factor: Factor::Password, inside: true },
        managed_device: None,
        identified: None,
        membership: Some(beffroi_domain::MemberRank::Member),
        now: 0,
    };
    beffroi_policy::decide(&actor, room).expect("a member speaks in an internal room")
}

/// A person as the author of what they say.
pub(crate) fn author(account: &Account) -> Author {
    Author::Account(account.id, account.address.clone(), account.name.clone())
}
