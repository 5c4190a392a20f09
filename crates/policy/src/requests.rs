//! Acts that wait for a second person (ID16): who may ask, who may decide.

use crate::{
    Acting, Actor, DecideRequests, Denied, Impersonate, ManageAdministration, ManageFourEyes, ManageLabels,
    ReadAudit, TenantAct, TenantPermit, Who, decide_in_tenant,
};
use beffroi_domain::{AccountId, Dangerous, Factor, Micros, Role};

/// How long a request waits for its second person, in microseconds: a day.
pub const REQUEST_US: Micros = 24 * 3600 * 1_000_000;
/// How long the right that an approval opens can be used, in microseconds: a quarter of an hour.
pub const RIGHT_US: Micros = 15 * 60 * 1_000_000;

/// How long somebody may be helped by acting in their name, in microseconds: half an hour.
pub const HELP_US: Micros = 30 * 60 * 1_000_000;

/// Proof that somebody may ask for exactly this.
#[derive(Debug)]
pub struct AskPermit {
    act: Dangerous,
    acting: Acting,
    role: Role,
    tenant: beffroi_domain::TenantId,
}

impl AskPermit {
    /// What is asked for.
    pub fn act(&self) -> &Dangerous {
        &self.act
    }
    /// Who asks.
    pub fn who(&self) -> Who {
        self.acting.who
    }
    /// The same, as the log tells it.
    pub fn acting(&self) -> Acting {
        self.acting
    }
    /// Their technical role, which says who decides.
    pub fn role(&self) -> Role {
        self.role
    }
    /// Of which tenant.
    pub fn tenant(&self) -> beffroi_domain::TenantId {
        self.tenant
    }
}

/// May `actor` ask for `act`? Whoever could do it, were it not dangerous.
///
/// # Errors
/// `Role` and what administering takes; for an impersonation, `OwnAccount` and `TechnicalRole`: only agents
/// are helped in this way.
pub fn decide_ask(actor: &Actor, act: &Dangerous, whom: Option<Role>) -> Result<AskPermit, Denied> {
    match act {
        Dangerous::Retention { .. } => decide_in_tenant::<ManageLabels>(actor).map(drop)?,
        Dangerous::Export => decide_in_tenant::<ReadAudit>(actor).map(drop)?,
        Dangerous::FourEyes { .. } => decide_in_tenant::<ManageFourEyes>(actor).map(drop)?,
        Dangerous::Administration(_) | Dangerous::PasskeyMakers { .. } => {
            decide_in_tenant::<ManageAdministration>(actor).map(drop)?;
        }
        Dangerous::Impersonation { whom: account } => {
            decide_in_tenant::<Impersonate>(actor)?;
            if actor.who == Who::Account(*account) {
                return Err(Denied::OwnAccount { act: Impersonate::NAME });
            }
            match whom {
                Some(Role::Agent) => {}
                other => {
                    let role = other.unwrap_or(Role::Administrator);
                    return Err(Denied::TechnicalRole { act: Impersonate::NAME, role });
                }
            }
        }
    }
    let acting = Acting { who: actor.who, factor: Some(actor.factor), helper: None };
    Ok(AskPermit { act: act.clone(), acting, role: actor.role, tenant: actor.tenant })
}

/// May `actor` approve or refuse what somebody asked for, who had this technical role? `fresh`: they proved
/// who they are a moment ago.
///
/// # Errors
/// `Role` and what administering takes; `OwnRequest`; `OfficerDecides`; `Stale`, `OwnPasskey`.
pub fn decide_request(
    actor: &Actor,
    asked_by: AccountId,
    asker: Role,
    fresh: bool,
) -> Result<TenantPermit<DecideRequests>, Denied> {
    let permit = decide_in_tenant::<DecideRequests>(actor)?;
    if actor.who == Who::Account(asked_by) {
        return Err(Denied::OwnRequest);
    }
    if actor.role == Role::Administrator && asker != Role::SecurityOfficer {
        return Err(Denied::OfficerDecides);
    }
    // Whoever administers by a passkey is asked for that one again: nothing weaker counts as a moment ago.
    match actor.administration.factor {
        _ if fresh => Ok(permit),
        Factor::Passkey => Err(Denied::OwnPasskey),
        _ => Err(Denied::Stale),
    }
}

/// May this be done by one person alone, whoever asks?
///
/// # Errors
/// `FourEyes`.
pub fn alone(four_eyes: bool, act: &'static str) -> Result<(), Denied> {
    if four_eyes { Err(Denied::FourEyes { act }) } else { Ok(()) }
}
