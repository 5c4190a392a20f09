//! Someone's own sign-ins, read from the log itself.

use crate::audit::{AuditEntry, entry_columns, person_secret, read_entry};
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
        let mut tx = self.db().begin().await?;
        let key = self.keys().tenant_key_in(&mut tx, tenant).await?;
        let own = person_secret(&mut tx, &key, tenant, account.0).await?;
        tx.commit().await?;
        let keys = HashMap::from([(account.0, Sealer::new(&own))]);
        const SQL: &str = concat!(
            "SELECT ",
            entry_columns!(),
            " FROM audit_entry
             WHERE tenant = $1 AND actor_ref = $2 AND act = 'session.open' ORDER BY seq DESC LIMIT $3"
        );
        let values = [Value::Int(tenant.0), Value::Int(account.0), Value::Int(limit.into())];
        self.db().rows(SQL, &values, |row| read_entry(row, tenant, &keys)).await
    }
}
