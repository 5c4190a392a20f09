//! Calls: meetings of a room of two, from the bell until the other takes them or not.

use crate::audit::{self, NewEntry, Subject};
use crate::event;
use crate::rooms::author_of;
use crate::sql::Value;
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, Content, Event, MeetingId, Micros, RoomId, TenantId};
use beffroi_policy::{JoinMeeting, Permit, Who};

/// A meeting that began and of which no end is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenMeeting {
    /// Where.
    pub room: RoomId,
    /// Which.
    pub meeting: MeetingId,
    /// When the bell rang.
    pub started: Micros,
    /// Who calls, in a room of two, while nobody took the call.
    pub calling: Option<AccountId>,
}

impl Store {
    /// Keeps that a call was taken: from here on it is a meeting of two.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn call_taken(
        &self,
        permit: &Permit<JoinMeeting>,
        meeting: MeetingId,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const TAKEN: &str = "UPDATE open_meeting SET calling = NULL WHERE meeting = $1 AND room = $2";
        tx.execute(TAKEN, &[Value::Int(meeting.0), Value::Int(permit.room().0)]).await?;
        let entry = NewEntry::done("meeting.take", Subject::by(permit.acting())).within(permit.room());
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await
    }

    /// Keeps that a call of `caller` was not taken: declined by someone, or missed. It is the event of
    /// whoever called, and stands in place of the meeting's end.
    ///
    /// # Errors
    /// `Gone` when there is no such room or caller. Nothing was kept.
    pub async fn call_untaken(
        &self,
        room: RoomId,
        meeting: MeetingId,
        caller: AccountId,
        declined_by: Option<AccountId>,
        now: Micros,
    ) -> Result<Event> {
        let mut tx = self.db().begin().await?;
        const TENANT: &str = "SELECT tenant FROM room WHERE id = $1";
        let tenant = tx
            .row(TENANT, &[Value::Int(room.0)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(StoreError::Gone { what: "room" })?;
        let (content, actor, told) = match declined_by {
            Some(who) => {
                (Content::CallDeclined(meeting), Subject::Who(Who::Account(who)), "the call was declined")
            }
            None => (Content::CallMissed(meeting), Subject::Machine, "nobody took the call"),
        };
        let author = author_of(&mut tx, tenant, caller).await?;
        let event = event::append(&mut tx, self.db(), self.keys(), room, author, content, now).await?;
        const OVER: &str = "DELETE FROM open_meeting WHERE meeting = $1";
        tx.execute(OVER, &[Value::Int(meeting.0)]).await?;
        let entry = NewEntry::done("meeting.end", actor).within(room).saying(told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// Meetings that began and never ended: a server that was killed leaves them. For the start.
    ///
    /// # Errors
    /// The database.
    pub async fn meetings_left_open(&self) -> Result<Vec<OpenMeeting>> {
        const SQL: &str = "SELECT room, meeting, started_us, calling FROM open_meeting ORDER BY started_us";
        let read = |row: &crate::sql::Row| {
            Ok(OpenMeeting {
                room: RoomId(row.int(0)?),
                meeting: MeetingId(row.int(1)?),
                started: row.int(2)?,
                calling: row.opt_int(3)?.map(AccountId),
            })
        };
        self.db().rows(SQL, &[], read).await
    }
}
