//! The master key: a file of 64 hexadecimal digits, mode 0600, made at first start.
//!
//! A rotation must survive being cut anywhere. The new key is first a whole file beside the old one
//! (`.next`); then one transaction wraps everything again; then the new file takes the place of the old
//! one. Whoever opens the store in between finds which of the two files opens the data, and finishes.

use crate::crypto::{Sealer, Secret, about, derived, new_secret};
use crate::keys::{KeyRing, TenantKey, tenant_key_columns};
use crate::sql::{Db, Tx, Value};
use crate::{OpenError, Result, StoreError};
use beffroi_domain::TenantId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Names a master key without telling it.
pub(crate) type MasterId = [u8; 8];

/// A master key.
#[derive(Debug)]
pub(crate) struct Master {
    id: MasterId,
    sealer: Sealer,
}

/// The fingerprint as people compare it.
pub(crate) fn shown(id: &MasterId) -> String {
    id.iter().map(|b| format!("{b:02x}")).collect()
}

impl Master {
    fn new(key: &Secret) -> Self {
        let mut id = MasterId::default();
        id.copy_from_slice(&derived(key, "master key name")[..8]);
        Self { id, sealer: Sealer::new(&derived(key, "master key wrapping")) }
    }

    pub(crate) fn id(&self) -> MasterId {
        self.id
    }

    /// Wraps a tenant's key.
    pub(crate) fn wrap_tenant(&self, tenant: TenantId, version: i64, key: &Secret) -> Vec<u8> {
        self.sealer.seal(&about("tenant", &[tenant.0, version]), key.as_slice())
    }

    /// Opens a tenant's key.
    pub(crate) fn open_tenant(&self, tenant: TenantId, version: i64, wrapped: &[u8]) -> Result<Secret> {
        self.sealer
            .open_key(&about("tenant", &[tenant.0, version]), wrapped)
            .ok_or_else(|| StoreError::Key { what: format!("tenant {tenant}") })
    }

    /// The key of this id, in the key file or in the one that is about to replace it.
    pub(crate) fn find(file: &Path, id: &MasterId) -> Option<Self> {
        [file.to_owned(), next(file)].iter().find_map(|f| read(f).ok().flatten().filter(|m| m.id == *id))
    }

    /// The key that opens this database, or a new one for a new database.
    pub(crate) async fn open(db: &Db, file: &Path, create: bool) -> Result<Self, OpenError> {
        const SQL: &str = "SELECT value FROM meta WHERE name = 'master'";
        let expected = async || db.row(SQL, &[], |row| row.bytes(0)).await.map_err(OpenError::Read);
        let expected = match expected().await? {
            Some(expected) => expected,
            None => {
                // Of two processes that start at once, one makes the key and the other finds it.
                let _one_at_a_time = locked(file).await.map_err(|cause| unreadable(file, cause))?;
                if expected().await?.is_none() {
                    let master = Self::first(file, create)?;
                    const KEEP: &str = "INSERT INTO meta (name, value) VALUES ('master', $1)";
                    db.execute(KEEP, &[Value::Bytes(&master.check())]).await.map_err(OpenError::Read)?;
                }
                expected().await?.unwrap_or_default()
            }
        };
        let here = read(file)?;
        if let Some(master) = &here
            && master.answers(&expected)
        {
            return Ok(Self { ..here.expect("seen above") });
        }
        // A rotation that was cut after its transaction: the new file only has to take its place.
        if let Some(master) = read(&next(file))?
            && master.answers(&expected)
        {
            finish(file).map_err(|cause| unreadable(file, cause))?;
            return Ok(master);
        }
        match here {
            None => Err(OpenError::KeyMissing { file: file.to_owned() }),
            Some(master) => Err(OpenError::KeyWrong {
                file: file.to_owned(),
                found: shown(&master.id),
                expected: expected.first_chunk::<8>().map_or_else(String::new, shown),
            }),
        }
    }

    /// The key for a database that has none yet: the one in the file, or a new one.
    fn first(file: &Path, create: bool) -> Result<Self, OpenError> {
        match read(file)? {
            Some(master) => Ok(master),
            None if create => {
                let key = new_secret();
                write(file, &key).map_err(|cause| unreadable(file, cause))?;
                Ok(Self::new(&key))
            }
            None => Err(OpenError::KeyMissing { file: file.to_owned() }),
        }
    }

    /// What the database keeps to know this key again: its name, then something sealed with it.
    fn check(&self) -> Vec<u8> {
        let mut check = self.id.to_vec();
        self.sealer.seal_onto(&mut check, b"check", b"beffroi");
        check
    }

    fn answers(&self, check: &[u8]) -> bool {
        check.split_first_chunk::<8>().is_some_and(|(id, sealed)| {
            *id == self.id
                && self.sealer.open(b"check", sealed).is_some_and(|plain| plain.as_slice() == b"beffroi")
        })
    }
}

/// `beffroi keys rotate`; gives where the former key file was put.
pub(crate) async fn rotate(db: &Db, keys: &KeyRing) -> Result<PathBuf> {
    let file = keys.file().to_owned();
    let failed = |cause| StoreError::Content { place: "master key file".into(), cause };
    let _one_at_a_time = locked(&file).await.map_err(failed)?;
    let mut tx = db.begin().await?;
    let expected = tx
        .row(tx.locking("SELECT value FROM meta WHERE name = 'master'"), &[], |row| row.bytes(0))
        .await?
        .and_then(|value| value.first_chunk::<8>().copied())
        .ok_or(StoreError::Gone { what: "master key" })?;
    // A rotation that was cut after its transaction is finished first.
    if read(&next(&file)).ok().flatten().is_some_and(|m| m.id == expected) {
        switch(&file).map_err(failed)?;
    }
    let old = Master::find(&file, &expected).ok_or_else(|| StoreError::Key { what: "the tenants".into() })?;
    let secret = new_secret();
    write(&next(&file), &secret).map_err(failed)?;
    let new = Master::new(&secret);
    rewrap(&mut tx, &new, keys).await?;
    tx.execute("UPDATE meta SET value = $1 WHERE name = 'master'", &[Value::Bytes(&new.check())]).await?;
    tx.commit().await?;
    let kept = former(&file, &old.id);
    switch(&file).map_err(failed)?;
    keys.set_master(new);
    Ok(kept)
}

/// Gives every tenant a new key and wraps again what the former one wrapped.
async fn rewrap(tx: &mut Tx, new: &Master, keys: &KeyRing) -> Result<()> {
    // Locks every tenant: whoever wraps something under a former key has finished, and its row is seen.
    const TENANTS: &str = concat!("SELECT ", tenant_key_columns!(), " FROM tenant t ORDER BY t.id");
    let tenants = tx
        .rows(tx.locking(TENANTS), &[], |row| {
            Ok((TenantId(row.int(0)?), row.int(1)?, keys.tenant_key(row, 0)?))
        })
        .await?;
    for (tenant, version, old) in tenants {
        let key = new_secret();
        let fresh = TenantKey::new(tenant, &key);
        let wrapped = new.wrap_tenant(tenant, version + 1, &key);
        const TENANT: &str =
            "UPDATE tenant SET key_version = $2, key_master = $3, key_wrapped = $4 WHERE id = $1";
        tx.execute(
            TENANT,
            &[Value::Int(tenant.0), Value::Int(version + 1), Value::Bytes(&new.id), Value::Bytes(&wrapped)],
        )
        .await?;
        const WRAPPED: [(&str, &str, &str); 3] = [
            (
                "room",
                "SELECT id, key_wrapped FROM room WHERE tenant = $1",
                "UPDATE room SET key_wrapped = $3 WHERE tenant = $1 AND id = $2",
            ),
            (
                "person",
                "SELECT person, key_wrapped FROM person_key WHERE tenant = $1",
                "UPDATE person_key SET key_wrapped = $3 WHERE tenant = $1 AND person = $2",
            ),
            (
                "audit log",
                "SELECT tenant, signing_key FROM audit_log WHERE tenant = $1",
                "UPDATE audit_log SET signing_key = $3 WHERE tenant = $1 AND tenant = $2",
            ),
        ];
        for (what, select, update) in WRAPPED {
            let rows =
                tx.rows(select, &[Value::Int(tenant.0)], |row| Ok((row.int(0)?, row.bytes(1)?))).await?;
            for (id, wrapped) in rows {
                let again = fresh.wrap(what, id, &old.unwrap_key(what, id, &wrapped)?);
                tx.execute(update, &[Value::Int(tenant.0), Value::Int(id), Value::Bytes(&again)]).await?;
            }
        }
    }
    Ok(())
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn next(file: &Path) -> PathBuf {
    beside(file, ".next")
}

fn former(file: &Path, id: &MasterId) -> PathBuf {
    beside(file, &format!(".former-{}", shown(id)))
}

fn unreadable(file: &Path, cause: io::Error) -> OpenError {
    OpenError::KeyUnreadable { file: file.to_owned(), cause }
}

/// One process at a time changes key files.
fn lock(file: &Path) -> io::Result<File> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(beside(file, ".lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// The same, waiting elsewhere: who holds it may need this very thread to go on.
async fn locked(file: &Path) -> io::Result<File> {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || lock(&file)).await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

/// The next key file takes the place of the former, which stays under a name that says which it is.
fn switch(file: &Path) -> io::Result<()> {
    if !next(file).exists() {
        return Ok(()); // someone else finished
    }
    if let Ok(Some(old)) = read(file) {
        let kept = former(file, &old.id);
        match fs::hard_link(file, &kept) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    fs::rename(next(file), file)?;
    sync_folder(file)
}

fn finish(file: &Path) -> io::Result<()> {
    let _one_at_a_time = lock(file)?;
    switch(file)
}

/// Reads a key file; `None` when there is none.
fn read(file: &Path) -> Result<Option<Master>, OpenError> {
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(unreadable(file, cause)),
    };
    let mode = opened.metadata().map_err(|cause| unreadable(file, cause))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(OpenError::KeyMode { file: file.to_owned(), mode });
    }
    let mut text = Zeroizing::new(vec![]);
    (&mut opened).take(1024).read_to_end(&mut text).map_err(|cause| unreadable(file, cause))?;
    let shape = || OpenError::KeyShape { file: file.to_owned() };
    let digits = text.trim_ascii();
    if digits.len() != 64 {
        return Err(shape());
    }
    let mut key: Secret = Zeroizing::new([0; 32]);
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| shape())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| shape())?;
    }
    Ok(Some(Master::new(&key)))
}

/// Writes a key file whole: under another name first, then in its place.
fn write(file: &Path, key: &Secret) -> io::Result<()> {
    let part = beside(file, ".part");
    let _ = fs::remove_file(&part);
    let mut out = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text.push('\n');
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&part, file)?;
    sync_folder(file)
}

fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
