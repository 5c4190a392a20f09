//! Copies SQLite's write-ahead log into the database beside the writer. Left to itself SQLite does it within
//! whichever commit makes the log too long, and everybody whose message is in that commit waits.

use crate::sql::BUSY;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long what was committed waits to be copied. Shorter copies the same pages again and again, longer
/// copies more at once and keeps the disk from the commits for longer.
const EVERY: Duration = Duration::from_millis(500);
/// Pages of log, 16 MiB, from which it begins anew. It only can when all of it is copied, which under load
/// is never so but while the writer pauses.
const LONG: i64 = 4_000;
/// Pages of log, 256 MiB, at which SQLite copies within a commit all the same: nobody else did, or somebody
/// reads from a very old state.
pub(crate) const LONGEST: &str = "64000";

/// Copies as long as any clone of it is there.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
    connection: SqlitePool,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Checkpoints {
    pub(crate) fn start(options: SqliteConnectOptions, write: SqlitePool) -> Self {
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let connection = pool.acquire_timeout(BUSY).connect_lazy_with(options);
        let task = tokio::spawn(copy(connection.clone(), write));
        Self { connection, _task: Arc::new(Task(task)) }
    }

    /// Ends what is under way. SQLite copies the rest when the last connection closes.
    pub(crate) async fn close(&self) {
        self.connection.close().await;
    }
}

async fn copy(beside: SqlitePool, write: SqlitePool) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = beside.close_event() => return,
        }
        let copied = async {
            if passive(&beside).await? < LONG {
                return Ok(());
            }
            // What came meanwhile, which is less; then, while the writer waits, what is left: next to nothing.
            passive(&beside).await?;
            passive(&write).await.map(drop)
        };
        match copied.await {
            Ok(()) => {}
            Err(sqlx::Error::PoolClosed) => return,
            // A full disk, for one: the log stays as it is, and what is in it stays kept.
            Err(cause) => {
                tracing::warn!(%cause, "SQLite's log could not be copied into the database; it is tried again")
            }
        }
    }
}

/// Copies what nobody reads from any more, waiting for nobody; gives the length of the log in pages.
async fn passive(pool: &SqlitePool) -> Result<i64, sqlx::Error> {
    let (_busy, pages, _copied): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(pool).await?;
    Ok(pages)
}
