//! Roles that a body makes for itself. They carry no right of the administration: they bring rooms.

use crate::{BusinessRoleId, RoleName, TenantId};

/// A role of the body's own: « Accueil », « Conseil communal ».
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessRole {
    /// Its id.
    pub id: BusinessRoleId,
    /// Whose.
    pub tenant: TenantId,
    /// What it is called on screen; no two of a body are called the same.
    pub name: RoleName,
    /// What it is for; may be empty.
    pub description: String,
}

impl BusinessRole {
    /// Roles of a body at most: a list that somebody can still read.
    pub const MOST: i64 = 200;
    /// Rooms that a role brings at most.
    pub const MOST_ROOMS: i64 = 50;
    /// Holders of a role at most: one rule for all of them is one transaction, during which nobody else writes.
    pub const MOST_HOLDERS: i64 = 2_000;
}
