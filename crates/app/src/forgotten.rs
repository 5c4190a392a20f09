//! A forgotten password, from the door: a link by mail, and nothing that tells a stranger who has an account.

use crate::letters::{self, About};
use crate::{App, Error, Origin};
use beffroi_domain::{Address, Micros};
use beffroi_store::FactorKind;

const DAY: Micros = 86_400_000_000;

impl App {
    /// Counts that somebody asked for a link for `address`: the same for addresses that exist and those that do
    /// not, and from a place that is known as from any other.
    ///
    /// # Errors
    /// `Wait` after several; `Conflict` when this server sends no mail.
    pub async fn ask_forgotten(&self, address: &str, origin: &Origin, now: Micros) -> Result<(), Error> {
        if !self.rules.mail {
            return Err(Error::Conflict(
                "this server sends no mail; ask your administrator for a link".into(),
            ));
        }
        let parsed = address.parse::<Address>().ok();
        let named = parsed.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        let tries = self.tries("forgotten ", &named, None, origin).await?;
        self.count(&tries, now).await
    }

    /// Writes the letter, if there is somebody to write to. Done after whoever asked has their answer: how long it
    /// takes tells them nothing.
    ///
    /// `public_url` gives what links of a domain start with; it never comes from a request.
    ///
    /// # Errors
    /// The store's.
    pub async fn write_forgotten(
        &self,
        address: &str,
        public_url: impl Fn(&str) -> String,
        origin: &Origin,
        now: Micros,
    ) -> Result<(), Error> {
        let Ok(address) = address.parse::<Address>() else { return Ok(()) };
        // Without a password yet, there is an invitation that only its sender renews.
        let found = self.store.account_by_address(&address).await?;
        let Some((account, Some(_))) = found.filter(|(account, _)| account.enabled) else { return Ok(()) };
        let Some(tenant) = self.store.tenant(account.tenant).await? else { return Ok(()) };
        // No link that opens nothing.
        if beffroi_policy::decide_door(tenant.closed).is_err() {
            return Ok(());
        }
        // One mailbox must not be both the link to a new password and the code that is asked for after it, whatever
        // else this person holds: the stranger chooses the way.
        let held = self.store.factors_of(account.id).await?;
        if held.iter().any(|factor| factor.kind == FactorKind::Email) {
            let letter = letters::no_reset(&About::of(&account, &tenant), now + DAY);
            self.store.mail_no_reset(&account, origin.as_str(), &letter, now).await?;
            return Ok(());
        }
        let base = public_url(tenant.domain.as_str());
        let write = |token: &str, until| {
            letters::reset(&About::of(&account, &tenant), &format!("{base}/bienvenue/{token}"), until)
        };
        self.store.mail_reset(&account, origin.as_str(), write, now).await?;
        Ok(())
    }
}
