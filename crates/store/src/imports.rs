//! A file of people on its way in: judged line by line and kept, shown, then applied as it was shown.
//!
//! What is applied is what was kept, in parts of one transaction each; a part that was cut off never happened, and
//! the next call goes on after the last that did.

use crate::accounts::{NewAccount, account_columns, holdable, insert, read_account};
use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy};
use crate::directory;
use crate::mail::Purpose;
use crate::sql::{Row, Tx, Value, parts};
use crate::{InvitationKind, Letter, Result, Store, StoreError, invitations};
use beffroi_domain::{Account, AccountId, ImportId, MailId, Micros, Rank, Role, TenantId};
use beffroi_policy::{ImportPeople, TenantPermit, Who};

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Somebody new.
    Create,
    /// Somebody known, by another name.
    Rename,
    /// Somebody known, as they are.
    Same,
    /// Nobody; a rule says why.
    Refused,
}

impl Fate {
    /// All, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Create, Self::Rename, Self::Same, Self::Refused];

    /// The word used in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Same => "same",
            Self::Refused => "refused",
        }
    }

    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.word() == word)
    }
}

/// A line of the file and what becomes of it.
#[derive(Clone, Debug)]
pub struct PlannedLine {
    /// Its number in a spreadsheet.
    pub line: i64,
    /// The address; of a refused line as it came, shortened.
    pub address: String,
    /// The name, likewise.
    pub name: String,
    /// The name that is replaced; may be empty.
    pub former: String,
    /// The role, as a word; of a refused line as it came.
    pub role: String,
    /// Up to which label somebody new is cleared.
    pub clearance: Rank,
    /// The hash of their password that another program made; never given out again.
    pub password: Option<String>,
    /// What becomes of it.
    pub fate: Fate,
    /// Why it is refused; may be empty.
    pub rule: String,
}

/// How many lines there are of each fate, and how far it was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportTotals {
    /// People to add.
    pub create: i64,
    /// People to rename.
    pub rename: i64,
    /// People left as they are.
    pub same: i64,
    /// Lines refused.
    pub refused: i64,
    /// Lines applied.
    pub applied: i64,
    /// Lines left out because somebody else changed what they were about.
    pub skipped: i64,
}

/// A file of people as it stands.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Its id.
    pub id: ImportId,
    /// SHA-256 of the file.
    pub digest: Vec<u8>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
    /// Whether it gives somebody a role.
    pub roles: bool,
    /// Whether it says up to which label somebody is cleared.
    pub clearances: bool,
    /// Whether applying it began.
    pub begun: bool,
    /// Whether who is added is written a letter.
    pub mail: bool,
    /// How many lines.
    pub totals: ImportTotals,
    /// When it came.
    pub created: Micros,
}

impl ImportRow {
    /// Whether nothing is left to apply.
    pub fn over(&self) -> bool {
        let t = &self.totals;
        t.applied + t.skipped >= t.create + t.rename
    }
}

/// Makes the letter of somebody from the secret of their link and its end.
pub type WriteLetter<'a> = dyn Fn(&Account, &str, Micros) -> Letter + Send + Sync + 'a;

/// Lines of a page at most.
const MOST_LINES: u32 = 200;

const IMPORT: &str = "
    SELECT id, digest, ignored, roles, clearances, begun, mail, created, renamed, same, refused, applied,
           skipped, created_us
      FROM account_import WHERE id = $1 AND tenant = $2 AND account = $3 AND digest IS NOT NULL";

fn read_import(row: &Row) -> Result<ImportRow> {
    Ok(ImportRow {
        id: ImportId(row.int(0)?),
        digest: row.bytes(1)?,
        ignored: row.text(2)?.lines().map(str::to_owned).collect(),
        roles: row.bool(3)?,
        clearances: row.bool(4)?,
        begun: row.bool(5)?,
        mail: row.bool(6)?,
        totals: ImportTotals {
            create: row.int(7)?,
            rename: row.int(8)?,
            same: row.int(9)?,
            refused: row.int(10)?,
            applied: row.int(11)?,
            skipped: row.int(12)?,
        },
        created: row.int(13)?,
    })
}

fn read_line(row: &Row) -> Result<PlannedLine> {
    let bad = || damaged("a line of an import");
    Ok(PlannedLine {
        line: row.int(0)?,
        address: row.text(1)?,
        name: row.text(2)?,
        former: row.text(3)?,
        role: row.text(4)?,
        clearance: Rank(u8::try_from(row.int(5)?).map_err(|_| bad())?),
        password: row.opt_text(6)?,
        fate: Fate::from_word(&row.text(7)?).ok_or_else(bad)?,
        rule: row.text(8)?,
    })
}

/// Whose import it is: each has their own.
fn whose(permit: &TenantPermit<ImportPeople>) -> i64 {
    match permit.who() {
        Who::Account(account) => account.0,
        Who::Guest(guest) => guest.0,
    }
}

async fn forget(tx: &mut Tx, import: ImportId) -> Result<()> {
    tx.execute("DELETE FROM account_import_line WHERE import = $1", &[Value::Int(import.0)]).await?;
    tx.execute("DELETE FROM account_import WHERE id = $1", &[Value::Int(import.0)]).await.map(drop)
}

impl Store {
    /// Begins to keep a file; whoever had another waiting has this one instead.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_import(&self, permit: &TenantPermit<ImportPeople>, now: Micros) -> Result<ImportId> {
        let (tenant, account) = (permit.tenant().0, whose(permit));
        let mut tx = self.db().begin().await?;
        const FORMER: &str = "SELECT id FROM account_import WHERE tenant = $1 AND account = $2";
        let values = [Value::Int(tenant), Value::Int(account)];
        for former in tx.rows(FORMER, &values, |row| row.int(0).map(ImportId)).await? {
            forget(&mut tx, former).await?;
        }
        let id = ImportId::mint(now, entropy());
        const ADD: &str = "
            INSERT INTO account_import (id, tenant, account, ignored, roles, clearances, begun, mail,
                                        created, renamed, same, refused, applied, skipped, created_us)
            VALUES ($1, $2, $3, '', $4, $4, $4, $4, 0, 0, 0, 0, 0, 0, $5)";
        let values =
            [Value::Int(id.0), Value::Int(tenant), Value::Int(account), Value::Bool(false), Value::Int(now)];
        tx.execute(ADD, &values).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Those of these addresses who have an account here.
    ///
    /// # Errors
    /// The database.
    pub async fn accounts_at(
        &self,
        permit: &TenantPermit<ImportPeople>,
        addresses: &[&str],
    ) -> Result<Vec<Account>> {
        let mut tx = self.db().snapshot().await?;
        const SQL: &str = concat!("SELECT ", account_columns!(), " FROM account a WHERE a.address IN ({})");
        let mut found = vec![];
        let mut rest = addresses;
        for part in parts(addresses.len()) {
            let (some, others) = rest.split_at(part);
            rest = others;
            let values: Vec<_> = some.iter().map(|address| Value::Text(address)).collect();
            found.extend(tx.rows(tx.repeated(SQL, 0, part), &values, |row| read_account(row, 0)).await?);
        }
        found.retain(|account| account.tenant == permit.tenant());
        Ok(found)
    }

    /// Keeps lines that were judged.
    ///
    /// # Errors
    /// `Gone` when another file took its place.
    pub async fn plan_lines(
        &self,
        permit: &TenantPermit<ImportPeople>,
        import: ImportId,
        lines: &[PlannedLine],
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        hold(&mut tx, permit, import).await?;
        const ADD: &str = "
            INSERT INTO account_import_line (import, line, address, name, former, role, clearance, password,
                                             fate, rule, done) VALUES {}";
        let mut rest = lines;
        for part in parts(lines.len()) {
            let (some, others) = rest.split_at(part);
            rest = others;
            let values: Vec<_> = some
                .iter()
                .flat_map(|line| {
                    [
                        Value::Int(import.0),
                        Value::Int(line.line),
                        Value::Text(&line.address),
                        Value::Text(&line.name),
                        Value::Text(&line.former),
                        Value::Text(&line.role),
                        Value::Int(line.clearance.0.into()),
                        Value::OptText(line.password.as_deref()),
                        Value::Text(line.fate.word()),
                        Value::Text(&line.rule),
                        Value::Bool(false),
                    ]
                })
                .collect();
            tx.execute(tx.repeated(ADD, 11, part), &values).await?;
        }
        tx.commit().await
    }

    /// The file came in whole: from now on it can be looked at and applied.
    ///
    /// # Errors
    /// `Gone` when another file took its place.
    #[allow(clippy::too_many_arguments)] // each says something else about the file
    pub async fn plan_ready(
        &self,
        permit: &TenantPermit<ImportPeople>,
        import: ImportId,
        digest: &[u8],
        ignored: &[String],
        roles: bool,
        clearances: bool,
        totals: ImportTotals,
    ) -> Result<ImportRow> {
        const READY: &str = "
            UPDATE account_import SET digest = $2, ignored = $3, roles = $4, clearances = $5, created = $6,
                   renamed = $7, same = $8, refused = $9 WHERE id = $1";
        let ignored = ignored.join("\n");
        let values = [
            Value::Int(import.0),
            Value::Bytes(digest),
            Value::Text(&ignored),
            Value::Bool(roles),
            Value::Bool(clearances),
            Value::Int(totals.create),
            Value::Int(totals.rename),
            Value::Int(totals.same),
            Value::Int(totals.refused),
        ];
        self.db().execute(READY, &values).await?;
        self.import(permit, import).await?.ok_or(StoreError::Gone { what: "import" })
    }

    /// A file that waits, of whoever holds the permit.
    ///
    /// # Errors
    /// The database.
    pub async fn import(
        &self,
        permit: &TenantPermit<ImportPeople>,
        import: ImportId,
    ) -> Result<Option<ImportRow>> {
        let values = [Value::Int(import.0), Value::Int(permit.tenant().0), Value::Int(whose(permit))];
        self.db().row(IMPORT, &values, read_import).await
    }

    /// Its lines, in their order, after this one, of one fate or of all.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn import_lines(
        &self,
        permit: &TenantPermit<ImportPeople>,
        import: ImportId,
        fate: Option<Fate>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<PlannedLine>> {
        self.import(permit, import).await?.ok_or(StoreError::Gone { what: "import" })?;
        // A hash is never given out again.
        const ALL: &str = "
            SELECT line, address, name, former, role, clearance, NULL, fate, rule FROM account_import_line
             WHERE import = $1 AND line > $2 ORDER BY line LIMIT $3";
        const SOME: &str = "
            SELECT line, address, name, former, role, clearance, NULL, fate, rule FROM account_import_line
             WHERE import = $1 AND line > $2 AND fate = $4 ORDER BY line LIMIT $3";
        let limit = limit.clamp(1, MOST_LINES);
        let (id, after, limit) = (Value::Int(import.0), Value::Int(after), Value::Int(limit.into()));
        match fate {
            None => self.db().rows(ALL, &[id, after, limit], read_line).await,
            Some(fate) => {
                self.db().rows(SOME, &[id, after, limit, Value::Text(fate.word())], read_line).await
            }
        }
    }

    /// Applies the next lines, at most so many, with an entry of the log for each person; `write` makes the letter
    /// of who is added, from the secret of their link and its end. Gives how the import stands then, and whom it
    /// changed.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn apply_import(
        &self,
        permit: &TenantPermit<ImportPeople>,
        import: ImportId,
        most: u32,
        write: Option<&WriteLetter<'_>>,
        now: Micros,
    ) -> Result<(ImportRow, Vec<AccountId>)> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        let row = hold(&mut tx, permit, import).await?.ok_or(StoreError::Gone { what: "import" })?;
        if !row.begun {
            const BEGIN: &str = "UPDATE account_import SET begun = $2, mail = $3 WHERE id = $1";
            let values = [Value::Int(import.0), Value::Bool(true), Value::Bool(write.is_some())];
            tx.execute(BEGIN, &values).await?;
            let told = told(&row);
            let entry = NewEntry::done("account.import", Subject::by(permit.who())).saying(&told);
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        }
        const NEXT: &str = "
            SELECT line, address, name, former, role, clearance, password, fate, rule FROM account_import_line
             WHERE import = $1 AND done = $2 AND fate IN ('create', 'rename') ORDER BY line LIMIT $3";
        let values = [Value::Int(import.0), Value::Bool(false), Value::Int(most.into())];
        let lines = tx.rows(NEXT, &values, read_line).await?;
        let (mut changed, mut applied, mut skipped) = (vec![], 0, 0);
        for line in lines {
            const KNOWN: &str =
                concat!("SELECT ", account_columns!(), " FROM account a WHERE a.address = $1");
            let address = [Value::Text(&line.address)];
            let known = tx.row(tx.locking(KNOWN), &address, |row| read_account(row, 0)).await?;
            let number = line.line;
            let done = match (line.fate, known) {
                // Read anew for each: who is here may have ceased to operate since the file was judged.
                (Fate::Create, None) if !may_be_added(&mut tx, tenant, &line).await? => None,
                (Fate::Create, None) => Some(self.add_imported(&mut tx, permit, line, write, now).await?),
                (Fate::Rename, Some(known))
                    if known.tenant == tenant && known.name.as_str() == line.former =>
                {
                    Some(self.rename_imported(&mut tx, permit, &known, &line, now).await?)
                }
                _ => None,
            };
            match done {
                Some(account) => {
                    applied += 1;
                    changed.push(account);
                }
                None => skipped += 1,
            }
            // What was shown is not what would happen now: it is left out, and said.
            const DONE: &str = "
                UPDATE account_import_line SET done = $3, password = NULL WHERE import = $1 AND line = $2";
            const SKIP: &str = "
                UPDATE account_import_line SET done = $3, password = NULL, fate = 'refused', rule = 'changed'
                 WHERE import = $1 AND line = $2";
            let values = [Value::Int(import.0), Value::Int(number), Value::Bool(true)];
            tx.execute(if done.is_some() { DONE } else { SKIP }, &values).await?;
        }
        const COUNT: &str = "
            UPDATE account_import SET applied = applied + $2, skipped = skipped + $3 WHERE id = $1";
        tx.execute(COUNT, &[Value::Int(import.0), Value::Int(applied), Value::Int(skipped)]).await?;
        let row = hold(&mut tx, permit, import).await?.ok_or(StoreError::Gone { what: "import" })?;
        tx.commit().await?;
        Ok((row, changed))
    }

    async fn add_imported(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<ImportPeople>,
        line: PlannedLine,
        write: Option<&WriteLetter<'_>>,
        now: Micros,
    ) -> Result<AccountId> {
        let tenant = permit.tenant();
        let bad = || damaged("a line of an import");
        let new = NewAccount {
            address: line.address.parse().map_err(|_| bad())?,
            name: line.name.parse().map_err(|_| bad())?,
            role: Role::from_word(&line.role).ok_or_else(bad)?,
            clearance: line.clearance,
            password: line.password,
        };
        // Hundreds are added in the same millisecond, and 20 random bits would soon repeat: the number of the line
        // tells them apart, and no file has more than 17 bits of lines.
        let apart = (entropy() << 17) | (line.line as u32 & 0x1_ffff);
        let account = insert(tx, tenant, AccountId::mint(now, apart), new, now).await?;
        self.note_import(tx, tenant, permit.who(), "account.add", account.id, account.role.word(), now)
            .await?;
        if let Some(write) = write {
            let (token, until) = invitations::for_letter(tx, account.id, now).await?;
            let letter = write(&account, &token, until);
            self.post_as(tx, MailId(account.id.0), account.id, Purpose::Invitation, &letter, now).await?;
            let kind = InvitationKind::Invitation.word();
            self.note_import(tx, tenant, permit.who(), "account.invite", account.id, kind, now).await?;
        }
        Ok(account.id)
    }

    async fn rename_imported(
        &self,
        tx: &mut Tx,
        permit: &TenantPermit<ImportPeople>,
        known: &Account,
        line: &PlannedLine,
        now: Micros,
    ) -> Result<AccountId> {
        const NAME: &str = "UPDATE account SET name = $2 WHERE id = $1";
        tx.execute(NAME, &[Value::Int(known.id.0), Value::Text(&line.name)]).await?;
        directory::index(tx, known.tenant.0, known.id.0, known.address.as_str(), &line.name).await?;
        let told = format!("{} → {}", known.name, line.name);
        self.note_import(tx, known.tenant, permit.who(), "account.rename", known.id, &told, now).await?;
        Ok(known.id)
    }

    #[allow(clippy::too_many_arguments)] // who, what, whom, what else, when
    async fn note_import(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        who: Who,
        act: &str,
        whom: AccountId,
        told: &str,
        now: Micros,
    ) -> Result<()> {
        let entry = NewEntry::done(act, Subject::by(who)).on(Subject::Who(Who::Account(whom))).saying(told);
        audit::append(tx, self.keys(), tenant, entry, now).await
    }

    /// Forgets a file of whoever holds the permit, applied or not.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn forget_import(&self, permit: &TenantPermit<ImportPeople>, import: ImportId) -> Result<()> {
        let mut tx = self.db().begin().await?;
        hold(&mut tx, permit, import).await?;
        forget(&mut tx, import).await?;
        tx.commit().await
    }

    /// Forgets files that came before `before`, applied or not.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_imports(&self, before: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const OLD: &str = "SELECT id FROM account_import WHERE created_us < $1";
        for old in tx.rows(OLD, &[Value::Int(before)], |row| row.int(0).map(ImportId)).await? {
            forget(&mut tx, old).await?;
        }
        tx.commit().await
    }
}

/// What the log says of a file.
fn told(row: &ImportRow) -> String {
    let digest: String = row.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let t = &row.totals;
    format!("sha256 {digest}; to add: {}; to rename: {}; refused: {}", t.create, t.rename, t.refused)
}

/// The import of whoever holds the permit, held until the end of the transaction; nothing while it comes in.
async fn hold(
    tx: &mut Tx,
    permit: &TenantPermit<ImportPeople>,
    import: ImportId,
) -> Result<Option<ImportRow>> {
    const HOLD: &str = "SELECT id FROM account_import WHERE id = $1 AND tenant = $2 AND account = $3";
    let values = [Value::Int(import.0), Value::Int(permit.tenant().0), Value::Int(whose(permit))];
    let held = tx.row(tx.locking(HOLD), &values, |row| row.int(0)).await?;
    held.ok_or(StoreError::Gone { what: "import" })?;
    tx.row(IMPORT, &values, read_import).await
}

/// Whether who is to be added may hold their role here now.
async fn may_be_added(tx: &mut Tx, tenant: TenantId, line: &PlannedLine) -> Result<bool> {
    let Some(role) = Role::from_word(&line.role) else { return Ok(true) };
    match holdable(tx, tenant, role).await {
        Err(StoreError::Refused(_)) => Ok(false),
        held => held.map(|()| true),
    }
}
