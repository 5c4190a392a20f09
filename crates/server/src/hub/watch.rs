//! What must be looked at from time to time: sessions that ended elsewhere, meetings out of time, bodies
//! whose settings changed.

use super::Hub;
use beffroi_xmpp::StreamError;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Twice within the two seconds that ID11 allows.
const EVERY: Duration = Duration::from_secs(1);
/// Seconds between two rounds of putting away.
const TIDY: u64 = 3600;

pub(super) async fn run(hub: Hub) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for second in 0_u64.. {
        tick.tick().await;
        if second % TIDY == 0
            && let Err(error) = hub.app().tidy(crate::clock::now()).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "tidying up failed; it is tried again in an hour"
            );
        }
        hub.sweep_meetings().await;
        hub.look_at_organisations().await;
        hub.close_ended_sessions().await;
    }
}

impl Hub {
    /// Ends the streams of sessions that are over: by a limit, or by the command line or another node,
    /// which cannot announce anything here.
    async fn close_ended_sessions(&self) {
        let clients = self.registry().everyone();
        if clients.is_empty() {
            return;
        }
        let live: HashMap<_, _> = match self.app().live_sessions(crate::clock::now()).await {
            Ok(live) => live.into_iter().map(|id| (id, ())).collect(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "sessions could not be checked");
                return;
            }
        };
        for client in clients.iter().filter(|c| !live.contains_key(&c.caller.session)) {
            self.leave_meetings(client).await;
            client.end(StreamError::NotAuthorized, "this session has ended; sign in again");
            if let (Some(_), Some(account)) = (&client.caller.helper, client.account()) {
                self.tell_changed(account, "help", None); // nobody acts in this name any more
            }
        }
    }
}
