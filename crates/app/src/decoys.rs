//! Who has no password to be checked is checked against a decoy, of which the work must be that of somebody.
//!
//! A body that imported its people has hashes of other programs for years: each takes the time that it says itself.
//! A decoy that always did our own work would tell by its time which addresses nobody has. So it is of a kind and a
//! cost that the body's accounts have, as often as they have it, and always the same for the same address.

use crate::{App, Error};
use beffroi_domain::{Micros, Tenant, TenantId};
use beffroi_identity::password::{Kept, decoy_like};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use tokio::sync::Mutex;

/// How long a count of a body's hashes is used, in microseconds. Every sign-in may be the one that counts anew, those
/// of somebody and of nobody alike, so that counting tells nothing.
const COUNTED_US: Micros = 60_000_000;

/// How the hashes of each body are made, as they were counted last. Whoever comes while those of their body are
/// counted waits, and nobody else does.
#[derive(Clone, Default)]
pub(crate) struct Decoys(Arc<std::sync::Mutex<HashMap<TenantId, Counted>>>);

/// How the hashes of one body are made, and when they were counted; nothing before the first time.
type Counted = Arc<Mutex<Option<(Micros, Counts)>>>;

/// How many accounts have a hash of each kind and cost, by the decoy that stands in for these.
type Counts = BTreeMap<String, u64>;

impl Decoys {
    fn of(&self, tenant: TenantId) -> Counted {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().clone()
    }
}

/// The decoy at this place of all of them, where each has as much room as accounts are like it. A place is a part of
/// the whole, so that one more account moves the borders a little and leaves nearly every address its decoy.
fn at(counts: &Counts, place: u64) -> Option<&String> {
    let all: u64 = counts.values().sum();
    let mut place = ((u128::from(place) * u128::from(all)) >> 64) as u64;
    counts.iter().find_map(|(decoy, count)| match place.checked_sub(*count) {
        Some(rest) => {
            place = rest;
            None
        }
        None => Some(decoy),
    })
}

impl App {
    /// What a password typed for `named` is checked against: what is kept, or a decoy.
    pub(crate) async fn kept_or_decoy(
        &self,
        tenant: Option<&Tenant>,
        named: &str,
        phc: Option<String>,
        now: Micros,
    ) -> Result<Kept, Error> {
        let Some(tenant) = tenant else { return Ok(Kept::decoy()) };
        let place = place(&self.store.decoy_secret().await?, named);
        let body = self.decoys.of(tenant.id);
        let mut counted = body.lock().await;
        let fresh = counted.as_ref().is_some_and(|(at, _)| (0..COUNTED_US).contains(&(now - at)));
        if !fresh {
            *counted = Some((now, self.store.count_passwords(tenant.id, decoy_like).await?));
        }
        let decoy = counted.as_ref().and_then(|(_, counts)| at(counts, place)).cloned();
        drop(counted);
        Ok(match (phc, decoy) {
            (Some(phc), _) => Kept::Hash(phc),
            (None, Some(decoy)) => Kept::Decoy(decoy),
            (None, None) => Kept::decoy(),
        })
    }
}

/// Where an address stands among all, which only this server can say.
fn place(secret: &[u8; 32], named: &str) -> u64 {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, named.as_bytes());
    let first = tag.as_ref().first_chunk().expect("32 bytes begin with 8");
    u64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, Rules, Secret};
    use beffroi_domain::{AccountId, Rank, Role};
    use beffroi_policy::{ManageAccounts, operator};
    use beffroi_store::{NewAccount, Settings, Store};

    const PBKDF2: &str = "pbkdf2_sha256$20000$sel$vkDaMQjIbJ4eTo+75psPbxo6DEFbyE2rFd+2fPzMuYc=";
    const BCRYPT: &str = "$2b$06$5aa42fdypZDHvf5GS/2RB.lVTcawFiGjGZHN4XUgtujjwIURvLn9S";

    #[test]
    fn each_kind_has_the_room_that_its_accounts_have() {
        assert_eq!(at(&Counts::new(), 7), None);
        let counts = Counts::from([("a".to_owned(), 1), ("b".to_owned(), 3)]);
        let places: Vec<_> = (0..8).map(|place| at(&counts, place << 61).unwrap().as_str()).collect();
        assert_eq!(places, ["a", "a", "b", "b", "b", "b", "b", "b"]);
        assert_eq!(at(&counts, u64::MAX).unwrap(), "b");
    }

    /// Whoever watches how long an unknown address takes would otherwise see all of them change when one is added.
    #[test]
    fn one_more_account_moves_a_border_and_not_every_address() {
        let before = Counts::from([("a".to_owned(), 1000), ("b".to_owned(), 1000), ("c".to_owned(), 1000)]);
        for kind in ["a", "b", "c", "d"] {
            let mut after = before.clone();
            *after.entry(kind.to_owned()).or_default() += 1;
            let places = (0..9000).map(|n| n * (u64::MAX / 9000));
            let moved = places.filter(|place| at(&before, *place) != at(&after, *place)).count();
            assert!(moved <= 6, "{moved} of 9000 have another decoy after one more {kind}");
        }
    }

    struct Body {
        app: App,
        tenant: Tenant,
        folder: std::path::PathBuf,
    }

    impl Body {
        async fn of(name: &str, hashes: &[Option<&str>]) -> Self {
            let folder = std::env::temp_dir().join(format!("beffroi-decoys-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let settings = Settings {
                database: format!("sqlite:{}", folder.join("beffroi.db").display()),
                blobs: folder.join("blobs"),
                master_key: folder.join("master.key"),
                create: true,
            };
            let store = Store::open(settings).await.unwrap();
            let tenant = store.add_tenant(&"mairie.test".parse().unwrap(), "Mairie", 1).await.unwrap();
            let body = Self { app: App::new(store, Rules::default()), tenant, folder };
            for (n, hash) in hashes.iter().enumerate() {
                body.add(&format!("agent{n}"), *hash).await;
            }
            body
        }

        async fn add(&self, local: &str, password: Option<&str>) {
            let new = NewAccount {
                address: format!("{local}@mairie.test").parse().unwrap(),
                name: "Agent".parse().unwrap(),
                role: Role::Agent,
                clearance: Rank(1),
                password: password.map(str::to_owned),
            };
            let permit = operator::<ManageAccounts>(self.tenant.id, AccountId(0));
            self.app.store().add_account(&permit, new, 1).await.unwrap();
        }

        async fn work(&self, named: &str, now: Micros) -> String {
            let kept = self.app.kept_or_decoy(Some(&self.tenant), named, None, now).await.unwrap();
            assert!(matches!(kept, Kept::Decoy(_)), "{kept:?}");
            kept.text().to_owned()
        }
    }

    impl Drop for Body {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn where_everybody_was_imported_nobody_is_checked_by_our_own_hash() {
        run(async {
            let body = Body::of("imported", &[Some(PBKDF2), Some(PBKDF2), None]).await;
            let decoy = decoy_like(PBKDF2).unwrap();
            assert!(decoy.starts_with("pbkdf2_sha256$20000$") && decoy != PBKDF2);
            for n in 0..50 {
                assert_eq!(body.work(&format!("personne{n}@mairie.test"), 10).await, decoy);
            }
            // Who has not chosen a password yet is no different, nor is somebody shut out, whose own hash is checked.
            assert_eq!(body.work("agent2@mairie.test", 10).await, decoy);
            let origin = Origin::machine();
            for named in ["personne@mairie.test", "agent2@mairie.test", "agent0@mairie.test"] {
                let tried = body.app.sign_in(named, Secret::from("faux"), &origin, "", 10).await;
                assert!(matches!(tried, Err(Error::WrongCredentials)), "{named} {tried:?}");
            }
            let nobodys = body.app.kept_or_decoy(None, "x@ailleurs.test", None, 10).await.unwrap();
            assert_eq!(nobodys, Kept::decoy());
        });
    }

    #[test]
    fn whoever_signs_in_next_door_waits_for_no_count_of_this_body() {
        run(async {
            let body = Body::of("next-door", &[Some(PBKDF2)]).await;
            let ours = body.app.decoys.of(body.tenant.id);
            let counting = ours.lock().await;
            let next = body.app.store().add_tenant(&"hopital.test".parse().unwrap(), "Hôpital", 1).await;
            let next = next.unwrap();
            let kept = body.app.kept_or_decoy(Some(&next), "x@hopital.test", None, 10);
            // It never ends if it waits for what is held here; a minute, so that a busy machine fails nothing.
            let minute = std::time::Duration::from_secs(60);
            assert_eq!(tokio::time::timeout(minute, kept).await.unwrap().unwrap(), Kept::decoy());
            drop(counting);
        });
    }

    #[test]
    fn of_two_kinds_each_is_as_frequent_as_among_the_accounts_and_each_address_keeps_its_own() {
        run(async {
            let body = Body::of("mixed", &[Some(PBKDF2), Some(BCRYPT), Some(BCRYPT), Some(BCRYPT)]).await;
            let pbkdf2 = decoy_like(PBKDF2).unwrap();
            let names: Vec<_> = (0..2_000).map(|n| format!("personne{n}@mairie.test")).collect();
            let mut first = vec![];
            for name in &names {
                first.push(body.work(name, 10).await);
            }
            let share = first.iter().filter(|work| **work == pbkdf2).count();
            // A quarter, within six standard deviations: 19 each.
            assert!((380..=620).contains(&share), "{share} of 2000");
            for (name, work) in names.iter().zip(&first) {
                assert_eq!(body.work(name, COUNTED_US + 11).await, *work, "{name}");
            }
            // A new kind is there a minute after it came, not before.
            for n in 0..40 {
                body.add(
                    &format!("nouvelle{n}"),
                    Some("$2b$07$5aa42fdypZDHvf5GS/2RB.lVTcawFiGjGZHN4XUgtujjwIURvLn9S"),
                )
                .await;
            }
            let late = async |now| {
                let mut found = 0;
                for name in names.iter().take(50) {
                    found += usize::from(body.work(name, now).await.starts_with("$2b$07$"));
                }
                found
            };
            assert_eq!(late(2 * COUNTED_US).await, 0);
            assert!(late(2 * COUNTED_US + 11).await > 25);
        });
    }
}
