//! Whose rows are read and written: the second wall between tenants (ID10).
//!
//! The first is the policy and the tenant in every question. This one stands on PostgreSQL only: row-level
//! security shows a connection the rows of one tenant, whatever is asked. A connection that says nothing
//! sees nothing; the server's own work (the door, the writer, the clock) says `house` and sees all.

use beffroi_domain::TenantId;
use std::cell::Cell;

tokio::task_local! {
    static WHOSE: Cell<Option<TenantId>>;
}

/// Runs what one person asked for; as soon as it is known who they are, [`bind`] closes it in their tenant.
pub async fn asked<F: Future>(work: F) -> F::Output {
    WHOSE.scope(Cell::new(None), work).await
}

/// Runs `work` closed in `tenant`.
pub async fn within<F: Future>(tenant: TenantId, work: F) -> F::Output {
    WHOSE.scope(Cell::new(Some(tenant)), work).await
}

/// From here on, what runs in [`asked`] reads and writes rows of `tenant` only. Outside of it nothing is
/// closed: the server's own work belongs to nobody.
pub fn bind(tenant: TenantId) {
    let _ = WHOSE.try_with(|whose| whose.set(Some(tenant)));
}

/// Runs what somebody closed in their own tenant asks about all of them, with the policy's proof that they may:
/// for the bodies of an installation (`bodies.rs`, decision 0017), and nothing else.
pub(crate) async fn house<F: Future>(work: F) -> F::Output {
    WHOSE.scope(Cell::new(None), work).await
}

/// The tenant that the work at hand is closed in.
pub(crate) fn whose() -> Option<TenantId> {
    WHOSE.try_with(Cell::get).ok().flatten()
}
