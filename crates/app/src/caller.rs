//! Who calls, as the door found out.

use crate::{App, AtDevice, Error, Origin};
use beffroi_domain::{
    Account, ApplicationId, Factor, Guest, MemberRank, Micros, Rank, Role, SessionId, Tenant,
};
use beffroi_identity::MINUTE_US;
use beffroi_identity::lock::Lock;
use beffroi_identity::session::{Session, SessionLimits, State};
use beffroi_policy::{Acting, Actor, Administration, FRESH_US, HELP_US, Who};
use beffroi_store::SessionRow;
use std::collections::HashSet;

/// The rules of this installation.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// Bytes of one file at most.
    pub file_bytes: u64,
    /// Domains of the tenants whose checkpoint and hashes of the audit log anybody may read.
    pub published_logs: HashSet<String>,
    /// The name of the address at which all bodies are reached; empty where each is at its own.
    pub shared_host: String,
    /// Whether letters can be sent: what needs them is offered only then.
    pub mail: bool,
}

/// A person behind a session.
#[derive(Clone, Debug)]
pub enum Person {
    /// Someone of the tenant.
    Account(Account),
    /// Someone let in by link.
    Guest(Guest),
}

/// Who calls: a live session, its person and their tenant.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session.
    pub session: SessionId,
    /// The person.
    pub person: Person,
    /// Their tenant.
    pub tenant: Tenant,
    /// What they proved.
    pub factor: Factor,
    /// When they last proved it.
    pub proved: Micros,
    /// When the person last proved, in whatever way, that it is them.
    pub identified: Micros,
    /// When the session was last used, to the minute.
    pub last_used: Micros,
    /// When the session ends if nobody uses it.
    pub idle_ends: Micros,
    /// When it ends in any case.
    pub absolute_ends: Micros,
    /// Where from.
    pub origin: Origin,
    /// The application password behind it, when no browser is.
    pub application: Option<ApplicationId>,
    /// How its lock stands.
    pub lock: Lock,
    /// Idle minutes after which it locks.
    pub lock_minutes: u32,
    /// Whether its page said that it is on a desk.
    pub desk: bool,
    /// Whether a PIN opens it.
    pub pin: bool,
    /// The version of the charter that the person has yet to accept.
    pub charter: Option<i64>,
    /// The administrator who acts in this person's name, to help them.
    pub helper: Option<Account>,
    /// The device that it carries.
    pub device: Option<AtDevice>,
}

impl Caller {
    /// Who, for the policy.
    pub fn who(&self) -> Who {
        match &self.person {
            Person::Account(account) => Who::Account(account.id),
            Person::Guest(guest) => Who::Guest(guest.id),
        }
    }

    /// The same, as the log tells it: with whoever acts in their name.
    pub fn acting(&self) -> Acting {
        Acting { who: self.who(), factor: None, helper: self.helper.as_ref().map(|one| one.id) }
    }

    /// Whether they proved who they are a moment ago.
    pub(crate) fn fresh(&self, now: Micros) -> bool {
        (0..FRESH_US).contains(&(now - self.proved))
    }

    /// The account, unless they are a guest.
    ///
    /// # Errors
    /// `NotFound` for guests, to whom these doors do not exist.
    pub fn account(&self) -> Result<&Account, Error> {
        match &self.person {
            Person::Account(account) => Ok(account),
            Person::Guest(_) => Err(Error::NotFound("page")),
        }
    }

    /// The name they are shown by.
    pub fn name(&self) -> &str {
        match &self.person {
            Person::Account(account) => account.name.as_str(),
            Person::Guest(guest) => guest.name.as_str(),
        }
    }

    /// Their address: e-mail, or `id@guests.domain`.
    pub fn address(&self) -> String {
        match &self.person {
            Person::Account(account) => account.address.to_string(),
            Person::Guest(guest) => beffroi_domain::meeting::guest_address(guest.id, &self.tenant.domain),
        }
    }

    /// As the author of an event.
    pub fn author(&self) -> beffroi_domain::Author {
        match &self.person {
            Person::Account(a) => beffroi_domain::Author::Account(a.id, a.address.clone(), a.name.clone()),
            Person::Guest(g) => beffroi_domain::Author::Guest(g.id, g.name.clone()),
        }
    }

    pub(crate) fn actor(&self, membership: Option<MemberRank>, now: Micros) -> Actor {
        let (role, clearance) = match &self.person {
            Person::Account(account) => (account.role, account.clearance),
            Person::Guest(_) => (Role::Agent, Rank(0)),
        };
        Actor {
            who: self.who(),
            tenant: self.tenant.id,
            role,
            clearance,
            factor: self.factor,
            helper: self.helper.as_ref().map(|one| one.id),
            administration: Administration {
                factor: self.tenant.administration.factor,
                inside: self.tenant.administration.inside(self.origin.network()),
            },
            identified: self.application.is_none().then_some(self.identified),
            managed_device: self.device.as_ref().and_then(|at| at.reported(now)),
            membership,
            now,
        }
    }
}

impl App {
    /// Who holds this session token, if it is still worth something.
    ///
    /// # Errors
    /// Only when the facts cannot be read: an error is never a yes.
    pub async fn caller(&self, token: &str, origin: &Origin, now: Micros) -> Result<Option<Caller>, Error> {
        let Some(row) = self.store.session_by_token(token).await? else { return Ok(None) };
        self.caller_of(row, origin, now).await
    }

    /// Who has this session, if it is still worth something.
    pub(crate) async fn caller_of(
        &self,
        row: SessionRow,
        origin: &Origin,
        now: Micros,
    ) -> Result<Option<Caller>, Error> {
        let session = Session { created_us: row.created, last_used_us: row.last_used };
        let State::Live { idle_ends_us, absolute_ends_us } = session.state(self.rules.sessions, now) else {
            self.store.end_session(row.id, now).await?;
            return Ok(None);
        };
        let helper = match row.helper {
            Some(id) => match self.helping(&row, id, now).await? {
                Some(helper) => Some(helper),
                None => {
                    self.store.end_session(row.id, now).await?;
                    return Ok(None);
                }
            },
            None => None,
        };
        let person = match row.who {
            Who::Account(id) => self.store.account(id).await?.filter(|a| a.enabled).map(Person::Account),
            Who::Guest(id) => self.store.guest(id).await?.map(Person::Guest),
        };
        let (Some(person), Some(tenant)) = (person, self.store.tenant(row.tenant).await?) else {
            return Ok(None);
        };
        if beffroi_policy::decide_door(tenant.closed).is_err() {
            return Ok(None);
        }
        let (lock, lock_minutes) = self.lock_of(&row, &tenant, now).await?;
        let device = match row.device {
            Some(_) => {
                self.store.device_of(row.id).await?.map(|(device, proved)| AtDevice { device, proved })
            }
            None => None,
        };
        Ok(Some(Caller {
            session: row.id,
            person,
            tenant,
            factor: row.factor,
            proved: row.proved,
            identified: row.identified,
            last_used: row.last_used,
            idle_ends: idle_ends_us,
            absolute_ends: match helper {
                Some(_) => absolute_ends_us.min(row.created + HELP_US),
                None => absolute_ends_us,
            },
            origin: origin.clone(),
            application: row.application,
            lock,
            lock_minutes,
            desk: row.desk,
            pin: row.pin,
            charter: row.charter,
            helper,
            device,
        }))
    }

    /// The person did something: writes it down, at most once a minute.
    ///
    /// # Errors
    /// The store's.
    pub async fn used(&self, caller: &Caller, now: Micros) -> Result<(), Error> {
        let session = Session { created_us: caller.last_used, last_used_us: caller.last_used };
        if session.touch_due(now) {
            self.store.touch_session(caller.session, now).await?;
        }
        Ok(())
    }

    /// The person is there: pushes the idle limit back.
    ///
    /// # Errors
    /// The store's.
    pub async fn extend(&self, caller: &mut Caller, now: Micros) -> Result<(), Error> {
        self.store.touch_session(caller.session, now).await?;
        let used = Session { created_us: now, last_used_us: now };
        if let State::Live { idle_ends_us, .. } = used.state(self.rules.sessions, now) {
            caller.idle_ends = idle_ends_us.min(caller.absolute_ends);
        }
        if let Lock::Open { locks_us } = &mut caller.lock {
            *locks_us = now.saturating_add(i64::from(caller.lock_minutes) * MINUTE_US);
        }
        Ok(())
    }
}
