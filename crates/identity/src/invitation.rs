//! Links that let someone choose a password: an invitation for a new account, a reset for an old one.
//!
//! Single use, one hour. The secret in the link is a [`crate::session::Token`]; only its SHA-256 is stored.

use crate::HOUR_US;

/// How long a link opens after it was made.
pub const LIFE_US: i64 = HOUR_US;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first password of an account an administrator made.
    Invitation,
    /// A new password; using it ends every session of the account.
    Reset,
}

impl Kind {
    /// The word on the wire and in the database: `invitation`, `reset`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// Reads [`Kind::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Invitation, Self::Reset].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What is stored of a link, apart from whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub kind: Kind,
    /// When it was made, microseconds.
    pub created_us: i64,
    /// From when it opens nothing, microseconds.
    pub expires_us: i64,
    /// When it was used, or withdrawn because a later link replaced it or the account was disabled.
    pub spent_us: Option<i64>,
}

/// Why a link opens nothing. To a stranger all are the same 404; the difference is for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefused {
    /// It opened once already, or was withdrawn.
    #[error("this link was used or withdrawn; ask an administrator for a new one")]
    Spent,
    /// Its hour is over.
    #[error("this link expired one hour after it was made; ask an administrator for a new one")]
    Expired,
}

impl Link {
    /// A link made at `now_us`, for one hour.
    pub fn made(kind: Kind, now_us: i64) -> Self {
        Self { kind, created_us: now_us, expires_us: now_us.saturating_add(LIFE_US), spent_us: None }
    }

    /// Whether it opens at `now_us`.
    ///
    /// The store marks it spent with a conditional update in the transaction that sets the password,
    /// so that of two uses at once one finds [`LinkRefused::Spent`]. A clock set back before the link
    /// was made does not give it a longer life: it then opens nothing.
    ///
    /// # Errors
    /// [`LinkRefused`].
    pub fn opens(&self, now_us: i64) -> Result<(), LinkRefused> {
        if self.spent_us.is_some() {
            Err(LinkRefused::Spent)
        } else if now_us >= self.expires_us || now_us < self.created_us {
            Err(LinkRefused::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_once_and_for_one_hour() {
        let made = Link::made(Kind::Invitation, 1_000);
        assert_eq!(made.opens(1_000), Ok(()));
        assert_eq!(made.opens(1_000 + LIFE_US - 1), Ok(()));
        assert_eq!(made.opens(1_000 + LIFE_US), Err(LinkRefused::Expired));
        assert_eq!(made.opens(999), Err(LinkRefused::Expired), "a clock set back opens nothing");
        let spent = Link { spent_us: Some(2_000), ..made };
        assert_eq!(spent.opens(2_001), Err(LinkRefused::Spent));
    }

    #[test]
    fn the_words_of_the_two_kinds_read_back() {
        assert_eq!(Kind::parse("reset"), Some(Kind::Reset));
        assert_eq!(Kind::parse(Kind::Invitation.as_str()), Some(Kind::Invitation));
        assert_eq!(Kind::parse("other"), None);
    }
}
