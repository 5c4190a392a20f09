//! The lock of a page that nobody touches (ID6), and the tries at the PIN that opens it (ID5).
//!
//! A lock is not an end: the session lives, its person is known, and nothing opens until they show that it
//! is them. It falls by the server's own clock, whatever the page says.

use crate::MINUTE_US;
use crate::wait::{Counter, FREE};

/// Wrong PINs in a row that end the session and wipe the browser (ID5).
pub const TRIES: u32 = 10;

/// What is stored of a session's use, and how long it may rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// When it was last used, to the minute.
    pub last_used_us: i64,
    /// Since when it is locked, if it is.
    pub locked_us: Option<i64>,
    /// Idle minutes after which it locks.
    pub minutes: u32,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// In use.
    Open {
        /// When it locks if nobody uses it.
        locks_us: i64,
    },
    /// Its time is over, and that has yet to be written down.
    Due {
        /// Since when.
        since_us: i64,
    },
    /// Locked.
    Locked {
        /// Since when.
        since_us: i64,
    },
}

impl Rest {
    /// How the session stands at `now_us`; the limit is over at its very microsecond.
    ///
    /// A `last_used_us` in the future (a clock set back) counts as now. Use is written at most once a minute,
    /// so the lock may fall up to a minute early, never late.
    pub fn state(self, now_us: i64) -> Lock {
        if let Some(since_us) = self.locked_us {
            return Lock::Locked { since_us };
        }
        let locks_us = self.last_used_us.min(now_us).saturating_add(i64::from(self.minutes) * MINUTE_US);
        if now_us >= locks_us { Lock::Due { since_us: locks_us } } else { Lock::Open { locks_us } }
    }
}

/// Wrong PINs of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// In a row.
    pub failures: u32,
    /// When the last one was.
    pub last_us: i64,
}

impl Tries {
    /// When the next try may be made; `None` is now. The same growing wait as at the door (ID4).
    pub fn wait_until(self, now_us: i64) -> Option<i64> {
        Counter { failures: self.failures, last_us: self.last_us }.opens_at(FREE, now_us)
    }

    /// How many are left before everything ends.
    pub fn left(self) -> u32 {
        TRIES.saturating_sub(self.failures)
    }

    /// After one more wrong PIN.
    #[must_use]
    pub fn failed(self, now_us: i64) -> Self {
        Self { failures: self.failures.saturating_add(1), last_us: now_us }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SECOND_US;

    const T0: i64 = 1_790_000_000_000_000;

    #[test]
    fn five_idle_minutes_later_it_is_locked_and_stays_so() {
        let rest = Rest { last_used_us: T0, locked_us: None, minutes: 5 };
        let due = T0 + 5 * MINUTE_US;
        assert_eq!(rest.state(T0), Lock::Open { locks_us: due });
        assert_eq!(rest.state(due - 1), Lock::Open { locks_us: due }, "a microsecond before");
        assert_eq!(rest.state(due), Lock::Due { since_us: due });
        let used = Rest { last_used_us: due - 1, ..rest };
        assert_eq!(used.state(due), Lock::Open { locks_us: due - 1 + 5 * MINUTE_US }, "use pushes it back");
        let locked = Rest { locked_us: Some(due), last_used_us: i64::MAX, ..rest };
        assert_eq!(locked.state(due + 1), Lock::Locked { since_us: due }, "no use opens it");
    }

    #[test]
    fn ten_tries_take_two_minutes_and_there_is_no_eleventh() {
        let (mut tries, mut now, mut waits) = (Tries::default(), T0, vec![]);
        while tries.left() > 0 {
            let opens = tries.wait_until(now).unwrap_or(now);
            waits.push((opens - now) / SECOND_US);
            now = opens;
            assert_eq!(tries.wait_until(now), None);
            tries = tries.failed(now);
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(tries.left(), 0);
    }

    proptest! {
        #[test]
        fn no_clock_stretches_the_rest(used in any::<i64>(), now in any::<i64>(), minutes in 1_u32..=1440) {
            let rest = Rest { last_used_us: used, locked_us: None, minutes };
            if let Lock::Open { locks_us } = rest.state(now) {
                prop_assert!(now < locks_us && locks_us <= now.saturating_add(i64::from(minutes) * MINUTE_US));
            }
        }
    }
}
