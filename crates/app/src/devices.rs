//! Devices: enrolled by a code, proving their key to a session, approved and lost.

use crate::sign_in::shortened;
use crate::{App, Caller, Error, Origin, SignedIn, entry};
use beffroi_domain::{
    Account, Device, DeviceId, DeviceName, DeviceState, Label, MemberRank, Micros, Reported, SessionId,
    Tenant,
};
use beffroi_identity::device as keys;
use beffroi_policy::{Actor, ManageDevices, ReadRooms, Who, decide_device};
use beffroi_store::{CeremonyKind, DeviceRow, NewDevice, NewEntry, Notice, Outcome, StoreError};

/// The device that a session carries.
#[derive(Clone, Debug)]
pub struct AtDevice {
    /// It.
    pub device: Device,
    /// When it last proved its key to this session.
    pub proved: Micros,
}

impl AtDevice {
    /// Whether it is one that the body manages, now.
    pub fn managed(&self, now: Micros) -> bool {
        self.device.managed(self.proved, now)
    }

    /// What the body reports of it, when it is one that the body manages, now.
    pub fn reported(&self, now: Micros) -> Option<Reported> {
        self.managed(now).then(|| self.device.reported.map(|(told, _)| told).unwrap_or_default())
    }
}

/// What a device says to be enrolled.
#[derive(Debug)]
pub struct Enrolment<'a> {
    /// What its person calls it.
    pub name: DeviceName,
    /// The public half of its key.
    pub key: &'a [u8],
    /// Made over the code with the other half.
    pub signature: &'a [u8],
    /// What the browser calls itself.
    pub agent: &'a str,
    /// The version of its client.
    pub version: &'a str,
}

/// Characters kept of what a client says its version is.
pub const MOST_VERSION: usize = 40;

fn over() -> Error {
    Error::NotFound("code; it was used, or its ten minutes are over")
}

impl App {
    /// A code with which the caller enrols one device within ten minutes; the former one ends.
    ///
    /// # Errors
    /// `Denied` (`stale`) when they must prove once more who they are.
    pub async fn begin_device(&self, caller: &Caller, now: Micros) -> Result<(String, Micros), Error> {
        let permit = self.own(caller, now).await?;
        let code = keys::code(self.store.random());
        let expires = now + keys::CODE_LIFE_US;
        self.store.add_device_code(&permit, &code, expires).await?;
        Ok((code, expires))
    }

    /// Whose device a code enrols, and until when: shown to whoever holds it.
    ///
    /// # Errors
    /// `NotFound` for a code that is none, was used, or is over.
    pub async fn device_code(
        &self,
        typed: &str,
        origin: &Origin,
        now: Micros,
    ) -> Result<(String, Account, Tenant, Micros), Error> {
        let code = keys::read_code(typed).ok_or_else(over)?;
        let (account, expires) = self.store.device_code(&code, now).await?.ok_or_else(over)?;
        let account = self.store.account(account).await?.filter(|a| a.enabled).ok_or_else(over)?;
        let tried = entry("device.enrol", Outcome::Denied, Who::Account(account.id), origin);
        let tenant = self.come_to(account.tenant, tried, now).await?;
        Ok((code, account, tenant, expires))
    }

    /// Enrols the device that signed the code with its key. It opens nothing by that: its person signs in on
    /// it as everywhere, and the body approves it.
    ///
    /// # Errors
    /// `NotFound` for a code that is over; `Invalid` for a key or a signature that is none, and in the log;
    /// `Store` (taken, refused).
    pub async fn enrol_device(
        &self,
        typed: &str,
        new: Enrolment<'_>,
        origin: &Origin,
        now: Micros,
    ) -> Result<Device, Error> {
        let (code, account, tenant, _) = self.device_code(typed, origin, now).await?;
        if !keys::is_key(new.key) {
            return Err(Error::Invalid("`key` is not a point of P-256, uncompressed, in base64url".into()));
        }
        if !keys::verify(new.key, &keys::enrolment(tenant.domain.as_str(), &code), new.signature) {
            let failed = entry("device.enrol", Outcome::Denied, Who::Account(account.id), origin);
            self.store.note(tenant.id, NewEntry { rule: Some("signature"), ..failed }, now).await?;
            return Err(Error::Invalid("this key did not sign this code".into()));
        }
        let (agent, version) =
            (shortened(new.agent), new.version.chars().take(MOST_VERSION).collect::<String>());
        let new = NewDevice { name: new.name, key: new.key, agent: &agent, version: &version };
        match self.store.enrol_device(&code, new, origin.as_str(), now).await {
            Err(StoreError::Gone { .. }) => Err(over()),
            other => Ok(other?),
        }
    }

    /// The caller's devices, latest first.
    ///
    /// # Errors
    /// `NotFound` for guests.
    pub async fn own_devices(&self, caller: &Caller) -> Result<Vec<Device>, Error> {
        Ok(self.store.devices_of(caller.account()?.id).await?)
    }

    /// Gives one of them another name.
    ///
    /// # Errors
    /// `Denied` to who acts in somebody's name; `NotFound`, `Store` (gone) when it is not theirs.
    pub async fn rename_device(
        &self,
        caller: &Caller,
        id: DeviceId,
        name: &DeviceName,
        now: Micros,
    ) -> Result<(), Error> {
        self.oneself(caller, "device.manage", now).await?;
        Ok(self.store.rename_device(caller.account()?.id, id, name).await?)
    }

    /// Removes one of them; whoever was signed in on it is out, but for the session that asks.
    ///
    /// # Errors
    /// `Denied` to who acts in somebody's name; `NotFound`, `Store` (gone) when it is not theirs.
    pub async fn remove_device(&self, caller: &Caller, id: DeviceId, now: Micros) -> Result<(), Error> {
        let account = caller.account()?.id;
        self.oneself(caller, "device.manage", now).await?;
        let origin = caller.origin.as_str();
        let ended = self.store.remove_device(account, id, caller.session, origin, now).await?;
        self.device_changed(caller, ended).await
    }

    async fn device_changed(&self, caller: &Caller, ended: Vec<SessionId>) -> Result<(), Error> {
        self.store.forget_browsers_of(&ended).await?;
        for session in ended {
            self.announce(Notice::SessionEnded(session));
        }
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }

    /// A challenge for the device at which the caller's session is: good once, for this session, for five
    /// minutes.
    ///
    /// # Errors
    /// `Denied` to who acts in somebody's name; `NotFound` for guests.
    pub async fn ask_device(&self, caller: &Caller, now: Micros) -> Result<(String, Micros), Error> {
        let account = caller.account()?.id;
        self.oneself(caller, "device.use", now).await?;
        let session = caller.session.0.to_be_bytes();
        Ok(self.store.begin_ceremony(CeremonyKind::DeviceProof, Some(account), &session, now).await?)
    }

    /// The device signed the challenge: the session carries it. Gives the session's other token, unless it
    /// carried this device already.
    ///
    /// # Errors
    /// `NotFound` for a challenge that is over, was answered, or is another session's, and for a device that
    /// is not theirs; `Invalid` for a wrong signature; `Denied` for a device that is lost or too old.
    pub async fn prove_device(
        &self,
        caller: &Caller,
        id: DeviceId,
        (challenge, signature): (&str, &[u8]),
        now: Micros,
    ) -> Result<Option<SignedIn>, Error> {
        let account = caller.account()?.id;
        let late = || Error::NotFound("challenge; ask for another one");
        let begun = self.store.end_ceremony(CeremonyKind::DeviceProof, challenge, now).await?;
        let begun = begun.filter(|begun| begun.account == Some(account)).ok_or_else(late)?;
        if begun.state != caller.session.0.to_be_bytes() {
            return Err(late());
        }
        let device = self.store.device(id).await?.filter(|device| device.account == account);
        let device = device.ok_or(Error::NotFound("device"))?;
        let permit = match decide_device(&caller.actor(None, now), &device) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, "device.use", None, denied, now).await),
        };
        let message = keys::proof(caller.tenant.domain.as_str(), &id.to_string(), challenge);
        if !keys::verify(&device.key, &message, signature) {
            let failed = entry("device.use", Outcome::Denied, caller.who(), &caller.origin);
            self.store.note(caller.tenant.id, NewEntry { rule: Some("signature"), ..failed }, now).await?;
            return Err(Error::Invalid("this is not the signature of this device".into()));
        }
        let noted = entry("device.use", Outcome::Done, caller.who(), &caller.origin);
        let noted = NewEntry { detail: device.name.as_str(), ..noted };
        let token = self.store.prove_device(&permit, caller.session, noted, now).await?;
        Ok(token.map(|token| SignedIn { session: caller.session, token, browser: None }))
    }

    /// Every device of the caller's tenant, latest first.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn devices(&self, caller: &Caller, now: Micros) -> Result<Vec<DeviceRow>, Error> {
        let permit = self.authorise_in_tenant::<ReadRooms>(caller, now).await?;
        Ok(self.store.devices(&permit).await?)
    }

    /// The body decides about a device: what opens only on approved ones opens or closes at once, and who is
    /// signed in on a lost one is out.
    ///
    /// # Errors
    /// `Denied`; `Store` (gone, refused).
    pub async fn decide_device(
        &self,
        caller: &Caller,
        id: DeviceId,
        state: DeviceState,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<ManageDevices>(caller, now).await?;
        let ended = self.store.decide_device(&permit, id, state, caller.origin.as_str(), now).await?;
        self.device_changed(caller, ended).await
    }

    /// The body says what it knows of a device: what asks for that opens or closes at once.
    ///
    /// # Errors
    /// `Denied`; `Store` (gone).
    pub async fn report_device(
        &self,
        caller: &Caller,
        id: DeviceId,
        reported: Reported,
        now: Micros,
    ) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<ManageDevices>(caller, now).await?;
        // Labels may ask for what was reported, or is no more.
        if self.store.report_device(&permit, id, reported, caller.origin.as_str(), now).await? {
            self.announce(Notice::OrganisationChanged(caller.tenant.id));
        }
        Ok(())
    }

    /// The caller as the policy sees them where a label asks for more than a session carries for good. It is read
    /// now: a stream that has been open since this morning may be on a device that was withdrawn at noon, and its
    /// person may have proved who they are since.
    pub(crate) async fn actor_at(
        &self,
        caller: &Caller,
        membership: Option<MemberRank>,
        label: &Label,
        now: Micros,
    ) -> Result<Actor, Error> {
        let managed_device = self.at_managed_device(caller, label, now).await?;
        let identified = match label.proof_hours {
            Some(_) => self.store.identified(caller.session).await?,
            None => None,
        };
        Ok(Actor { managed_device, identified, ..caller.actor(membership, now) })
    }

    /// What is reported of the managed device at which the caller sits, where a label asks for one.
    async fn at_managed_device(
        &self,
        caller: &Caller,
        label: &Label,
        now: Micros,
    ) -> Result<Option<Reported>, Error> {
        if !label.managed_device {
            return Ok(None);
        }
        let at = self.store.device_of(caller.session).await?;
        Ok(at.and_then(|(device, proved)| AtDevice { device, proved }.reported(now)))
    }
}
