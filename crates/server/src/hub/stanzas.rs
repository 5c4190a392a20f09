//! What a client asks for, by kind.

use super::registry::{Client, Home};
use super::{Hub, answer};
use crate::clock;
use beffroi_app::Error;
use beffroi_domain::{Room, RoomId, RoomKind};
use beffroi_xmpp::disco::Thing;
use beffroi_xmpp::im::Contact;
use beffroi_xmpp::{Condition, Iq, IqRequest, Jid, Stanza, StanzaError, disco, im, iq, mam};
use std::sync::Arc;

pub(super) async fn handle(hub: &Hub, client: &Arc<Client>, stanza: Stanza) {
    // An application holds its password and would come back at once: it is in use as long as it speaks. A page
    // that was left open is not, see `message`.
    if client.caller.application.is_some() {
        hub.used(client).await;
    }
    match stanza {
        Stanza::Message(message) => hub.message(client, message).await,
        Stanza::Presence(presence) => hub.presence(client, presence).await,
        Stanza::Iq(iq) => hub.iq(client, iq).await,
        Stanza::IqReply { .. } => {}
    }
}

/// Whom a stanza is for, seen from one client.
pub(super) enum Target {
    /// Their own account, or nobody named.
    Own,
    /// The server.
    Server,
    /// The home of rooms.
    Rooms,
    /// A room of the tenant, by its slug.
    Room(String),
    /// Somebody of the tenant, bare.
    Person(String),
    /// Somewhere else.
    Elsewhere,
}

impl Hub {
    pub(super) fn target(client: &Client, to: Option<&Jid>) -> Target {
        let Some(to) = to else { return Target::Own };
        let domain = client.caller.tenant.domain.as_str();
        match (&to.local, to.domain.as_str()) {
            _ if to.bare() == client.bare => Target::Own,
            (None, d) if d == domain => Target::Server,
            (None, d) if d.strip_prefix("rooms.") == Some(domain) => Target::Rooms,
            (Some(slug), d) if d.strip_prefix("rooms.") == Some(domain) => Target::Room(slug.clone()),
            (Some(_), d) if d == domain => Target::Person(to.bare()),
            _ => Target::Elsewhere,
        }
    }

    /// The room of a slug in the client's tenant.
    pub(super) async fn room_of(&self, client: &Client, slug: &str) -> Result<Room, Error> {
        // Whoever is in it already needs no look-up.
        let address = format!("{slug}@rooms.{}", client.caller.tenant.domain);
        let known = self
            .registry()
            .rooms
            .values()
            .find(|crowd| crowd.address == address)
            .map(|crowd| crowd.room.clone());
        match known {
            Some(room) => Ok(room),
            None => Ok(self
                .app()
                .store()
                .room_by_slug(client.tenant(), slug)
                .await?
                // A room of two is found by the other's address, and by nothing that could be guessed.
                .filter(|room| room.kind == RoomKind::Group)
                .ok_or(Error::NotFound("room"))?),
        }
    }

    async fn iq(&self, client: &Arc<Client>, request: Iq) {
        let me = client.full.as_str();
        let asked = request.to.as_ref().map(Jid::to_string).unwrap_or_default();
        if let Some(reply) = iq::plain(&request, me) {
            client.send(reply);
            return;
        }
        let id = request.id.clone();
        if let Err(error) = self.asked(client, request).await {
            client.send(iq::error(&id, &asked, me, &error));
        }
    }

    async fn asked(&self, client: &Arc<Client>, request: Iq) -> Result<(), StanzaError> {
        let me = client.full.as_str();
        let from = request.to.as_ref().map(Jid::to_string).unwrap_or_default();
        let (id, now) = (request.id.as_str(), clock::now());
        let told = |error: Error| answer::stanza_error(&error);
        match (request.request, Self::target(client, request.to.as_ref())) {
            (IqRequest::RosterGet, Target::Own) => {
                let people = self.app().roster(&client.caller, now).await.map_err(told)?;
                let contacts: Vec<_> = people
                    .iter()
                    .map(|a| Contact { address: a.address.as_str(), name: a.name.as_str() })
                    .collect();
                client.send(im::roster(id, me, &contacts));
            }
            (IqRequest::Carbons(copies), Target::Own | Target::Server) => {
                self.registry().copies.insert(client.key, copies);
                client.send(iq::result(id, "", me));
            }
            (IqRequest::DiscoInfo { .. }, Target::Server) => {
                client.send(disco::info(id, &from, me, Thing::Server))
            }
            (IqRequest::DiscoInfo { .. }, Target::Rooms) => {
                client.send(disco::info(id, &from, me, Thing::Rooms))
            }
            (IqRequest::DiscoInfo { .. }, Target::Own | Target::Person(_)) => {
                client.send(disco::info(id, &from, me, Thing::Account))
            }
            (IqRequest::DiscoInfo { .. }, Target::Room(slug)) => {
                let room = self.room_of(client, &slug).await.map_err(told)?;
                let view = self.app().room(&client.caller, room.id, now).await.map_err(told)?;
                let members = u32::try_from(view.members.len()).unwrap_or(u32::MAX);
                client.send(disco::info(
                    id,
                    &from,
                    me,
                    Thing::Room { name: room.name.as_str(), topic: &room.topic, members },
                ));
            }
            (IqRequest::DiscoItems { .. }, Target::Server) => {
                let rooms = format!("rooms.{}", client.caller.tenant.domain);
                client.send(disco::items(id, &from, me, &[(&rooms, "Salons")]));
            }
            (IqRequest::DiscoItems { .. }, Target::Rooms) => {
                let rows = self.app().rooms(&client.caller).await.map_err(told)?;
                let groups = rows.iter().filter(|r| r.peer.is_none());
                let named: Vec<_> = groups
                    .map(|r| {
                        (crate::http::room_address(&r.room, &client.caller.tenant), r.room.name.to_string())
                    })
                    .collect();
                let items: Vec<_> =
                    named.iter().map(|(address, name)| (address.as_str(), name.as_str())).collect();
                client.send(disco::items(id, &from, me, &items));
            }
            (IqRequest::DiscoItems { .. }, Target::Own | Target::Person(_) | Target::Room(_)) => {
                client.send(disco::items(id, &from, me, &[]))
            }
            (IqRequest::ArchiveForm, Target::Own | Target::Room(_)) => client.send(mam::form(id, &from, me)),
            (IqRequest::Archive(query), Target::Own) => self.own_archive(client, id, &query).await?,
            (IqRequest::Archive(query), Target::Room(slug)) => {
                let room = self.room_of(client, &slug).await.map_err(told)?;
                self.room_archive(client, id, &room, &query).await?;
            }
            (IqRequest::Meeting(request), Target::Room(slug)) => {
                let room = self.room_of(client, &slug).await.map_err(told)?;
                let home = Home::Room(crate::http::room_address(&room, &client.caller.tenant));
                self.meeting(client, id, room, home, request).await?;
            }
            (IqRequest::Meeting(request), Target::Person(bare)) => {
                let (room, home) = self.room_with(client, &bare, &request).await.map_err(told)?;
                self.meeting(client, id, room, home, request).await?;
            }
            (IqRequest::Ping, Target::Room(slug)) => {
                // XEP-0410 §3.3: a client asks so whether it is still in the room.
                let room = self.room_of(client, &slug).await.map_err(told)?;
                if !self.occupants(room.id).iter().any(|o| o.client.key == client.key) {
                    return Err(StanzaError::new(Condition::NotAcceptable, "you are not in this room"));
                }
                client.send(iq::result(id, &from, me));
            }
            (IqRequest::ArchiveMetadata, Target::Own) => {
                let ends = self.own_archive_ends(client).await?;
                client.send(mam::metadata(id, &from, me, ends));
            }
            (IqRequest::ArchiveMetadata, Target::Room(slug)) => {
                let room = self.room_of(client, &slug).await.map_err(told)?;
                let ends = self.archive_ends(client, &room).await?;
                client.send(mam::metadata(id, &from, me, ends));
            }
            (_, Target::Elsewhere) => {
                return Err(StanzaError::new(
                    Condition::RemoteServerNotFound,
                    "this server does not talk to other servers yet",
                ));
            }
            _ => return Err(Condition::ServiceUnavailable.into()),
        }
        Ok(())
    }

    /// A stream is over: it leaves its rooms, its presence goes, and its seat in a meeting waits a moment.
    pub(super) async fn stream_closed(&self, client: &Arc<Client>) {
        let was_present = self.registry().present.contains_key(&client.key);
        let rooms: Vec<RoomId> = self.registry().remove(client);
        for room in rooms {
            self.leave_room(client, room, &[]);
        }
        self.lose_seats(client);
        if was_present {
            self.tell_unavailable(client);
        }
    }
}
