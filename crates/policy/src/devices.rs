//! Devices: whose key still proves something.

use crate::{Actor, Denied, Who};
use beffroi_domain::{Device, DeviceId, DeviceState, TenantId};

/// Proof that a device may stand for its person, if it proves its key.
#[derive(Debug)]
pub struct DevicePermit {
    device: DeviceId,
    tenant: TenantId,
}

impl DevicePermit {
    /// The device.
    pub fn device(&self) -> DeviceId {
        self.device
    }
    /// Of which tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// May `actor`'s session carry `device`?
///
/// # Errors
/// `Tenant` for another person's, which is not there for anybody else; `DeviceLost`; `DeviceExpired`.
pub fn decide_device(actor: &Actor, device: &Device) -> Result<DevicePermit, Denied> {
    if actor.tenant != device.tenant || actor.who != Who::Account(device.account) {
        return Err(Denied::Tenant);
    }
    if device.state == DeviceState::Lost {
        return Err(Denied::DeviceLost);
    }
    if device.expired(actor.now) {
        return Err(Denied::DeviceExpired);
    }
    Ok(DevicePermit { device: device.id, tenant: device.tenant })
}
