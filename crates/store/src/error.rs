//! What goes wrong when keeping things.

use beffroi_domain::UploadId;

/// Why something was not read or not kept. Whatever failed changed nothing: trying again is safe.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what it was asked.
    #[error("the database did not answer as expected; nothing was recorded, so trying again is safe")]
    Database(#[source] sqlx::Error),
    /// No room left on the disk of the database or of the contents.
    #[error("the disk is full; nothing was recorded. Free some space, then try again")]
    DiskFull,
    /// A content file could not be read or written.
    #[error(
        "the content at {place} could not be read or written; nothing was recorded, so trying again is safe"
    )]
    Content {
        /// File or folder, relative to the folder of contents.
        place: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// It was removed, or never was.
    #[error("there is no such {what} here (any more)")]
    Gone {
        /// `room`, `account`, `upload`…
        what: &'static str,
    },
    /// Something else already has this name.
    #[error("this {what} is already taken; choose another")]
    Taken {
        /// `address`, `domain`…
        what: &'static str,
    },
    /// A part of an upload that does not follow what is held.
    #[error("upload {upload} holds {held} bytes and the part starts elsewhere; go on from byte {held}")]
    Offset {
        /// The upload.
        upload: UploadId,
        /// Bytes on disk: where to go on.
        held: u64,
    },
    /// Something was asked of the wrong size or in the wrong state.
    #[error("{0}")]
    Refused(&'static str),
    /// What was read is not what was written.
    #[error(
        "{what} cannot be decrypted or read: the stored bytes were changed, or belong to another key; restore them from a backup"
    )]
    Damaged {
        /// What it is, with its id.
        what: String,
    },
    /// A key is missing.
    #[error(
        "the key of {what} cannot be opened; check the master key file, `beffroi doctor` says which one is expected"
    )]
    Key {
        /// Whose key.
        what: String,
    },
    /// The store is closing.
    #[error("the server is stopping; nothing was recorded, try again in a moment")]
    Closing,
}

impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        let full = match &cause {
            // SQLite: SQLITE_FULL is 13. PostgreSQL: 53100 is disk_full (appendix A of its manual).
            sqlx::Error::Database(e) => {
                matches!(e.code().as_deref(), Some("13" | "53100")) || e.message().contains("is full")
            }
            sqlx::Error::Io(e) => e.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        };
        match cause {
            _ if full => Self::DiskFull,
            sqlx::Error::PoolClosed => Self::Closing,
            cause => Self::Database(cause),
        }
    }
}

impl StoreError {
    /// Whether a unique index refused a row: someone else took the name in the meantime.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(e)) if e.is_unique_violation())
    }

    /// The same, said as what it is when it is about a name.
    pub(crate) fn or_taken(self, what: &'static str) -> Self {
        if self.is_duplicate() { Self::Taken { what } } else { self }
    }

    /// The same failure once more, for everyone who waited for one commit.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::DiskFull => Self::DiskFull,
            Self::Closing => Self::Closing,
            Self::Gone { what } => Self::Gone { what },
            Self::Key { what } => Self::Key { what: what.clone() },
            Self::Damaged { what } => Self::Damaged { what: what.clone() },
            other => {
                let cause =
                    std::error::Error::source(other).map_or_else(|| other.to_string(), |c| c.to_string());
                Self::Database(sqlx::Error::Protocol(cause))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_full_disk_is_said_as_such() {
        let full = StoreError::from(sqlx::Error::Io(Error::from(ErrorKind::StorageFull)));
        assert!(matches!(full, StoreError::DiskFull), "{full:?}");
        assert!(matches!(full.again(), StoreError::DiskFull));
        let other = StoreError::from(sqlx::Error::Io(Error::from(ErrorKind::ConnectionReset)));
        assert!(matches!(other, StoreError::Database(_)));
        assert!(matches!(StoreError::from(sqlx::Error::PoolClosed), StoreError::Closing));
    }

    /// A database that may not grow: what SQLite answers is what a full disk answers.
    #[tokio::test]
    async fn sqlite_says_so_too() {
        use sqlx::{Connection as _, SqliteConnection};
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("PRAGMA max_page_count = 2; CREATE TABLE t (x BLOB)")
            .execute(&mut connection)
            .await
            .unwrap();
        let full = sqlx::raw_sql("INSERT INTO t VALUES (zeroblob(100000))").execute(&mut connection).await;
        assert!(matches!(StoreError::from(full.unwrap_err()), StoreError::DiskFull));
    }
}
