//! Public bodies.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy, new_secret};
use crate::keys::TenantKey;
use crate::labels::add_label;
use crate::sql::{Row, Tx, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    Accent, AdministrationRules, Domain, Factor, Label, LockRules, Micros, PasswordProfile, Tenant,
    TenantChange, TenantId,
};
use beffroi_policy::{Acting, ManageLock, ManageOrganisation, ManagePasswords, TenantPermit};

/// The columns of a tenant, in the order that [`read_tenant`] reads.
macro_rules! tenant_columns {
    () => {
        "id, domain, name, accent, administration_factor, administration_networks, passwords, lock_phone_minutes, lock_desk_minutes, operates, closed_us"
    };
}
pub(crate) use tenant_columns;

/// How many columns [`tenant_columns`] are.
pub(crate) const TENANT_COLUMNS: usize = 11;

/// How far a body's settings have moved: two that differ mean that open pages show something old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Grows with every change.
    pub number: i64,
    /// Accreditations in force; one less when one ran out.
    pub in_force: i64,
}

pub(crate) fn read_tenant(row: &Row) -> Result<Tenant> {
    let rules = || damaged("what a tenant asks of who administers");
    let networks = row.text(5)?.lines().map(str::parse).collect::<Result<_, _>>().map_err(|_| rules())?;
    let factor = Factor::from_word(&row.text(4)?).ok_or_else(rules)?;
    // What does not read locks at once rather than never.
    let minutes = |n: i64| u32::try_from(n).unwrap_or(1);
    Ok(Tenant {
        id: TenantId(row.int(0)?),
        domain: row.text(1)?.parse().map_err(|_| damaged("the domain of a tenant"))?,
        name: row.text(2)?,
        accent: row.text(3)?.parse().map_err(|_| damaged("the accent of a tenant"))?,
        administration: AdministrationRules { factor, networks },
        passwords: row.text(6)?.parse().map_err(|_| damaged("the password rules of a tenant"))?,
        lock: LockRules { phone_minutes: minutes(row.int(7)?), desk_minutes: minutes(row.int(8)?) },
        operates: row.bool(9)?,
        closed: row.opt_int(10)?,
    })
}

/// Something changed that open pages show. Also holds the tenant's row until the end of the transaction,
/// so that what is read after it is what the change starts from.
pub(crate) async fn touch(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    const SQL: &str = "UPDATE tenant SET revision = revision + 1 WHERE id = $1";
    match tx.execute(SQL, &[Value::Int(tenant.0)]).await? {
        0 => Err(StoreError::Gone { what: "tenant" }),
        _ => Ok(()),
    }
}

/// Holds the tenant's row until the end of the transaction, for what is decided about several accounts at once.
pub(crate) async fn hold(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    const SQL: &str = "SELECT id FROM tenant WHERE id = $1";
    let found = tx.row(tx.locking(SQL), &[Value::Int(tenant.0)], |row| row.int(0)).await?;
    found.map(drop).ok_or(StoreError::Gone { what: "tenant" })
}

/// A session is opened: the tenant is not closed, and is not until the end of the transaction.
pub(crate) async fn open_door(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    const SQL: &str = "SELECT id FROM tenant WHERE id = $1 AND closed_us IS NULL";
    let found = tx.row(tx.sharing(SQL), &[Value::Int(tenant.0)], |row| row.int(0)).await?;
    found.map(drop).ok_or(StoreError::Gone { what: "open organisation" })
}

impl Store {
    /// Adds a public body with its keys, its audit log and the labels shipped.
    ///
    /// # Errors
    /// `Taken` when the domain is hosted already.
    pub async fn add_tenant(&self, domain: &Domain, name: &str, now: Micros) -> Result<Tenant> {
        let mut tx = self.db().begin().await?;
        let tenant = self.host(&mut tx, domain, name, (Subject::Machine, ""), now).await?;
        tx.commit().await?;
        Ok(tenant)
    }

    /// The same in the transaction of more; who does it, and what else the first entry of the log says.
    pub(crate) async fn host(
        &self,
        tx: &mut Tx,
        domain: &Domain,
        name: &str,
        (by, told): (Subject, &str),
        now: Micros,
    ) -> Result<Tenant> {
        let tenant = Tenant {
            id: TenantId::mint(now, entropy()),
            domain: domain.clone(),
            name: name.to_owned(),
            accent: Accent::default(),
            administration: AdministrationRules::default(),
            passwords: PasswordProfile::default(),
            lock: LockRules::default(),
            operates: false,
            closed: None,
        };
        const MASTER: &str = "SELECT value FROM meta WHERE name = 'master'";
        let check = tx
            .row(tx.sharing(MASTER), &[], |row| row.bytes(0))
            .await?
            .ok_or(StoreError::Gone { what: "master key" })?;
        let master = self.keys().master(check.get(..8).unwrap_or_default())?;
        let secret = new_secret();
        const ADD: &str = "
            INSERT INTO tenant (id, domain, name, accent, created_us, key_version, key_master, key_wrapped)
            VALUES ($1, $2, $3, $4, $5, 1, $6, $7)";
        let values = [
            Value::Int(tenant.id.0),
            Value::Text(domain.as_str()),
            Value::Text(name),
            Value::Text(tenant.accent.as_str()),
            Value::Int(now),
            Value::Bytes(&master.id()),
            Value::Bytes(&master.wrap_tenant(tenant.id, 1, &secret)),
        ];
        tx.execute(ADD, &values).await.map_err(|e| e.or_taken("domain"))?;
        for label in Label::shipped() {
            add_label(tx, tenant.id, &label).await?;
        }
        audit::start(tx, &TenantKey::new(tenant.id, &secret), tenant.id, domain.as_str()).await?;
        let entry =
            NewEntry::done("tenant.add", by).on(Subject::Text(domain.as_str().to_owned())).saying(told);
        audit::append(tx, self.keys(), tenant.id, entry, now).await?;
        Ok(tenant)
    }

    /// A tenant by id.
    ///
    /// # Errors
    /// The database.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>> {
        const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant WHERE id = $1");
        self.db().row(SQL, &[Value::Int(id.0)], read_tenant).await
    }

    /// A tenant by the domain of its people's addresses.
    ///
    /// # Errors
    /// The database.
    pub async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>> {
        const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant WHERE domain = $1");
        self.db().row(SQL, &[Value::Text(&domain.to_ascii_lowercase())], read_tenant).await
    }

    /// The tenant of a server that hosts one.
    ///
    /// # Errors
    /// The database.
    pub async fn only_tenant(&self) -> Result<Option<Tenant>> {
        const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant LIMIT 2");
        let mut found = self.db().rows(SQL, &[], read_tenant).await?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// All tenants, by domain.
    ///
    /// # Errors
    /// The database.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant ORDER BY domain");
        self.db().rows(SQL, &[], read_tenant).await
    }

    /// Gives a body another name or colour; gives it as it is then.
    ///
    /// # Errors
    /// `Gone` when there is no such tenant.
    pub async fn set_organisation(
        &self,
        permit: &TenantPermit<ManageOrganisation>,
        change: &TenantChange,
        now: Micros,
    ) -> Result<Tenant> {
        let change = TenantChange { passwords: None, ..change.clone() };
        self.change_tenant(permit.tenant(), permit.acting(), "organisation.change", &change, now).await
    }

    /// Gives a body other password rules, for the passwords that are chosen from now on.
    ///
    /// # Errors
    /// `Gone` when there is no such tenant.
    pub async fn set_passwords(
        &self,
        permit: &TenantPermit<ManagePasswords>,
        profile: PasswordProfile,
        now: Micros,
    ) -> Result<Tenant> {
        let change = TenantChange { passwords: Some(profile), ..TenantChange::default() };
        self.change_tenant(permit.tenant(), permit.acting(), "passwords.change", &change, now).await
    }

    /// Says after how many idle minutes pages lock (ID6).
    ///
    /// # Errors
    /// `Gone` when there is no such tenant.
    pub async fn set_lock(
        &self,
        permit: &TenantPermit<ManageLock>,
        rules: LockRules,
        now: Micros,
    ) -> Result<()> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        const BEFORE: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant WHERE id = $1");
        let before = tx.row(BEFORE, &[Value::Int(tenant.0)], read_tenant).await?;
        let before = before.ok_or(StoreError::Gone { what: "tenant" })?.lock;
        if before == rules {
            return Ok(());
        }
        const SET: &str = "UPDATE tenant SET lock_phone_minutes = $2, lock_desk_minutes = $3 WHERE id = $1";
        let values = [
            Value::Int(tenant.0),
            Value::Int(rules.phone_minutes.into()),
            Value::Int(rules.desk_minutes.into()),
        ];
        tx.execute(SET, &values).await?;
        let said = |rules: LockRules| format!("phone {} desk {}", rules.phone_minutes, rules.desk_minutes);
        let detail = format!("{} → {}", said(before), said(rules));
        let entry = NewEntry::done("lock.change", Subject::by(permit.who())).saying(&detail);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    async fn change_tenant(
        &self,
        id: TenantId,
        acting: Acting,
        act: &str,
        change: &TenantChange,
        now: Micros,
    ) -> Result<Tenant> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, id).await?;
        const BEFORE: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant WHERE id = $1");
        let before = tx
            .row(BEFORE, &[Value::Int(id.0)], read_tenant)
            .await?
            .ok_or(StoreError::Gone { what: "tenant" })?;
        let after = Tenant {
            name: change.name.as_ref().map_or_else(|| before.name.clone(), ToString::to_string),
            accent: change.accent.clone().unwrap_or_else(|| before.accent.clone()),
            passwords: change.passwords.unwrap_or(before.passwords),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let (passwords_before, passwords) = (before.passwords.to_string(), after.passwords.to_string());
        const SET: &str = "UPDATE tenant SET name = $2, accent = $3, passwords = $4 WHERE id = $1";
        let values = [
            Value::Int(id.0),
            Value::Text(&after.name),
            Value::Text(after.accent.as_str()),
            Value::Text(&passwords),
        ];
        tx.execute(SET, &values).await?;
        let told: Vec<_> = [
            ("name", &*before.name, &*after.name),
            ("accent", before.accent.as_str(), after.accent.as_str()),
            ("passwords", &passwords_before, &passwords),
        ]
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(fact, from, to)| format!("{fact}: {from} → {to}"))
        .collect();
        let told = told.join("; ");
        let entry = NewEntry::done(act, Subject::by(acting))
            .on(Subject::Text(after.domain.as_str().to_owned()))
            .saying(&told);
        audit::append(&mut tx, self.keys(), id, entry, now).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// How far every body's settings have moved, whoever moved them.
    ///
    /// # Errors
    /// The database.
    pub async fn revisions(&self, now: Micros) -> Result<Vec<(TenantId, Revision)>> {
        const SQL: &str = "
            SELECT t.id, t.revision,
                   (SELECT COUNT(*) FROM label l WHERE l.tenant = t.id AND l.accreditation_until_us > $1)
              FROM tenant t";
        let read =
            |row: &Row| Ok((TenantId(row.int(0)?), Revision { number: row.int(1)?, in_force: row.int(2)? }));
        self.db().rows(SQL, &[Value::Int(now)], read).await
    }
}
