//! Being there: for colleagues (RFC 6121), and in rooms (XEP-0045).

use super::registry::{Client, Crowd, Occupant};
use super::stanzas::Target;
use super::{Hub, answer};
use crate::clock;
use beffroi_app::{Error, Person};
use beffroi_domain::{MemberRank, Room, RoomId};
use beffroi_store::Range;
use beffroi_xmpp::muc::{self, status};
use beffroi_xmpp::{
    Availability, Condition, Jid, Place, Presence, PresenceKind, RoomLook, StanzaError, im, iq, room,
};
use std::sync::Arc;

/// Events sent on joining when the client does not say how many it wants.
const USUAL_HISTORY: u32 = 20;
/// Events sent on joining at most; the archive has the rest.
const MOST_HISTORY: u32 = 100;

impl Hub {
    pub(super) async fn presence(&self, client: &Arc<Client>, presence: Presence) {
        let to = presence.to.as_ref().map(Jid::to_string).unwrap_or_default();
        let target = Self::target(client, presence.to.as_ref());
        let outcome = match (presence.kind, target) {
            (PresenceKind::Available(here), Target::Own) if presence.to.is_none() => {
                self.tell_available(client, here);
                Ok(())
            }
            (PresenceKind::Unavailable, Target::Own) if presence.to.is_none() => {
                if self.registry().present.remove(&client.key).is_some() {
                    self.tell_unavailable(client);
                }
                Ok(())
            }
            (PresenceKind::JoinRoom { nick, history }, Target::Room(slug)) => {
                self.join_room(client, &slug, &nick, history.max_stanzas.unwrap_or(USUAL_HISTORY)).await
            }
            (PresenceKind::LeaveRoom, Target::Room(slug)) => {
                let address = format!("{slug}@rooms.{}", client.caller.tenant.domain);
                let room =
                    self.registry().rooms.iter().find(|(_, c)| c.address == address).map(|(id, _)| *id);
                if let Some(room) = room {
                    self.leave_room(client, room, &[]);
                }
                Ok(())
            }
            // A change of one's own state in a room (XEP-0045 §7.7): told with the presence to everybody.
            (PresenceKind::Available(_), Target::Room(_)) => Ok(()),
            (PresenceKind::Probe, Target::Person(bare)) => {
                self.probe(client, &bare);
                Ok(())
            }
            // Everyone of the tenant follows everyone already; nothing changes by asking.
            (PresenceKind::Subscription(_) | PresenceKind::Error | PresenceKind::Unavailable, _) => Ok(()),
            (_, Target::Elsewhere) => Err(StanzaError::new(
                Condition::RemoteServerNotFound,
                "this server does not talk to other servers yet",
            )),
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            client.send(iq::presence_error(presence.id.as_deref(), &to, &client.full, &error));
        }
    }

    fn tell_available(&self, client: &Arc<Client>, here: Availability) {
        if client.account().is_none() {
            // Guests have no colleagues.
            return;
        }
        let mut registry = self.registry();
        if client.looks_on() {
            let others = registry.available_in(client.tenant());
            drop(registry);
            for (other, their) in others {
                client.send(im::available(&other.full, &their).to(&client.full));
            }
            return;
        }
        let is_new = registry.present.insert(client.key, here.clone()).is_none();
        let others = registry.available_in(client.tenant());
        drop(registry);
        if is_new {
            self.called_to_window(client, true);
        }
        let mine = im::available(&client.full, &here);
        for (other, their) in others {
            other.send(mine.to(&other.full));
            if is_new && other.key != client.key {
                client.send(im::available(&other.full, &their).to(&client.full));
            }
        }
    }

    pub(super) fn tell_unavailable(&self, client: &Client) {
        if client.account().is_none() {
            return;
        }
        self.called_to_window(client, false);
        let gone = im::unavailable(&client.full);
        let others = self.registry().available_in(client.tenant());
        for (other, _) in others {
            other.send(gone.to(&other.full));
        }
    }

    fn probe(&self, client: &Client, bare: &str) {
        let here = self.registry().available_in(client.tenant());
        for (other, their) in here.iter().filter(|(c, _)| c.bare == bare) {
            client.send(im::available(&other.full, their).to(&client.full));
        }
    }

    async fn join_room(
        &self,
        client: &Arc<Client>,
        slug: &str,
        asked: &str,
        history: u32,
    ) -> Result<(), StanzaError> {
        let told = |error: Error| answer::stanza_error(&error);
        let now = clock::now();
        let room = self.room_of(client, slug).await.map_err(told)?;
        let rank = match &client.caller.person {
            Person::Account(account) => {
                self.app()
                    .authorise::<beffroi_policy::ReadRoom>(&client.caller, room.id, now)
                    .await
                    .map_err(told)?;
                self.app()
                    .store()
                    .membership(room.id, account.id)
                    .await
                    .map_err(|e| told(e.into()))?
                    .unwrap_or(MemberRank::Member)
            }
            Person::Guest(_) => {
                self.app().may_join(&client.caller, room.id, now).await.map_err(told)?;
                if !self.is_admitted(room.id, &client.bare) {
                    return Err(answer::refused(beffroi_domain::meeting::Refused::NotAdmitted));
                }
                MemberRank::Guest
            }
        };
        let address = crate::http::room_address(&room, &client.caller.tenant);
        let (me, is_new) = self.seat(client, &room, &address, rank);
        let others = self.occupants(room.id);
        let here = Availability::default();
        let shown = |o: &Occupant| (o.nick.clone(), o.client.full.clone(), o.rank);
        if rank != MemberRank::Guest {
            for (nick, full, rank) in
                others.iter().filter(|o| o.client.key != client.key && o.is_shown()).map(shown)
            {
                let occupant =
                    muc::Occupant { room: &address, nick: &nick, address: &full, rank: Some(rank) };
                client.send(muc::here(&occupant, &here, &[]).to(&client.full));
            }
            if is_new && !client.looks_on() {
                let mine =
                    muc::Occupant { room: &address, nick: &me, address: &client.full, rank: Some(rank) };
                let news = muc::here(&mine, &here, &[]);
                for other in
                    others.iter().filter(|o| o.client.key != client.key && o.rank != MemberRank::Guest)
                {
                    other.client.send(news.to(&other.client.full));
                }
            }
        }
        let mut codes = vec![status::NOT_ANONYMOUS, status::SELF];
        if me != asked {
            codes.push(status::NICK_GIVEN);
        }
        let mine = muc::Occupant { room: &address, nick: &me, address: &client.full, rank: Some(rank) };
        client.send(muc::here(&mine, &here, &codes).to(&client.full));
        if history > 0 && rank != MemberRank::Guest {
            let range = Range { limit: history.min(MOST_HISTORY), newest_first: true, ..Range::default() };
            let page = self.app().history(&client.caller, room.id, range, None, now).await.map_err(told)?;
            let look = RoomLook {
                place: Place::Room(&address),
                label: &room.label,
                domain: client.caller.tenant.domain.as_str(),
            };
            for event in &page.events {
                client.send(room::past_event(event, &look).to(&client.full));
            }
        }
        client.send(muc::subject(&address, &room.topic).to(&client.full));
        Ok(())
    }

    /// Puts a stream into a room; its nick there, and whether it is new.
    fn seat(&self, client: &Arc<Client>, room: &Room, address: &str, rank: MemberRank) -> (String, bool) {
        let mut registry = self.registry();
        let crowd = registry.rooms.entry(room.id).or_insert_with(|| Crowd {
            room: room.clone(),
            address: address.to_owned(),
            occupants: vec![],
        });
        crowd.room = room.clone();
        if let Some(seated) = crowd.occupants.iter().find(|o| o.client.key == client.key) {
            return (seated.nick.clone(), false);
        }
        // Windows of one person share a nick; people of the same name are numbered (docs/protocol.md).
        let name = client.caller.name();
        let nick = match crowd.occupants.iter().find(|o| o.client.bare == client.bare) {
            Some(same) => same.nick.clone(),
            None => (1..)
                .map(|n| if n == 1 { name.to_owned() } else { format!("{name} ({n})") })
                .find(|nick| crowd.occupants.iter().all(|o| o.nick != *nick))
                .expect("numbers do not end"),
        };
        crowd.occupants.push(Occupant { client: client.clone(), nick: nick.clone(), rank });
        (nick, true)
    }

    /// Everyone in a room now.
    pub(super) fn occupants(&self, room: RoomId) -> Vec<Occupant> {
        self.registry().rooms.get(&room).map(|crowd| crowd.occupants.clone()).unwrap_or_default()
    }

    /// Takes a stream out of a room and tells the others; `codes` say how it was put out, if it was.
    pub(super) fn leave_room(&self, client: &Client, room: RoomId, codes: &[u16]) {
        let mut registry = self.registry();
        let Some(crowd) = registry.rooms.get_mut(&room) else { return };
        let Some(place) = crowd.occupants.iter().position(|o| o.client.key == client.key) else { return };
        let left = crowd.occupants.remove(place);
        let (address, others) = (crowd.address.clone(), crowd.occupants.clone());
        if others.is_empty() {
            registry.rooms.remove(&room);
        }
        drop(registry);
        let rank = if codes.contains(&status::REMOVED) { None } else { Some(left.rank) };
        let who = muc::Occupant { room: &address, nick: &left.nick, address: &client.full, rank };
        let own: Vec<u16> = codes.iter().copied().chain([status::SELF]).collect();
        client.send(muc::gone(&who, None, &own).to(&client.full));
        if !left.is_shown() {
            return;
        }
        let news = muc::gone(&who, None, codes);
        for other in others.iter().filter(|o| o.rank != MemberRank::Guest) {
            other.client.send(news.to(&other.client.full));
        }
    }
}
