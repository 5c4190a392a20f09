//! Sessions: how long one lives.
//!
//! A session ends at the first of two limits: idle (nobody used it) and absolute (since sign-in). The
//! idle one can be pushed back by its owner; the client is told both ends, and warns before (WCAG 2.2.1).
//! A session that was signed out or revoked is no longer stored, so it has no state here.

use crate::{HOUR_US, MINUTE_US};

/// Use is written down at most this often: a session in use costs one small write a minute, no more.
const TOUCH_US: i64 = MINUTE_US;

/// The two limits of a tenant's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    idle_us: i64,
    absolute_us: i64,
}

/// Limits that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Outside 5 minutes to 24 hours.
    #[error("an idle limit of {minutes} minutes is outside 5 to 1440; choose one inside")]
    Idle {
        /// What was asked for.
        minutes: i64,
    },
    /// Outside 15 minutes to 30 days.
    #[error("an absolute limit of {minutes} minutes is outside 15 to 43200 (30 days); choose one inside")]
    Absolute {
        /// What was asked for.
        minutes: i64,
    },
    /// The idle limit would never be met.
    #[error(
        "the idle limit ({idle} minutes) is longer than the absolute one ({absolute} minutes); shorten the first"
    )]
    IdleBeyondAbsolute {
        /// Idle limit asked for, in minutes.
        idle: i64,
        /// Absolute limit asked for, in minutes.
        absolute: i64,
    },
}

impl Default for SessionLimits {
    /// 60 minutes idle, 12 hours in all.
    fn default() -> Self {
        Self { idle_us: HOUR_US, absolute_us: 12 * HOUR_US }
    }
}

impl SessionLimits {
    /// The idle and the absolute limit, in microseconds.
    pub fn spans(self) -> (i64, i64) {
        (self.idle_us, self.absolute_us)
    }

    /// Limits in minutes, as an administrator sets them: idle 5 to 1440, absolute 15 to 43200.
    ///
    /// # Errors
    /// [`LimitsError`], naming the value and the bounds.
    pub fn new(idle_minutes: i64, absolute_minutes: i64) -> Result<Self, LimitsError> {
        if !(5..=1440).contains(&idle_minutes) {
            return Err(LimitsError::Idle { minutes: idle_minutes });
        }
        if !(15..=43_200).contains(&absolute_minutes) {
            return Err(LimitsError::Absolute { minutes: absolute_minutes });
        }
        if idle_minutes > absolute_minutes {
            return Err(LimitsError::IdleBeyondAbsolute { idle: idle_minutes, absolute: absolute_minutes });
        }
        Ok(Self { idle_us: idle_minutes * MINUTE_US, absolute_us: absolute_minutes * MINUTE_US })
    }
}

/// What is stored of a session, apart from whose it is. All times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When its owner signed in.
    pub created_us: i64,
    /// When it was last used, to the minute ([`Session::touch_due`]).
    pub last_used_us: i64,
}

/// What a session is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It opens doors.
    Live {
        /// When it ends if nobody uses it; never later than `absolute_ends_us`.
        idle_ends_us: i64,
        /// When it ends in any case.
        absolute_ends_us: i64,
    },
    /// It opens nothing any more.
    Expired(Reason),
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nobody used it for the idle limit.
    Idle,
    /// It reached the absolute limit.
    Absolute,
}

impl Session {
    /// A session signed in at `now_us`.
    pub fn begun(now_us: i64) -> Self {
        Self { created_us: now_us, last_used_us: now_us }
    }

    /// What it is worth at `now_us`. A limit is over at its very microsecond.
    ///
    /// Limits are read at each use, not frozen at sign-in: a tenant that shortens them ends old
    /// sessions too. A `last_used_us` in the future (a clock set back) counts as now, so that it
    /// cannot stretch a session beyond one idle limit from now.
    pub fn state(&self, limits: SessionLimits, now_us: i64) -> State {
        let absolute_ends_us = self.created_us.min(now_us).saturating_add(limits.absolute_us);
        let idle_ends_us = self.last_used_us.min(now_us).saturating_add(limits.idle_us).min(absolute_ends_us);
        if now_us >= absolute_ends_us {
            State::Expired(Reason::Absolute)
        } else if now_us >= idle_ends_us {
            State::Expired(Reason::Idle)
        } else {
            State::Live { idle_ends_us, absolute_ends_us }
        }
    }

    /// Whether a use at `now_us` is worth writing `last_used_us = now_us`: at most once a minute.
    ///
    /// The idle limit is therefore up to a minute early, never late. An explicit "extend" writes at once.
    pub fn touch_due(&self, now_us: i64) -> bool {
        now_us.saturating_sub(self.last_used_us) >= TOUCH_US || self.last_used_us > now_us
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T0: i64 = 1_790_000_000_000_000;

    fn live(idle: i64, absolute: i64) -> State {
        State::Live { idle_ends_us: idle, absolute_ends_us: absolute }
    }

    #[test]
    fn a_session_ends_at_the_first_of_its_two_limits() {
        let limits = SessionLimits::default();
        let fresh = Session::begun(T0);
        assert_eq!(fresh.state(limits, T0), live(T0 + HOUR_US, T0 + 12 * HOUR_US));
        assert_eq!(
            fresh.state(limits, T0 + HOUR_US - 1),
            live(T0 + HOUR_US, T0 + 12 * HOUR_US),
            "a microsecond before"
        );
        assert_eq!(fresh.state(limits, T0 + HOUR_US), State::Expired(Reason::Idle));

        let used = Session { last_used_us: T0 + 12 * HOUR_US - MINUTE_US, ..fresh };
        let end = T0 + 12 * HOUR_US;
        assert_eq!(used.state(limits, end - 1), live(end, end), "the idle end never passes the absolute one");
        assert_eq!(used.state(limits, end), State::Expired(Reason::Absolute));
    }

    #[test]
    fn use_is_written_once_a_minute_and_again_when_the_clock_went_back() {
        let session = Session::begun(T0);
        assert!(!session.touch_due(T0 + MINUTE_US - 1));
        assert!(session.touch_due(T0 + MINUTE_US));
        assert!(session.touch_due(T0 - 1));
    }

    #[test]
    fn limits_name_what_is_wrong_with_them() {
        assert_eq!(SessionLimits::new(60, 720).unwrap(), SessionLimits::default());
        let check = |idle, absolute| SessionLimits::new(idle, absolute).unwrap_err().to_string();
        assert_eq!(check(4, 720), "an idle limit of 4 minutes is outside 5 to 1440; choose one inside");
        assert!(check(60, 43_201).contains("43201"));
        assert!(check(60, 30).contains("shorten the first"));
    }

    proptest! {
        #[test]
        fn no_clock_stretches_a_session(created in any::<i64>(), used in any::<i64>(), now in any::<i64>()) {
            let limits = SessionLimits::default();
            let session = Session { created_us: created, last_used_us: used };
            if let State::Live { idle_ends_us, absolute_ends_us } = session.state(limits, now) {
                prop_assert!(now < idle_ends_us && idle_ends_us <= absolute_ends_us);
                prop_assert!(idle_ends_us <= now.saturating_add(HOUR_US));
                prop_assert!(absolute_ends_us <= now.saturating_add(12 * HOUR_US));
            }
        }
    }
}
