//! What must be looked at from time to time: sessions that ended elsewhere, meetings out of time, bodies
//! whose settings changed.

use super::Hub;
use super::registry::{Client, Crowd};
use beffroi_app::{LiveNow, Standing};
use beffroi_domain::{RoomId, SessionId};
use beffroi_xmpp::StreamError;
use std::collections::HashMap;
use std::sync::Arc;
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
        hub.use_of_meetings().await;
        hub.look_at_organisations().await;
        hub.close_ended_sessions().await;
    }
}

impl Hub {
    /// Ends the streams of sessions that are over, locked or before a new charter: by a limit, or by the
    /// command line or another node, which cannot announce anything here.
    async fn close_ended_sessions(&self) {
        let clients = self.registry().everyone();
        if clients.is_empty() {
            return;
        }
        let live: HashMap<_, _> = match self.app().live_sessions(crate::clock::now()).await {
            Ok(live) => live.into_iter().collect(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "sessions could not be checked");
                return;
            }
        };
        self.put_out_unproved(&live).await;
        for client in &clients {
            let why = match live.get(&client.caller.session).map(|one| one.standing) {
                Some(Standing::Open) => continue,
                Some(Standing::Locked) => "this session is locked; open it, then come back",
                Some(Standing::Charter) => {
                    "accept the charter of your organisation on the page, then come back"
                }
                None => "this session has ended; sign in again",
            };
            self.leave_meetings(client).await;
            client.end(StreamError::NotAuthorized, why);
            if let (Some(_), Some(account)) = (&client.caller.helper, client.account()) {
                self.tell_changed(account, "help", None); // nobody acts in this name any more
            }
        }
    }

    /// Takes out of rooms and meetings whoever did not prove for too long that it is them. What was just read of the
    /// sessions says who may be over; only those rooms are asked about.
    async fn put_out_unproved(&self, live: &HashMap<SessionId, LiveNow>) {
        let now = crate::clock::now();
        let (rooms, seats) = {
            let registry = self.registry();
            let of = |client: &Client| live.get(&client.caller.session);
            let over = |(_, crowd): &(&RoomId, &Crowd)| {
                let label = &crowd.room.label;
                let old = |client: &Client| !label.recent(of(client).and_then(|one| one.identified), now);
                label.proof_hours.is_some() && crowd.occupants.iter().any(|one| old(&one.client))
            };
            let rooms: Vec<RoomId> = registry.rooms.iter().filter(over).map(|(room, _)| *room).collect();
            let seated = registry.meetings.iter().flat_map(|(room, meeting)| {
                meeting.seats.values().map(move |client| (*room, client.clone()))
            });
            let aged = |(_, client): &(RoomId, Arc<Client>)| of(client).is_some_and(|one| one.aged);
            (rooms, seated.filter(aged).collect::<Vec<_>>())
        };
        for room in rooms {
            self.ask_again(room).await;
        }
        // A call between two has a meeting, and no crowd.
        for (room, client) in seats {
            if !self.app().still_hears(&client.caller, room, now).await.unwrap_or(false) {
                self.label_changed(room).await;
            }
        }
    }

    /// Who is in a meeting is there, whether they touch the page or not: their sessions are in use.
    async fn use_of_meetings(&self) {
        let here: Vec<_> = {
            let registry = self.registry();
            let seated = |live: &super::registry::Live| {
                let here = live.seats.iter().filter(|(id, _)| !live.lost.contains_key(id));
                here.map(|(_, client)| client.clone()).collect::<Vec<_>>()
            };
            registry.meetings.values().flat_map(seated).collect()
        };
        for client in here {
            self.used(&client).await;
        }
    }
}
