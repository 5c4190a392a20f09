//! The database of an installation, opened by hand as someone with the disk in front of them could.

use beffroi_it::House;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use std::time::Duration;

pub enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    /// That of an installation on SQLite, beside a running server or not.
    pub async fn of(house: &House) -> Self {
        let file = house.data().join("beffroi.db");
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(30));
        Self::Sqlite(SqliteConnection::connect_with(&options).await.expect("the database is there"))
    }

    pub async fn postgres(url: &str) -> Self {
        let mut database = Self::Postgres(PgConnection::connect(url).await.expect("the database is there"));
        // Who says nothing sees nothing (row-level security).
        database.run("SET beffroi.tenant = 'house'").await;
        database
    }

    /// Closes it, and waits until it is: the last one to close SQLite's file writes into it.
    pub async fn close(self) {
        let closed = match self {
            Self::Sqlite(c) => c.close().await,
            Self::Postgres(c) => c.close().await,
        };
        closed.expect("a connection that works can be closed");
    }

    /// Runs statements; gives the rows changed.
    pub async fn run(&mut self, sql: &str) -> u64 {
        let done = match self {
            Self::Sqlite(c) => {
                sqlx::query(AssertSqlSafe(sql)).execute(c).await.map(|done| done.rows_affected())
            }
            Self::Postgres(c) => {
                sqlx::query(AssertSqlSafe(sql)).execute(c).await.map(|done| done.rows_affected())
            }
        };
        done.unwrap_or_else(|wrong| panic!("{sql}: {wrong}"))
    }

    /// The number that a query gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let read = match self {
            Self::Sqlite(c) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(c).await,
            Self::Postgres(c) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(c).await,
        };
        read.unwrap_or_else(|wrong| panic!("{sql}: {wrong}"))
    }
}
