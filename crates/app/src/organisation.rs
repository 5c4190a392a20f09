//! What a body is called, what it declared, and what its labels demand.

use crate::{App, Caller, Error};
use beffroi_domain::{
    AccountId, Accreditation, Address, Day, Factor, Label, LabelChange, LockRules, Micros, PasswordProfile,
    Tenant, TenantChange,
};
use beffroi_identity::rules::PasswordRules;
use beffroi_policy::{
    Danger, Denied, ManageClearance, ManageLabels, ManageOrganisation, ManagePasswords, ReadOrganisation,
    TenantAct, TenantPermit,
};
use beffroi_store::{Headcount, Notice, Weight};

/// A body as its administration sees it.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The body.
    pub tenant: Tenant,
    /// Its labels, least sensitive first.
    pub labels: Vec<LabelView>,
    /// Who a demand would meet.
    pub headcount: Headcount,
    /// Whether the caller signed in with a second factor.
    pub second_factor: bool,
}

/// A label with what stands under it.
#[derive(Clone, Debug)]
pub struct LabelView {
    /// The label.
    pub label: Label,
    /// Rooms that carry it.
    pub rooms: i64,
}

/// What a change of a label would do.
#[derive(Clone, Copy, Debug)]
pub struct Consequences {
    /// Days that are kept afterwards, when it destroys what is older.
    pub keeps_days: Option<u32>,
    /// The rooms concerned, and what would be gone within the hour.
    pub weight: Weight,
}

/// What passwords must be in this body.
pub fn password_rules(tenant: &Tenant) -> PasswordRules {
    match tenant.passwords {
        PasswordProfile::Recommended => PasswordRules::default(),
        PasswordProfile::S1 => PasswordRules::s1(),
        PasswordProfile::Own(own) => {
            let length = own.least_length().try_into().unwrap_or(usize::MAX);
            PasswordRules::own(length, own.sign(), own.least_bits())
        }
    }
}

const DAY: Micros = 86_400_000_000;

impl App {
    /// The caller's body.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn organisation(&self, caller: &Caller, now: Micros) -> Result<Organisation, Error> {
        let permit = self.authorise_in_tenant::<ReadOrganisation>(caller, now).await?;
        let rooms = self.store.rooms_by_label(&permit).await?;
        let under = |slug: &str| rooms.iter().find(|(label, _)| label == slug).map_or(0, |(_, rooms)| *rooms);
        let labels = self.store.labels(caller.tenant.id).await?;
        Ok(Organisation {
            tenant: self.store.tenant(caller.tenant.id).await?.ok_or(Error::NotFound("organisation"))?,
            labels: labels.into_iter().map(|label| LabelView { rooms: under(&label.slug), label }).collect(),
            headcount: self.store.headcount(&permit).await?,
            second_factor: caller.factor >= Factor::Second,
        })
    }

    /// Changes the name, the colour or the password rules of the caller's body.
    ///
    /// # Errors
    /// `Denied`, before anything of the change is made.
    pub async fn change_organisation(
        &self,
        caller: &Caller,
        change: &TenantChange,
        now: Micros,
    ) -> Result<(), Error> {
        let looks = change.name.is_some() || change.accent.is_some();
        let manage = if looks {
            Some(self.authorise_in_tenant::<ManageOrganisation>(caller, now).await?)
        } else {
            None
        };
        if let Some(profile) = change.passwords {
            let permit = self.authorise_in_tenant::<ManagePasswords>(caller, now).await?;
            self.store.set_passwords(&permit, profile, now).await?;
        }
        if let Some(permit) = manage {
            self.store.set_organisation(&permit, change, now).await?;
        }
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }

    /// Declares the accreditation that a protective mark asks for.
    ///
    /// # Errors
    /// `Denied`, `NotFound`; `Invalid` for a day that is over.
    pub async fn accredit(
        &self,
        caller: &Caller,
        slug: &str,
        declared: &Accreditation,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, label) = self.label_to_accredit(caller, slug, now).await?;
        not_over(declared, now)?;
        self.store.accredit(&permit, &label.slug, declared, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }

    /// Takes an accreditation back. Rooms that carry the mark close at once; an owner may give them another.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn withdraw(&self, caller: &Caller, slug: &str, now: Micros) -> Result<(), Error> {
        let (permit, label) = self.label_to_accredit(caller, slug, now).await?;
        self.store.withdraw(&permit, &label.slug, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }

    async fn label_to_accredit(
        &self,
        caller: &Caller,
        slug: &str,
        now: Micros,
    ) -> Result<(TenantPermit<ManageLabels>, Label), Error> {
        let label = self.label_or_refusal(caller, slug, now).await?;
        match beffroi_policy::decide_accredit(&caller.actor(None, now), &label) {
            Ok(permit) => Ok((permit, label)),
            Err(denied) => Err(self.denied(caller, ManageLabels::NAME, None, denied, now).await),
        }
    }

    /// A label of the caller's body, for those who may manage labels: the others are refused either way.
    async fn label_or_refusal(&self, caller: &Caller, slug: &str, now: Micros) -> Result<Label, Error> {
        self.authorise_in_tenant::<ManageLabels>(caller, now).await?;
        self.label(caller, slug).await
    }

    /// What keeping the events of a label for so many days would take, for who may see the organisation.
    ///
    /// # Errors
    /// `Denied`, `NotFound`, `Invalid`.
    pub async fn consequences(
        &self,
        caller: &Caller,
        slug: &str,
        change: &LabelChange,
        now: Micros,
    ) -> Result<Consequences, Error> {
        let permit = self.authorise_in_tenant::<ReadOrganisation>(caller, now).await?;
        let before = self.label(caller, slug).await?;
        let after = before.changed(change).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        let danger = beffroi_policy::danger(&before, &after);
        self.weigh(&permit, slug, danger, now).await
    }

    async fn weigh(
        &self,
        permit: &TenantPermit<ReadOrganisation>,
        slug: &str,
        danger: Option<Danger>,
        now: Micros,
    ) -> Result<Consequences, Error> {
        let keeps_days = danger.map(|Danger::Forgets { days }| days);
        let before = keeps_days.map_or(Micros::MIN, |days| now - Micros::from(days) * DAY);
        Ok(Consequences { keeps_days, weight: self.store.weight_before(permit, slug, before).await? })
    }

    /// Changes what a label demands and allows.
    ///
    /// # Errors
    /// `Denied`, `NotFound`, `Invalid`; `Unconfirmed` when it destroys something and `confirmed` is not said.
    pub async fn change_label(
        &self,
        caller: &Caller,
        slug: &str,
        change: &LabelChange,
        confirmed: bool,
        now: Micros,
    ) -> Result<Label, Error> {
        let before = self.label_or_refusal(caller, slug, now).await?;
        let after = before.changed(change).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        let permit = match beffroi_policy::decide_change(&caller.actor(None, now), &before, &after) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, ManageLabels::NAME, None, denied, now).await),
        };
        let danger = beffroi_policy::danger(&before, &after);
        if danger.is_some() {
            self.alone(caller, "label.retention", now).await?;
        }
        if let Some(danger) = danger
            && !confirmed
        {
            let read = self.authorise_in_tenant::<ReadOrganisation>(caller, now).await?;
            let consequences = self.weigh(&read, slug, Some(danger), now).await?;
            return Err(Error::Unconfirmed {
                events: consequences.weight.events,
                files: consequences.weight.files,
            });
        }
        let label = self.store.change_label(&permit, slug, change, &before, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(label)
    }

    /// Says up to which label someone is cleared. Rooms above it close to them at once.
    ///
    /// # Errors
    /// `Denied`, for oneself too; `NotFound`.
    pub async fn clear(
        &self,
        caller: &Caller,
        address: &Address,
        label: &str,
        now: Micros,
    ) -> Result<(), Error> {
        self.authorise_in_tenant::<ManageClearance>(caller, now).await?;
        let account = self.of_tenant(caller, address).await?;
        let label = self.label(caller, label).await?;
        let permit = match beffroi_policy::decide_clear(&caller.actor(None, now), account.id) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, ManageClearance::NAME, None, denied, now).await),
        };
        self.store.set_clearance(&permit, account.id, &label.slug, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }
}

fn not_over(declared: &Accreditation, now: Micros) -> Result<(), Error> {
    if declared.in_force(now) {
        return Ok(());
    }
    let today = Day::of(now);
    Err(Error::Invalid(format!(
        "an accreditation until {} is over (today is {today}); give the last day on which it holds",
        declared.until
    )))
}

/// The operator at the machine.
impl App {
    /// Changes a body; gives it as it is then.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain.
    pub async fn operator_change_tenant(
        &self,
        domain: &str,
        change: &TenantChange,
        now: Micros,
    ) -> Result<Tenant, Error> {
        let mut tenant = self.hosted(domain).await?;
        if change.name.is_some() || change.accent.is_some() {
            tenant = self.store.set_organisation(&at_the_machine(&tenant), change, now).await?;
        }
        if let Some(profile) = change.passwords {
            tenant = self.store.set_passwords(&at_the_machine(&tenant), profile, now).await?;
        }
        Ok(tenant)
    }

    /// Declares an accreditation (`Some`) or takes it back.
    ///
    /// # Errors
    /// `Invalid` for a domain or a label that is not there, or a day that is over; `Denied` for a label that
    /// nothing reserves.
    pub async fn operator_accredit(
        &self,
        domain: &str,
        slug: &str,
        declared: Option<&Accreditation>,
        now: Micros,
    ) -> Result<Label, Error> {
        let tenant = self.hosted(domain).await?;
        let label = self.operator_label(&tenant, slug).await?;
        if let Err(denied) = beffroi_policy::label_accreditable(&label) {
            return Err(self.machine_denied(&tenant, ManageLabels::NAME, denied, now).await);
        }
        match declared {
            Some(declared) => {
                not_over(declared, now)?;
                self.store.accredit(&at_the_machine(&tenant), slug, declared, now).await?;
            }
            None => self.store.withdraw(&at_the_machine(&tenant), slug, now).await?,
        }
        Ok(label)
    }

    /// Says up to which label someone is cleared; gives its name.
    ///
    /// # Errors
    /// `Invalid` for a person or a label that is not there.
    pub async fn operator_clear(&self, address: &Address, label: &str, now: Micros) -> Result<String, Error> {
        let account = self.operator_account(address).await?;
        let tenant = self.hosted(address.domain()).await?;
        let label = self.operator_label(&tenant, label).await?;
        self.store.set_clearance(&at_the_machine(&tenant), account.id, &label.slug, now).await?;
        Ok(label.name)
    }

    /// Says after how many idle minutes pages lock; `None` leaves a number as it is.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain, or for a number out of its bounds.
    pub async fn operator_set_lock(
        &self,
        domain: &str,
        phone: Option<u32>,
        desk: Option<u32>,
        now: Micros,
    ) -> Result<LockRules, Error> {
        let tenant = self.hosted(domain).await?;
        let (phone, desk) =
            (phone.unwrap_or(tenant.lock.phone_minutes), desk.unwrap_or(tenant.lock.desk_minutes));
        let rules = LockRules::new(phone, desk).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        self.store.set_lock(&at_the_machine(&tenant), rules, now).await?;
        Ok(rules)
    }

    /// Changes what a label asks for, at the machine: nothing here destroys, the rest is asked of two.
    ///
    /// # Errors
    /// `Invalid` for a domain or a label that is not there, or a number out of its bounds.
    pub async fn operator_change_label(
        &self,
        domain: &str,
        slug: &str,
        change: &LabelChange,
        now: Micros,
    ) -> Result<Label, Error> {
        let tenant = self.hosted(domain).await?;
        let before = self.operator_label(&tenant, slug).await?;
        before.changed(change).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        Ok(self.store.change_label(&at_the_machine(&tenant), slug, change, &before, now).await?)
    }

    pub(crate) async fn operator_label(&self, tenant: &Tenant, slug: &str) -> Result<Label, Error> {
        let labels = self.store.labels(tenant.id).await?;
        let known: Vec<_> = labels.iter().map(|l| l.slug.clone()).collect();
        labels.into_iter().find(|l| l.slug == slug).ok_or_else(|| {
            Error::Invalid(format!("there is no label `{slug}`; choose among {}", known.join(", ")))
        })
    }

    /// The machine's own refusals are in the log like everybody's.
    pub(crate) async fn machine_denied(
        &self,
        tenant: &Tenant,
        act: &'static str,
        denied: Denied,
        now: Micros,
    ) -> Error {
        let machine = beffroi_store::Subject::Machine;
        match self.store.deny(tenant.id, machine, act, None, &denied, "", now).await {
            Ok(()) => denied.into(),
            Err(cause) => cause.into(),
        }
    }
}

pub(crate) fn at_the_machine<A: TenantAct>(tenant: &Tenant) -> TenantPermit<A> {
    beffroi_policy::operator(tenant.id, AccountId(0))
}
