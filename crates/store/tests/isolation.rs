//! The second wall between tenants (ID10): what PostgreSQL itself refuses, whatever is asked of it.
//! On SQLite the same questions are asked to see that `within` changes nothing there.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, Factor, Rank, Role, TenantId};
use beffroi_policy::{CreateRoom, ManageAccounts, Who, operator};
use beffroi_store::{NewAccount, Opened, Range, Store, asked, bind, within};
use place::{Place, both, now};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use town::Town;

/// Tables that belong to no tenant: what the database says of itself, and how often places guessed wrong.
const HOUSE: [&str; 3] = ["meta", "migration", "wait_counter"];

/// Another body beside the town hall, with a person and a room of its own.
async fn hospital(store: &Store) -> (TenantId, AccountId) {
    let tenant = store.add_tenant(&"hopital.test".parse().unwrap(), "Hôpital", now()).await.unwrap().id;
    let new = NewAccount {
        address: "dora@hopital.test".parse().unwrap(),
        name: "Dora Roux".parse().unwrap(),
        role: Role::Administrator,
        clearance: Rank(2),
        password: None,
    };
    let dora =
        store.add_account(&operator::<ManageAccounts>(tenant, AccountId(0)), new, now()).await.unwrap();
    let permit = operator::<CreateRoom>(tenant, dora.id);
    let name = "Urgences".parse().unwrap();
    store.create_room(&permit, &name, "", "internal", dora.id, &[], now()).await.unwrap();
    (tenant, dora.id)
}

/// A connection of somebody's own, with what it says of itself.
async fn connection(place: &Place, says: Option<&str>) -> PgConnection {
    let mut connection = PgConnection::connect(&place.settings().database).await.unwrap();
    if let Some(says) = says {
        let sql = format!("SET beffroi.tenant = '{says}'");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection
}

async fn count(connection: &mut PgConnection, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

async fn tables(connection: &mut PgConnection) -> Vec<String> {
    let sql = "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

#[test]
fn every_table_of_a_tenant_stands_behind_the_wall() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        if !place.settings().database.starts_with("postgres") {
            assert!(!town.store.walled().await.unwrap(), "SQLite has one wall, and says so");
            return;
        }
        assert!(town.store.walled().await.unwrap(), "the tests are no superuser");
        town.say("bonjour").await;
        hospital(&town.store).await;
        let mut silent = connection(place, None).await;
        let mut house = connection(place, Some("house")).await;
        let mut mairie = connection(place, Some(&town.tenant.id.0.to_string())).await;
        let mut nobody = connection(place, Some("1")).await;
        let tables = tables(&mut house).await;
        assert!(tables.len() > 25, "{tables:?}");
        for table in tables.iter().filter(|table| !HOUSE.contains(&table.as_str())) {
            let forced = format!(
                "SELECT COUNT(*) FROM pg_class WHERE oid = '{table}'::regclass AND relrowsecurity AND relforcerowsecurity"
            );
            assert_eq!(
                count(&mut house, &forced).await,
                1,
                "{table} has no wall: see migrations/0012_isolation.sql"
            );
            let all = format!("SELECT COUNT(*) FROM {table}");
            let seen = count(&mut mairie, &all).await;
            assert!(seen <= count(&mut house, &all).await, "{table}");
            assert_eq!(count(&mut silent, &all).await, 0, "{table}: who says nothing sees nothing");
            assert_eq!(
                count(&mut nobody, &all).await,
                0,
                "{table}: nor does who names a tenant that is none"
            );
        }
        for (table, here) in
            [("tenant", 1), ("account", 3), ("room", 1), ("room_tail", 1), ("member", 2), ("event", 1)]
        {
            assert_eq!(count(&mut mairie, &format!("SELECT COUNT(*) FROM {table}")).await, here, "{table}");
        }
        // Nor is anything changed or put there.
        let taken = sqlx::query("UPDATE account SET name = 'Pris' WHERE address = 'dora@hopital.test'");
        assert_eq!(taken.execute(&mut mairie).await.unwrap().rows_affected(), 0);
        let put = "INSERT INTO label SELECT id, 'x', 'X', 9, NULL, 'no', FALSE, FALSE, FALSE, FALSE, FALSE, FALSE, NULL, NULL FROM tenant";
        let elsewhere = put.replace("SELECT id,", "SELECT 77,");
        let wrong = sqlx::query(AssertSqlSafe(elsewhere)).execute(&mut mairie).await.unwrap_err().to_string();
        assert!(wrong.contains("row-level security"), "{wrong}");
        sqlx::query(AssertSqlSafe(put)).execute(&mut mairie).await.unwrap();
    });
}

#[test]
fn what_is_asked_within_a_tenant_finds_nothing_of_another() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        town.say("bonjour").await;
        let (hospital, dora) = hospital(&town.store).await;
        let opened = Opened { factor: Factor::Password, place: "", agent: "" };
        let (_, token) =
            town.store.open_session(Who::Account(town.bob.id), town.tenant.id, opened, now()).await.unwrap();
        let walled = place.settings().database.starts_with("postgres");
        let look = async || {
            [
                town.store.tenant(town.tenant.id).await.unwrap().is_some(),
                town.store.account(town.bob.id).await.unwrap().is_some(),
                town.store.room(town.room.id).await.unwrap().is_some(),
                town.store.facts(town.tenant.id, town.room.id, Some(town.bob.id)).await.unwrap().is_some(),
                town.store.session_by_token(&token).await.unwrap().is_some(),
                !town
                    .store
                    .history(&town.owner(), Range { limit: 9, ..Range::default() })
                    .await
                    .unwrap()
                    .events
                    .is_empty(),
            ]
        };
        assert_eq!(look().await, [true; 6]);
        assert_eq!(within(town.tenant.id, look()).await, [true; 6]);
        assert_eq!(within(hospital, look()).await, [!walled; 6]);
        // The same at a door where somebody is known only after a while, and one after the other.
        for _ in 0..3 {
            let seen = asked(async {
                assert_eq!(look().await, [true; 6]);
                bind(hospital);
                look().await
            });
            assert_eq!(seen.await, [!walled; 6]);
            assert_eq!(asked(look()).await, [true; 6], "the next one begins anew");
        }
        // A transaction is closed in too, and changes nothing next door.
        let disabled = within(hospital, async {
            let permit = operator::<ManageAccounts>(town.tenant.id, dora);
            town.store.set_enabled(&permit, town.bob.id, false, now()).await
        });
        assert_eq!(disabled.await.is_err(), walled);
    });
}
