//! Everything between someone and each of their colleagues, in one order: the archive of a person.
//!
//! The order is that of time. An event between two is dated after everything that either of them has
//! already, under a row of each that its transaction holds: what becomes visible later is later, so a
//! reader who went on from an event misses nothing, whatever was being written meanwhile.

use crate::accounts::{account_columns, read_account};
use crate::event::Stored;
use crate::labels::label_columns;
use crate::rooms::{ROOM_COLUMNS, from_room, read_rank, read_room, room_columns};
use crate::sql::{Row, Tx, Value, parts};
use crate::{Page, Result, Store, StoreError};
use beffroi_domain::{Account, AccountId, MemberRank, Micros, Room, RoomId};
use beffroi_policy::{Permit, ReadRoom, Who};
use std::collections::{BTreeMap, BTreeSet};

/// The two of a conversation, lower id first.
pub(crate) type Pair = (i64, i64);

/// Someone's conversation with a colleague.
#[derive(Clone, Debug)]
pub struct Direct {
    /// The room.
    pub room: Room,
    /// The reader's rank.
    pub rank: MemberRank,
    /// The other one.
    pub peer: Account,
}

/// Which part of someone's archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnRange {
    /// Only what comes after each of these events.
    pub after: Vec<(RoomId, i64)>,
    /// Only what comes before each of these events.
    pub before: Vec<(RoomId, i64)>,
    /// Only events written at or after.
    pub from: Option<Micros>,
    /// Only events written at or before.
    pub to: Option<Micros>,
    /// At most so many; 0 to 500.
    pub limit: u32,
    /// Take the newest that fit, not the oldest. The page is in order all the same.
    pub newest_first: bool,
}

/// Events in one page at most.
const PAGE: u32 = 500;

/// A place in the order: time, room, number.
type Spot = (Micros, i64, i64);

/// A page from each side of the pair, then the page of both: no row is read that is not on one of them.
macro_rules! own_page {
    ($order:literal) => {
        concat!(
            own_page!(half "SELECT", "pair_low", $order),
            own_page!(half " UNION ALL SELECT", "pair_high", $order),
            " ORDER BY at_us ", $order, ", room ", $order, ", seq ", $order, " LIMIT $8"
        )
    };
    (half $select:literal, $side:literal, $order:literal) => {
        concat!(
            $select, " * FROM (SELECT e.room, e.seq, e.at_us, e.author_kind, e.author, e.kind, e.meeting, e.body
               FROM event e
              WHERE e.", $side, " = $1 AND (e.at_us, e.room, e.seq) > ($2, $3, $4)
                AND (e.at_us, e.room, e.seq) < ($5, $6, $7)
              ORDER BY e.at_us ", $order, ", e.room ", $order, ", e.seq ", $order, " LIMIT $8) ", $side
        )
    };
}

/// Raises the time of what is appended between these two above all that either has.
pub(crate) async fn after_both(tx: &mut Tx, (low, high): Pair, at: Micros) -> Result<Micros> {
    let mut tails = read_tails(tx, &[low, high]).await?;
    let at = stand_after(&mut tails, (low, high), at);
    write_tails(tx, &tails).await?;
    Ok(at)
}

/// The same among tails that were read already.
pub(crate) fn stand_after(tails: &mut BTreeMap<i64, Micros>, (low, high): Pair, at: Micros) -> Micros {
    let last = |account| tails.get(&account).copied().unwrap_or(0);
    let at = at.max(last(low) + 1).max(last(high) + 1);
    tails.extend([(low, at), (high, at)]);
    at
}

/// Where the archives of these accounts, in order of id, stand; on PostgreSQL their rows are held.
pub(crate) async fn read_tails(tx: &mut Tx, accounts: &[i64]) -> Result<BTreeMap<i64, Micros>> {
    const SQL: &str = "SELECT account, last_us FROM pair_tail WHERE account IN ({}) ORDER BY account";
    let mut tails = BTreeMap::new();
    let mut rest = accounts;
    for count in parts(accounts.len()) {
        let (some, others) = rest.split_at(count);
        rest = others;
        let values: Vec<_> = some.iter().map(|account| Value::Int(*account)).collect();
        let sql = tx.locking(tx.repeated(SQL, 0, count));
        tails.extend(tx.rows(sql, &values, |row| Ok((row.int(0)?, row.int(1)?))).await?);
    }
    Ok(tails)
}

/// Writes them back.
pub(crate) async fn write_tails(tx: &mut Tx, tails: &BTreeMap<i64, Micros>) -> Result<()> {
    const SQL: &str = "
        INSERT INTO pair_tail (account, last_us) VALUES {}
            ON CONFLICT (account) DO UPDATE SET last_us = excluded.last_us";
    let all: Vec<_> = tails.iter().collect();
    let mut rest = all.as_slice();
    for count in parts(all.len()) {
        let (some, others) = rest.split_at(count);
        rest = others;
        let values: Vec<_> =
            some.iter().flat_map(|(account, at)| [Value::Int(**account), Value::Int(**at)]).collect();
        let sql = tx.repeated(SQL, 2, count);
        tx.execute(sql, &values).await?;
    }
    Ok(())
}

/// A first conversation: from now on there is a row to hold.
pub(crate) async fn begin(tx: &mut Tx, account: AccountId) -> Result<()> {
    const SQL: &str =
        "INSERT INTO pair_tail (account, last_us) VALUES ($1, 0) ON CONFLICT (account) DO NOTHING";
    tx.execute(SQL, &[Value::Int(account.0)]).await.map(drop)
}

impl Store {
    /// Someone's conversations of two: facts for the policy, no content.
    ///
    /// # Errors
    /// The database.
    pub async fn directs_of(&self, account: AccountId) -> Result<Vec<Direct>> {
        const SQL: &str = concat!(
            "SELECT ",
            room_columns!(),
            ", m.rank, ",
            account_columns!(),
            from_room!(),
            "JOIN member m ON m.room = r.id
             JOIN member other ON other.room = r.id AND other.account <> m.account
             JOIN account a ON a.id = other.account
            WHERE m.account = $1 AND r.kind = 'direct' ORDER BY r.id"
        );
        let read = |row: &Row| {
            Ok(Direct {
                room: read_room(row, 0)?,
                rank: read_rank(&row.text(ROOM_COLUMNS)?)?,
                peer: read_account(row, ROOM_COLUMNS + 1)?,
            })
        };
        self.db().rows(SQL, &[Value::Int(account.0)], read).await
    }

    /// A part of the archive of the one who holds these permits: the events of those rooms, and of no other.
    ///
    /// # Errors
    /// `Gone` when the range begins or ends at an event that is not there; the database; damaged contents.
    pub async fn own_history(&self, permits: &[Permit<ReadRoom>], range: OwnRange) -> Result<Page> {
        const OLDEST: &str = own_page!("");
        const NEWEST: &str = own_page!("DESC");
        let rooms: BTreeSet<RoomId> = permits.iter().map(Permit::room).collect();
        let mut after: Spot = (i64::MIN, 0, 0);
        let mut before: Spot = (i64::MAX, 0, 0);
        if let Some(from) = range.from {
            after = (from.saturating_sub(1), i64::MAX, i64::MAX);
        }
        if let Some(to) = range.to {
            before = (to.saturating_add(1), i64::MIN, i64::MIN);
        }
        for event in &range.after {
            after = after.max(self.spot(&rooms, *event).await?);
        }
        for event in &range.before {
            before = before.min(self.spot(&rooms, *event).await?);
        }
        let Some(Who::Account(reader)) = permits.first().map(Permit::who) else {
            return Ok(Page { events: vec![], complete: true });
        };
        let limit = range.limit.min(PAGE) as usize;
        let sql = if range.newest_first { NEWEST } else { OLDEST };
        // One more than asked tells whether there is more. A room that may not be read today is stepped
        // over: as many rounds as it fills pages.
        let mut events = vec![];
        loop {
            let step = limit as i64 + 1;
            let values = [
                Value::Int(reader.0),
                Value::Int(after.0),
                Value::Int(after.1),
                Value::Int(after.2),
                Value::Int(before.0),
                Value::Int(before.1),
                Value::Int(before.2),
                Value::Int(step),
            ];
            let read = |row: &Row| Ok((RoomId(row.int(0)?), Stored::read(row, 1)?));
            let rows = self.db().rows(sql, &values, read).await?;
            let last = rows.last().map(|(room, event)| (event.at, room.0, event.seq));
            let is_last = (rows.len() as i64) < step;
            events.extend(rows.into_iter().filter(|(room, _)| rooms.contains(room)));
            match last {
                Some(last) if events.len() <= limit && !is_last => {
                    if range.newest_first {
                        before = last;
                    } else {
                        after = last;
                    }
                }
                _ => break,
            }
        }
        let complete = events.len() <= limit;
        events.truncate(limit);
        if range.newest_first {
            events.reverse();
        }
        let mut opened = Vec::with_capacity(events.len());
        for (room, event) in events {
            let key = self.keys().room(self.db(), room).await?;
            opened.push(event.open(room, &key)?);
        }
        Ok(Page { events: opened, complete })
    }

    /// Where an event of one of these rooms stands.
    async fn spot(&self, rooms: &BTreeSet<RoomId>, (room, seq): (RoomId, i64)) -> Result<Spot> {
        const SQL: &str = "SELECT at_us FROM event WHERE room = $1 AND seq = $2";
        let gone = || StoreError::Gone { what: "event" };
        if !rooms.contains(&room) {
            return Err(gone());
        }
        let at = self.db().row(SQL, &[Value::Int(room.0), Value::Int(seq)], |row| row.int(0)).await?;
        Ok((at.ok_or_else(gone)?, room.0, seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Epoch;
    use crate::sql::Db;

    /// 100,000 messages of 200 conversations of account 5000: a page is read from the two indexes, in order,
    /// and nothing is sorted or scanned but the page.
    #[tokio::test]
    async fn a_page_reads_what_it_gives() {
        let folder = std::env::temp_dir().join(format!("beffroi-own-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let sqlite = Db::connect(&format!("sqlite:{}", folder.join("a.db").display()), true, Epoch::alone())
            .await
            .unwrap();
        fill(&sqlite).await;
        for sql in
            [concat!("EXPLAIN QUERY PLAN ", own_page!("")), concat!("EXPLAIN QUERY PLAN ", own_page!("DESC"))]
        {
            let plan = sqlite.rows(sql, &page(), |row| row.text(3)).await.unwrap().join("\n");
            for side in ["low", "high"] {
                let wanted =
                    format!("SEARCH e USING INDEX event_by_pair_{side} (pair_{side}=? AND (at_us,room,seq)>");
                assert!(plan.contains(&wanted), "{plan}");
            }
            assert!(!plan.contains("SCAN e"), "{plan}");
            assert_eq!(sqlite.rows(only(sql), &page(), |row| row.int(0)).await.unwrap().len(), 51);
        }
        sqlite.close().await;
        std::fs::remove_dir_all(&folder).unwrap();

        let Ok(server) = std::env::var("BEFFROI_TEST_POSTGRES") else { return };
        let schema = format!("beffroi_own_{}", std::process::id());
        let whole = Db::connect(&server, false, Epoch::alone()).await.unwrap();
        let make: &'static str = format!("CREATE SCHEMA {schema}").leak();
        whole.execute(make, &[]).await.unwrap();
        let joint = if server.contains('?') { '&' } else { '?' };
        let postgres =
            Db::connect(&format!("{server}{joint}options[search_path]={schema}"), false, Epoch::alone())
                .await
                .unwrap();
        fill(&postgres).await;
        for sql in
            [concat!("EXPLAIN ANALYZE ", own_page!("")), concat!("EXPLAIN ANALYZE ", own_page!("DESC"))]
        {
            let plan = postgres.rows(sql, &page(), |row| row.text(0)).await.unwrap().join("\n");
            for side in ["low", "high"] {
                assert!(plan.contains(&format!("using event_by_pair_{side}")), "{plan}");
            }
            assert!(!plan.contains("Seq Scan on event"), "{plan}");
        }
        postgres.close().await;
        let drop: &'static str = format!("DROP SCHEMA {schema} CASCADE").leak();
        whole.execute(drop, &[]).await.unwrap();
        whole.close().await;
    }

    fn only(explain: &'static str) -> &'static str {
        explain.trim_start_matches("EXPLAIN QUERY PLAN ")
    }

    /// A page in the middle.
    fn page() -> Vec<Value<'static>> {
        let int = |of: &[i64]| of.iter().map(|n| Value::Int(*n)).collect();
        int(&[5000, 40_000, 0, 0, 60_000, 0, 0, 51])
    }

    async fn fill(db: &Db) {
        db.migrate(crate::open::MIGRATIONS).await.unwrap();
        const SQL: &str = "
            INSERT INTO event (room, seq, at_us, author_kind, author, kind, meeting, origin, body, pair_low, pair_high)
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            SELECT i % 200, i / 200 + 1, i, 1, 5000, 0, NULL, 0, $1,
                   CASE WHEN i % 200 < 100 THEN i % 200 ELSE 5000 END,
                   CASE WHEN i % 200 < 100 THEN 5000 ELSE 9000 + i % 200 END
              FROM n";
        assert_eq!(db.execute(SQL, &[Value::Bytes(&[7; 300])]).await.unwrap(), 100_000);
        db.execute("ANALYZE", &[]).await.unwrap();
    }
}
