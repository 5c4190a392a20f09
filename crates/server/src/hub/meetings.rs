//! Meetings: the bell, the door, the seats. Media is elsewhere; here it is told who may send what.

use super::registry::{Client, Home, Live};
use super::seats::seat_of;
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

/// A meeting that too few are in ends after this long: a page may be loaded again meanwhile.
const SHORT: i64 = 20_000_000;
/// A bell that nobody followed.
const UNANSWERED: i64 = 120_000_000;

impl Hub {
    pub(super) async fn meeting(
        &self,
        client: &Arc<Client>,
        id: &str,
        room: Room,
        home: Home,
        request: MeetingRequest,
    ) -> Result<(), StanzaError> {
        let told = |error: Error| answer::stanza_error(&error);
        let (me, now) = (client.full.as_str(), clock::now());
        let address = home.seen_by(&client.bare).to_owned();
        if !matches!(request, MeetingRequest::State) {
            self.app().may_show(&client.caller, "meeting.join", now).await.map_err(told)?;
        }
        match request {
            MeetingRequest::Ring => {
                let meeting = self.ring(client, &room, home).await.map_err(told)?;
                client.send(words::rung(id, meeting, &address, me));
                return Ok(());
            }
            MeetingRequest::State => {
                self.app().may_see_meeting(&client.caller, room.id, now).await.map_err(told)?;
                let door = self.app().keeps_door(&client.caller, room.id, now).await.map_err(told)?;
                let registry = self.registry();
                let live = registry.meetings.get(&room.id);
                let answer = match live {
                    None => words::state_result(id, None, &address, me),
                    Some(live) => {
                        let (seat, slots) = seat_of(live, client);
                        let outside = client.guest().is_some() && !live.meeting.is_admitted(&client.bare);
                        let called = live.called(&registry);
                        let view = View { me: seat, door, outside, slots: &slots, called };
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
            MeetingRequest::Leave => {
                self.leave_meeting_of(client, room.id, Over::Ended).await;
            }
            MeetingRequest::Decline => {
                self.change(room.id, |live| live.meeting.decline(&client.bare))?;
                self.end_meeting(room.id, client.caller.author()).await;
            }
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
        home: Home,
    ) -> Result<beffroi_domain::MeetingId, Error> {
        let _one_at_a_time = self.0.bell.lock().await;
        let now = clock::now();
        let running = self.registry().meetings.get(&room.id).map(|live| live.meeting.id);
        if let Some(running) = running {
            self.app().may_join(&client.caller, room.id, now).await?;
            return Ok(running);
        }
        let (id, facts) = self.app().ring(&client.caller, room.id, now).await?;
        let mut meeting = Meeting::new(id, now, facts.label.meeting_minutes);
        if let Home::Pair(_) = home {
            meeting = meeting.calling(&client.bare, home.seen_by(&client.bare));
        }
        let live = Live {
            meeting,
            home,
            seats: Default::default(),
            lost: Default::default(),
            door: vec![],
            slots: Default::default(),
            speaking: vec![],
            short_since: None,
        };
        self.registry().meetings.insert(room.id, live);
        self.app().tell_rooms(room.id).await?;
        self.tell_call(room.id);
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
        // One person sits once: a second window takes the place of the first, with the hand that is up.
        let (participant, former) = self.change(room.id, |live| {
            let former = live.seats.iter().find(|(_, c)| c.bare == client.bare);
            let former = former.map(|(id, seat)| (*id, seat.clone()));
            let id = match &former {
                Some((id, _)) => live.meeting.succeed(*id, rank)?,
                None => live.meeting.join(&client.bare, client.caller.name(), rank)?,
            };
            if let Some((id, _)) = &former {
                live.unseat(*id);
            }
            live.seats.insert(id, client.clone());
            live.door.retain(|c| c.key != client.key);
            live.count(clock::now());
            Ok((id, former))
        })?;
        let key = self.media_key(room.id).ok_or_else(|| answer::not_found("meeting"))?;
        if let Some((former, seat)) = former {
            self.media().leave(key, former.0).await;
            if seat.key != client.key {
                self.say_over(room.id, &[seat], Over::Replaced);
            }
        }
        match self.media().join(key, participant.0, sdp).await {
            Ok(answer) => {
                self.take_call(client, room.id).await;
                Ok((participant, answer))
            }
            Err(error) => {
                let _ = self.change(room.id, |live| {
                    live.unseat(participant);
                    live.meeting.leave(participant);
                    live.count(clock::now());
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
    pub(super) fn push_to(&self, room: RoomId, only: Option<ParticipantId>) {
        let registry = self.registry();
        let Some(live) = registry.meetings.get(&room) else { return };
        let called = live.called(&registry);
        let mut frames = vec![];
        for (id, client) in live.seats.iter().filter(|(id, _)| only.is_none_or(|only| only == **id)) {
            let rank = live.meeting.participant(*id).map(|p| p.rank);
            let door = rank.is_some_and(|r| r >= MemberRank::Moderator);
            let none = vec![];
            let slots = live.slots.get(id).unwrap_or(&none);
            let view = View { me: Some(*id), door, outside: false, slots, called };
            let address = live.home.seen_by(&client.bare);
            frames.push((client.clone(), words::state(&live.meeting, &view, address, &client.full)));
        }
        for client in live.door.iter().filter(|_| only.is_none()) {
            let view = View { outside: !live.meeting.is_admitted(&client.bare), ..View::default() };
            let address = live.home.seen_by(&client.bare);
            frames.push((client.clone(), words::state(&live.meeting, &view, address, &client.full)));
        }
        drop(registry);
        for (client, frame) in frames {
            client.send(frame);
        }
    }

    fn say_over(&self, room: RoomId, clients: &[Arc<Client>], why: Over) {
        let told = self.registry().meetings.get(&room).map(|l| (l.meeting.id, l.home.clone()));
        let Some((meeting, home)) = told else { return };
        for client in clients {
            client.send(words::over(meeting, why, home.seen_by(&client.bare), &client.full));
        }
    }

    /// Takes someone out: picture and sound first, then the word; a guest's session ends with it.
    async fn remove(&self, room: RoomId, who: ParticipantId) -> Result<(), StanzaError> {
        let (client, meeting, home, over) = self.change(room, |live| {
            live.meeting.remove(who)?;
            let client = live.unseat(who).ok_or(Refused::Gone)?;
            live.count(clock::now());
            let over = live.meeting.call().is_some() && !live.meeting.goes_on();
            Ok((client, live.meeting.id, live.home.clone(), over))
        })?;
        self.media().leave(meeting.0.unsigned_abs(), who.0).await;
        client.send(words::over(meeting, Over::Removed, home.seen_by(&client.bare), &client.full));
        if over {
            self.end_meeting(room, Author::Server).await;
        }
        if let Some(guest) = client.guest() {
            self.app().end_guest(guest, clock::now()).await.map_err(|e| answer::stanza_error(&e))?;
        }
        Ok(())
    }

    /// Ends a meeting for everyone.
    pub(super) async fn end_meeting(&self, room: RoomId, by: Author) {
        let Some(live) = self.registry().meetings.remove(&room) else { return };
        self.media().end(live.meeting.id.0.unsigned_abs()).await;
        let why = live.over();
        for client in live.seats.values().chain(&live.door) {
            client.send(words::over(live.meeting.id, why, live.home.seen_by(&client.bare), &client.full));
        }
        self.tell_call_over(&live);
        // The visit of guests is over with the meeting that they came for.
        let guests: Vec<_> =
            self.occupants(room).into_iter().filter(|o| o.rank == MemberRank::Guest).collect();
        for guest in guests {
            self.leave_room(&guest.client, room, &[]);
        }
        let now = clock::now();
        let written = match live.untaken() {
            Some((caller, declined_by)) => {
                self.app().call_untaken(room, live.meeting.id, caller, declined_by, now).await
            }
            None => self.app().meeting_ended(room, live.meeting.id, live.meeting.minutes(now), by, now).await,
        };
        if let Err(error) = written {
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
        self.give_up_lost_seats().await;
        let now = clock::now();
        let over: Vec<_> = {
            let registry = self.registry();
            let done = |live: &Live| {
                live.meeting.is_over(now)
                    || live.short_since.is_some_and(|since| now - since > SHORT)
                    || (live.seats.is_empty()
                        && live.short_since.is_none()
                        && now - live.meeting.started > UNANSWERED)
            };
            registry.meetings.iter().filter(|(_, live)| done(live)).map(|(room, _)| *room).collect()
        };
        for room in over {
            self.end_meeting(room, Author::Server).await;
        }
    }
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
                    (live.meeting.id, live.home.clone(), live.seats.values().cloned().collect::<Vec<_>>())
                });
                let Some((meeting, home, clients)) = told else { continue };
                match &home {
                    Home::Room(address) => {
                        let news = words::speaking(meeting, &who, address);
                        clients.iter().for_each(|client| client.send(news.to(&client.full)));
                    }
                    Home::Pair(_) => {
                        for client in clients {
                            let news = words::speaking(meeting, &who, home.seen_by(&client.bare));
                            client.send(news.to(&client.full));
                        }
                    }
                }
            }
            beffroi_sfu::Event::Gone(who, _) => {
                hub.lose_media(room, ParticipantId(who.0));
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
