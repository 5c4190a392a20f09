//! Bodies seen from outside: who hosts them, and how far that goes. Nobody outside reads what is inside.

use crate::{Acting, Actor, Denied, ManageBodies, ReadBodies, TenantAct, Who, decide_in_tenant};
use beffroi_domain::{AccountId, Micros, Role, TenantId};
use std::marker::PhantomData;

/// Proof that `A` may be done to the bodies of this installation.
#[derive(Debug)]
pub struct BodiesPermit<A> {
    own: Option<TenantId>,
    acting: Acting,
    act: PhantomData<A>,
}

impl<A> BodiesPermit<A> {
    /// The body of whoever does it, whose log has it too; none for the machine.
    pub fn own(&self) -> Option<TenantId> {
        self.own
    }
    /// Who does it, as the log tells it.
    pub fn acting(&self) -> Acting {
        self.acting
    }
}

/// What is done to a body that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyAct {
    /// Invite its first administrator once more, or somebody else in their place.
    Delegate,
    /// Close it.
    Close,
    /// Open it again.
    Open,
}

impl BodyAct {
    /// All, in the order of the policy table.
    pub const ALL: [Self; 3] = [Self::Delegate, Self::Close, Self::Open];

    /// The name that its entries have in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delegate => "tenant.delegate",
            Self::Close => "tenant.close",
            Self::Open => "tenant.open",
        }
    }
}

/// What the policy needs to know of a body to which something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyStanding {
    /// It operates others.
    pub operates: bool,
    /// Somebody of it chose a password or signed in, ever.
    pub begun: bool,
}

/// May `actor`, whose body `operates` others or does not, see the bodies of this installation?
///
/// # Errors
/// `Role` and what administering takes; `NotOperating`.
pub fn decide_read_bodies(actor: &Actor, operates: bool) -> Result<BodiesPermit<ReadBodies>, Denied> {
    decide_bodies(actor, operates)
}

/// May `actor` host, hand over, close and open them? `fresh`: they proved who they are a moment ago, because whoever
/// finds their page open would shut hundreds of people out.
///
/// # Errors
/// `Role` and what administering takes; `NotOperating`; `Stale`.
pub fn decide_manage_bodies(
    actor: &Actor,
    operates: bool,
    fresh: bool,
) -> Result<BodiesPermit<ManageBodies>, Denied> {
    let permit = decide_bodies(actor, operates)?;
    if fresh { Ok(permit) } else { Err(Denied::Stale) }
}

fn decide_bodies<A: TenantAct>(actor: &Actor, operates: bool) -> Result<BodiesPermit<A>, Denied> {
    let permit = decide_in_tenant::<A>(actor)?;
    may_hold(actor.role, operates)?;
    Ok(BodiesPermit { own: Some(permit.tenant()), acting: permit.acting(), act: PhantomData })
}

/// Proof for the command line, which asks nobody; what it does is in the log of the body.
pub fn at_the_machine<A: TenantAct>() -> BodiesPermit<A> {
    BodiesPermit { own: None, acting: Who::Account(AccountId(0)).into(), act: PhantomData }
}

/// May this be done to a body, whoever asks? Who invites an administrator could be one: only while nobody ever
/// came in there, so that there is nothing to read. A body that operates is never in the hands of another one.
///
/// # Errors
/// `OperatingBody`, not at the machine; `BodyBegun`.
pub fn decide_body<A>(permit: &BodiesPermit<A>, act: BodyAct, body: BodyStanding) -> Result<(), Denied> {
    if body.operates && permit.own.is_some() {
        return Err(Denied::OperatingBody);
    }
    if act == BodyAct::Delegate && body.begun { Err(Denied::BodyBegun) } else { Ok(()) }
}

/// May somebody hold this technical role in a body that `operates` others, or does not? Whoever gives it.
///
/// # Errors
/// `NotOperating`.
pub fn may_hold(role: Role, operates: bool) -> Result<(), Denied> {
    if role == Role::Operator && !operates { Err(Denied::NotOperating) } else { Ok(()) }
}

/// May anybody come in to a body, by whatever door? Asked with what was proved in hand.
///
/// # Errors
/// `BodyClosed`.
pub fn decide_door(closed: Option<Micros>) -> Result<(), Denied> {
    if closed.is_some() { Err(Denied::BodyClosed) } else { Ok(()) }
}
