//! People of tenants.

use crate::applications;
use crate::audit::{self, NewEntry, Subject};
use crate::browsers::forget_browsers;
use crate::crypto::{damaged, entropy};
use crate::directory;
use crate::invitations::close_links;
use crate::keys::KeyRing;
use crate::labels::label_of;
use crate::sessions::end_sessions;
use crate::sql::{Row, Tx, Value};
use crate::tenants::{hold, touch};
use crate::{Result, Store, StoreError};
use beffroi_domain::{Account, AccountId, Address, Micros, PersonName, Rank, Role, SessionId, TenantId};
use beffroi_policy::{ManageAccounts, ManageClearance, ManageRoles, ReadOrganisation, TenantPermit, Who};
use std::collections::BTreeMap;

/// Someone to add.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// E-mail address; its domain is the tenant's.
    pub address: Address,
    /// Shown name.
    pub name: PersonName,
    /// Technical role.
    pub role: Role,
    /// The highest label they may see.
    pub clearance: Rank,
    /// Argon2id in PHC form; `None` until an invitation is accepted.
    pub password: Option<String>,
}

/// An account as the administration lists it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The account.
    pub account: Account,
    /// When it was made.
    pub created: Micros,
    /// When one of its sessions was last used.
    pub last_used: Option<Micros>,
    /// Whether they have not chosen a password yet.
    pub invited: bool,
}

/// How many people a demand of a label would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headcount {
    /// Open accounts.
    pub people: i64,
    /// Those among them who have no second factor to sign in with.
    pub without_second_factor: i64,
}

/// The columns of an account `a`, in the order that [`read_account`] reads.
macro_rules! account_columns {
    () => {
        "a.id, a.tenant, a.address, a.name, a.role, a.clearance, a.enabled"
    };
}
pub(crate) use account_columns;

/// How many columns [`account_columns`] are.
pub(crate) const ACCOUNT_COLUMNS: usize = 7;

/// Reads [`account_columns`] from `column` on.
pub(crate) fn read_account(row: &Row, column: usize) -> Result<Account> {
    let id = AccountId(row.int(column)?);
    let bad = || damaged(format!("account {id}"));
    Ok(Account {
        id,
        tenant: TenantId(row.int(column + 1)?),
        address: row.text(column + 2)?.parse().map_err(|_| bad())?,
        name: row.text(column + 3)?.parse().map_err(|_| bad())?,
        role: Role::from_word(&row.text(column + 4)?).ok_or_else(bad)?,
        clearance: Rank(u8::try_from(row.int(column + 5)?).map_err(|_| bad())?),
        enabled: row.bool(column + 6)?,
    })
}

/// An account of this tenant, held until the end of the transaction.
pub(crate) async fn account_of(tx: &mut Tx, tenant: TenantId, id: AccountId) -> Result<Account> {
    const SQL: &str =
        concat!("SELECT ", account_columns!(), " FROM account a WHERE a.id = $1 AND a.tenant = $2");
    tx.row(SQL, &[Value::Int(id.0), Value::Int(tenant.0)], |row| read_account(row, 0))
        .await?
        .ok_or(StoreError::Gone { what: "account" })
}

const OTHER_ADMINISTRATORS: &str = "
    SELECT COUNT(*) FROM account
     WHERE tenant = $1 AND id <> $2 AND enabled = $3 AND role = 'administrator'";

/// Whoever stops administering is not the last. The tenant's row must be held: of two administrators who
/// close each other's account at once, one stays.
pub(crate) async fn leave_an_administrator(tx: &mut Tx, leaves: &Account) -> Result<()> {
    let administers = leaves.enabled && leaves.role == Role::Administrator;
    if !administers {
        return Ok(());
    }
    let values = [Value::Int(leaves.tenant.0), Value::Int(leaves.id.0), Value::Bool(true)];
    if tx.row(OTHER_ADMINISTRATORS, &values, |row| row.int(0)).await?.unwrap_or(0) == 0 {
        return Err(StoreError::Refused(
            "this is the last administrator here, and nobody would administer any more; make somebody else an administrator first",
        ));
    }
    Ok(())
}

/// Operators are of a body that operates. The tenant's row is kept as it is until the end of the transaction.
pub(crate) async fn holdable(tx: &mut Tx, tenant: TenantId, role: Role) -> Result<()> {
    const OPERATES: &str = "SELECT operates FROM tenant WHERE id = $1";
    if role == Role::Operator {
        let operates = tx.row(tx.sharing(OPERATES), &[Value::Int(tenant.0)], |row| row.bool(0)).await?;
        if beffroi_policy::may_hold(role, operates.unwrap_or_default()).is_err() {
            return Err(StoreError::Refused(
                "operators are of an organisation that hosts others, and this one does not",
            ));
        }
    }
    Ok(())
}

/// Gives somebody another technical role in the transaction of more: what they had opened under the old one, and
/// the links made for it, end. Gives the sessions ended.
pub(crate) async fn change_role(
    tx: &mut Tx,
    keys: &KeyRing,
    before: &Account,
    role: Role,
    by: Subject,
    now: Micros,
) -> Result<Vec<SessionId>> {
    holdable(tx, before.tenant, role).await?;
    const SET: &str = "UPDATE account SET role = $2 WHERE id = $1";
    tx.execute(SET, &[Value::Int(before.id.0), Value::Text(role.word())]).await?;
    directory::follow(tx, before.id.0).await?;
    let ended = end_sessions(tx, Who::Account(before.id)).await?;
    // Whoever manages people may make links for agents: one made a moment ago must not open the new role.
    close_links(tx, before.id, now).await?;
    let told = format!("{} → {}", before.role.word(), role.word());
    let entry = NewEntry::done("account.role", by).on(Subject::Who(Who::Account(before.id))).saying(&told);
    audit::append(tx, keys, before.tenant, entry, now).await?;
    Ok(ended)
}

/// Writes someone new down, who can be found from then on.
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    id: AccountId,
    new: NewAccount,
    now: Micros,
) -> Result<Account> {
    let account = Account {
        id,
        tenant,
        address: new.address,
        name: new.name,
        role: new.role,
        clearance: new.clearance,
        enabled: true,
    };
    holdable(tx, tenant, account.role).await?;
    const ADD: &str = "
        INSERT INTO account (id, tenant, address, name, role, clearance, enabled, password, created_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        Value::Int(account.id.0),
        Value::Int(account.tenant.0),
        Value::Text(account.address.as_str()),
        Value::Text(account.name.as_str()),
        Value::Text(account.role.word()),
        Value::Int(account.clearance.0.into()),
        Value::Bool(true),
        Value::OptText(new.password.as_deref()),
        Value::Int(now),
    ];
    tx.execute(ADD, &values).await.map_err(|e| e.or_taken("address"))?;
    directory::index(tx, tenant.0, account.id.0, account.address.as_str(), account.name.as_str()).await?;
    Ok(account)
}

impl Store {
    /// Adds someone.
    ///
    /// # Errors
    /// `Taken` when the address has an account, `Refused` when it is of another domain.
    pub async fn add_account(
        &self,
        permit: &TenantPermit<ManageAccounts>,
        new: NewAccount,
        now: Micros,
    ) -> Result<Account> {
        let mut tx = self.db().begin().await?;
        const DOMAIN: &str = "SELECT domain FROM tenant WHERE id = $1";
        let domain = tx
            .row(DOMAIN, &[Value::Int(permit.tenant().0)], |row| row.text(0))
            .await?
            .ok_or(StoreError::Gone { what: "tenant" })?;
        if domain != new.address.domain() {
            return Err(StoreError::Refused(
                "an account belongs to the tenant of its address's domain; use an address of this domain, or add the other tenant first",
            ));
        }
        let id = AccountId::mint(now, entropy());
        let account = insert(&mut tx, permit.tenant(), id, new, now).await?;
        let entry = NewEntry::done("account.add", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account.id)))
            .saying(account.role.word());
        audit::append(&mut tx, self.keys(), account.tenant, entry, now).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// An account by id.
    ///
    /// # Errors
    /// The database.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        const SQL: &str = concat!("SELECT ", account_columns!(), " FROM account a WHERE a.id = $1");
        self.db().row(SQL, &[Value::Int(id.0)], |row| read_account(row, 0)).await
    }

    /// An account and its password (PHC) by address.
    ///
    /// # Errors
    /// The database.
    pub async fn account_by_address(&self, address: &Address) -> Result<Option<(Account, Option<String>)>> {
        const SQL: &str =
            concat!("SELECT ", account_columns!(), ", a.password FROM account a WHERE a.address = $1");
        let read = |row: &Row| Ok((read_account(row, 0)?, row.opt_text(ACCOUNT_COLUMNS)?));
        self.db().row(SQL, &[Value::Text(address.as_str())], read).await
    }

    /// How many accounts of a tenant have a stored password of each `kind`, which says nothing of the account; what has
    /// no kind is left out.
    ///
    /// # Errors
    /// The database.
    pub async fn count_passwords(
        &self,
        tenant: TenantId,
        kind: impl Fn(&str) -> Option<String>,
    ) -> Result<BTreeMap<String, u64>> {
        const SOME: &str = "
            SELECT address, password FROM account
             WHERE tenant = $1 AND address > $2 AND password IS NOT NULL ORDER BY address LIMIT 2000";
        let mut counts = BTreeMap::new();
        let mut after = String::new();
        loop {
            let values = [Value::Int(tenant.0), Value::Text(&after)];
            let read = |row: &Row| {
                if let Some(kind) = kind(&row.text(1)?) {
                    *counts.entry(kind).or_default() += 1;
                }
                row.text(0)
            };
            match self.db().rows(SOME, &values, read).await?.pop() {
                Some(last) => after = last,
                None => return Ok(counts),
            }
        }
    }

    /// Replaces a password; sessions stay, and no browser is known any more.
    ///
    /// # Errors
    /// `Gone` when there is no such account.
    pub async fn set_password(&self, account: AccountId, phc: &str, now: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const TENANT: &str = "SELECT tenant FROM account WHERE id = $1";
        let tenant = tx
            .row(TENANT, &[Value::Int(account.0)], |row| row.int(0).map(TenantId))
            .await?
            .ok_or(StoreError::Gone { what: "account" })?;
        const SET: &str = "UPDATE account SET password = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(account.0), Value::Text(phc)]).await?;
        directory::follow(&mut tx, account.0).await?;
        forget_browsers(&mut tx, account).await?;
        let entry = NewEntry::done("password.change", Subject::by(Who::Account(account)));
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// Replaces a hash that another program made by ours of the same password, which was just proved right; nothing
    /// when it was replaced meanwhile.
    ///
    /// # Errors
    /// The database.
    pub async fn upgrade_password(
        &self,
        account: &Account,
        foreign: &str,
        phc: &str,
        now: Micros,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const SET: &str = "UPDATE account SET password = $2 WHERE id = $1 AND password = $3";
        let values = [Value::Int(account.id.0), Value::Text(phc), Value::Text(foreign)];
        if tx.execute(SET, &values).await? == 0 {
            return Ok(());
        }
        let who = Who::Account(account.id);
        let entry = NewEntry::done("password.upgrade", Subject::Machine).on(Subject::Who(who));
        audit::append(&mut tx, self.keys(), account.tenant, entry, now).await?;
        tx.commit().await
    }

    /// Disables (and ends all sessions, application passwords and open invitations, in the same transaction)
    /// or enables. Gives the sessions ended.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account; `Refused` for the last administrator.
    pub async fn set_enabled(
        &self,
        permit: &TenantPermit<ManageAccounts>,
        account: AccountId,
        enabled: bool,
        now: Micros,
    ) -> Result<Vec<SessionId>> {
        let mut tx = self.db().begin().await?;
        hold(&mut tx, permit.tenant()).await?;
        let before = account_of(&mut tx, permit.tenant(), account).await?;
        if !enabled {
            leave_an_administrator(&mut tx, &before).await?;
        }
        const SET: &str = "UPDATE account SET enabled = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(account.0), Value::Bool(enabled)]).await?;
        directory::follow(&mut tx, account.0).await?;
        let mut ended = vec![];
        if !enabled {
            ended = end_sessions(&mut tx, Who::Account(account)).await?;
            forget_browsers(&mut tx, account).await?;
            applications::revoke_all(&mut tx, account).await?;
            close_links(&mut tx, account, now).await?;
        }
        let act = if enabled { "account.enable" } else { "account.disable" };
        let entry = NewEntry::done(act, Subject::by(permit.acting())).on(Subject::Who(Who::Account(account)));
        audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Gives someone another technical role, and ends their sessions: nothing opened under the old one keeps
    /// its rights. Gives the sessions ended; none when the role is the one they have.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account; `Refused` for the last administrator.
    pub async fn set_role(
        &self,
        permit: &TenantPermit<ManageRoles>,
        account: AccountId,
        role: Role,
        now: Micros,
    ) -> Result<Vec<SessionId>> {
        let mut tx = self.db().begin().await?;
        hold(&mut tx, permit.tenant()).await?;
        let before = account_of(&mut tx, permit.tenant(), account).await?;
        if before.role == role {
            return Ok(vec![]);
        }
        leave_an_administrator(&mut tx, &before).await?;
        let by = Subject::by(permit.acting());
        let ended = change_role(&mut tx, self.keys(), &before, role, by, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// How many enabled administrators the tenant has beside this account.
    ///
    /// # Errors
    /// The database.
    pub async fn other_administrators(&self, tenant: TenantId, account: AccountId) -> Result<i64> {
        let values = [Value::Int(tenant.0), Value::Int(account.0), Value::Bool(true)];
        Ok(self.db().row(OTHER_ADMINISTRATORS, &values, |row| row.int(0)).await?.unwrap_or(0))
    }

    /// Says up to which label someone is cleared.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account or no such label.
    pub async fn set_clearance(
        &self,
        permit: &TenantPermit<ManageClearance>,
        account: AccountId,
        label: &str,
        now: Micros,
    ) -> Result<()> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        let before = account_of(&mut tx, tenant, account).await?.clearance;
        let to = label_of(&mut tx, tenant, label).await?;
        if to.rank == before {
            return Ok(());
        }
        const FORMER: &str =
            "SELECT slug FROM label WHERE tenant = $1 AND rank <= $2 ORDER BY rank DESC LIMIT 1";
        let values = [Value::Int(tenant.0), Value::Int(before.0.into())];
        let former = tx.row(FORMER, &values, |row| row.text(0)).await?.unwrap_or_else(|| "none".to_owned());
        const SET: &str = "UPDATE account SET clearance = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(account.0), Value::Int(to.rank.0.into())]).await?;
        let told = format!("{former} → {label}");
        let entry = NewEntry::done("account.clear", Subject::by(permit.acting()))
            .on(Subject::Who(Who::Account(account)))
            .saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// How many people work here, and how many have no second factor.
    ///
    /// # Errors
    /// The database.
    pub async fn headcount(&self, permit: &TenantPermit<ReadOrganisation>) -> Result<Headcount> {
        const SQL: &str = "SELECT COUNT(*) FROM account WHERE tenant = $1 AND enabled = $2";
        let values = [Value::Int(permit.tenant().0), Value::Bool(true)];
        let people = self.db().row(SQL, &values, |row| row.int(0)).await?.unwrap_or(0);
        const WITHOUT: &str = "
            SELECT COUNT(*) FROM account a WHERE a.tenant = $1 AND a.enabled = $2
               AND NOT EXISTS (SELECT 1 FROM factor f WHERE f.account = a.id)";
        let without = self.db().row(WITHOUT, &values, |row| row.int(0)).await?.unwrap_or(0);
        Ok(Headcount { people, without_second_factor: without })
    }
}
