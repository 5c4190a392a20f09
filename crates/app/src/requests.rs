//! Dangerous acts that wait for a second person (ID16).

use crate::administration::asked_of;
use crate::{App, Caller, Error};
use beffroi_domain::{AccountId, Dangerous, Domain, LabelChange, Micros, Reason, RequestId};
use beffroi_policy::{
    DecideRequests, ReadAudit, ReadRequests, TenantAct as _, TenantPermit, alone, decide_ask, decide_request,
    operator, still_administers,
};
use beffroi_store::{Notice, RequestRow, RequestState, StoreError};

/// A request, as somebody who may read it sees it.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub row: RequestRow,
    /// The address and the name of whom it is about, when it is about somebody.
    pub whom: Option<(String, String)>,
    /// Whether the caller asked for it.
    pub own: bool,
    /// Whether the caller may decide about it now.
    pub theirs: bool,
    /// How many people of the body may; none: only the operator at the machine.
    pub approvers: i64,
}

impl App {
    /// Whether dangerous acts of the caller's body wait for a second person, for whoever may read that.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn four_eyes(&self, caller: &Caller, now: Micros) -> Result<bool, Error> {
        self.authorise_in_tenant::<ReadRequests>(caller, now).await?;
        Ok(self.store.four_eyes(caller.tenant.id).await?)
    }

    /// The requests of the caller's body: those that wait first, then the latest.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn requests(&self, caller: &Caller, now: Micros) -> Result<Vec<RequestView>, Error> {
        let permit = self.authorise_in_tenant::<ReadRequests>(caller, now).await?;
        let mut views = vec![];
        for row in self.store.requests(&permit, now).await? {
            views.push(self.request_view(caller, row, now).await?);
        }
        Ok(views)
    }

    async fn request_view(
        &self,
        caller: &Caller,
        row: RequestRow,
        now: Micros,
    ) -> Result<RequestView, Error> {
        let waits = row.state == RequestState::Waiting && row.expires > now;
        let whom = match &row.act {
            Dangerous::Impersonation { whom } => self.store.account(*whom).await?,
            _ => None,
        };
        let (asker, role) = (row.asked_by.id, row.asked_role);
        Ok(RequestView {
            whom: whom.map(|one| (one.address.to_string(), one.name.to_string())),
            own: caller.account()?.id == asker,
            theirs: waits && decide_request(&caller.actor(None, now), asker, role, true).is_ok(),
            approvers: if waits { self.store.approvers(caller.tenant.id, asker, role).await? } else { 0 },
            row,
        })
    }

    /// Asks for a dangerous act.
    ///
    /// # Errors
    /// `Denied` to whoever may not do it at all; `NotFound`; `Invalid` when it is not dangerous as it is asked;
    /// `Conflict` when it waits already.
    pub async fn ask(
        &self,
        caller: &Caller,
        act: Dangerous,
        reason: &Reason,
        now: Micros,
    ) -> Result<RequestView, Error> {
        let whom = match &act {
            Dangerous::Impersonation { whom } => {
                self.store.account(*whom).await?.filter(|one| one.tenant == caller.tenant.id && one.enabled)
            }
            _ => None,
        };
        let role = whom.map(|one| one.role);
        let permit = match decide_ask(&caller.actor(None, now), &act, role) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, "request.ask", None, denied, now).await),
        };
        if let Dangerous::Administration(rules) = &act {
            self.may_ask_administrators(caller, rules, now).await?;
        }
        self.worth_asking(caller, &act).await?;
        let id = self.store.ask(&permit, reason, now).await.map_err(conflict)?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        let row = self.store.request(caller.tenant.id, id).await?.ok_or(Error::NotFound("request"))?;
        self.request_view(caller, row, now).await
    }

    /// What needs no second person is done by one.
    async fn worth_asking(&self, caller: &Caller, act: &Dangerous) -> Result<(), Error> {
        let on = self.store.four_eyes(caller.tenant.id).await?;
        match act {
            Dangerous::Retention { label, days } => {
                let before = self.label(caller, label).await?;
                let change = LabelChange { retention_days: Some(Some(*days)), ..LabelChange::default() };
                let after = before.changed(&change).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
                if beffroi_policy::danger(&before, &after).is_none() {
                    return Err(Error::Invalid(
                        "keeping for longer destroys nothing; change the label itself".into(),
                    ));
                }
            }
            Dangerous::Administration(rules) if !rules.laxer_than(&caller.tenant.administration) => {
                return Err(Error::Invalid("this asks for no less than today; do it yourself".into()));
            }
            Dangerous::FourEyes { on: wanted } if *wanted == on => {
                return Err(Error::Invalid("it is so already".into()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Says yes or no to what somebody else asked for. A yes does it, or lets whoever asked do it.
    ///
    /// # Errors
    /// `Denied`: for whoever asked, and for whoever did not prove a moment ago who they are; `NotFound`; `Conflict`
    /// when it is decided, over, or about something that has changed.
    pub async fn decide_request(
        &self,
        caller: &Caller,
        id: RequestId,
        yes: bool,
        now: Micros,
    ) -> Result<(), Error> {
        self.authorise_in_tenant::<DecideRequests>(caller, now).await?;
        let row = self.store.request(caller.tenant.id, id).await?.ok_or(Error::NotFound("request"))?;
        let fresh = caller.fresh(now);
        let permit = match decide_request(&caller.actor(None, now), row.asked_by.id, row.asked_role, fresh) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, DecideRequests::NAME, None, denied, now).await),
        };
        if let Dangerous::Administration(rules) = &row.act
            && yes
            && let Err(denied) = still_administers(&caller.actor(None, now), asked_of(caller, rules))
        {
            return Err(self.denied(caller, DecideRequests::NAME, None, denied, now).await);
        }
        self.decided(&permit, id, yes, now).await
    }

    async fn decided(
        &self,
        permit: &TenantPermit<DecideRequests>,
        id: RequestId,
        yes: bool,
        now: Micros,
    ) -> Result<(), Error> {
        if yes {
            self.store.approve_request(permit, id, now).await.map(drop).map_err(conflict)?;
        } else {
            self.store.refuse_request(permit, id, now).await.map_err(conflict)?;
        }
        self.announce(Notice::OrganisationChanged(permit.tenant()));
        Ok(())
    }

    /// Whether one person may do this alone in the caller's body.
    ///
    /// # Errors
    /// `Denied` where a second person is asked for.
    pub(crate) async fn alone(&self, caller: &Caller, act: &'static str, now: Micros) -> Result<(), Error> {
        match alone(self.store.four_eyes(caller.tenant.id).await?, act) {
            Ok(()) => Ok(()),
            Err(denied) => Err(self.denied(caller, act, None, denied, now).await),
        }
    }

    /// Whether the caller may take the log out: alone where the body lets them, else by an approval. Either is in
    /// the log.
    ///
    /// # Errors
    /// `Denied`.
    pub(crate) async fn may_export(
        &self,
        caller: &Caller,
        permit: &TenantPermit<ReadAudit>,
        now: Micros,
    ) -> Result<(), Error> {
        let (tenant, account) = (caller.tenant.id, caller.account()?.id);
        if self.store.four_eyes(tenant).await?
            && self.store.use_export(tenant, account, caller.session, now).await?
        {
            return Ok(());
        }
        self.alone(caller, "audit.export", now).await?;
        Ok(self.store.note_export(permit, caller.session, now).await?)
    }
}

/// What contradicts the state of things is no mistake of whoever asks.
fn conflict(error: StoreError) -> Error {
    match error {
        StoreError::Refused(why) => Error::Conflict(why.to_owned()),
        other => other.into(),
    }
}

/// The operator at the machine: the second person of a body that has none.
impl App {
    /// What waits or was decided in a body.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain.
    pub async fn operator_requests(&self, domain: &Domain, now: Micros) -> Result<Vec<RequestRow>, Error> {
        let tenant = self.operator_tenant(domain).await?;
        Ok(self.store.requests(&operator(tenant.id, AccountId(0)), now).await?)
    }

    /// Says yes or no; gives what it was about.
    ///
    /// # Errors
    /// `Invalid` when there is no such request; `Conflict` as for anybody who decides.
    pub async fn operator_decide_request(
        &self,
        id: RequestId,
        yes: bool,
        now: Micros,
    ) -> Result<RequestRow, Error> {
        let found = self.store.request_anywhere(id).await?;
        let row = found.ok_or_else(|| {
            Error::Invalid(format!("there is no request {id}; beffroi request list says what waits"))
        })?;
        self.decided(&operator(row.asked_by.tenant, AccountId(0)), id, yes, now).await?;
        Ok(row)
    }

    /// Says whether dangerous acts of a body wait for a second person.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain.
    pub async fn operator_set_four_eyes(&self, domain: &Domain, on: bool, now: Micros) -> Result<(), Error> {
        let tenant = self.operator_tenant(domain).await?;
        Ok(self.store.set_four_eyes(&operator(tenant.id, AccountId(0)), on, now).await?)
    }
}
