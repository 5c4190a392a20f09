//! Public bodies and their labels.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy, new_secret};
use crate::keys::TenantKey;
use crate::sql::{Row, Tx, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    Accent, AdministrationRules, Domain, Factor, Guests, Label, Micros, Rank, Tenant, TenantId,
};
use beffroi_policy::{ManageAdministration, TenantPermit};

/// The columns of a label `l`, in the order that [`read_label`] reads.
macro_rules! label_columns {
    () => {
        "l.slug, l.name, l.rank, l.reserved_by, l.accredited, l.guests, l.federation, l.recording, l.download, \
         l.second_factor, l.managed_device, l.end_to_end, l.retention_days, l.meeting_minutes"
    };
}
pub(crate) use label_columns;

/// Reads [`label_columns`] from `column` on.
pub(crate) fn read_label(row: &Row, column: usize) -> Result<Label> {
    let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Label {
        slug: row.text(column)?,
        name: row.text(column + 1)?,
        rank: Rank(u8::try_from(row.int(column + 2)?).map_err(|_| damaged("the rank of a label"))?),
        reserved_by: row.opt_text(column + 3)?,
        accredited: row.bool(column + 4)?,
        guests: Guests::from_word(&row.text(column + 5)?).ok_or_else(|| damaged("a label"))?,
        federation: row.bool(column + 6)?,
        recording: row.bool(column + 7)?,
        download: row.bool(column + 8)?,
        second_factor: row.bool(column + 9)?,
        managed_device: row.bool(column + 10)?,
        end_to_end: row.bool(column + 11)?,
        retention_days: row.opt_int(column + 12)?.map(small),
        meeting_minutes: row.opt_int(column + 13)?.map(small),
    })
}

/// The columns of a tenant, in the order that [`read_tenant`] reads.
macro_rules! tenant_columns {
    () => {
        "id, domain, name, accent, administration_factor, administration_networks"
    };
}

fn read_tenant(row: &Row) -> Result<Tenant> {
    let rules = || damaged("what a tenant asks of who administers");
    let networks = row.text(5)?.lines().map(str::parse).collect::<Result<_, _>>().map_err(|_| rules())?;
    let factor = Factor::from_word(&row.text(4)?).ok_or_else(rules)?;
    Ok(Tenant {
        id: TenantId(row.int(0)?),
        domain: row.text(1)?.parse().map_err(|_| damaged("the domain of a tenant"))?,
        name: row.text(2)?,
        accent: row.text(3)?.parse().map_err(|_| damaged("the accent of a tenant"))?,
        administration: AdministrationRules { factor, networks },
    })
}

impl Store {
    /// Adds a public body with its keys, its audit log and the labels shipped.
    ///
    /// # Errors
    /// `Taken` when the domain is hosted already.
    pub async fn add_tenant(&self, domain: &Domain, name: &str, now: Micros) -> Result<Tenant> {
        let tenant = Tenant {
            id: TenantId::mint(now, entropy()),
            domain: domain.clone(),
            name: name.to_owned(),
            accent: Accent::default(),
            administration: AdministrationRules::default(),
        };
        let mut tx = self.db().begin().await?;
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
            add_label(&mut tx, tenant.id, &label).await?;
        }
        audit::start(&mut tx, &TenantKey::new(tenant.id, &secret), tenant.id, domain.as_str()).await?;
        let entry =
            NewEntry::done("tenant.add", Subject::Machine).on(Subject::Text(domain.as_str().to_owned()));
        audit::append(&mut tx, self.keys(), tenant.id, entry, now).await?;
        tx.commit().await?;
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

    /// All tenants, by domain.
    ///
    /// # Errors
    /// The database.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant ORDER BY domain");
        self.db().rows(SQL, &[], read_tenant).await
    }

    /// The labels of a tenant, least sensitive first.
    ///
    /// # Errors
    /// The database.
    pub async fn labels(&self, tenant: TenantId) -> Result<Vec<Label>> {
        const SQL: &str =
            concat!("SELECT ", label_columns!(), " FROM label l WHERE l.tenant = $1 ORDER BY l.rank, l.slug");
        self.db().rows(SQL, &[Value::Int(tenant.0)], |row| read_label(row, 0)).await
    }

    /// Says what the tenant asks of who administers it (ID12).
    ///
    /// # Errors
    /// `Gone` when there is no such tenant.
    pub async fn set_administration(
        &self,
        permit: &TenantPermit<ManageAdministration>,
        rules: &AdministrationRules,
        now: Micros,
    ) -> Result<()> {
        let tenant = permit.tenant();
        let networks: Vec<String> = rules.networks.iter().map(ToString::to_string).collect();
        let mut tx = self.db().begin().await?;
        const BEFORE: &str =
            "SELECT administration_factor, administration_networks FROM tenant WHERE id = $1";
        let before = tx
            .row(BEFORE, &[Value::Int(tenant.0)], |row| Ok(format!("{} {}", row.text(0)?, row.text(1)?)))
            .await?
            .ok_or(StoreError::Gone { what: "tenant" })?;
        const SET: &str =
            "UPDATE tenant SET administration_factor = $2, administration_networks = $3 WHERE id = $1";
        let lines = networks.join("\n");
        tx.execute(SET, &[Value::Int(tenant.0), Value::Text(rules.factor.word()), Value::Text(&lines)])
            .await?;
        let detail = format!("{before} → {} {lines}", rules.factor.word()).replace('\n', " ");
        let entry = NewEntry::done("administration.rules", Subject::by(permit.who())).saying(&detail);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// Declares, or takes back, the accreditation that a protective mark asks for.
    ///
    /// # Errors
    /// `Gone` when there is no such label.
    pub async fn set_accreditation(
        &self,
        tenant: TenantId,
        slug: &str,
        accredited: bool,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const SQL: &str = "UPDATE label SET accredited = $3 WHERE tenant = $1 AND slug = $2";
        let values = [Value::Int(tenant.0), Value::Text(slug), Value::Bool(accredited)];
        if tx.execute(SQL, &values).await? == 0 {
            return Err(StoreError::Gone { what: "label" });
        }
        let entry = NewEntry::done("label.accredit", Subject::Machine)
            .on(Subject::Text(slug.to_owned()))
            .saying(if accredited { "declared" } else { "taken back" });
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }
}

async fn add_label(tx: &mut Tx, tenant: TenantId, label: &Label) -> Result<()> {
    const SQL: &str = "
        INSERT INTO label (tenant, slug, name, rank, reserved_by, accredited, guests, federation, recording,
                           download, second_factor, managed_device, end_to_end, retention_days, meeting_minutes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = [
        Value::Int(tenant.0),
        Value::Text(&label.slug),
        Value::Text(&label.name),
        Value::Int(label.rank.0.into()),
        Value::OptText(label.reserved_by.as_deref()),
        Value::Bool(label.accredited),
        Value::Text(label.guests.word()),
        Value::Bool(label.federation),
        Value::Bool(label.recording),
        Value::Bool(label.download),
        Value::Bool(label.second_factor),
        Value::Bool(label.managed_device),
        Value::Bool(label.end_to_end),
        Value::OptInt(label.retention_days.map(i64::from)),
        Value::OptInt(label.meeting_minutes.map(i64::from)),
    ];
    tx.execute(SQL, &values).await.map(drop)
}
