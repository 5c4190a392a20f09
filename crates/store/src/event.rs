//! An event as it is stored: a few plain columns to find it by, and a body sealed under the room's key.

use crate::crypto::{about, damaged};
use crate::keys::{KeyRing, RoomKey};
use crate::sql::{Db, Row, Tx, Value};
use crate::{Result, StoreError};
use beffroi_domain::{
    AccountId, Author, Content, Event, FileId, FileShared, GuestId, MeetingId, Micros, RoomId, Speech,
};

/// Kinds of events, as stored. Numbers are never reused.
pub(crate) const SPEECH: i64 = 0;
pub(crate) const FILE: i64 = 1;
const MEETING_STARTED: i64 = 2;
const MEETING_ENDED: i64 = 3;
const LABEL_CHANGED: i64 = 4;
const MEMBER_ADDED: i64 = 5;
const MEMBER_REMOVED: i64 = 6;
const RENAMED: i64 = 7;
/// Waits to be seen by whom it was for, as speech and files do.
const CALL_MISSED: i64 = 8;
const CALL_DECLINED: i64 = 9;

/// The form of the body that is written today.
const FORM: u8 = 1;

/// The columns that [`read_event`] reads.
macro_rules! event_columns {
    () => {
        "e.seq, e.at_us, e.author_kind, e.author, e.kind, e.meeting, e.body"
    };
}
pub(crate) use event_columns;

/// A row of `event`, ready to be written.
pub(crate) struct Sealed {
    pub(crate) author_kind: i64,
    pub(crate) author: i64,
    pub(crate) kind: i64,
    pub(crate) meeting: Option<i64>,
    pub(crate) origin: i64,
    pub(crate) body: Vec<u8>,
}

/// The columns that say who.
pub(crate) fn author_columns(author: &Author) -> (i64, i64) {
    match author {
        Author::Server => (0, 0),
        Author::Account(id, _, _) => (1, id.0),
        Author::Guest(id, _) => (2, id.0),
    }
}

fn kind(content: &Content) -> i64 {
    match content {
        Content::Speech(_) => SPEECH,
        Content::File(_) => FILE,
        Content::MeetingStarted(_) => MEETING_STARTED,
        Content::MeetingEnded(..) => MEETING_ENDED,
        Content::LabelChanged { .. } => LABEL_CHANGED,
        Content::MemberAdded(..) => MEMBER_ADDED,
        Content::MemberRemoved(..) => MEMBER_REMOVED,
        Content::Renamed { .. } => RENAMED,
        Content::CallMissed(_) => CALL_MISSED,
        Content::CallDeclined(_) => CALL_DECLINED,
    }
}

/// What the seal of a body is bound to: everything that stands beside it in the row.
fn about_event(
    room: RoomId,
    seq: i64,
    at: Micros,
    author: (i64, i64),
    kind: i64,
    meeting: Option<i64>,
) -> Vec<u8> {
    about("event", &[room.0, seq, at, author.0, author.1, kind, meeting.unwrap_or(0)])
}

/// Seals an event for its place. `origin` is the keyed hash of its origin id, 0 for none.
pub(crate) fn seal(key: &RoomKey, event: &Event, origin: i64) -> Sealed {
    let (author_kind, author) = author_columns(&event.author);
    let (kind, meeting) = (kind(&event.content), event.meeting().map(|m| m.0));
    let about = about_event(event.room, event.seq, event.at, (author_kind, author), kind, meeting);
    let body = key.bodies.seal(&about, &plain(event));
    Sealed { author_kind, author, kind, meeting, origin, body }
}

/// The body: form, author's name and address of the time, content.
fn plain(event: &Event) -> Vec<u8> {
    let mut out = Out(vec![FORM]);
    match &event.author {
        Author::Server => {}
        Author::Account(_, address, name) => {
            out.text(address.as_str());
            out.text(name.as_str());
        }
        Author::Guest(_, name) => out.text(name.as_str()),
    }
    match &event.content {
        Content::Speech(speech) => {
            out.text(&speech.origin);
            out.text(&speech.payload);
        }
        Content::File(file) => {
            out.int(file.file.0);
            out.text(&file.name);
            out.int(file.size as i64);
            out.text(&file.media_type);
            out.0.extend_from_slice(&file.sha256);
        }
        Content::MeetingStarted(meeting) | Content::CallMissed(meeting) | Content::CallDeclined(meeting) => {
            out.int(meeting.0)
        }
        Content::MeetingEnded(meeting, minutes) => {
            out.int(meeting.0);
            out.int(i64::from(*minutes));
        }
        Content::LabelChanged { from, to } | Content::Renamed { from, to } => {
            out.text(from);
            out.text(to);
        }
        Content::MemberAdded(address, name) | Content::MemberRemoved(address, name) => {
            out.text(address.as_str());
            out.text(name.as_str());
        }
    }
    out.0
}

struct Out(Vec<u8>);

impl Out {
    fn int(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }
    fn text(&mut self, text: &str) {
        // A text is a message of at most 256 KiB, or a name.
        self.0.extend_from_slice(&(text.len() as u32).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }
}

struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
    fn int(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }
    fn text(&mut self) -> Option<&'a str> {
        let length = u32::from_be_bytes(self.take(4)?.try_into().ok()?);
        std::str::from_utf8(self.take(length as usize)?).ok()
    }
}

fn read_plain(body: &[u8], author: (i64, i64), kind: i64, meeting: Option<i64>) -> Option<(Author, Content)> {
    let mut body = In(body);
    if body.take(1)? != [FORM] {
        return None;
    }
    let author = match author {
        (0, _) => Author::Server,
        (1, id) => Author::Account(AccountId(id), body.text()?.parse().ok()?, body.text()?.parse().ok()?),
        (2, id) => Author::Guest(GuestId(id), body.text()?.parse().ok()?),
        _ => return None,
    };
    let content = match kind {
        SPEECH => Content::Speech(Speech {
            origin: body.text()?.to_owned(),
            meeting: meeting.map(MeetingId),
            payload: body.text()?.to_owned(),
        }),
        FILE => Content::File(FileShared {
            file: FileId(body.int()?),
            name: body.text()?.to_owned(),
            size: u64::try_from(body.int()?).ok()?,
            media_type: body.text()?.to_owned(),
            sha256: body.take(32)?.try_into().ok()?,
        }),
        MEETING_STARTED => Content::MeetingStarted(MeetingId(body.int()?)),
        MEETING_ENDED => Content::MeetingEnded(MeetingId(body.int()?), u32::try_from(body.int()?).ok()?),
        LABEL_CHANGED => Content::LabelChanged { from: body.text()?.to_owned(), to: body.text()?.to_owned() },
        MEMBER_ADDED => Content::MemberAdded(body.text()?.parse().ok()?, body.text()?.parse().ok()?),
        MEMBER_REMOVED => Content::MemberRemoved(body.text()?.parse().ok()?, body.text()?.parse().ok()?),
        CALL_MISSED => Content::CallMissed(MeetingId(body.int()?)),
        CALL_DECLINED => Content::CallDeclined(MeetingId(body.int()?)),
        RENAMED => Content::Renamed { from: body.text()?.to_owned(), to: body.text()?.to_owned() },
        _ => return None,
    };
    body.0.is_empty().then_some((author, content))
}

/// Reads [`event_columns`] from `column` on.
pub(crate) fn read_event(row: &Row, column: usize, room: RoomId, key: &RoomKey) -> Result<Event> {
    let (seq, at) = (row.int(column)?, row.int(column + 1)?);
    let author = (row.int(column + 2)?, row.int(column + 3)?);
    let (kind, meeting) = (row.int(column + 4)?, row.opt_int(column + 5)?);
    let mut body = row.bytes(column + 6)?;
    let about = about_event(room, seq, at, author, kind, meeting);
    let (author, content) = key
        .bodies
        .open_in_place(&about, &mut body)
        .and_then(|plain| read_plain(plain, author, kind, meeting))
        .ok_or_else(|| damaged(format!("event {seq} of room {room}")))?;
    Ok(Event { room, seq, at, author, content })
}

/// One event of a room, if it is there.
pub(crate) async fn find(tx: &mut Tx, key: &RoomKey, room: RoomId, seq: i64) -> Result<Option<Event>> {
    const SQL: &str = concat!("SELECT ", event_columns!(), " FROM event e WHERE e.room = $1 AND e.seq = $2");
    tx.row(SQL, &[Value::Int(room.0), Value::Int(seq)], |row| read_event(row, 0, room, key)).await
}

/// Appends one event to a room, in the transaction of what it tells; numbers and times only grow.
pub(crate) async fn append(
    tx: &mut Tx,
    db: &Db,
    keys: &KeyRing,
    room: RoomId,
    author: Author,
    content: Content,
    now: Micros,
) -> Result<Event> {
    let key = keys.room(db, room).await?;
    const TAIL: &str = "SELECT last_seq, last_us FROM room_tail WHERE room = $1";
    let (last_seq, last_us) = tx
        .row(tx.locking(TAIL), &[Value::Int(room.0)], |row| Ok((row.int(0)?, row.int(1)?)))
        .await?
        .ok_or(StoreError::Gone { what: "room" })?;
    let event = Event { room, seq: last_seq + 1, at: now.max(last_us), author, content };
    let sealed = seal(&key, &event, 0);
    const ADD: &str = "
        INSERT INTO event (room, seq, at_us, author_kind, author, kind, meeting, origin, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        Value::Int(room.0),
        Value::Int(event.seq),
        Value::Int(event.at),
        Value::Int(sealed.author_kind),
        Value::Int(sealed.author),
        Value::Int(sealed.kind),
        Value::OptInt(sealed.meeting),
        Value::Int(sealed.origin),
        Value::Bytes(&sealed.body),
    ];
    tx.execute(ADD, &values).await?;
    const MOVE: &str = "UPDATE room_tail SET last_seq = $2, last_us = $3 WHERE room = $1";
    tx.execute(MOVE, &[Value::Int(room.0), Value::Int(event.seq), Value::Int(event.at)]).await?;
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_body_reads_back() {
        let address = || "alice@demo.localhost".parse().unwrap();
        let name = || "Alice".parse().unwrap();
        let alice = Author::Account(AccountId(5), address(), name());
        let speech =
            Speech { origin: "o".into(), meeting: Some(MeetingId(9)), payload: "<body>é</body>".into() };
        let file = FileShared {
            file: FileId(3),
            name: "a.ods".into(),
            size: 1 << 40,
            media_type: "x/y".into(),
            sha256: [7; 32],
        };
        for (author, content) in [
            (alice.clone(), Content::Speech(speech)),
            (Author::Guest(GuestId(6), name()), Content::File(file)),
            (Author::Server, Content::MeetingEnded(MeetingId(9), 12)),
            (alice.clone(), Content::MeetingStarted(MeetingId(9))),
            (alice.clone(), Content::CallMissed(MeetingId(9))),
            (alice.clone(), Content::CallDeclined(MeetingId(9))),
            (alice.clone(), Content::LabelChanged { from: "a".into(), to: "b".into() }),
            (alice.clone(), Content::MemberAdded(address(), name())),
            (alice.clone(), Content::MemberRemoved(address(), name())),
            (alice, Content::Renamed { from: "a".into(), to: "b".into() }),
        ] {
            let event = Event { room: RoomId(1), seq: 1, at: 1, author, content };
            let (columns, kind) = (author_columns(&event.author), kind(&event.content));
            let body = plain(&event);
            assert_eq!(
                read_plain(&body, columns, kind, event.meeting().map(|m| m.0)),
                Some((event.author, event.content))
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_body_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), author in 0i64..4, kind in -1i64..11) {
            let _ = read_plain(&bytes, (author, 1), kind, None);
        }
    }
}
