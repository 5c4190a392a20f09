//! What whoever hosts bodies does with them, on the page and at the machine: host, delegate, close, open.

use crate::accounts::USUAL_CLEARANCE;
use crate::letters::{self, About};
use crate::{App, Caller, Error, Origin, entry};
use beffroi_domain::{Account, Address, Domain, Micros, PersonName, Role, Tenant, TenantId, one_script};
use beffroi_policy::{
    BodiesPermit, BodyAct, Denied, ManageBodies, ReadBodies, TenantAct as _, Who, at_the_machine,
    decide_door, decide_manage_bodies, decide_read_bodies,
};
use beffroi_store::{BodiesPage, Invited, NewBody, NewEntry, Outcome, WriteInvitation};

/// Who is to be a body's first administrator.
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    /// Their address, of the body's domain.
    pub address: Address,
    /// What they are called.
    pub name: PersonName,
}

/// What links of a domain start with; never what a request says.
type PublicUrl<'a> = dyn Fn(&str) -> String + Send + Sync + 'a;

/// Parts of a body's name space that are its rooms and its guests, never a body.
const PARTS: [&str; 2] = ["rooms.", "guests."];

impl App {
    /// A page of the bodies of this installation, for an operator.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn bodies(
        &self,
        caller: &Caller,
        search: &str,
        after: Option<&str>,
        now: Micros,
    ) -> Result<BodiesPage, Error> {
        let permit = match decide_read_bodies(&caller.actor(None, now), caller.tenant.operates) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, ReadBodies::NAME, None, denied, now).await),
        };
        Ok(self.store.bodies(&permit, search, after).await?)
    }

    /// Hosts a body and invites its first administrator; gives the link's secret, once.
    ///
    /// # Errors
    /// `Denied`; `Invalid` for a domain or an address that cannot be; `Store` (taken, refused).
    pub async fn host_body(
        &self,
        caller: &Caller,
        new: &NewBody,
        first: &FirstAdministrator,
        public_url: &PublicUrl<'_>,
        now: Micros,
    ) -> Result<Invited, Error> {
        let permit = self.manages_bodies(caller, now).await?;
        self.host(&permit, new, first, public_url, now).await
    }

    /// Invites a body's first administrator once more, or somebody else in their place.
    ///
    /// # Errors
    /// `Denied`, once somebody of it came in; `NotFound`, `Invalid`, `Store` (refused).
    pub async fn delegate_body(
        &self,
        caller: &Caller,
        domain: &Domain,
        first: &FirstAdministrator,
        public_url: &PublicUrl<'_>,
        now: Micros,
    ) -> Result<Invited, Error> {
        let permit = self.manages_bodies(caller, now).await?;
        match self.delegate(&permit, domain, first, public_url, now).await? {
            Ok(invited) => Ok(invited),
            Err(denied) => {
                Err(self.body_denied(caller, &permit, domain, BodyAct::Delegate, denied, now).await)
            }
        }
    }

    /// Closes a body, or opens it again. Streams of a closed one end within two seconds.
    ///
    /// # Errors
    /// `Denied` for a body that operates; `NotFound`.
    pub async fn close_body(
        &self,
        caller: &Caller,
        domain: &Domain,
        closed: bool,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.manages_bodies(caller, now).await?;
        match self.store.close_body(&permit, domain, closed, now).await? {
            Ok(()) => Ok(()),
            Err(denied) => {
                let act = if closed { BodyAct::Close } else { BodyAct::Open };
                Err(self.body_denied(caller, &permit, domain, act, denied, now).await)
            }
        }
    }

    async fn manages_bodies(
        &self,
        caller: &Caller,
        now: Micros,
    ) -> Result<BodiesPermit<ManageBodies>, Error> {
        let (actor, operates) = (caller.actor(None, now), caller.tenant.operates);
        match decide_manage_bodies(&actor, operates, caller.fresh(now)) {
            Ok(permit) => Ok(permit),
            Err(denied) => Err(self.denied(caller, ManageBodies::NAME, None, denied, now).await),
        }
    }

    /// A refusal about a body is in its own log too: its administrators see who tried.
    async fn body_denied(
        &self,
        caller: &Caller,
        permit: &BodiesPermit<ManageBodies>,
        domain: &Domain,
        act: BodyAct,
        denied: Denied,
        now: Micros,
    ) -> Error {
        let other = *domain != caller.tenant.domain;
        if other && let Err(cause) = self.store.deny_about_body(permit, domain, act, &denied, now).await {
            return cause.into();
        }
        self.denied(caller, act.word(), None, denied, now).await
    }

    async fn host(
        &self,
        permit: &BodiesPermit<ManageBodies>,
        new: &NewBody,
        first: &FirstAdministrator,
        public_url: &PublicUrl<'_>,
        now: Micros,
    ) -> Result<Invited, Error> {
        if PARTS.iter().any(|part| new.domain.as_str().starts_with(part)) {
            return Err(Error::Invalid(format!(
                "{} is where the rooms or the guests of another organisation are; take the domain of its addresses",
                new.domain
            )));
        }
        // Whoever comes to that address without a session belongs to any of them: a body of that very name would take
        // the page, and the passkeys of all the others would be asked for in its name.
        if new.domain.as_str() == self.rules.shared_host && !self.store.tenants().await?.is_empty() {
            return Err(Error::Invalid(format!(
                "{} is the address of this server (`listen.public_url`), at which its other organisations sign in; take another domain, or give the server another name first",
                new.domain
            )));
        }
        let first = checked(first, &new.domain)?;
        let write = writer(public_url);
        let write: Option<&WriteInvitation<'_>> = if self.rules.mail { Some(&write) } else { None };
        Ok(self.store.host_body(permit, new, first, write, now).await?)
    }

    async fn delegate(
        &self,
        permit: &BodiesPermit<ManageBodies>,
        domain: &Domain,
        first: &FirstAdministrator,
        public_url: &PublicUrl<'_>,
        now: Micros,
    ) -> Result<Result<Invited, Denied>, Error> {
        let first = checked(first, domain)?;
        let write = writer(public_url);
        let write: Option<&WriteInvitation<'_>> = if self.rules.mail { Some(&write) } else { None };
        Ok(self.store.delegate_body(permit, domain, first, write, now).await?)
    }
}

fn checked<'a>(
    first: &'a FirstAdministrator,
    domain: &Domain,
) -> Result<(&'a Address, &'a PersonName, beffroi_domain::Rank), Error> {
    if first.address.domain() != domain.as_str() {
        return Err(Error::Invalid(format!(
            "{} is not an address of {domain}; its administrator has one",
            first.address
        )));
    }
    one_script(first.name.as_str()).map_err(|mixed| Error::Invalid(mixed.to_string()))?;
    Ok((&first.address, &first.name, USUAL_CLEARANCE))
}

fn writer<'a>(
    public_url: &'a PublicUrl<'_>,
) -> impl Fn(&Account, &Tenant, &str, Micros) -> beffroi_store::Letter + Send + Sync + 'a {
    move |to: &Account, tenant: &Tenant, token: &str, until: Micros| {
        let link = format!("{}/bienvenue/{token}", public_url(tenant.domain.as_str()));
        letters::invitation(&About::of(to, tenant), &link, until)
    }
}

/// The door of a closed body.
impl App {
    /// Whether somebody of whom enough was proved may come in to their body.
    ///
    /// # Errors
    /// `Denied` (`body-closed`), which is in the log.
    pub(crate) async fn enter_body(
        &self,
        account: &Account,
        origin: &Origin,
        now: Micros,
    ) -> Result<(), Error> {
        let tried = entry("session.open", Outcome::Denied, Who::Account(account.id), origin);
        self.come_to(account.tenant, tried, now).await.map(drop)
    }

    /// Whether a body's door is open to what was `tried` there; gives the body.
    ///
    /// # Errors
    /// `Denied` (`body-closed`), which is in the log as a refusal of that.
    pub(crate) async fn come_to(
        &self,
        tenant: TenantId,
        tried: NewEntry<'_>,
        now: Micros,
    ) -> Result<Tenant, Error> {
        let tenant = self.store.tenant(tenant).await?.ok_or(Error::NotFound("organisation"))?;
        let Err(denied) = decide_door(tenant.closed) else { return Ok(tenant) };
        let refused = NewEntry { outcome: Outcome::Denied, rule: Some(denied.rule()), ..tried };
        self.store.note(tenant.id, refused, now).await?;
        Err(denied.into())
    }

    /// Whether somebody of the caller's body may hold this technical role.
    ///
    /// # Errors
    /// `Denied` (`not-operating`).
    pub(crate) async fn may_hold(
        &self,
        caller: &Caller,
        act: &'static str,
        role: Role,
        now: Micros,
    ) -> Result<(), Error> {
        match beffroi_policy::may_hold(role, caller.tenant.operates) {
            Ok(()) => Ok(()),
            Err(denied) => Err(self.denied(caller, act, None, denied, now).await),
        }
    }
}

/// The same at the machine.
impl App {
    /// Hosts a body and invites its first administrator.
    ///
    /// # Errors
    /// As [`App::host_body`], without a refusal.
    pub async fn operator_host_body(
        &self,
        new: &NewBody,
        first: &FirstAdministrator,
        public_url: &PublicUrl<'_>,
        now: Micros,
    ) -> Result<Invited, Error> {
        self.host(&at_the_machine(), new, first, public_url, now).await
    }

    /// Invites a body's first administrator once more.
    ///
    /// # Errors
    /// `Denied` once somebody of it came in.
    pub async fn operator_delegate_body(
        &self,
        domain: &Domain,
        first: &FirstAdministrator,
        public_url: &PublicUrl<'_>,
        now: Micros,
    ) -> Result<Invited, Error> {
        let tenant = self.operator_tenant(domain).await?;
        match self.delegate(&at_the_machine(), domain, first, public_url, now).await? {
            Ok(invited) => Ok(invited),
            Err(denied) => Err(self.machine_denied(&tenant, BodyAct::Delegate.word(), denied, now).await),
        }
    }

    /// Closes a body, or opens it again.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain.
    pub async fn operator_close_body(&self, domain: &Domain, closed: bool, now: Micros) -> Result<(), Error> {
        self.operator_tenant(domain).await?;
        Ok(self.store.close_body(&at_the_machine(), domain, closed, now).await??)
    }

    /// Says whether a body operates others: only there people may be operators.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain.
    pub async fn operator_set_operating(
        &self,
        domain: &Domain,
        operates: bool,
        now: Micros,
    ) -> Result<(), Error> {
        let tenant = self.operator_tenant(domain).await?;
        Ok(self.store.set_operating(tenant.id, operates, now).await?)
    }
}
