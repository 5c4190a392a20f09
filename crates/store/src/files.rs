//! Files of rooms.
use crate::{Result, Store, later};
use beffroi_domain::{AccountId, Author, Event, FileId, FileShared, Micros, RoomId, UploadId};
use beffroi_policy::{AddFile, Permit, ReadFile, ReadRoom};
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

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

/// Bytes of a file, decrypted as they are read: at most two blocks are in memory.
pub struct FileStream {
    inner: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

/// Uploads that this process is in the middle of.
#[derive(Debug, Default)]
pub(crate) struct Uploads {}

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

impl Store {
    /// Announces a file of `size` bytes.
    ///
    /// # Errors
    /// `Refused` for a name that is empty, too long or holds a control character or a `/`.
    pub async fn begin_upload(
        &self,
        _permit: &Permit<AddFile>,
        _account: AccountId,
        _name: &str,
        _media_type: &str,
        _size: u64,
        _now: Micros,
    ) -> Result<UploadId> {
        later()
    }
    /// An upload, to check whose it is and where it stands.
    ///
    /// # Errors
    /// The database.
    pub async fn upload(&self, _upload: UploadId) -> Result<Option<UploadRow>> {
        later()
    }
    /// Adds at most 8 MiB at `offset`. Once this answers with the new offset, it is on disk.
    ///
    /// # Errors
    /// `Offset` when the part does not start where the upload stands, `Refused` when it is too long.
    pub async fn append_part(
        &self,
        _upload: UploadId,
        _offset: u64,
        _part: Bytes,
        _now: Micros,
    ) -> Result<u64> {
        later()
    }
    /// Makes the complete upload a file of its room, with its event. Call it again after a crash.
    ///
    /// # Errors
    /// `Offset` when bytes are missing.
    pub async fn finish_upload(
        &self,
        _upload: UploadId,
        _author: Author,
        _now: Micros,
    ) -> Result<(FileShared, Event)> {
        later()
    }
    /// Forgets an upload and its bytes.
    ///
    /// # Errors
    /// `Gone` when there is none.
    pub async fn abandon_upload(&self, _upload: UploadId) -> Result<()> {
        later()
    }
    /// Forgets uploads that nothing was added to since; gives how many.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_uploads(&self, _before: Micros) -> Result<u64> {
        later()
    }
    /// The files of the room, latest first.
    ///
    /// # Errors
    /// The database, or damaged names.
    pub async fn files(&self, _permit: &Permit<ReadRoom>) -> Result<Vec<FileRow>> {
        later()
    }
    /// The room of a file, to ask the policy.
    ///
    /// # Errors
    /// The database.
    pub async fn file_room(&self, _file: FileId) -> Result<Option<RoomId>> {
        later()
    }
    /// What a file is, to answer headers and ranges before reading it.
    ///
    /// # Errors
    /// `Gone` when the permitted room has no such file.
    pub async fn file(&self, _permit: &Permit<ReadFile>, _file: FileId) -> Result<FileRow> {
        later()
    }
    /// The bytes `first..=last` of a file, or all.
    ///
    /// # Errors
    /// `Gone` when the permitted room has no such file; the stream ends with `Damaged` when the stored
    /// bytes were changed.
    pub async fn read_file(
        &self,
        _permit: &Permit<ReadFile>,
        _file: FileId,
        _range: Option<(u64, u64)>,
        _now: Micros,
    ) -> Result<(FileRow, FileStream)> {
        later()
    }
}
