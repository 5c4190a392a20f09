//! The one writer of what people say and of how far they read.
//!
//! It takes what waits, writes it in statements of many rows, commits once and then answers everybody:
//! a synced commit costs the same for one message as for five hundred. The queue is bounded; when it is
//! full, senders wait, which slows them down and loses nothing.

use crate::event::{self, Sealed};
use crate::keys::{KeyRing, RoomKey};
use crate::notices::Notices;
use crate::own;
use crate::sql::{Db, Tx, Value, parts};
use crate::{Notice, Result, StoreError};
use beffroi_domain::{AccountId, Author, Content, Event, Micros, RoomId, Speech};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Requests that wait at most; the next sender is slowed down.
const QUEUE: usize = 4_096;
/// Requests in one commit at most: about 10 ms of writing.
const BATCH: usize = 512;
/// Events of a room among which a repeated origin id is known.
const WINDOW: i64 = 1_000;
/// Rooms whose window is held, 8 KiB each at most.
const ROOMS: usize = 2_000;

/// Where the sender of a message waits.
type Answer = oneshot::Sender<Result<Event>>;

/// An event that is there already, or the place of the staged one that is the same.
type Known = Result<Event, usize>;

struct Saying {
    room: RoomId,
    author: Author,
    speech: Speech,
    now: Micros,
    answer: Answer,
}

struct Mark {
    room: RoomId,
    account: AccountId,
    seq: i64,
    now: Micros,
    answer: oneshot::Sender<Result<bool>>,
}

enum Request {
    Say(Saying),
    Mark(Mark),
    Stop,
}

/// The way to the writer.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Request>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(db: Db, keys: Arc<KeyRing>, notices: Notices) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let task = tokio::spawn(Work { db, keys, notices, windows: HashMap::new() }.run(requests));
        Self { queue, task: Mutex::new(Some(task)) }
    }

    pub(crate) async fn say(
        &self,
        room: RoomId,
        author: Author,
        speech: Speech,
        now: Micros,
    ) -> Result<Event> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Say(Saying { room, author, speech, now, answer });
        self.queue.send(request).await.map_err(|_| StoreError::Closing)?;
        answered.await.map_err(|_| StoreError::Closing)?
    }

    pub(crate) async fn mark(&self, room: RoomId, account: AccountId, seq: i64, now: Micros) -> Result<bool> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Mark(Mark { room, account, seq, now, answer });
        self.queue.send(request).await.map_err(|_| StoreError::Closing)?;
        answered.await.map_err(|_| StoreError::Closing)?
    }

    /// Takes no more, writes what waits.
    pub(crate) async fn stop(&self) {
        let _ = self.queue.send(Request::Stop).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(e) = task.await
        {
            tracing::error!(error = %e, "the writer ended badly; what it had not answered was not kept");
        }
    }
}

/// The last origin hashes of a room, up to event `last`; 0 where an event has none.
struct Window {
    last: i64,
    origins: VecDeque<i64>,
}

impl Window {
    fn push(&mut self, origin: i64) {
        if self.origins.len() >= WINDOW as usize {
            self.origins.pop_front();
        }
        self.origins.push_back(origin);
        self.last += 1;
    }

    /// The number of the event with this origin. 1,000 numbers in a row: a scan beats any index.
    fn find(&self, origin: i64) -> Option<i64> {
        let (old, new) = self.origins.as_slices();
        let place = match old.iter().position(|o| *o == origin) {
            Some(place) => place,
            None => old.len() + new.iter().position(|o| *o == origin)?,
        };
        Some(self.last - self.origins.len() as i64 + 1 + place as i64)
    }
}

/// Where a room stands while a batch is made.
struct Tail {
    seq: i64,
    at: Micros,
}

struct Work {
    db: Db,
    keys: Arc<KeyRing>,
    notices: Notices,
    windows: HashMap<RoomId, Window>,
}

/// A batch on its way to the disk.
#[derive(Default)]
struct Batch {
    staged: Vec<(Event, Sealed, Answer)>,
    /// Said twice: the event that is there already, or is staged at this place.
    repeated: Vec<(Known, Answer)>,
    /// Refused before anything was written.
    refused: Vec<(StoreError, Answer)>,
}

impl Work {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut waiting = Vec::with_capacity(BATCH);
        while requests.recv_many(&mut waiting, BATCH).await > 0 {
            let (mut sayings, mut marks) = (vec![], vec![]);
            for request in waiting.drain(..) {
                match request {
                    // Nobody waits any more: their connection is gone, and what was not
                    // acknowledged is theirs to say again.
                    Request::Say(saying) if saying.answer.is_closed() => {}
                    Request::Say(saying) => sayings.push(saying),
                    Request::Mark(mark) => marks.push(mark),
                    Request::Stop => requests.close(),
                }
            }
            if !sayings.is_empty() || !marks.is_empty() {
                self.write(sayings, marks).await;
            }
        }
    }

    /// One transaction; everyone is answered after it, never before.
    async fn write(&mut self, sayings: Vec<Saying>, marks: Vec<Mark>) {
        let mut touched: Vec<RoomId> =
            sayings.iter().map(|s| s.room).chain(marks.iter().map(|m| m.room)).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut batch = Batch::default();
        let outcome = self.try_write(&touched, sayings, &marks, &mut batch).await;
        if outcome.is_err() {
            // What was numbered in vain must not be remembered.
            for room in &touched {
                self.windows.remove(room);
            }
        }
        for (error, answer) in batch.refused {
            let _ = answer.send(Err(error));
        }
        match outcome {
            Ok(further) => {
                for (event, answer) in batch.repeated {
                    let event = event.unwrap_or_else(|place| batch.staged[place].0.clone());
                    let _ = answer.send(Ok(event));
                }
                for (event, _, answer) in batch.staged {
                    // Told from here and not by whoever asked: in the order of the timeline, once each.
                    self.notices.tell(Notice::Event(Arc::new(event.clone())));
                    let _ = answer.send(Ok(event));
                }
                for mark in marks {
                    let further = further.get(&(mark.room, mark.account)).is_some_and(|seq| *seq <= mark.seq);
                    let _ = mark.answer.send(Ok(further));
                }
            }
            Err(error) => {
                tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "a commit of messages failed; nobody was told that theirs was kept");
                let answers = batch.staged.into_iter().map(|(_, _, answer)| answer);
                for answer in answers.chain(batch.repeated.into_iter().map(|(_, answer)| answer)) {
                    let _ = answer.send(Err(error.again()));
                }
                for mark in marks {
                    let _ = mark.answer.send(Err(error.again()));
                }
            }
        }
        if self.windows.len() > ROOMS {
            let gone: Vec<RoomId> = self.windows.keys().take(ROOMS / 4).copied().collect();
            for room in gone {
                self.windows.remove(&room);
            }
        }
    }

    async fn try_write(
        &mut self,
        touched: &[RoomId],
        sayings: Vec<Saying>,
        marks: &[Mark],
        batch: &mut Batch,
    ) -> Result<BTreeMap<(RoomId, AccountId), i64>> {
        // An error on the way out of here must answer those not staged yet, too.
        let mut sayings = VecDeque::from(sayings);
        let outcome = self.write_all(touched, &mut sayings, marks, batch).await;
        if let Err(error) = &outcome {
            batch.refused.extend(sayings.into_iter().map(|s| (error.again(), s.answer)));
        }
        outcome
    }

    async fn write_all(
        &mut self,
        touched: &[RoomId],
        sayings: &mut VecDeque<Saying>,
        marks: &[Mark],
        batch: &mut Batch,
    ) -> Result<BTreeMap<(RoomId, AccountId), i64>> {
        let mut keys: HashMap<RoomId, Result<Arc<RoomKey>>> = HashMap::new();
        for room in sayings.iter().map(|s| s.room) {
            if let std::collections::hash_map::Entry::Vacant(place) = keys.entry(room) {
                place.insert(self.keys.room(&self.db, room).await);
            }
        }
        let mut tx = self.db.begin().await?;
        let mut tails = read_tails(&mut tx, touched).await?;
        let pairs = keys.values().flatten().filter_map(|key| key.pair);
        let both: BTreeSet<i64> = pairs.flat_map(|(low, high)| [low, high]).collect();
        let mut own_tails = own::read_tails(&mut tx, &both.into_iter().collect::<Vec<_>>()).await?;
        while let Some(saying) = sayings.pop_front() {
            let room = saying.room;
            let key = match keys.get(&room).expect("every room of the batch was asked for its key") {
                Ok(key) => key,
                Err(error) => {
                    batch.refused.push((error.again(), saying.answer));
                    continue;
                }
            };
            let Some(tail) = tails.get_mut(&room) else {
                batch.refused.push((StoreError::Gone { what: "room" }, saying.answer));
                continue;
            };
            let (author_kind, author) = event::author_columns(&saying.author);
            let origin = match saying.speech.origin.as_str() {
                "" => 0,
                text => key.origin(author_kind, author, text),
            };
            let window = match window(&mut self.windows, &mut tx, room, tail.seq).await {
                Ok(window) => window,
                Err(error) => {
                    sayings.push_front(saying);
                    return Err(error);
                }
            };
            if origin != 0
                && let Some(seq) = window.find(origin)
            {
                let staged = batch.staged.iter().position(|(e, _, _)| e.room == room && e.seq == seq);
                match staged {
                    Some(place) => batch.repeated.push((Err(place), saying.answer)),
                    None => match event::find(&mut tx, key, room, seq).await {
                        Ok(Some(event)) => batch.repeated.push((Ok(event), saying.answer)),
                        Ok(None) => {
                            let what = format!("event {seq} of room {room}");
                            batch.refused.push((StoreError::Damaged { what }, saying.answer));
                        }
                        Err(error @ StoreError::Damaged { .. }) => batch.refused.push((error, saying.answer)),
                        // SQLite may have rolled back by itself: what followed would be written alone.
                        Err(error) => {
                            batch.refused.push((error.again(), saying.answer));
                            return Err(error);
                        }
                    },
                }
                continue;
            }
            tail.seq += 1;
            tail.at = tail.at.max(saying.now);
            if let Some(pair) = key.pair {
                tail.at = own::stand_after(&mut own_tails, pair, tail.at);
            }
            let event = Event {
                room,
                seq: tail.seq,
                at: tail.at,
                author: saying.author,
                content: Content::Speech(saying.speech),
            };
            let sealed = event::seal(key, &event, origin);
            window.push(origin);
            batch.staged.push((event, sealed, saying.answer));
        }
        write_events(&mut tx, &batch.staged).await?;
        let changed = batch.staged.iter().map(|(e, _, _)| e.room).collect::<std::collections::BTreeSet<_>>();
        write_tails(&mut tx, &changed.into_iter().map(|room| (room, &tails[&room])).collect::<Vec<_>>())
            .await?;
        own::write_tails(&mut tx, &own_tails).await?;
        let further = write_marks(&mut tx, marks, &tails).await?;
        tx.commit().await?;
        Ok(further)
    }
}

/// The window of a room, with whatever another process wrote in the meantime.
async fn window<'a>(
    windows: &'a mut HashMap<RoomId, Window>,
    tx: &mut Tx,
    room: RoomId,
    last: i64,
) -> Result<&'a mut Window> {
    let window = windows.entry(room).or_insert(Window { last: 0, origins: VecDeque::new() });
    if window.last != last {
        // Behind, or ahead after a restored backup: in doubt, from the beginning of the window.
        let after = if window.last < last { window.last.max(last - WINDOW) } else { last - WINDOW };
        if after != window.last {
            window.origins.clear();
        }
        const SQL: &str = "SELECT origin FROM event WHERE room = $1 AND seq > $2 ORDER BY seq";
        let missed = tx.rows(SQL, &[Value::Int(room.0), Value::Int(after)], |row| row.int(0)).await?;
        window.last = last - missed.len() as i64;
        for origin in missed {
            window.push(origin);
        }
    }
    Ok(window)
}

/// Where rooms stand; on PostgreSQL their rows are held, always in the same order.
async fn read_tails(tx: &mut Tx, rooms: &[RoomId]) -> Result<HashMap<RoomId, Tail>> {
    const SQL: &str = "SELECT room, last_seq, last_us FROM room_tail WHERE room IN ({}) ORDER BY room";
    let mut tails = HashMap::with_capacity(rooms.len());
    let mut rest = rooms;
    for count in parts(rooms.len()) {
        let (some, others) = rest.split_at(count);
        rest = others;
        let values: Vec<_> = some.iter().map(|room| Value::Int(room.0)).collect();
        let sql = tx.locking(tx.repeated(SQL, 0, count));
        let read = tx
            .rows(sql, &values, |row| Ok((RoomId(row.int(0)?), Tail { seq: row.int(1)?, at: row.int(2)? })))
            .await?;
        tails.extend(read);
    }
    Ok(tails)
}

async fn write_events(tx: &mut Tx, staged: &[(Event, Sealed, Answer)]) -> Result<()> {
    const SQL: &str = "INSERT INTO event (room, seq, at_us, author_kind, author, kind, meeting, origin, body, pair_low, pair_high) VALUES {}";
    let mut rest = staged;
    for count in parts(staged.len()) {
        let (some, others) = rest.split_at(count);
        rest = others;
        let mut values = Vec::with_capacity(count * 11);
        for (event, sealed, _) in some {
            values.extend([
                Value::Int(event.room.0),
                Value::Int(event.seq),
                Value::Int(event.at),
                Value::Int(sealed.author_kind),
                Value::Int(sealed.author),
                Value::Int(sealed.kind),
                Value::OptInt(sealed.meeting),
                Value::Int(sealed.origin),
                Value::Bytes(&sealed.body),
                Value::OptInt(sealed.pair.map(|pair| pair.0)),
                Value::OptInt(sealed.pair.map(|pair| pair.1)),
            ]);
        }
        let sql = tx.repeated(SQL, 11, count);
        tx.execute(sql, &values).await?;
    }
    Ok(())
}

async fn write_tails(tx: &mut Tx, tails: &[(RoomId, &Tail)]) -> Result<()> {
    const SQL: &str = "
        INSERT INTO room_tail (room, last_seq, last_us) VALUES {}
            ON CONFLICT (room) DO UPDATE SET last_seq = excluded.last_seq, last_us = excluded.last_us";
    let mut rest = tails;
    for count in parts(tails.len()) {
        let (some, others) = rest.split_at(count);
        rest = others;
        let values: Vec<_> = some
            .iter()
            .flat_map(|(room, tail)| [Value::Int(room.0), Value::Int(tail.seq), Value::Int(tail.at)])
            .collect();
        let sql = tx.repeated(SQL, 3, count);
        tx.execute(sql, &values).await?;
    }
    Ok(())
}

/// Writes how far people read, never back and never beyond the end; gives who got further.
async fn write_marks(
    tx: &mut Tx,
    marks: &[Mark],
    tails: &HashMap<RoomId, Tail>,
) -> Result<BTreeMap<(RoomId, AccountId), i64>> {
    let mut furthest: BTreeMap<(RoomId, AccountId), (i64, Micros)> = BTreeMap::new();
    for mark in marks {
        let Some(tail) = tails.get(&mark.room) else { continue };
        let at = furthest.entry((mark.room, mark.account)).or_default();
        *at = (*at).max((mark.seq.min(tail.seq), mark.now));
    }
    const SQL: &str = "
        INSERT INTO read_mark (room, account, seq, at_us) VALUES {}
            ON CONFLICT (room, account) DO UPDATE SET seq = excluded.seq, at_us = excluded.at_us
                WHERE excluded.seq > read_mark.seq
        RETURNING room, account, seq";
    let all: Vec<_> = furthest.into_iter().collect();
    let mut rest = all.as_slice();
    let mut further = BTreeMap::new();
    for count in parts(all.len()) {
        let (some, others) = rest.split_at(count);
        rest = others;
        let values: Vec<_> = some
            .iter()
            .flat_map(|((room, account), (seq, now))| {
                [Value::Int(room.0), Value::Int(account.0), Value::Int(*seq), Value::Int(*now)]
            })
            .collect();
        let sql = tx.repeated(SQL, 4, count);
        let read = tx
            .rows(sql, &values, |row| Ok(((RoomId(row.int(0)?), AccountId(row.int(1)?)), row.int(2)?)))
            .await?;
        further.extend(read);
    }
    Ok(further)
}
