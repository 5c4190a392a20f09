//! Rooms.
use crate::{Result, Store, later};
use beffroi_domain::{Account, AccountId, Event, MemberRank, Micros, Room, RoomId, RoomName, TenantId};
use beffroi_policy::{CreateRoom, Permit, ReadPeople, ReadRooms, Relabel, Rename, TenantPermit};

/// A room as its member's list shows it.
#[derive(Clone, Debug)]
pub struct RoomRow {
    /// The room.
    pub room: Room,
    /// The reader's rank.
    pub rank: MemberRank,
    /// Number of the last event, 0 in an empty room.
    pub last_seq: i64,
    /// Number up to which the reader read.
    pub read_seq: i64,
    /// What others said or shared after that.
    pub unread: i64,
    /// When the last event was written, or the room made.
    pub last_us: Micros,
    /// People in it.
    pub member_count: i64,
    /// In a room of two, the other.
    pub peer: Option<Account>,
}

impl Store {
    /// Makes a room with a slug of its own.
    ///
    /// # Errors
    /// `Gone` for a label or an account that the tenant does not have.
    pub async fn create_room(
        &self,
        _permit: &TenantPermit<CreateRoom>,
        _name: &RoomName,
        _topic: &str,
        _label: &str,
        _owner: AccountId,
        _members: &[AccountId],
        _now: Micros,
    ) -> Result<Room> {
        later()
    }
    /// The room of these two, made if it was not there; the flag says that it is new.
    ///
    /// # Errors
    /// `Gone` when one is not of the tenant, `Refused` when both are the same.
    pub async fn direct_room(
        &self,
        _permit: &TenantPermit<ReadPeople>,
        _a: AccountId,
        _b: AccountId,
        _now: Micros,
    ) -> Result<(Room, bool)> {
        later()
    }
    /// The room of these two, if there is one.
    ///
    /// # Errors
    /// The database.
    pub async fn direct_between(&self, _a: AccountId, _b: AccountId) -> Result<Option<Room>> {
        later()
    }
    /// A room by id: facts for the policy, no content.
    ///
    /// # Errors
    /// The database.
    pub async fn room(&self, _id: RoomId) -> Result<Option<Room>> {
        later()
    }
    /// A room by the name in its address.
    ///
    /// # Errors
    /// The database.
    pub async fn room_by_slug(&self, _tenant: TenantId, _slug: &str) -> Result<Option<Room>> {
        later()
    }
    /// Someone's rooms, last spoken first.
    ///
    /// # Errors
    /// The database.
    pub async fn rooms_of(&self, _account: AccountId) -> Result<Vec<RoomRow>> {
        later()
    }
    /// All group rooms of the tenant, by name, with their number of members.
    ///
    /// # Errors
    /// The database.
    pub async fn rooms(&self, _permit: &TenantPermit<ReadRooms>) -> Result<Vec<(Room, i64)>> {
        later()
    }
    /// Gives the room another label.
    ///
    /// # Errors
    /// `Gone` when the tenant has no such label.
    pub async fn relabel(
        &self,
        _permit: &Permit<Relabel>,
        _slug: &str,
        _by: AccountId,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
    /// Gives the room another name; its address stays.
    ///
    /// # Errors
    /// The database.
    pub async fn rename(
        &self,
        _permit: &Permit<Rename>,
        _name: &RoomName,
        _by: AccountId,
        _now: Micros,
    ) -> Result<Event> {
        later()
    }
    /// Gives the room another topic; no event.
    ///
    /// # Errors
    /// The database.
    pub async fn set_topic(&self, _permit: &Permit<Rename>, _topic: &str, _now: Micros) -> Result<()> {
        later()
    }
}
