//! Invitations and resets, from the side of who received the link.

use crate::{App, Entered, Error, Origin, Secret, entry};
use beffroi_domain::{Account, Micros, Tenant};
use beffroi_policy::Who;
use beffroi_store::{InvitationKind, Notice, Outcome};

impl App {
    /// Whom a link is for.
    ///
    /// # Errors
    /// `NotFound` once used, after one hour, or when it never was; `Denied` while the body is closed.
    pub async fn invitation(
        &self,
        token: &str,
        origin: &Origin,
        now: Micros,
    ) -> Result<(Account, Tenant, InvitationKind), Error> {
        let found = self.store.invitation(token, now).await?.ok_or(Error::NotFound("link"))?;
        let account = Some(found.account).filter(|a| a.enabled).ok_or(Error::NotFound("link"))?;
        let tried = entry("invitation.accept", Outcome::Denied, Who::Account(account.id), origin);
        let tenant = self.come_to(account.tenant, tried, now).await?;
        Ok((account, tenant, found.kind))
    }

    /// Chooses a password with a link and goes on to sign in. Every older session of the account ends.
    ///
    /// # Errors
    /// `NotFound`, `WeakPassword` (the link stays usable).
    pub async fn accept(
        &self,
        token: &str,
        password: Secret,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<Entered, Error> {
        let (account, ..) = self.invitation(token, origin, now).await?;
        let phc = self.hash_new(&account, password).await?;
        let older = self.store.sessions_of(account.id).await?;
        self.store.accept_invitation(token, &phc, now).await?.ok_or(Error::NotFound("link"))?;
        for session in older {
            self.announce(Notice::SessionEnded(session.id));
        }
        // A link replaces the password, never the rest: who holds a second factor is asked for it.
        self.enter(&account, origin, agent, now).await
    }
}
