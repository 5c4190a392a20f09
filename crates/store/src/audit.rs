//! The audit log: what was done and what was refused, written in the transaction of the act itself.
//!
//! Each tenant's log is a Merkle tree. A leaf covers a commitment (SHA-256) to each field as it is
//! stored, so that a changed field is named; personal fields are sealed under the key of the person, so
//! that destroying this key erases them and every proof stays valid. Every entry carries a signature over
//! the log that ends with it, so that the first rewritten entry is named too. See docs/verify/.

use crate::crypto::{Sealer, Secret, about, new_secret, sha256};
use crate::keys::{KeyRing, TenantKey, tenant_key_columns};
use crate::merkle::{self, Frontier, Signer};
use crate::sql::{Row, Tx, Value};
use crate::tiles;
use crate::{Result, Store, StoreError};
use beffroi_domain::{AccountId, Micros, RoomId, TenantId};
use beffroi_policy::{Acting, Denied, ReadAudit, TenantPermit, Who};
use std::collections::HashMap;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Denied,
}

/// Someone or something in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person known here, erased with their key.
    Who(Who),
    /// The same, with what they proved to administer, or with who acts in their name.
    Acting(Acting),
    /// A text: an address nobody has, a thing's name.
    Text(String),
    /// The operator at the machine, or the server itself.
    Machine,
}

/// Something to write down.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// What was done, such as `session.open` or the name of a policy act.
    pub act: &'a str,
    /// How it went.
    pub outcome: Outcome,
    /// By whom.
    pub actor: Subject,
    /// To whom or what.
    pub subject: Option<Subject>,
    /// In which room.
    pub room: Option<RoomId>,
    /// The policy rule behind a denial.
    pub rule: Option<&'a str>,
    /// What else matters, for a person to read.
    pub detail: &'a str,
    /// The address of the network it came from; empty when it came from the machine.
    pub origin: &'a str,
}

/// An entry as read back. Personal fields whose key was destroyed read « effacé ».
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Number in the tenant's log, from 1.
    pub seq: i64,
    /// When.
    pub at: Micros,
    /// What.
    pub act: String,
    /// How it went.
    pub outcome: Outcome,
    /// Address, or guest address, or text.
    pub actor: String,
    /// To whom or what; may be empty.
    pub subject: String,
    /// In which room.
    pub room: Option<RoomId>,
    /// The rule behind a denial; may be empty.
    pub rule: String,
    /// What else.
    pub detail: String,
    /// From where; may be empty.
    pub origin: String,
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only entries before this number.
    pub before: Option<i64>,
    /// Only this act.
    pub act: Option<String>,
    /// Only by this address (an account of the tenant).
    pub actor: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<Outcome>,
    /// Only at or after.
    pub from: Option<Micros>,
    /// Only at or before.
    pub to: Option<Micros>,
    /// At most so many; 0 means 100, never more than 500.
    pub limit: u32,
}

/// A page of the log, latest first.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// `before` of the next page.
    pub next: Option<i64>,
    /// Entries in the log.
    pub size: i64,
    /// The signed head of the log (C2SP tlog-checkpoint).
    pub checkpoint: String,
}

/// Something wrong in a log, in words that name it: « entry 42, field `act` was changed ».
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Domain of the tenant whose log it is.
    pub domain: String,
    /// The entry, when one can be named.
    pub entry: Option<i64>,
    /// The field, when one can be named.
    pub field: Option<String>,
    /// The sentence.
    pub text: String,
}

/// The columns of an entry, in the order that [`read_entry`] reads.
macro_rules! entry_columns {
    () => {
        "seq, at_us, act, outcome, actor_ref, actor, subject_ref, subject, room, rule, detail, origin"
    };
}
pub(crate) use entry_columns;

/// The fields of an entry that its leaf commits to, in the order of the table.
pub(crate) const FIELDS: [&str; 11] = [
    "at_us",
    "act",
    "outcome",
    "actor_ref",
    "actor",
    "subject_ref",
    "subject",
    "room",
    "rule",
    "detail",
    "origin",
];

/// The commitments to the fields, one after the other, in the order of [`FIELDS`]. Numbers are committed
/// to as decimal text, so that any program can do the same.
pub(crate) fn commitments(fields: &[Vec<u8>; 11]) -> Vec<u8> {
    FIELDS
        .iter()
        .zip(fields)
        .flat_map(|(name, value)| sha256(&[name.as_bytes(), &[0], value].concat()))
        .collect()
}

/// What the leaf of an entry is the hash of.
pub(crate) fn entry_data(seq: i64, commitments: &[u8]) -> Vec<u8> {
    [b"beffroi audit entry\n", seq.to_string().as_bytes(), b"\n", commitments].concat()
}

/// The leaf of an entry.
pub(crate) fn entry_leaf(seq: i64, commitments: &[u8]) -> merkle::Hash {
    merkle::leaf(&entry_data(seq, commitments))
}

impl Subject {
    /// Whoever holds a permit. The operator at the machine holds one on behalf of nobody, account 0.
    pub(crate) fn by(acting: impl Into<Acting>) -> Self {
        match acting.into() {
            Acting { who: Who::Account(AccountId(0)), .. } => Self::Machine,
            acting => Self::Acting(acting),
        }
    }
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
        }
    }
}

impl<'a> NewEntry<'a> {
    /// Something done by someone, without more.
    pub(crate) fn done(act: &'a str, actor: Subject) -> Self {
        Self {
            act,
            outcome: Outcome::Done,
            actor,
            subject: None,
            room: None,
            rule: None,
            detail: "",
            origin: "",
        }
    }
    pub(crate) fn on(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }
    pub(crate) fn within(self, room: RoomId) -> Self {
        Self { room: Some(room), ..self }
    }
    pub(crate) fn saying(self, detail: &'a str) -> Self {
        Self { detail, ..self }
    }
}

/// The person behind a number of `actor_ref` and `subject_ref`; 0 is nobody.
fn number(subject: &Subject) -> i64 {
    match subject {
        Subject::Acting(acting) => number(&Subject::Who(acting.who)),
        Subject::Who(Who::Account(id)) => id.0,
        Subject::Who(Who::Guest(id)) => id.0,
        Subject::Text(_) | Subject::Machine => 0,
    }
}

/// How a person is written: what they were called when it happened.
async fn written(tx: &mut Tx, subject: &Subject) -> Result<String> {
    let (sql, id) = match subject {
        Subject::Text(text) => return Ok(text.chars().take(320).collect()),
        Subject::Machine => return Ok("machine".to_owned()),
        Subject::Acting(acting) => {
            let who = Box::pin(written(tx, &Subject::Who(acting.who))).await?;
            return Ok(match acting.helper {
                Some(helper) => {
                    let helper = Box::pin(written(tx, &Subject::Who(Who::Account(helper)))).await?;
                    format!("{who} ({helper})")
                }
                None => who,
            });
        }
        Subject::Who(Who::Account(id)) => ("SELECT address FROM account WHERE id = $1", id.0),
        Subject::Who(Who::Guest(id)) => {
            ("SELECT t.domain FROM guest g JOIN tenant t ON t.id = g.tenant WHERE g.id = $1", id.0)
        }
    };
    let found = tx.row(sql, &[Value::Int(id)], |row| row.text(0)).await?.unwrap_or_default();
    Ok(match subject {
        Subject::Who(Who::Guest(id)) => format!("{id}@guests.{found}"),
        _ => found,
    })
}

/// The key of a person's fields in a tenant's log.
async fn person_key(tx: &mut Tx, key: &TenantKey, tenant: TenantId, person: i64) -> Result<Sealer> {
    Ok(Sealer::new(&*person_secret(tx, key, tenant, person).await?))
}

/// The key of what is kept about a person, made when it is needed first.
pub(crate) async fn person_secret(
    tx: &mut Tx,
    key: &TenantKey,
    tenant: TenantId,
    person: i64,
) -> Result<Secret> {
    const FIND: &str = "SELECT key_wrapped FROM person_key WHERE tenant = $1 AND person = $2";
    let at = [Value::Int(tenant.0), Value::Int(person)];
    match tx.row(FIND, &at, |row| row.bytes(0)).await? {
        Some(wrapped) => key.unwrap_key("person", person, &wrapped),
        None => {
            // Of two who first write of somebody at once, the second finds what the first made.
            tx.hold(&format!("person {} {person}", tenant.0)).await?;
            if let Some(wrapped) = tx.row(FIND, &at, |row| row.bytes(0)).await? {
                return key.unwrap_key("person", person, &wrapped);
            }
            let secret = new_secret();
            let wrapped = key.wrap("person", person, &secret);
            const ADD: &str = "INSERT INTO person_key (tenant, person, key_wrapped) VALUES ($1, $2, $3)";
            tx.execute(ADD, &[Value::Int(tenant.0), Value::Int(person), Value::Bytes(&wrapped)]).await?;
            Ok(secret)
        }
    }
}

fn about_field(tenant: TenantId, seq: i64, field: &str) -> Vec<u8> {
    about(&format!("audit {field}"), &[tenant.0, seq])
}

/// Starts the log of a new tenant, in the transaction that adds it.
pub(crate) async fn start(tx: &mut Tx, key: &TenantKey, tenant: TenantId, domain: &str) -> Result<()> {
    let seed = new_secret();
    let signer = Signer::new(&seed, domain);
    let tree = Frontier::default();
    let (_, checkpoint) = signer.sign(&tree);
    const SQL: &str = "
        INSERT INTO audit_log (tenant, size, frontier, checkpoint, public_key, signing_key)
        VALUES ($1, 0, $2, $3, $4, $5)";
    let values = [
        Value::Int(tenant.0),
        Value::Bytes(&tree.to_bytes()),
        Value::Text(&checkpoint),
        Value::Bytes(&signer.public()),
        Value::Bytes(&key.wrap("audit log", tenant.0, &seed)),
    ];
    tx.execute(SQL, &values).await.map(drop)
}

/// Appends an entry, in the transaction of what it tells. Call it last: it holds the head of the log
/// until the end of the transaction.
pub(crate) async fn append(
    tx: &mut Tx,
    keys: &KeyRing,
    tenant: TenantId,
    entry: NewEntry<'_>,
    now: Micros,
) -> Result<()> {
    const TENANT: &str =
        concat!("SELECT ", tenant_key_columns!(), ", t.domain FROM tenant t WHERE t.id = $1");
    let (tenant_key, domain) = tx
        .row(tx.sharing(TENANT), &[Value::Int(tenant.0)], |row| Ok((keys.tenant_key(row, 0)?, row.text(4)?)))
        .await?
        .ok_or(StoreError::Gone { what: "tenant" })?;
    const HEAD: &str = "SELECT size, frontier, signing_key FROM audit_log WHERE tenant = $1";
    let (size, frontier, signing_key) = tx
        .row(tx.locking(HEAD), &[Value::Int(tenant.0)], |row| Ok((row.int(0)?, row.bytes(1)?, row.bytes(2)?)))
        .await?
        .ok_or(StoreError::Gone { what: "audit log" })?;
    let mut tree = Frontier::read(size as u64, &frontier)
        .ok_or_else(|| StoreError::Damaged { what: format!("the head of the audit log of {domain}") })?;
    let signer = Signer::new(&*tenant_key.unwrap_key("audit log", tenant.0, &signing_key)?, &domain);
    let seq = size + 1;

    let actor_ref = number(&entry.actor);
    let subject_ref = entry.subject.as_ref().map_or(0, number);
    let actor_text = written(tx, &entry.actor).await?;
    let subject_text = match &entry.subject {
        Some(subject) => written(tx, subject).await?,
        None => String::new(),
    };
    let actor_key = person_key(tx, &tenant_key, tenant, actor_ref).await?;
    let subject_key = person_key(tx, &tenant_key, tenant, subject_ref).await?;
    // An empty field is kept empty: there is nothing to hide, and most entries have several.
    let seal = |key: &Sealer, field: &str, text: &str| {
        if text.is_empty() { vec![] } else { key.seal(&about_field(tenant, seq, field), text.as_bytes()) }
    };
    let (act, outcome, rule) = (entry.act, entry.outcome.word(), entry.rule.unwrap_or(""));
    let room = entry.room.map_or(0, |room| room.0);
    let actor = seal(&actor_key, "actor", &actor_text);
    let subject = seal(&subject_key, "subject", &subject_text);
    let detail_key = if actor_ref == 0 { &subject_key } else { &actor_key };
    let detail = seal(detail_key, "detail", entry.detail);
    // An act of the administration, or on how one signs in, says what was proved for it.
    let proof = match &entry.actor {
        Subject::Acting(Acting { factor: Some(factor), .. }) => factor.word(),
        _ => "",
    };
    let origin = match (entry.origin, proof) {
        ("", proof) => proof.to_owned(),
        (place, "") => place.to_owned(),
        (place, proof) => format!("{place} · {proof}"),
    };
    let origin = seal(&actor_key, "origin", &origin);
    let commitments = commitments(&[
        now.to_string().into_bytes(),
        act.into(),
        outcome.into(),
        actor_ref.to_string().into_bytes(),
        actor.clone(),
        subject_ref.to_string().into_bytes(),
        subject.clone(),
        room.to_string().into_bytes(),
        rule.into(),
        detail.clone(),
        origin.clone(),
    ]);
    let ended = tree.push(entry_leaf(seq, &commitments));
    tiles::keep(tx, tenant, seq, &ended).await?;
    let (signature, checkpoint) = signer.sign(&tree);
    const ADD: &str = "
        INSERT INTO audit_entry (tenant, seq, at_us, act, outcome, actor_ref, actor, subject_ref, subject,
                                 room, rule, detail, origin, commitments, signature)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = [
        Value::Int(tenant.0),
        Value::Int(seq),
        Value::Int(now),
        Value::Text(act),
        Value::Text(outcome),
        Value::Int(actor_ref),
        Value::Bytes(&actor),
        Value::Int(subject_ref),
        Value::Bytes(&subject),
        Value::Int(room),
        Value::Text(rule),
        Value::Bytes(&detail),
        Value::Bytes(&origin),
        Value::Bytes(&commitments),
        Value::Bytes(&signature),
    ];
    tx.execute(ADD, &values).await?;
    const MOVE: &str = "UPDATE audit_log SET size = $2, frontier = $3, checkpoint = $4 WHERE tenant = $1";
    let values =
        [Value::Int(tenant.0), Value::Int(seq), Value::Bytes(&tree.to_bytes()), Value::Text(&checkpoint)];
    tx.execute(MOVE, &values).await.map(drop)
}

impl Store {
    /// Writes down that something was refused.
    ///
    /// # Errors
    /// The database; treat it as the refusal all the same.
    #[allow(clippy::too_many_arguments)] // who, what, where, why, whence, when: all of them are asked
    pub async fn deny(
        &self,
        tenant: TenantId,
        actor: Subject,
        act: &str,
        room: Option<RoomId>,
        denied: &Denied,
        origin: &str,
        now: Micros,
    ) -> Result<()> {
        let detail = denied.to_string();
        let entry = NewEntry {
            act,
            outcome: Outcome::Denied,
            actor,
            subject: None,
            room,
            rule: Some(denied.rule()),
            detail: &detail,
            origin,
        };
        self.note(tenant, entry, now).await
    }

    /// Writes down something that changes nothing kept here: a sign-in, a sign-out, a failure.
    ///
    /// # Errors
    /// The database.
    pub async fn note(&self, tenant: TenantId, entry: NewEntry<'_>, now: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// A page of the tenant's log, latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn audit(&self, permit: &TenantPermit<ReadAudit>, filter: &AuditFilter) -> Result<AuditPage> {
        let tenant = permit.tenant();
        let at = Value::Int(tenant.0);
        const HEAD: &str = "SELECT size, checkpoint FROM audit_log WHERE tenant = $1";
        let (size, checkpoint) = self
            .db()
            .row(HEAD, &[at], |row| Ok((row.int(0)?, row.text(1)?)))
            .await?
            .ok_or(StoreError::Gone { what: "audit log" })?;
        let actor = match &filter.actor {
            None => Some(0),
            Some(text) => self.person_number(tenant, text).await?,
        };
        let Some(actor) = actor else {
            return Ok(AuditPage { entries: vec![], next: None, size, checkpoint });
        };
        let limit = match filter.limit {
            0 => 100,
            n => i64::from(n.min(500)),
        };
        macro_rules! page {
            () => {
                " FROM audit_entry
                 WHERE tenant = $1 AND seq < $2 AND ($3 = '' OR act = $3) AND ($4 = 0 OR actor_ref = $4)
                   AND ($5 = '' OR outcome = $5) AND at_us >= $6 AND at_us <= $7
                 ORDER BY seq DESC LIMIT $8"
            };
        }
        const SQL: &str = concat!("SELECT ", entry_columns!(), page!());
        // The keys of those who are on the page: a body of fifty thousand has as many.
        const KEYS: &str = concat!(
            "WITH page AS (SELECT actor_ref, subject_ref",
            page!(),
            ") SELECT p.person, p.key_wrapped, ",
            tenant_key_columns!(),
            " FROM person_key p JOIN tenant t ON t.id = p.tenant WHERE p.tenant = $1
               AND p.person IN (SELECT actor_ref FROM page UNION SELECT subject_ref FROM page)"
        );
        let values = [
            Value::Int(tenant.0),
            Value::Int(filter.before.unwrap_or(i64::MAX)),
            Value::Text(filter.act.as_deref().unwrap_or("")),
            Value::Int(actor),
            Value::Text(filter.outcome.map_or("", Outcome::word)),
            Value::Int(filter.from.unwrap_or(i64::MIN)),
            Value::Int(filter.to.unwrap_or(i64::MAX)),
            Value::Int(limit),
        ];
        let mut tx = self.db().snapshot().await?;
        let key = |row: &Row| {
            let (person, wrapped) = (row.int(0)?, row.bytes(1)?);
            let key = self.keys().tenant_key(row, 2)?.unwrap_key("person", person, &wrapped)?;
            Ok((person, Sealer::new(&key)))
        };
        let people = tx.rows(KEYS, &values, key).await?.into_iter().collect();
        let entries = tx.rows(SQL, &values, |row| read_entry(row, tenant, &people)).await?;
        tx.commit().await?;
        let next = if entries.len() as i64 == limit { entries.last().map(|e| e.seq) } else { None };
        Ok(AuditPage { entries, next, size, checkpoint })
    }

    /// The number of the person of an address in a tenant's log.
    async fn person_number(&self, tenant: TenantId, address: &str) -> Result<Option<i64>> {
        if let Some((id, domain)) = address.split_once('@')
            && domain.starts_with("guests.")
        {
            return Ok(id.parse::<beffroi_domain::GuestId>().ok().map(|id| id.0));
        }
        const SQL: &str = "SELECT id FROM account WHERE tenant = $1 AND address = $2";
        let address = address.trim().to_lowercase();
        self.db().row(SQL, &[Value::Int(tenant.0), Value::Text(&address)], |row| row.int(0)).await
    }

    /// Destroys someone's audit key: their personal fields become unreadable, proofs stay valid.
    ///
    /// # Errors
    /// The database.
    pub async fn erase_from_audit(&self, who: Who, now: Micros) -> Result<()> {
        let (sql, id) = match who {
            Who::Account(id) => ("SELECT tenant FROM account WHERE id = $1", id.0),
            Who::Guest(id) => ("SELECT tenant FROM guest WHERE id = $1", id.0),
        };
        let mut tx = self.db().begin().await?;
        let tenant = tx
            .row(sql, &[Value::Int(id)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(StoreError::Gone { what: "person" })?;
        // In the logs of other bodies too: who operates is named in the log of each body that they hosted.
        tx.execute("DELETE FROM person_key WHERE person = $1", &[Value::Int(id)]).await?;
        // Sealed under the same key: nobody opens them any more.
        tx.execute("DELETE FROM factor WHERE account = $1", &[Value::Int(id)]).await?;
        tx.execute("DELETE FROM recovery_code WHERE account = $1", &[Value::Int(id)]).await?;
        tx.execute("DELETE FROM mail_code WHERE account = $1", &[Value::Int(id)]).await?;
        let told = format!("person {id}");
        let entry = NewEntry::done("audit.erase", Subject::Machine).on(Subject::Text(told));
        append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }
}

/// What stands in the place of a field whose key was destroyed.
const ERASED: &str = "(effacé)";

pub(crate) fn read_entry(row: &Row, tenant: TenantId, people: &HashMap<i64, Sealer>) -> Result<AuditEntry> {
    let seq = row.int(0)?;
    let (actor_ref, subject_ref) = (row.int(4)?, row.int(6)?);
    let field = |person: i64, name: &str, column: usize| -> Result<String> {
        let sealed = row.bytes(column)?;
        if sealed.is_empty() {
            return Ok(String::new());
        }
        let opened = people.get(&person).and_then(|key| key.open(&about_field(tenant, seq, name), &sealed));
        Ok(opened
            .and_then(|plain| String::from_utf8(plain.to_vec()).ok())
            .unwrap_or_else(|| ERASED.to_owned()))
    };
    let room = row.int(8)?;
    Ok(AuditEntry {
        seq,
        at: row.int(1)?,
        act: row.text(2)?,
        outcome: if row.text(3)? == "denied" { Outcome::Denied } else { Outcome::Done },
        actor: field(actor_ref, "actor", 5)?,
        subject: field(subject_ref, "subject", 7)?,
        room: (room != 0).then_some(RoomId(room)),
        rule: row.text(9)?,
        detail: field(if actor_ref == 0 { subject_ref } else { actor_ref }, "detail", 10)?,
        origin: field(actor_ref, "origin", 11)?,
    })
}
