//! What happened in rooms.
use crate::{Result, Store, later};
use beffroi_domain::{AccountId, Author, Event, MeetingId, Micros, RoomId, Speech};
use beffroi_policy::{Permit, ReadMeetingTalk, ReadRoom, Ring, Speak, SpeakInMeeting};

/// Which part of a timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Only events after this number.
    pub after: Option<i64>,
    /// Only events before this number.
    pub before: Option<i64>,
    /// Only events written at or after.
    pub from: Option<Micros>,
    /// Only events written at or before.
    pub to: Option<Micros>,
    /// At most so many; 0 to 500.
    pub limit: u32,
    /// Take the newest that fit, not the oldest. The page is in order of number all the same.
    pub newest_first: bool,
}

/// A part of a timeline, in order of number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The events.
    pub events: Vec<Event>,
    /// Nothing more fits the range in this direction.
    pub complete: bool,
}

impl Store {
    /// Keeps something said. Once this answers, it is on disk. The same `origin` by the same author
    /// among the room's last 1,000 events gives the event that is there already.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn say(
        &self,
        _permit: &Permit<Speak>,
        _author: Author,
        _speech: Speech,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
    /// Keeps something said in a meeting's conversation, as [`Store::say`] does.
    ///
    /// # Errors
    /// `Refused` when the speech names no meeting.
    pub async fn say_in_meeting(
        &self,
        _permit: &Permit<SpeakInMeeting>,
        _author: Author,
        _speech: Speech,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
    /// Keeps that the bell rang.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn meeting_started(
        &self,
        _permit: &Permit<Ring>,
        _meeting: MeetingId,
        _author: Author,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
    /// Keeps that a meeting ended: by someone who keeps the door, by the server when time ran out.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn meeting_ended(
        &self,
        _room: RoomId,
        _meeting: MeetingId,
        _minutes: u32,
        _author: Author,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
    /// Meetings that began and never ended: a server that was killed leaves them. For the start.
    ///
    /// # Errors
    /// The database.
    pub async fn meetings_left_open(&self) -> Result<Vec<(RoomId, MeetingId, Micros)>> {
        later()
    }
    /// A part of the room's timeline.
    ///
    /// # Errors
    /// The database, or damaged contents.
    pub async fn history(&self, _permit: &Permit<ReadRoom>, _range: Range) -> Result<Page> {
        later()
    }
    /// A part of what was said in one meeting of the room.
    ///
    /// # Errors
    /// The database, or damaged contents.
    pub async fn meeting_history(
        &self,
        _permit: &Permit<ReadMeetingTalk>,
        _meeting: MeetingId,
        _range: Range,
    ) -> Result<Page> {
        later()
    }
    /// Notes that someone read up to `seq`; gives whether that was further than before.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn mark_read(
        &self,
        _permit: &Permit<ReadRoom>,
        _account: AccountId,
        _seq: i64,
        _now: Micros,
    ) -> Result<bool> {
        later()
    }
    /// How far each member read.
    ///
    /// # Errors
    /// The database.
    pub async fn read_marks(&self, _permit: &Permit<ReadRoom>) -> Result<Vec<(AccountId, i64)>> {
        later()
    }
}
