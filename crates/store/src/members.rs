//! Who belongs to rooms.
use crate::{Result, Store, later};
use beffroi_domain::{Account, AccountId, Event, MemberRank, Micros, RoomId};
use beffroi_policy::{ManageMembers, Permit, ReadRoom};

impl Store {
    /// The rank of an account in a room, for the policy.
    ///
    /// # Errors
    /// The database.
    pub async fn membership(&self, _room: RoomId, _account: AccountId) -> Result<Option<MemberRank>> {
        later()
    }
    /// Everyone in the room, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn members(&self, _permit: &Permit<ReadRoom>) -> Result<Vec<(Account, MemberRank)>> {
        later()
    }
    /// Ids of everyone in the room, for telling them.
    ///
    /// # Errors
    /// The database.
    pub async fn member_ids(&self, _room: RoomId) -> Result<Vec<AccountId>> {
        later()
    }
    /// Adds someone, or changes their rank; `None` when nothing changed for the room to see.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such account, `Refused` in a room of two or for the last owner.
    pub async fn add_member(
        &self,
        _permit: &Permit<ManageMembers>,
        _account: AccountId,
        _rank: MemberRank,
        _by: AccountId,
        _now: Micros,
    ) -> Result<Option<Event>> {
        later()
    }
    /// Removes someone.
    ///
    /// # Errors
    /// `Gone` when they do not belong, `Refused` in a room of two or for the last owner.
    pub async fn remove_member(
        &self,
        _permit: &Permit<ManageMembers>,
        _account: AccountId,
        _by: AccountId,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
}
