//! What happened in rooms.

use crate::audit::{self, NewEntry, Subject};
use crate::event::{self, SPEECH, event_columns, read_event};
use crate::sql::Value;
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, Author, Content, Event, MeetingId, Micros, RoomId, Speech, TenantId};
use beffroi_policy::{Permit, ReadMeetingTalk, ReadRoom, Ring, Speak, SpeakInMeeting, Who};

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

/// Events in one page at most.
const PAGE: u32 = 500;
/// Bytes of an origin id at most.
const ORIGIN: usize = 128;
/// Bytes of a payload at most: a stanza of 256 KiB and what the protocol adds to it.
const PAYLOAD: usize = 300 * 1024;

fn checked(speech: &Speech) -> Result<()> {
    if speech.origin.len() > ORIGIN {
        return Err(StoreError::Refused("the id of a message has at most 128 bytes; choose a shorter one"));
    }
    if speech.payload.len() > PAYLOAD {
        return Err(StoreError::Refused("this message is too long; send it as a file"));
    }
    Ok(())
}

/// The person behind an author, for the audit log.
pub(crate) fn subject_of(author: &Author) -> Subject {
    match author {
        Author::Account(id, _, _) => Subject::Who(Who::Account(*id)),
        Author::Guest(id, _) => Subject::Who(Who::Guest(*id)),
        Author::Server => Subject::Machine,
    }
}

impl Store {
    /// Keeps something said. Once this answers, it is on disk. The same `origin` by the same author
    /// among the room's last 1,000 events gives the event that is there already.
    ///
    /// # Errors
    /// Nothing was kept; `Refused` when it is too long.
    pub async fn say(
        &self,
        permit: &Permit<Speak>,
        author: Author,
        speech: Speech,
        now: Micros,
    ) -> Result<Event> {
        checked(&speech)?;
        self.writer().say(permit.room(), author, speech, now).await
    }

    /// Keeps something said in a meeting's conversation, as [`Store::say`] does.
    ///
    /// # Errors
    /// `Refused` when the speech names no meeting or is too long.
    pub async fn say_in_meeting(
        &self,
        permit: &Permit<SpeakInMeeting>,
        author: Author,
        speech: Speech,
        now: Micros,
    ) -> Result<Event> {
        checked(&speech)?;
        if speech.meeting.is_none() {
            return Err(StoreError::Refused("what is said in a meeting names the meeting"));
        }
        self.writer().say(permit.room(), author, speech, now).await
    }

    /// Keeps that the bell rang.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn meeting_started(
        &self,
        permit: &Permit<Ring>,
        meeting: MeetingId,
        author: Author,
        now: Micros,
    ) -> Result<Event> {
        let room = permit.room();
        let mut tx = self.db().begin().await?;
        let entry = NewEntry::done("meeting.start", Subject::by(permit.acting())).within(room);
        let event = event::append(
            &mut tx,
            self.db(),
            self.keys(),
            room,
            author,
            Content::MeetingStarted(meeting),
            now,
        )
        .await?;
        // In a room of two it is a call, until the other takes it.
        const OPEN: &str = "
            INSERT INTO open_meeting (meeting, room, started_us, calling)
            SELECT CAST($1 AS BIGINT), id, CAST($3 AS BIGINT),
                   CASE WHEN kind = 'direct' THEN CAST($4 AS BIGINT) END
              FROM room WHERE id = $2";
        let caller = match &event.author {
            Author::Account(id, _, _) => Some(id.0),
            _ => None,
        };
        let values = [Value::Int(meeting.0), Value::Int(room.0), Value::Int(now), Value::OptInt(caller)];
        tx.execute(OPEN, &values).await?;
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// Keeps that a meeting ended: by someone who keeps the door, by the server when time ran out.
    ///
    /// # Errors
    /// `Gone` when there is no such room. Nothing was kept.
    pub async fn meeting_ended(
        &self,
        room: RoomId,
        meeting: MeetingId,
        minutes: u32,
        author: Author,
        now: Micros,
    ) -> Result<Event> {
        let mut tx = self.db().begin().await?;
        const TENANT: &str = "SELECT tenant FROM room WHERE id = $1";
        let tenant = tx
            .row(TENANT, &[Value::Int(room.0)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        let entry = NewEntry::done("meeting.end", subject_of(&author)).within(room);
        let content = Content::MeetingEnded(meeting, minutes);
        let event = event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?;
        const OVER: &str = "DELETE FROM open_meeting WHERE meeting = $1";
        tx.execute(OVER, &[Value::Int(meeting.0)]).await?;
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// A part of the room's timeline.
    ///
    /// # Errors
    /// The database, or damaged contents.
    pub async fn history(&self, permit: &Permit<ReadRoom>, range: Range) -> Result<Page> {
        const OLDEST: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM event e WHERE e.room = $1 AND e.seq > $2 AND e.seq < $3 ORDER BY e.seq LIMIT $4"
        );
        const NEWEST: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM event e WHERE e.room = $1 AND e.seq > $2 AND e.seq < $3 ORDER BY e.seq DESC LIMIT $4"
        );
        self.page(permit.room(), range, if range.newest_first { NEWEST } else { OLDEST }, None).await
    }

    /// A part of what was said in one meeting of the room.
    ///
    /// # Errors
    /// The database, or damaged contents.
    pub async fn meeting_history(
        &self,
        permit: &Permit<ReadMeetingTalk>,
        meeting: MeetingId,
        range: Range,
    ) -> Result<Page> {
        const OLDEST: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM event e WHERE e.room = $1 AND e.seq > $2 AND e.seq < $3 AND e.meeting = $5 AND e.kind = $6
              ORDER BY e.seq LIMIT $4"
        );
        const NEWEST: &str = concat!(
            "SELECT ",
            event_columns!(),
            " FROM event e WHERE e.room = $1 AND e.seq > $2 AND e.seq < $3 AND e.meeting = $5 AND e.kind = $6
              ORDER BY e.seq DESC LIMIT $4"
        );
        let sql = if range.newest_first { NEWEST } else { OLDEST };
        self.page(permit.room(), range, sql, Some(meeting)).await
    }

    async fn page(
        &self,
        room: RoomId,
        range: Range,
        sql: &'static str,
        meeting: Option<MeetingId>,
    ) -> Result<Page> {
        let mut after = range.after.unwrap_or(0);
        let mut before = range.before.unwrap_or(i64::MAX);
        if let Some(from) = range.from {
            after = after.max(self.first_at(room, from).await? - 1);
        }
        if let Some(to) = range.to {
            before = before.min(self.first_at(room, to.saturating_add(1)).await?);
        }
        let limit = range.limit.min(PAGE);
        // One more than asked tells whether there is more.
        let mut values =
            vec![Value::Int(room.0), Value::Int(after), Value::Int(before), Value::Int(i64::from(limit) + 1)];
        if let Some(meeting) = meeting {
            values.extend([Value::Int(meeting.0), Value::Int(SPEECH)]);
        }
        let key = self.keys().room(self.db(), room).await?;
        let mut events = self.db().rows(sql, &values, |row| read_event(row, 0, room, &key)).await?;
        let complete = events.len() <= limit as usize;
        events.truncate(limit as usize);
        if range.newest_first {
            events.reverse();
        }
        Ok(Page { events, complete })
    }

    /// The number of the first event of the room at or after `time`; one past the last if there is none.
    /// Times only grow along a timeline, so halving finds it in a few look-ups without an index.
    async fn first_at(&self, room: RoomId, time: Micros) -> Result<i64> {
        const LAST: &str = "SELECT last_seq FROM room_tail WHERE room = $1";
        const AT: &str = "SELECT at_us FROM event WHERE room = $1 AND seq >= $2 ORDER BY seq LIMIT 1";
        let last = self.db().row(LAST, &[Value::Int(room.0)], |row| row.int(0)).await?.unwrap_or(0);
        let (mut low, mut high) = (1, last + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = self.db().row(AT, &[Value::Int(room.0), Value::Int(middle)], |row| row.int(0)).await?;
            match at {
                Some(at) if at < time => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// Notes that someone read up to `seq`; gives whether that was further than before.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn mark_read(
        &self,
        permit: &Permit<ReadRoom>,
        account: AccountId,
        seq: i64,
        now: Micros,
    ) -> Result<bool> {
        self.writer().mark(permit.room(), account, seq, now).await
    }

    /// How far each member read.
    ///
    /// # Errors
    /// The database.
    pub async fn read_marks(&self, permit: &Permit<ReadRoom>) -> Result<Vec<(AccountId, i64)>> {
        const SQL: &str = "
            SELECT k.account, k.seq FROM read_mark k
              JOIN member m ON m.room = k.room AND m.account = k.account
             WHERE k.room = $1 ORDER BY k.account";
        let read = |row: &crate::sql::Row| Ok((AccountId(row.int(0)?), row.int(1)?));
        self.db().rows(SQL, &[Value::Int(permit.room().0)], read).await
    }
}
