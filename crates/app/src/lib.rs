//! The use cases: authorise, change and audit in one transaction, announce.
//!
//! A file per family of acts. Every function takes who calls ([`Caller`]) and the time; what it may not
//! do is refused by `policy`, written to the audit log and returned as [`Error::Denied`].

mod accounts;
mod administration;
mod alerts;
mod applications;
mod bodies;
mod browsers;
mod business_roles;
mod caller;
mod charter;
mod decoys;
mod devices;
mod error;
mod factors;
mod files;
mod forgotten;
mod guests;
mod hashing;
mod help;
mod imports;
mod invitations;
mod letters;
mod lock;
mod mail_codes;
mod operator;
mod organisation;
mod own;
mod passkeys;
mod people;
mod requests;
mod rooms;
mod sign_in;
mod talk;
mod tidy;
mod tries;

pub use administration::MakersChange;
pub use alerts::AlertView;
pub use applications::ApplicationTry;
pub use bodies::FirstAdministrator;
pub use business_roles::BusinessRoleView;
pub use caller::{Caller, Person, Rules};
pub use devices::{AtDevice, Enrolment, MOST_VERSION};
pub use error::Error;
pub use factors::{Code, Confirmed, Factors, NewTotp, SignInRow, Way};
pub use files::OpenFile;
pub use help::Help;
pub use imports::{Incoming, MOST_IMPORT_BYTES};
pub use lock::{LiveNow, Standing};
pub use mail_codes::NewEmail;
pub use operator::NewPerson;
pub use organisation::{Consequences, LabelView, Organisation, password_rules};
pub use passkeys::Question;
pub use requests::RequestView;
pub use rooms::{MemberRow, RoomView};
pub use secrecy::SecretString as Secret;
pub use sign_in::{Entered, Origin, SecondStep, SignedIn};

use beffroi_domain::{Micros, RoomId};
use beffroi_policy::{Actor, Denied, Permit, RoomAct, TenantAct, TenantPermit, Who};
use beffroi_store::{NewEntry, Notice, Outcome, Store, Subject};
use decoys::Decoys;
use hashing::Hashing;
use std::sync::Arc;

/// The use cases over one store. Cheap to clone.
#[derive(Clone)]
pub struct App {
    store: Store,
    hashing: Hashing,
    decoys: Decoys,
    rules: Arc<Rules>,
}

impl App {
    /// Use cases over `store` under the rules of this installation.
    pub fn new(store: Store, rules: Rules) -> Self {
        Self { store, hashing: Hashing::new(), decoys: Decoys::default(), rules: Arc::new(rules) }
    }

    /// The store below, for what needs no permission: notices, health.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The rules of this installation.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Asks the policy about a room, with facts read now.
    ///
    /// # Errors
    /// `NotFound` when there is no such room in the caller's tenant, `Denied` (and an audit entry) when
    /// a rule forbids it.
    pub async fn authorise<A: RoomAct>(
        &self,
        caller: &Caller,
        room: RoomId,
        now: Micros,
    ) -> Result<(Permit<A>, beffroi_domain::Room), Error> {
        let (actor, room) = self.facts(caller, room, now).await?;
        match beffroi_policy::decide::<A>(&actor, &room) {
            Ok(permit) => Ok((permit, room)),
            Err(denied) => Err(self.denied(caller, A::NAME, Some(&room), denied, now).await),
        }
    }

    /// Asks the policy about the caller's tenant.
    ///
    /// # Errors
    /// `Denied`, with an audit entry.
    pub async fn authorise_in_tenant<A: TenantAct>(
        &self,
        caller: &Caller,
        now: Micros,
    ) -> Result<TenantPermit<A>, Error> {
        match beffroi_policy::decide_in_tenant::<A>(&caller.actor(None, now)) {
            Ok(permit) => Ok(permit),
            Err(denied) => Err(self.denied(caller, A::NAME, None, denied, now).await),
        }
    }

    /// The caller and the room as the policy sees them now: someone on a stream since this morning may
    /// be cleared for less since noon.
    async fn facts(
        &self,
        caller: &Caller,
        room: RoomId,
        now: Micros,
    ) -> Result<(Actor, beffroi_domain::Room), Error> {
        let account = match &caller.person {
            Person::Account(account) => Some(account.id),
            Person::Guest(_) => None,
        };
        let facts =
            self.store.facts(caller.tenant.id, room, account).await?.ok_or(Error::NotFound("room"))?;
        let room = facts.room.clone();
        let actor = match &caller.person {
            Person::Account(_) => {
                let standing = facts.standing.ok_or(Error::NotFound("account"))?;
                let (role, clearance) = (standing.role, standing.clearance);
                let actor = self.actor_at(caller, standing.membership, &room.label, now).await?;
                Actor { role, clearance, ..actor }
            }
            Person::Guest(guest) => {
                let visits = guest.room == room.id;
                caller.actor(visits.then_some(beffroi_domain::MemberRank::Guest), now)
            }
        };
        // Rooms of other tenants are not there. One of their own that a colleague is not in is refused, and
        // the refusal is in the log; ids of rooms are not guessed (MS8).
        Ok((actor, room))
    }

    async fn denied(
        &self,
        caller: &Caller,
        act: &'static str,
        room: Option<&beffroi_domain::Room>,
        denied: Denied,
        now: Micros,
    ) -> Error {
        let written = self
            .store
            .deny(
                caller.tenant.id,
                Subject::Acting(caller.acting()),
                act,
                room.map(|r| r.id),
                &denied,
                caller.origin.as_str(),
                now,
            )
            .await;
        if let Err(cause) = written {
            // The answer is still no; that the log could not be written is an error of its own.
            return cause.into();
        }
        Error::Denied(denied)
    }

    fn announce(&self, notice: Notice) {
        self.store.announce(notice);
    }
}

/// An entry about someone, from somewhere.
fn entry<'a>(act: &'a str, outcome: Outcome, who: Who, origin: &'a Origin) -> NewEntry<'a> {
    NewEntry {
        act,
        outcome,
        actor: Subject::Who(who),
        subject: None,
        room: None,
        rule: None,
        detail: "",
        origin: origin.as_str(),
    }
}
