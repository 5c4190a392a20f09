//! What a body asks of who administers it (ID12), and whose passkeys it takes.

use crate::audit::{self, NewEntry, Subject};
use crate::sql::{Tx, Value};
use crate::tenants::{read_tenant, tenant_columns, touch};
use crate::{Result, Store, StoreError};
use beffroi_domain::{AdministrationRules, Micros, TenantId};
use beffroi_policy::{Acting, ManageAdministration, TenantPermit};

const CHANGED: StoreError =
    StoreError::Refused("somebody changed this a moment ago; look at it again, then repeat your change");

pub(crate) async fn administration_of(tx: &mut Tx, tenant: TenantId) -> Result<AdministrationRules> {
    const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant WHERE id = $1");
    let found = tx.row(SQL, &[Value::Int(tenant.0)], read_tenant).await?;
    Ok(found.ok_or(StoreError::Gone { what: "tenant" })?.administration)
}

pub(crate) async fn passkey_makers_of(tx: &mut Tx, tenant: TenantId) -> Result<String> {
    const SQL: &str = "SELECT passkey_makers FROM tenant WHERE id = $1";
    tx.row(SQL, &[Value::Int(tenant.0)], |row| row.text(0)).await?.ok_or(StoreError::Gone { what: "tenant" })
}

impl Store {
    /// Says what the tenant asks of who administers it (ID12). `seen` is what it asked when the change was
    /// decided about; the operator at the machine looks at nothing.
    ///
    /// # Errors
    /// `Gone` when there is no such tenant; `Refused` when it is not `seen` any more.
    pub async fn set_administration(
        &self,
        permit: &TenantPermit<ManageAdministration>,
        rules: &AdministrationRules,
        seen: Option<&AdministrationRules>,
        now: Micros,
    ) -> Result<()> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let before = administration_of(&mut tx, tenant).await?;
        if seen.is_some_and(|seen| *seen != before) {
            return Err(CHANGED);
        }
        self.administration_in(&mut tx, tenant, permit.acting(), rules, "", now).await?;
        tx.commit().await
    }

    pub(crate) async fn administration_in(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        acting: Acting,
        rules: &AdministrationRules,
        why: &str,
        now: Micros,
    ) -> Result<()> {
        let before = administration_of(tx, tenant).await?;
        if before == *rules {
            return Ok(());
        }
        const SET: &str =
            "UPDATE tenant SET administration_factor = $2, administration_networks = $3 WHERE id = $1";
        let networks: Vec<String> = rules.networks.iter().map(ToString::to_string).collect();
        let lines = networks.join("\n");
        tx.execute(SET, &[Value::Int(tenant.0), Value::Text(rules.factor.word()), Value::Text(&lines)])
            .await?;
        let told = format!("{before} → {rules}{why}");
        let entry = NewEntry::done("administration.rules", Subject::by(acting)).saying(&told);
        audit::append(tx, self.keys(), tenant, entry, now).await
    }

    /// The makers whose passkeys a body takes, as PEM; empty: anybody's.
    ///
    /// # Errors
    /// The database.
    pub async fn passkey_makers(&self, tenant: TenantId) -> Result<String> {
        const SQL: &str = "SELECT passkey_makers FROM tenant WHERE id = $1";
        Ok(self.db().row(SQL, &[Value::Int(tenant.0)], |row| row.text(0)).await?.unwrap_or_default())
    }

    /// Says whose passkeys a body takes from now on: PEM certificates that the caller has read, or nothing.
    /// Passkeys that are there stay. `told` says the difference to what was `seen`, in one line for the log.
    ///
    /// # Errors
    /// `Gone` when there is no such tenant; `Refused` when it is not `seen` any more.
    pub async fn set_passkey_makers(
        &self,
        permit: &TenantPermit<ManageAdministration>,
        (seen, pem): (&str, &str),
        told: &str,
        now: Micros,
    ) -> Result<()> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        if passkey_makers_of(&mut tx, tenant).await? != seen {
            return Err(CHANGED);
        }
        self.passkey_makers_in(&mut tx, tenant, permit.acting(), pem, told, now).await?;
        tx.commit().await
    }

    pub(crate) async fn passkey_makers_in(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        acting: Acting,
        pem: &str,
        told: &str,
        now: Micros,
    ) -> Result<()> {
        const SET: &str = "UPDATE tenant SET passkey_makers = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(tenant.0), Value::Text(pem)]).await?;
        let entry = NewEntry::done("passkeys.makers", Subject::by(acting)).saying(told);
        audit::append(tx, self.keys(), tenant, entry, now).await
    }
}
