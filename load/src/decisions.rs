//! How long a decision takes: the policy alone, and with its facts read from the database.

use crate::{process, world};
use beffroi_app::{App, Origin, Rules};
use beffroi_domain::{Factor, MemberRank, Room};
use beffroi_it::House;
use beffroi_policy::{Actor, Administration, ManageBusinessRoles, Speak, Who, decide};
use beffroi_store::Opened;
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

const ROOMS: usize = 10_000;
const ROLES: usize = 200;

pub(crate) async fn run(postgres: Option<String>) {
    let machine = process::machine();
    let house = House::empty();
    std::fs::create_dir_all(house.data()).expect("our own folder can be written");
    let store = world::open(&house.data(), postgres.as_deref()).await;
    let (tenant, people) = world::people(&store, 2).await;
    let mut rooms = vec![];
    for n in 0..ROOMS {
        // Half of the rooms by hand, half by a role of the body.
        let members = if n % 2 == 0 { &people[..] } else { &people[..1] };
        rooms.push(world::room(&store, tenant, &format!("Salon {n}"), members).await);
    }
    let manage = beffroi_policy::operator::<ManageBusinessRoles>(tenant, people[0].id);
    for n in 0..ROLES {
        let name = format!("Service {n}").parse().expect("it is a name of a role");
        let role = store.add_business_role(&manage, &name, "", world::now()).await.expect("a body has roles");
        store.give_business_role(&manage, role.id, people[1].id, world::now()).await.expect("it is given");
        for room in rooms.iter().skip(1).step_by(2).skip(n).step_by(ROLES) {
            let rank = Some(MemberRank::Member);
            store
                .set_business_role_room(&manage, role.id, room.id, rank, world::now())
                .await
                .expect("it brings");
        }
    }
    let opened = Opened { factor: Factor::Password, place: "192.0.2.1/32", agent: "load" };
    let opened = store.open_session(Who::Account(people[1].id), tenant, opened, world::now()).await;
    let (_, token) = opened.expect("an account opens a session");
    let app = App::new(store.clone(), Rules::default());
    let origin = Origin::of([192, 0, 2, 1].into());
    let caller = app.caller(&token, &origin, world::now()).await.expect("the store answers");
    let caller = caller.expect("the session is live");

    // Each room once, spread over the table: nothing of it was asked before.
    let mut facts = vec![];
    for n in 0..ROOMS {
        let room = rooms[n * 7919 % ROOMS].id;
        let begun = Instant::now();
        black_box(app.authorise::<Speak>(&caller, room, world::now()).await.expect("a member may speak"));
        facts.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    facts.sort_by(f64::total_cmp);
    // All once more: who speaks twice within a second.
    let again = rooms.iter().take(1_000);
    let mut cached = vec![];
    for room in again.clone().chain(again) {
        let begun = Instant::now();
        black_box(app.authorise::<Speak>(&caller, room.id, world::now()).await.expect("a member may speak"));
        cached.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let mut cached = cached.split_off(1_000);
    cached.sort_by(f64::total_cmp);
    let alone = alone(&rooms, &people[1]);
    store.close().await;
    println!(
        "{}",
        json!({"measure": "decisions", "machine": machine, "result": {
            "engine": if postgres.is_some() { "postgresql" } else { "sqlite" }, "rooms": ROOMS, "roles": ROLES,
            "policy_alone_us": alone, "with_facts_p50_us": facts[ROOMS / 2].round(),
            "with_facts_p99_us": facts[ROOMS * 99 / 100].round(),
            "cached_p50_us": hundredths(cached[500]), "cached_p99_us": hundredths(cached[990]), "goal_cold_us": 50, "goal_cached_us": 5,
        }})
    );
}

fn hundredths(us: f64) -> f64 {
    (us * 100.0).round() / 100.0
}

/// A decision whose facts are at hand, over all rooms.
fn alone(rooms: &[Room], account: &beffroi_domain::Account) -> f64 {
    let actor = Actor {
        who: Who::Account(account.id),
        tenant: account.tenant,
        role: account.role,
        clearance: account.clearance,
        factor: Factor::Password,
        administration: Administration { factor: Factor::Password, inside: true },
        managed_device: None,
        identified: None,
        membership: Some(MemberRank::Member),
        helper: None,
        now: 0,
    };
    let begun = Instant::now();
    for _ in 0..100 {
        for room in rooms {
            black_box(decide::<Speak>(black_box(&actor), black_box(room)).is_ok());
        }
    }
    (begun.elapsed().as_secs_f64() * 1e6 / (100 * rooms.len()) as f64 * 1000.0).round() / 1000.0
}
