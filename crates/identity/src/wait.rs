//! The growing wait after failed sign-ins (ID4), without a way to lock a colleague out from elsewhere.
//!
//! Three counters, all persisted by the caller:
//!
//! | counter | grows with a wrong password | makes whom wait |
//! |---|---|---|
//! | **pair** (account, place) | for that account from that place | that account from that place |
//! | **account** | for that account from anywhere | that account from places it **never** signed in from |
//! | **block** | for any account from that address block | any account from that block, except from places it is known at |
//!
//! A *place* is the browser when it shows that the account signed in from it before, else the address block
//! ([`Block`]). Failures of a known browser are counted for it alone: neither for the account nor for its block.
//!
//! **Why nobody can be locked out from elsewhere.** Once an account signed in from a place, only the
//! pair counter can make that pair wait, and the pair counter grows only with failures *from that
//! place*. Whatever strangers do to the account from the rest of the world, or to other accounts
//! through the same shared address, a colleague at their desk signs in at once: in their browser, whoever sits
//! behind the same address guesses without them; in another one there, what guesses at them from that address
//! slows them too. Somebody at a place new to them may have to wait behind an attack (at most [`CAP_US`]); a reset
//! link opens a session without asking here. Whoever copied what the browser shows has that one wait of their own.
//!
//! A try made during the wait is refused without looking at the password, and is not counted: waiting
//! does not get longer by knocking. Success forgives one's own failures, never someone else's: an
//! attacker with an account of their own cannot wipe the counter of their block by signing in.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::{HOUR_US, MINUTE_US, SECOND_US};

/// The wait after the first failure that costs one.
const BASE_US: i64 = SECOND_US;
/// The longest wait.
pub const CAP_US: i64 = 15 * MINUTE_US;
/// Failures of an account or a pair up to this one cost nothing or one base: `1 s × 2^(n - 3)`, from n = 3.
pub(crate) const FREE: u32 = 3;
/// The same for a block: a whole town hall may sit behind one address and mistype on a Monday morning.
const BLOCK_FREE: u32 = 20;
/// A counter without a failure for this long counts as zero, and its row may be deleted.
pub const FORGET_US: i64 = 24 * HOUR_US;

/// Failures in a row and when the last one was. A row that does not exist is [`Counter::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// Wrong passwords since the last forgiveness.
    pub failures: u32,
    /// When the last one was, microseconds.
    pub last_us: i64,
}

impl Counter {
    /// This counter as it stands at `now_us`: zero when [`FORGET_US`] passed since its last failure.
    fn at(self, now_us: i64) -> Self {
        if now_us.saturating_sub(self.last_us) >= FORGET_US { Self::default() } else { self }
    }

    fn failed(self, now_us: i64) -> Self {
        Self { failures: self.at(now_us).failures.saturating_add(1), last_us: now_us }
    }

    fn forgiven(self, failures: u32) -> Self {
        let left = self.failures.saturating_sub(failures);
        if left == 0 { Self::default() } else { Self { failures: left, ..self } }
    }

    /// When this counter lets the next try through, or `None` for at once.
    pub(crate) fn opens_at(self, free: u32, now_us: i64) -> Option<i64> {
        let counter = self.at(now_us);
        let delay = delay_us(counter.failures, free);
        // A clock set back must not make the wait longer than the delay itself.
        let opens = counter.last_us.min(now_us).saturating_add(delay);
        (opens > now_us).then_some(opens)
    }
}

/// The wait that `failures` in a row cost, in microseconds: `min(15 min, 1 s × 2^(failures - free))`.
fn delay_us(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        // 2^10 s is past the cap already; larger shifts would overflow.
        Some(doublings) if doublings >= 10 => CAP_US,
        Some(doublings) => (BASE_US << doublings).min(CAP_US),
    }
}

/// The counters that concern one try, as the store read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Of the account, from anywhere. An address without an account has one too, or the wait would tell.
    pub account: Counter,
    /// Of the address block, for any account.
    pub block: Counter,
    /// Of the account from this place.
    pub pair: Counter,
    /// Whether the account ever signed in from this place. Stored beside the pair; outlives [`FORGET_US`].
    pub known: bool,
}

/// When the next try may be made: `None` is now, else microseconds since the epoch.
///
/// Refuse a try before that time with the whole seconds left ([`seconds_left`]), without hashing.
pub fn wait_until(counters: &Counters, now_us: i64) -> Option<i64> {
    let pair = counters.pair.opens_at(FREE, now_us);
    if counters.known {
        return pair;
    }
    pair.max(counters.account.opens_at(FREE, now_us)).max(counters.block.opens_at(BLOCK_FREE, now_us))
}

/// The counters to store for a wrong password at `now_us`.
///
/// Store them **before** the password is looked at, in the transaction that asked [`wait_until`], and
/// [`after_success`] afterwards: a thousand guesses sent at once then meet a counter that already grew.
#[must_use]
pub fn after_failure(counters: &Counters, now_us: i64) -> Counters {
    Counters {
        account: counters.account.failed(now_us),
        block: counters.block.failed(now_us),
        pair: counters.pair.failed(now_us),
        known: counters.known,
    }
}

/// The counters to store for a right password at `now_us`, which makes this place known.
///
/// The pair is forgiven entirely; account and block only what this pair had added to them.
#[must_use]
pub fn after_success(counters: &Counters, now_us: i64) -> Counters {
    let own = counters.pair.at(now_us).failures;
    Counters {
        account: counters.account.at(now_us).forgiven(own),
        block: counters.block.at(now_us).forgiven(own),
        pair: Counter::default(),
        known: true,
    }
}

/// Whole seconds from `now_us` to `until_us`, rounded up, for `Retry-After` and the screen.
pub fn seconds_left(until_us: i64, now_us: i64) -> i64 {
    let left = until_us.saturating_sub(now_us).max(0);
    left / SECOND_US + i64::from(left % SECOND_US != 0)
}

/// The part of an address that one household or office holds: an IPv4 address, an IPv6 /64.
///
/// Its text (`Display`) is the key of the block counter, for instance `192.0.2.7/32`, `2001:db8:1:2::/64`.
/// An IPv4 address written as IPv6 (`::ffff:192.0.2.7`) is the IPv4 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(IpAddr);

impl From<IpAddr> for Block {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => Self(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64))),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 32 } else { 64 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T0: i64 = 1_790_000_000_000_000;

    /// `failures` wrong passwords, each made as soon as the wait allows; returns the clock after them.
    fn fail(counters: &mut Counters, failures: u32, mut now: i64) -> i64 {
        for _ in 0..failures {
            now = wait_until(counters, now).unwrap_or(now);
            *counters = after_failure(counters, now);
        }
        now
    }

    #[test]
    fn the_wait_doubles_from_the_third_failure_up_to_a_quarter_of_an_hour() {
        let mut counters = Counters::default();
        let mut now = T0;
        let mut waits = Vec::new();
        for _ in 0..15 {
            now = fail(&mut counters, 1, now);
            waits.push(wait_until(&counters, now).map_or(0, |until| seconds_left(until, now)));
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn knocking_during_the_wait_does_not_make_it_longer() {
        let mut counters = Counters::default();
        let now = fail(&mut counters, 5, T0);
        let until = wait_until(&counters, now).unwrap();
        assert_eq!(wait_until(&counters, until - 1), Some(until));
        assert_eq!(wait_until(&counters, until), None);
    }

    #[test]
    fn a_colleague_at_a_known_place_never_waits_for_what_others_did() {
        let attacked = Counter { failures: 1_000_000, last_us: T0 };
        let at_the_desk =
            Counters { account: attacked, block: attacked, pair: Counter::default(), known: true };
        assert_eq!(wait_until(&at_the_desk, T0), None);
        let elsewhere = Counters { known: false, ..at_the_desk };
        assert_eq!(wait_until(&elsewhere, T0), Some(T0 + CAP_US));
    }

    #[test]
    fn an_account_of_ones_own_does_not_wash_the_block() {
        let spraying = Counter { failures: 30, last_us: T0 };
        let own = Counters { block: spraying, ..Counters::default() };
        assert_eq!(after_success(&own, T0).block, spraying);
        let clumsy = after_failure(&after_failure(&own, T0), T0);
        assert_eq!(after_success(&clumsy, T0).block.failures, 30, "their own two are forgiven");
        assert_eq!(after_success(&clumsy, T0).account, Counter::default());
    }

    #[test]
    fn a_town_hall_behind_one_address_may_mistype_twenty_times() {
        let office = |failures| Counters { block: Counter { failures, last_us: T0 }, ..Counters::default() };
        assert_eq!(wait_until(&office(19), T0), None);
        assert_eq!(wait_until(&office(20), T0), Some(T0 + SECOND_US));
        assert_eq!(wait_until(&office(40), T0), Some(T0 + CAP_US));
    }

    #[test]
    fn a_day_without_failure_is_forgotten() {
        let mut counters = Counters::default();
        let now = fail(&mut counters, 12, T0);
        let next_day = now + FORGET_US;
        assert_eq!(after_failure(&counters, next_day).pair, Counter { failures: 1, last_us: next_day });
    }

    #[test]
    fn blocks_are_one_address_of_ipv4_and_a_64_of_ipv6() {
        let block = |text: &str| Block::from(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(block("192.0.2.7"), "192.0.2.7/32");
        assert_eq!(block("::ffff:192.0.2.7"), "192.0.2.7/32");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:2:ffff::9"));
        assert_ne!(block("2001:db8:1:3::1"), block("2001:db8:1:2::1"));
    }

    #[test]
    fn seconds_are_rounded_up_so_that_nobody_is_told_zero_and_refused() {
        assert_eq!(seconds_left(T0 + 1, T0), 1);
        assert_eq!(seconds_left(T0 + 2 * SECOND_US, T0), 2);
        assert_eq!(seconds_left(T0, T0 + 5), 0);
    }

    fn counter() -> impl Strategy<Value = Counter> {
        (any::<u32>(), any::<i64>()).prop_map(|(failures, last_us)| Counter { failures, last_us })
    }

    fn counters() -> impl Strategy<Value = Counters> {
        (counter(), counter(), counter(), any::<bool>()).prop_map(|(account, block, pair, known)| Counters {
            account,
            block,
            pair,
            known,
        })
    }

    proptest! {
        #[test]
        fn nobody_ever_waits_longer_than_the_cap(counters in counters(), now in any::<i64>()) {
            if let Some(until) = wait_until(&counters, now) {
                prop_assert!(until > now && until <= now.saturating_add(CAP_US));
            }
        }

        #[test]
        fn a_failure_never_shortens_the_wait(counters in counters(), now in 0..i64::MAX / 2) {
            let later = after_failure(&counters, now);
            prop_assert!(wait_until(&later, now) >= wait_until(&counters, now));
        }

        #[test]
        fn success_opens_the_place_at_once_and_for_good(
            mine in counters(),
            account in counter(),
            block in counter(),
            now in 0..i64::MAX / 2,
            later in 0..i64::MAX / 4,
        ) {
            let after = after_success(&mine, now);
            prop_assert_eq!(wait_until(&after, now), None);
            // Whatever elsewhere does to the two shared counters, this place stays open.
            let attacked = Counters { account, block, ..after };
            prop_assert_eq!(wait_until(&attacked, now.saturating_add(later)), None);
        }

        #[test]
        fn whoever_waits_as_told_is_let_through(failures in 1_u32..40, known in any::<bool>()) {
            let mut counters = Counters { known, ..Counters::default() };
            let now = fail(&mut counters, failures, T0);
            if let Some(until) = wait_until(&counters, now) {
                prop_assert_eq!(wait_until(&counters, until), None);
            }
        }
    }
}
