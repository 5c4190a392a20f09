//! Finding people among many thousands: by the beginnings of their words, a page at a time.
//!
//! Every word of a name and of an address stands in `account_word` as bytes, with the place that its owner has
//! among the others. A word that is typed is a range of that index, so that no search reads the people it does
//! not find. Nothing here is particular to an engine.

use crate::accounts::{ACCOUNT_COLUMNS, AccountRow, account_columns, read_account};
use crate::sql::{Db, Row, Tx, Value, parts};
use crate::{Result, Store, StoreError};
use beffroi_domain::{Account, Address, Role, Sought, TenantId, folded_words, sorting};
use beffroi_policy::{ReadPeople, ReadRooms, TenantPermit};

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// They can sign in.
    Active,
    /// They have not chosen a password yet.
    Invited,
    /// Closed.
    Disabled,
}

impl AccountState {
    const ALL: [Self; 3] = [Self::Active, Self::Invited, Self::Disabled];

    /// The word used in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Disabled => "disabled",
        }
    }

    /// Reads such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Which people, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Only those with these words.
    pub words: Sought,
    /// Only this technical role.
    pub role: Option<Role>,
    /// Only in this state.
    pub state: Option<AccountState>,
    /// Only those after this one.
    pub after: Option<Address>,
    /// At most so many, never more than [`PEOPLE_PAGE`].
    pub limit: u32,
}

/// A page of people.
#[derive(Clone, Debug)]
pub struct PeoplePage {
    /// The people.
    pub people: Vec<AccountRow>,
    /// Whether others follow.
    pub more: bool,
    /// How many there are on all pages; told with the first.
    pub count: Option<i64>,
}

/// People of a page at most.
pub const PEOPLE_PAGE: u32 = 200;

/// Those who have the words. $1 tenant, $2 role or '', $3 state or '' ('open': not disabled), $4 the place after
/// which, $5 how many; then two for each word, of which the first is the one that fewest people have.
macro_rules! found {
    ($($other:expr),*) => {
        concat!("FROM account_word w WHERE w.tenant = $1 AND w.word >= $6 AND w.word < $7 AND w.sorting > $4 \
                 AND ($2 = '' OR w.role = $2) \
                 AND ($3 = '' OR w.state = $3 OR ($3 = 'open' AND w.state <> 'disabled'))", $($other),*)
    };
}
macro_rules! another {
    ($from:literal, $to:literal) => {
        concat!(
            " AND EXISTS (SELECT 1 FROM account_word o WHERE o.account = w.account AND o.word >= ",
            $from,
            " AND o.word < ",
            $to,
            ")"
        )
    };
}
/// Everybody: each has one empty word, so nobody comes twice.
macro_rules! everybody {
    ($($other:expr),*) => {
        concat!("FROM account_word w WHERE w.tenant = $1 AND w.word = $6 AND w.word < $7 AND w.sorting > $4 \
                 AND ($2 = '' OR w.role = $2) \
                 AND ($3 = '' OR w.state = $3 OR ($3 = 'open' AND w.state <> 'disabled'))", $($other),*)
    };
}
macro_rules! page {
    ($once:literal, $found:expr) => {
        concat!(
            "SELECT ",
            account_columns!(),
            ", a.created_us, a.last_used_us, a.password IS NULL FROM (SELECT ",
            $once,
            " w.sorting, w.account ",
            $found,
            " ORDER BY w.sorting LIMIT $5) f JOIN account a ON a.id = f.account ORDER BY f.sorting"
        )
    };
}
macro_rules! count {
    ($once:literal, $found:expr) => {
        concat!("SELECT COUNT(*) FROM (SELECT ", $once, " w.account ", $found, " LIMIT $5) f")
    };
}
macro_rules! texts {
    ($make:ident) => {
        [
            $make!("", everybody!()),
            $make!("DISTINCT", found!()),
            $make!("DISTINCT", found!(another!("$8", "$9"))),
            $make!("DISTINCT", found!(another!("$8", "$9"), another!("$10", "$11"))),
            $make!("DISTINCT", found!(another!("$8", "$9"), another!("$10", "$11"), another!("$12", "$13"))),
        ]
    };
}
/// By how many words are searched for.
const PAGES: [&str; 5] = texts!(page);
const COUNTS: [&str; 5] = texts!(count);
/// One word that is common: everybody in order, until a page of them has it.
const WALK: &str = page!("", everybody!(another!("$8", "$9")));

/// What role and state the words of an account say: to be called by whatever changes either.
pub(crate) async fn follow(tx: &mut Tx, account: i64) -> Result<()> {
    const FOLLOW: &str = "
        UPDATE account_word SET
               role = (SELECT a.role FROM account a WHERE a.id = $1),
               state = (SELECT CASE WHEN NOT a.enabled THEN 'disabled' WHEN a.password IS NULL THEN 'invited'
                                    ELSE 'active' END FROM account a WHERE a.id = $1)
         WHERE account = $1";
    tx.execute(FOLLOW, &[Value::Int(account)]).await.map(drop)
}

/// From so many rows on, a word is common.
const MANY: i64 = 2_000;

/// Writes an account's words down, in the transaction that adds or renames it.
pub(crate) async fn index(tx: &mut Tx, tenant: i64, account: i64, address: &str, name: &str) -> Result<()> {
    let place = sorting(name, address);
    const FORGET: &str = "DELETE FROM account_word WHERE account = $1";
    tx.execute(FORGET, &[Value::Int(account)]).await?;
    const PLACE: &str = "UPDATE account SET sorting = $2 WHERE id = $1";
    tx.execute(PLACE, &[Value::Int(account), Value::Bytes(place.as_bytes())]).await?;
    let mut words = folded_words(name);
    words.extend(folded_words(address.split('@').next().unwrap_or_default()));
    words.push(String::new());
    words.sort_unstable();
    words.dedup();
    const ADD: &str = "INSERT INTO account_word (tenant, word, sorting, account, role, state) VALUES {}";
    let mut rest = words.as_slice();
    for part in parts(words.len()) {
        let (some, others) = rest.split_at(part);
        rest = others;
        let row = |word| {
            let (word, place) = (Value::Bytes(word), Value::Bytes(place.as_bytes()));
            [Value::Int(tenant), word, place, Value::Int(account), Value::Text(""), Value::Text("")]
        };
        let values: Vec<_> = some.iter().flat_map(|word| row(word.as_bytes())).collect();
        tx.execute(tx.repeated(ADD, 6, part), &values).await?;
    }
    follow(tx, account).await
}

/// Accounts written down by a program that knew no words get theirs, some at a time; cut off, the next start goes on.
pub(crate) async fn complete(db: &Db) -> Result<()> {
    loop {
        let mut tx = db.begin().await?;
        const SOME: &str = "SELECT id, tenant, address, name FROM account WHERE sorting IS NULL LIMIT 500";
        let read = |row: &Row| Ok((row.int(0)?, row.int(1)?, row.text(2)?, row.text(3)?));
        let some = tx.rows(tx.locking(SOME), &[], read).await?;
        for (account, tenant, address, name) in &some {
            index(&mut tx, *tenant, *account, address, name).await?;
        }
        tx.commit().await?;
        if some.is_empty() {
            return Ok(());
        }
    }
}

/// The bytes from which words begin with this one, and the bytes before which they do: no UTF-8 has 0xff.
fn range(word: &str) -> (Vec<u8>, Vec<u8>) {
    (word.as_bytes().to_vec(), [word.as_bytes(), &[0xff]].concat())
}

struct Asked<'a> {
    tenant: TenantId,
    words: &'a [String],
    role: &'a str,
    state: &'a str,
}

impl Store {
    /// A page of the accounts of the tenant, by name.
    ///
    /// # Errors
    /// `Gone` when the person after whom it goes on is not of this tenant.
    pub async fn accounts(
        &self,
        permit: &TenantPermit<ReadRooms>,
        filter: &PeopleFilter,
    ) -> Result<PeoplePage> {
        let asked = Asked {
            tenant: permit.tenant(),
            words: filter.words.words(),
            role: filter.role.map_or("", Role::word),
            state: filter.state.map_or("", AccountState::word),
        };
        let after = match &filter.after {
            None => vec![],
            Some(address) => {
                const PLACE: &str = "SELECT sorting FROM account WHERE tenant = $1 AND address = $2";
                let values = [Value::Int(asked.tenant.0), Value::Text(address.as_str())];
                let found = self.db().row(PLACE, &values, |row| row.bytes(0)).await?;
                found.ok_or(StoreError::Gone { what: "person" })?
            }
        };
        let limit = filter.limit.clamp(1, PEOPLE_PAGE) as usize;
        let mut people = self.find(&asked, &after, limit + 1).await?;
        let more = people.len() > limit;
        people.truncate(limit);
        let count = match (&filter.after, more) {
            (Some(_), _) => None,
            (None, false) => Some(people.len() as i64),
            (None, true) => Some(self.count(&asked).await?),
        };
        Ok(PeoplePage { people, more, count })
    }

    /// The first open accounts with these words, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn people(
        &self,
        permit: &TenantPermit<ReadPeople>,
        words: &Sought,
        most: u32,
    ) -> Result<Vec<Account>> {
        let asked = Asked { tenant: permit.tenant(), words: words.words(), role: "", state: "open" };
        let found = self.find(&asked, &[], most as usize).await?;
        Ok(found.into_iter().map(|row| row.account).collect())
    }

    /// Those with whom the permit's holder has a conversation of two, by name, the first so many.
    ///
    /// # Errors
    /// The database.
    pub async fn talked_to(
        &self,
        permit: &TenantPermit<ReadPeople>,
        me: beffroi_domain::AccountId,
        most: u32,
    ) -> Result<Vec<Account>> {
        const SQL: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM member m JOIN room r ON r.id = m.room AND r.kind = 'direct'
                JOIN member o ON o.room = m.room AND o.account <> m.account
                JOIN account a ON a.id = o.account
               WHERE m.account = $1 AND a.tenant = $2 AND a.enabled = $3 ORDER BY a.sorting LIMIT $4"
        );
        let values =
            [Value::Int(me.0), Value::Int(permit.tenant().0), Value::Bool(true), Value::Int(most.into())];
        self.db().rows(SQL, &values, |row| read_account(row, 0)).await
    }

    async fn find(&self, asked: &Asked<'_>, after: &[u8], most: usize) -> Result<Vec<AccountRow>> {
        let read = |row: &Row| {
            Ok(AccountRow {
                account: read_account(row, 0)?,
                created: row.int(ACCOUNT_COLUMNS)?,
                last_used: row.opt_int(ACCOUNT_COLUMNS + 1)?,
                invited: row.bool(ACCOUNT_COLUMNS + 2)?,
            })
        };
        let (mut ranges, common) = self.ranges(asked).await?;
        let mut sql = PAGES[asked.words.len()];
        if common && asked.words.len() == 1 {
            sql = WALK;
            ranges.insert(0, everybody());
        }
        self.db().rows(sql, &values(asked, after, most, &ranges), read).await
    }

    async fn count(&self, asked: &Asked<'_>) -> Result<i64> {
        let (ranges, _) = self.ranges(asked).await?;
        let values = values(asked, &[], i32::MAX as usize, &ranges);
        Ok(self.db().row(COUNTS[asked.words.len()], &values, |row| row.int(0)).await?.unwrap_or(0))
    }

    /// The ranges of the words, the rarest first (of « personne 49321 » one is everybody's and one somebody's),
    /// and whether even that one is common.
    async fn ranges(&self, asked: &Asked<'_>) -> Result<(Vec<(Vec<u8>, Vec<u8>)>, bool)> {
        const RARE: &str = "
            SELECT COUNT(*) FROM (SELECT 1 AS one FROM account_word w
              WHERE w.tenant = $1 AND w.word >= $2 AND w.word < $3 LIMIT $4) f";
        if asked.words.is_empty() {
            return Ok((vec![everybody()], false));
        }
        let mut ranges: Vec<_> = asked.words.iter().map(|word| (0, range(word))).collect();
        for (count, (from, to)) in &mut ranges {
            let (from, to) = (Value::Bytes(from), Value::Bytes(to));
            let values = [Value::Int(asked.tenant.0), from, to, Value::Int(MANY)];
            *count = self.db().row(RARE, &values, |row| row.int(0)).await?.unwrap_or(0);
        }
        ranges.sort_by_key(|(count, _)| *count);
        let common = ranges[0].0 == MANY;
        Ok((ranges.into_iter().map(|(_, range)| range).collect(), common))
    }
}

/// The range of the empty word, which each has once.
fn everybody() -> (Vec<u8>, Vec<u8>) {
    (vec![], vec![0])
}

fn values<'a>(
    asked: &Asked<'a>,
    after: &'a [u8],
    most: usize,
    ranges: &'a [(Vec<u8>, Vec<u8>)],
) -> Vec<Value<'a>> {
    let mut values = vec![
        Value::Int(asked.tenant.0),
        Value::Text(asked.role),
        Value::Text(asked.state),
        Value::Bytes(after),
        Value::Int(most as i64),
    ];
    values.extend(ranges.iter().flat_map(|(from, to)| [Value::Bytes(from), Value::Bytes(to)]));
    values
}
