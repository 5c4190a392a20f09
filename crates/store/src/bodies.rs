//! Bodies seen from outside, for who hosts them: hosted, delegated to their first administrator, closed, opened.
//!
//! Whoever asks is closed in their own tenant (`within.rs`); what is here looks over that wall, with the policy's
//! proof, and brings back names, numbers and states. Each act is in the log of the body and in that of who did it.

use crate::accounts::{account_columns, change_role, insert, read_account};
use crate::audit::{self, NewEntry, Subject};
use crate::crypto::entropy;
use crate::directory;
use crate::invitations::{close_links, first_link};
use crate::mail::Purpose;
use crate::sql::{Row, Tx, Value};
use crate::tenants::{TENANT_COLUMNS, read_tenant, tenant_columns, touch};
use crate::within::house;
use crate::{Letter, NewAccount, Result, Store, StoreError};
use beffroi_domain::{
    Account, AccountId, Address, Domain, Micros, PersonName, Rank, Role, Tenant, TenantId, TenantName,
    folded_words,
};
use beffroi_policy::{
    BodiesPermit, BodyAct, BodyStanding, Denied, ManageBodies, ReadBodies, Who, decide_body,
};

/// Bodies on a page.
pub const BODIES_PAGE: usize = 50;
/// Bodies that operators host on one installation: they are looked through whole when one is searched for.
const MOST_BODIES: i64 = 2_000;

/// A body as its host sees it.
#[derive(Clone, Debug)]
pub struct BodyRow {
    /// Its name, its domain, whether it is closed.
    pub tenant: Tenant,
    /// Since when it is hosted.
    pub created: Micros,
    /// Open accounts.
    pub people: i64,
    /// Whether somebody of it ever came in: it is in its own hands then.
    pub begun: bool,
    /// Who was invited as its first administrator, until somebody came in.
    pub first: Option<Account>,
}

/// A page of them, by domain.
#[derive(Clone, Debug)]
pub struct BodiesPage {
    /// The bodies.
    pub bodies: Vec<BodyRow>,
    /// How many there are, of those searched for.
    pub count: usize,
    /// Whether more follow.
    pub more: bool,
}

/// A body to host.
#[derive(Clone, Debug)]
pub struct NewBody {
    /// The domain of its people's addresses.
    pub domain: Domain,
    /// What it is called.
    pub name: TenantName,
}

/// Writes the letter with a link: to whom, of which body, the link's token, its end.
pub type WriteInvitation<'a> = dyn Fn(&Account, &Tenant, &str, Micros) -> Letter + Send + Sync + 'a;

/// A first administrator who was invited.
#[derive(Debug)]
pub struct Invited {
    /// Their body.
    pub tenant: Tenant,
    /// The secret of the link.
    pub token: String,
    /// Until when it opens.
    pub expires: Micros,
    /// Whether it goes to them by mail, too.
    pub mailed: bool,
}

impl Store {
    /// A page of the bodies of this installation: those of which a word begins with each word searched for,
    /// after the one of this domain.
    ///
    /// # Errors
    /// The database.
    pub async fn bodies(
        &self,
        _permit: &BodiesPermit<ReadBodies>,
        search: &str,
        after: Option<&str>,
    ) -> Result<BodiesPage> {
        const ALL: &str = concat!("SELECT ", tenant_columns!(), ", created_us FROM tenant");
        house(async {
            let read = |row: &Row| Ok((read_tenant(row)?, row.int(TENANT_COLUMNS)?));
            let mut found = self.db().rows(ALL, &[], read).await?;
            let words = folded_words(search);
            found.retain(|(tenant, _)| {
                let has = folded_words(&format!("{} {}", tenant.name, tenant.domain));
                words.iter().all(|word| has.iter().any(|other| other.starts_with(word.as_str())))
            });
            let count = found.len();
            // Ours, not that of a database whose locale makes something else of a hyphen: what comes after a domain
            // does so whether that one is searched for or not.
            found.sort_by(|(one, _), (other, _)| one.domain.as_str().cmp(other.domain.as_str()));
            let from = found.partition_point(|(t, _)| after.is_some_and(|after| t.domain.as_str() <= after));
            let rest = found.split_off(from);
            let more = rest.len() > BODIES_PAGE;
            let mut bodies = vec![];
            for (tenant, created) in rest.into_iter().take(BODIES_PAGE) {
                bodies.push(self.body_row(tenant, created).await?);
            }
            Ok(BodiesPage { bodies, count, more })
        })
        .await
    }

    async fn body_row(&self, tenant: Tenant, created: Micros) -> Result<BodyRow> {
        let at = || Value::Int(tenant.id.0);
        const PEOPLE: &str = "SELECT COUNT(*) FROM account WHERE tenant = $1 AND enabled = $2";
        let people = self.db().row(PEOPLE, &[at(), Value::Bool(true)], |row| row.int(0)).await?.unwrap_or(0);
        let begun = self.db().row(BEGUN, &[at()], |row| row.int(0)).await?.is_some();
        const FIRST: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM account a WHERE a.tenant = $1 AND a.enabled = $2 AND a.role = 'administrator'
               ORDER BY a.id LIMIT 1"
        );
        let first = if begun {
            None
        } else {
            self.db().row(FIRST, &[at(), Value::Bool(true)], |row| read_account(row, 0)).await?
        };
        Ok(BodyRow { tenant, created, people, begun, first })
    }

    /// Hosts a body and invites its first administrator.
    ///
    /// # Errors
    /// `Taken` when the domain is hosted already; `Refused` beyond [`MOST_BODIES`], and for an address of
    /// another domain.
    pub async fn host_body(
        &self,
        permit: &BodiesPermit<ManageBodies>,
        new: &NewBody,
        administrator: (&Address, &PersonName, Rank),
        write: Option<&WriteInvitation<'_>>,
        now: Micros,
    ) -> Result<Invited> {
        house(async {
            let mut tx = self.db().begin().await?;
            if permit.own().is_some() {
                // One after the other: the number is right.
                tx.hold("bodies").await?;
                let there = tx.row("SELECT COUNT(*) FROM tenant", &[], |row| row.int(0)).await?;
                if there.unwrap_or(0) >= MOST_BODIES {
                    return Err(StoreError::Refused(
                        "this server hosts as many organisations as it may; another one needs another server",
                    ));
                }
            }
            let told = host_of(&mut tx, permit).await?;
            let by = Subject::by(permit.acting());
            let tenant = self.host(&mut tx, &new.domain, new.name.as_str(), (by, &told), now).await?;
            let invited = self.invite_first(&mut tx, permit, tenant, administrator, write, now).await?;
            self.note_at_home(&mut tx, permit, "tenant.add", &invited.tenant, now).await?;
            tx.commit().await?;
            Ok(invited)
        })
        .await
    }

    /// Invites the first administrator of a body once more, or somebody else in their place: while nobody of it
    /// ever came in, which is asked with every account held, so that whoever comes in at this moment is seen.
    ///
    /// # Errors
    /// `Gone` when there is no such body; `Refused` for somebody who is there in another role.
    pub async fn delegate_body(
        &self,
        permit: &BodiesPermit<ManageBodies>,
        domain: &Domain,
        administrator: (&Address, &PersonName, Rank),
        write: Option<&WriteInvitation<'_>>,
        now: Micros,
    ) -> Result<std::result::Result<Invited, Denied>> {
        house(async {
            let mut tx = self.db().begin().await?;
            // The body's row is not held: who accepts a link holds their account first, and asks for it then.
            tx.hold("bodies").await?;
            let tenant = body(&mut tx, domain).await?;
            let mut begun = came_in(&mut tx, tenant.id).await?;
            if !begun {
                // In the order in which somebody who comes in holds them: their link, then their account.
                const LINKS: &str =
                    "SELECT id FROM invitation WHERE account IN (SELECT id FROM account WHERE tenant = $1)";
                tx.rows(tx.locking(LINKS), &[Value::Int(tenant.id.0)], |row| row.int(0)).await?;
                const ACCOUNTS: &str = "SELECT id FROM account WHERE tenant = $1";
                tx.rows(tx.locking(ACCOUNTS), &[Value::Int(tenant.id.0)], |row| row.int(0)).await?;
                begun = came_in(&mut tx, tenant.id).await?;
            }
            let standing = BodyStanding { operates: tenant.operates, begun };
            if let Err(denied) = decide_body(permit, BodyAct::Delegate, standing) {
                return Ok(Err(denied));
            }
            let told = host_of(&mut tx, permit).await?;
            let entry = NewEntry::done(BodyAct::Delegate.word(), Subject::by(permit.acting()))
                .on(Subject::Text(domain.as_str().to_owned()))
                .saying(&told);
            audit::append(&mut tx, self.keys(), tenant.id, entry, now).await?;
            let invited = self.invite_first(&mut tx, permit, tenant, administrator, write, now).await?;
            self.note_at_home(&mut tx, permit, BodyAct::Delegate.word(), &invited.tenant, now).await?;
            tx.commit().await?;
            Ok(Ok(invited))
        })
        .await
    }

    /// The one administrator of a body into which nobody came yet: added or found, and the only one whose link
    /// opens.
    async fn invite_first(
        &self,
        tx: &mut Tx,
        permit: &BodiesPermit<ManageBodies>,
        tenant: Tenant,
        (address, name, clearance): (&Address, &PersonName, Rank),
        write: Option<&WriteInvitation<'_>>,
        now: Micros,
    ) -> Result<Invited> {
        if address.domain() != tenant.domain.as_str() {
            return Err(StoreError::Refused(
                "an account belongs to the organisation of its address's domain; use an address of this domain",
            ));
        }
        let by = || Subject::by(permit.acting());
        const ADMINISTRATORS: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM account a WHERE a.tenant = $1 AND (a.role = 'administrator' OR a.address = $2) ORDER BY a.id"
        );
        let values = [Value::Int(tenant.id.0), Value::Text(address.as_str())];
        let there = tx.rows(ADMINISTRATORS, &values, |row| read_account(row, 0)).await?;
        let mut known = None;
        for account in there {
            if account.address == *address {
                known = Some(account);
                continue;
            }
            // Who was named before them: their link, which somebody may hold, opens nothing any more.
            close_links(tx, account.id, now).await?;
            if account.enabled {
                enable(tx, account.id, false).await?;
                let entry =
                    NewEntry::done("account.disable", by()).on(Subject::Who(Who::Account(account.id)));
                audit::append(tx, self.keys(), tenant.id, entry, now).await?;
            }
        }
        let first = match known {
            Some(account) if account.role != Role::Administrator => {
                return Err(StoreError::Refused(
                    "somebody of this address is there already, in another role; name somebody else",
                ));
            }
            Some(account) => {
                if !account.enabled {
                    enable(tx, account.id, true).await?;
                    let entry =
                        NewEntry::done("account.enable", by()).on(Subject::Who(Who::Account(account.id)));
                    audit::append(tx, self.keys(), tenant.id, entry, now).await?;
                }
                account
            }
            None => {
                let role = Role::Administrator;
                let new = NewAccount {
                    address: address.clone(),
                    name: name.clone(),
                    role,
                    clearance,
                    password: None,
                };
                let account = insert(tx, tenant.id, AccountId::mint(now, entropy()), new, now).await?;
                let entry = NewEntry::done("account.add", by())
                    .on(Subject::Who(Who::Account(account.id)))
                    .saying(role.word());
                audit::append(tx, self.keys(), tenant.id, entry, now).await?;
                account
            }
        };
        let (token, expires) = first_link(tx, first.id, now).await?;
        let mailed = match write {
            Some(write) => {
                let letter = write(&first, &tenant, &token, expires);
                self.post(tx, first.id, Purpose::Invitation, &letter, now).await?
            }
            None => false,
        };
        let entry = NewEntry::done("account.invite", by())
            .on(Subject::Who(Who::Account(first.id)))
            .saying("invitation");
        audit::append(tx, self.keys(), tenant.id, entry, now).await?;
        Ok(Invited { tenant, token, expires, mailed })
    }

    /// Closes a body, or opens it again. Closed: its sessions are over, whoever has them, and none is opened; all
    /// that it holds stays. Nothing when it is so already.
    ///
    /// # Errors
    /// `Gone` when there is no such body.
    pub async fn close_body(
        &self,
        permit: &BodiesPermit<ManageBodies>,
        domain: &Domain,
        closed: bool,
        now: Micros,
    ) -> Result<std::result::Result<(), Denied>> {
        house(async {
            if !closed {
                // Those that a power cut left when it was closed: nobody goes on where they were.
                self.end_behind(domain).await?;
            }
            let mut tx = self.db().begin().await?;
            let tenant = body(&mut tx, domain).await?.id;
            touch(&mut tx, tenant).await?;
            let before = body(&mut tx, domain).await?;
            let act = if closed { BodyAct::Close } else { BodyAct::Open };
            let begun = came_in(&mut tx, tenant).await?;
            let standing = BodyStanding { operates: before.operates, begun };
            if let Err(denied) = decide_body(permit, act, standing) {
                return Ok(Err(denied));
            }
            if before.closed.is_some() == closed {
                drop(tx);
                self.end_behind(domain).await?;
                return Ok(Ok(()));
            }
            const SET: &str = "UPDATE tenant SET closed_us = $2 WHERE id = $1";
            let since = if closed { Some(now) } else { None };
            tx.execute(SET, &[Value::Int(tenant.0), Value::OptInt(since)]).await?;
            let told = host_of(&mut tx, permit).await?;
            let entry = NewEntry::done(act.word(), Subject::by(permit.acting()))
                .on(Subject::Text(domain.as_str().to_owned()))
                .saying(&told);
            audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
            self.note_at_home(&mut tx, permit, act.word(), &before, now).await?;
            tx.commit().await?;
            // Afterwards: whoever proves or locks a session holds its row and asks for the body's then. Every door
            // looks whether the body is closed, so what is left of them opens nothing meanwhile.
            self.end_behind(domain).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Ends the sessions of a body that is closed.
    async fn end_behind(&self, domain: &Domain) -> Result<()> {
        const SQL: &str = "
            DELETE FROM session WHERE tenant IN
                   (SELECT t.id FROM tenant t WHERE t.domain = $1 AND t.closed_us IS NOT NULL)";
        self.db().execute(SQL, &[Value::Text(domain.as_str())]).await.map(drop)
    }

    /// Writes down in the log of a body that something was refused about it. The refusal itself is in the log of
    /// who asked.
    ///
    /// # Errors
    /// The database.
    pub async fn deny_about_body(
        &self,
        permit: &BodiesPermit<ManageBodies>,
        domain: &Domain,
        act: BodyAct,
        denied: &Denied,
        now: Micros,
    ) -> Result<()> {
        house(async {
            let Some(tenant) = self.tenant_by_domain(domain.as_str()).await? else { return Ok(()) };
            self.deny(tenant.id, Subject::by(permit.acting()), act.word(), None, denied, "", now).await
        })
        .await
    }

    /// Says at the machine whether a body operates others. When it ceases to, its operators are agents again.
    ///
    /// # Errors
    /// `Gone` when there is no such body.
    pub async fn set_operating(&self, tenant: TenantId, operates: bool, now: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        touch(&mut tx, tenant).await?;
        const SET: &str = "UPDATE tenant SET operates = $2 WHERE id = $1 AND operates <> $2";
        if tx.execute(SET, &[Value::Int(tenant.0), Value::Bool(operates)]).await? == 0 {
            return Ok(());
        }
        const OPERATORS: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM account a WHERE a.tenant = $1 AND a.role = 'operator' ORDER BY a.id"
        );
        if !operates {
            let operators = tx.rows(OPERATORS, &[Value::Int(tenant.0)], |row| read_account(row, 0)).await?;
            for account in operators {
                change_role(&mut tx, self.keys(), &account, Role::Agent, Subject::Machine, now).await?;
            }
        }
        let told = if operates { "off → on" } else { "on → off" };
        let entry = NewEntry::done("tenant.operator", Subject::Machine).saying(told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await
    }

    /// Writes an act down in the log of the body of who did it.
    async fn note_at_home(
        &self,
        tx: &mut Tx,
        permit: &BodiesPermit<ManageBodies>,
        act: &str,
        tenant: &Tenant,
        now: Micros,
    ) -> Result<()> {
        let Some(own) = permit.own() else { return Ok(()) };
        let entry = NewEntry::done(act, Subject::by(permit.acting()))
            .on(Subject::Text(tenant.domain.as_str().to_owned()))
            .saying(&tenant.name);
        audit::append(tx, self.keys(), own, entry, now).await
    }
}

/// Finds a row when somebody of the body chose a password, or ever came in.
const BEGUN: &str = "
    SELECT id FROM account
     WHERE tenant = $1 AND (password IS NOT NULL OR last_used_us IS NOT NULL) LIMIT 1";

async fn came_in(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    Ok(tx.row(BEGUN, &[Value::Int(tenant.0)], |row| row.int(0)).await?.is_some())
}

async fn body(tx: &mut Tx, domain: &Domain) -> Result<Tenant> {
    const SQL: &str = concat!("SELECT ", tenant_columns!(), " FROM tenant WHERE domain = $1");
    let found = tx.row(SQL, &[Value::Text(domain.as_str())], read_tenant).await?;
    found.ok_or(StoreError::Gone { what: "organisation" })
}

async fn enable(tx: &mut Tx, account: AccountId, enabled: bool) -> Result<()> {
    const SET: &str = "UPDATE account SET enabled = $2 WHERE id = $1";
    tx.execute(SET, &[Value::Int(account.0), Value::Bool(enabled)]).await?;
    directory::follow(tx, account.0).await
}

/// Who hosts, as the log of the hosted body says it; nothing for the machine.
async fn host_of(tx: &mut Tx, permit: &BodiesPermit<ManageBodies>) -> Result<String> {
    const SQL: &str = "SELECT name, domain FROM tenant WHERE id = $1";
    let Some(own) = permit.own() else { return Ok(String::new()) };
    let read = |row: &Row| Ok(format!("{} ({})", row.text(0)?, row.text(1)?));
    Ok(tx.row(SQL, &[Value::Int(own.0)], read).await?.unwrap_or_default())
}
