//! `beffroi audit export`: a tenant's log as a folder of files (C2SP tlog-tiles) that any web server can
//! serve and that nobody has to ask us about. A folder is evidence: what is in it is added to, never changed.
//!
//! Only the command line calls this, one export at a time on its own thread, so files are written plainly.

use crate::audit::{FIELDS, entry_data, entry_leaf};
use crate::merkle::{self, Checkpoint, Hash, TILE};
use crate::tiles::{Head, Tile, TileKind, bundle, complete_or_damaged, digits, hashes_at, range};
use crate::verify::{Stored, read, stored_columns};
use crate::{Result, Store, StoreError};
use beffroi_domain::TenantId;
use beffroi_policy::{ReadAudit, TenantPermit};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// What an export did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Domain of the tenant whose log it is.
    pub domain: String,
    /// Entries in the folder now.
    pub size: u64,
    /// Those that it did not have before.
    pub new: u64,
}

/// Why a log was not exported. What the folder held, it still holds.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder could not be read or written.
    #[error("{place} cannot be read or written; check its owner, its rights and the free space")]
    Folder {
        /// The file or folder.
        place: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Someone else is at it.
    #[error("another export into {place} is under way; let it end, then try again")]
    Busy {
        /// The folder of the tenant.
        place: PathBuf,
    },
    /// Nothing was ever exported there.
    #[error("{place} holds no exported log; name the folder that `beffroi audit export` was given")]
    Empty {
        /// The folder named.
        place: PathBuf,
    },
    /// What is in the folder is not what an export writes.
    #[error(
        "{place} is not what an export of this log wrote: it was damaged, or is of another log; nothing was changed in it"
    )]
    Foreign {
        /// The file.
        place: PathBuf,
    },
    /// The log here is not the continuation of the one in the folder.
    #[error(
        "the log of {domain} is not the one in {place}: the folder has {kept} entries, the log {size}, and only the first {fork} are the same, so it was cut off, put back or rewritten; nothing was changed in the folder. Keep both as they are and call your security officer"
    )]
    Forked {
        /// Domain of the tenant whose log it is.
        domain: String,
        /// The folder of the tenant.
        place: PathBuf,
        /// Entries in the folder.
        kept: u64,
        /// Entries in the log.
        size: u64,
        /// How many of the first ones are the same.
        fork: u64,
    },
    /// The log here was signed by another key than the one in the folder.
    #[error(
        "the log of {domain} is signed by another key than the one in {place}: it was made anew; nothing was changed in the folder. Keep both as they are and call your security officer"
    )]
    Key {
        /// Domain of the tenant whose log it is.
        domain: String,
        /// The folder of the tenant.
        place: PathBuf,
    },
    /// An entry is not what was signed.
    #[error("{domain}: {what}; nothing was exported. `beffroi audit verify` says what was changed")]
    Altered {
        /// Domain of the tenant whose log it is.
        domain: String,
        /// What is wrong.
        what: String,
    },
}

impl Store {
    /// Writes the tenant's log into the folder `DOMAIN` of `into`, or adds what is new since the last time.
    ///
    /// Every file is checked against the signed checkpoint before it is written, and the checkpoint is
    /// written last: a reader never has one without its tiles.
    ///
    /// # Errors
    /// `Forked` and `Key` when the log is not the continuation of what the folder holds, `Altered` when it
    /// is not what was signed; the others say what to do.
    pub async fn export_audit(
        &self,
        permit: &TenantPermit<ReadAudit>,
        into: &Path,
    ) -> Result<Exported, ExportError> {
        let tenant = permit.tenant();
        // No transaction: entries up to this head never change, and a long one would keep SQLite from
        // shortening its write-ahead log.
        let head = self.audit_head(tenant).await?;
        let altered = |what: String| ExportError::Altered { domain: head.domain.clone(), what };
        let signed = merkle::read_checkpoint(&head.checkpoint, &head.public_key, &head.domain);
        let Some((size, root)) = signed.filter(|(size, _)| *size == head.size) else {
            return Err(altered("the checkpoint is not the one that the key of this log signed".into()));
        };
        if self.audit_tree(tenant, size).await?.root() != root {
            return Err(altered("the entries do not give the root that was signed".into()));
        }
        let mut folder = Folder::make(into.join(&head.domain))?;
        let kept = self.compare(tenant, &head, &folder).await?;
        if !folder.add("key", merkle::verifier_key(&head.domain, &head.public_key).as_bytes())? {
            return Err(ExportError::Key { domain: head.domain, place: folder.path });
        }
        // From the top: what a tile gives together is known from the level above, the highest ones from
        // the root, before anything of it is written.
        let top = (0_u8..).take_while(|level| hashes_at(size, *level) > 0).last();
        for level in (0..=top.unwrap_or(0)).rev() {
            let (then, now) = (hashes_at(kept, level), hashes_at(size, level));
            for number in then / TILE..now.div_ceil(TILE) {
                let tile =
                    Tile { kind: TileKind::Hashes(level), number, width: TILE.min(now - number * TILE) };
                if level == 0 {
                    self.export_entries(tenant, &head, &mut folder, tile).await?;
                } else {
                    let hashes = self.audit_hashes(tenant, level, number * TILE, tile.width).await?;
                    self.export_tile(tenant, &head, &mut folder, tile, &hashes).await?;
                }
            }
        }
        folder.finish(&head.checkpoint, kept, size)?;
        Ok(Exported { domain: head.domain, size, new: size - kept })
    }

    /// Entries that the folder holds already; an error when they are not the first ones of this log.
    async fn compare(&self, tenant: TenantId, head: &Head, folder: &Folder) -> Result<u64, ExportError> {
        if !folder.path.join("checkpoint").exists() {
            return Ok(0);
        }
        let kept = folder.checkpoint()?;
        if !kept.signed_by(&head.public_key) {
            return Err(ExportError::Key { domain: head.domain.clone(), place: folder.path.clone() });
        }
        if kept.size <= head.size && self.audit_tree(tenant, kept.size).await?.root() == kept.root {
            return Ok(kept.size);
        }
        let shorter = kept.size.min(head.size);
        let mut fork = shorter;
        for number in 0..shorter.div_ceil(TILE) {
            let width = TILE.min(shorter - number * TILE);
            let there = folder.hashes(0, number, kept.size)?;
            let here = self.audit_hashes(tenant, 0, number * TILE, width).await?;
            if let Some(place) = here.iter().zip(&there).position(|(here, there)| here != there) {
                fork = number * TILE + place as u64;
                break;
            }
        }
        let (domain, place) = (head.domain.clone(), folder.path.clone());
        Err(ExportError::Forked { domain, place, kept: kept.size, size: head.size, fork })
    }

    /// Writes a tile of hashes that is what the level above says.
    async fn export_tile(
        &self,
        tenant: TenantId,
        head: &Head,
        folder: &mut Folder,
        tile: Tile,
        hashes: &[Hash],
    ) -> Result<(), ExportError> {
        if tile.width == TILE {
            let TileKind::Hashes(level) = tile.kind else { unreachable!("a tile of entries has no hashes") };
            let above = self.audit_hashes(tenant, level + 1, tile.number, 1).await?;
            if above != [merkle::perfect_root(hashes)] {
                let span = TILE.pow(u32::from(level) + 1);
                let (first, last) = (tile.number * span + 1, (tile.number + 1) * span);
                let what = format!("entries {first} to {last} do not give the hash that was signed");
                return Err(ExportError::Altered { domain: head.domain.clone(), what });
            }
        }
        folder.must_add(&format!("tile/{tile}"), &hashes.concat())
    }

    /// Writes a tile of leaves, the entries it is made of, and what these say.
    async fn export_entries(
        &self,
        tenant: TenantId,
        head: &Head,
        folder: &mut Folder,
        tile: Tile,
    ) -> Result<(), ExportError> {
        const SQL: &str = concat!(
            "SELECT ",
            stored_columns!(),
            " FROM audit_entry WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq"
        );
        let from = tile.number * TILE;
        let entries = self.db().rows(SQL, &range(tenant, from, tile.width), read).await?;
        complete_or_damaged(&entries, from, tile.width)?;
        for entry in &entries {
            if let Some(field) = entry.changed().first() {
                let what = format!("entry {}, field `{field}` was changed", entry.seq);
                return Err(ExportError::Altered { domain: head.domain.clone(), what });
            }
        }
        let leaves: Vec<Hash> = entries.iter().map(|e| entry_leaf(e.seq, &e.commitments)).collect();
        self.export_tile(tenant, head, folder, tile, &leaves).await?;
        let data = bundle(entries.iter().map(|e| entry_data(e.seq, &e.commitments)));
        folder.must_add(&format!("tile/{}", Tile { kind: TileKind::Entries, ..tile }), &data)?;
        let lines: String = entries.iter().map(line).collect();
        folder.grow(&format!("fields/{}.jsonl", digits(tile.number)), lines.as_bytes())
    }
}

/// What an entry says, as the verifier of docs/verify reads it; bytes in hexadecimal, sealed as they are.
fn line(entry: &Stored) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut line = serde_json::Map::new();
    line.insert("seq".into(), entry.seq.into());
    for (name, value) in FIELDS.iter().zip(&entry.fields) {
        let text = || String::from_utf8_lossy(value);
        let value = match *name {
            "actor" | "subject" | "detail" | "origin" => hex(value).into(),
            "act" | "outcome" | "rule" => text().into_owned().into(),
            _ => text().parse::<i64>().map_or(serde_json::Value::Null, Into::into),
        };
        line.insert((*name).to_owned(), value);
    }
    line.insert("signature".into(), hex(&entry.signature).into());
    format!("{}\n", serde_json::Value::Object(line))
}

/// The folder of one exported log.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Folders in which something new is named, to be synced before the checkpoint is written.
    touched: BTreeSet<PathBuf>,
    /// Held while an export is under way.
    _lock: Option<File>,
}

impl std::fmt::Display for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

fn failed(place: &Path) -> impl Fn(io::Error) -> ExportError {
    move |cause| ExportError::Folder { place: place.to_owned(), cause }
}

impl Folder {
    /// Makes or opens it for an export, alone.
    fn make(path: PathBuf) -> Result<Self, ExportError> {
        fs::create_dir_all(&path).map_err(failed(&path))?;
        let name = path.join(".lock");
        let lock = File::options().create(true).append(true).open(&name).map_err(failed(&name))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::Busy { place: path }),
            // A share that knows no locks: whoever exports into it keeps exports apart.
            Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(cause)) => return Err(failed(&name)(cause)),
        }
        Ok(Self { path, touched: BTreeSet::new(), _lock: Some(lock) })
    }

    /// Those of an export, to be read; the folder itself when it is one.
    pub(crate) fn exported(path: &Path) -> Result<Vec<Self>, ExportError> {
        let mut places = vec![path.to_owned()];
        for item in fs::read_dir(path).map_err(failed(path))? {
            places.push(item.map_err(failed(path))?.path());
        }
        places.retain(|place| place.join("checkpoint").is_file());
        places.sort();
        if places.is_empty() {
            return Err(ExportError::Empty { place: path.to_owned() });
        }
        let open = |path| Self { path, touched: BTreeSet::new(), _lock: None };
        Ok(places.into_iter().map(open).collect())
    }

    /// Its checkpoint; whose key signed it is asked apart.
    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, ExportError> {
        let place = self.path.join("checkpoint");
        let text = fs::read_to_string(&place).map_err(failed(&place))?;
        Checkpoint::read(&text).ok_or(ExportError::Foreign { place })
    }

    /// A tile of hashes of the log that was `size` entries long.
    pub(crate) fn hashes(&self, level: u8, number: u64, size: u64) -> Result<Vec<Hash>, ExportError> {
        let width = TILE.min(hashes_at(size, level) - number * TILE);
        let tile = Tile { kind: TileKind::Hashes(level), number, width };
        let place = self.path.join(format!("tile/{tile}"));
        let bytes = fs::read(&place).map_err(failed(&place))?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() as u64 != width || !rest.is_empty() {
            return Err(ExportError::Foreign { place });
        }
        Ok(hashes.to_vec())
    }

    /// Writes a file that is never changed; says whether what is there is now this.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<bool, ExportError> {
        let place = self.path.join(name);
        match fs::read(&place) {
            Ok(there) => Ok(there == bytes),
            Err(cause) if cause.kind() == ErrorKind::NotFound => self.write(&place, bytes).map(|()| true),
            Err(cause) => Err(failed(&place)(cause)),
        }
    }

    fn must_add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        if self.add(name, bytes)? {
            return Ok(());
        }
        Err(ExportError::Foreign { place: self.path.join(name) })
    }

    /// Writes a file that may only become longer.
    fn grow(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let place = self.path.join(name);
        match fs::read(&place) {
            Ok(there) if there == bytes => return Ok(()),
            Ok(there) if !bytes.starts_with(&there) => return Err(ExportError::Foreign { place }),
            Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(failed(&place)(cause)),
            _ => {}
        }
        self.write(&place, bytes)
    }

    /// All of it or nothing, whatever happens, and on disk when this answers but for its name.
    fn write(&mut self, place: &Path, bytes: &[u8]) -> Result<(), ExportError> {
        let parent = place.parent().unwrap_or(&self.path);
        let write = || {
            fs::create_dir_all(parent)?;
            let aside = place.with_added_extension("new");
            let mut file = File::create(&aside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&aside, place)
        };
        write().map_err(failed(place))?;
        let inside = parent.ancestors().take_while(|folder| folder.starts_with(&self.path));
        self.touched.extend(inside.map(Path::to_owned));
        Ok(())
    }

    /// Names the new end once everything before it is on disk, and forgets partial tiles that are full now.
    fn finish(mut self, checkpoint: &str, kept: u64, size: u64) -> Result<(), ExportError> {
        let sync = |folder: &PathBuf| File::open(folder).and_then(|f| f.sync_all()).map_err(failed(folder));
        std::mem::take(&mut self.touched).iter().try_for_each(sync)?;
        let place = self.path.join("checkpoint");
        let same = fs::read(&place).is_ok_and(|there| there == checkpoint.as_bytes());
        if !same {
            self.write(&place, checkpoint.as_bytes())?;
            sync(&self.path)?;
        }
        for level in (0_u8..).take_while(|level| hashes_at(size, *level) > 0) {
            let number = hashes_at(kept, level) / TILE;
            let mut kinds = vec![TileKind::Hashes(level)];
            kinds.extend((level == 0).then_some(TileKind::Entries));
            for kind in kinds {
                let full = Tile { kind, number, width: TILE };
                let partial = self.path.join(format!("tile/{full}.p"));
                if number < hashes_at(size, level) / TILE && partial.exists() {
                    fs::remove_dir_all(&partial).map_err(failed(&partial))?;
                }
            }
        }
        Ok(())
    }
}
