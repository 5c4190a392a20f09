//! Files: in by parts, out by ranges.

use crate::{App, Caller, Error};
use beffroi_domain::{FileId, FileShared, Micros, RoomId, UploadId};
use beffroi_policy::{AddFile, Permit, ReadFile, ReadRoom, RoomAct};
use beffroi_store::{FileRow, FileStream, UploadRow};
use bytes::Bytes;

/// Longest name of a file, in bytes, as most file systems allow.
const MOST_NAME: usize = 255;

impl App {
    /// Begins to put a file into a room.
    ///
    /// # Errors
    /// `Denied`; `Invalid` for a size or a name out of bounds.
    pub async fn begin_upload(
        &self,
        caller: &Caller,
        room: RoomId,
        name: &str,
        media_type: &str,
        size: u64,
        now: Micros,
    ) -> Result<UploadId, Error> {
        let (permit, _) = self.authorise::<AddFile>(caller, room, now).await?;
        let limit = self.rules.file_bytes;
        let name = file_name(name)?;
        if size > limit {
            return Err(Error::Invalid(format!(
                "{name} weighs {size} bytes and this server takes {limit}; split it, or ask the administrator to raise `limits.file_bytes`"
            )));
        }
        let media_type = if is_media_type(media_type) { media_type } else { "application/octet-stream" };
        Ok(self.store.begin_upload(&permit, caller.account()?.id, &name, media_type, size, now).await?)
    }

    /// An upload of the caller.
    ///
    /// # Errors
    /// `NotFound` when it is finished, forgotten or somebody else's.
    pub async fn upload(&self, caller: &Caller, upload: UploadId) -> Result<UploadRow, Error> {
        let me = caller.account()?.id;
        self.store.upload(upload).await?.filter(|u| u.account == me).ok_or(Error::NotFound("upload"))
    }

    /// Adds a part of at most 8 MiB at `offset`; the answer is the new offset, and it is on disk.
    ///
    /// # Errors
    /// `Denied` when the room no longer lets them, `Store` with the offset held when it is another.
    pub async fn append_part(
        &self,
        caller: &Caller,
        upload: &UploadRow,
        offset: u64,
        part: Bytes,
        now: Micros,
    ) -> Result<u64, Error> {
        self.authorise::<AddFile>(caller, upload.room, now).await?;
        Ok(self.store.append_part(upload.id, offset, part, now).await?)
    }

    /// The last part is on disk: the file appears in the room.
    ///
    /// # Errors
    /// `Denied`; `Conflict` when bytes are missing.
    pub async fn finish_upload(
        &self,
        caller: &Caller,
        upload: &UploadRow,
        now: Micros,
    ) -> Result<FileShared, Error> {
        let (permit, _) = self.authorise::<AddFile>(caller, upload.room, now).await?;
        let (file, event) = self.store.finish_upload(&permit, upload.id, caller.author(), now).await?;
        self.publish(event).await?;
        Ok(file)
    }

    /// Forgets an upload that is not finished.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for whoever acts in somebody's name.
    pub async fn abandon_upload(&self, caller: &Caller, upload: UploadId, now: Micros) -> Result<(), Error> {
        self.oneself(caller, AddFile::NAME, now).await?;
        let upload = self.upload(caller, upload).await?;
        Ok(self.store.abandon_upload(upload.id).await?)
    }

    /// The folder of a room, latest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn files(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<Vec<FileRow>, Error> {
        let (permit, facts) = self.authorise::<ReadRoom>(caller, room, now).await?;
        self.opened(caller, &facts).await?;
        Ok(self.store.files(&permit).await?)
    }

    /// A file, to be read by ranges.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn file(&self, caller: &Caller, file: FileId, now: Micros) -> Result<OpenFile, Error> {
        let room = self.store.file_room(file).await?.ok_or(Error::NotFound("file"))?;
        let (permit, facts) = match self.authorise::<ReadFile>(caller, room, now).await {
            Err(Error::NotFound(_)) => return Err(Error::NotFound("file")),
            other => other?,
        };
        self.opened(caller, &facts).await?;
        Ok(OpenFile { row: self.store.file(&permit, file).await?, permit })
    }

    /// Reads `first..=last` of a file, or all of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(
        &self,
        file: &OpenFile,
        range: Option<(u64, u64)>,
        now: Micros,
    ) -> Result<FileStream, Error> {
        Ok(self.store.read_file(&file.permit, file.row.file.file, range, now).await?.1)
    }
}

impl App {
    /// Whether what was permitted when it began, and goes on for minutes, still is: the session is there and the rule
    /// says yes. Not a permission, and a person whose rights shrink refuses nothing: no audit entry.
    ///
    /// # Errors
    /// The store's.
    pub async fn still_may<A: RoomAct>(
        &self,
        caller: &Caller,
        room: RoomId,
        now: Micros,
    ) -> Result<bool, Error> {
        if !self.store.session_stands(caller.session).await? {
            return Ok(false);
        }
        match self.facts(caller, room, now).await {
            Ok((actor, room)) => Ok(beffroi_policy::decide::<A>(&actor, &room).is_ok()),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A file that the caller may read.
#[derive(Debug)]
pub struct OpenFile {
    /// What it is.
    pub row: FileRow,
    permit: Permit<ReadFile>,
}

/// A name without any path, nothing invisible, at most 255 bytes.
fn file_name(name: &str) -> Result<String, Error> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let clean: String = last
        .chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect();
    if clean.is_empty() || clean == "." || clean == ".." {
        return Err(Error::Invalid("a file needs a name".into()));
    }
    if clean.len() > MOST_NAME {
        return Err(Error::Invalid(format!(
            "the name of this file has {} bytes and at most {MOST_NAME} fit; shorten it",
            clean.len()
        )));
    }
    Ok(clean)
}

/// `type/subtype` of RFC 6838 §4.2 characters; parameters are not kept.
fn is_media_type(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty()
            && part.len() <= 127
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, sub)| fits(kind) && fits(sub))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_path_and_their_tricks() {
        assert_eq!(file_name("C:\\temp\\budget.ods").unwrap(), "budget.ods");
        assert_eq!(file_name("../../etc/passwd").unwrap(), "passwd");
        assert_eq!(file_name("ann\u{202e}exe.pdf").unwrap(), "annexe.pdf");
        for bad in ["", "/", "..", "\u{202e}", &"x".repeat(256)] {
            assert!(file_name(bad).is_err(), "{bad}");
        }
        assert!(is_media_type("application/vnd.oasis.opendocument.text"));
        for bad in ["", "text", "text/", "text/html; charset=x", "a/b\r\nc"] {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
