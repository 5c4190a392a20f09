//! What decisions lean on, kept in memory for as long as nobody changed any of it.
//!
//! A decision about a room asks for the room with its label, the account and the membership. They are read in
//! one question and kept under the **epoch** in which they were read. Whatever writes one of [`TABLES`] ends
//! the epoch, after its commit and before its caller hears of it, and with it all that is kept: nobody who saw
//! a change done meets what was before. The command line beside the server ends it too, by a number in a file
//! of the data folder. What neither sees, another machine on the same database or a process that died between
//! its commit and the file, is [`AGE`] old at most (decision 0018).

use crate::crypto::{damaged, random};
use crate::labels::label_columns;
use crate::members::Standing;
use crate::rooms::{ROOM_COLUMNS, from_room, read_rank, read_room, room_columns};
use crate::sql::{Row, Value};
use crate::within::whose;
use crate::{Result, Store};
use beffroi_domain::{AccountId, Rank, Role, Room, RoomId, TenantId};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The tables that [`Store::facts`] reads, and the one whose end takes theirs along.
const TABLES: [&str; 5] = ["account", "label", "member", "room", "tenant"];
/// What is written every minute of everybody and that no decision leans on.
const HARMLESS: &str = "UPDATE account SET last_used_us = ";
/// How long facts are believed without asking.
const AGE: Duration = Duration::from_secs(1);
/// Facts kept at most, some kilobytes each with their room; when they are more, all are forgotten.
const MOST: usize = 16_384;

/// Whether a statement changes what is kept here.
pub(crate) fn changed_by(sql: &str) -> bool {
    let sql = sql.trim_start();
    let words =
        || sql.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let mut first = words();
    let table = match (first.next(), first.next()) {
        (Some("SELECT"), _) => return false,
        (Some("UPDATE"), table) => table,
        (Some("INSERT"), Some("INTO")) | (Some("DELETE"), Some("FROM")) => first.next(),
        // What begins otherwise may write anything.
        _ => return true,
    };
    table.is_none_or(|table| TABLES.contains(&table)) && !sql.starts_with(HARMLESS)
}

/// When facts were read: never the same again once any of them changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64, [u8; 8]);

/// Which stamp facts get, in this process and in those that share its data folder.
#[derive(Clone, Debug)]
pub(crate) struct Epoch(Arc<(AtomicU64, Option<File>)>);

impl Epoch {
    /// For a store that keeps nothing in memory.
    #[cfg(test)]
    pub(crate) fn alone() -> Self {
        Self(Arc::new((AtomicU64::new(0), None)))
    }

    /// The epoch of everybody who opens the same file. Where it cannot be opened nothing is kept in memory:
    /// slower, never wrong.
    pub(crate) fn shared(path: &Path) -> Self {
        let open = File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
        if let Err(cause) = &open {
            tracing::warn!(file = %path.display(), %cause, "decisions read their facts anew each time; check the rights of this file");
        }
        let epoch = Self(Arc::new((AtomicU64::new(0), open.ok())));
        epoch.end(); // and there is something to read
        epoch
    }

    /// What was read before is no more to be believed.
    pub(crate) fn end(&self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        if let Some(file) = &self.0.1 {
            // A disk that refuses eight bytes is full or broken: others believe for `AGE` what they know.
            let _ = file.write_all_at(&random::<8>(), 0);
        }
    }

    /// Ends it when what this gives is dropped, if something that is kept here `changed`.
    pub(crate) fn ends_after(&self, changed: bool) -> Option<Ending> {
        changed.then(|| Ending(self.clone()))
    }

    pub(crate) fn now(&self) -> Option<Stamp> {
        let mut shared = [0; 8];
        let here = self.0.0.load(Ordering::SeqCst);
        self.0.1.as_ref()?.read_exact_at(&mut shared, 0).ok()?;
        Some(Stamp(here, shared))
    }
}

/// Ends an epoch when it goes, whatever became of whoever had it.
pub(crate) struct Ending(Epoch);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What the policy must know of a room and of somebody who comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The room with its label.
    pub room: Room,
    /// The account in it. None for guests, and when the account is closed or gone.
    pub standing: Option<Standing>,
}

type Question = (TenantId, RoomId, Option<AccountId>);

/// The facts of one epoch.
#[derive(Debug)]
pub(crate) struct Known {
    epoch: Epoch,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    stamp: Option<Stamp>,
    facts: HashMap<Question, (Instant, Arc<Facts>)>,
}

impl Known {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { epoch, kept: Mutex::default() }
    }

    fn get(&self, stamp: Stamp, question: &Question, now: Instant) -> Option<Arc<Facts>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, facts) = kept.facts.get(question).filter(|_| kept.stamp == Some(stamp))?;
        (now.duration_since(*read) < AGE).then(|| facts.clone())
    }

    /// Keeps what was read after `stamp` and `read`, unless it is of another epoch by now.
    fn keep(&self, stamp: Stamp, question: Question, read: Instant, facts: &Arc<Facts>) {
        if self.epoch.now() != Some(stamp) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.stamp != Some(stamp) || kept.facts.len() >= MOST {
            *kept = Kept { stamp: Some(stamp), facts: HashMap::new() };
        }
        kept.facts.insert(question, (read, facts.clone()));
    }
}

impl Store {
    /// Believes nothing of what was read before: another machine changed something.
    pub fn forget_facts(&self) {
        self.known().epoch.end();
    }

    /// What the policy must know of a room of the tenant and of an account in it, as it is now. A stream lives
    /// for hours, and clearances change meanwhile: whoever asks, asks at each decision. None when the tenant
    /// has no such room. Guests have no account.
    ///
    /// # Errors
    /// The database.
    pub async fn facts(
        &self,
        tenant: TenantId,
        room: RoomId,
        account: Option<AccountId>,
    ) -> Result<Option<Arc<Facts>>> {
        let question = (tenant, room, account);
        // Closed in another tenant, one asks the database, whose wall answers.
        let own = whose().is_none_or(|closed_in| closed_in == tenant);
        let (stamp, now) = (self.known().epoch.now().filter(|_| own), Instant::now());
        if let Some(known) = stamp.and_then(|stamp| self.known().get(stamp, &question, now)) {
            return Ok(Some(known));
        }
        let read = self.read_facts(question).await?.map(Arc::new);
        if let (Some(stamp), Some(facts)) = (stamp, &read) {
            self.known().keep(stamp, question, now, facts);
        }
        Ok(read)
    }

    async fn read_facts(&self, (tenant, room, account): Question) -> Result<Option<Facts>> {
        let values = [
            Value::Int(room.0),
            Value::Int(tenant.0),
            Value::OptInt(account.map(|id| id.0)),
            Value::Bool(true),
        ];
        let bad = || damaged(format!("an account in room {room}"));
        let read = |row: &Row| {
            let standing = match (row.opt_text(ROOM_COLUMNS)?, row.opt_int(ROOM_COLUMNS + 1)?) {
                (Some(role), Some(clearance)) => Some(Standing {
                    role: Role::from_word(&role).ok_or_else(bad)?,
                    clearance: Rank(u8::try_from(clearance).map_err(|_| bad())?),
                    membership: row.opt_text(ROOM_COLUMNS + 2)?.as_deref().map(read_rank).transpose()?,
                }),
                _ => None,
            };
            Ok(Facts { room: read_room(row, 0)?, standing })
        };
        self.db().row_here(FACTS, &values, read).await
    }
}

const FACTS: &str = concat!(
    "SELECT ",
    room_columns!(),
    ", a.role, a.clearance, m.rank",
    from_room!(),
    "LEFT JOIN account a ON a.id = $3 AND a.tenant = r.tenant AND a.enabled = $4
     LEFT JOIN member m ON m.account = a.id AND m.room = r.id
         WHERE r.id = $1 AND r.tenant = $2"
);

#[cfg(test)]
mod tests {
    use super::*;
    use beffroi_domain::{Label, RoomKind, Slug};

    fn room() -> Room {
        Room {
            id: RoomId(2),
            tenant: TenantId(1),
            slug: Slug::suggested("r"),
            name: "r".parse().unwrap(),
            topic: String::new(),
            kind: RoomKind::Group,
            label: Label::shipped().remove(0),
        }
    }

    #[test]
    fn every_table_that_is_read_ends_the_epoch() {
        let mut words = FACTS.split_whitespace();
        let mut read = vec![];
        while let Some(word) = words.next() {
            if word == "FROM" || word == "JOIN" {
                read.extend(words.next());
            }
        }
        assert_eq!(read.len(), 4);
        for table in read {
            assert!(changed_by(&format!("\n  UPDATE {table} SET x = 1")), "{table}");
            assert!(changed_by(&format!("INSERT INTO {table}(x) VALUES (1)")), "{table}");
            assert!(changed_by(&format!("DELETE FROM {table} WHERE x = 1")), "{table}");
        }
    }

    #[test]
    fn facts_are_believed_for_one_epoch_and_one_second() {
        let folder = std::env::temp_dir().join(format!("beffroi-epoch-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (here, beside) = (Epoch::shared(&folder.join("epoch")), Epoch::shared(&folder.join("epoch")));
        let known = Known::new(here.clone());
        let question = (TenantId(1), RoomId(2), None);
        let facts = Arc::new(Facts { room: room(), standing: None });
        let read = Instant::now();
        let at = |ms| read + Duration::from_millis(ms);
        for end in [|here: &Epoch, _: &Epoch| here.end(), |_: &Epoch, beside: &Epoch| beside.end()] {
            let stamp = here.now().unwrap();
            known.keep(stamp, question, read, &facts);
            assert!(known.get(stamp, &question, at(999)).is_some());
            assert!(known.get(stamp, &question, at(1_000)).is_none());
            assert!(known.get(stamp, &(TenantId(2), RoomId(2), None), at(0)).is_none());
            end(&here, &beside);
            let after = here.now().unwrap();
            assert!(known.get(after, &question, at(0)).is_none());
            // What was read before the change comes too late to be kept.
            known.keep(stamp, question, read, &facts);
            assert!(known.get(after, &question, at(0)).is_none());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_people_say_and_what_is_only_read_does_not() {
        for sql in [
            "SELECT 1 FROM account FOR UPDATE",
            "INSERT INTO event (room) VALUES ($1)",
            "UPDATE room_tail SET last_seq = 1",
            "UPDATE account SET last_used_us = $2 WHERE id = $1",
        ] {
            assert!(!changed_by(sql), "{sql}");
        }
        for sql in [
            "WITH a AS (SELECT 1) UPDATE member SET rank = 1",
            "TRUNCATE label",
            "UPDATE account SET role = $2",
        ] {
            assert!(changed_by(sql), "{sql}");
        }
    }
}
