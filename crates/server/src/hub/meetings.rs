//! Meetings: the bell, the door, the seats. Media is elsewhere; here it is told who may send what.

use super::registry::{Client, Live};
use super::{Hub, answer};
use crate::clock;
use crate::media::MediaEvent;
use beffroi_app::{Error, Person};
use beffroi_domain::meeting::{Meeting, ParticipantId, Refused};
use beffroi_domain::{Author, MemberRank, Room, RoomId};
use beffroi_xmpp::meeting::{self as words, MeetingRequest, Over, Slot, SlotKind, View};
use beffroi_xmpp::{Condition, StanzaError, iq};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A meeting that nobody is in ends after this long: a page may be loaded again meanwhile.
const EMPTY: i64 = 20_000_000;
/// A bell that nobody followed.
const UNANSWERED: i64 = 120_000_000;

impl Hub {
    pub(super) async fn meeting(
        &self,
        client: &Arc<Client>,
        id: &str,
        room: Room,
        request: MeetingRequest,
    ) -> Result<(), StanzaError> {
        let told = |error: Error| answer::stanza_error(&error);
        let (me, now) = (client.full.as_str(), clock::now());
        let address = crate::http::room_address(&room, &client.caller.tenant);
        match request {
            MeetingRequest::Ring => {
                let meeting = self.ring(client, &room, &address).await.map_err(told)?;
                client.send(words::rung(id, meeting, &address, me));
                return Ok(());
            }
            MeetingRequest::State => {
                match &client.caller.person {
                    Person::Account(_) => {
                        self.app().may_join(&client.caller, room.id, now).await.map_err(told)?
                    }
                    Person::Guest(_) => {
                        self.app().may_knock(&client.caller, room.id, now).await.map_err(told)?
                    }
                }
                let door = self.app().keeps_door(&client.caller, room.id, now).await.map_err(told)?;
                let registry = self.registry();
                let live = registry.meetings.get(&room.id);
                let answer = match live {
                    None => words::state_result(id, None, &address, me),
                    Some(live) => {
                        let (seat, slots) = seat_of(live, client);
                        let outside = client.guest().is_some() && !live.meeting.is_admitted(&client.bare);
                        let view = View { me: seat, door, outside, slots: &slots };
                        words::state_result(id, Some((&live.meeting, &view)), &address, me)
                    }
                };
                drop(registry);
                client.send(answer);
                return Ok(());
            }
            MeetingRequest::Knock => self.knock(client, &room).await?,
            MeetingRequest::Join { sdp } => {
                let (participant, answer) = self.join(client, &room, sdp).await?;
                client.send(words::joined(id, participant, &answer, &address, me));
                self.push_state(room.id);
                return Ok(());
            }
            MeetingRequest::Leave => self.leave_meeting_of(client, room.id, Over::Ended).await,
            MeetingRequest::Media(sending) => {
                let participant = self.change(room.id, |live| {
                    let seat = seat_of(live, client).0.ok_or(Refused::Gone)?;
                    live.meeting.send(seat, sending).map(|()| seat)
                })?;
                let sending = beffroi_sfu::Sending {
                    audio: sending.audio,
                    video: sending.video,
                    screen: sending.screen,
                };
                if let Some(key) = self.media_key(room.id) {
                    self.media().set_media(key, participant.0, sending).await;
                }
            }
            MeetingRequest::Hand(raised) => self.change(room.id, |live| {
                let seat = seat_of(live, client).0.ok_or(Refused::Gone)?;
                live.meeting.hand(seat, raised)
            })?,
            MeetingRequest::Lower(who) => {
                self.app()
                    .keep_door(&client.caller, room.id, "meeting.lower", "", now)
                    .await
                    .map_err(told)?;
                self.change(room.id, |live| live.meeting.hand(who, false))?;
            }
            MeetingRequest::Admit(guest) => {
                self.app()
                    .keep_door(&client.caller, room.id, "meeting.admit", &guest, now)
                    .await
                    .map_err(told)?;
                self.change(room.id, |live| {
                    live.meeting.admit(&guest)?;
                    Ok(())
                })?;
            }
            MeetingRequest::Refuse(guest) => {
                self.app()
                    .keep_door(&client.caller, room.id, "meeting.refuse", &guest, now)
                    .await
                    .map_err(told)?;
                let sent_away = self.change(room.id, |live| {
                    live.meeting.refuse(&guest)?;
                    let (away, stay) = live.door.drain(..).partition::<Vec<_>, _>(|c| c.bare == guest);
                    live.door = stay;
                    Ok(away)
                })?;
                self.say_over(room.id, &sent_away, Over::Refused);
            }
            MeetingRequest::Remove(who) => {
                let target =
                    self.registry().meetings.get(&room.id).and_then(|l| l.meeting.participant(who).cloned());
                let target = target.ok_or_else(|| answer::refused(Refused::Gone))?;
                self.app()
                    .keep_door(&client.caller, room.id, "meeting.remove", &target.address, now)
                    .await
                    .map_err(told)?;
                self.remove(room.id, who).await?;
            }
            MeetingRequest::End => {
                self.app().keep_door(&client.caller, room.id, "meeting.end", "", now).await.map_err(told)?;
                self.end_meeting(room.id, client.caller.author()).await;
            }
        }
        client.send(iq::result(id, &address, me));
        self.push_state(room.id);
        Ok(())
    }

    async fn ring(
        &self,
        client: &Client,
        room: &Room,
        address: &str,
    ) -> Result<beffroi_domain::MeetingId, Error> {
        let _one_at_a_time = self.0.bell.lock().await;
        let now = clock::now();
        let running = self.registry().meetings.get(&room.id).map(|live| live.meeting.id);
        if let Some(running) = running {
            self.app().may_join(&client.caller, room.id, now).await?;
            return Ok(running);
        }
        let (id, facts) = self.app().ring(&client.caller, room.id, now).await?;
        let live = Live {
            meeting: Meeting::new(id, now, facts.label.meeting_minutes),
            room_address: address.to_owned(),
            seats: Default::default(),
            door: vec![],
            slots: Default::default(),
            speaking: vec![],
            empty_since: None,
        };
        self.registry().meetings.insert(room.id, live);
        self.app().tell_rooms(room.id).await?;
        Ok(id)
    }

    async fn knock(&self, client: &Arc<Client>, room: &Room) -> Result<(), StanzaError> {
        if client.guest().is_none() {
            return Err(StanzaError::new(Condition::NotAllowed, "members come in without knocking"));
        }
        self.app()
            .may_knock(&client.caller, room.id, clock::now())
            .await
            .map_err(|e| answer::stanza_error(&e))?;
        self.change(room.id, |live| {
            live.meeting.knock(&client.bare, client.caller.name(), clock::now())?;
            if !live.door.iter().any(|c| c.key == client.key) {
                live.door.push(client.clone());
            }
            Ok(())
        })
        .map_err(|error| match error.condition {
            Condition::ItemNotFound => {
                StanzaError::new(Condition::ItemNotFound, "the meeting has not begun; this page waits for it")
            }
            _ => error,
        })
    }

    async fn join(
        &self,
        client: &Arc<Client>,
        room: &Room,
        sdp: String,
    ) -> Result<(ParticipantId, String), StanzaError> {
        self.app()
            .may_join(&client.caller, room.id, clock::now())
            .await
            .map_err(|e| answer::stanza_error(&e))?;
        let rank = match &client.caller.person {
            Person::Guest(_) => MemberRank::Guest,
            Person::Account(a) => {
                let rank = self
                    .app()
                    .store()
                    .membership(room.id, a.id)
                    .await
                    .map_err(|e| answer::stanza_error(&e.into()))?;
                rank.unwrap_or(MemberRank::Member)
            }
        };
        // One person sits once: a second window takes the place of the first.
        let earlier: Vec<_> = {
            let registry = self.registry();
            let live = registry.meetings.get(&room.id).ok_or_else(|| answer::not_found("meeting"))?;
            live.seats.values().filter(|c| c.bare == client.bare).cloned().collect()
        };
        for seat in earlier {
            self.leave_meeting_of(&seat, room.id, Over::Replaced).await;
        }
        let participant = self.change(room.id, |live| {
            let id = live.meeting.join(&client.bare, client.caller.name(), rank)?;
            live.seats.insert(id, client.clone());
            live.door.retain(|c| c.key != client.key);
            live.empty_since = None;
            Ok(id)
        })?;
        let key = self.media_key(room.id).ok_or_else(|| answer::not_found("meeting"))?;
        match self.media().join(key, participant.0, sdp).await {
            Ok(answer) => Ok((participant, answer)),
            Err(error) => {
                let _ = self.change(room.id, |live| {
                    live.seats.remove(&participant);
                    live.meeting.leave(participant);
                    Ok(())
                });
                Err(StanzaError::new(Condition::NotAcceptable, error.to_string()))
            }
        }
    }

    /// Changes a meeting; what it refuses becomes a stanza error.
    fn change<T>(
        &self,
        room: RoomId,
        change: impl FnOnce(&mut Live) -> Result<T, Refused>,
    ) -> Result<T, StanzaError> {
        let mut registry = self.registry();
        let live = registry.meetings.get_mut(&room).ok_or_else(|| answer::not_found("meeting"))?;
        change(live).map_err(answer::refused)
    }

    fn media_key(&self, room: RoomId) -> Option<u64> {
        self.registry().meetings.get(&room).map(|live| live.meeting.id.0.unsigned_abs())
    }

    pub(super) fn is_admitted(&self, room: RoomId, guest: &str) -> bool {
        self.registry().meetings.get(&room).is_some_and(|live| live.meeting.is_admitted(guest))
    }

    /// Sends the whole state to everyone in the meeting and at its door.
    pub(super) fn push_state(&self, room: RoomId) {
        self.push_to(room, None);
    }

    /// Sends the whole state to one participant, or to everyone.
    fn push_to(&self, room: RoomId, only: Option<ParticipantId>) {
        let registry = self.registry();
        let Some(live) = registry.meetings.get(&room) else { return };
        let mut frames = vec![];
        for (id, client) in live.seats.iter().filter(|(id, _)| only.is_none_or(|only| only == **id)) {
            let rank = live.meeting.participant(*id).map(|p| p.rank);
            let door = rank.is_some_and(|r| r >= MemberRank::Moderator);
            let none = vec![];
            let slots = live.slots.get(id).unwrap_or(&none);
            let view = View { me: Some(*id), door, outside: false, slots };
            frames
                .push((client.clone(), words::state(&live.meeting, &view, &live.room_address, &client.full)));
        }
        for client in live.door.iter().filter(|_| only.is_none()) {
            let view =
                View { me: None, door: false, outside: !live.meeting.is_admitted(&client.bare), slots: &[] };
            frames
                .push((client.clone(), words::state(&live.meeting, &view, &live.room_address, &client.full)));
        }
        drop(registry);
        for (client, frame) in frames {
            client.send(frame);
        }
    }

    fn say_over(&self, room: RoomId, clients: &[Arc<Client>], why: Over) {
        let told = self.registry().meetings.get(&room).map(|l| (l.meeting.id, l.room_address.clone()));
        let Some((meeting, address)) = told else { return };
        for client in clients {
            client.send(words::over(meeting, why, &address, &client.full));
        }
    }

    /// One stream leaves one meeting, or its door.
    pub(super) async fn leave_meeting_of(&self, client: &Client, room: RoomId, why: Over) {
        let left = {
            let mut registry = self.registry();
            let Some(live) = registry.meetings.get_mut(&room) else { return };
            let waited = live.door.iter().any(|c| c.key == client.key);
            live.door.retain(|c| c.key != client.key);
            if waited && !live.meeting.is_admitted(&client.bare) {
                let _ = live.meeting.refuse(&client.bare);
            }
            let seat = seat_of(live, client).0;
            if let Some(seat) = seat {
                live.seats.remove(&seat);
                live.slots.remove(&seat);
                live.meeting.leave(seat);
                if live.seats.is_empty() {
                    live.empty_since = Some(clock::now());
                }
            }
            if seat.is_none() && !waited {
                return;
            }
            seat.map(|seat| (seat, live.meeting.id, live.room_address.clone()))
        };
        if let Some((seat, meeting, address)) = left {
            self.media().leave(meeting.0.unsigned_abs(), seat.0).await;
            client.send(words::over(meeting, why, &address, &client.full));
        }
        self.push_state(room);
    }

    /// One stream leaves every meeting.
    pub(super) async fn leave_meetings(&self, client: &Client) {
        let here =
            |live: &Live| seat_of(live, client).0.is_some() || live.door.iter().any(|c| c.key == client.key);
        let rooms: Vec<_> =
            self.registry().meetings.iter().filter(|(_, live)| here(live)).map(|(id, _)| *id).collect();
        for room in rooms {
            self.leave_meeting_of(client, room, Over::Ended).await;
        }
    }

    /// Takes someone out: picture and sound first, then the word; a guest's session ends with it.
    async fn remove(&self, room: RoomId, who: ParticipantId) -> Result<(), StanzaError> {
        let (client, meeting, address) = self.change(room, |live| {
            live.meeting.remove(who)?;
            live.slots.remove(&who);
            let client = live.seats.remove(&who).ok_or(Refused::Gone)?;
            if live.seats.is_empty() {
                live.empty_since = Some(clock::now());
            }
            Ok((client, live.meeting.id, live.room_address.clone()))
        })?;
        self.media().leave(meeting.0.unsigned_abs(), who.0).await;
        client.send(words::over(meeting, Over::Removed, &address, &client.full));
        if let Some(guest) = client.guest() {
            self.app().end_guest(guest, clock::now()).await.map_err(|e| answer::stanza_error(&e))?;
        }
        Ok(())
    }

    /// Ends a meeting for everyone.
    pub(super) async fn end_meeting(&self, room: RoomId, by: Author) {
        let Some(live) = self.registry().meetings.remove(&room) else { return };
        self.media().end(live.meeting.id.0.unsigned_abs()).await;
        for client in live.seats.values().chain(&live.door) {
            client.send(words::over(live.meeting.id, Over::Ended, &live.room_address, &client.full));
        }
        // The visit of guests is over with the meeting that they came for.
        let guests: Vec<_> =
            self.occupants(room).into_iter().filter(|o| o.rank == MemberRank::Guest).collect();
        for guest in guests {
            self.leave_room(&guest.client, room, &[]);
        }
        let now = clock::now();
        if let Err(error) =
            self.app().meeting_ended(room, live.meeting.id, live.meeting.minutes(now), by, now).await
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the end of a meeting could not be written"
            );
        }
    }

    /// A new label may let fewer people in: each is asked again.
    pub(super) async fn label_changed(&self, room: RoomId) {
        let seats: Vec<_> = match self.registry().meetings.get(&room) {
            Some(live) => live.seats.iter().map(|(id, client)| (*id, client.clone())).collect(),
            None => return,
        };
        for (id, client) in seats {
            if self.app().may_join(&client.caller, room, clock::now()).await.is_err() {
                let _ = self.remove(room, id).await;
            }
        }
        self.push_state(room);
    }

    /// Ends what ran out of time or of people. Called every second.
    pub(super) async fn sweep_meetings(&self) {
        let now = clock::now();
        let over: Vec<_> = {
            let registry = self.registry();
            let done = |live: &Live| {
                live.meeting.is_over(now)
                    || live.empty_since.is_some_and(|since| now - since > EMPTY)
                    || (live.seats.is_empty()
                        && live.empty_since.is_none()
                        && now - live.meeting.started > UNANSWERED)
            };
            registry.meetings.iter().filter(|(_, live)| done(live)).map(|(room, _)| *room).collect()
        };
        for room in over {
            self.end_meeting(room, Author::Server).await;
        }
    }
}

/// Where a stream sits in a meeting, and its slots.
fn seat_of(live: &Live, client: &Client) -> (Option<ParticipantId>, Vec<Slot>) {
    let seat = live.seats.iter().find(|(_, c)| c.key == client.key).map(|(id, _)| *id);
    let slots = seat.and_then(|id| live.slots.get(&id)).cloned().unwrap_or_default();
    (seat, slots)
}

/// Brings what the media thread tells to the people.
pub(super) async fn hear_media(hub: Hub, mut events: mpsc::Receiver<MediaEvent>) {
    while let Some(MediaEvent { meeting, event }) = events.recv().await {
        let room = hub
            .registry()
            .meetings
            .iter()
            .find(|(_, l)| l.meeting.id.0.unsigned_abs() == meeting)
            .map(|(id, _)| *id);
        let Some(room) = room else { continue };
        match event {
            beffroi_sfu::Event::Connected(_) => {}
            beffroi_sfu::Event::Slots { receiver, slots } => {
                if let Some(live) = hub.registry().meetings.get_mut(&room) {
                    live.slots.insert(ParticipantId(receiver.0), slots.iter().map(slot).collect());
                    live.meeting.touch();
                }
                // Only they see their slots; telling all would cost n² frames when many come at once.
                hub.push_to(room, Some(ParticipantId(receiver.0)));
            }
            beffroi_sfu::Event::Speaking(who) => {
                let who: Vec<_> = who.iter().map(|p| ParticipantId(p.0)).collect();
                let told = hub.registry().meetings.get_mut(&room).map(|live| {
                    live.speaking.clone_from(&who);
                    (
                        words::speaking(live.meeting.id, &who, &live.room_address),
                        live.seats.values().cloned().collect::<Vec<_>>(),
                    )
                });
                if let Some((news, clients)) = told {
                    clients.iter().for_each(|client| client.send(news.to(&client.full)));
                }
            }
            beffroi_sfu::Event::Gone(who, _) => {
                let client = hub
                    .registry()
                    .meetings
                    .get(&room)
                    .and_then(|l| l.seats.get(&ParticipantId(who.0)).cloned());
                if let Some(client) = client {
                    hub.leave_meeting_of(&client, room, Over::Ended).await;
                }
            }
        }
    }
}

fn slot(slot: &beffroi_sfu::Slot) -> Slot {
    let kind = match slot.kind {
        beffroi_sfu::Kind::Audio => SlotKind::Audio,
        beffroi_sfu::Kind::Video => SlotKind::Video,
        beffroi_sfu::Kind::Screen => SlotKind::Screen,
    };
    Slot { participant: ParticipantId(slot.participant.0), mid: slot.mid.to_string(), kind }
}
