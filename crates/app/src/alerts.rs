//! Suspicious acts are told by mail to who keeps a body safe (LG5).

use crate::letters::{self, About};
use crate::{App, Error};
use beffroi_domain::{Micros, TenantId};
use beffroi_identity::alert::{self, Alarm, Seen};
use beffroi_store::{AuditEntry, Outcome, Unwatched};

const DAY: Micros = 86_400_000_000;

fn seen(entry: &AuditEntry) -> Seen {
    Seen {
        seq: entry.seq,
        at_us: entry.at,
        act: entry.act.clone(),
        done: entry.outcome == Outcome::Done,
        actor: entry.actor.clone(),
        place: entry.origin.clone(),
        detail: entry.detail.clone(),
    }
}

impl App {
    /// Looks at what was added to every body's audit log, and writes the letters that it calls for.
    ///
    /// `public_url` gives what links of a domain start with.
    ///
    /// # Errors
    /// The store's; the rest is done the next time.
    pub async fn watch_logs(&self, public_url: impl Fn(&str) -> String, now: Micros) -> Result<(), Error> {
        for unwatched in self.store.unwatched(now).await? {
            self.watch(unwatched).await?;
            self.tell(unwatched.tenant, &public_url, now).await?;
        }
        Ok(())
    }

    async fn watch(&self, unwatched: Unwatched) -> Result<(), Error> {
        let Some(mark) = unwatched.mark else {
            self.store.watched(unwatched, unwatched.size, &[]).await?;
            return Ok(());
        };
        let entries: Vec<_> =
            self.store.entries_to_watch(unwatched.tenant, mark).await?.iter().map(seen).collect();
        let found = alert::alarms(&entries, mark);
        let found: Vec<_> = found.into_iter().map(|(alarm, seq)| (alarm.word(), seq)).collect();
        let to = entries.last().map_or(mark, |entry| entry.seq.max(mark));
        if to > mark {
            self.store.watched(unwatched, to, &found).await?;
        }
        Ok(())
    }

    async fn tell(
        &self,
        tenant: TenantId,
        public_url: impl Fn(&str) -> String,
        now: Micros,
    ) -> Result<(), Error> {
        let waiting = self.store.waiting_alerts(tenant, now).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let Some(body) = self.store.tenant(tenant).await? else { return Ok(()) };
        let log = format!("{}/administration/journal", public_url(body.domain.as_str()));
        let guardians = self.store.guardians(tenant).await?;
        for alert in waiting {
            let Some(alarm) = Alarm::from_word(&alert.alarm) else { continue };
            let Some(entry) = self.store.audit_entry(tenant, alert.seq).await? else { continue };
            let written: Vec<_> = guardians
                .iter()
                .map(|to| {
                    let about = About::of(to, &body);
                    (to.id, letters::alert(&about, alarm, alert.count, &entry, &log, now + DAY))
                })
                .collect();
            self.store.tell_alert(tenant, &alert, &written, now).await?;
        }
        Ok(())
    }
}
