//! The charter of a body: published, read, accepted (MS14).

use crate::{App, Caller, Error};
use beffroi_domain::{Micros, NewCharter, TenantId};
use beffroi_policy::{ManageOrganisation, ReadOrganisation};
use beffroi_store::{Acceptance, CharterRow, Notice};

impl App {
    /// The charter in force, if there is one.
    ///
    /// # Errors
    /// The store's.
    pub async fn charter(&self, tenant: TenantId) -> Result<Option<CharterRow>, Error> {
        Ok(self.store.charter(tenant).await?)
    }

    /// The caller accepts the charter that they read as `version`, with this SHA-256.
    ///
    /// # Errors
    /// `Conflict` when another was published meanwhile; `NotFound` for guests.
    pub async fn accept_charter(
        &self,
        caller: &Caller,
        version: i64,
        seen: &[u8],
        now: Micros,
    ) -> Result<(), Error> {
        let account = caller.account()?.id;
        self.oneself(caller, "charter.accept", now).await?;
        let done = self.store.accept_charter(account, version, seen, caller.origin.as_str(), now).await;
        done.map_err(|error| match error {
            beffroi_store::StoreError::Refused(why) => Error::Conflict(why.to_owned()),
            other => other.into(),
        })
    }

    /// Publishes a charter: everybody accepts it before they go on, whoever published it too.
    ///
    /// # Errors
    /// `Denied`; `Store` (refused) for the same words again.
    pub async fn publish_charter(
        &self,
        caller: &Caller,
        new: &NewCharter,
        now: Micros,
    ) -> Result<CharterRow, Error> {
        let permit = self.authorise_in_tenant::<ManageOrganisation>(caller, now).await?;
        let row = self.store.publish_charter(&permit, new, caller.origin.as_str(), now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(row)
    }

    /// Every charter published, latest first, and who accepted the one in force.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn charters(
        &self,
        caller: &Caller,
        now: Micros,
    ) -> Result<(Vec<CharterRow>, Acceptance), Error> {
        let permit = self.authorise_in_tenant::<ReadOrganisation>(caller, now).await?;
        Ok((self.store.charters(&permit).await?, self.store.charter_acceptance(&permit).await?))
    }

    /// The operator publishes a charter at the machine.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain; `Store` (refused) for the same words again.
    pub async fn operator_publish_charter(
        &self,
        domain: &str,
        new: &NewCharter,
        now: Micros,
    ) -> Result<CharterRow, Error> {
        let tenant = self.hosted(domain).await?;
        Ok(self.store.publish_charter(&crate::organisation::at_the_machine(&tenant), new, "", now).await?)
    }
}
