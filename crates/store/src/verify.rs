//! `beffroi audit verify`: reads every log from its first entry and names what was changed.

use crate::audit::{FIELDS, commitments, entry_leaf};
use crate::merkle::{self, Frontier};
use crate::sql::{Row, Tx, Value};
use crate::{Finding, Result, Store};
use beffroi_domain::TenantId;

/// What a log says of itself.
struct Log {
    tenant: TenantId,
    domain: String,
    size: i64,
    frontier: Vec<u8>,
    checkpoint: String,
    public_key: Vec<u8>,
}

/// One entry as stored.
struct Stored {
    seq: i64,
    fields: [Vec<u8>; 11],
    commitments: Vec<u8>,
    signature: Vec<u8>,
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
        const SQL: &str = "
            SELECT t.id, t.domain, l.size, l.frontier, l.checkpoint, l.public_key
              FROM tenant t LEFT JOIN audit_log l ON l.tenant = t.id ORDER BY t.domain";
        // A server that writes on must not look like someone who adds entries behind the head.
        let mut tx = self.db().snapshot().await?;
        let logs = tx
            .rows(SQL, &[], |row| {
                let (tenant, domain) = (TenantId(row.int(0)?), row.text(1)?);
                let Some(size) = row.opt_int(2)? else { return Ok(Err(domain)) };
                let (frontier, checkpoint, public_key) = (row.bytes(3)?, row.text(4)?, row.bytes(5)?);
                Ok(Ok(Log { tenant, domain, size, frontier, checkpoint, public_key }))
            })
            .await?;
        let mut findings = vec![];
        for log in logs {
            match log {
                Ok(log) => verify_log(&mut tx, &log, &mut findings).await?,
                Err(domain) => findings.push(Finding {
                    text: format!("{domain}: the head of the log was removed"),
                    domain,
                    entry: None,
                    field: None,
                }),
            }
        }
        Ok(findings)
    }
}

async fn verify_log(tx: &mut Tx, log: &Log, findings: &mut Vec<Finding>) -> Result<()> {
    const SQL: &str = "
        SELECT seq, at_us, act, outcome, actor_ref, actor, subject_ref, subject, room, rule, detail,
               origin, commitments, signature
          FROM audit_entry WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let mut check = Check::new(log, findings);
    let mut after = i64::MIN;
    loop {
        let values = [Value::Int(log.tenant.0), Value::Int(after), Value::Int(AT_ONCE)];
        let entries = tx.rows(SQL, &values, read).await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        // Signatures take 50 µs each: a long log must not hold up whoever else runs here.
        tokio::task::yield_now().await;
        for entry in &entries {
            check.entry(entry);
        }
    }
    check.end();
    Ok(())
}

fn read(row: &Row) -> Result<Stored> {
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

struct Check<'a> {
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
}

impl<'a> Check<'a> {
    fn new(log: &'a Log, findings: &'a mut Vec<Finding>) -> Self {
        let head = merkle::read_checkpoint(&log.checkpoint, &log.public_key, &log.domain);
        let tree = Frontier::default();
        let root_at_head = head.filter(|(size, _)| *size == 0).map(|_| tree.root());
        let mut check = Self {
            log,
            findings,
            origin: merkle::origin(&log.domain),
            head,
            tree,
            expected: 1,
            root_at_head,
            unsigned: vec![],
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

    fn entry(&mut self, entry: &Stored) {
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
        let fresh = commitments(&entry.fields);
        if entry.commitments.len() == fresh.len() {
            for (n, name) in FIELDS.iter().enumerate() {
                let at = n * 32..n * 32 + 32;
                if fresh[at.clone()] != entry.commitments[at] {
                    self.find(Some(seq), Some(name), format!("entry {seq}, field `{name}` was changed"));
                }
            }
        } else {
            let text = format!("entry {seq}, field `commitments` was changed");
            self.find(Some(seq), Some("commitments"), text);
        }
        self.tree.push(entry_leaf(seq, &entry.commitments));
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

    fn end(mut self) {
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
    }
}
