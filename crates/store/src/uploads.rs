//! Files on their way in.
//!
//! What was acknowledged is on disk: full segments in the contents, what does not fill one yet in the
//! row of the upload, together with how much is held. An upload that was cut goes on from there, in this
//! process or another; the hash is then made again from what is held.

use crate::audit::{self, NewEntry, Subject};
use crate::blob::{self, Blob, Reading, SEGMENT};
use crate::crypto::{Sealer, Secret, about, damaged, entropy, new_secret};
use crate::event::{self, event_columns, read_event};
use crate::sql::{Row, Value};
use crate::{Result, Store, StoreError};
use aws_lc_rs::digest;
use beffroi_domain::{
    AccountId, Author, Content, Event, FileId, FileShared, Micros, RoomId, TenantId, UploadId,
};
use beffroi_policy::{Acting, AddFile, Permit, RoomAct as _};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// A file on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its id.
    pub id: UploadId,
    /// Where it goes.
    pub room: RoomId,
    /// Who sends it.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// As declared.
    pub media_type: String,
    /// Bytes announced.
    pub size: u64,
    /// Bytes on disk.
    pub offset: u64,
}

/// Bytes of one part at most.
const PART: usize = 8 * 1024 * 1024;
/// Uploads held open; the others are opened again when they go on.
const OPEN: usize = 256;

/// Uploads that this process is in the middle of. The inner lock makes the parts of one upload follow
/// each other; `None` until the first part, and after a failure.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<HashMap<UploadId, Arc<tokio::sync::Mutex<Option<Live>>>>>);

impl Uploads {
    fn of(&self, upload: UploadId) -> Arc<tokio::sync::Mutex<Option<Live>>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN {
            open.retain(|_, live| Arc::strong_count(live) > 1);
        }
        open.entry(upload).or_default().clone()
    }
    fn forget(&self, upload: UploadId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&upload);
    }
}

/// An upload in the middle of which we are.
struct Live {
    row: UploadRow,
    file: FileId,
    key: Sealer,
    wrapped: Vec<u8>,
    blob: Blob,
    /// What does not fill a segment yet.
    tail: Vec<u8>,
    hash: digest::Context,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Live({}, {} of {})", self.row.id, self.row.offset, self.row.size)
    }
}

/// An upload as stored.
struct Stored {
    row: UploadRow,
    file: FileId,
    facts: Vec<u8>,
    tail: Vec<u8>,
    wrapped: Vec<u8>,
}

fn read_stored(row: &Row) -> Result<Stored> {
    let id = UploadId(row.int(0)?);
    let size =
        |column| row.int(column).and_then(|n| u64::try_from(n).map_err(|_| damaged(format!("upload {id}"))));
    Ok(Stored {
        row: UploadRow {
            id,
            room: RoomId(row.int(2)?),
            account: AccountId(row.int(3)?),
            name: String::new(),
            media_type: String::new(),
            size: size(5)?,
            offset: size(6)?,
        },
        file: FileId(row.int(1)?),
        facts: row.bytes(4)?,
        tail: row.bytes(7)?,
        wrapped: row.bytes(8)?,
    })
}

/// What a file's key is sealed for, under its room's key.
pub(crate) fn about_key(file: FileId) -> Vec<u8> {
    about("file key", &[file.0])
}

fn about_facts(upload: UploadId) -> Vec<u8> {
    about("upload facts", &[upload.0])
}

/// A tail is bound to how much is held, so that an older one does not pass for it.
fn about_tail(file: FileId, held: u64) -> Vec<u8> {
    about("upload tail", &[file.0, held as i64])
}

/// A name that can be shown, stored and offered for saving anywhere.
fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let hidden = |c: char| {
        c.is_control() || matches!(c, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if name.is_empty() || name.len() > 255 || name == "." || name == ".." || name.contains(hidden) {
        return Err(StoreError::Refused(
            "a file's name has 1 to 255 bytes, without slash or invisible character; rename the file",
        ));
    }
    Ok(name)
}

/// The media type as declared, or the one that says nothing (RFC 6838 §4.2 for the shape).
fn checked_media_type(text: &str) -> &str {
    let token = |t: &str| {
        (1..=127).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match text.split_once('/') {
        Some((kind, sub)) if token(kind) && token(sub) => text,
        _ => "application/octet-stream",
    }
}

impl Store {
    /// Announces a file of `size` bytes.
    ///
    /// # Errors
    /// `Refused` for a name that is empty, too long or holds a control character or a `/`.
    pub async fn begin_upload(
        &self,
        permit: &Permit<AddFile>,
        account: AccountId,
        name: &str,
        media_type: &str,
        size: u64,
        now: Micros,
    ) -> Result<UploadId> {
        let name = checked_name(name)?;
        let bytes = i64::try_from(size).map_err(|_| StoreError::Refused("no file is this large"))?;
        let (upload, file) = (UploadId::mint(now, entropy()), FileId::mint(now, entropy()));
        let room = self.keys().room(self.db(), permit.room()).await?;
        let facts = format!("{}\n{name}", checked_media_type(media_type));
        let secret = new_secret();
        const SQL: &str = "
            INSERT INTO upload (id, file, room, account, facts, size, held, tail, key_wrapped, changed_us)
            VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)";
        let values = [
            Value::Int(upload.0),
            Value::Int(file.0),
            Value::Int(permit.room().0),
            Value::Int(account.0),
            Value::Bytes(&room.files.seal(&about_facts(upload), facts.as_bytes())),
            Value::Int(bytes),
            Value::Bytes(&[]),
            Value::Bytes(&room.files.seal(&about_key(file), secret.as_slice())),
            Value::Int(now),
        ];
        self.db().execute(SQL, &values).await?;
        Ok(upload)
    }

    async fn stored_upload(&self, upload: UploadId) -> Result<Option<Stored>> {
        const SQL: &str = "
            SELECT id, file, room, account, facts, size, held, tail, key_wrapped FROM upload WHERE id = $1";
        let Some(mut stored) = self.db().row(SQL, &[Value::Int(upload.0)], read_stored).await? else {
            return Ok(None);
        };
        let room = self.keys().room(self.db(), stored.row.room).await?;
        let facts = room
            .files
            .open(&about_facts(upload), &stored.facts)
            .and_then(|plain| String::from_utf8(plain.to_vec()).ok())
            .ok_or_else(|| damaged(format!("upload {upload}")))?;
        if let Some((media_type, name)) = facts.split_once('\n') {
            stored.row.media_type = media_type.to_owned();
            stored.row.name = name.to_owned();
        }
        Ok(Some(stored))
    }

    /// An upload, to check whose it is and where it stands.
    ///
    /// # Errors
    /// The database.
    pub async fn upload(&self, upload: UploadId) -> Result<Option<UploadRow>> {
        Ok(self.stored_upload(upload).await?.map(|stored| stored.row))
    }

    /// Takes an upload up where it stands, hashing again what is held.
    async fn take_up(&self, upload: UploadId) -> Result<Live> {
        let stored = self.stored_upload(upload).await?.ok_or(StoreError::Gone { what: "upload" })?;
        let room = self.keys().room(self.db(), stored.row.room).await?;
        let folder = self.blobs().to_owned();
        let key: Secret = room
            .files
            .open_key(&about_key(stored.file), &stored.wrapped)
            .ok_or_else(|| StoreError::Key { what: format!("file {}", stored.file) })?;
        let task = move || {
            let sealer = Sealer::new(&key);
            let held = stored.row.offset;
            let tail = if stored.tail.is_empty() {
                vec![]
            } else {
                sealer
                    .open(&about_tail(stored.file, held), &stored.tail)
                    .ok_or_else(|| damaged(format!("upload {upload}")))?
                    .to_vec()
            };
            let blob = Blob::create(&folder, stored.file)?;
            let full = held - tail.len() as u64;
            let mut hash = digest::Context::new(&digest::SHA256);
            let mut reading = Reading::open(&folder, stored.file, Sealer::new(&key), full, 0, full)?;
            loop {
                let block = reading.block()?;
                if block.is_empty() {
                    break;
                }
                block.iter().for_each(|piece| hash.update(piece));
            }
            hash.update(&tail);
            let Stored { row, file, wrapped, .. } = stored;
            Ok(Live { row, file, key: sealer, wrapped, blob, tail, hash })
        };
        blocking(task).await
    }

    /// Adds at most 8 MiB at `offset`. Once this answers with the new offset, it is on disk.
    ///
    /// # Errors
    /// `Offset` when the part does not start where the upload stands, `Refused` when it is too long.
    pub async fn append_part(&self, upload: UploadId, offset: u64, part: Bytes, now: Micros) -> Result<u64> {
        if part.len() > PART {
            return Err(StoreError::Refused("a part has at most 8 MiB; send it in several"));
        }
        let store = self.clone();
        to_its_end(async move { store.append(upload, offset, part, now).await }).await
    }

    async fn append(&self, upload: UploadId, offset: u64, part: Bytes, now: Micros) -> Result<u64> {
        let place = self.uploads().of(upload);
        let mut place = place.lock().await;
        // Taken out: whatever goes wrong from here, the next part finds what the disk holds.
        let live = match place.take() {
            Some(live) => live,
            None => self.take_up(upload).await.inspect_err(|_| self.uploads().forget(upload))?,
        };
        let held = live.row.offset;
        if offset != held {
            *place = Some(live);
            return Err(StoreError::Offset { upload, held });
        }
        if live.row.size - held < part.len() as u64 {
            *place = Some(live);
            return Err(StoreError::Refused(
                "this is more than the size that was announced; begin a new upload",
            ));
        }
        let length = part.len() as u64;
        let live = add(live, part).await?;
        let sealed = match live.tail.is_empty() {
            true => vec![],
            false => live.key.seal(&about_tail(live.file, live.row.offset), &live.tail),
        };
        const SQL: &str =
            "UPDATE upload SET held = $3, tail = $4, changed_us = $5 WHERE id = $1 AND held = $2";
        let values = [
            Value::Int(upload.0),
            Value::Int(held as i64),
            Value::Int((held + length) as i64),
            Value::Bytes(&sealed),
            Value::Int(now),
        ];
        if self.db().execute(SQL, &values).await? == 0 {
            return Err(StoreError::Gone { what: "upload" });
        }
        let held = live.row.offset;
        *place = Some(live);
        Ok(held)
    }

    /// Makes the complete upload a file of its room, with its event. Safe to call again when its answer
    /// was lost.
    ///
    /// # Errors
    /// `Offset` when bytes are missing.
    pub async fn finish_upload(
        &self,
        permit: &Permit<AddFile>,
        upload: UploadId,
        author: Author,
        now: Micros,
    ) -> Result<(FileShared, Event)> {
        let (store, acting) = (self.clone(), permit.acting());
        to_its_end(async move { store.finish(acting, upload, author, now).await }).await
    }

    async fn finish(
        &self,
        acting: Acting,
        upload: UploadId,
        author: Author,
        now: Micros,
    ) -> Result<(FileShared, Event)> {
        let place = self.uploads().of(upload);
        let mut place = place.lock().await;
        let live = match place.take() {
            Some(live) => live,
            None => match self.take_up(upload).await {
                Ok(live) => live,
                Err(StoreError::Gone { .. }) => {
                    self.uploads().forget(upload);
                    return self.finished(upload).await?.ok_or(StoreError::Gone { what: "upload" });
                }
                Err(error) => return Err(error),
            },
        };
        if live.row.offset != live.row.size {
            let held = live.row.offset;
            *place = Some(live);
            return Err(StoreError::Offset { upload, held });
        }
        let live = blocking(move || {
            if !live.tail.is_empty() {
                let segment = (live.row.offset - live.tail.len() as u64) / SEGMENT as u64;
                live.blob.write(&live.key, segment, &[&live.tail])?;
            }
            Ok(live)
        })
        .await?;
        let shared = FileShared {
            file: live.file,
            name: live.row.name.clone(),
            size: live.row.size,
            media_type: live.row.media_type.clone(),
            sha256: live.hash.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes"),
        };
        let room = live.row.room;
        let mut tx = self.db().begin().await?;
        const GONE: &str = "DELETE FROM upload WHERE id = $1";
        if tx.execute(GONE, &[Value::Int(upload.0)]).await? == 0 {
            drop(tx);
            return self.finished(upload).await?.ok_or(StoreError::Gone { what: "upload" });
        }
        const TENANT: &str = "SELECT tenant FROM room WHERE id = $1";
        let tenant = tx
            .row(TENANT, &[Value::Int(room.0)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        let actor = Subject::by(acting);
        let content = Content::File(shared.clone());
        let event = event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?;
        const ADD: &str = "
            INSERT INTO file (id, room, seq, at_us, size, key_wrapped, upload) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = [
            Value::Int(live.file.0),
            Value::Int(room.0),
            Value::Int(event.seq),
            Value::Int(event.at),
            Value::Int(shared.size as i64),
            Value::Bytes(&live.wrapped),
            Value::Int(upload.0),
        ];
        tx.execute(ADD, &values).await?;
        let told = format!("file {}, {} bytes", shared.file, shared.size);
        let entry = NewEntry::done(AddFile::NAME, actor).within(room).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        self.uploads().forget(upload);
        Ok((shared, event))
    }

    /// The file that an upload became.
    async fn finished(&self, upload: UploadId) -> Result<Option<(FileShared, Event)>> {
        const ROOM: &str = "SELECT room FROM file WHERE upload = $1";
        let found = self.db().row(ROOM, &[Value::Int(upload.0)], |row| row.int(0).map(RoomId)).await?;
        let Some(room) = found else { return Ok(None) };
        let key = self.keys().room(self.db(), room).await?;
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM file f JOIN event e ON e.room = f.room AND e.seq = f.seq WHERE f.upload = $1"
        );
        let event = self.db().row(SQL, &[Value::Int(upload.0)], |row| read_event(row, 0, room, &key)).await?;
        Ok(event.and_then(|event| match &event.content {
            Content::File(shared) => Some((shared.clone(), event)),
            _ => None,
        }))
    }

    /// Forgets an upload and its bytes.
    ///
    /// # Errors
    /// `Gone` when there is none.
    pub async fn abandon_upload(&self, upload: UploadId) -> Result<()> {
        let store = self.clone();
        to_its_end(async move { store.abandon(upload).await }).await
    }

    async fn abandon(&self, upload: UploadId) -> Result<()> {
        let place = self.uploads().of(upload);
        let mut place = place.lock().await;
        *place = None;
        self.uploads().forget(upload);
        let mut tx = self.db().begin().await?;
        const SQL: &str = "DELETE FROM upload WHERE id = $1 RETURNING file";
        let file = tx
            .row(SQL, &[Value::Int(upload.0)], |row| row.int(0).map(FileId))
            .await?
            .ok_or(StoreError::Gone { what: "upload" })?;
        tx.commit().await?;
        let folder = self.blobs().to_owned();
        blocking(move || blob::remove(&folder, file)).await
    }

    /// Forgets uploads that nothing was added to since; gives how many.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_uploads(&self, before: Micros) -> Result<u64> {
        const SQL: &str = "SELECT id FROM upload WHERE changed_us < $1 ORDER BY changed_us LIMIT 1000";
        let old = self.db().rows(SQL, &[Value::Int(before)], |row| row.int(0).map(UploadId)).await?;
        let mut forgotten = 0;
        for upload in old {
            match self.abandon_upload(upload).await {
                Ok(()) => forgotten += 1,
                Err(StoreError::Gone { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(forgotten)
    }
}

/// Hashes on one thread what another seals and writes.
async fn add(live: Live, part: Bytes) -> Result<Live> {
    let Live { mut row, file, key, wrapped, blob, tail, mut hash } = live;
    let hashed = part.clone();
    let hashing = spawn_blocking(move || {
        hash.update(&hashed);
        hash
    });
    row.offset += part.len() as u64;
    let before = row.offset - part.len() as u64 - tail.len() as u64;
    let (key, blob, tail) = blocking(move || {
        let whole = tail.len() + part.len();
        let kept = whole % SEGMENT;
        if whole < SEGMENT {
            return Ok((key, blob, [tail.as_slice(), &part].concat()));
        }
        let (now, later) = part.split_at(part.len() - kept);
        blob.write(&key, before / SEGMENT as u64, &[&tail, now])?;
        Ok((key, blob, later.to_vec()))
    })
    .await?;
    let hash = hashing.await.map_err(|_| StoreError::Closing)?;
    Ok(Live { row, file, key, wrapped, blob, tail, hash })
}

/// Runs to the end what was begun, also when nobody waits for it any more (a browser that was closed):
/// otherwise its thread would still be writing while the next part of the same upload begins.
async fn to_its_end<T: Send + 'static>(task: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(task).await {
        Ok(outcome) => outcome,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(_) => Err(StoreError::Closing),
    }
}

/// Runs what waits for the disk away from the threads that serve everyone.
pub(crate) async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match spawn_blocking(task).await {
        Ok(outcome) => outcome,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        Err(_) => Err(StoreError::Closing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types() {
        for bad in ["", " ", ".", "..", "a/b", "a\\b", "a\nb", "gpj.\u{202e}exe", &"x".repeat(256)] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(checked_name(" Budget 2026 (é).ods ").unwrap(), "Budget 2026 (é).ods");
        assert_eq!(checked_media_type("image/png"), "image/png");
        for bad in ["", "image", "image/", "a/b\r\nSet-Cookie: x", "text/html; charset=x"] {
            assert_eq!(checked_media_type(bad), "application/octet-stream");
        }
    }
}
