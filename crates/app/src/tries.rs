//! The growing wait of ID4 around whatever can be guessed: passwords, codes.

use crate::{App, Error, Origin};
use beffroi_domain::{AccountId, Micros};
use beffroi_identity::wait::{self, Counter, Counters};
use beffroi_store::WaitCounter;

/// What is being guessed at, and from where. Each kind of guess has counters of its own: who found the
/// password and now guesses codes starts at none, and does not forgive themselves by the password.
pub(crate) struct Tries {
    counted: Counted,
    pub(crate) known: bool,
}

/// Where failures are counted, by the keys of counters.
enum Counted {
    /// For the account, its address block and both, in this order, together with whoever else is there.
    Shared([String; 3]),
    /// For a browser that is known to the account, alone.
    Apart([String; 1]),
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

    /// The same, where `place` is what the account is known by there when no browser is known to it.
    pub(crate) async fn tries_at(
        &self,
        what: &str,
        named: &str,
        account: Option<AccountId>,
        origin: &Origin,
        place: &str,
    ) -> Result<Tries, Error> {
        if let Some(browser) = self.known_browser(account, origin).await? {
            return Ok(Tries { counted: Counted::Apart([format!("{what}browser {browser}")]), known: true });
        }
        let known = match account {
            Some(account) => self.store.is_known_place(account, place).await?,
            None => false,
        };
        let keys = [
            format!("{what}account {named}"),
            format!("{what}block {}", origin.as_str()),
            format!("{what}pair {named} {}", origin.as_str()),
        ];
        Ok(Tries { counted: Counted::Shared(keys), known })
    }

    /// Counts a try as failed before it is looked at, one after the other: guesses sent at once meet a counter
    /// that already grew.
    ///
    /// # Errors
    /// `Wait` when it comes too soon after failures.
    pub(crate) async fn count(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        self.open(tries, now).await?;
        let weigh = |before: Counters| match wait::wait_until(&before, now) {
            Some(until) => (Err(wait_for(until, now)), None),
            None => (Ok(()), Some(wait::after_failure(&before, now))),
        };
        self.weigh_tries(tries, weigh).await?
    }

    /// It was right: forgives its failures, and no one else's.
    pub(crate) async fn forgive(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        self.weigh_tries(tries, |before| ((), Some(wait::after_success(&before, now)))).await
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
        self.open(tries, now).await?;
        let weigh = |before: Counters| {
            if let Some(until) = wait::wait_until(&before, now) {
                return (Err(wait_for(until, now)), None);
            }
            let seen = look();
            let after = match &seen {
                Err(_) => Some(wait::after_failure(&before, now)),
                Ok(_) => (before.pair != Counter::default()).then(|| wait::after_success(&before, now)),
            };
            (Ok(seen), after)
        };
        self.weigh_tries(tries, weigh).await?
    }

    /// A flood that has to wait is turned away by reading: it keeps nobody from writing.
    async fn open(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        let before = match &tries.counted {
            Counted::Shared(keys) => tries.shared(self.store.wait_counters(keys).await?),
            Counted::Apart(key) => tries.apart(self.store.wait_counters(key).await?),
        };
        match wait::wait_until(&before, now) {
            Some(until) => Err(wait_for(until, now)),
            None => Ok(()),
        }
    }

    async fn weigh_tries<T>(
        &self,
        tries: &Tries,
        weigh: impl FnOnce(Counters) -> (T, Option<Counters>),
    ) -> Result<T, Error> {
        Ok(match &tries.counted {
            Counted::Shared(keys) => {
                let weigh = |read| {
                    let (weighed, after) = weigh(tries.shared(read));
                    (weighed, after.map(|after| [after.account, after.block, after.pair].map(row)))
                };
                self.store.weigh_wait_counters(keys, weigh).await?
            }
            Counted::Apart(key) => {
                let weigh = |read| {
                    let (weighed, after) = weigh(tries.apart(read));
                    (weighed, after.map(|after| [row(after.pair)]))
                };
                self.store.weigh_wait_counters(key, weigh).await?
            }
        })
    }
}

impl Tries {
    fn shared(&self, read: [WaitCounter; 3]) -> Counters {
        let [account, block, pair] = read.map(counter);
        Counters { account, block, pair, known: self.known }
    }

    /// A known browser is a place of its own: what others do elsewhere or beside it is not even read.
    fn apart(&self, [pair]: [WaitCounter; 1]) -> Counters {
        Counters { pair: counter(pair), known: self.known, ..Counters::default() }
    }
}

fn counter((failures, last_us): WaitCounter) -> Counter {
    Counter { failures, last_us }
}

fn row(counter: Counter) -> WaitCounter {
    (counter.failures, counter.last_us)
}

fn wait_for(until: Micros, now: Micros) -> Error {
    Error::Wait(wait::seconds_left(until, now).unsigned_abs())
}
