//! Signed-in browsers.
use crate::{Result, Store, later};
use beffroi_domain::{AccountId, Factor, Micros, SessionId, TenantId};
use beffroi_policy::Who;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub who: Who,
    /// Their tenant.
    pub tenant: TenantId,
    /// What was proved.
    pub factor: Factor,
    /// The browser, as it named itself.
    pub agent: String,
    /// When it was opened.
    pub created: Micros,
    /// When it was last used.
    pub last_used: Micros,
}

impl Store {
    /// Opens a session; the token (32 random bytes in base64url) is given once and kept as SHA-256.
    ///
    /// # Errors
    /// `Gone` when the person no longer exists or is disabled.
    pub async fn open_session(
        &self,
        _who: Who,
        _tenant: TenantId,
        _factor: Factor,
        _agent: &str,
        _now: Micros,
    ) -> Result<(SessionId, String)> {
        later()
    }
    /// The session of a token, if it was not ended. Limits are the caller's.
    ///
    /// # Errors
    /// The database.
    pub async fn session_by_token(&self, _token: &str) -> Result<Option<SessionRow>> {
        later()
    }
    /// Notes that a session was used.
    ///
    /// # Errors
    /// The database.
    pub async fn touch_session(&self, _session: SessionId, _now: Micros) -> Result<()> {
        later()
    }
    /// Someone's sessions, last used first.
    ///
    /// # Errors
    /// The database.
    pub async fn sessions_of(&self, _account: AccountId) -> Result<Vec<SessionRow>> {
        later()
    }
    /// Ends a session; `false` when it was over already.
    ///
    /// # Errors
    /// The database.
    pub async fn end_session(&self, _session: SessionId, _now: Micros) -> Result<bool> {
        later()
    }
    /// Ends all sessions of someone and gives them.
    ///
    /// # Errors
    /// The database.
    pub async fn end_sessions_of(&self, _who: Who, _now: Micros) -> Result<Vec<SessionId>> {
        later()
    }
    /// Ends the sessions not used since `idle_before` or opened before `opened_before`, and gives them.
    ///
    /// # Errors
    /// The database.
    pub async fn end_expired(&self, _idle_before: Micros, _opened_before: Micros) -> Result<Vec<SessionId>> {
        later()
    }
}
