//! Browsers that are known to the growing wait (ID4): whoever signed in from one is not held up there by what
//! strangers behind the same address guess.
//!
//! A browser shows one token for each account that signed in from it. A token proves nothing but that: it opens no
//! session and answers no question, and whoever copied it has a wait of their own.

use crate::{App, Error, Origin, Secret};
use beffroi_domain::{AccountId, Micros, SessionId};
use secrecy::ExposeSecret as _;

/// Accounts that one browser is known to at most: one's own and that with which one administers, twice.
const MOST: usize = 4;

/// What stands between the tokens of a browser.
const BETWEEN: char = '.';

impl App {
    /// The tokens that a request shows and that are somebody's, with whose. As much is asked about an address that
    /// nobody has: how long it takes does not tell.
    async fn shown(&self, origin: &Origin) -> Result<Vec<(String, AccountId, SessionId)>, Error> {
        let mut shown = vec![];
        let tokens = origin.browser().map_or("", |tokens| tokens.expose_secret());
        for token in tokens.split(BETWEEN).take(MOST) {
            if let Some((account, session)) = self.store.known_browser(token).await? {
                shown.push((token.to_owned(), account, session));
            }
        }
        Ok(shown)
    }

    /// The browser that a request comes from, when `account` signed in from it: by the session that it opened last.
    pub(crate) async fn known_browser(
        &self,
        account: Option<AccountId>,
        origin: &Origin,
    ) -> Result<Option<SessionId>, Error> {
        let shown = self.shown(origin).await?;
        Ok(shown.iter().find(|(_, whose, _)| Some(*whose) == account).map(|(_, _, session)| *session))
    }

    /// Makes the browser that opened `session` known to `account`; gives what it shows from now on. What it showed
    /// for that account until now is worth nothing any more.
    pub(crate) async fn remember_browser(
        &self,
        account: AccountId,
        session: SessionId,
        origin: &Origin,
        now: Micros,
    ) -> Result<Secret, Error> {
        let shown = self.shown(origin).await?;
        let before = shown.iter().find(|(_, whose, _)| *whose == account).map(|(_, _, session)| *session);
        let mut tokens = self.store.remember_browser(account, session, before, now).await?;
        for (token, ..) in shown.iter().filter(|(_, whose, _)| *whose != account).take(MOST - 1) {
            tokens.push(BETWEEN);
            tokens.push_str(token);
        }
        Ok(tokens.into())
    }
}
