//! What a body chose to be told of its audit log (LG5).

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::damaged;
use crate::sql::{Row, Value};
use crate::tenants::touch;
use crate::{Result, Store};
use beffroi_domain::{Alarm, AlertRule, AlertRules, Micros, TenantId, Threshold};
use beffroi_policy::{ManageAlerts, TenantPermit};

const RULES: &str = "SELECT alarm, enabled, refusals, minutes, accounts FROM alert_rule WHERE tenant = $1";

/// A kind that this program does not know gives nothing.
fn read_rule(row: &Row) -> Result<Option<(Alarm, AlertRule)>> {
    let number = |column: usize| -> Result<Option<u32>> {
        Ok(row.opt_int(column)?.and_then(|n| u32::try_from(n).ok()))
    };
    let threshold = match (number(2)?, number(3)?, number(4)?) {
        (Some(count), Some(minutes), Some(accounts)) => Some(Threshold { count, minutes, accounts }),
        _ => None,
    };
    Ok(Alarm::from_word(&row.text(0)?).zip(Some(AlertRule { on: row.bool(1)?, threshold })))
}

/// One that does not hold is as shipped: in doubt it is told.
fn collected(kept: Vec<Option<(Alarm, AlertRule)>>) -> AlertRules {
    let one = |rules: AlertRules, kept| rules.changed(&[kept]).unwrap_or(rules);
    kept.into_iter().flatten().fold(AlertRules::default(), one)
}

impl Store {
    /// What a body is told.
    ///
    /// # Errors
    /// The database.
    pub async fn alert_rules(&self, tenant: TenantId) -> Result<AlertRules> {
        Ok(collected(self.db().rows(RULES, &[Value::Int(tenant.0)], read_rule).await?))
    }

    /// Says what it is told from now on; gives all of it as it is then. Nothing, and nothing is changed, while an
    /// entry waits to be looked at: it is judged by the rules of before.
    ///
    /// # Errors
    /// `Gone` when there is no such tenant.
    pub async fn set_alert_rules(
        &self,
        permit: &TenantPermit<ManageAlerts>,
        changes: &[(Alarm, AlertRule)],
        now: Micros,
    ) -> Result<Option<AlertRules>> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let before = collected(tx.rows(RULES, &[Value::Int(tenant.0)], read_rule).await?);
        let after = before.changed(changes).map_err(|wrong| damaged(wrong.to_string()))?;
        let differences = before.differences(&after);
        if differences.is_empty() {
            return Ok(Some(before));
        }
        // Whoever adds to the log holds the tenant's row to do it: until the commit nobody does.
        const BEHIND: &str = "
            SELECT m.seq FROM alert_mark m JOIN audit_log l ON l.tenant = m.tenant
             WHERE m.tenant = $1 AND m.seq < l.size";
        if tx.row(BEHIND, &[Value::Int(tenant.0)], |row| row.int(0)).await?.is_some() {
            return Ok(None);
        }
        for (alarm, _) in changes {
            const SET: &str = "
                INSERT INTO alert_rule (tenant, alarm, enabled, refusals, minutes, accounts)
                VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (tenant, alarm) DO UPDATE SET enabled = excluded.enabled,
                       refusals = excluded.refusals, minutes = excluded.minutes, accounts = excluded.accounts";
            let AlertRule { on, threshold } = after.of(*alarm);
            let number = |read: fn(Threshold) -> u32| Value::OptInt(threshold.map(|t| read(t).into()));
            let values = [
                Value::Int(tenant.0),
                Value::Text(alarm.word()),
                Value::Bool(on),
                number(|t| t.count),
                number(|t| t.minutes),
                number(|t| t.accounts),
            ];
            tx.execute(SET, &values).await?;
        }
        let told = differences.join("; ");
        let entry = NewEntry::done("alerts.change", Subject::by(permit.acting())).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(Some(after))
    }
}
