//! Devices: their keys, the codes that enrol them, and the sessions that they stand for.

use crate::audit::{self, NewEntry, Subject};
use crate::crypto::{damaged, entropy, new_token, sha256};
use crate::sql::{Row, Tx, Value};
use crate::tenants::{hold, touch};
use crate::{Result, Store, StoreError};
use beffroi_domain::{
    AccountId, Address, DEVICE_LIFE_US, Device, DeviceId, DeviceName, DeviceState, Micros, PersonName,
    Reported, SessionId, TenantId,
};
use beffroi_policy::{DevicePermit, ManageDevices, OwnPermit, ReadRooms, TenantPermit, Who};

/// Devices of one person at most: enough for a desk, a bag, a pocket and what they replaced.
const MOST: i64 = 25;

/// How often a device's use is written down.
const NOTED: Micros = 60 * 1_000_000;

/// A device that wants to be known.
#[derive(Clone, Debug)]
pub struct NewDevice<'a> {
    /// What its person calls it.
    pub name: DeviceName,
    /// The public half of its key.
    pub key: &'a [u8],
    /// What the browser calls itself.
    pub agent: &'a str,
    /// The version of its client.
    pub version: &'a str,
}

/// A device with whose it is, as the administration lists it.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// The device.
    pub device: Device,
    /// Its person's address.
    pub address: Address,
    /// And name.
    pub person: PersonName,
}

/// The columns of a device, in the order that [`read_device`] reads.
macro_rules! device_columns {
    () => {
        "d.id, d.tenant, d.account, d.name, d.public_key, d.state, d.agent, d.version, d.disk_encrypted,
         d.screen_lock, d.managed_profile, d.reported_us, d.created_us, d.expires_us, d.last_used_us, d.last_place"
    };
}

fn read_device(row: &Row) -> Result<Device> {
    let id = DeviceId(row.int(0)?);
    let broken = || damaged(format!("device {id}"));
    let known = |column| Ok::<_, StoreError>(row.opt_int(column)?.map(|yes| yes != 0));
    let reported =
        Reported { disk_encrypted: known(8)?, screen_lock: known(9)?, managed_profile: known(10)? };
    Ok(Device {
        id,
        tenant: TenantId(row.int(1)?),
        account: AccountId(row.int(2)?),
        name: row.text(3)?.parse().map_err(|_| broken())?,
        key: row.bytes(4)?,
        state: DeviceState::from_word(&row.text(5)?).ok_or_else(broken)?,
        agent: row.text(6)?,
        version: row.text(7)?,
        reported: row.opt_int(11)?.map(|at| (reported, at)),
        created: row.int(12)?,
        expires: row.int(13)?,
        last_use: row.opt_int(14)?.zip(row.opt_text(15)?),
    })
}

/// Ends the sessions that a device stands for, but `spared`, which goes on without it.
async fn end_at(tx: &mut Tx, device: DeviceId, spared: Option<SessionId>) -> Result<Vec<SessionId>> {
    if let Some(spared) = spared {
        const SPARE: &str =
            "UPDATE session SET device = NULL, device_proved_us = NULL WHERE device = $1 AND id = $2";
        tx.execute(SPARE, &[Value::Int(device.0), Value::Int(spared.0)]).await?;
    }
    const END: &str = "DELETE FROM session WHERE device = $1 RETURNING id";
    tx.rows(END, &[Value::Int(device.0)], |row| row.int(0).map(SessionId)).await
}

/// Forgets all devices of who leaves; their sessions have ended before.
pub(crate) async fn forget_devices(tx: &mut Tx, account: AccountId) -> Result<u64> {
    const CODES: &str = "DELETE FROM device_code WHERE account = $1";
    tx.execute(CODES, &[Value::Int(account.0)]).await?;
    tx.execute("DELETE FROM device WHERE account = $1", &[Value::Int(account.0)]).await
}

impl Store {
    /// Keeps a code that enrols a device of its person; the former one is worth nothing any more.
    ///
    /// # Errors
    /// The database.
    pub async fn add_device_code(&self, permit: &OwnPermit, code: &str, expires: Micros) -> Result<()> {
        let mut tx = self.db().begin().await?;
        const FORMER: &str = "DELETE FROM device_code WHERE account = $1";
        tx.execute(FORMER, &[Value::Int(permit.account().0)]).await?;
        const ADD: &str = "INSERT INTO device_code (code, account, expires_us) VALUES ($1, $2, $3)";
        let kept = sha256(code.as_bytes());
        tx.execute(ADD, &[Value::Bytes(&kept), Value::Int(permit.account().0), Value::Int(expires)]).await?;
        tx.commit().await
    }

    /// Whose device a code enrols, and until when.
    ///
    /// # Errors
    /// The database.
    pub async fn device_code(&self, code: &str, now: Micros) -> Result<Option<(AccountId, Micros)>> {
        const FIND: &str = "
            SELECT c.account, c.expires_us FROM device_code c JOIN account a ON a.id = c.account
             WHERE c.code = $1 AND c.expires_us > $2 AND a.enabled = $3";
        let values = [Value::Bytes(&sha256(code.as_bytes())), Value::Int(now), Value::Bool(true)];
        self.db().row(FIND, &values, |row| Ok((AccountId(row.int(0)?), row.int(1)?))).await
    }

    /// Enrols a device with a code, which is used up by it: of two that come at once, one is enrolled. The
    /// caller verified that the device holds its key.
    ///
    /// # Errors
    /// `Gone` for a code that is over; `Taken` for a key that some device had already; `Refused` beyond 25.
    pub async fn enrol_device(
        &self,
        code: &str,
        new: NewDevice<'_>,
        origin: &str,
        now: Micros,
    ) -> Result<Device> {
        let mut tx = self.db().begin().await?;
        const TAKE: &str = "
            DELETE FROM device_code WHERE code = $1 AND expires_us > $2
             RETURNING account, (SELECT a.tenant FROM account a WHERE a.id = device_code.account)";
        let values = [Value::Bytes(&sha256(code.as_bytes())), Value::Int(now)];
        let read = |row: &Row| Ok((AccountId(row.int(0)?), TenantId(row.int(1)?)));
        let taken = tx.row(TAKE, &values, read).await?;
        let (account, tenant) = taken.ok_or(StoreError::Gone { what: "code for a device" })?;
        const COUNT: &str = "SELECT COUNT(*) FROM device WHERE account = $1";
        if tx.row(COUNT, &[Value::Int(account.0)], |row| row.int(0)).await?.unwrap_or(0) >= MOST {
            return Err(StoreError::Refused(
                "you have as many devices as one person may; remove one that you no longer use",
            ));
        }
        let device = Device {
            id: DeviceId::mint(now, entropy()),
            tenant,
            account,
            name: new.name,
            key: new.key.to_vec(),
            state: DeviceState::Waiting,
            agent: new.agent.to_owned(),
            version: new.version.to_owned(),
            reported: None,
            created: now,
            expires: now + DEVICE_LIFE_US,
            last_use: None,
        };
        const ADD: &str = "
            INSERT INTO device (id, tenant, account, name, public_key, state, agent, version, created_us, expires_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = [
            Value::Int(device.id.0),
            Value::Int(tenant.0),
            Value::Int(account.0),
            Value::Text(device.name.as_str()),
            Value::Bytes(&device.key),
            Value::Text(device.state.word()),
            Value::Text(&device.agent),
            Value::Text(&device.version),
            Value::Int(now),
            Value::Int(device.expires),
        ];
        tx.execute(ADD, &values).await.map_err(|error| error.or_taken("device with this key"))?;
        let entry =
            NewEntry { origin, ..NewEntry::done("device.enrol", Subject::Who(Who::Account(account))) };
        audit::append(&mut tx, self.keys(), tenant, entry.saying(device.name.as_str()), now).await?;
        tx.commit().await?;
        Ok(device)
    }

    /// One device.
    ///
    /// # Errors
    /// The database.
    pub async fn device(&self, id: DeviceId) -> Result<Option<Device>> {
        const SQL: &str = concat!("SELECT ", device_columns!(), " FROM device d WHERE d.id = $1");
        self.db().row(SQL, &[Value::Int(id.0)], read_device).await
    }

    /// The device that a session carries, and when it last proved its key to it.
    ///
    /// # Errors
    /// The database.
    pub async fn device_of(&self, session: SessionId) -> Result<Option<(Device, Micros)>> {
        const SQL: &str = concat!(
            "SELECT ",
            device_columns!(),
            ", s.device_proved_us FROM session s JOIN device d ON d.id = s.device WHERE s.id = $1"
        );
        let read = |row: &Row| Ok((read_device(row)?, row.opt_int(16)?.unwrap_or(0)));
        self.db().row(SQL, &[Value::Int(session.0)], read).await
    }

    /// Someone's devices, latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn devices_of(&self, account: AccountId) -> Result<Vec<Device>> {
        const SQL: &str =
            concat!("SELECT ", device_columns!(), " FROM device d WHERE d.account = $1 ORDER BY d.id DESC");
        self.db().rows(SQL, &[Value::Int(account.0)], read_device).await
    }

    /// Every device of a tenant, latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn devices(&self, permit: &TenantPermit<ReadRooms>) -> Result<Vec<DeviceRow>> {
        const SQL: &str = concat!(
            "SELECT ",
            device_columns!(),
            ", a.address, a.name FROM device d JOIN account a ON a.id = d.account
              WHERE d.tenant = $1 ORDER BY d.id DESC"
        );
        let read = |row: &Row| {
            let device = read_device(row)?;
            let broken = || damaged(format!("the account of device {}", device.id));
            let address = row.text(16)?.parse().map_err(|_| broken())?;
            let person = row.text(17)?.parse().map_err(|_| broken())?;
            Ok(DeviceRow { device, address, person })
        };
        self.db().rows(SQL, &[Value::Int(permit.tenant().0)], read).await
    }

    /// Gives one's own device another name; what the name is, is nobody else's business.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn rename_device(&self, account: AccountId, id: DeviceId, name: &DeviceName) -> Result<()> {
        const SET: &str = "UPDATE device SET name = $3 WHERE id = $1 AND account = $2";
        let values = [Value::Int(id.0), Value::Int(account.0), Value::Text(name.as_str())];
        match self.db().execute(SET, &values).await? {
            0 => Err(StoreError::Gone { what: "device" }),
            _ => Ok(()),
        }
    }

    /// Removes one's own device; gives the sessions that ended with it. The one that asks goes on without.
    ///
    /// # Errors
    /// `Gone` when it is not theirs.
    pub async fn remove_device(
        &self,
        account: AccountId,
        id: DeviceId,
        asking: SessionId,
        origin: &str,
        now: Micros,
    ) -> Result<Vec<SessionId>> {
        let gone = StoreError::Gone { what: "device" };
        let device = self.device(id).await?.filter(|device| device.account == account).ok_or(gone)?;
        let mut tx = self.db().begin().await?;
        touch(&mut tx, device.tenant).await?;
        let ended = end_at(&mut tx, id, Some(asking)).await?;
        if tx.execute("DELETE FROM device WHERE id = $1", &[Value::Int(id.0)]).await? == 0 {
            return Err(StoreError::Gone { what: "device" });
        }
        let entry =
            NewEntry { origin, ..NewEntry::done("device.remove", Subject::Who(Who::Account(account))) };
        audit::append(&mut tx, self.keys(), device.tenant, entry.saying(device.name.as_str()), now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// The body decides about a device. Lost, its sessions end and are given, and no other decision follows.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such device; `Refused` for one that was lost.
    pub async fn decide_device(
        &self,
        permit: &TenantPermit<ManageDevices>,
        id: DeviceId,
        state: DeviceState,
        origin: &str,
        now: Micros,
    ) -> Result<Vec<SessionId>> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        // Open pages and rooms are asked again; also holds the tenant's row, so that decisions come one by one.
        touch(&mut tx, tenant).await?;
        let device = held(&mut tx, tenant, id).await?;
        if device.state == DeviceState::Lost && state != DeviceState::Lost {
            return Err(StoreError::Refused(
                "this device was lost; whoever has it back removes it and enrols it again, with another key",
            ));
        }
        const SET: &str = "UPDATE device SET state = $2 WHERE id = $1";
        tx.execute(SET, &[Value::Int(id.0), Value::Text(state.word())]).await?;
        let ended = if state == DeviceState::Lost { end_at(&mut tx, id, None).await? } else { vec![] };
        let act = match state {
            DeviceState::Approved => "device.approve",
            DeviceState::Lost => "device.lost",
            DeviceState::Withdrawn | DeviceState::Waiting => "device.withdraw",
        };
        let told = format!("{}: {} → {}", device.name, device.state.word(), state.word());
        let entry = NewEntry { origin, ..NewEntry::done(act, Subject::by(permit.who())) };
        let entry = entry.on(Subject::Who(Who::Account(device.account))).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Keeps what the body reports of a device; gives whether a label of the body may answer otherwise for it.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such device.
    pub async fn report_device(
        &self,
        permit: &TenantPermit<ManageDevices>,
        id: DeviceId,
        reported: Reported,
        origin: &str,
        now: Micros,
    ) -> Result<bool> {
        let tenant = permit.tenant();
        let mut tx = self.db().begin().await?;
        hold(&mut tx, tenant).await?;
        let device = held(&mut tx, tenant, id).await?;
        // A label may ask for it: open streams look again. A body reports a thousand devices every night, and nobody
        // is asked again for what was known or what no label asks for.
        const ASKED: &str = "SELECT slug FROM label WHERE tenant = $1 AND posture <> '' LIMIT 1";
        let before = device.reported.map(|(reported, _)| reported).unwrap_or_default();
        let moved =
            before != reported && tx.row(ASKED, &[Value::Int(tenant.0)], |row| row.text(0)).await?.is_some();
        if moved {
            touch(&mut tx, tenant).await?;
        }
        const SET: &str = "
            UPDATE device SET disk_encrypted = $2, screen_lock = $3, managed_profile = $4, reported_us = $5
             WHERE id = $1";
        let known = |fact: Option<bool>| Value::OptInt(fact.map(i64::from));
        let values = [
            Value::Int(id.0),
            known(reported.disk_encrypted),
            known(reported.screen_lock),
            known(reported.managed_profile),
            Value::Int(now),
        ];
        tx.execute(SET, &values).await?;
        let word = |fact: Option<bool>| fact.map_or("unknown", |yes| if yes { "yes" } else { "no" });
        let told = format!(
            "{}: encrypted {}, locks {}, work apart {}",
            device.name,
            word(reported.disk_encrypted),
            word(reported.screen_lock),
            word(reported.managed_profile)
        );
        let entry = NewEntry { origin, ..NewEntry::done("device.report", Subject::by(permit.who())) };
        let entry = entry.on(Subject::Who(Who::Account(device.account))).saying(&told);
        audit::append(&mut tx, self.keys(), tenant, entry, now).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// A device proved its key to a session, which carries it from now on. When it is another device than
    /// before, the session is worth more: its token is another one, given here, and the log has an entry.
    ///
    /// # Errors
    /// `Gone` when the session is over.
    pub async fn prove_device(
        &self,
        permit: &DevicePermit,
        session: SessionId,
        entry: NewEntry<'_>,
        now: Micros,
    ) -> Result<Option<String>> {
        let (device, place) = (permit.device(), entry.origin);
        let mut tx = self.db().begin().await?;
        const FIND: &str = "SELECT device FROM session WHERE id = $1";
        let before = tx.row(tx.locking(FIND), &[Value::Int(session.0)], |row| row.opt_int(0)).await?;
        let before = before.ok_or(StoreError::Gone { what: "session" })?;
        const PROVED: &str = "UPDATE session SET device = $2, device_proved_us = $3 WHERE id = $1";
        tx.execute(PROVED, &[Value::Int(session.0), Value::Int(device.0), Value::Int(now)]).await?;
        let mut fresh = None;
        if before != Some(device.0) {
            let (token, kept) = new_token();
            const TOKEN: &str = "UPDATE session SET token = $2 WHERE id = $1";
            tx.execute(TOKEN, &[Value::Int(session.0), Value::Bytes(&kept)]).await?;
            audit::append(&mut tx, self.keys(), permit.tenant(), entry, now).await?;
            fresh = Some(token);
        }
        const USED: &str = "
            UPDATE device SET last_used_us = $2, last_place = $3
             WHERE id = $1 AND (last_used_us IS NULL OR last_used_us <= $4)";
        let values = [Value::Int(device.0), Value::Int(now), Value::Text(place), Value::Int(now - NOTED)];
        tx.execute(USED, &values).await?;
        tx.commit().await?;
        Ok(fresh)
    }

    /// Forgets codes that nobody used in time.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_old_device_codes(&self, now: Micros) -> Result<()> {
        self.db()
            .execute("DELETE FROM device_code WHERE expires_us <= $1", &[Value::Int(now)])
            .await
            .map(drop)
    }
}

async fn held(tx: &mut Tx, tenant: TenantId, id: DeviceId) -> Result<Device> {
    const FIND: &str =
        concat!("SELECT ", device_columns!(), " FROM device d WHERE d.id = $1 AND d.tenant = $2");
    let found = tx.row(FIND, &[Value::Int(id.0), Value::Int(tenant.0)], read_device).await?;
    found.ok_or(StoreError::Gone { what: "device" })
}
