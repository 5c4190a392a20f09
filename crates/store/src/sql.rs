//! One SQL text for SQLite and PostgreSQL: `$1` parameters, `TEXT`, `BIGINT`, `BOOLEAN`, and `BYTES` in
//! migrations. The few words that cannot be shared are in [`Db::migrate`], [`Tx::locking`] and
//! [`Db::connect`]; a line of a migration that begins with `--postgres ` is for that engine alone.

use crate::facts::{self, Epoch};
use crate::here::Here;
use crate::wal::{self, Checkpoints};
use crate::within::whose;
use crate::{OpenError, Result, StoreError};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions as _, Postgres, Row as _, Sqlite, Transaction};
use std::collections::HashMap;
use std::str::FromStr as _;
use std::sync::Mutex;
use std::time::Duration;

/// A value to bind. `None` needs its type because PostgreSQL asks for one.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Int(i64),
    OptInt(Option<i64>),
    Text(&'a str),
    OptText(Option<&'a str>),
    Bool(bool),
    Bytes(&'a [u8]),
    OptBytes(Option<&'a [u8]>),
}

macro_rules! bind {
    ($arguments:ty, $values:expr) => {{
        let mut arguments = <$arguments>::default();
        for value in $values {
            let added = match value {
                Value::Int(v) => arguments.add(*v),
                Value::OptInt(v) => arguments.add(*v),
                Value::Text(v) => arguments.add(*v),
                Value::OptText(v) => arguments.add(*v),
                Value::Bool(v) => arguments.add(*v),
                Value::Bytes(v) => arguments.add(*v),
                Value::OptBytes(v) => arguments.add(*v),
            };
            added.map_err(|cause| StoreError::Database(sqlx::Error::Encode(cause)))?;
        }
        arguments
    }};
}

/// A row read back, by column number from 0.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Here(Vec<rusqlite::types::Value>),
    Postgres(PgRow),
}

macro_rules! readers { ($($name:ident: $type:ty,)+) => { $(
    pub(crate) fn $name(&self, column: usize) -> Result<$type> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Here(row) => read_here(row, column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
)+ } }

impl Row {
    readers! {
        int: i64,
        opt_int: Option<i64>,
        text: String,
        opt_text: Option<String>,
        bool: bool,
        bytes: Vec<u8>,
    }
}

/// A value that SQLite gave without the pool.
fn read_here<T: rusqlite::types::FromSql>(row: &[rusqlite::types::Value], column: usize) -> Result<T> {
    let decode = |cause: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::Database(sqlx::Error::ColumnDecode { index: column.to_string(), source: cause })
    };
    let value = row.get(column).ok_or_else(|| decode("the row has no such column".into()))?;
    T::column_result(value.into()).map_err(|cause| decode(cause.into()))
}

/// The database, and the epoch of the facts in it that are kept in memory.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    engine: Engine,
    epoch: Epoch,
}

/// SQLite has one connection that writes, because it can have only one writer anyway, and a queue in the
/// program is fairer than its busy handler.
#[derive(Clone, Debug)]
enum Engine {
    Sqlite { write: SqlitePool, read: SqlitePool, here: Here, checkpoints: Checkpoints },
    Postgres(Pools),
}

/// Connections that see everything, and others that see nothing until they say for whom (`within.rs`).
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    house: PgPool,
    closed: PgPool,
}

impl Pools {
    /// A connection that sees what the work at hand may see.
    async fn acquire(&self) -> Result<PoolConnection<Postgres>> {
        let Some(tenant) = whose() else { return Ok(self.house.acquire().await?) };
        let mut stale = 0;
        loop {
            let mut connection = self.closed.acquire().await?;
            const WITHIN: &str = "SELECT set_config('beffroi.tenant', $1, FALSE)";
            match sqlx::query(WITHIN).bind(tenant.0.to_string()).execute(&mut *connection).await {
                Err(cause) if is_lost(&cause, &mut stale) => connection.close_on_drop(),
                answer => return answer.map(|_| connection).map_err(Into::into),
            }
        }
    }

    /// A transaction that sees what the work at hand may see.
    async fn begin(&self, statement: &'static str) -> Result<Transaction<'static, Postgres>> {
        let pool = if whose().is_some() { &self.closed } else { &self.house };
        let mut stale = 0;
        let mut tx = loop {
            match pool.begin_with(statement).await {
                Err(cause) if is_lost(&cause, &mut stale) => {}
                begun => break begun?,
            }
        };
        if let Some(tenant) = whose() {
            const WITHIN: &str = "SELECT set_config('beffroi.tenant', $1, TRUE)";
            sqlx::query(WITHIN).bind(tenant.0.to_string()).execute(&mut *tx).await?;
        }
        Ok(tx)
    }
}

/// A transaction that writes. Dropped without [`Tx::commit`], it never happened.
pub(crate) struct Tx {
    on: On,
    epoch: Epoch,
    /// Whether it changes what decisions lean on.
    facts: bool,
}

enum On {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// How long a write waits for another process (the command line beside the server).
pub(crate) const BUSY: Duration = Duration::from_secs(20);
const SQLITE_READERS: u32 = 4;
/// Of each of the two kinds.
const POSTGRES_CONNECTIONS: u32 = 12;

impl Db {
    /// Connects; `create` makes a missing SQLite file.
    pub(crate) async fn connect(setting: &str, create: bool, epoch: Epoch) -> Result<Self, OpenError> {
        if let Some(path) = setting.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !create && !std::path::Path::new(path).exists() {
                return Err(OpenError::NoDatabase { database: setting.to_owned() });
            }
            let unreachable = |cause| OpenError::Unreachable { database: setting.to_owned(), cause };
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(create)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY)
                .pragma("wal_autocheckpoint", wal::LONGEST)
                .pragma("journal_size_limit", "67108864")
                .statement_cache_capacity(300)
                .disable_statement_logging();
            let pool = |most| {
                SqlitePoolOptions::new()
                    .max_connections(most)
                    .min_connections(1)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .test_before_acquire(false)
                    .acquire_timeout(BUSY)
            };
            // Turning a new database to WAL is refused at once, without waiting, while another process
            // does the same: it is done in a moment.
            let mut tries = 0;
            let write = loop {
                match pool(1).connect_with(options.clone()).await {
                    Err(sqlx::Error::Database(e)) if is_busy(&*e) && tries < BUSY.as_millis() / 50 => {
                        tries += 1;
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    connected => break connected.map_err(unreachable)?,
                }
            };
            let read = pool(SQLITE_READERS).connect_with(options.clone()).await.map_err(unreachable)?;
            let checkpoints = Checkpoints::start(options, write.clone());
            Ok(Self { engine: Engine::Sqlite { write, read, here: Here::new(path), checkpoints }, epoch })
        } else if setting.starts_with("postgres://") || setting.starts_with("postgresql://") {
            let shown = without_password(setting);
            let unreachable = |cause| OpenError::Unreachable { database: shown.clone(), cause };
            let options = PgConnectOptions::from_str(setting)
                .map_err(unreachable)?
                .options([("synchronous_commit", "on")])
                .application_name("beffroi")
                .statement_cache_capacity(300)
                .disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(BUSY)
                .test_before_acquire(false);
            let house = options.clone().options([("beffroi.tenant", "house")]);
            let house = pool.clone().connect_with(house).await.map_err(unreachable)?;
            let closed = pool.connect_lazy_with(options);
            Ok(Self { engine: Engine::Postgres(Pools { house, closed }), epoch })
        } else {
            Err(OpenError::Setting(without_password(setting)))
        }
    }

    /// Rows of a statement that only reads.
    pub(crate) async fn rows<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        match &self.engine {
            Engine::Sqlite { read: pool, .. } => {
                let rows = sqlx::query_with(sql, bind!(SqliteArguments, values)).fetch_all(pool).await?;
                rows.into_iter().map(Row::Sqlite).collect::<Vec<_>>().iter().map(read).collect()
            }
            Engine::Postgres(pools) => {
                let mut stale = 0;
                let rows = loop {
                    let mut connection = pools.acquire().await?;
                    let query = sqlx::query_with(sql, bind!(PgArguments, values));
                    match query.fetch_all(&mut *connection).await {
                        Err(cause) if is_lost(&cause, &mut stale) => connection.close_on_drop(),
                        answer => break answer?,
                    }
                };
                rows.into_iter().map(Row::Postgres).collect::<Vec<_>>().iter().map(read).collect()
            }
        }
    }

    /// The first row of a statement that only reads.
    pub(crate) async fn row<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.rows(sql, values, read).await?.into_iter().next())
    }

    /// The first row of a statement that reads a few rows by their keys, without a change of thread on SQLite.
    pub(crate) async fn row_here<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        match &self.engine {
            Engine::Sqlite { here, .. } => here.row(sql, values, read),
            Engine::Postgres(_) => self.row(sql, values, read).await,
        }
    }

    /// Starts to write. On SQLite nobody else writes until the end.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let on = match &self.engine {
            Engine::Sqlite { write, .. } => match write.begin_with("BEGIN IMMEDIATE").await {
                // SQLite itself rolls back when the disk is full or fails, and the driver goes on counting
                // a transaction that is no more: the connection is of no use, the next one is.
                Err(sqlx::Error::InvalidSavePointStatement) => {
                    write.acquire().await?.close().await?;
                    On::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
                }
                begun => On::Sqlite(begun?),
            },
            Engine::Postgres(pools) => On::Postgres(pools.begin("BEGIN").await?),
        };
        Ok(Tx { on, epoch: self.epoch.clone(), facts: false })
    }

    /// Starts to read everything as it is now, whatever others write meanwhile.
    pub(crate) async fn snapshot(&self) -> Result<Tx> {
        let on = match &self.engine {
            Engine::Sqlite { read, .. } => On::Sqlite(read.begin().await?),
            Engine::Postgres(pools) => {
                On::Postgres(pools.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx { on, epoch: self.epoch.clone(), facts: false })
    }

    /// One statement that writes, alone in its transaction; gives the rows it changed.
    pub(crate) async fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        let _ending = self.epoch.ends_after(facts::changed_by(sql));
        let done = match &self.engine {
            Engine::Sqlite { write, .. } => sqlx::query_with(sql, bind!(SqliteArguments, values))
                .execute(write)
                .await
                .map(|done| done.rows_affected()),
            Engine::Postgres(pools) => {
                let mut connection = pools.acquire().await?;
                let query = sqlx::query_with(sql, bind!(PgArguments, values));
                query.execute(&mut *connection).await.map(|done| done.rows_affected())
            }
        };
        Ok(done?)
    }

    /// Whether row-level security holds for whoever we are to the database: neither a superuser nor a role
    /// that bypasses it. SQLite has no such wall.
    pub(crate) async fn walled(&self) -> Result<bool> {
        if let Engine::Sqlite { .. } = self.engine {
            return Ok(false);
        }
        const SQL: &str = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = CURRENT_USER";
        Ok(self.row(SQL, &[], |row| row.bool(0)).await?.unwrap_or(false))
    }

    /// Applies the migrations that the database does not have, each in its transaction.
    pub(crate) async fn migrate(&self, migrations: &[(i64, &str)]) -> Result<(), OpenError> {
        let known = migrations.last().map_or(0, |(version, _)| *version);
        let failed = |version| move |cause| OpenError::Migration { version, cause };
        let mut tx = self.begin_alone().await.map_err(OpenError::Read)?;
        tx.raw("CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY)")
            .await
            .map_err(failed(0))?;
        tx.commit().await.map_err(OpenError::Read)?;
        for (version, text) in migrations {
            let mut tx = self.begin_alone().await.map_err(OpenError::Read)?;
            let found = tx
                .row("SELECT COALESCE(MAX(version), 0) FROM migration", &[], |row| row.int(0))
                .await
                .map_err(OpenError::Read)?
                .unwrap_or(0);
            if found > known {
                return Err(OpenError::Newer { found, known });
            }
            const HAS: &str = "SELECT version FROM migration WHERE version = $1";
            let has =
                tx.row(HAS, &[Value::Int(*version)], |row| row.int(0)).await.map_err(OpenError::Read)?;
            if has.is_some() {
                continue;
            }
            tx.raw(text).await.map_err(failed(*version))?;
            tx.execute("INSERT INTO migration (version) VALUES ($1)", &[Value::Int(*version)])
                .await
                .map_err(OpenError::Read)?;
            tx.commit().await.map_err(OpenError::Read)?;
        }
        Ok(())
    }

    /// Two processes may start at once: the second waits here and then finds the work done. `CREATE TABLE
    /// IF NOT EXISTS` alone fails on PostgreSQL when both come at the same moment.
    async fn begin_alone(&self) -> Result<Tx> {
        let mut tx = self.begin().await?;
        if let On::Postgres(_) = &tx.on {
            tx.execute("SELECT pg_advisory_xact_lock(7018690)", &[]).await?;
        }
        Ok(tx)
    }

    /// Waits for what runs, then closes all connections.
    pub(crate) async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { write, read, here, checkpoints } => {
                here.close();
                checkpoints.close().await;
                read.close().await;
                write.close().await;
            }
            Engine::Postgres(Pools { house, closed }) => {
                closed.close().await;
                house.close().await;
            }
        }
    }
}

impl Tx {
    pub(crate) async fn rows<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.facts |= facts::changed_by(sql);
        match &mut self.on {
            On::Sqlite(tx) => {
                let rows = sqlx::query_with(sql, bind!(SqliteArguments, values)).fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Sqlite).collect::<Vec<_>>().iter().map(read).collect()
            }
            On::Postgres(tx) => {
                let rows = sqlx::query_with(sql, bind!(PgArguments, values)).fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Postgres).collect::<Vec<_>>().iter().map(read).collect()
            }
        }
    }

    pub(crate) async fn row<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.rows(sql, values, read).await?.into_iter().next())
    }

    pub(crate) async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        self.facts |= facts::changed_by(sql);
        Ok(match &mut self.on {
            On::Sqlite(tx) => sqlx::query_with(sql, bind!(SqliteArguments, values))
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            On::Postgres(tx) => {
                sqlx::query_with(sql, bind!(PgArguments, values)).execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    /// A statement over several rows or ids, see [`repeated`].
    pub(crate) fn repeated(&self, sql: &'static str, width: usize, times: usize) -> &'static str {
        repeated(sql, width, times, matches!(self.on, On::Postgres(_)))
    }

    /// The same `SELECT`, holding its rows until the end on PostgreSQL. On SQLite the whole transaction
    /// is the lock.
    pub(crate) fn locking(&self, sql: &'static str) -> &'static str {
        match self.on {
            On::Sqlite(_) => sql,
            On::Postgres(_) => kept(sql, 0, || format!("{sql} FOR UPDATE")),
        }
    }

    /// The same `SELECT`, keeping its rows from being changed until the end on PostgreSQL.
    pub(crate) fn sharing(&self, sql: &'static str) -> &'static str {
        match self.on {
            On::Sqlite(_) => sql,
            On::Postgres(_) => kept(sql, usize::MAX, || format!("{sql} FOR SHARE")),
        }
    }

    /// Holds a name until the end on PostgreSQL, whether it has a row or not. On SQLite the whole
    /// transaction is the lock.
    pub(crate) async fn hold(&mut self, name: &str) -> Result<()> {
        if let On::Postgres(_) = self.on {
            const HOLD: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            self.execute(HOLD, &[Value::Text(name)]).await?;
        }
        Ok(())
    }

    async fn raw(&mut self, text: &str) -> Result<(), sqlx::Error> {
        match &mut self.on {
            On::Sqlite(tx) => {
                sqlx::raw_sql(AssertSqlSafe(text.replace("BYTES", "BLOB"))).execute(&mut **tx).await.map(drop)
            }
            On::Postgres(tx) => {
                let text = text.replace("BYTES", "BYTEA").replace("--postgres ", "");
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(drop)
            }
        }
    }

    /// On disk when this answers.
    pub(crate) async fn commit(self) -> Result<()> {
        // Also when it failed, and when whoever asked is gone in the middle: it may have been committed.
        let _ending = self.epoch.ends_after(self.facts);
        Ok(match self.on {
            On::Sqlite(tx) => tx.commit().await,
            On::Postgres(tx) => tx.commit().await,
        }?)
    }
}

/// A statement over several rows or ids: `{}` in `sql` becomes `times` groups of `width` values, or with
/// `width` 0 a plain list. PostgreSQL takes `$1, $2, …`; SQLite keeps a name for each of those and searches
/// the list of names for each value bound, which costs more than inserting the rows: it gets `?`. Texts
/// are made once and kept: use few sizes.
fn repeated(sql: &'static str, width: usize, times: usize, numbered: bool) -> &'static str {
    kept(sql, (width << 32) | (times << 1) | usize::from(numbered), || {
        let value = |n: usize| if numbered { format!("${n}") } else { "?".to_owned() };
        let group = |row: usize| {
            let values: Vec<_> = (1..=width.max(1)).map(|c| value(row * width.max(1) + c)).collect();
            if width == 0 { values.join(", ") } else { format!("({})", values.join(", ")) }
        };
        sql.replace("{}", &(0..times).map(group).collect::<Vec<_>>().join(", "))
    })
}

/// The parts, largest first, in which to write `count` rows so that few statement texts exist: powers of
/// two up to 128.
pub(crate) fn parts(mut count: usize) -> Vec<usize> {
    let mut parts = vec![];
    while count > 0 {
        let part = (1 << count.ilog2()).min(128);
        parts.push(part);
        count -= part;
    }
    parts
}

/// Texts made at run time from texts of the program, once each: their number is bounded by the calls
/// that exist in the program times eight sizes.
fn kept(sql: &'static str, variant: usize, make: impl FnOnce() -> String) -> &'static str {
    static KEPT: Mutex<Option<HashMap<(&'static str, usize), &'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    kept.get_or_insert_default().entry((sql, variant)).or_insert_with(|| Box::leak(make().into_boxed_str()))
}

/// SQLITE_BUSY, plain or extended (the low byte of its extended codes).
fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Whether PostgreSQL closed this connection (class 57P of its codes): one that died while it lay in the pool
/// says so to whoever takes it. Asking once more of the next harms nobody as long as nothing was written, and
/// ends with those that the pool held: a server that is gone refuses new ones.
fn is_lost(cause: &sqlx::Error, stale: &mut u32) -> bool {
    *stale += 1;
    *stale <= POSTGRES_CONNECTIONS
        && match cause {
            sqlx::Error::Io(_) => true,
            sqlx::Error::Database(e) => e.code().is_some_and(|code| code.starts_with("57P")),
            _ => false,
        }
}

/// A database address as it may be shown.
pub(crate) fn without_password(setting: &str) -> String {
    let Some((scheme, rest)) = setting.split_once("://") else { return setting.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}@{place}")
        }
        None => setting.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request that is dropped while the database commits: what was read before is believed no more.
    #[test]
    fn a_commit_that_nobody_waits_for_ends_the_epoch() {
        let folder = std::env::temp_dir().join(format!("beffroi-dropped-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let epoch = Epoch::shared(&folder.join("epoch"));
        let database = format!("sqlite:{}", folder.join("beffroi.db").display());
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let db = Db::connect(&database, true, epoch.clone()).await.unwrap();
            let mut tx = db.begin().await.unwrap();
            tx.raw("CREATE TABLE account (id BIGINT)").await.unwrap();
            tx.execute("INSERT INTO account (id) VALUES ($1)", &[Value::Int(1)]).await.unwrap();
            let before = epoch.now();
            {
                let mut commit = std::pin::pin!(tx.commit());
                let once = std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx)));
                assert!(once.await.is_pending());
                assert_eq!(epoch.now(), before, "not before the database has it");
            }
            assert_ne!(epoch.now(), before);
            let before = epoch.now();
            {
                let mut write = std::pin::pin!(db.execute("DELETE FROM account", &[]));
                let once = std::future::poll_fn(|cx| std::task::Poll::Ready(write.as_mut().poll(cx)));
                assert!(once.await.is_pending());
            }
            assert_ne!(epoch.now(), before);
            db.close().await;
        });
        let _ = std::fs::remove_dir_all(&folder);
    }

    #[test]
    fn several_rows_in_one_statement() {
        assert_eq!(repeated("VALUES {}", 2, 3, true), "VALUES ($1, $2), ($3, $4), ($5, $6)");
        assert_eq!(repeated("VALUES {}", 2, 2, false), "VALUES (?, ?), (?, ?)");
        assert_eq!(repeated("IN ({})", 0, 3, true), "IN ($1, $2, $3)");
        assert_eq!(parts(300), [128, 128, 32, 8, 4]);
        assert_eq!(parts(0), Vec::<usize>::new());
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(without_password("postgres://me:s3cr@t@h/db"), "postgres://me@h/db");
        assert_eq!(without_password("sqlite:/srv/a.db"), "sqlite:/srv/a.db");
    }
}
