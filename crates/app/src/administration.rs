//! What a body asks of who administers it (ID12), and whose passkeys it takes.

use crate::operator::NOBODY;
use crate::{App, Caller, Error};
use beffroi_domain::{AdministrationRules, Dangerous, Factor, Micros, Network, Tenant};
use beffroi_identity::passkey::{Maker, Makers};
use beffroi_policy::{
    Administration, ManageAdministration, ReadOrganisation, TenantAct as _, TenantPermit,
    decide_administration, decide_makers, operator,
};
use beffroi_store::Notice;

/// What is to be another in the list of makers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MakersChange {
    /// PEM certificates to add.
    pub add: Option<String>,
    /// Those to take out, by their ids.
    pub remove: Vec<String>,
}

/// A list of makers as it would be after a change.
struct After {
    /// Their certificates; empty: anybody's passkeys are taken.
    pem: String,
    /// The difference in one line.
    told: String,
    /// Whether passkeys are taken afterwards that were not before.
    laxer: bool,
}

impl App {
    /// Says what the caller's body asks of who administers it.
    ///
    /// # Errors
    /// `Denied`: also when the caller would not get in any more, and, for less than before, where that takes a
    /// second person; `Refused` when somebody else changed it meanwhile.
    pub async fn change_administration(
        &self,
        caller: &Caller,
        rules: &AdministrationRules,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.may_ask_administrators(caller, rules, now).await?;
        let before = &caller.tenant.administration;
        if rules.laxer_than(before) {
            self.alone(caller, ManageAdministration::NAME, now).await?;
        }
        self.store.set_administration(&permit, rules, Some(before), now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }

    pub(crate) async fn may_ask_administrators(
        &self,
        caller: &Caller,
        rules: &AdministrationRules,
        now: Micros,
    ) -> Result<TenantPermit<ManageAdministration>, Error> {
        let asked = asked_of(caller, rules);
        match decide_administration(&caller.actor(None, now), asked, caller.fresh(now)) {
            Ok(permit) => Ok(permit),
            Err(denied) => Err(self.denied(caller, ManageAdministration::NAME, None, denied, now).await),
        }
    }

    /// Whose passkeys the caller's body takes; nothing: anybody's.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn passkey_makers(&self, caller: &Caller, now: Micros) -> Result<Vec<Maker>, Error> {
        self.authorise_in_tenant::<ReadOrganisation>(caller, now).await?;
        known(&self.store.passkey_makers(caller.tenant.id).await?)
    }

    /// Changes that list.
    ///
    /// # Errors
    /// `Denied`, also where taking more takes a second person; `Invalid` for what is no certificate; `NotFound`
    /// for a maker who is not there.
    pub async fn change_passkey_makers(
        &self,
        caller: &Caller,
        change: &MakersChange,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.may_choose_makers(caller, now).await?;
        let seen = self.store.passkey_makers(caller.tenant.id).await?;
        let after = changed(&seen, change)?;
        if after.pem == seen {
            return Ok(());
        }
        if after.laxer {
            self.alone(caller, ManageAdministration::NAME, now).await?;
        }
        self.store.set_passkey_makers(&permit, (&seen, &after.pem), &after.told, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }

    /// The same as an act for a second person to decide about.
    ///
    /// # Errors
    /// As for doing it; `Invalid` when one person may do it.
    pub async fn passkey_makers_act(
        &self,
        caller: &Caller,
        change: &MakersChange,
        now: Micros,
    ) -> Result<Dangerous, Error> {
        self.may_choose_makers(caller, now).await?;
        let seen = self.store.passkey_makers(caller.tenant.id).await?;
        let After { pem, told, laxer } = changed(&seen, change)?;
        if !laxer {
            return Err(Error::Invalid(
                "this takes passkeys of fewer makers, not of more; do it yourself".into(),
            ));
        }
        Ok(Dangerous::PasskeyMakers { told, pem })
    }

    async fn may_choose_makers(
        &self,
        caller: &Caller,
        now: Micros,
    ) -> Result<TenantPermit<ManageAdministration>, Error> {
        match decide_makers(&caller.actor(None, now), caller.fresh(now)) {
            Ok(permit) => Ok(permit),
            Err(denied) => Err(self.denied(caller, ManageAdministration::NAME, None, denied, now).await),
        }
    }
}

/// What these rules would ask of the caller, from where they call.
pub(crate) fn asked_of(caller: &Caller, rules: &AdministrationRules) -> Administration {
    Administration { factor: rules.factor, inside: rules.inside(caller.origin.network()) }
}

/// The makers of a list that was kept.
fn known(pem: &str) -> Result<Vec<Maker>, Error> {
    if pem.is_empty() {
        return Ok(vec![]);
    }
    let damaged = |_| beffroi_store::StoreError::Damaged { what: "list of makers".into() };
    Ok(Makers::each(pem).map_err(damaged)?)
}

fn changed(seen: &str, change: &MakersChange) -> Result<After, Error> {
    if *change == MakersChange::default() {
        return Err(Error::Invalid("say what to change: `add` or `remove`".into()));
    }
    let before = known(seen)?;
    for id in &change.remove {
        if !before.iter().any(|maker| maker.id == *id) {
            return Err(Error::NotFound("maker"));
        }
    }
    let added = match &change.add {
        Some(pem) => Makers::each(pem).map_err(|wrong| Error::Invalid(wrong.to_string()))?,
        None => vec![],
    };
    let (removed, mut kept): (Vec<_>, Vec<_>) =
        before.iter().cloned().partition(|maker| change.remove.contains(&maker.id));
    let new: Vec<_> = added.into_iter().filter(|maker| !kept.iter().any(|one| one.id == maker.id)).collect();
    let new: Vec<_> = new.into_iter().filter(|maker| !removed.iter().any(|one| one.id == maker.id)).collect();
    kept.extend(new.iter().cloned());
    if kept.len() > Makers::MOST {
        let most = Makers::MOST;
        return Err(Error::Invalid(format!("at most {most} makers can be named; take some out first")));
    }
    let laxer = !before.is_empty() && (kept.is_empty() || !new.is_empty());
    let told = difference(before.len(), &new, &removed, kept.len());
    Ok(After { pem: kept.into_iter().map(|maker| maker.pem).collect(), told, laxer })
}

/// `2 → 2: + A maker (0123456789abcdef); − Another (…)`. Without any maker (0), anybody's passkeys are taken.
fn difference(before: usize, new: &[Maker], removed: &[Maker], after: usize) -> String {
    let one = |sign: char, maker: &Maker| format!("{sign} {} ({})", maker.name, &maker.id[..16]);
    let new = new.iter().map(|maker| one('+', maker));
    let all: Vec<_> = new.chain(removed.iter().map(|maker| one('−', maker))).collect();
    format!("{before} → {after}: {}", all.join("; "))
}

/// The operator at the machine.
impl App {
    /// Says what a tenant asks of who administers it (ID12).
    ///
    /// # Errors
    /// `Invalid` for too many networks.
    pub async fn operator_set_administration(
        &self,
        tenant: &Tenant,
        factor: Factor,
        networks: Vec<Network>,
        now: Micros,
    ) -> Result<(), Error> {
        let rules =
            AdministrationRules::new(factor, networks).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        Ok(self.store.set_administration(&operator(tenant.id, NOBODY), &rules, None, now).await?)
    }

    /// Says whose passkeys a body takes: root certificates of their makers as PEM; nothing for anybody's.
    ///
    /// # Errors
    /// `Invalid` when these are no certificates.
    pub async fn operator_set_passkey_makers(
        &self,
        tenant: &Tenant,
        pem: &str,
        now: Micros,
    ) -> Result<(), Error> {
        let wanted = match pem {
            "" => vec![],
            pem => Makers::each(pem).map_err(|wrong| Error::Invalid(wrong.to_string()))?,
        };
        let seen = self.store.passkey_makers(tenant.id).await?;
        // A list that cannot be read any more is replaced all the same.
        let before = known(&seen).unwrap_or_default();
        let lacking = |of: &[Maker], all: &[Maker]| -> Vec<Maker> {
            of.iter().filter(|maker| !all.iter().any(|one| one.id == maker.id)).cloned().collect()
        };
        let (new, removed) = (lacking(&wanted, &before), lacking(&before, &wanted));
        let told = difference(before.len(), &new, &removed, wanted.len());
        let pem: String = wanted.into_iter().map(|maker| maker.pem).collect();
        Ok(self.store.set_passkey_makers(&operator(tenant.id, NOBODY), (&seen, &pem), &told, now).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = include_str!("../../testkit/attestation/root.pem");
    const OTHER: &str = include_str!("../../identity/tests/passkey/another-maker.pem");

    fn change(add: Option<&str>, remove: &[&str]) -> MakersChange {
        MakersChange { add: add.map(str::to_owned), remove: remove.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn a_list_of_makers_changes_as_it_is_told_and_says_when_it_takes_more() {
        let first = changed("", &change(Some(ONE), &[])).unwrap();
        assert!(!first.laxer, "from anybody's to one maker's");
        let one = known(&first.pem).unwrap().remove(0);
        let both = changed(&first.pem, &change(Some(&format!("{ONE}{OTHER}")), &[])).unwrap();
        assert!(both.laxer);
        let other = known(&both.pem).unwrap().remove(1);
        assert_eq!(both.told, format!("1 → 2: + Another maker root ({})", &other.id[..16]));
        let less = changed(&both.pem, &change(None, &[&other.id])).unwrap();
        assert!(!less.laxer && less.pem == first.pem);
        let swapped = changed(&first.pem, &change(Some(OTHER), &[&one.id])).unwrap();
        assert!(swapped.laxer && known(&swapped.pem).unwrap() == std::slice::from_ref(&other));
        let none = changed(&first.pem, &change(None, &[&one.id])).unwrap();
        assert!(none.laxer && none.pem.is_empty());
        assert_eq!(none.told, format!("1 → 0: − {} ({})", one.name, &one.id[..16]));
        assert!(matches!(changed(&first.pem, &change(None, &[&other.id])), Err(Error::NotFound(_))));
        let same = changed(&first.pem, &change(Some(ONE), &[])).unwrap();
        assert!(!same.laxer && same.pem == first.pem);
        for nothing in [change(None, &[]), change(Some("town"), &[])] {
            assert!(matches!(changed(&first.pem, &nothing), Err(Error::Invalid(_))), "{nothing:?}");
        }
    }
}
