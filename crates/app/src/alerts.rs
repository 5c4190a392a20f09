//! Suspicious acts are told to who keeps a body safe (LG5): by mail where this server sends any, and in a list.

use crate::letters::{self, About};
use crate::organisation::at_the_machine;
use crate::tidy::ALERTS;
use crate::{App, Caller, Error};
use beffroi_domain::{Alarm, AlertId, AlertRule, AlertRules, Micros, TenantId};
use beffroi_identity::alert::{self, Seen};
use beffroi_policy::{ManageAlerts, ReadAudit, ReadOrganisation, TenantPermit};
use beffroi_store::{AlertRow, AuditEntry, Found, Notice, Outcome, Unwatched, Waiting};

const MINUTE: Micros = 60_000_000;
const DAY: Micros = 86_400_000_000;
/// How often a change of the rules looks at what was added to the log since it looked last.
const TRIES: u32 = 50;

fn seen(entry: &AuditEntry) -> Seen {
    Seen {
        seq: entry.seq,
        at_us: entry.at,
        act: entry.act.clone(),
        done: entry.outcome == Outcome::Done,
        actor: entry.actor.clone(),
        place: entry.origin.clone(),
        rule: entry.rule.clone(),
        detail: entry.detail.clone(),
    }
}

/// An alert with a page of the entries that it speaks of.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert.
    pub alert: AlertRow,
    /// The entries, latest first.
    pub entries: Vec<AuditEntry>,
    /// `before` of the next page.
    pub next: Option<i64>,
}

impl App {
    /// Looks at what was added to every body's audit log, and tells what it calls for; gives whether there are
    /// letters to send.
    ///
    /// `public_url` gives what links of a domain start with.
    ///
    /// # Errors
    /// The store's, about the last log that could not be watched; the others were, and this one is next time.
    pub async fn watch_logs(&self, public_url: impl Fn(&str) -> String, now: Micros) -> Result<bool, Error> {
        let (mut letters, mut wrong) = (false, None);
        for unwatched in self.store.unwatched(now).await? {
            let tenant = unwatched.tenant;
            let done = async {
                self.watch(unwatched, now).await?;
                self.tell(tenant, &public_url, now).await
            };
            match done.await {
                Ok(told) => letters |= told,
                Err(error) => wrong = Some(error),
            }
        }
        wrong.map_or(Ok(letters), Err)
    }

    /// Looks at a log up to where it ended when this was asked.
    async fn watch(&self, mut unwatched: Unwatched, now: Micros) -> Result<(), Error> {
        let tenant = unwatched.tenant;
        let Some(mut mark) = unwatched.mark else {
            self.store.watched(unwatched, unwatched.size, &[], now).await?;
            return Ok(());
        };
        let rules = self.store.alert_rules(tenant).await?;
        let window = Micros::from(rules.longest_minutes()) * MINUTE;
        while mark < unwatched.size {
            let entries: Vec<_> =
                self.store.entries_to_watch(tenant, mark, window).await?.iter().map(seen).collect();
            let to = entries.last().map_or(mark, |entry| entry.seq);
            let raised = alert::alarms(&entries, mark, &rules);
            let at =
                |seq: i64| entries.iter().find(|entry| entry.seq == seq).map_or(now, |entry| entry.at_us);
            let found: Vec<_> = raised
                .iter()
                .map(|one| Found {
                    alarm: one.alarm,
                    entries: &one.entries,
                    latest: one.latest,
                    latest_us: at(one.latest),
                })
                .collect();
            if to <= mark || !self.store.watched(unwatched, to, &found, now).await? {
                return Ok(());
            }
            mark = to;
            unwatched.mark = Some(to);
        }
        Ok(())
    }

    async fn tell(
        &self,
        tenant: TenantId,
        public_url: impl Fn(&str) -> String,
        now: Micros,
    ) -> Result<bool, Error> {
        let waiting = self.store.waiting_alerts(tenant, now).await?;
        let mut letters = false;
        for alert in waiting {
            let written =
                if self.rules.mail { self.written(tenant, &alert, &public_url, now).await? } else { vec![] };
            letters |= self.store.tell_alert(tenant, &alert, &written, now).await? && !written.is_empty();
        }
        Ok(letters)
    }

    /// The letters about an alert; none when there is nobody to write to or nothing left to say.
    async fn written(
        &self,
        tenant: TenantId,
        alert: &Waiting,
        public_url: impl Fn(&str) -> String,
        now: Micros,
    ) -> Result<Vec<(beffroi_domain::AccountId, beffroi_store::Letter)>, Error> {
        let Some(alarm) = Alarm::from_word(&alert.alarm) else { return Ok(vec![]) };
        let Some(entry) = self.store.audit_entry(tenant, alert.latest).await? else { return Ok(vec![]) };
        let Some(body) = self.store.tenant(tenant).await? else { return Ok(vec![]) };
        let link = format!("{}/administration/journal/{}", public_url(body.domain.as_str()), alert.id);
        let guardians = self.store.guardians(tenant).await?;
        let letter =
            |to| letters::alert(&About::of(to, &body), alarm, alert.entries, &entry, &link, now + DAY);
        Ok(guardians.iter().map(|to| (to.id, letter(to))).collect())
    }

    /// Verifies the logs that nobody verified for a day, each from its first entry. What is wrong and was not known
    /// yet is told like everything else in the log.
    ///
    /// `now` is asked again after each log: a long one takes its time.
    ///
    /// # Errors
    /// The store's, about the last log that could not be verified or that takes no entry; the others were verified.
    pub async fn verify_logs(&self, now: impl Fn() -> Micros) -> Result<(), Error> {
        let mut wrong = None;
        for log in self.store.unverified(now()).await? {
            let done = async {
                let findings = self.store.verify_beside(log.tenant).await?;
                if !findings.is_empty() {
                    tracing::error!(tenant = %log.tenant, "an audit log is not whole; beffroi audit verify says what was changed");
                }
                self.store.verified(&log, &findings, now()).await
            };
            if let Err(error) = done.await {
                wrong = Some(error.into());
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    /// The alerts of the last thirty days, latest first, a page at a time, with the `before` of the next one.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn alerts(
        &self,
        caller: &Caller,
        before: Option<AlertId>,
        now: Micros,
    ) -> Result<(Vec<AlertRow>, Option<AlertId>), Error> {
        let permit = self.authorise_in_tenant::<ReadAudit>(caller, now).await?;
        Ok(self.store.alerts(&permit, now - ALERTS, before).await?)
    }

    /// One of them, with a page of the entries that it speaks of.
    ///
    /// # Errors
    /// `Denied`; `NotFound`, after thirty days too.
    pub async fn alert(
        &self,
        caller: &Caller,
        id: AlertId,
        before: Option<i64>,
        limit: u32,
        now: Micros,
    ) -> Result<AlertView, Error> {
        let permit = self.authorise_in_tenant::<ReadAudit>(caller, now).await?;
        let alert = self.store.alert(&permit, id).await?.ok_or(Error::NotFound("alert"))?;
        let entries = self.store.alert_entries(&permit, id, before, limit).await?;
        let next = entries.last().filter(|_| entries.len() == limit as usize).map(|entry| entry.seq);
        Ok(AlertView { alert, entries, next })
    }

    /// What the caller's body is told.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn alert_rules(&self, caller: &Caller, now: Micros) -> Result<AlertRules, Error> {
        self.authorise_in_tenant::<ReadOrganisation>(caller, now).await?;
        Ok(self.store.alert_rules(caller.tenant.id).await?)
    }

    /// Says what it is told from now on. What is in the log already is judged by the rules of before: nobody does
    /// something and then switches off what would tell of it.
    ///
    /// # Errors
    /// `Denied`; `Invalid` for numbers out of their bounds and for what is always told.
    pub async fn change_alert_rules(
        &self,
        caller: &Caller,
        changes: &[(Alarm, AlertRule)],
        now: Micros,
    ) -> Result<AlertRules, Error> {
        let permit = self.authorise_in_tenant::<ManageAlerts>(caller, now).await?;
        let rules = self.set_alert_rules(&permit, changes, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(rules)
    }

    /// The log is looked at to its end first. Whoever adds to it meanwhile, or looks at it, makes it be tried again:
    /// what is there when the rules change was judged by those of before, to the last entry.
    async fn set_alert_rules(
        &self,
        permit: &TenantPermit<ManageAlerts>,
        changes: &[(Alarm, AlertRule)],
        now: Micros,
    ) -> Result<AlertRules, Error> {
        let tenant = permit.tenant();
        let rules = self.store.alert_rules(tenant).await?;
        rules.changed(changes).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        for _ in 0..TRIES {
            if let Some(unwatched) = self.store.watched_to(tenant).await? {
                self.watch(unwatched, now).await?;
            }
            if let Some(rules) = self.store.set_alert_rules(permit, changes, now).await? {
                return Ok(rules);
            }
        }
        Err(Error::Conflict(
            "the audit log grows faster than it is looked at, and nothing was changed; try again in a moment"
                .into(),
        ))
    }

    /// What a body is told, for the operator.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain.
    pub async fn operator_alert_rules(&self, domain: &str) -> Result<AlertRules, Error> {
        Ok(self.store.alert_rules(self.hosted(domain).await?.id).await?)
    }

    /// Says what a body is told, at the machine.
    ///
    /// # Errors
    /// `Invalid` when nobody hosts the domain, and as for anybody.
    pub async fn operator_change_alert_rules(
        &self,
        domain: &str,
        changes: &[(Alarm, AlertRule)],
        now: Micros,
    ) -> Result<AlertRules, Error> {
        let tenant = self.hosted(domain).await?;
        self.set_alert_rules(&at_the_machine::<ManageAlerts>(&tenant), changes, now).await
    }
}
