//! Links for guests, and who came by them.
use crate::{Result, Store, later};
use beffroi_domain::{AccountId, Guest, GuestId, LinkId, Micros, PersonName, Room};
use beffroi_policy::{InviteGuest, Permit};

/// An open link.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// Its id.
    pub id: LinkId,
    /// When it was made.
    pub created: Micros,
    /// Until when it opens.
    pub expires: Micros,
    /// Who made it.
    pub by: AccountId,
}

impl Store {
    /// Makes a link that opens for so many hours (1 to 168); gives its token, kept as SHA-256 only,
    /// and when it expires.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn open_link(
        &self,
        _permit: &Permit<InviteGuest>,
        _by: AccountId,
        _hours: u32,
        _now: Micros,
    ) -> Result<(LinkId, String, Micros)> {
        later()
    }
    /// The links of the room that open now.
    ///
    /// # Errors
    /// The database.
    pub async fn links(&self, _permit: &Permit<InviteGuest>, _now: Micros) -> Result<Vec<LinkRow>> {
        later()
    }
    /// Closes a link; `false` when it was closed already.
    ///
    /// # Errors
    /// `Gone` when the room has no such link.
    pub async fn close_link(
        &self,
        _permit: &Permit<InviteGuest>,
        _link: LinkId,
        _now: Micros,
    ) -> Result<bool> {
        later()
    }
    /// The link of a token and its room, while it opens.
    ///
    /// # Errors
    /// The database.
    pub async fn link_by_token(&self, _token: &str, _now: Micros) -> Result<Option<(LinkId, Room)>> {
        later()
    }
    /// Someone came by a link.
    ///
    /// # Errors
    /// `Gone` when it no longer opens.
    pub async fn add_guest(&self, _link: LinkId, _name: &PersonName, _now: Micros) -> Result<Guest> {
        later()
    }
    /// A guest by id.
    ///
    /// # Errors
    /// The database.
    pub async fn guest(&self, _id: GuestId) -> Result<Option<Guest>> {
        later()
    }
    /// Everyone who came by a link.
    ///
    /// # Errors
    /// The database.
    pub async fn guests_of_link(&self, _link: LinkId) -> Result<Vec<Guest>> {
        later()
    }
}
