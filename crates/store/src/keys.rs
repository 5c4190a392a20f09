//! Whose key opens what: master key → tenant key → room, person and signing keys → contents.
//!
//! Keys are random and wrapped (sealed) under the one above, bound to what they are for. Opened ones stay
//! in bounded memory. Another process may rotate the keys at any time: what is read from the database
//! says which master key wraps it, and the key file is read again when that is a new one.

use crate::crypto::{Sealer, Secret, about, derived, new_secret};
use crate::master::{Master, MasterId};
use crate::sql::{Db, Row, Tx, Value};
use crate::{Result, StoreError};
use aws_lc_rs::hmac;
use beffroi_domain::{RoomId, TenantId};
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A tenant's key, which wraps the others of the tenant.
#[derive(Debug)]
pub(crate) struct TenantKey {
    tenant: TenantId,
    sealer: Sealer,
}

impl TenantKey {
    pub(crate) fn new(tenant: TenantId, key: &Secret) -> Self {
        Self { tenant, sealer: Sealer::new(key) }
    }
    /// Wraps a key for `what` number `id` of this tenant.
    pub(crate) fn wrap(&self, what: &str, id: i64, key: &Secret) -> Vec<u8> {
        self.sealer.seal(&about(what, &[self.tenant.0, id]), key.as_slice())
    }
    /// Seals something of this tenant that is not kept.
    pub(crate) fn seal(&self, what: &str, plain: &[u8]) -> Vec<u8> {
        self.sealer.seal(&about(what, &[self.tenant.0]), plain)
    }
    /// Opens it; `None` for anything else.
    pub(crate) fn open(&self, what: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.sealer.open(&about(what, &[self.tenant.0]), sealed).map(|plain| plain.to_vec())
    }
    /// Opens such a key.
    pub(crate) fn unwrap_key(&self, what: &'static str, id: i64, wrapped: &[u8]) -> Result<Secret> {
        self.sealer
            .open_key(&about(what, &[self.tenant.0, id]), wrapped)
            .ok_or_else(|| StoreError::Key { what: format!("{what} {id}") })
    }
}

/// What a room's key opens.
pub(crate) struct RoomKey {
    /// Message bodies.
    pub(crate) bodies: Sealer,
    /// File keys, names and facts of files.
    pub(crate) files: Sealer,
    origins: hmac::Key,
}

impl std::fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RoomKey")
    }
}

impl RoomKey {
    fn new(key: &Secret) -> Self {
        Self {
            bodies: Sealer::new(&derived(key, "room bodies")),
            files: Sealer::new(&derived(key, "room files")),
            origins: hmac::Key::new(hmac::HMAC_SHA256, derived(key, "room origins").as_slice()),
        }
    }

    /// What is kept of an origin id to know it again: never 0, tells nothing without the room's key.
    pub(crate) fn origin(&self, author_kind: i64, author: i64, origin: &str) -> i64 {
        let mut context = hmac::Context::with_key(&self.origins);
        context.update(&author_kind.to_be_bytes());
        context.update(&author.to_be_bytes());
        context.update(origin.as_bytes());
        let tag = context.sign();
        let first: [u8; 8] = tag.as_ref()[..8].try_into().expect("HMAC-SHA-256 gives 32 bytes");
        i64::from_be_bytes(first).max(i64::MIN + 1).checked_abs().map_or(1, |v| v.max(1))
    }
}

/// The key ring of a store.
#[derive(Debug)]
pub(crate) struct KeyRing {
    file: PathBuf,
    master: Mutex<Arc<Master>>,
    tenants: Bounded<TenantId, (i64, Arc<TenantKey>)>,
    rooms: Bounded<RoomId, Arc<RoomKey>>,
}

/// Columns that open a tenant's key, in the order that [`KeyRing::tenant_key`] reads from `column` on.
macro_rules! tenant_key_columns {
    () => {
        "t.id, t.key_version, t.key_master, t.key_wrapped"
    };
}
pub(crate) use tenant_key_columns;

impl KeyRing {
    pub(crate) fn new(file: PathBuf, master: Master) -> Self {
        Self {
            file,
            master: Mutex::new(Arc::new(master)),
            tenants: Bounded::new(1_000),
            rooms: Bounded::new(10_000),
        }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The master key of this id: the one at hand, or the one in the file since a rotation.
    pub(crate) fn master(&self, id: &[u8]) -> Result<Arc<Master>> {
        let mut held = self.master.lock().unwrap_or_else(PoisonError::into_inner);
        if held.id().as_slice() != id {
            let id: MasterId = id.try_into().map_err(|_| StoreError::Key { what: "the tenant".into() })?;
            let found = Master::find(&self.file, &id).ok_or_else(|| StoreError::Key {
                what: format!("the tenants (wrapped by master key {})", crate::master::shown(&id)),
            })?;
            *held = Arc::new(found);
        }
        Ok(held.clone())
    }

    pub(crate) fn set_master(&self, master: Master) {
        *self.master.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(master);
    }

    /// A tenant's key from the columns [`tenant_key_columns`] that start at `column`.
    pub(crate) fn tenant_key(&self, row: &Row, column: usize) -> Result<Arc<TenantKey>> {
        let (tenant, version) = (TenantId(row.int(column)?), row.int(column + 1)?);
        if let Some((held, key)) = self.tenants.get(&tenant)
            && held == version
        {
            return Ok(key);
        }
        let master = self.master(&row.bytes(column + 2)?)?;
        let key = master.open_tenant(tenant, version, &row.bytes(column + 3)?)?;
        let key = Arc::new(TenantKey::new(tenant, &key));
        self.tenants.put(tenant, (version, key.clone()));
        Ok(key)
    }

    /// A tenant's key for wrapping something in this transaction: no rotation comes between.
    pub(crate) async fn tenant_key_in(&self, tx: &mut Tx, tenant: TenantId) -> Result<Arc<TenantKey>> {
        const SQL: &str = concat!("SELECT ", tenant_key_columns!(), " FROM tenant t WHERE t.id = $1");
        tx.row(tx.sharing(SQL), &[Value::Int(tenant.0)], |row| self.tenant_key(row, 0))
            .await?
            .ok_or(StoreError::Gone { what: "tenant" })
    }

    /// A room's key.
    pub(crate) async fn room(&self, db: &Db, room: RoomId) -> Result<Arc<RoomKey>> {
        if let Some(key) = self.rooms.get(&room) {
            return Ok(key);
        }
        const SQL: &str = concat!(
            "SELECT r.key_wrapped, ",
            tenant_key_columns!(),
            " FROM room r JOIN tenant t ON t.id = r.tenant WHERE r.id = $1"
        );
        let key = db
            .row(SQL, &[Value::Int(room.0)], |row| {
                self.tenant_key(row, 1)?.unwrap_key("room", room.0, &row.bytes(0)?)
            })
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        let key = Arc::new(RoomKey::new(&key));
        self.rooms.put(room, key.clone());
        Ok(key)
    }
}

/// A new key for a new room: what to store.
pub(crate) fn new_room_key(tenant: &TenantKey, room: RoomId) -> Vec<u8> {
    tenant.wrap("room", room.0, &new_secret())
}

/// A bounded map. When it is full a quarter of it is forgotten: what is needed comes back at the price
/// of one look-up.
#[derive(Debug)]
struct Bounded<K, V> {
    most: usize,
    held: Mutex<HashMap<K, V>>,
}

impl<K: Eq + Hash + Copy, V: Clone> Bounded<K, V> {
    fn new(most: usize) -> Self {
        Self { most, held: Mutex::new(HashMap::new()) }
    }
    fn get(&self, key: &K) -> Option<V> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
    fn put(&self, key: K, value: V) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= self.most {
            let gone: Vec<K> = held.keys().take(self.most / 4 + 1).copied().collect();
            for key in gone {
                held.remove(&key);
            }
        }
        held.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_bounded() {
        let ring = Bounded::new(8);
        for n in 0..100 {
            ring.put(n, n);
            assert_eq!(ring.get(&n), Some(n));
        }
        assert!(ring.held.lock().unwrap().len() <= 8);
    }

    #[test]
    fn a_wrapped_key_opens_only_as_what_it_is() {
        let tenant = TenantKey::new(TenantId(1), &new_secret());
        let key = new_secret();
        let wrapped = tenant.wrap("room", 7, &key);
        assert_eq!(*tenant.unwrap_key("room", 7, &wrapped).unwrap(), *key);
        assert!(tenant.unwrap_key("room", 8, &wrapped).is_err());
        assert!(tenant.unwrap_key("person", 7, &wrapped).is_err());
        assert!(TenantKey::new(TenantId(2), &new_secret()).unwrap_key("room", 7, &wrapped).is_err());
    }

    #[test]
    fn an_origin_is_known_again_by_its_author_only() {
        let key = RoomKey::new(&new_secret());
        assert_eq!(key.origin(1, 5, "a"), key.origin(1, 5, "a"));
        assert_ne!(key.origin(1, 5, "a"), key.origin(1, 6, "a"));
        assert_ne!(key.origin(1, 5, "a"), key.origin(2, 5, "a"));
        assert!(key.origin(1, 5, "") > 0);
    }
}
