//! The growing wait of ID4 around whatever can be guessed: passwords, codes.

use crate::{App, Error, Origin};
use beffroi_domain::{AccountId, Micros};
use beffroi_identity::wait::{self, Counter, Counters};

/// What is being guessed at, and from where. Each kind of guess has counters of its own: who found the
/// password and now guesses codes starts at none, and does not forgive themselves by the password.
pub(crate) struct Tries {
    keys: [String; 3],
    pub(crate) known: bool,
}

impl App {
    /// The tries at `what` of whoever is named `named`, known here or not, from `origin`.
    pub(crate) async fn tries(
        &self,
        what: &str,
        named: &str,
        account: Option<AccountId>,
        origin: &Origin,
    ) -> Result<Tries, Error> {
        self.tries_at(what, named, account, origin, origin.as_str()).await
    }

    /// The same, where `place` is what the account is known by there.
    pub(crate) async fn tries_at(
        &self,
        what: &str,
        named: &str,
        account: Option<AccountId>,
        origin: &Origin,
        place: &str,
    ) -> Result<Tries, Error> {
        let known = match account {
            Some(account) => self.store.is_known_place(account, place).await?,
            None => false,
        };
        let keys = [
            format!("{what}account {named}"),
            format!("{what}block {}", origin.as_str()),
            format!("{what}pair {named} {}", origin.as_str()),
        ];
        Ok(Tries { keys, known })
    }

    /// Counts a try as failed before it is looked at, one after the other: guesses sent at once meet a counter
    /// that already grew.
    ///
    /// # Errors
    /// `Wait` when it comes too soon after failures.
    pub(crate) async fn count(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        let _counting = self.counting.lock().await;
        let before = self.counters(tries).await?;
        if let Some(until) = wait::wait_until(&before, now) {
            return Err(Error::Wait(wait::seconds_left(until, now).unsigned_abs()));
        }
        self.save(tries, &wait::after_failure(&before, now)).await
    }

    /// It was right: forgives its failures, and no one else's.
    pub(crate) async fn forgive(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        let _counting = self.counting.lock().await;
        let grown = self.counters(tries).await?;
        self.save(tries, &wait::after_success(&grown, now)).await
    }

    /// Looks at a guess that costs nothing to look at, and counts it when it is wrong; right ones write only
    /// what they forgive.
    ///
    /// # Errors
    /// `Wait` when it comes too soon after failures.
    pub(crate) async fn judge<T, E>(
        &self,
        tries: &Tries,
        now: Micros,
        look: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Error> {
        let _counting = self.counting.lock().await;
        let before = self.counters(tries).await?;
        if let Some(until) = wait::wait_until(&before, now) {
            return Err(Error::Wait(wait::seconds_left(until, now).unsigned_abs()));
        }
        let seen = look();
        if seen.is_err() {
            self.save(tries, &wait::after_failure(&before, now)).await?;
        } else if before.pair != Counter::default() {
            self.save(tries, &wait::after_success(&before, now)).await?;
        }
        Ok(seen)
    }

    async fn counters(&self, tries: &Tries) -> Result<Counters, Error> {
        let read = self.store.wait_counters(&tries.keys).await?;
        let counter = |n: usize| {
            read.get(n).map_or_else(Counter::default, |(failures, last_us)| Counter {
                failures: *failures,
                last_us: *last_us,
            })
        };
        Ok(Counters { account: counter(0), block: counter(1), pair: counter(2), known: tries.known })
    }

    async fn save(&self, tries: &Tries, counters: &Counters) -> Result<(), Error> {
        let of = |key: &String, c: Counter| (key.clone(), c.failures, c.last_us);
        let [account, block, pair] = &tries.keys;
        let rows = [of(account, counters.account), of(block, counters.block), of(pair, counters.pair)];
        Ok(self.store.save_wait_counters(&rows).await?)
    }
}
