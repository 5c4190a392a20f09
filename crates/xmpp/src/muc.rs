//! XEP-0045: Multi-User Chat, version 1.35.5. Rooms are made and governed over HTTP; here people come,
//! are seen, and go. Rooms are not anonymous: everyone inside sees everyone's address.

use crate::im::write_availability;
use crate::ns;
use crate::stanza::Availability;
use crate::xml::{Prepared, Xml};
use beffroi_domain::MemberRank;

/// Status codes, XEP-0045 §15.6.2.
pub mod status {
    /// Everyone sees your address.
    pub const NOT_ANONYMOUS: u16 = 100;
    /// This is about you.
    pub const SELF: u16 = 110;
    /// The nick is not the one you asked for.
    pub const NICK_GIVEN: u16 = 210;
    /// Taken out for now.
    pub const KICKED: u16 = 307;
    /// Belongs to the room no more.
    pub const REMOVED: u16 = 321;
    /// The server is going down.
    pub const SHUTDOWN: u16 = 332;
}

/// Someone in a room.
#[derive(Clone, Copy, Debug)]
pub struct Occupant<'a> {
    /// `SLUG@rooms.DOMAIN`.
    pub room: &'a str,
    /// Their nick.
    pub nick: &'a str,
    /// Their real address.
    pub address: &'a str,
    /// As what they are here; nothing once they belong no more.
    pub rank: Option<MemberRank>,
}

impl Occupant<'_> {
    /// `SLUG@rooms.DOMAIN/NICK`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.room, self.nick)
    }

    fn affiliation(&self) -> &'static str {
        match self.rank {
            Some(MemberRank::Owner) => "owner",
            Some(MemberRank::Moderator) => "admin",
            Some(MemberRank::Member) => "member",
            Some(MemberRank::Guest) | None => "none",
        }
    }

    fn role(&self) -> &'static str {
        match self.rank {
            Some(MemberRank::Owner | MemberRank::Moderator) => "moderator",
            Some(MemberRank::Member | MemberRank::Guest) => "participant",
            None => "none",
        }
    }
}

/// Someone is in the room (§7.2.2). To the newcomer about themselves, last, with
/// [`status::SELF`] and [`status::NOT_ANONYMOUS`] (§7.2.2, §7.2.3).
pub fn here(occupant: &Occupant<'_>, availability: &Availability, codes: &[u16]) -> Prepared {
    let mut x = Xml::new();
    x.open("presence", ns::CLIENT).attr("from", occupant.full()).hole("to");
    write_availability(&mut x, availability);
    extension(&mut x, occupant, occupant.role(), None, codes);
    x.prepared()
}

/// Someone left (§7.14), or was taken out (§8.2, §9.4) with the code that says how and a sentence that
/// says why.
pub fn gone(occupant: &Occupant<'_>, reason: Option<&str>, codes: &[u16]) -> Prepared {
    let mut x = Xml::new();
    x.open("presence", ns::CLIENT).attr("type", "unavailable").attr("from", occupant.full()).hole("to");
    extension(&mut x, occupant, "none", reason, codes);
    x.prepared()
}

fn extension(x: &mut Xml<'_>, occupant: &Occupant<'_>, role: &str, reason: Option<&str>, codes: &[u16]) {
    x.open("x", ns::MUC_USER).child("item").attr("affiliation", occupant.affiliation()).attr("role", role);
    x.attr("jid", occupant.address);
    if let Some(reason) = reason {
        x.leaf("reason", reason);
    }
    x.close();
    for code in codes {
        x.child("status").number("code", *code).close();
    }
    x.close();
}

/// The subject, which ends the sequence of joining even when it is empty (§7.2.15).
pub fn subject(room: &str, subject: &str) -> Prepared {
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", "groupchat").attr("from", room).hole("to");
    x.leaf("subject", subject);
    x.prepared()
}
