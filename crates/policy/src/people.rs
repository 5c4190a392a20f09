//! What is decided about somebody else's account.

use crate::{Actor, Denied, TenantAct, TenantPermit, Who, decide_in_tenant};
use beffroi_domain::{AccountId, Label, Rank, Role};

/// May `actor` do `A` to the account of somebody else? Never to their own: a second person sees it.
///
/// # Errors
/// `Role` and what administering takes; `OwnAccount`; `TechnicalRole`.
pub fn decide_about<A: TenantAct>(
    actor: &Actor,
    whose: AccountId,
    role: Role,
) -> Result<TenantPermit<A>, Denied> {
    let permit = decide_touching::<A>(actor, role)?;
    if actor.who == Who::Account(whose) { Err(Denied::OwnAccount { act: A::NAME }) } else { Ok(permit) }
}

/// May `actor` do `A` to an account of this technical role, or make one? Whoever manages people: agents only.
///
/// # Errors
/// `Role` and what administering takes; `TechnicalRole`.
pub fn decide_touching<A: TenantAct>(actor: &Actor, role: Role) -> Result<TenantPermit<A>, Denied> {
    let permit = decide_in_tenant::<A>(actor)?;
    if actor.role == Role::BusinessAdministrator && role != Role::Agent {
        return Err(Denied::TechnicalRole { act: A::NAME, role });
    }
    Ok(permit)
}

/// May somebody stop administering, when so many others are left to do it? Whoever asks.
///
/// # Errors
/// `LastAdministrator`.
pub fn someone_administers(others: i64) -> Result<(), Denied> {
    if others > 0 { Ok(()) } else { Err(Denied::LastAdministrator) }
}

/// May a room of this label be given to a colleague who is cleared so far? Whoever asks.
///
/// # Errors
/// `ColleagueClearance`.
pub fn may_take_over(label: &Label, clearance: Rank) -> Result<(), Denied> {
    if clearance < label.rank {
        return Err(Denied::ColleagueClearance { label: label.name.clone() });
    }
    Ok(())
}

/// What a file of people may not say about anybody: which body they are of, how they sign in, whether they may.
const NEVER_IMPORTED: [&str; 6] = ["tenant", "password", "enabled", "disabled", "factor", "id"];
/// What only the operator's file may say, who could write it into the database as well.
const AT_THE_MACHINE: &str = "password_hash";

/// May a file of people have this column? Whoever asks; roles and clearances take a right of their own.
///
/// # Errors
/// `ImportColumn`.
pub fn may_import_column(column: &str, at_the_machine: bool) -> Result<(), Denied> {
    if column == AT_THE_MACHINE && !at_the_machine {
        return Err(Denied::ImportColumn { column: AT_THE_MACHINE });
    }
    match NEVER_IMPORTED.into_iter().find(|never| *never == column) {
        Some(column) => Err(Denied::ImportColumn { column }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Administration, ManageAccounts, ManageRoles};
    use beffroi_domain::{Factor, Role, TenantId};

    #[test]
    fn an_administrator_decides_about_others_only_and_who_manages_people_about_agents_only() {
        for role in Role::ALL {
            let actor = Actor {
                who: Who::Account(AccountId(1)),
                tenant: TenantId(1),
                role,
                clearance: Rank(4),
                factor: Factor::Passkey,
                helper: None,
                administration: Administration { factor: Factor::Passkey, inside: true },
                managed_device: None,
                identified: None,
                membership: None,
                now: 0,
            };
            let ask_about = |whose, theirs| {
                (
                    decide_about::<ManageRoles>(&actor, AccountId(whose), theirs).err(),
                    decide_about::<ManageAccounts>(&actor, AccountId(whose), theirs).err(),
                )
            };
            let ask = |whose| ask_about(whose, if whose == 1 { role } else { Role::Agent });
            if role == Role::Administrator {
                let own = |act| Some(Denied::OwnAccount { act });
                assert_eq!(ask(1), (own("roles.manage"), own("accounts.manage")));
                assert_eq!(ask(2), (None, None));
                assert!(Role::ALL.iter().all(|theirs| ask_about(2, *theirs) == (None, None)));
            } else if role == Role::BusinessAdministrator {
                let no = Some(Denied::Role { act: "roles.manage", role });
                assert_eq!(ask(2), (no.clone(), None));
                for theirs in Role::ALL.into_iter().filter(|theirs| *theirs != Role::Agent) {
                    let technical = Some(Denied::TechnicalRole { act: "accounts.manage", role: theirs });
                    assert_eq!(ask_about(2, theirs), (no.clone(), technical), "{theirs:?}");
                }
            } else {
                let no = |act| Some(Denied::Role { act, role });
                assert_eq!(ask(2), (no("roles.manage"), no("accounts.manage")));
            }
        }
    }

    #[test]
    fn a_file_of_people_says_neither_whose_they_are_nor_how_they_sign_in() {
        for at_the_machine in [false, true] {
            for column in ["address", "name", "role", "clearance", "service"] {
                assert_eq!(may_import_column(column, at_the_machine), Ok(()));
            }
            for column in NEVER_IMPORTED {
                assert_eq!(may_import_column(column, at_the_machine), Err(Denied::ImportColumn { column }));
            }
        }
        assert_eq!(may_import_column("password_hash", true), Ok(()));
        assert!(may_import_column("password_hash", false).is_err());
    }

    #[test]
    fn a_room_goes_to_who_may_see_it_and_a_body_keeps_an_administrator() {
        for label in Label::shipped() {
            for clearance in 0..=4 {
                let refused = may_take_over(&label, Rank(clearance)).is_err();
                assert_eq!(refused, clearance < label.rank.0, "{} {clearance}", label.slug);
            }
        }
        assert_eq!(someone_administers(0), Err(Denied::LastAdministrator));
        assert_eq!(someone_administers(1), Ok(()));
    }
}
