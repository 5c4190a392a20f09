//! People from a file: read and judged as it comes in, shown, then applied as it was shown.
//!
//! Nothing of the file stays in memory but the addresses seen; what was judged is kept by the store, and applying
//! goes part by part, each asked of the policy anew.

mod columns;
mod judging;
mod reading;

use crate::letters::{self, About};
use crate::{App, Caller, Error};
use aws_lc_rs::digest;
use beffroi_domain::{Account, ImportId, Label, Micros, Role, Tenant};
use beffroi_policy::{ImportPeople, ManageClearance, ManageRoles, TenantAct, TenantPermit, operator};
use beffroi_store::{Fate, ImportRow, ImportTotals, Letter, Notice, PlannedLine, WriteLetter};
use columns::{Column, Columns};
use judging::{Person, Read, Rights, judge};
use reading::{Found, Records};
use std::collections::{HashMap, HashSet};

/// Bytes of a file of people: a hundred thousand lines of 300.
pub const MOST_IMPORT_BYTES: u64 = 32 << 20;
/// Lines of one, the names of the columns included.
const MOST_LINES: u32 = 100_001;
/// Lines that are judged with one look at who is there already.
const JUDGED_AT_ONCE: usize = 512;
/// Lines applied in one transaction.
const PART: u32 = 100;
/// Transactions of one call: long enough to be quick, short enough to show how far it is.
const PARTS: u32 = 4;

/// Who imports: somebody of the body, or the operator at the machine.
enum Importer<'a> {
    Caller(&'a Caller),
    Machine(&'a Tenant),
}

impl Importer<'_> {
    fn tenant(&self) -> &Tenant {
        match self {
            Self::Caller(caller) => &caller.tenant,
            Self::Machine(tenant) => tenant,
        }
    }

    async fn permit<A: TenantAct>(&self, app: &App, now: Micros) -> Result<TenantPermit<A>, Error> {
        match self {
            Self::Caller(caller) => app.authorise_in_tenant::<A>(caller, now).await,
            Self::Machine(tenant) => Ok(operator(tenant.id, crate::operator::NOBODY)),
        }
    }

    /// Whether they may, with an entry of the log when they may not.
    async fn may<A: TenantAct>(&self, app: &App, now: Micros) -> Result<bool, Error> {
        match self.permit::<A>(app, now).await {
            Ok(_) => Ok(true),
            Err(Error::Denied(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }
}

/// A file on its way in.
pub struct Incoming<'a> {
    app: App,
    importer: Importer<'a>,
    permit: TenantPermit<ImportPeople>,
    id: ImportId,
    labels: Vec<Label>,
    records: Records,
    columns: Option<Columns>,
    /// Lines read and not judged yet.
    waiting: Vec<Read>,
    /// What stands before the `@` of each line that read well: all else of an address is the body's.
    seen: HashSet<String>,
    roles: Option<bool>,
    clearances: Option<bool>,
    gives: (bool, bool),
    digest: digest::Context,
    bytes: u64,
    totals: ImportTotals,
}

impl App {
    /// Begins to read a file of people.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn begin_import<'a>(&self, caller: &'a Caller, now: Micros) -> Result<Incoming<'a>, Error> {
        Incoming::begin(self, Importer::Caller(caller), now).await
    }

    /// The same at the machine.
    ///
    /// # Errors
    /// The store's.
    pub async fn operator_begin_import<'a>(
        &self,
        tenant: &'a Tenant,
        now: Micros,
    ) -> Result<Incoming<'a>, Error> {
        Incoming::begin(self, Importer::Machine(tenant), now).await
    }

    /// A file that waits, of this caller.
    ///
    /// # Errors
    /// `Denied`; `NotFound` for that of somebody else, and after a day.
    pub async fn import(&self, caller: &Caller, id: ImportId, now: Micros) -> Result<ImportRow, Error> {
        let permit = self.authorise_in_tenant::<ImportPeople>(caller, now).await?;
        self.store.import(&permit, id).await?.ok_or(Error::NotFound("import"))
    }

    /// Some of its lines.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn import_lines(
        &self,
        caller: &Caller,
        id: ImportId,
        fate: Option<Fate>,
        after: i64,
        limit: u32,
        now: Micros,
    ) -> Result<Vec<PlannedLine>, Error> {
        let permit = self.authorise_in_tenant::<ImportPeople>(caller, now).await?;
        Ok(self.store.import_lines(&permit, id, fate, after, limit).await?)
    }

    /// Applies the next lines of what was shown, known by the digest of its file; to be called until nothing is
    /// left. `mail` writes a letter to each who is added. `public_url` gives what links of a domain start with.
    ///
    /// # Errors
    /// `Denied`; `NotFound`; `Conflict` when the digest is another, when it began with another choice about
    /// letters, and when letters are asked for where none can be sent.
    pub async fn apply_import(
        &self,
        caller: &Caller,
        id: ImportId,
        digest: &[u8],
        mail: bool,
        public_url: impl Fn(&str) -> String + Send + Sync,
        now: Micros,
    ) -> Result<ImportRow, Error> {
        let row = self.import(caller, id, now).await?;
        let importer = Importer::Caller(caller);
        self.apply(&importer, &row, digest, mail, &public_url, now).await
    }

    /// The same at the machine, where nobody is written to.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`.
    pub async fn operator_apply_import(
        &self,
        tenant: &Tenant,
        id: ImportId,
        digest: &[u8],
        now: Micros,
    ) -> Result<ImportRow, Error> {
        let permit = operator::<ImportPeople>(tenant.id, crate::operator::NOBODY);
        let row = self.store.import(&permit, id).await?.ok_or(Error::NotFound("import"))?;
        self.apply(&Importer::Machine(tenant), &row, digest, false, &|_: &str| String::new(), now).await
    }

    /// Lines of a file at the machine.
    ///
    /// # Errors
    /// The store's.
    pub async fn operator_import_lines(
        &self,
        tenant: &Tenant,
        id: ImportId,
        fate: Fate,
        after: i64,
    ) -> Result<Vec<PlannedLine>, Error> {
        let permit = operator::<ImportPeople>(tenant.id, crate::operator::NOBODY);
        Ok(self.store.import_lines(&permit, id, Some(fate), after, 200).await?)
    }

    /// Forgets a file at the machine, with the hashes that it had.
    ///
    /// # Errors
    /// The store's.
    pub async fn operator_forget_import(&self, tenant: &Tenant, id: ImportId) -> Result<(), Error> {
        let permit = operator::<ImportPeople>(tenant.id, crate::operator::NOBODY);
        Ok(self.store.forget_import(&permit, id).await?)
    }

    async fn apply(
        &self,
        importer: &Importer<'_>,
        row: &ImportRow,
        digest: &[u8],
        mail: bool,
        public_url: &(dyn Fn(&str) -> String + Send + Sync),
        now: Micros,
    ) -> Result<ImportRow, Error> {
        if row.digest != digest {
            return Err(Error::Conflict(
                "this is not the file that was shown; send it once more and look at what it would do".into(),
            ));
        }
        if row.begun && row.mail != mail {
            return Err(Error::Conflict(
                "it began with the other choice about letters; go on with that one".into(),
            ));
        }
        if mail && !self.rules.mail {
            return Err(Error::Conflict("this server sends no mail; invite people one by one".into()));
        }
        // What was allowed when it was shown is asked again: it may be hours ago.
        if row.roles {
            importer.permit::<ManageRoles>(self, now).await?;
        }
        if row.clearances {
            importer.permit::<ManageClearance>(self, now).await?;
        }
        let permit = importer.permit::<ImportPeople>(self, now).await?;
        let tenant = importer.tenant();
        let base = public_url(tenant.domain.as_str());
        let letter = |account: &Account, token: &str, until| -> Letter {
            letters::invitation(&About::of(account, tenant), &format!("{base}/bienvenue/{token}"), until)
        };
        let write = mail.then_some(&letter as &WriteLetter<'_>);
        let mut row = row.clone();
        for _ in 0..PARTS {
            if row.begun && row.over() {
                break;
            }
            let (after, changed) = self.store.apply_import(&permit, row.id, PART, write, now).await?;
            row = after;
            // Once, at the end: each open page asks anew who works here.
            if let Some(account) = changed.last().filter(|_| row.over()) {
                self.announce(Notice::PeopleChanged(*account));
            }
        }
        Ok(row)
    }
}

impl<'a> Incoming<'a> {
    async fn begin(app: &App, importer: Importer<'a>, now: Micros) -> Result<Self, Error> {
        let permit = importer.permit::<ImportPeople>(app, now).await?;
        let id = app.store.begin_import(&permit, now).await?;
        Ok(Self {
            app: app.clone(),
            id,
            labels: app.store.labels(importer.tenant().id).await?,
            importer,
            permit,
            records: Records::new(),
            columns: None,
            waiting: vec![],
            seen: HashSet::new(),
            roles: None,
            clearances: None,
            gives: (false, false),
            digest: digest::Context::new(&digest::SHA256),
            bytes: 0,
            totals: ImportTotals::default(),
        })
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// `Invalid` for what is no such file, or too much of it; `Denied` for a column that no file may set.
    pub async fn take(&mut self, piece: &[u8], now: Micros) -> Result<(), Error> {
        self.bytes += piece.len() as u64;
        if self.bytes > MOST_IMPORT_BYTES {
            return Err(Error::Invalid("a file has at most 32 MiB; send it in several".into()));
        }
        self.digest.update(piece);
        // In small pieces: what waits to be judged stays little.
        for piece in piece.chunks(64 * 1024) {
            self.read(|records, found| records.take(piece, found))?;
            self.settle(now, JUDGED_AT_ONCE).await?;
        }
        Ok(())
    }

    /// The file is whole: what it would do.
    ///
    /// # Errors
    /// As [`Incoming::take`].
    pub async fn finish(mut self, now: Micros) -> Result<ImportRow, Error> {
        self.read(|records, found| records.end(found))?;
        self.settle(now, 1).await?;
        let Some(columns) = &self.columns else {
            return Err(Error::Invalid("the file is empty".into()));
        };
        let (roles, clearances) = self.gives;
        let digest = self.digest.clone().finish();
        let ready = self.app.store.plan_ready(
            &self.permit,
            self.id,
            digest.as_ref(),
            &columns.ignored,
            roles,
            clearances,
            self.totals,
        );
        Ok(ready.await?)
    }

    fn read(
        &mut self,
        go: impl FnOnce(&mut Records, &mut Found<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let domain = self.importer.tenant().domain.as_str();
        let (columns, waiting, labels) = (&mut self.columns, &mut self.waiting, &self.labels);
        go(&mut self.records, &mut |record| {
            if record.line > MOST_LINES {
                return Err(Error::Invalid("a file has at most 100,000 lines; send it in several".into()));
            }
            let fields = record.fields();
            match columns {
                None => *columns = Some(Columns::read(&fields)?),
                Some(columns) => {
                    waiting.push(judging::read(columns, &fields, record.line, domain, labels));
                }
            }
            Ok(())
        })
    }

    /// Judges what waits, when it is at least so much.
    async fn settle(&mut self, now: Micros, least: usize) -> Result<(), Error> {
        if let Some(columns) = &mut self.columns {
            let machine = matches!(self.importer, Importer::Machine(_));
            for column in std::mem::take(&mut columns.asked) {
                if let Err(denied) = beffroi_policy::may_import_column(column, machine) {
                    return Err(match &self.importer {
                        Importer::Caller(caller) => {
                            self.app.denied(caller, ImportPeople::NAME, None, denied, now).await
                        }
                        Importer::Machine(tenant) => {
                            self.app.machine_denied(tenant, ImportPeople::NAME, denied, now).await
                        }
                    });
                }
            }
            debug_assert!(machine || !columns.has(Column::PasswordHash));
        }
        if self.waiting.len() < least {
            return Ok(());
        }
        let mut rest = std::mem::take(&mut self.waiting);
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(JUDGED_AT_ONCE));
            self.judge(rest, now).await?;
            rest = later;
        }
        Ok(())
    }

    async fn judge(&mut self, some: Vec<Read>, now: Micros) -> Result<(), Error> {
        let people = || {
            some.iter().filter_map(|read| match read {
                Read::Person(person) => Some(&**person),
                Read::Refused(_) => None,
            })
        };
        let addresses: Vec<_> = people().map(|person| person.address.as_str()).collect();
        let found = self.app.store.accounts_at(&self.permit, &addresses).await?;
        let known: HashMap<_, _> = found.iter().map(|account| (account.address.as_str(), account)).collect();
        let rights = self.rights(people(), now).await?;
        let mut lines = Vec::with_capacity(some.len());
        for read in some {
            let line = match read {
                Read::Refused(line) => line,
                Read::Person(person) => {
                    let known = known.get(person.address.as_str()).copied();
                    judge(*person, known, &mut self.seen, rights)
                }
            };
            self.count(&line);
            lines.push(line);
        }
        Ok(self.app.store.plan_lines(&self.permit, self.id, &lines).await?)
    }

    /// Asks the policy what lines give beside a name: once for the file, and only when one gives it.
    async fn rights<'p>(
        &mut self,
        people: impl Iterator<Item = &'p Person> + Clone,
        now: Micros,
    ) -> Result<Rights, Error> {
        let gives_role = |person: &Person| person.role.is_some_and(|role| role != Role::Agent);
        let usual = crate::accounts::USUAL_CLEARANCE;
        let clears = |person: &Person| person.clearance.is_some_and(|rank| rank != usual);
        if self.roles.is_none() && people.clone().any(gives_role) {
            self.roles = Some(self.importer.may::<ManageRoles>(&self.app, now).await?);
        }
        if self.clearances.is_none() && people.clone().any(clears) {
            self.clearances = Some(self.importer.may::<ManageClearance>(&self.app, now).await?);
        }
        Ok(Rights {
            roles: self.roles.unwrap_or_default(),
            clearances: self.clearances.unwrap_or_default(),
            operators: self.importer.tenant().operates,
        })
    }

    fn count(&mut self, line: &PlannedLine) {
        let totals = &mut self.totals;
        match line.fate {
            Fate::Create => {
                totals.create += 1;
                self.gives.0 |= line.role != Role::Agent.word();
                self.gives.1 |= line.clearance != crate::accounts::USUAL_CLEARANCE;
            }
            Fate::Rename => totals.rename += 1,
            Fate::Same => totals.same += 1,
            Fate::Refused => totals.refused += 1,
        }
    }
}
