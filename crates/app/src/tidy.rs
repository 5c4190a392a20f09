//! What is put away from time to time.

use crate::{App, Error};
use beffroi_domain::Micros;
use beffroi_store::Notice;

const HOUR: Micros = 3_600_000_000;
/// An upload that nobody goes on with is forgotten after a week.
const UPLOADS: Micros = 7 * 24 * HOUR;
/// A place from which nobody signed in for a quarter is a stranger again.
const PLACES: Micros = 90 * 24 * HOUR;
/// A browser from which nobody signed in for a year is a stranger again; its cookie is over by then too.
const BROWSERS: Micros = 365 * 24 * HOUR;
/// A file of people that waits, applied or not, is forgotten after a day.
const IMPORTS: Micros = 24 * HOUR;

/// Alerts are listed for thirty days; what they speak of stays in the log.
pub(crate) const ALERTS: Micros = 30 * 24 * HOUR;

impl App {
    /// Ends sessions out of their limits, and forgets what labels, uploads and counters keep no longer.
    ///
    /// # Errors
    /// The store's; the rest is done the next time.
    pub async fn tidy(&self, now: Micros) -> Result<(), Error> {
        let (idle, absolute) = self.rules.sessions.spans();
        for session in self.store.end_expired(now - idle, now - absolute).await? {
            self.announce(Notice::SessionEnded(session));
        }
        self.store.forget_old_uploads(now - UPLOADS).await?;
        self.store.forget_old_waits(now - PLACES).await?;
        self.store.forget_old_browsers(now - BROWSERS).await?;
        self.store.forget_old_ceremonies(now).await?;
        self.store.forget_old_device_codes(now).await?;
        self.store.forget_old_mail(now).await?;
        self.store.forget_old_imports(now - IMPORTS).await?;
        self.store.forget_old_mail_codes(now).await?;
        self.store.forget_old_alerts(now - ALERTS).await?;
        self.store.forget_past(now).await?;
        Ok(())
    }
}
