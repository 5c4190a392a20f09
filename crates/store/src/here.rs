//! SQLite asked on the thread that asks.
//!
//! The pool's connections live on threads of their own: a question wakes one of these and its answer wakes the
//! asker, which costs more than the question where a processor has gone to sleep (75 µs instead of 10). What every
//! decision asks is a handful of pages that stay in memory, so it is asked here, without a change of thread.
//! Anything that may read much or that writes goes to the pool: it would hold up everybody on this thread.

use crate::sql::{Row, Value};
use crate::{Result, StoreError};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, ToSql};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Connections that only read, as many as there were askers at once.
#[derive(Clone, Debug)]
pub(crate) struct Here(Arc<Idle>);

#[derive(Debug)]
struct Idle {
    path: PathBuf,
    /// Empty and closed for good once it is `None`.
    connections: Mutex<Option<Vec<Connection>>>,
}

/// A reader never waits for a writer in WAL; what it may wait for is a log that is being made anew after a crash.
const BUSY: Duration = Duration::from_secs(1);

impl Here {
    /// For the database at `path`, which is there already; nothing is opened before the first question.
    pub(crate) fn new(path: &str) -> Self {
        Self(Arc::new(Idle { path: path.into(), connections: Mutex::new(Some(vec![])) }))
    }

    /// The first row of a statement that reads a few rows.
    pub(crate) fn row<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        let idle = || self.0.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || StoreError::Database(sqlx::Error::PoolClosed);
        let connection = match idle().as_mut().ok_or_else(closed)?.pop() {
            Some(connection) => connection,
            None => self.open().map_err(broken)?,
        };
        let found = ask(&connection, sql, values);
        // A connection that failed is not asked again.
        if let (Ok(_), Some(idle)) = (&found, idle().as_mut()) {
            idle.push(connection);
        }
        found.map_err(broken)?.map(|row| read(&row)).transpose()
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        // Reading a log of WAL takes a right to write its index.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.0.path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Closes what is idle; a question that runs is the last of its connection, a later one gets `PoolClosed`.
    pub(crate) fn close(&self) {
        drop(self.0.connections.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn ask(connection: &Connection, sql: &'static str, values: &[Value<'_>]) -> rusqlite::Result<Option<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    for place in 1..=statement.parameter_count() {
        // `$3` is a name to SQLite, which counts names as they come.
        let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse().ok());
        let value = number.and_then(|number: usize| values.get(number.checked_sub(1)?));
        statement.raw_bind_parameter(
            place,
            value.ok_or(rusqlite::Error::InvalidParameterCount(place, values.len()))?,
        )?;
    }
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(None) };
    let row = (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
    Ok(Some(Row::Here(row)))
}

fn broken(cause: rusqlite::Error) -> StoreError {
    StoreError::Database(sqlx::Error::Io(std::io::Error::other(cause)))
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Int(v) => v.to_sql(),
            Value::OptInt(v) => v.to_sql(),
            Value::Text(v) => v.to_sql(),
            Value::OptText(v) => v.to_sql(),
            Value::Bool(v) => v.to_sql(),
            Value::Bytes(v) => v.to_sql(),
            Value::OptBytes(v) => v.to_sql(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bound_by_their_number_and_nothing_is_written_or_asked_after_the_end() {
        let path = std::env::temp_dir().join(format!("beffroi-here-{}.db", std::process::id()));
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x')")
            .unwrap();
        let here = Here::new(path.to_str().unwrap());
        let ask = |a, b: &str| {
            const SQL: &str = "SELECT b, NULL, a FROM t WHERE b = $2 AND a = $1";
            here.row(SQL, &[Value::Int(a), Value::Text(b)], |row| {
                Ok((row.text(0)?, row.opt_text(1)?, row.int(2)?, row.text(2).is_err(), row.int(3).is_err()))
            })
        };
        assert_eq!(ask(1, "x").unwrap(), Some(("x".into(), None, 1, true, true)));
        assert_eq!(ask(2, "x").unwrap(), None);
        writer.execute("INSERT INTO t VALUES (2, 'x')", ()).unwrap();
        assert!(ask(2, "x").unwrap().is_some(), "what was committed is seen at once");
        for wrong in ["DELETE FROM t RETURNING a", "SELECT a FROM t WHERE a = $2", "SELECT nothing"] {
            assert!(here.row(wrong, &[Value::Int(1)], |row| row.int(0)).is_err(), "{wrong}");
        }
        assert!(ask(2, "x").unwrap().is_some(), "nothing was deleted, and a fault spoils nothing");
        here.close();
        assert!(matches!(ask(1, "x"), Err(StoreError::Database(sqlx::Error::PoolClosed))));
        drop(writer);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
