//! Opening and closing.

use crate::directory;
use crate::facts::{Epoch, Known};
use crate::keys::KeyRing;
use crate::master::{self, Master};
use crate::notices::Notices;
use crate::sql::{Db, without_password};
use crate::tiles;
use crate::uploads::Uploads;
use crate::writer::Writer;
use crate::{Listener, Notice, Result};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The folder of contents.
    pub blobs: PathBuf,
    /// The master key file.
    pub master_key: PathBuf,
    /// Make what is missing (first start); otherwise a missing database is an error.
    pub create: bool,
}

/// Why the store does not open, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database setting is neither engine.
    #[error(
        "the database `{0}` is neither `sqlite:PATH` nor `postgres://…`; correct the setting `database.url`"
    )]
    Setting(String),
    /// The database could not be reached or made.
    #[error("the database {database} cannot be reached; check that it runs, its address and its rights")]
    Unreachable {
        /// As configured, without its password.
        database: String,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// No database there, and none was to be made.
    #[error(
        "there is no database at {database}; run `beffroi serve` once, or point --data at the right folder"
    )]
    NoDatabase {
        /// As configured, without its password.
        database: String,
    },
    /// Written by a newer program.
    #[error(
        "the database is at version {found} and this program knows up to {known}; install a newer beffroi, or restore the backup made before the upgrade"
    )]
    Newer {
        /// Of the database.
        found: i64,
        /// Of the program.
        known: i64,
    },
    /// Bringing the database up to date failed.
    #[error("bringing the database to version {version} failed; it was left as it was")]
    Migration {
        /// That was being written.
        version: i64,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// There is data and no key.
    #[error(
        "the master key {file} is missing, and the data here is encrypted with it; put the file back from your safe (a new key would open nothing)"
    )]
    KeyMissing {
        /// The key file.
        file: PathBuf,
    },
    /// The key file cannot be read or written.
    #[error(
        "the master key {file} cannot be read or written; check the owner and the rights of the file and of its folder"
    )]
    KeyUnreadable {
        /// The key file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Others may read the key file.
    #[error(
        "the master key {file} can be read by others (mode {mode:o}); run `chmod 600 {file}`, and `beffroi keys rotate` if someone may have read it"
    )]
    KeyMode {
        /// The key file.
        file: PathBuf,
        /// Its rights.
        mode: u32,
    },
    /// The key file is no key.
    #[error("the master key {file} does not hold 64 hexadecimal digits; put the file back from your safe")]
    KeyShape {
        /// The key file.
        file: PathBuf,
    },
    /// Another key.
    #[error(
        "the master key {file} is not the one this data was encrypted with (it is key {found}, key {expected} is needed); put the right file back from your safe"
    )]
    KeyWrong {
        /// The key file.
        file: PathBuf,
        /// Its fingerprint.
        found: String,
        /// The fingerprint of the one that opens this data.
        expected: String,
    },
    /// The folder of contents cannot be used.
    #[error("the folder of contents {folder} cannot be made or written; check its owner and rights")]
    Blobs {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Reading what the database says of itself failed.
    #[error("the database opened but could not be read")]
    Read(#[source] crate::StoreError),
}

/// Everything kept. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    keys: Arc<KeyRing>,
    blobs: PathBuf,
    uploads: Uploads,
    writer: Writer,
    notices: Notices,
    facts: Known,
}

/// The migrations, oldest first. One that was released is never changed.
pub(crate) const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../../migrations/0001_start.sql")),
    (2, include_str!("../../../migrations/0002_organisation.sql")),
    (3, include_str!("../../../migrations/0003_identity.sql")),
    (4, include_str!("../../../migrations/0004_audit_tiles.sql")),
    (5, include_str!("../../../migrations/0005_own_archive.sql")),
    (6, include_str!("../../../migrations/0006_calls.sql")),
    (7, include_str!("../../../migrations/0007_application_passwords.sql")),
    (8, include_str!("../../../migrations/0008_mail.sql")),
    (9, include_str!("../../../migrations/0009_people.sql")),
    (10, include_str!("../../../migrations/0010_lock_charter.sql")),
    (11, include_str!("../../../migrations/0011_roles_and_four_eyes.sql")),
    (12, include_str!("../../../migrations/0012_isolation.sql")),
    (13, include_str!("../../../migrations/0013_mail_codes.sql")),
    (14, include_str!("../../../migrations/0014_devices.sql")),
    (15, include_str!("../../../migrations/0015_passkey_makers.sql")),
    (16, include_str!("../../../migrations/0016_alerts.sql")),
    (17, include_str!("../../../migrations/0017_operators.sql")),
    (18, include_str!("../../../migrations/0018_label_posture.sql")),
    (19, include_str!("../../../migrations/0019_identified.sql")),
    (20, include_str!("../../../migrations/0020_known_browsers.sql")),
];

fn sqlite_path(database: &str) -> Option<&Path> {
    database.strip_prefix("sqlite:").map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)))
}

/// Makes a folder that nobody else on the machine reads; one that exists keeps its rights.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The database holds password hashes: what SQLite makes beside it takes the rights of this file.
fn private_file(path: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

impl Store {
    /// Opens everything, making and upgrading what needs it.
    ///
    /// # Errors
    /// Each says what to do.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        if settings.create {
            let blobs = |cause| OpenError::Blobs { folder: settings.blobs.clone(), cause };
            private_folder(&settings.blobs).map_err(blobs)?;
            if let Some(path) = sqlite_path(&settings.database) {
                path.parent().map_or(Ok(()), private_folder).map_err(blobs)?;
                private_file(path).map_err(blobs)?;
            }
        }
        let epoch = Epoch::shared(&settings.blobs.with_file_name("epoch"));
        let db = Db::connect(&settings.database, settings.create, epoch.clone()).await?;
        db.migrate(MIGRATIONS).await?;
        tiles::complete(&db).await.map_err(OpenError::Read)?;
        directory::complete(&db).await.map_err(OpenError::Read)?;
        let master = Master::open(&db, &settings.master_key, settings.create).await?;
        let keys = Arc::new(KeyRing::new(settings.master_key, master));
        let notices = Notices::new();
        let writer = Writer::start(db.clone(), keys.clone(), notices.clone());
        tracing::debug!(database = without_password(&settings.database), "the store is open");
        Ok(Self(Arc::new(Inner {
            db,
            keys,
            blobs: settings.blobs,
            uploads: Uploads::default(),
            writer,
            notices,
            facts: Known::new(epoch),
        })))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }
    pub(crate) fn known(&self) -> &Known {
        &self.0.facts
    }
    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.keys
    }
    pub(crate) fn blobs(&self) -> &Path {
        &self.0.blobs
    }
    pub(crate) fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }
    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ready(&self) -> Result<()> {
        self.db().row("SELECT COUNT(*) FROM migration", &[], |row| row.int(0)).await.map(drop)
    }

    /// Whether the database itself keeps tenants apart, beneath the policy: PostgreSQL does, for a role that
    /// is neither superuser nor exempt from row-level security.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn walled(&self) -> Result<bool> {
        self.db().walled().await
    }

    /// Writes what waits, then closes. Later calls get `Closing`.
    pub async fn close(&self) {
        self.writer().stop().await;
        self.db().close().await;
    }

    /// Tells every listener of this process. Call it after the change was kept.
    pub fn announce(&self, notice: Notice) {
        self.0.notices.tell(notice);
    }

    /// Listens from now on.
    pub fn listen(&self) -> Listener {
        self.0.notices.listen()
    }

    /// `beffroi keys rotate`: a new master key and new tenant keys; room, file and person keys are
    /// wrapped again, contents are not touched. Safe at any moment, also beside a running server.
    /// Gives where the former key file was put: it opens only backups made before.
    ///
    /// # Errors
    /// Nothing changed.
    pub async fn rotate_keys(&self) -> Result<PathBuf> {
        master::rotate(self.db(), self.keys()).await
    }
}
