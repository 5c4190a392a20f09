//! Public bodies and their labels.
use crate::{Result, Store, later};
use beffroi_domain::{Domain, Label, Micros, Tenant, TenantId};

impl Store {
    /// Adds a public body with its keys, its audit log and the labels shipped.
    ///
    /// # Errors
    /// `Taken` when the domain is hosted already.
    pub async fn add_tenant(&self, _domain: &Domain, _name: &str, _now: Micros) -> Result<Tenant> {
        later()
    }
    /// A tenant by id.
    ///
    /// # Errors
    /// The database.
    pub async fn tenant(&self, _id: TenantId) -> Result<Option<Tenant>> {
        later()
    }
    /// A tenant by the domain of its people's addresses.
    ///
    /// # Errors
    /// The database.
    pub async fn tenant_by_domain(&self, _domain: &str) -> Result<Option<Tenant>> {
        later()
    }
    /// All tenants, by domain.
    ///
    /// # Errors
    /// The database.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        later()
    }
    /// The labels of a tenant, least sensitive first.
    ///
    /// # Errors
    /// The database.
    pub async fn labels(&self, _tenant: TenantId) -> Result<Vec<Label>> {
        later()
    }
    /// Declares, or takes back, the accreditation that a protective mark asks for.
    ///
    /// # Errors
    /// `Gone` when there is no such label.
    pub async fn set_accreditation(
        &self,
        _tenant: TenantId,
        _slug: &str,
        _accredited: bool,
        _now: Micros,
    ) -> Result<()> {
        later()
    }
}
