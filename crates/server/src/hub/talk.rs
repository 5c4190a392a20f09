//! Messages from clients.

use super::registry::Client;
use super::stanzas::Target;
use super::{Hub, answer};
use crate::clock;
use beffroi_app::{Error, Person};
use beffroi_domain::{Address, MeetingId, MemberRank, Room, RoomId, Speech};
use beffroi_xmpp::mam::ArchiveId;
use beffroi_xmpp::{
    ChatState, Condition, Jid, Message, MessageAct, MessageKind, StanzaError, im, iq, stanza,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Hub {
    pub(super) async fn message(&self, client: &Arc<Client>, message: Message) {
        self.used(client).await;
        let to = message.to.as_ref().map(Jid::to_string).unwrap_or_default();
        if let Err(error) = self.said(client, &message).await {
            client.send(iq::message_error(message.id.as_deref(), &to, &client.full, &error));
        }
    }

    /// Writing, typing and reading are use of the session, like a change over HTTP; once a minute is enough.
    pub(super) async fn used(&self, client: &Client) {
        const MINUTE: i64 = 60_000_000;
        let now = clock::now();
        if now - client.touched.load(Ordering::Relaxed) < MINUTE {
            return;
        }
        client.touched.store(now, Ordering::Relaxed);
        if let Err(error) = self.app().store().touch_session(client.caller.session, now).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the use of a session could not be written"
            );
        }
    }

    async fn said(&self, client: &Arc<Client>, message: &Message) -> Result<(), StanzaError> {
        let told = |error: Error| answer::stanza_error(&error);
        if !matches!(message.act, MessageAct::Other) {
            self.app().may_show(&client.caller, "room.speak", clock::now()).await.map_err(told)?;
        }
        match Self::target(client, message.to.as_ref()) {
            Target::Room(slug) => {
                if message.kind != MessageKind::Groupchat {
                    // XEP-0045 §7.5: words for one occupant go to their own address here.
                    return Err(StanzaError::new(
                        Condition::NotAcceptable,
                        "write to the room, or to the person's own address",
                    ));
                }
                let room = self.room_of(client, &slug).await.map_err(told)?;
                self.said_in_room(client, &room, message).await
            }
            Target::Person(bare) => {
                let address: Address = bare.parse().map_err(|_| answer::not_found("person"))?;
                self.said_to(client, &address, message).await
            }
            // Notes to oneself are not a feature yet; states and markers to oneself mean nothing.
            Target::Own => {
                Err(StanzaError::new(Condition::NotAcceptable, "a conversation needs somebody else"))
            }
            Target::Elsewhere => Err(StanzaError::new(
                Condition::RemoteServerNotFound,
                "this server does not talk to other servers yet",
            )),
            Target::Server | Target::Rooms => Err(Condition::ServiceUnavailable.into()),
        }
    }

    async fn said_in_room(
        &self,
        client: &Arc<Client>,
        room: &Room,
        message: &Message,
    ) -> Result<(), StanzaError> {
        let seated = self.occupants(room.id).into_iter().find(|o| o.client.key == client.key);
        // XEP-0045 §7.4: who is not in the room does not speak in it.
        let seated =
            seated.ok_or_else(|| StanzaError::new(Condition::NotAcceptable, "enter the room first"))?;
        match &message.act {
            MessageAct::Speech { payload, thread, origin, .. } => {
                let speech = self.speech(client, room.id, payload, thread.as_deref(), origin.as_deref())?;
                self.app()
                    .say(&client.caller, room.id, speech, clock::now())
                    .await
                    .map_err(|e| answer::stanza_error(&e))?;
            }
            MessageAct::ChatState(state) if seated.rank != MemberRank::Guest => {
                self.typing_in_room(client, room.id, &seated.nick, *state)
            }
            MessageAct::Displayed { id } if seated.rank != MemberRank::Guest => {
                let unknown = |_| StanzaError::new(Condition::ItemNotFound, "no event has this id");
                self.read(client, room.id, id.parse().map_err(unknown)?).await?
            }
            MessageAct::Subject(subject) => {
                let app = self.app();
                app.set_topic(&client.caller, room.id, subject, clock::now())
                    .await
                    .map_err(|e| answer::stanza_error(&e))?;
            }
            MessageAct::ChatState(_) | MessageAct::Displayed { .. } | MessageAct::Other => {}
        }
        Ok(())
    }

    async fn said_to(
        &self,
        client: &Arc<Client>,
        with: &Address,
        message: &Message,
    ) -> Result<(), StanzaError> {
        let told = |error: Error| answer::stanza_error(&error);
        let now = clock::now();
        match &message.act {
            MessageAct::Speech { payload, thread, origin, .. } => {
                let room = self.app().direct(&client.caller, with, now).await.map_err(told)?;
                let speech = self.speech(client, room.id, payload, thread.as_deref(), origin.as_deref())?;
                let origin = speech.origin.clone();
                client.says(&origin);
                if let Err(error) = self.app().say(&client.caller, room.id, speech, now).await {
                    client.said(&origin);
                    return Err(told(error));
                }
            }
            MessageAct::ChatState(state) => {
                if let Some(other) = self.colleague(client, with).await? {
                    let news = im::chat_state(&client.full, MessageKind::Chat, *state, None);
                    for stream in self.registry().streams_of(other) {
                        stream.send(news.to(&stream.full));
                    }
                }
            }
            MessageAct::Displayed { id } => {
                // Between two, other clients mark by the sender's id of the message, which is not ours.
                let Ok(ArchiveId { room: named, seq }) = id.parse() else { return Ok(()) };
                let me = client.account().ok_or_else(|| answer::not_found("person"))?;
                if let Some(other) = self.colleague(client, with).await?
                    && let Some(room) =
                        self.app().store().direct_between(me, other).await.map_err(|e| told(e.into()))?
                    && named.is_none_or(|named| named == room.id)
                {
                    self.read(client, room.id, seq).await?;
                }
            }
            MessageAct::Subject(_) | MessageAct::Other => {}
        }
        Ok(())
    }

    async fn colleague(
        &self,
        client: &Client,
        address: &Address,
    ) -> Result<Option<beffroi_domain::AccountId>, StanzaError> {
        let found = self
            .app()
            .store()
            .account_by_address(address)
            .await
            .map_err(|e| answer::stanza_error(&e.into()))?;
        let same = |account: &beffroi_domain::Account| {
            account.tenant == client.tenant() && account.enabled && client.account().is_some()
        };
        Ok(found.map(|(account, _)| account).filter(same).map(|account| account.id))
    }

    /// What was said, with the meeting it belongs to. A guest's words always belong to the meeting they
    /// were let into, or to nothing.
    fn speech(
        &self,
        client: &Client,
        room: RoomId,
        payload: &str,
        thread: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Speech, StanzaError> {
        let registry = self.registry();
        let live = registry.meetings.get(&room);
        let running = live.map(|l| l.meeting.id);
        let meeting = thread.and_then(|t| t.parse::<MeetingId>().ok()).filter(|id| running == Some(*id));
        if let Person::Guest(_) = &client.caller.person {
            let admitted = live.is_some_and(|l| l.meeting.is_admitted(&client.bare));
            if meeting.is_none() || !admitted {
                return Err(answer::refused(beffroi_domain::meeting::Refused::NotAdmitted));
            }
        }
        drop(registry);
        let payload = match (meeting, thread) {
            (None, Some(thread)) => stanza::with_thread(payload, thread),
            _ => payload.to_owned(),
        };
        // Without an id of the sender's there is nothing to recognise a repetition by.
        let origin = origin.map_or_else(|| format!("{}-{}", client.key.0, clock::now()), str::to_owned);
        Ok(Speech { origin, meeting, payload })
    }

    fn typing_in_room(&self, client: &Client, room: RoomId, nick: &str, state: ChatState) {
        let Some(address) = self.registry().rooms.get(&room).map(|crowd| crowd.address.clone()) else {
            return;
        };
        let news = im::chat_state(&format!("{address}/{nick}"), MessageKind::Groupchat, state, None);
        for other in self
            .occupants(room)
            .iter()
            .filter(|o| o.client.bare != client.bare && o.rank != MemberRank::Guest)
        {
            other.client.send(news.to(&other.client.full));
        }
    }

    async fn read(&self, client: &Client, room: RoomId, seq: i64) -> Result<(), StanzaError> {
        self.app()
            .mark_read(&client.caller, room, seq, clock::now())
            .await
            .map_err(|e| answer::stanza_error(&e))
    }
}
