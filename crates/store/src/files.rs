//! Files of rooms.

use crate::audit::{self, NewEntry, Subject};
use crate::blob::Reading;
use crate::crypto::{Sealer, damaged};
use crate::event::{event_columns, read_event};
use crate::keys::RoomKey;
use crate::sql::{Row, Value};
use crate::uploads::{about_key, blocking};
use crate::{Result, Store, StoreError};
use beffroi_domain::{Author, Content, Event, FileId, FileShared, Micros, RoomId};
use beffroi_policy::{Permit, ReadFile, ReadRoom, RoomAct as _};
use bytes::Bytes;
use futures_util::{Stream, stream};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::JoinHandle;

/// A file of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// The file.
    pub file: FileShared,
    /// Its room.
    pub room: RoomId,
    /// Who put it there.
    pub author: Author,
    /// When.
    pub at: Micros,
}

/// Bytes of a file in pieces of at most 64 KiB, decrypted as they are read: at most two blocks of
/// 512 KiB are in memory, the one being given and the next.
pub struct FileStream {
    inner: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

impl Stream for FileStream {
    type Item = Result<Bytes>;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

impl std::fmt::Debug for FileStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileStream")
    }
}

/// Files in one list at most.
const LIST: i64 = 1_000;
/// Rank from which reading a file is an entry of the audit log: "Sensitive" and above.
const READS_ARE_NOTED: i64 = 2;

fn file_row(event: Event) -> Option<FileRow> {
    let Event { room, at, author, content, .. } = event;
    match content {
        Content::File(file) => Some(FileRow { file, room, author, at }),
        _ => None,
    }
}

/// A block on its way from the disk.
type Ahead = JoinHandle<Result<(Reading, VecDeque<Bytes>)>>;

/// Where a stream stands: pieces to give, and the block that is being read meanwhile.
struct Flow {
    ready: VecDeque<Bytes>,
    next: Option<Ahead>,
}

fn read_ahead(mut reading: Reading) -> Ahead {
    tokio::task::spawn_blocking(move || {
        let block = reading.block()?;
        Ok((reading, block))
    })
}

async fn flow(mut flow: Flow) -> Option<(Result<Bytes>, Flow)> {
    if flow.ready.is_empty() {
        match flow.next.take()?.await {
            Ok(Ok((reading, block))) => {
                if !block.is_empty() {
                    flow.next = Some(read_ahead(reading));
                }
                flow.ready = block;
            }
            Ok(Err(error)) => return Some((Err(error), flow)),
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            Err(_) => return Some((Err(StoreError::Closing), flow)),
        }
    }
    let piece = flow.ready.pop_front()?;
    Some((Ok(piece), flow))
}

impl Store {
    /// The files of the room, latest first, at most 1,000.
    ///
    /// # Errors
    /// The database, or damaged names.
    pub async fn files(&self, permit: &Permit<ReadRoom>) -> Result<Vec<FileRow>> {
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM file f JOIN event e ON e.room = f.room AND e.seq = f.seq
              WHERE f.room = $1 ORDER BY f.seq DESC LIMIT $2"
        );
        let room = permit.room();
        let key = self.keys().room(self.db(), room).await?;
        let values = [Value::Int(room.0), Value::Int(LIST)];
        let events = self.db().rows(SQL, &values, |row| read_event(row, 0, room, &key)).await?;
        Ok(events.into_iter().filter_map(file_row).collect())
    }

    /// The room of a file, to ask the policy.
    ///
    /// # Errors
    /// The database.
    pub async fn file_room(&self, file: FileId) -> Result<Option<RoomId>> {
        const SQL: &str = "SELECT room FROM file WHERE id = $1";
        self.db().row(SQL, &[Value::Int(file.0)], |row| row.int(0).map(RoomId)).await
    }

    /// What a file is, to answer headers and ranges before reading it.
    ///
    /// # Errors
    /// `Gone` when the permitted room has no such file.
    pub async fn file(&self, permit: &Permit<ReadFile>, file: FileId) -> Result<FileRow> {
        Ok(self.found_file(permit.room(), file).await?.row)
    }

    async fn found_file(&self, room: RoomId, file: FileId) -> Result<Found> {
        const SQL: &str = concat!(
            "SELECT ",
            event_columns!(),
            ", f.key_wrapped, l.rank
               FROM file f JOIN event e ON e.room = f.room AND e.seq = f.seq
               JOIN room r ON r.id = f.room
               JOIN label l ON l.tenant = r.tenant AND l.slug = r.label
              WHERE f.id = $1 AND f.room = $2"
        );
        let key = self.keys().room(self.db(), room).await?;
        self.db()
            .row(SQL, &[Value::Int(file.0), Value::Int(room.0)], |row| read_found(row, room, file, &key))
            .await?
            .ok_or(StoreError::Gone { what: "file" })
    }

    /// The bytes `first..=last` of a file, or all. Reading from the start is written in the audit log
    /// where the room's label is "Sensitive" or above.
    ///
    /// # Errors
    /// `Gone` when the permitted room has no such file, `Refused` for a range that it does not have; the
    /// stream ends with `Damaged` when the stored bytes were changed.
    pub async fn read_file(
        &self,
        permit: &Permit<ReadFile>,
        file: FileId,
        range: Option<(u64, u64)>,
        now: Micros,
    ) -> Result<(FileRow, FileStream)> {
        let Found { row, key, rank } = self.found_file(permit.room(), file).await?;
        let size = row.file.size;
        let (start, end) = match range {
            None => (0, size),
            Some((first, last)) if first <= last && last < size => (first, last + 1),
            Some(_) => return Err(StoreError::Refused("the file has no such range; ask for its size first")),
        };
        if rank >= READS_ARE_NOTED && start == 0 {
            let mut tx = self.db().begin().await?;
            let told = format!("file {file}");
            let entry = NewEntry::done(ReadFile::NAME, Subject::by(permit.acting()))
                .within(permit.room())
                .saying(&told);
            audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
            tx.commit().await?;
        }
        if size == 0 {
            return Ok((row, FileStream { inner: Box::pin(stream::empty()) }));
        }
        let folder = self.blobs().to_owned();
        let reading = blocking(move || Reading::open(&folder, file, key, size, start, end)).await?;
        let state = Flow { ready: VecDeque::new(), next: Some(read_ahead(reading)) };
        Ok((row, FileStream { inner: Box::pin(stream::unfold(state, flow)) }))
    }
}

struct Found {
    row: FileRow,
    key: Sealer,
    rank: i64,
}

fn read_found(row: &Row, room: RoomId, file: FileId, key: &RoomKey) -> Result<Found> {
    let event = read_event(row, 0, room, key)?;
    let opened = key
        .files
        .open_key(&about_key(file), &row.bytes(7)?)
        .ok_or_else(|| StoreError::Key { what: format!("file {file}") })?;
    let named = file_row(event).filter(|found| found.file.file == file);
    Ok(Found {
        row: named.ok_or_else(|| damaged(format!("file {file}")))?,
        key: Sealer::new(&opened),
        rank: row.int(8)?,
    })
}
