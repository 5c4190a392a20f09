//! The growing wait of ID4 around whatever can be guessed: passwords, codes.

use crate::{App, Error, Origin};
use beffroi_domain::{AccountId, Micros};
use beffroi_identity::wait::{self, Counter, Counters};
use beffroi_store::WaitCounter;

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
        self.open(tries, now).await?;
        let weigh = |read| {
            let before = tries.counters(read);
            match wait::wait_until(&before, now) {
                Some(until) => (Err(wait_for(until, now)), None),
                None => (Ok(()), Some(rows(&wait::after_failure(&before, now)))),
            }
        };
        self.store.weigh_wait_counters(&tries.keys, weigh).await?
    }

    /// It was right: forgives its failures, and no one else's.
    pub(crate) async fn forgive(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        let weigh = |read| ((), Some(rows(&wait::after_success(&tries.counters(read), now))));
        Ok(self.store.weigh_wait_counters(&tries.keys, weigh).await?)
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
        let weigh = |read| {
            let before = tries.counters(read);
            if let Some(until) = wait::wait_until(&before, now) {
                return (Err(wait_for(until, now)), None);
            }
            let seen = look();
            let after = match &seen {
                Err(_) => Some(wait::after_failure(&before, now)),
                Ok(_) => (before.pair != Counter::default()).then(|| wait::after_success(&before, now)),
            };
            (Ok(seen), after.as_ref().map(rows))
        };
        self.store.weigh_wait_counters(&tries.keys, weigh).await?
    }

    /// A flood that has to wait is turned away by reading: it keeps nobody from writing.
    async fn open(&self, tries: &Tries, now: Micros) -> Result<(), Error> {
        let read = self.store.wait_counters(&tries.keys).await?;
        match wait::wait_until(&tries.counters(read), now) {
            Some(until) => Err(wait_for(until, now)),
            None => Ok(()),
        }
    }
}

impl Tries {
    fn counters(&self, read: [WaitCounter; 3]) -> Counters {
        let [account, block, pair] = read.map(|(failures, last_us)| Counter { failures, last_us });
        Counters { account, block, pair, known: self.known }
    }
}

/// In the order of [`Tries::keys`].
fn rows(counters: &Counters) -> [WaitCounter; 3] {
    [counters.account, counters.block, counters.pair].map(|counter| (counter.failures, counter.last_us))
}

fn wait_for(until: Micros, now: Micros) -> Error {
    Error::Wait(wait::seconds_left(until, now).unsigned_abs())
}
