//! The growing wait after failed sign-ins, kept across restarts.

use crate::sql::{Row, Value};
use crate::{Result, Store};
use beffroi_domain::{AccountId, Micros};

const READ: &str = "SELECT failures, last_us FROM wait_counter WHERE place = $1";
const SAVE: &str = "
    INSERT INTO wait_counter (place, failures, last_us) VALUES ($1, $2, $3)
        ON CONFLICT (place) DO UPDATE SET failures = excluded.failures, last_us = excluded.last_us";

fn read_counter(row: &Row) -> Result<WaitCounter> {
    Ok((u32::try_from(row.int(0)?).unwrap_or(u32::MAX), row.int(1)?))
}

/// A counter: failures, and when the last one was; zero when there is none.
pub type WaitCounter = (u32, Micros);

impl Store {
    /// The counters of `keys`, in their order.
    ///
    /// # Errors
    /// The database.
    pub async fn wait_counters<const N: usize>(&self, keys: &[String; N]) -> Result<[WaitCounter; N]> {
        let mut counters = [(0, 0); N];
        for (key, counter) in keys.iter().zip(&mut counters) {
            *counter = self.db().row(READ, &[Value::Text(key)], read_counter).await?.unwrap_or_default();
        }
        Ok(counters)
    }

    /// Weighs the counters of `keys` and writes what they become, while nobody else does, in this process or
    /// another one: of two tries at once, the second meets what the first counted. Zero failures forgets a key.
    ///
    /// # Errors
    /// The database; then nothing was counted.
    pub async fn weigh_wait_counters<T, const N: usize>(
        &self,
        keys: &[String; N],
        weigh: impl FnOnce([WaitCounter; N]) -> (T, Option<[WaitCounter; N]>),
    ) -> Result<T> {
        let mut tx = self.db().begin().await?;
        // The same order for everyone, so that two sign-ins never wait for each other.
        let mut ordered: Vec<&String> = keys.iter().collect();
        ordered.sort_unstable();
        for key in ordered {
            tx.hold(key).await?;
        }
        let mut counters = [(0, 0); N];
        for (key, counter) in keys.iter().zip(&mut counters) {
            *counter = tx.row(READ, &[Value::Text(key)], read_counter).await?.unwrap_or_default();
        }
        let (weighed, after) = weigh(counters);
        let Some(after) = after else { return Ok(weighed) };
        for (key, (failures, last)) in keys.iter().zip(after) {
            if failures == 0 {
                tx.execute("DELETE FROM wait_counter WHERE place = $1", &[Value::Text(key)]).await?;
            } else {
                let values = [Value::Text(key), Value::Int(failures.into()), Value::Int(last)];
                tx.execute(SAVE, &values).await?;
            }
        }
        tx.commit().await?;
        Ok(weighed)
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
