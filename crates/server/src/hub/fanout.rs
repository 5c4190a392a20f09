//! What was kept is told to whom it concerns.

use super::Hub;
use crate::clock;
use beffroi_domain::meeting::guest_address;
use beffroi_domain::{AccountId, Author, Content, Event, MemberRank, RoomId, RoomKind};
use beffroi_store::{Heard, Listener, Notice};
use beffroi_xmpp::carbons::{self, Direction};
use beffroi_xmpp::mam::ArchiveId;
use beffroi_xmpp::meeting::Over;
use beffroi_xmpp::muc::status;
use beffroi_xmpp::{Copies, MessageKind, Place, RoomLook, StreamError, im, room};
use std::sync::Arc;

pub(super) async fn run(hub: Hub, mut listener: Listener) {
    loop {
        match listener.next().await {
            Heard::Notice(notice) => {
                if let Err(error) = hub.tell(notice).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "a notice could not be told");
                }
            }
            Heard::Missed(missed) => {
                // Whoever missed something reads it from the archive after reconnecting.
                tracing::warn!(missed, "notices were lost; every stream starts again");
                let clients: Vec<_> = hub.registry().clients.values().cloned().collect();
                for client in clients {
                    client.end(
                        StreamError::ResourceConstraint,
                        "the server was too busy; reconnect and read the archive",
                    );
                }
            }
            Heard::End => return,
        }
    }
}

impl Hub {
    async fn tell(&self, notice: Notice) -> Result<(), beffroi_store::StoreError> {
        match notice {
            Notice::Event(event) => {
                self.learn(&event).await?;
                self.tell_event(&event).await?;
                if let Content::LabelChanged { .. } = event.content {
                    self.ask_again(event.room).await;
                }
            }
            Notice::OrganisationChanged(_) => self.look_at_organisations().await,
            Notice::RoomsChanged { accounts, room } => {
                for account in accounts.iter() {
                    self.tell_changed(*account, "rooms", Some(room));
                }
            }
            Notice::Read { room, account, seq } => self.tell_read(room, account, seq).await?,
            Notice::Helped(account) => self.tell_changed(account, "help", None),
            Notice::SessionEnded(session) => {
                let why = "this session has ended; sign in again";
                self.end_session(session, StreamError::NotAuthorized, why).await
            }
            // RFC 6120 §4.9.3.3: who is told so does not come back by itself, or two copies would throw each other out
            // for ever.
            Notice::SessionReplaced(session) => {
                let why = "this application password signed in elsewhere; make one for each device";
                self.end_session(session, StreamError::Conflict, why).await
            }
            Notice::SessionLocked(session) => {
                let why = "this session is locked; open it, then come back";
                self.end_session(session, StreamError::NotAuthorized, why).await
            }
            Notice::AccountDisabled(account) => {
                let mut clients = self.registry().everyone();
                clients.retain(|c| c.account() == Some(account));
                for client in clients {
                    self.put_out(&client).await;
                    client.end(StreamError::NotAuthorized, "this account is closed");
                }
            }
            Notice::GuestEnded(guest) => {
                let clients: Vec<_> =
                    self.registry().everyone().into_iter().filter(|c| c.guest() == Some(guest)).collect();
                for client in clients {
                    self.put_out(&client).await;
                    client.end(StreamError::NotAuthorized, "the host ended your visit");
                }
            }
            Notice::MemberRemoved { room, account } => {
                let mut streams = self.registry().everyone();
                streams.retain(|c| c.account() == Some(account));
                for client in streams {
                    self.leave_room(&client, room, &[status::REMOVED]);
                    self.leave_meeting_of(&client, room, Over::Removed).await;
                }
            }
            Notice::PeopleChanged(account) => {
                let tenant = self.app().store().account(account).await?.map(|a| a.tenant);
                let clients: Vec<_> = self
                    .registry()
                    .clients
                    .values()
                    .filter(|c| Some(c.tenant()) == tenant && c.guest().is_none())
                    .cloned()
                    .collect();
                for client in clients {
                    client.send(
                        im::changed(client.caller.tenant.domain.as_str(), "people", None).to(&client.full),
                    );
                }
            }
            Notice::LinkClosed { .. } | Notice::Meeting { .. } => {}
        }
        Ok(())
    }

    /// Ends the streams of a session.
    async fn end_session(&self, session: beffroi_domain::SessionId, error: StreamError, why: &'static str) {
        let clients: Vec<_> =
            self.registry().everyone().into_iter().filter(|c| c.caller.session == session).collect();
        for client in clients {
            self.leave_meetings(&client).await;
            client.end(error, why);
        }
    }

    /// Out of every room and meeting at once, before the stream itself ends.
    async fn put_out(&self, client: &Arc<super::registry::Client>) {
        let rooms: Vec<RoomId> = self
            .registry()
            .rooms
            .iter()
            .filter(|(_, c)| c.occupants.iter().any(|o| o.client.key == client.key))
            .map(|(id, _)| *id)
            .collect();
        for room in rooms {
            self.leave_room(client, room, &[status::KICKED]);
        }
        self.leave_meetings(client).await;
    }

    /// Keeps the facts of occupied rooms true.
    async fn learn(&self, event: &Event) -> Result<(), beffroi_store::StoreError> {
        let changes = matches!(
            event.content,
            Content::LabelChanged { .. } | Content::Renamed { .. } | Content::MemberAdded(..)
        );
        if changes && self.registry().rooms.contains_key(&event.room) {
            let facts = self.app().store().room(event.room).await?;
            if let (Some(crowd), Some(facts)) = (self.registry().rooms.get_mut(&event.room), facts) {
                crowd.room = facts;
            }
        }
        Ok(())
    }

    async fn tell_event(&self, event: &Event) -> Result<(), beffroi_store::StoreError> {
        let crowd = self
            .registry()
            .rooms
            .get(&event.room)
            .map(|c| (c.room.clone(), c.address.clone(), c.occupants.clone()));
        if let Some((room, address, occupants)) = crowd {
            let Some(domain) = occupants.first().map(|o| o.client.caller.tenant.domain.to_string()) else {
                return Ok(());
            };
            let author = match &event.author {
                Author::Account(_, address, _) => address.to_string(),
                Author::Guest(id, _) => guest_address(*id, &occupants[0].client.caller.tenant.domain),
                Author::Server => String::new(),
            };
            let nick = occupants.iter().find(|o| o.client.bare == author).map(|o| o.nick.clone());
            let look = RoomLook { place: Place::Room(&address), label: &room.label, domain: &domain };
            let news = room::event(event, &look, nick.as_deref());
            for occupant in &occupants {
                if occupant.rank == MemberRank::Guest && !self.guest_hears(event, &occupant.client.bare) {
                    continue;
                }
                occupant.client.send(news.to(&occupant.client.full));
            }
            return Ok(());
        }
        // Nobody entered it: a conversation of two, or a room without anyone looking.
        let store = self.app().store();
        let Some(room) = store.room(event.room).await?.filter(|r| r.kind == RoomKind::Direct) else {
            return Ok(());
        };
        let Some(tenant) = store.tenant(room.tenant).await? else { return Ok(()) };
        let ids = store.member_ids(room.id).await?;
        let mut pair = vec![];
        for id in &ids {
            pair.extend(store.account(*id).await?);
        }
        let [a, b] = pair.as_slice() else { return Ok(()) };
        for (reader, other) in [(a, b), (b, a)] {
            let place = Place::Direct { reader: reader.address.as_str(), other: other.address.as_str() };
            let look = RoomLook { place, label: &room.label, domain: tenant.domain.as_str() };
            let wrote = matches!(&event.author, Author::Account(id, ..) if *id == reader.id);
            let streams = self.hearing(reader.id, room.id).await;
            if wrote {
                // The sender's own windows; the one that wrote, if it asked to learn the event's number so.
                let kept = room::event_as_kept(event, &look);
                let origin = match &event.content {
                    Content::Speech(speech) => speech.origin.as_str(),
                    _ => "",
                };
                for stream in streams {
                    let copies = self.registry().copies.get(&stream.key).copied();
                    let own = stream.said(origin);
                    if copies == Some(Copies::Echo) || (copies == Some(Copies::Others) && !own) {
                        stream.send(carbons::copy(Direction::Sent, &kept, &stream.bare, &stream.full));
                    }
                }
            } else {
                let news = room::event(event, &look, None);
                for stream in streams {
                    stream.send(news.to(&stream.full));
                }
            }
            if !matches!(event.content, Content::Speech(_)) {
                self.tell_changed(reader.id, "rooms", Some(room.id));
            }
        }
        Ok(())
    }

    /// The streams of one of two that may hear what is said between them: nobody enters such a room, so nobody is put
    /// out of it when what its label asks for is over.
    async fn hearing(&self, reader: AccountId, room: RoomId) -> Vec<Arc<super::registry::Client>> {
        let all = self.registry().streams_of(reader);
        let mut streams = vec![];
        for stream in all {
            if self.app().still_hears(&stream.caller, room, clock::now()).await.unwrap_or(false) {
                streams.push(stream);
            }
        }
        streams
    }

    /// Guests hear what is said in the meeting they were let into.
    fn guest_hears(&self, event: &Event, guest: &str) -> bool {
        let registry = self.registry();
        let Some(live) = registry.meetings.get(&event.room) else { return false };
        event.meeting() == Some(live.meeting.id) && live.meeting.is_admitted(guest)
    }

    pub(super) fn tell_changed(&self, account: AccountId, what: &str, room: Option<RoomId>) {
        for client in self.registry().streams_of(account) {
            let room = room.map(|r| r.to_string());
            client.send(
                im::changed(client.caller.tenant.domain.as_str(), what, room.as_deref()).to(&client.full),
            );
        }
    }

    async fn tell_read(
        &self,
        room: RoomId,
        account: AccountId,
        seq: i64,
    ) -> Result<(), beffroi_store::StoreError> {
        let id = seq.to_string();
        let crowd = self.registry().rooms.get(&room).map(|c| (c.address.clone(), c.occupants.clone()));
        let store = self.app().store();
        let Some(reader) = store.account(account).await? else { return Ok(()) };
        if let Some((address, occupants)) = crowd {
            let nick = occupants
                .iter()
                .find(|o| o.client.bare == reader.address.as_str())
                .map_or(reader.name.as_str(), |o| &o.nick);
            let who = im::Contact { address: reader.address.as_str(), name: reader.name.as_str() };
            let news = im::displayed(&format!("{address}/{nick}"), MessageKind::Groupchat, &id, Some(&who));
            for occupant in occupants.iter().filter(|o| o.rank != MemberRank::Guest) {
                occupant.client.send(news.to(&occupant.client.full));
            }
            return Ok(());
        }
        let Some(facts) = store.room(room).await?.filter(|r| r.kind == RoomKind::Direct) else {
            return Ok(());
        };
        let id = ArchiveId { room: Some(room), seq }.to_string();
        let news = im::displayed(reader.address.as_str(), MessageKind::Chat, &id, None);
        for other in store.member_ids(facts.id).await?.into_iter().filter(|id| *id != account) {
            for client in self.registry().streams_of(other) {
                client.send(news.to(&client.full));
            }
        }
        // The reader's other windows count again.
        self.tell_changed(account, "rooms", Some(room));
        Ok(())
    }
}
