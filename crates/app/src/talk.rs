//! Saying and reading.

use crate::{App, Caller, Error, Person, entry};
use beffroi_domain::{Account, AccountId, Address, Event, MeetingId, Micros, RoomId, Speech};
use beffroi_policy::{JoinMeeting, KeepDoor, Knock, ReadMeetingTalk, ReadRoom, Ring, Speak, SpeakInMeeting};
use beffroi_store::{NewEntry, Notice, OpenMeeting, Outcome, Page, Range, Subject};

impl App {
    /// Says something in a room: on disk before anyone sees it. The store announces it, in order; said
    /// twice (the same origin), it is announced once.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn say(
        &self,
        caller: &Caller,
        room: RoomId,
        speech: Speech,
        now: Micros,
    ) -> Result<Event, Error> {
        let event = if speech.meeting.is_some() {
            let (permit, _) = self.authorise::<SpeakInMeeting>(caller, room, now).await?;
            self.store.say_in_meeting(&permit, caller.author(), speech, now).await?
        } else {
            let (permit, _) = self.authorise::<Speak>(caller, room, now).await?;
            self.store.say(&permit, caller.author(), speech, now).await?
        };
        Ok(event)
    }

    /// Reads a room's timeline; a guest reads only the meeting's conversation.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn history(
        &self,
        caller: &Caller,
        room: RoomId,
        range: Range,
        meeting: Option<MeetingId>,
        now: Micros,
    ) -> Result<Page, Error> {
        match (&caller.person, meeting) {
            (Person::Guest(_), None) => {
                let (permit, _) = self.authorise::<ReadRoom>(caller, room, now).await?;
                Ok(self.store.history(&permit, range).await?)
            }
            (Person::Guest(_), Some(meeting)) => {
                let (permit, _) = self.authorise::<ReadMeetingTalk>(caller, room, now).await?;
                Ok(self.store.meeting_history(&permit, meeting, range).await?)
            }
            (Person::Account(_), _) => {
                let (permit, facts) = self.authorise::<ReadRoom>(caller, room, now).await?;
                self.opened(caller, &facts).await?;
                Ok(self.store.history(&permit, range).await?)
            }
        }
    }

    /// Marks a room as read up to an event.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; guests have no marks.
    pub async fn mark_read(&self, caller: &Caller, room: RoomId, seq: i64, now: Micros) -> Result<(), Error> {
        let account = caller.account()?.id;
        self.oneself(caller, "room.mark", now).await?;
        let (permit, _) = self.authorise::<ReadRoom>(caller, room, now).await?;
        if self.store.mark_read(&permit, account, seq, now).await? {
            self.announce(Notice::Read { room, account, seq });
        }
        Ok(())
    }

    /// Rings the bell: the event that a meeting began.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn ring(
        &self,
        caller: &Caller,
        room: RoomId,
        now: Micros,
    ) -> Result<(MeetingId, beffroi_domain::Room), Error> {
        let (permit, facts) = self.authorise::<Ring>(caller, room, now).await?;
        let meeting = MeetingId::mint(now, self.store.entropy());
        let event = self.store.meeting_started(&permit, meeting, caller.author(), now).await?;
        self.publish(event).await?;
        Ok((meeting, facts))
    }

    /// The meeting is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn meeting_ended(
        &self,
        room: RoomId,
        meeting: MeetingId,
        minutes: u32,
        by: beffroi_domain::Author,
        now: Micros,
    ) -> Result<(), Error> {
        let event = self.store.meeting_ended(room, meeting, minutes, by, now).await?;
        self.publish(event).await
    }

    /// The caller takes the call that rings for them: they are in.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn call_taken(
        &self,
        caller: &Caller,
        room: RoomId,
        meeting: MeetingId,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, _) = self.authorise::<JoinMeeting>(caller, room, now).await?;
        Ok(self.store.call_taken(&permit, meeting, now).await?)
    }

    /// A call of `by` was declined by someone, or missed.
    ///
    /// # Errors
    /// The store's.
    pub async fn call_untaken(
        &self,
        room: RoomId,
        meeting: MeetingId,
        by: AccountId,
        declined_by: Option<AccountId>,
        now: Micros,
    ) -> Result<(), Error> {
        let event = self.store.call_untaken(room, meeting, by, declined_by, now).await?;
        self.publish(event).await
    }

    /// The room of the caller and a colleague, if they have one: where a call is.
    ///
    /// # Errors
    /// `NotFound` for guests, for people who are not of the tenant, and when the two never spoke.
    pub async fn direct_with(
        &self,
        caller: &Caller,
        with: &Address,
    ) -> Result<(beffroi_domain::Room, Account), Error> {
        let me = caller.account()?.id;
        let other = self.store.account_by_address(with).await?.map(|(account, _)| account);
        let other = other.filter(|a| a.tenant == caller.tenant.id).ok_or(Error::NotFound("person"))?;
        let room = self.store.direct_between(me, other.id).await?.ok_or(Error::NotFound("meeting"))?;
        Ok((room, other))
    }

    /// Tells a room's members that their list shows it differently.
    ///
    /// # Errors
    /// The store's.
    pub async fn tell_rooms(&self, room: RoomId) -> Result<(), Error> {
        self.tell_members(room).await
    }

    /// Writes the end of meetings that a server which was killed left open.
    ///
    /// # Errors
    /// The store's.
    pub async fn close_meetings_left_open(&self, now: Micros) -> Result<(), Error> {
        for OpenMeeting { room, meeting, started, calling } in self.store.meetings_left_open().await? {
            if let Some(by) = calling {
                self.store.call_untaken(room, meeting, by, None, now).await?;
                continue;
            }
            let minutes = u32::try_from((now - started).max(0) / 60_000_000 + 1).unwrap_or(u32::MAX);
            self.store.meeting_ended(room, meeting, minutes, beffroi_domain::Author::Server, now).await?;
        }
        Ok(())
    }

    /// Does the caller speak for themselves: write, be at a meeting, show that they type?
    ///
    /// # Errors
    /// `Denied` for whoever acts in somebody's name.
    pub async fn may_show(&self, caller: &Caller, act: &'static str, now: Micros) -> Result<(), Error> {
        match caller.person {
            Person::Account(_) => self.oneself(caller, act, now).await,
            Person::Guest(_) => Ok(()),
        }
    }

    /// May the caller see whether a meeting is on in this room, and who is in?
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn may_see_meeting(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<(), Error> {
        match caller.person {
            Person::Account(_) => self.authorise::<ReadRoom>(caller, room, now).await.map(drop),
            Person::Guest(_) => self.may_knock(caller, room, now).await,
        }
    }

    /// May the caller be in this room's meeting?
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn may_join(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<(), Error> {
        self.authorise::<JoinMeeting>(caller, room, now).await.map(drop)
    }

    /// May the caller wait at its door?
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn may_knock(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<(), Error> {
        self.authorise::<Knock>(caller, room, now).await.map(drop)
    }

    /// Does the caller keep its door? What they do there is written to the audit log with `what`.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn keep_door(
        &self,
        caller: &Caller,
        room: RoomId,
        what: &'static str,
        about: &str,
        now: Micros,
    ) -> Result<(), Error> {
        self.authorise::<KeepDoor>(caller, room, now).await?;
        let subject = (!about.is_empty()).then(|| Subject::Text(about.to_owned()));
        let kept = entry(what, Outcome::Done, caller.who(), &caller.origin);
        let kept = NewEntry { actor: Subject::Acting(caller.acting()), room: Some(room), subject, ..kept };
        Ok(self.store.note(caller.tenant.id, kept, now).await?)
    }

    /// Whether the caller keeps the door, without asking for anything: what the screen shows. Not a permission.
    ///
    /// # Errors
    /// The store's, `NotFound`.
    pub async fn keeps_door(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<bool, Error> {
        let (actor, room) = self.facts(caller, room, now).await?;
        Ok(beffroi_policy::decide::<KeepDoor>(&actor, &room).is_ok())
    }

    /// Whether the caller may still hear what is said in this room, without asking for anything: who may not
    /// is put out of it. Not a permission, and a person whose rights shrink refuses nothing: no audit entry.
    ///
    /// # Errors
    /// The store's.
    pub async fn still_hears(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<bool, Error> {
        let (actor, room) = match self.facts(caller, room, now).await {
            Ok(facts) => facts,
            Err(Error::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok(match caller.person {
            Person::Account(_) => beffroi_policy::decide::<ReadRoom>(&actor, &room).is_ok(),
            Person::Guest(_) => beffroi_policy::decide::<ReadMeetingTalk>(&actor, &room).is_ok(),
        })
    }
}
