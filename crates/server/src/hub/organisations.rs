//! A body changed its labels, or what someone is cleared for: who is in a room is asked again, and open
//! pages are told.

use super::Hub;
use super::registry::Client;
use crate::clock;
use beffroi_domain::{RoomId, TenantId};
use beffroi_xmpp::im;
use beffroi_xmpp::muc::status;
use std::sync::Arc;

impl Hub {
    /// Looks whether a body's settings moved, by this process, another one or the calendar, and acts on it.
    pub(super) async fn look_at_organisations(&self) {
        let mut known = self.0.revisions.lock().await;
        let found = match self.app().store().revisions(clock::now()).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "organisations could not be looked at"
                );
                return;
            }
        };
        for (tenant, revision) in found {
            // A body that was never looked at: its pages opened after this, and read it as it is.
            let Some(before) = known.insert(tenant, revision) else { continue };
            if before != revision {
                // By another machine, maybe, of which this process keeps in memory what was before: who hears a
                // room is asked once, here, and never again.
                self.app().store().forget_facts();
                self.organisation_changed(tenant).await;
            }
        }
    }

    async fn organisation_changed(&self, tenant: TenantId) {
        let rooms: Vec<_> = {
            let registry = self.registry();
            let crowds = registry.rooms.iter().filter(|(_, crowd)| crowd.room.tenant == tenant);
            let meetings = registry.meetings.iter();
            let held =
                meetings.filter(|(_, live)| live.seats.values().any(|client| client.tenant() == tenant));
            let mut rooms: Vec<RoomId> = crowds.map(|(id, _)| *id).chain(held.map(|(id, _)| *id)).collect();
            rooms.sort_unstable();
            rooms.dedup();
            rooms
        };
        for room in rooms {
            match self.app().store().room(room).await {
                Ok(Some(facts)) => {
                    if let Some(crowd) = self.registry().rooms.get_mut(&room) {
                        crowd.room = facts;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a room could not be looked at");
                }
            }
            self.ask_again(room).await;
        }
        let clients: Vec<Arc<Client>> = {
            let registry = self.registry();
            registry
                .clients
                .values()
                .filter(|c| c.tenant() == tenant && c.guest().is_none())
                .cloned()
                .collect()
        };
        for client in clients {
            let domain = client.caller.tenant.domain.as_str();
            client.send(im::changed(domain, "organisation", None).to(&client.full));
        }
    }

    /// What a room asks for has changed, or what someone may: everybody who hears it is asked again.
    pub(super) async fn ask_again(&self, room: RoomId) {
        for occupant in self.occupants(room) {
            let client = &occupant.client;
            // Could not find out is not a yes: the stream comes back and is asked as a new one.
            if !self.app().still_hears(&client.caller, room, clock::now()).await.unwrap_or(false) {
                self.leave_room(client, room, &[status::KICKED]);
            }
        }
        self.label_changed(room).await;
    }
}
