//! Someone's own sign-ins, read from the log itself.

use crate::audit::{AuditEntry, entry_columns, read_entry};
use crate::crypto::Sealer;
use crate::sql::Value;
use crate::{Result, Store};
use beffroi_domain::{AccountId, TenantId};
use std::collections::HashMap;

impl Store {
    /// The latest sign-ins and refusals of an account, latest first. To be shown to its owner alone.
    ///
    /// # Errors
    /// The database.
    pub async fn sign_ins_of(
        &self,
        tenant: TenantId,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let Some(own) = self.read_secret(account).await? else { return Ok(vec![]) };
        let keys = HashMap::from([(account.0, Sealer::new(&own))]);
        const SQL: &str = concat!(
            "SELECT ",
            entry_columns!(),
            " FROM audit_entry
             WHERE tenant = $1 AND actor_ref = $2 AND act IN ('session.open', 'application.move') ORDER BY seq DESC LIMIT $3"
        );
        let values = [Value::Int(tenant.0), Value::Int(account.0), Value::Int(limit.into())];
        self.db().rows(SQL, &values, |row| read_entry(row, tenant, &keys)).await
    }
    /// Whether somebody ever signed in to this account.
    ///
    /// # Errors
    /// The database.
    pub async fn ever_signed_in(&self, tenant: TenantId, account: AccountId) -> Result<bool> {
        const SQL: &str = "
            SELECT seq FROM audit_entry
             WHERE tenant = $1 AND actor_ref = $2 AND act = 'session.open' AND outcome = 'done' LIMIT 1";
        let values = [Value::Int(tenant.0), Value::Int(account.0)];
        Ok(self.db().row(SQL, &values, |row| row.int(0)).await?.is_some())
    }
}
