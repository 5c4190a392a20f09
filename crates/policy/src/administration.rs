//! Who says what administering takes (ID12), and what keeps them from locking themselves out.

use crate::{Actor, Administration, Denied, ManageAdministration, TenantPermit, decide_in_tenant};

/// May `actor` ask for `asked` of who administers, themselves among them? `fresh`: they proved who they are a
/// moment ago.
///
/// # Errors
/// `Role` and what administering takes today; `OwnProof` and `OwnNetwork` when they could not undo it; `Stale`.
pub fn decide_administration(
    actor: &Actor,
    asked: Administration,
    fresh: bool,
) -> Result<TenantPermit<ManageAdministration>, Denied> {
    let permit = decide_in_tenant::<ManageAdministration>(actor)?;
    still_administers(actor, asked)?;
    if fresh { Ok(permit) } else { Err(Denied::Stale) }
}

/// Would `actor`, with what this session proved and from where it calls, still administer?
///
/// # Errors
/// `OwnProof`, `OwnNetwork`.
pub fn still_administers(actor: &Actor, asked: Administration) -> Result<(), Denied> {
    if actor.factor < asked.factor {
        return Err(Denied::OwnProof { needs: asked.factor, has: actor.factor });
    }
    if asked.inside { Ok(()) } else { Err(Denied::OwnNetwork) }
}

/// May `actor` say whose passkeys are taken? `fresh`: they proved who they are a moment ago.
///
/// # Errors
/// `Role` and what administering takes; `Stale`.
pub fn decide_makers(actor: &Actor, fresh: bool) -> Result<TenantPermit<ManageAdministration>, Denied> {
    let permit = decide_in_tenant::<ManageAdministration>(actor)?;
    if fresh { Ok(permit) } else { Err(Denied::Stale) }
}
