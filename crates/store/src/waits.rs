//! The growing wait after failed sign-ins, kept across restarts.

use crate::sql::Value;
use crate::{Result, Store};
use beffroi_domain::{AccountId, Micros};

impl Store {
    /// The counters of `keys`, in their order: failures, and when the last one was. Zero when unknown.
    ///
    /// # Errors
    /// The database.
    pub async fn wait_counters(&self, keys: &[String]) -> Result<Vec<(u32, Micros)>> {
        const SQL: &str = "SELECT failures, last_us FROM wait_counter WHERE place = $1";
        let mut counters = Vec::with_capacity(keys.len());
        for key in keys {
            let found = self
                .db()
                .row(SQL, &[Value::Text(key)], |row| {
                    Ok((u32::try_from(row.int(0)?).unwrap_or(u32::MAX), row.int(1)?))
                })
                .await?;
            counters.push(found.unwrap_or((0, 0)));
        }
        Ok(counters)
    }

    /// Writes counters; zero failures forgets the key.
    ///
    /// # Errors
    /// The database.
    pub async fn save_wait_counters(&self, counters: &[(String, u32, Micros)]) -> Result<()> {
        if counters.is_empty() {
            return Ok(());
        }
        const FORGET: &str = "DELETE FROM wait_counter WHERE place = $1";
        const SAVE: &str = "
            INSERT INTO wait_counter (place, failures, last_us) VALUES ($1, $2, $3)
                ON CONFLICT (place) DO UPDATE SET failures = excluded.failures, last_us = excluded.last_us";
        let mut counters: Vec<_> = counters.iter().collect();
        counters.sort(); // the same order for everyone, so that two sign-ins never wait for each other
        let mut tx = self.db().begin().await?;
        for (key, failures, last) in counters {
            if *failures == 0 {
                tx.execute(FORGET, &[Value::Text(key)]).await?;
            } else {
                let values = [Value::Text(key), Value::Int((*failures).into()), Value::Int(*last)];
                tx.execute(SAVE, &values).await?;
            }
        }
        tx.commit().await
    }

    /// Forgets counters whose last failure, and places whose last sign-in, is older.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_waits(&self, before: Micros) -> Result<()> {
        self.db().execute("DELETE FROM wait_counter WHERE last_us < $1", &[Value::Int(before)]).await?;
        self.db().execute("DELETE FROM known_place WHERE last_us < $1", &[Value::Int(before)]).await?;
        Ok(())
    }

    /// Whether this account signed in from this block of addresses before.
    ///
    /// # Errors
    /// The database.
    pub async fn is_known_place(&self, account: AccountId, block: &str) -> Result<bool> {
        const SQL: &str = "SELECT last_us FROM known_place WHERE account = $1 AND place = $2";
        let values = [Value::Int(account.0), Value::Text(block)];
        Ok(self.db().row(SQL, &values, |row| row.int(0)).await?.is_some())
    }

    /// Remembers a block of addresses from which an account signed in.
    ///
    /// # Errors
    /// The database.
    pub async fn remember_place(&self, account: AccountId, block: &str, now: Micros) -> Result<()> {
        const SQL: &str = "
            INSERT INTO known_place (account, place, last_us) VALUES ($1, $2, $3)
                ON CONFLICT (account, place) DO UPDATE SET last_us = excluded.last_us";
        let values = [Value::Int(account.0), Value::Text(block), Value::Int(now)];
        self.db().execute(SQL, &values).await.map(drop)
    }
}
