//! Contents of files on the local disk: segments of 64 KiB, each sealed alone, so that any range can be
//! read without the rest and a file is never whole in memory.
//!
//! A segment is bound to its file and its place. Its nonce is random and stored with it, because an
//! upload that was cut writes the segments after the acknowledged ones again.

use crate::crypto::{SEAL, Sealer, about, damaged};
use crate::{Result, StoreError};
use beffroi_domain::FileId;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of content in one segment.
pub(crate) const SEGMENT: usize = 64 * 1024;
/// Bytes of a full segment on disk.
const STORED: usize = SEGMENT + SEAL;
/// Segments read at once.
const BLOCK: u64 = 8;

fn about_segment(file: FileId, segment: u64) -> Vec<u8> {
    about("segment", &[file.0, segment as i64])
}

/// Where a file's contents are: a thousand folders, chosen by the random end of the id.
fn relative(file: FileId) -> PathBuf {
    let name = file.to_string();
    Path::new(&name[name.len() - 2..]).join(&name)
}

fn failed(file: FileId) -> impl Fn(io::Error) -> StoreError {
    move |cause| match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Content { place: relative(file).display().to_string(), cause },
    }
}

/// Contents being written.
#[derive(Debug)]
pub(crate) struct Blob {
    id: FileId,
    file: File,
}

impl Blob {
    /// Opens the contents of a file for writing, making them and their folder last.
    pub(crate) fn create(folder: &Path, id: FileId) -> Result<Self> {
        let make = || {
            let path = folder.join(relative(id));
            let parent = path.parent().unwrap_or(folder);
            if !parent.exists() {
                fs::create_dir_all(parent)?;
                File::open(folder)?.sync_all()?;
            }
            let new = !path.exists();
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            if new {
                File::open(parent)?.sync_all()?;
            }
            Ok(file)
        };
        Ok(Self { id, file: make().map_err(failed(id))? })
    }

    /// Writes `content` from `segment` on; only the last segment of a file may be short. On disk when
    /// this answers.
    pub(crate) fn write(&self, key: &Sealer, segment: u64, content: &[&[u8]]) -> Result<()> {
        let length: usize = content.iter().map(|c| c.len()).sum();
        let mut sealed = Vec::with_capacity(length + length.div_ceil(SEGMENT) * SEAL);
        let mut number = segment;
        let mut joined = Vec::new();
        let mut rest: VecDeque<&[u8]> = content.iter().copied().filter(|c| !c.is_empty()).collect();
        while let Some(first) = rest.pop_front() {
            let about = about_segment(self.id, number);
            number += 1;
            if first.len() >= SEGMENT || rest.is_empty() {
                let (now, later) = first.split_at(first.len().min(SEGMENT));
                key.seal_onto(&mut sealed, &about, now);
                if !later.is_empty() {
                    rest.push_front(later);
                }
                continue;
            }
            // A segment that begins in one piece and goes on in the next ones.
            joined.clear();
            joined.extend_from_slice(first);
            while joined.len() < SEGMENT
                && let Some(next) = rest.pop_front()
            {
                let (now, later) = next.split_at(next.len().min(SEGMENT - joined.len()));
                joined.extend_from_slice(now);
                if !later.is_empty() {
                    rest.push_front(later);
                }
            }
            key.seal_onto(&mut sealed, &about, &joined);
        }
        let at = segment * STORED as u64;
        self.file.write_all_at(&sealed, at).and_then(|()| self.file.sync_data()).map_err(failed(self.id))
    }
}

/// Forgets the contents of a file. Missing ones are forgotten already.
pub(crate) fn remove(folder: &Path, id: FileId) -> Result<()> {
    match fs::remove_file(folder.join(relative(id))) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(failed(id)(cause)),
        _ => Ok(()),
    }
}

/// A range of contents to read, block by block.
#[derive(Debug)]
pub(crate) struct Reading {
    id: FileId,
    file: File,
    key: Sealer,
    /// Bytes of the whole content.
    size: u64,
    /// Next byte to give.
    next: u64,
    /// One past the last byte to give.
    end: u64,
}

impl Reading {
    /// Reads `start..end` of a content of `size` bytes, `start <= end <= size`.
    pub(crate) fn open(
        folder: &Path,
        id: FileId,
        key: Sealer,
        size: u64,
        start: u64,
        end: u64,
    ) -> Result<Self> {
        let file = File::open(folder.join(relative(id))).map_err(failed(id))?;
        Ok(Self { id, file, key, size, next: start, end })
    }

    /// The next bytes, in pieces of at most one segment; none at the end.
    pub(crate) fn block(&mut self) -> Result<VecDeque<Bytes>> {
        let mut pieces = VecDeque::new();
        if self.next >= self.end {
            return Ok(pieces);
        }
        let first = self.next / SEGMENT as u64;
        let last = ((self.end - 1) / SEGMENT as u64).min(first + BLOCK - 1);
        let content_end = ((last + 1) * SEGMENT as u64).min(self.size);
        let segments = last - first + 1;
        let stored = content_end - first * SEGMENT as u64 + segments * SEAL as u64;
        let mut bytes = vec![0; stored as usize];
        self.file.read_exact_at(&mut bytes, first * STORED as u64).map_err(|cause| match cause.kind() {
            io::ErrorKind::UnexpectedEof => damaged(format!("file {}", self.id)),
            _ => failed(self.id)(cause),
        })?;
        for (number, segment) in (first..).zip(bytes.chunks_mut(STORED)) {
            self.key
                .open_in_place(&about_segment(self.id, number), segment)
                .ok_or_else(|| damaged(format!("file {}, segment {number}", self.id)))?;
        }
        let bytes = Bytes::from(bytes);
        for number in first..=last {
            let start = (number - first) as usize * STORED;
            let length = ((content_end - number * SEGMENT as u64) as usize).min(SEGMENT);
            let from = self.next.saturating_sub(number * SEGMENT as u64) as usize;
            let to = ((self.end - number * SEGMENT as u64) as usize).min(length);
            let plain = start + crate::crypto::NONCE;
            pieces.push_back(bytes.slice(plain + from..plain + to));
            self.next += (to - from) as u64;
        }
        Ok(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A folder that is gone afterwards.
    struct Folder(PathBuf);

    impl std::ops::Deref for Folder {
        type Target = Path;
        fn deref(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn folder(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("beffroi-blob-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn read(
        folder: &Path,
        id: FileId,
        key: [u8; 32],
        size: usize,
        start: usize,
        end: usize,
    ) -> Result<Vec<u8>> {
        let mut reading =
            Reading::open(folder, id, Sealer::new(&key), size as u64, start as u64, end as u64)?;
        let mut all = vec![];
        loop {
            let block = reading.block()?;
            if block.is_empty() {
                return Ok(all);
            }
            block.iter().for_each(|piece| all.extend_from_slice(piece));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_range_of_any_content_reads_back(size in 1usize..700_000, cut in 0usize..SEGMENT, a in 0.0..1.0f64, b in 0.0..1.0f64) {
            let folder = folder("ranges");
            let id = FileId(size as i64);
            let content: Vec<u8> = (0..size).map(|n| (n * 31 + n / 251) as u8).collect();
            let cut = cut.min(size);
            let blob = Blob::create(&folder, id).unwrap();
            blob.write(&Sealer::new(&[5; 32]), 0, &[&content[..cut], &content[cut..]]).unwrap();
            let (a, b) = ((a * size as f64) as usize, (b * size as f64) as usize);
            let (start, end) = (a.min(b), a.max(b));
            prop_assert_eq!(read(&folder, id, [5; 32], size, start, end).unwrap(), &content[start..end]);
            remove(&folder, id).unwrap();
            remove(&folder, id).unwrap();
        }
    }

    #[test]
    fn a_changed_swapped_or_foreign_segment_is_damage() {
        let folder = folder("damage");
        let (id, size) = (FileId(1), 3 * SEGMENT);
        let content = vec![7; size];
        let blob = Blob::create(&folder, id).unwrap();
        blob.write(&Sealer::new(&[5; 32]), 0, &[&content]).unwrap();
        let path = folder.join(relative(id));
        let good = fs::read(&path).unwrap();
        assert_eq!(good.len(), 3 * STORED);
        let damaged = |bytes: &[u8], key: u8, id: FileId| {
            fs::write(&path, bytes).unwrap();
            matches!(read(&folder, id, [key; 32], size, 0, size), Err(StoreError::Damaged { .. }))
        };
        assert!(!damaged(&good, 5, id));
        assert!(damaged(&good, 6, id), "another key");
        for byte in [0, 20, STORED - 1, 2 * STORED] {
            let mut bad = good.clone();
            bad[byte] ^= 1;
            assert!(damaged(&bad, 5, id), "byte {byte}");
        }
        let swapped = [&good[STORED..2 * STORED], &good[..STORED], &good[2 * STORED..]].concat();
        assert!(damaged(&swapped, 5, id));
        assert!(damaged(&good[..good.len() - 1], 5, id));
        remove(&folder, id).unwrap();
    }
}
