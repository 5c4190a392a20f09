//! Sessions: how long one lives, when it warns, and the secret that names it.
//!
//! A session ends at the first of two limits: idle (nobody used it) and absolute (since sign-in). The
//! idle one can be pushed back by its owner, and the client warns before (WCAG 2.2.1).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize;

use crate::{HOUR_US, MINUTE_US};

/// How long before the idle end the client asks "are you still there?"; WCAG 2.2.1 wants at least 20 s.
pub const WARNING_US: i64 = 2 * MINUTE_US;
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

    /// When a session that signs in at `now_us` ends at the latest.
    pub fn absolute_end(self, now_us: i64) -> i64 {
        now_us.saturating_add(self.absolute_us)
    }
}

/// What is stored of a session, apart from whose it is. All times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When its owner signed in.
    pub created_us: i64,
    /// When it was last used, to the minute ([`Session::touch_due`]).
    pub last_used_us: i64,
    /// When it was signed out or revoked, by its owner, an administrator or a departure.
    pub revoked_us: Option<i64>,
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

/// Why a session is over. [`Reason::code`] is the word for logs and clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Signed out or revoked.
    Revoked,
    /// Nobody used it for the idle limit.
    Idle,
    /// It reached the absolute limit.
    Absolute,
}

impl Reason {
    /// A stable word: `revoked`, `idle`, `absolute`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Idle => "idle",
            Self::Absolute => "absolute",
        }
    }
}

impl Session {
    /// A session signed in at `now_us`.
    pub fn begun(now_us: i64) -> Self {
        Self { created_us: now_us, last_used_us: now_us, revoked_us: None }
    }

    /// What it is worth at `now_us`. A limit is over at its very microsecond.
    ///
    /// Limits are read at each use, not frozen at sign-in: a tenant that shortens them ends old
    /// sessions too. A `last_used_us` in the future (a clock set back) counts as now, so that it
    /// cannot stretch a session beyond one idle limit from now.
    pub fn state(&self, limits: SessionLimits, now_us: i64) -> State {
        if self.revoked_us.is_some() {
            return State::Expired(Reason::Revoked);
        }
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

    /// Whether the client should be warning at `now_us`: within [`WARNING_US`] of either end.
    pub fn warns(&self, limits: SessionLimits, now_us: i64) -> bool {
        match self.state(limits, now_us) {
            State::Live { idle_ends_us, .. } => idle_ends_us - now_us <= WARNING_US,
            State::Expired(_) => false,
        }
    }
}

/// The secret of a session, an invitation or a guest link: 32 random bytes, base64url on the wire.
///
/// Only its SHA-256 is stored: with 256 bits of entropy a fast hash is enough, and a stolen database
/// opens no session. Compared through that digest, so no timing tells a near miss.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// From 32 bytes of the system's random source.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(entropy)
    }

    /// Reads the 43 characters of a cookie or a link; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let mut bytes = [0_u8; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(32) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The 43 characters to send, once, to its owner.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The bytes whose SHA-256 is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
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

        let revoked = Session { revoked_us: Some(T0 + 1), ..fresh };
        assert_eq!(revoked.state(limits, T0 + 2), State::Expired(Reason::Revoked));
    }

    #[test]
    fn the_warning_comes_two_minutes_before_and_use_silences_it() {
        let limits = SessionLimits::default();
        let session = Session::begun(T0);
        assert!(!session.warns(limits, T0 + HOUR_US - WARNING_US - 1));
        assert!(session.warns(limits, T0 + HOUR_US - WARNING_US));
        let extended = Session { last_used_us: T0 + HOUR_US - MINUTE_US, ..session };
        assert!(!extended.warns(limits, T0 + HOUR_US - MINUTE_US));
    }

    #[test]
    fn limits_name_what_is_wrong_with_them() {
        assert_eq!(SessionLimits::new(60, 720).unwrap(), SessionLimits::default());
        let check = |idle, absolute| SessionLimits::new(idle, absolute).unwrap_err().to_string();
        assert_eq!(check(4, 720), "an idle limit of 4 minutes is outside 5 to 1440; choose one inside");
        assert!(check(60, 43_201).contains("43201"));
        assert!(check(60, 30).contains("shorten the first"));
    }

    #[test]
    fn a_token_reads_what_it_wrote_and_nothing_else() {
        let token = Token::from_entropy([0xA5; 32]);
        let text = token.to_text();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::parse(&text).unwrap().as_bytes(), &[0xA5; 32]);
        assert_eq!(format!("{token:?}"), "Token(…)");
        for bad in ["", "short", &text[1..], &format!("{text}="), &text.replace('p', "+"), &"é".repeat(21)] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_clock_stretches_a_session(created in any::<i64>(), used in any::<i64>(), now in any::<i64>()) {
            let limits = SessionLimits::default();
            let session = Session { created_us: created, last_used_us: used, revoked_us: None };
            if let State::Live { idle_ends_us, absolute_ends_us } = session.state(limits, now) {
                prop_assert!(now < idle_ends_us && idle_ends_us <= absolute_ends_us);
                prop_assert!(idle_ends_us <= now.saturating_add(HOUR_US));
                prop_assert!(absolute_ends_us <= now.saturating_add(12 * HOUR_US));
            }
        }

        #[test]
        fn any_text_parses_or_not_without_panic(text in ".{0,60}") {
            if let Some(token) = Token::parse(&text) {
                prop_assert_eq!(token.to_text(), text);
            }
        }
    }
}
