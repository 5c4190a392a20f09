//! Where a test keeps things: a folder and a database of its own, gone afterwards.
#![allow(dead_code, clippy::unwrap_used)] // each test binary uses its part; a test may unwrap

use beffroi_store::{Settings, Store};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A folder and a database.
pub struct Place {
    folder: PathBuf,
    database: String,
    schema: Option<(String, String)>,
}

/// Microseconds since the Unix epoch, later at each call.
pub fn now() -> i64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
    let last = LAST.fetch_max(clock, Ordering::SeqCst);
    if clock > last { clock as i64 } else { LAST.fetch_add(1, Ordering::SeqCst) as i64 + 1 }
}

fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("beffroi_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

impl Place {
    /// With SQLite.
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(fresh());
        std::fs::create_dir_all(&folder).unwrap();
        let database = format!("sqlite:{}", folder.join("beffroi.db").display());
        Self { folder, database, schema: None }
    }

    /// In a new schema of a PostgreSQL server.
    pub async fn postgres(server: &str) -> Self {
        let schema = fresh();
        let mut connection = PgConnection::connect(server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let folder = std::env::temp_dir().join(&schema);
        std::fs::create_dir_all(&folder).unwrap();
        let joint = if server.contains('?') { '&' } else { '?' };
        let database = format!("{server}{joint}options[search_path]={schema}");
        Self { folder, database, schema: Some((server.to_owned(), schema)) }
    }

    /// Where everything is that is not in PostgreSQL.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// As `Store::open` takes them.
    pub fn settings(&self) -> Settings {
        Settings {
            database: self.database.clone(),
            blobs: self.folder.join("blobs"),
            master_key: self.folder.join("master.key"),
            create: true,
        }
    }

    /// Opens what is there, or starts it.
    pub async fn store(&self) -> Store {
        Store::open(self.settings()).await.unwrap()
    }

    /// Does something to the database that no function of the store does.
    pub async fn sql(&self, sql: &str) {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = sqlx::SqliteConnection::connect(path).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            None => {
                let mut connection = PgConnection::connect(&self.database).await.unwrap();
                let sql = format!("SET beffroi.tenant = 'house'; {sql}");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    async fn sqlite_connection(&self) -> sqlx::SqliteConnection {
        sqlx::SqliteConnection::connect(self.database.strip_prefix("sqlite:").unwrap()).await.unwrap()
    }

    /// A column of an audit entry in SQLite.
    pub async fn cell(&self, column: &str, seq: i64) -> Vec<u8> {
        let sql = format!("SELECT {column} FROM audit_entry WHERE seq = {seq}");
        let mut connection = self.sqlite_connection().await;
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap()
    }

    /// Overwrites it.
    pub async fn set_cell(&self, column: &str, seq: i64, bytes: Vec<u8>) {
        let sql = format!("UPDATE audit_entry SET {column} = $1 WHERE seq = {seq}");
        let mut connection = self.sqlite_connection().await;
        sqlx::query(AssertSqlSafe(sql)).bind(bytes).execute(&mut connection).await.unwrap();
    }

    /// Everything gone, the place stays.
    pub async fn empty(&self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
        std::fs::create_dir_all(&self.folder).unwrap();
        if let Some((_, schema)) = &self.schema {
            self.sql(&format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")).await;
        }
    }

    /// Everything gone but one folder, the place stays.
    pub async fn empty_but(&self, kept: &str) {
        let aside = self.folder.with_extension("kept");
        std::fs::rename(self.folder.join(kept), &aside).unwrap();
        self.empty().await;
        std::fs::rename(&aside, self.folder.join(kept)).unwrap();
    }

    async fn clear(self) {
        if let Some((server, schema)) = &self.schema {
            let mut connection = PgConnection::connect(server).await.unwrap();
            let drop = format!("DROP SCHEMA {schema} CASCADE");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs a test on SQLite, then on PostgreSQL when there is a server.
pub fn both(test: impl AsyncFn(&Place)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let place = Place::sqlite();
        test(&place).await;
        place.clear().await;
        if let Ok(server) = std::env::var("BEFFROI_TEST_POSTGRES") {
            let place = Place::postgres(&server).await;
            test(&place).await;
            place.clear().await;
        }
    });
}
