//! What only the operating system can tell.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Bytes that an ordinary user may still write on the disk of `path`.
///
/// # Errors
/// As `statvfs(3)`.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut answer = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `path` ends with a zero byte and lives through the call; `answer` is as large as the
    // structure that the call fills, and is read only when the call says that it did.
    unsafe {
        if libc::statvfs(path.as_ptr(), answer.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let answer = answer.assume_init();
        Ok(answer.f_bavail * answer.f_frsize)
    }
}
