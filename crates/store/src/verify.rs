//! `beffroi audit verify`: reads every log from its first entry, names what was changed, and compares with
//! what somebody noted or exported earlier.

use crate::audit::{FIELDS, commitments, entry_leaf};
use crate::export::{ExportError, Folder};
use crate::merkle::{self, Checkpoint, Frontier, TILE};
use crate::sql::{Row, Tx, Value};
use crate::{Finding, Result, Store};
use beffroi_domain::TenantId;
use std::collections::BTreeMap;
use std::path::Path;

/// What somebody kept of a log, to compare it with what it is today.
#[derive(Debug)]
pub struct Noted {
    checkpoint: Checkpoint,
    folder: Option<Folder>,
}

impl Noted {
    /// A checkpoint that was noted: printed, mailed, copied by hand. `None` when the text is none.
    pub fn checkpoint(text: &str) -> Option<Self> {
        // Mail programs and editors end lines in their own way.
        let text = format!("{}\n", text.replace('\r', "").trim());
        Some(Self { checkpoint: Checkpoint::read(&text)?, folder: None })
    }

    /// The logs that were exported into a folder, one or several.
    ///
    /// # Errors
    /// It cannot be read, or holds no export.
    pub fn exported(folder: &Path) -> Result<Vec<Self>, ExportError> {
        let read = |folder: Folder| {
            let checkpoint = folder.checkpoint()?;
            Ok(Self { checkpoint, folder: Some(folder) })
        };
        Folder::exported(folder)?.into_iter().map(read).collect()
    }

    fn is_of(&self, log: &Log) -> bool {
        self.checkpoint.origin == merkle::origin(&log.domain)
    }
}

/// What a log says of itself.
pub(crate) struct Log {
    pub(crate) tenant: TenantId,
    domain: String,
    size: i64,
    frontier: Vec<u8>,
    checkpoint: String,
    public_key: Vec<u8>,
}

/// One entry as stored.
pub(crate) struct Stored {
    pub(crate) seq: i64,
    /// In the order of [`FIELDS`], as they are committed to.
    pub(crate) fields: [Vec<u8>; 11],
    pub(crate) commitments: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Stored {
    /// The fields that are not the ones committed to.
    pub(crate) fn changed(&self) -> Vec<&'static str> {
        let fresh = commitments(&self.fields);
        if self.commitments.len() != fresh.len() {
            return vec!["commitments"];
        }
        let pairs = fresh.chunks(32).zip(self.commitments.chunks(32));
        FIELDS.iter().zip(pairs).filter(|(_, (now, then))| now != then).map(|(name, _)| *name).collect()
    }
}

/// Entries read at once.
const AT_ONCE: i64 = 1_000;

impl Store {
    /// Checks every log from its first entry; an empty list means that all are whole.
    ///
    /// What no program can see from the inside is a log put back whole to an earlier state: compare the
    /// checkpoint with one that you noted elsewhere.
    ///
    /// # Errors
    /// The database could not be read, so nothing can be said.
    pub async fn verify_audit(&self) -> Result<Vec<Finding>> {
        self.verify_audit_against(&[]).await
    }

    /// The same, and whether each log still begins with what was noted of it: whoever rewrites a whole log,
    /// its key included, is found by whoever kept an earlier checkpoint.
    ///
    /// # Errors
    /// The database could not be read, so nothing can be said.
    pub async fn verify_audit_against(&self, noted: &[Noted]) -> Result<Vec<Finding>> {
        const SQL: &str = "
            SELECT t.id, t.domain, l.size, l.frontier, l.checkpoint, l.public_key
              FROM tenant t LEFT JOIN audit_log l ON l.tenant = t.id ORDER BY t.domain";
        // A server that writes on must not look like someone who adds entries behind the head.
        let mut tx = self.db().snapshot().await?;
        let logs = tx.rows(SQL, &[], read_log).await?;
        let mut findings = vec![];
        let here = |noted: &&Noted| logs.iter().flatten().any(|log| noted.is_of(log));
        for missing in noted.iter().filter(|noted| !here(noted)) {
            let domain = missing.checkpoint.origin.clone();
            let text = format!(
                "{domain}: there is no such log here, and you have a checkpoint of it with {} entries",
                missing.checkpoint.size
            );
            findings.push(Finding { domain, entry: None, field: None, text });
        }
        for log in &logs {
            match log {
                Ok(log) => {
                    let noted = noted.iter().filter(|noted| noted.is_of(log)).collect();
                    verify_log(&mut tx, log, noted, &mut findings).await?;
                }
                Err(domain) => findings.push(Finding::headless(domain.clone())),
            }
        }
        Ok(findings)
    }
}

/// What a log says of itself, or whose has no head any more.
pub(crate) fn read_log(row: &Row) -> Result<Result<Log, String>> {
    let (tenant, domain) = (TenantId(row.int(0)?), row.text(1)?);
    let Some(size) = row.opt_int(2)? else { return Ok(Err(domain)) };
    let (frontier, checkpoint, public_key) = (row.bytes(3)?, row.text(4)?, row.bytes(5)?);
    Ok(Ok(Log { tenant, domain, size, frontier, checkpoint, public_key }))
}

impl Finding {
    pub(crate) fn headless(domain: String) -> Self {
        let text = format!("{domain}: the head of the log was removed");
        Self { domain, entry: None, field: None, text }
    }
}

/// The columns that [`read`] reads.
macro_rules! stored_columns {
    () => {
        "seq, at_us, act, outcome, actor_ref, actor, subject_ref, subject, room, rule, detail, origin, \
         commitments, signature"
    };
}
pub(crate) use stored_columns;

async fn verify_log(tx: &mut Tx, log: &Log, noted: Vec<&Noted>, findings: &mut Vec<Finding>) -> Result<()> {
    const SQL: &str = concat!(
        "SELECT ",
        stored_columns!(),
        " FROM audit_entry WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    );
    let mut check = Check::new(log, noted, findings);
    // A 256th of the entries, 32 bytes each: small beside the log, however long it is.
    let mut ended: Vec<Vec<merkle::Hash>> = vec![];
    let mut after = i64::MIN;
    loop {
        let values = [Value::Int(log.tenant.0), Value::Int(after), Value::Int(AT_ONCE)];
        let entries = tx.rows(SQL, &values, read).await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        // Signatures take 50 µs each: a long log must not hold up whoever else runs here.
        tokio::task::yield_now().await;
        for entry in &entries {
            check.entry(entry, &mut ended);
        }
    }
    if check.end() {
        const SQL: &str =
            "SELECT level, number, root FROM audit_subtree WHERE tenant = $1 ORDER BY level, number";
        let read = |row: &Row| Ok(((row.int(0)?, row.int(1)?), row.bytes(2)?));
        let kept = tx.rows(SQL, &[Value::Int(log.tenant.0)], read).await?;
        expect_subtrees(log, &ended, kept, findings);
    }
    Ok(())
}

/// Holds the hashes that are kept for tiles, by level and number, against those that the entries give.
pub(crate) fn expect_subtrees(
    log: &Log,
    expected: &[Vec<merkle::Hash>],
    kept: Vec<((i64, i64), Vec<u8>)>,
    findings: &mut Vec<Finding>,
) {
    let mut kept: BTreeMap<_, _> = kept.into_iter().collect();
    let mut find = |text: String| {
        let text = format!("{}: {text}", log.domain);
        findings.push(Finding { domain: log.domain.clone(), entry: None, field: None, text });
    };
    for (level, roots) in (1_i64..).zip(expected) {
        for (number, root) in (0_i64..).zip(roots) {
            let what = match kept.remove(&(level, number)) {
                Some(kept) if kept == root => continue,
                Some(_) => "changed",
                None => "removed",
            };
            find(format!("the hash number {number} kept for the tiles of level {level} was {what}"));
        }
    }
    for ((level, number), _) in kept {
        find(format!("a hash number {number} for the tiles of level {level} was added"));
    }
}

pub(crate) fn read(row: &Row) -> Result<Stored> {
    let number = |column: usize| row.int(column).map(|n| n.to_string().into_bytes());
    let text = |column: usize| row.text(column).map(String::into_bytes);
    Ok(Stored {
        seq: row.int(0)?,
        fields: [
            number(1)?,
            text(2)?,
            text(3)?,
            number(4)?,
            row.bytes(5)?,
            number(6)?,
            row.bytes(7)?,
            number(8)?,
            text(9)?,
            row.bytes(10)?,
            row.bytes(11)?,
        ],
        commitments: row.bytes(12)?,
        signature: row.bytes(13)?,
    })
}

pub(crate) struct Check<'a> {
    log: &'a Log,
    findings: &'a mut Vec<Finding>,
    origin: String,
    head: Option<(u64, merkle::Hash)>,
    tree: Frontier,
    expected: i64,
    /// The root that the log had when it was as long as its checkpoint says.
    root_at_head: Option<merkle::Hash>,
    /// Entries whose signature does not fit, since the last one that did.
    unsigned: Vec<i64>,
    noted: Vec<Comparison<'a>>,
}

/// How a log compares with something noted of it.
struct Comparison<'a> {
    noted: &'a Noted,
    /// The root that the log had when it was as long as it is in the checkpoint.
    root: Option<merkle::Hash>,
    /// The exported folder, as long as it can be read.
    folder: Option<&'a Folder>,
    /// Its tile of leaves at hand.
    leaves: Vec<merkle::Hash>,
    /// The first entry that is not the one in the folder.
    fork: Option<u64>,
}

impl Comparison<'_> {
    /// The log grew by this leaf.
    fn leaf(&mut self, leaf: &merkle::Hash, tree: &Frontier) -> Result<(), ExportError> {
        let (size, kept) = (tree.size(), self.noted.checkpoint.size);
        if size == kept {
            self.root = Some(tree.root());
        }
        let Some(folder) = self.folder else { return Ok(()) };
        if size > kept || self.fork.is_some() {
            return Ok(());
        }
        let place = (size - 1) % TILE;
        if place == 0 {
            self.leaves = folder.hashes(0, (size - 1) / TILE, kept)?;
        }
        if self.leaves.get(place as usize) != Some(leaf) {
            self.fork = Some(size);
        }
        Ok(())
    }

    /// What is wrong, as sentences.
    fn end(&self, public_key: &[u8], size: u64) -> Vec<(Option<u64>, String)> {
        let Checkpoint { size: kept, root, .. } = &self.noted.checkpoint;
        let mut found = vec![];
        if !self.noted.checkpoint.signed_by(public_key) {
            let text = "the checkpoint that you noted is not signed by the key of this log: it was forged, or the log was made anew with another key";
            found.push((None, text.to_owned()));
        }
        if size < *kept {
            let text = format!(
                "the log has {size} entries and had {kept} when you noted its checkpoint: it was cut off or put back"
            );
            found.push((None, text));
        } else if self.root != Some(*root) {
            let text = format!(
                "the log is not the one that you noted at {kept} entries: it was rewritten or put back"
            );
            found.push((None, text));
        }
        if let (Some(fork), Some(folder)) = (self.fork, self.folder) {
            let text =
                format!("entry {fork} is not the one in {folder}: the log was rewritten from there on");
            found.push((Some(fork), text));
        }
        found
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(log: &'a Log, noted: Vec<&'a Noted>, findings: &'a mut Vec<Finding>) -> Self {
        let head = merkle::read_checkpoint(&log.checkpoint, &log.public_key, &log.domain);
        let tree = Frontier::default();
        let root_at_head = head.filter(|(size, _)| *size == 0).map(|_| tree.root());
        let start = |noted: &'a Noted| {
            let root = (noted.checkpoint.size == 0).then(|| tree.root());
            Comparison { noted, root, folder: noted.folder.as_ref(), leaves: vec![], fork: None }
        };
        let noted = noted.into_iter().map(start).collect();
        let mut check = Self {
            log,
            findings,
            origin: merkle::origin(&log.domain),
            head,
            tree,
            expected: 1,
            root_at_head,
            unsigned: vec![],
            noted,
        };
        if head.is_none() {
            check.find(
                None,
                None,
                "the checkpoint is not signed by the key of this log: it was forged".into(),
            );
        }
        check
    }

    fn find(&mut self, entry: Option<i64>, field: Option<&str>, text: String) {
        let text = format!("{}: {text}", self.log.domain);
        let field = field.map(str::to_owned);
        self.findings.push(Finding { domain: self.log.domain.clone(), entry, field, text });
    }

    /// Takes the next entry; the roots of the tiles that it ends go to `ended`, by level.
    pub(crate) fn entry(&mut self, entry: &Stored, ended: &mut Vec<Vec<merkle::Hash>>) {
        let seq = entry.seq;
        if seq != self.expected {
            match seq - self.expected {
                gap if gap < 0 => {
                    self.find(Some(seq), None, format!("entry {seq} was added before the first"))
                }
                1 => self.find(Some(self.expected), None, format!("entry {} was removed", self.expected)),
                _ => {
                    let text = format!("entries {} to {} were removed", self.expected, seq - 1);
                    self.find(Some(self.expected), None, text);
                }
            }
        }
        self.expected = seq.saturating_add(1);
        for name in entry.changed() {
            self.find(Some(seq), Some(name), format!("entry {seq}, field `{name}` was changed"));
        }
        let leaf = entry_leaf(seq, &entry.commitments);
        for (level, root) in self.tree.push(leaf).into_iter().enumerate() {
            if ended.len() == level {
                ended.push(vec![]);
            }
            ended[level].push(root);
        }
        for n in 0..self.noted.len() {
            if let Err(wrong) = self.noted[n].leaf(&leaf, &self.tree) {
                // What cannot be read cannot be compared, and that is said once.
                self.noted[n].folder = None;
                self.find(None, None, wrong.to_string());
            }
        }
        if self.head.is_some_and(|(size, _)| size == self.tree.size()) {
            self.root_at_head = Some(self.tree.root());
        }
        if merkle::signed(&self.log.public_key, &self.origin, &self.tree, &entry.signature) {
            // The log up to here is as it was signed, so the earlier signatures themselves were changed.
            for seq in std::mem::take(&mut self.unsigned) {
                let text = format!("entry {seq}, field `signature` was changed");
                self.find(Some(seq), Some("signature"), text);
            }
        } else {
            self.unsigned.push(seq);
        }
    }

    /// Says what is wrong with the whole; gives whether the entries are the ones that were signed.
    pub(crate) fn end(mut self) -> bool {
        let last = self.expected - 1;
        let size = self.head.map_or(self.log.size, |(size, _)| i64::try_from(size).unwrap_or(i64::MAX));
        let whole = self.head.is_some_and(|(_, root)| self.root_at_head == Some(root));
        if let Some(first) = self.unsigned.first().copied() {
            if whole {
                for seq in std::mem::take(&mut self.unsigned).into_iter().filter(|seq| *seq <= size) {
                    let text = format!("entry {seq}, field `signature` was changed");
                    self.find(Some(seq), Some("signature"), text);
                }
            } else {
                let text = format!(
                    "entry {first} is not the one that was signed: it was rewritten, moved or put in, or one before it was removed"
                );
                self.find(Some(first), None, text);
            }
        }
        if last < size {
            let text = format!("the end was cut off: entries {} to {size} are missing", last + 1);
            self.find(Some(last + 1), None, text);
        } else if last > size {
            let text = format!("entries {} to {last} were added after the signed end", size + 1);
            self.find(Some(size + 1), None, text);
        } else if self.head.is_some() && !whole && self.findings.iter().all(|f| f.domain != self.log.domain) {
            self.find(None, None, "the entries do not give the root that was signed".into());
        }
        if self.log.size != size {
            let text = format!(
                "the head says {} entries and its checkpoint {size}: field `size` was changed",
                self.log.size
            );
            self.find(None, Some("size"), text);
        } else if whole && last == size && self.log.frontier != self.tree.to_bytes() {
            self.find(None, Some("frontier"), "field `frontier` of the head was changed".into());
        }
        for compared in std::mem::take(&mut self.noted) {
            for (entry, text) in compared.end(&self.log.public_key, self.tree.size()) {
                self.find(entry.map(|seq| seq as i64), None, text);
            }
        }
        whole && last == size
    }
}
